/* SPDX-License-Identifier: MIT */
/* skink top: what an instance is doing just now, once a second, until 'q'.
 *
 * All of it is differences between two looks at shared memory. Without a terminal
 * (or with -j) it prints one look after a second's worth of measuring and ends, so
 * that it can be used in pipes. */
#define _GNU_SOURCE 1
#include "ctl/commands.h"

#include "base/bits.h"
#include "base/os/clock.h"
#include "base/os/stop.h"
#include "ctl/conn_text.h"
#include "ctl/json.h"
#include "ctl/look.h"
#include "ctl/process.h"

#include <errno.h>
#include <inttypes.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <termios.h>
#include <unistd.h>

#define CONNS_SHOWN 200 /* busiest first; the screen shows fewer */
#define HISTORY     32  /* seconds in the bars of traffic */
#define BAR         16  /* columns */

struct conn_rate {
    uint32_t index;
    double rx, tx; /* bytes a second */
    struct view_conn v;
};

/* One look. */
struct sample {
    instant_t when;
    uint64_t rx_bytes, rx_frames, tx_bytes, tx_frames;
    uint64_t retrans, timeouts, drops;
    uint64_t turns[DAEMONS];
    double cpu_s[DAEMONS];
    uint64_t sent[VIEW_CONNS], received[VIEW_CONNS];
    uint16_t port[VIEW_CONNS]; /* to tell whether it is the same connection */
};

struct top {
    struct cli *cli;
    struct look look;
    struct sample samples[2];
    struct conn_rate conns[VIEW_CONNS];
    uint32_t conn_count, shown;
    double seconds;
    uint64_t rx_history[HISTORY], tx_history[HISTORY];
    uint32_t looks;
    duration_t period;
    int stop;
    bool screen;
    struct termios before;
};

/* ---- looking ---- */

static void
look_at_links(const struct look *l, struct sample *s)
{
    for (uint32_t i = 0; i < l->conf->links; i++) {
        const struct cnc_shm *linkd = l->cnc[DAEMON_LINKD + i];

        s->rx_bytes += cnc_counter(linkd, COUNTER_LINK_RX_BYTES);
        s->rx_frames += cnc_counter(linkd, COUNTER_LINK_RX_FRAMES);
        s->tx_bytes += cnc_counter(linkd, COUNTER_LINK_TX_BYTES);
        s->tx_frames += cnc_counter(linkd, COUNTER_LINK_TX_FRAMES);
    }
}

static void
look_at_daemons(const struct look *l, struct sample *s)
{
    for (uint32_t d = 0; d < l->daemons; d++) {
        struct process p;

        for (enum drop why = DROP_NONE + 1; why < DROPS; why++)
            s->drops += cnc_drops(l->cnc[d], why);
        s->turns[d] = cnc_look(l->cnc[d]).turns;
        process_look(&p, l->conf->daemons[d].pid);
        s->cpu_s[d] = p.known ? p.cpu_s : 0;
    }
    s->retrans = cnc_counter(l->cnc[DAEMON_TCPD], COUNTER_TCP_RETRANS_SEGS);
    s->timeouts = cnc_counter(l->cnc[DAEMON_TCPD], COUNTER_TCP_RETRANS_TIMEOUT);
}

static void
look_at_conns(struct top *t, const struct sample *old, struct sample *s)
{
    t->conn_count = 0;
    for (uint32_t i = 0; i < t->look.tcpd.conns.count; i++) {
        struct conn_rate *c = &t->conns[t->conn_count];

        s->port[i] = 0;
        if (!view_read(&t->look.tcpd.conns, i, &c->v) ||
            c->v.info.state == VIEW_CLOSED)
            continue;
        s->port[i] = c->v.remote_port;
        s->sent[i] = c->v.info.bytes_acked;
        s->received[i] = c->v.info.bytes_received;
        c->index = i;
        c->rx = c->tx = 0;
        if (old->port[i] == s->port[i] && s->sent[i] >= old->sent[i] &&
            s->received[i] >= old->received[i] && t->seconds > 0) {
            c->tx = (double)(s->sent[i] - old->sent[i]) / t->seconds;
            c->rx = (double)(s->received[i] - old->received[i]) / t->seconds;
        }
        t->conn_count++;
    }
}

static int
by_traffic(const void *a, const void *b)
{
    const struct conn_rate *x = a, *y = b;
    double dx = x->rx + x->tx, dy = y->rx + y->tx;

    if (dx != dy)
        return dx < dy ? 1 : -1;
    return (x->index > y->index) - (x->index < y->index);
}

static struct sample *
newest(struct top *t)
{
    return &t->samples[t->looks % 2];
}

static struct sample *
older(struct top *t)
{
    return &t->samples[(t->looks + 1) % 2];
}

