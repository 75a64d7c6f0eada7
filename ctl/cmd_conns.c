/* SPDX-License-Identifier: MIT */
/* skink conns: connections and listeners, in the columns of ss(8). They are read
 * from what tcpd shows, at most a tenth of a second old, also while it is dead. */
#define _GNU_SOURCE 1
#include "ctl/commands.h"

#include "base/bits.h"
#include "base/os/clock.h"
#include "ctl/conn_filter.h"
#include "ctl/conn_text.h"
#include "ctl/look.h"
#include "ctl/page.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define WORDS_MAX 64

struct conns {
    const struct cli *cli;
    struct look look;
    const struct conn_filter *filter;
    bool info, memory, process, timers, listening, all;
    struct json json;
};

/* ---- which ---- */

/* As ss: without a word about states, what is neither listening nor over. */
static bool
is_wanted(const struct conns *c, const struct conn_ends *e)
{
    if (!conn_filter_passes(c->filter, e))
        return false;
    if (c->all || conn_filter_names_states(c->filter))
        return true;
    if (c->listening)
        return e->state == VIEW_LISTEN;
    return e->state != VIEW_CLOSED && e->state != VIEW_LISTEN &&
           e->state != VIEW_TIME_WAIT && e->state != VIEW_SYN_RECEIVED;
}

/* ---- text ---- */

static void
print_head(const struct conns *c)
{
    printf("%-10s %-8s %-8s %-21s  %-21s%s\n", "State", "Recv-Q", "Send-Q",
           "Local Address:Port", "Peer Address:Port",
           c->process ? "  Process" : "");
}

static void
print_row(const struct conns *c, const char *state, uint64_t recv_q,
          uint64_t send_q, const char *local, const char *peer,
          const struct conn_owner *owner)
{
    printf("%-10s %-8" PRIu64 " %-8" PRIu64 " %-21s  %-21s", state, recv_q,
           send_q, local, peer);
    if (c->process && owner->pid != 0)
        printf("  %s(%u) handle %u", owner->comm, owner->pid, owner->handle);
    else if (c->process)
        printf("  -");
}

static double
age_s(const struct view_conn *v)
{
    return ((double)clock_now().ns - (double)v->written_ns) / 1e9;
}

static void
print_conn(const struct conns *c, const struct view_conn *v,
           const struct conn_owner *owner)
{
    char local[CONN_ENDPOINT], peer[CONN_ENDPOINT], text[CONN_INFO];

    print_row(c, conn_state_name(v->info.state), v->info.recv_q, v->info.send_q,
              conn_endpoint(local, v->local, v->local_port),
              conn_endpoint(peer, v->remote, v->remote_port), owner);
    if (c->timers && conn_timer(text, &v->info, age_s(v))[0] != '\0')
        printf("  %s", text);
    putchar('\n');
    if (c->info)
        printf("   %s\n", conn_info(text, &v->info));
    if (c->memory)
        printf("   skmem:(r%u,rb%u,t%u,tb%u)\n", v->info.recv_q + v->info.ooo,
               v->info.receive_buffer, v->info.send_q, v->info.send_buffer);
}

/* What is bound and does not listen is in the table too. */
static const char *
listener_state(const struct view_listener *v)
{
    return v->backlog > 0 ? conn_state_name(VIEW_LISTEN) : "BOUND";
}

static void
print_listener(const struct conns *c, const struct view_listener *v,
               const struct conn_owner *owner)
{
    char local[CONN_ENDPOINT], peer[CONN_ENDPOINT];

    print_row(c, listener_state(v), v->queued, v->backlog,
              conn_endpoint(local, v->addr, v->port),
              conn_endpoint(peer, addr_any_v4(), 0), owner);
    putchar('\n');
    if (c->info)
        printf("   accepted:%" PRIu64 " overflow:%" PRIu64 "\n", v->accepted,
               v->overflows);
}

/* ---- JSON ---- */

static void
json_owner(struct json *j, const struct conn_owner *owner)
{
    if (owner->pid == 0)
        return;
    json_number(j, "pid", owner->pid);
    json_text(j, "comm", owner->comm);
    json_number(j, "handle", owner->handle);
}

static void
json_conn(struct conns *c, const struct view_conn *v,
          const struct conn_owner *owner)
{
    char local[CONN_ENDPOINT], peer[CONN_ENDPOINT];
    struct json *j = &c->json;

    json_begin(j, NULL, '{');
    json_text(j, "state", conn_state_name(v->info.state));
    json_text(j, "local", conn_endpoint(local, v->local, v->local_port));
    json_text(j, "peer", conn_endpoint(peer, v->remote, v->remote_port));
    json_number(j, "recv_q", v->info.recv_q);
    json_number(j, "send_q", v->info.send_q);
    json_owner(j, owner);
    conn_json(j, &v->info);
    json_end(j, '}');
}

