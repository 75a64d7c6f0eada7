/* SPDX-License-Identifier: MIT */
/* skink status: the instance, its daemons and their rings, each number measured. */
#define _GNU_SOURCE 1
#include "ctl/commands.h"

#include "base/os/clock.h"
#include "ctl/config_saved.h"
#include "ctl/judge.h"
#include "ctl/look.h"
#include "ctl/page.h"
#include "ctl/parse.h"
#include "ctl/process.h"

#include <inttypes.h>
#include <stdio.h>
#include <unistd.h>

#define LOG_PATH (RUNDIR_SIZE + 8)

/* One daemon, as the supervisor's book, its cnc and /proc have it. */
struct daemon_row {
    const char *name, *state;
    uint32_t pid, restarts;
    double up_s;
    struct process process;
    enum conf_exit_why last_why;
    char last_exit[48];
    double outage_ms;
};

struct conns {
    uint64_t established, opened, reset;
};

static const char *
state_text(uint32_t state)
{
    static const char *const texts[] = {
        [CONF_DAEMON_DOWN] = "down",     [CONF_DAEMON_STARTING] = "starting",
        [CONF_DAEMON_OK] = "ok",         [CONF_DAEMON_BACKOFF] = "backoff",
        [CONF_DAEMON_FAILED] = "failed",
    };

    return state <= CONF_DAEMON_FAILED ? texts[state] : "unknown";
}

static double
seconds_since(int64_t ns)
{
    return (double)(clock_now().ns - ns) / 1e9;
}

static struct daemon_row
row_of(const struct look *l, uint32_t id)
{
    const struct conf_daemon *book = &l->conf->daemons[id];
    struct daemon_row row = {
        .name = daemon_name(id),
        .state = state_text(book->state),
        .pid = book->pid,
        .restarts = book->restarts,
        .last_why = (enum conf_exit_why)book->last_why,
        .outage_ms = (double)book->last_outage_ns / 1e6,
    };

    if (row.pid != 0)
        row.up_s = seconds_since(book->started_ns);
    process_look(&row.process, row.pid);
    judge_text(row.last_exit, row.last_why, book->last_exit);
    return row;
}

static struct conns
conns_of(const struct look *l)
{
    const struct cnc_shm *tcpd = l->cnc[DAEMON_TCPD];

    return (struct conns){
        .established = cnc_counter(tcpd, COUNTER_TCP_CURR_ESTAB),
        .opened = cnc_counter(tcpd, COUNTER_TCP_ACTIVE_OPENS) +
                  cnc_counter(tcpd, COUNTER_TCP_PASSIVE_OPENS),
        .reset = cnc_counter(tcpd, COUNTER_TCP_ESTAB_RESETS),
    };
}

/* Of the route that packets to anywhere take; any: there is none. */
static struct addr
default_gateway(const struct net *net)
{
    for (uint32_t i = 0; i < net->routes; i++) {
        if (net->route[i].prefix_len == 0)
            return net->route[i].gateway;
    }
    return addr_any_v4();
}

/* False: it runs in the foreground and says everything there. */
static bool
log_path(char out[LOG_PATH], const struct cli *cli)
{
    snprintf(out, LOG_PATH, "%s/log", cli->rundir);
    return access(out, F_OK) == 0;
}

static const char *
saved_text(const struct look *l)
{
    static const char *const texts[] = {[CONFIG_SAVED] = "saved",
                                        [CONFIG_UNSAVED] = "not saved",
                                        [CONFIG_UNREADABLE] = "not readable"};

    return texts[config_saved(l)];
}

/* Whoever died by own fault, most often. NULL: nobody did. */
static const char *
worst_daemon(const struct look *l, uint32_t *deaths)
{
    const char *worst = NULL;

    *deaths = 0;
    for (uint32_t i = 0; i < l->daemons; i++) {
        const struct conf_daemon *d = &l->conf->daemons[i];
        uint32_t restarts = d->restarts;

        if (!judge_own_fault((enum conf_exit_why)d->last_why) ||
            restarts <= *deaths)
            continue;
        *deaths = restarts;
        worst = daemon_name(i);
    }
    return worst;
}

static void
hint_at_deaths(const struct cli *cli, const struct look *l)
{
    char log[LOG_PATH];
    uint32_t deaths;
    const char *worst = worst_daemon(l, &deaths);
    bool all_ok = true;

    for (uint32_t i = 0; i < l->daemons; i++)
        all_ok = all_ok && l->conf->daemons[i].state == CONF_DAEMON_OK;
    if (!log_path(log, cli) || (all_ok && worst == NULL))
        return;
    if (worst != NULL)
        log_hint("%s was restarted %u time%s, last after its own fault; what "
                 "the daemons said is in %s",
                 worst, deaths, deaths == 1 ? "" : "s", log);
    else
        log_hint("what the daemons said is in %s", log);
}