static void
look_once(struct top *t)
{
    struct sample *s, *old = newest(t);

    t->looks++;
    s = newest(t);
    memset(s, 0, sizeof *s);
    s->when = clock_now();
    t->seconds = (double)instant_sub(s->when, old->when).ns / 1e9;
    look_again(&t->look);
    look_at_links(&t->look, s);
    look_at_daemons(&t->look, s);
    look_at_conns(t, old, s);
    qsort(t->conns, t->conn_count, sizeof t->conns[0], by_traffic);
    if (t->looks < 2)
        return; /* there is nothing to compare with */
    t->rx_history[t->looks % HISTORY] = s->rx_bytes - old->rx_bytes;
    t->tx_history[t->looks % HISTORY] = s->tx_bytes - old->tx_bytes;
}

static double
rate(const struct top *t, uint64_t now, uint64_t before)
{
    return t->seconds > 0 && now >= before ? (double)(now - before) / t->seconds
                                           : 0;
}

/* ---- text ---- */

/* "1.41 Gb/s" of bytes a second, as links are measured. */
static const char *
bits(char out[24], double bytes)
{
    static const char *const units[] = {"b", "Kb", "Mb", "Gb"};
    double v = bytes * 8;
    size_t unit = 0;

    for (; v >= 1000 && unit + 1 < ARRAY_LEN(units); unit++)
        v /= 1000;
    snprintf(out, 24, "%.3g %s/s", v, units[unit]);
    return out;
}

static void
print_history(const uint64_t history[HISTORY], uint32_t newest_at)
{
    static const char *const blocks[] = {"\u2581", "\u2582", "\u2583",
                                         "\u2584", "\u2585", "\u2586",
                                         "\u2587", "\u2588"};
    uint64_t most = 1;

    for (uint32_t i = 0; i < HISTORY; i++)
        most = max_u64(most, history[i]);
    for (uint32_t i = 1; i <= HISTORY; i++)
        fputs(blocks[history[(newest_at + i) % HISTORY] * 7 / most], stdout);
}

static void
print_traffic(struct top *t, const struct sample *s, const struct sample *old)
{
    char text[24];

    printf(" rx %10s %8.1f kframes/s  ",
           bits(text, rate(t, s->rx_bytes, old->rx_bytes)),
           rate(t, s->rx_frames, old->rx_frames) / 1e3);
    print_history(t->rx_history, t->looks);
    printf("\n tx %10s %8.1f kframes/s  ",
           bits(text, rate(t, s->tx_bytes, old->tx_bytes)),
           rate(t, s->tx_frames, old->tx_frames) / 1e3);
    print_history(t->tx_history, t->looks);
    printf("\n retrans %.1f/s   rto %.1f/s   drops %.1f/s\n",
           rate(t, s->retrans, old->retrans),
           rate(t, s->timeouts, old->timeouts), rate(t, s->drops, old->drops));
}

static void
print_daemons(struct top *t, const struct sample *s, const struct sample *old)
{
    printf(" %-8s %-*s %5s %10s %8s\n", "DAEMON", BAR, "CPU", "", "TURNS/S",
           "RESTARTS");
    for (size_t i = 0; i < DAEMONS; i++) {
        uint32_t d = daemon_order[i];
        double cpu;
        int filled;

        if (d >= t->look.daemons)
            continue;
        cpu = t->seconds > 0 && s->cpu_s[d] >= old->cpu_s[d]
                  ? (s->cpu_s[d] - old->cpu_s[d]) / t->seconds
                  : 0;
        filled = cpu >= 1 ? BAR : (int)(cpu * BAR + 0.5);
        printf(" %-8s ", daemon_name(d));
        for (int c = 0; c < BAR; c++)
            fputs(c < filled ? "\u2588" : "\u2591", stdout);
        printf(" %4.0f%% %10.0f %8u\n", cpu * 100,
               rate(t, s->turns[d], old->turns[d]),
               (unsigned)t->look.conf->daemons[d].restarts);
    }
}

static void
print_conns(const struct top *t)
{
    uint32_t n = min_u32(t->conn_count, t->shown);

    printf(" %-45s %-10s %12s %12s %8s %6s %s\n", "CONNECTION", "STATE", "RX",
           "TX", "RTT", "CWND", "PROGRAM");
    for (uint32_t i = 0; i < n; i++) {
        const struct conn_rate *c = &t->conns[i];
        const struct view_info *info = &c->v.info;
        char local[CONN_ENDPOINT], peer[CONN_ENDPOINT], rx[24], tx[24];
        char both[2 * CONN_ENDPOINT + 4];
        struct conn_owner owner;

        snprintf(both, sizeof both, "%s > %s",
                 conn_endpoint(local, c->v.local, c->v.local_port),
                 conn_endpoint(peer, c->v.remote, c->v.remote_port));
        conn_owner(&owner, t->look.conf, c->v.client, c->v.slot);
        printf(" %-45s %-10s %12s %12s %6.1fms %6u ", both,
               conn_state_name(info->state), bits(rx, c->rx), bits(tx, c->tx),
               info->rtt / 1e3,
               info->snd_mss != 0 ? info->cwnd / info->snd_mss : 0);
        if (owner.pid != 0)
            printf("%s(%u)\n", owner.comm, owner.pid);
        else
            printf("-\n");
    }
    if (t->conn_count > n)
        printf(" ... and %u more\n", t->conn_count - n);
}