static void
json_listener(struct conns *c, const struct view_listener *v,
              const struct conn_owner *owner)
{
    char local[CONN_ENDPOINT];
    struct json *j = &c->json;

    json_begin(j, NULL, '{');
    json_text(j, "state", listener_state(v));
    json_text(j, "local", conn_endpoint(local, v->addr, v->port));
    json_number(j, "queued", v->queued);
    json_number(j, "backlog", v->backlog);
    json_number(j, "accepted", v->accepted);
    json_number(j, "overflows", v->overflows);
    json_owner(j, owner);
    json_end(j, '}');
}

/* ---- the tables ---- */

static void
show_listeners(struct conns *c)
{
    for (uint32_t i = 0; i < c->look.tcpd.listeners.count; i++) {
        struct view_listener v;
        struct conn_owner owner;
        struct conn_ends ends = {.remote = addr_any_v4()};

        if (!view_read(&c->look.tcpd.listeners, i, &v) || v.used == 0)
            continue;
        ends.state = v.backlog > 0 ? VIEW_LISTEN : VIEW_CLOSED;
        ends.local = v.addr;
        ends.local_port = v.port;
        if (!is_wanted(c, &ends))
            continue;
        conn_owner(&owner, c->look.conf, v.client, v.slot);
        if (c->cli->json)
            json_listener(c, &v, &owner);
        else
            print_listener(c, &v, &owner);
    }
}

static void
show_conns(struct conns *c)
{
    for (uint32_t i = 0; i < c->look.tcpd.conns.count; i++) {
        struct view_conn v;
        struct conn_owner owner;
        struct conn_ends ends;

        if (!view_read(&c->look.tcpd.conns, i, &v) ||
            v.info.state == VIEW_CLOSED)
            continue;
        ends = (struct conn_ends){
            .state = v.info.state,
            .local = v.local,
            .remote = v.remote,
            .local_port = v.local_port,
            .remote_port = v.remote_port,
        };
        if (!is_wanted(c, &ends))
            continue;
        conn_owner(&owner, c->look.conf, v.client, v.slot);
        if (c->cli->json)
            json_conn(c, &v, &owner);
        else
            print_conn(c, &v, &owner);
    }
}

/* ---- words ---- */

/* ss's letters come in bundles, and here -i is its `info`: which instance is said
 * before the command, or by --instance. Returns how many words are left. */
static int
take_letters(struct conns *c, int argc, char **argv)
{
    int left = 1;

    for (int i = 1; i < argc; i++) {
        const char *w = argv[i];

        if (w[0] != '-' || w[1] == '\0' ||
            w[1 + strspn(w + 1, "tinmlpao")] != '\0') {
            argv[left++] = argv[i];
            continue;
        }
        c->info = c->info || strchr(w, 'i') != NULL;
        c->memory = c->memory || strchr(w, 'm') != NULL;
        c->process = c->process || strchr(w, 'p') != NULL;
        c->timers = c->timers || strchr(w, 'o') != NULL;
        c->listening = c->listening || strchr(w, 'l') != NULL;
        c->all = c->all || strchr(w, 'a') != NULL;
    }
    return left;
}

static void
parse(struct conns *c, struct cli *cli, int argc, char **argv)
{
    const struct arg args[] = {
        {.name = "info",
         .help = "-i: round trip, window, ...",
         .flag = &c->info},
        {.name = "memory", .help = "-m: buffers", .flag = &c->memory},
        {.name = "processes", .help = "-p: whose it is", .flag = &c->process},
        {.name = "options", .help = "-o: timers", .flag = &c->timers},
        {.name = "listening",
         .help = "-l: listeners instead of connections",
         .flag = &c->listening},
        {.name = "all", .help = "-a: all of them", .flag = &c->all},
        {.name = NULL},
    };
    const char *words[WORDS_MAX], *wrong;
    int n;

    argc = take_letters(c, argc, argv);
    n = cli_parse(cli, args, argc, argv, words, WORDS_MAX);
    c->filter = conn_filter_parse(words, (size_t)n, &wrong);
    if (c->filter != NULL)
        return;
    log_line("%s", wrong);
    log_hint("a filter is like: state established and dport = 80 or dst "
             "10.7.0.0/24");
    exit(EXIT_USAGE);
}

enum exit_status
cmd_conns(struct cli *cli, int argc, char **argv)
{
    static struct conns c;

    c.cli = cli;
    parse(&c, cli, argc, argv);
    look_open(&c.look, cli);
    c.json = page_begin(cli, '[');
    if (!cli->json)
        print_head(&c);
    show_listeners(&c);
    show_conns(&c);
    page_end(cli, &c.json, ']');
    return EXIT_OK;
}