/* At most one about the daemons, and one about what is not shown. */
static void
give_hints(const struct cli *cli, const struct look *l)
{
    fflush(stdout); /* hints come last */
    if (!cli->json)
        hint_at_deaths(cli, l);
    if (l->rings[0] == NULL)
        log_hint(
            "the rings are shown to who started the instance, and to root");
}

/* ---- text ---- */

/* The two largest units: "2d04h", "3m12s", "45s". */
static const char *
age(char out[24], double seconds)
{
    uint64_t s = seconds < 0 ? 0 : (uint64_t)seconds;

    if (s >= 86400)
        snprintf(out, 24, "%" PRIu64 "d%02" PRIu64 "h", s / 86400,
                 s / 3600 % 24);
    else if (s >= 3600)
        snprintf(out, 24, "%" PRIu64 "h%02" PRIu64 "m", s / 3600, s / 60 % 60);
    else if (s >= 60)
        snprintf(out, 24, "%" PRIu64 "m%02" PRIu64 "s", s / 60, s % 60);
    else
        snprintf(out, 24, "%" PRIu64 "s", s);
    return out;
}

/* One line: "10.7.0.2/24 gw 10.7.0.1  tap tap0 1500", the gateway where there is
 * a default route. */
static void
print_link(const struct look *l, uint32_t link)
{
    const struct net *net = &l->tables.net;
    char text[ADDR_TEXT];

    for (uint32_t i = 0; i < net->addresses; i++) {
        if (net->address[i].link == link)
            printf("%s/%u ", addr_format(text, net->address[i].addr),
                   net->address[i].prefix_len);
    }
    if (link == 0)
        printf("gw %s", addr_is_any(default_gateway(net))
                            ? "none"
                            : addr_format(text, default_gateway(net)));
    printf("  %s %s %u", parse_kind_text(net->link[link].kind),
           net->link[link].name, net->link[link].mtu);
}

static void
print_settings(const struct look *l)
{
    if (l->tables.net.forwarding != 0)
        printf("  forwarding");
    if (l->config[0] != '\0')
        printf("  config %s (%s)", l->config, saved_text(l));
}

static void
print_header(const struct cli *cli, const struct look *l)
{
    const struct net *net = &l->tables.net;
    char up[24];
    int width = printf("%s  up %s  ", cli->instance,
                       age(up, seconds_since(l->conf->started_ns)));

    for (uint32_t i = 0; i < net->links; i++) {
        if (i > 0)
            printf("%*s", width, "");
        print_link(l, i);
        if (i == 0)
            print_settings(l);
        putchar('\n');
    }
}

static void
print_daemon(const struct daemon_row *r)
{
    char up[24] = "-", pid[16] = "-", cpu[16] = "-", rss[16] = "-";

    if (r->pid != 0) {
        age(up, r->up_s);
        snprintf(pid, sizeof pid, "%u", r->pid);
    }
    if (r->process.known) {
        snprintf(cpu, sizeof cpu, "%.1f%%",
                 r->up_s > 0 ? 100 * r->process.cpu_s / r->up_s : 0);
        snprintf(rss, sizeof rss, "%.1fM",
                 (double)r->process.rss_bytes / (1024 * 1024));
    }
    printf("%-7s %-8s %-7s %-7s %-9u %-6s %-7s %s", r->name, r->state, pid, up,
           r->restarts, cpu, rss, r->last_exit);
    if (r->last_why != CONF_EXIT_NONE)
        printf(", %.1f ms outage", r->outage_ms);
    putchar('\n');
}

static void
print_rings(const struct look *l)
{
    printf("%-12s %-14s %-12s %s\n", "RING", "TOTAL", "DEPTH", "HELD");
    for (size_t i = 0; i < RINGS; i++) {
        const struct ring_row *row = &ring_table[i];
        struct ring_depth d;
        char depth[40];

        if (l->rings[i] == NULL)
            continue;
        d = ring_observe(l->rings[i], &l->cnc[row->consumer]->cursors[i]);
        snprintf(depth, sizeof depth, "%" PRIu64 "/%u", d.tail - d.head,
                 row->slots);
        printf("%-12s %-14" PRIu64 " %-12s %" PRIu64 "\n", row->name, d.tail,
               depth, d.tail - d.released);
    }
}

static void
print_text(const struct cli *cli, const struct look *l)
{
    struct conns conns = conns_of(l);

    print_header(cli, l);
    printf("%-7s %-8s %-7s %-7s %-9s %-6s %-7s %s\n", "DAEMON", "STATE", "PID",
           "UP", "RESTARTS", "CPU", "RSS", "LAST EXIT");
    for (size_t i = 0; i < DAEMONS; i++) {
        struct daemon_row row;

        if (daemon_order[i] >= l->daemons)
            continue;
        row = row_of(l, daemon_order[i]);
        print_daemon(&row);
    }
    if (l->rings[0] != NULL)
        print_rings(l);
    printf("conns %" PRIu64 " established, %" PRIu64 " opened, %" PRIu64
           " reset; clients %u\n",
           conns.established, conns.opened, conns.reset, l->conf->clients);
}