static void
print_all(struct top *t)
{
    const struct sample *s = newest(t), *old = older(t);
    char addr[ADDR_TEXT] = "-";

    if (t->look.tables.net.addresses > 0)
        addr_format(addr, t->look.tables.net.address[0].addr);
    if (t->screen)
        fputs("\033[H\033[2J", stdout);
    printf(" skink %s   %s   %u connections%s\n", t->cli->instance, addr,
           t->conn_count, t->screen ? "   q quit" : "");
    print_traffic(t, s, old);
    print_daemons(t, s, old);
    print_conns(t);
    fflush(stdout);
}

static void
print_json(struct top *t)
{
    const struct sample *s = newest(t), *old = older(t);
    struct json j = {.out = stdout};

    json_begin(&j, NULL, '{');
    json_decimal(&j, "rx_bytes_per_s", rate(t, s->rx_bytes, old->rx_bytes));
    json_decimal(&j, "tx_bytes_per_s", rate(t, s->tx_bytes, old->tx_bytes));
    json_decimal(&j, "rx_frames_per_s", rate(t, s->rx_frames, old->rx_frames));
    json_decimal(&j, "tx_frames_per_s", rate(t, s->tx_frames, old->tx_frames));
    json_decimal(&j, "retrans_per_s", rate(t, s->retrans, old->retrans));
    json_decimal(&j, "drops_per_s", rate(t, s->drops, old->drops));
    json_begin(&j, "connections", '[');
    for (uint32_t i = 0; i < min_u32(t->conn_count, CONNS_SHOWN); i++) {
        const struct conn_rate *c = &t->conns[i];
        char end[CONN_ENDPOINT];

        json_begin(&j, NULL, '{');
        json_text(&j, "local", conn_endpoint(end, c->v.local, c->v.local_port));
        json_text(&j, "peer",
                  conn_endpoint(end, c->v.remote, c->v.remote_port));
        json_text(&j, "state", conn_state_name(c->v.info.state));
        json_decimal(&j, "rx_bytes_per_s", c->rx);
        json_decimal(&j, "tx_bytes_per_s", c->tx);
        json_end(&j, '}');
    }
    json_end(&j, ']');
    json_end(&j, '}');
    putchar('\n');
}

/* ---- the screen ---- */

static void
measure_screen(struct top *t)
{
    struct winsize w;
    uint32_t used = 8 + t->look.daemons;

    t->shown = 10;
    if (t->screen && ioctl(STDOUT_FILENO, TIOCGWINSZ, &w) == 0 && w.ws_row > 0)
        t->shown = w.ws_row > used ? w.ws_row - used : 0;
}

/* Keys come at once and unseen. */
static void
enter_screen(struct top *t)
{
    struct termios raw;

    if (!t->screen || tcgetattr(STDIN_FILENO, &t->before) < 0)
        return;
    raw = t->before;
    raw.c_lflag &= ~(tcflag_t)(ICANON | ECHO);
    tcsetattr(STDIN_FILENO, TCSANOW, &raw);
}

static void
leave_screen(struct top *t)
{
    if (t->screen)
        tcsetattr(STDIN_FILENO, TCSANOW, &t->before);
}

/* Waits for the next look; false: 'q', or told to stop. */
static bool
wait_for_next(struct top *t)
{
    struct pollfd fds[] = {
        {.fd = t->stop, .events = POLLIN},
        {.fd = t->screen ? STDIN_FILENO : -1, .events = POLLIN}};
    instant_t until = instant_add(newest(t)->when, t->period);
    char key;

    while (instant_before(clock_now(), until)) {
        int64_t left = instant_sub(until, clock_now()).ns / 1000000 + 1;

        if (poll(fds, 2, (int)left) < 0 && errno != EINTR)
            return false;
        if (stop_asked(t->stop))
            return false;
        if (fds[1].revents != 0 &&
            (read(STDIN_FILENO, &key, 1) != 1 || key == 'q'))
            return false;
    }
    return true;
}

enum exit_status
cmd_top(struct cli *cli, int argc, char **argv)
{
    static struct top t;
    const char *period = "1";
    const struct arg args[] = {
        {.name = "period",
         .metavar = "SEC",
         .help = "between two looks (default 1)",
         .value = &period},
        {.name = NULL},
    };

    cli_parse(cli, args, argc, argv, NULL, 0);
    t.cli = cli;
    t.period =
        duration_ms(1000 * (int64_t)args_number("--period", period, 1, 3600));
    look_open(&t.look, cli);
    t.screen = !cli->json && isatty(STDIN_FILENO) && isatty(STDOUT_FILENO);
    t.stop = stop_open();
    look_once(&t);
    enter_screen(&t);
    while (wait_for_next(&t)) {
        measure_screen(&t);
        look_once(&t);
        if (cli->json)
            print_json(&t);
        else
            print_all(&t);
        if (!t.screen)
            break;
    }
    leave_screen(&t);
    return EXIT_OK;
}