/* ---- JSON ---- */

static void
json_daemon(struct json *j, const struct daemon_row *r)
{
    json_begin(j, NULL, '{');
    json_text(j, "name", r->name);
    json_text(j, "state", r->state);
    json_number(j, "pid", r->pid);
    json_decimal(j, "up_s", r->up_s);
    json_number(j, "restarts", r->restarts);
    if (r->process.known) {
        json_decimal(j, "cpu_s", r->process.cpu_s);
        json_number(j, "rss_bytes", r->process.rss_bytes);
    }
    if (r->last_why != CONF_EXIT_NONE) {
        json_text(j, "last_exit", r->last_exit);
        json_decimal(j, "last_outage_ms", r->outage_ms);
    }
    json_end(j, '}');
}

static void
json_ring(struct json *j, const struct look *l, size_t i)
{
    const struct ring_row *row = &ring_table[i];
    struct ring_depth d =
        ring_observe(l->rings[i], &l->cnc[row->consumer]->cursors[i]);

    json_begin(j, NULL, '{');
    json_text(j, "name", row->name);
    json_number(j, "total", d.tail);
    json_number(j, "depth", d.tail - d.head);
    json_number(j, "held", d.tail - d.released);
    json_number(j, "slots", row->slots);
    json_end(j, '}');
}

static void
json_link(struct json *j, const struct look *l, uint32_t link)
{
    const struct net *net = &l->tables.net;
    char address[ADDR_TEXT];

    json_begin(j, NULL, '{');
    json_text(j, "link", net->link[link].name);
    json_text(j, "link_kind", parse_kind_text(net->link[link].kind));
    json_text(j, "device", l->device[link]);
    json_number(j, "mtu", net->link[link].mtu);
    json_begin(j, "addresses", '[');
    for (uint32_t i = 0; i < net->addresses; i++) {
        if (net->address[i].link != link)
            continue;
        json_begin(j, NULL, '{');
        json_text(j, "address", addr_format(address, net->address[i].addr));
        json_number(j, "prefix_len", net->address[i].prefix_len);
        json_end(j, '}');
    }
    json_end(j, ']');
    json_end(j, '}');
}

static void
json_instance(struct json *j, const struct cli *cli, const struct look *l)
{
    const struct net *net = &l->tables.net;
    struct addr gateway = default_gateway(net);
    char text[ADDR_TEXT], log[LOG_PATH];
    struct conns conns = conns_of(l);

    json_text(j, "instance", cli->instance);
    json_text(j, "log", log_path(log, cli) ? log : NULL);
    json_text(j, "config", l->config[0] != '\0' ? l->config : NULL);
    json_text(j, "config_state", l->config[0] != '\0' ? saved_text(l) : NULL);
    json_number(j, "pid", l->conf->supervisor_pid);
    json_decimal(j, "up_s", seconds_since(l->conf->started_ns));
    json_text(j, "gateway",
              addr_is_any(gateway) ? NULL : addr_format(text, gateway));
    json_number(j, "forwarding", net->forwarding);
    json_begin(j, "links", '[');
    for (uint32_t i = 0; i < net->links; i++)
        json_link(j, l, i);
    json_end(j, ']');
    json_number(j, "clients", l->conf->clients);
    json_number(j, "established", conns.established);
    json_number(j, "opened", conns.opened);
    json_number(j, "reset", conns.reset);
}

static void
print_json(const struct cli *cli, const struct look *l)
{
    struct json j = page_begin(cli, '{');

    json_instance(&j, cli, l);
    json_begin(&j, "daemons", '[');
    for (size_t i = 0; i < DAEMONS; i++) {
        struct daemon_row row;

        if (daemon_order[i] >= l->daemons)
            continue;
        row = row_of(l, daemon_order[i]);
        json_daemon(&j, &row);
    }
    json_end(&j, ']');
    json_begin(&j, "rings", '[');
    for (size_t i = 0; i < RINGS; i++) {
        if (l->rings[i] != NULL)
            json_ring(&j, l, i);
    }
    json_end(&j, ']');
    page_end(cli, &j, '}');
}

enum exit_status
cmd_status(struct cli *cli, int argc, char **argv)
{
    const struct arg args[] = {{.name = NULL}};
    struct look look;

    cli_parse(cli, args, argc, argv, NULL, 0);
    look_open(&look, cli);
    if (cli->json)
        print_json(cli, &look);
    else
        print_text(cli, &look);
    give_hints(cli, &look);
    return EXIT_OK;
}
