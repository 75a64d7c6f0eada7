/* SPDX-License-Identifier: MIT */
/* probe: small exchanges, where each segment costs and bytes do not.
 *
 * `serve` echoes what comes, on any number of connections. `ask` sends one byte
 * and waits for it, again and again, and prints percentiles of the time that
 * took. `churn` opens connections, asks once on each and resets or closes it, so
 * many under way at a time, for a while or until so many are done. `hold` opens connections and keeps them until its input
 * ends. One thread and an event loop, the same for both stacks. */
#define _GNU_SOURCE 1
#include "base/bits.h"
#include "base/os/clock.h"
#include "base/os/log.h"
#include "bench/command.h"

#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#define BACKLOG       4096
#define BATCH         64 /* events a look */
#define LATENCIES     4000000
#define UNDER_WAY_MAX 4096
#define STALLED       5000 /* ms without any event: something is wrong */

struct options {
    bool json, fin;
    const char *seconds, *count, *total;
};

static const struct sockets *net;
static struct sockaddr_in endpoint;

static int
checked(int result, const char *what)
{
    if (result < 0)
        die(EXIT_FAILED, "%s: %s", what, strerror(-result));
    return result;
}

/* ---- serve ---- */

static void
greet(int listener)
{
    int s;

    while ((s = net->accept(listener)) >= 0) {
        checked(net->set_nonblocking(s), "nonblocking");
        checked(net->set_nodelay(s), "nodelay");
        checked(net->watch(s, SOCKET_IN, (uint64_t)s), "watch");
    }
    if (s != -EAGAIN && s != -ECONNABORTED)
        checked(s, "accept");
}

/* One byte is what is in flight, so there is always room for it. */
static void
echo(int s)
{
    char buf[4096];
    ssize_t n = net->recv(s, buf, sizeof buf);

    if (n > 0)
        n = net->send(s, buf, (size_t)n);
    if (n == -EAGAIN || n > 0)
        return;
    net->watch(s, 0, 0);
    net->close(s);
}

static _Noreturn void
serve(void)
{
    int listener = checked(net->socket(), "socket");
    struct socket_event events[BATCH];

    checked(net->bind(listener, &endpoint), "bind");
    checked(net->listen(listener, BACKLOG), "listen");
    checked(net->set_nonblocking(listener), "nonblocking");
    checked(net->watch(listener, SOCKET_IN, UINT64_MAX), "watch");
    puts("ready");
    fflush(stdout);
    for (;;) {
        int n = checked(net->wait(events, BATCH, -1), "wait");

        for (int i = 0; i < n; i++) {
            if (events[i].user == UINT64_MAX)
                greet(listener);
            else
                echo((int)events[i].user);
        }
    }
}

/* ---- ask ---- */

static int
by_size(const void *a, const void *b)
{
    uint32_t x, y;

    memcpy(&x, a, sizeof x);
    memcpy(&y, b, sizeof y);
    return (x > y) - (x < y);
}

static void
print_percentiles(uint32_t *ns, size_t n, bool json)
{
    uint32_t p50, p99;

    qsort(ns, n, sizeof *ns, by_size);
    p50 = ns[n / 2];
    p99 = ns[n - 1 - n / 100];
    printf(json ? "{\"p50_us\":%.2f,\"p99_us\":%.2f,\"count\":%zu}\n"
                : "%.2f %.2f %zu\n",
           p50 / 1e3, p99 / 1e3, n);
}

static enum exit_status
ask(const struct options *o)
{
    static uint32_t took[LATENCIES];
    instant_t end, now;
    size_t n = 0;
    int s = checked(net->socket(), "socket");
    char byte = 'x';

    checked(net->connect(s, &endpoint), "connect");
    checked(net->set_nodelay(s), "nodelay");
    now = clock_now();
    end = instant_add(
        now, duration_ms(1000 * (int64_t)args_number("--seconds", o->seconds, 1,
                                                     3600)));
    while (n < LATENCIES && instant_before(now, end)) {
        instant_t before = now;

        checked(send_all(net, s, &byte, 1), "send");
        checked(recv_all(net, s, &byte, 1), "receive");
        now = clock_now();
        took[n++] = (uint32_t)min_u64((uint64_t)instant_sub(now, before).ns,
                                      UINT32_MAX);
    }
    net->close(s);
    print_percentiles(took, n, o->json);
    return EXIT_OK;
}

/* ---- churn ---- */

static struct {
    int s;
    bool asked; /* else it connects */
} under_way[UNDER_WAY_MAX];

static void
set_out(uint64_t i, bool fin)
{
    int s = checked(net->socket(), "socket"), rc;

    checked(net->set_nonblocking(s), "nonblocking");
    if (!fin)
        checked(net->set_abort(s), "linger");
    rc = net->connect(s, &endpoint);
    if (rc < 0 && rc != -EINPROGRESS)
        checked(rc, "connect");
    under_way[i].s = s;
    under_way[i].asked = false;
    checked(net->watch(s, SOCKET_OUT, i), "watch");
}

/* True: this connection has had its answer and is gone. */
static bool
get_on(uint64_t i)
{
    int s = under_way[i].s;
    char byte = 'x';

    if (!under_way[i].asked) {
        checked(net->error(s), "connect");
        checked((int)net->send(s, &byte, 1), "send");
        under_way[i].asked = true;
        checked(net->watch(s, SOCKET_IN, i), "watch");
        return false;
    }
    if (net->recv(s, &byte, 1) != 1)
        die(EXIT_FAILED, "a connection ended without its answer");
    net->watch(s, 0, 0);
    net->close(s);
    return true;
}

/* Returns how many connections were finished; `more` is how many may begin. */
static uint64_t
turn(uint64_t more, bool fin)
{
    struct socket_event events[BATCH];
    int n = checked(net->wait(events, BATCH, STALLED), "wait");
    uint64_t done = 0;

    if (n == 0)
        die(EXIT_FAILED, "nothing happened for %d ms", STALLED);
    for (int i = 0; i < n; i++) {
        if (!get_on(events[i].user))
            continue;
        if (done++ < more)
            set_out(events[i].user, fin);
    }
    return done;
}

static enum exit_status
churn(const struct options *o)
{
    uint64_t count = args_number("--count", o->count, 1, UNDER_WAY_MAX);
    uint64_t total = args_number("--total", o->total, 0, UINT32_MAX);
    uint64_t begun = total > 0 ? min_u64(count, total) : count, done = 0;
    instant_t end, start = clock_now();
    double seconds;

    end = instant_add(
        start, duration_ms(1000 * (int64_t)args_number("--seconds", o->seconds,
                                                       1, 3600)));
    for (uint64_t i = 0; i < begun; i++)
        set_out(i, o->fin);
    while (total > 0 ? done < total : instant_before(clock_now(), end)) {
        uint64_t more = total > 0 ? total - begun : UINT64_MAX;
        uint64_t finished = turn(more, o->fin);

        begun += min_u64(finished, more);
        done += finished;
    }
    seconds = (double)instant_sub(clock_now(), start).ns / 1e9;
    printf(o->json ? "{\"connections\":%" PRIu64 ",\"seconds\":%.6f}\n"
                   : "%" PRIu64 " %.6f\n",
           done, seconds);
    return EXIT_OK;
}

/* ---- hold ---- */

static enum exit_status
hold(const struct options *o)
{
    uint64_t count = args_number("--count", o->count, 1, 65536);
    char byte = 'x';

    for (uint64_t i = 0; i < count; i++) {
        int s = checked(net->socket(), "socket");

        checked(net->connect(s, &endpoint), "connect");
        checked(send_all(net, s, &byte, 1), "send");
        checked(recv_all(net, s, &byte, 1), "receive");
    }
    puts("ready");
    fflush(stdout);
    while (read(STDIN_FILENO, &byte, 1) > 0)
        ;
    return EXIT_OK;
}

/* ---- command line ---- */

static const char usage[] =
    "usage: probe serve|ask|churn|hold [OPTIONS] ADDR PORT\n\n"
    "ask prints P50 P99 COUNT in us, churn CONNECTIONS SECONDS; serve and "
    "hold\nprint 'ready'.\n";

/* Returns the verb. Leaves net and endpoint set. */
static const char *
parse_options(struct options *o, int argc, char **argv)
{
    const struct arg args[] = {
        {.name = "seconds",
         .metavar = "S",
         .help = "how long (2)",
         .value = &o->seconds},
        {.name = "count",
         .metavar = "N",
         .help = "connections under way (64)",
         .value = &o->count},
        {.name = "total",
         .metavar = "N",
         .help = "churn: until so many are done, instead of --seconds",
         .value = &o->total},
        {.name = "fin",
         .help = "churn: close connections, do not reset them",
         .flag = &o->fin},
        {.name = "json", .letter = 'j', .help = "JSON", .flag = &o->json},
        {.name = NULL},
    };
    const struct command command =
        command_parse(argc, argv, usage, args, false);

    net = command.net;
    endpoint = command.endpoint;
    return command.verb;
}

int
main(int argc, char **argv)
{
    struct options o = {.seconds = "2", .count = "64", .total = "0"};
    const char *verb;

    log_name("probe");
    verb = parse_options(&o, argc, argv);
    if (strcmp(verb, "serve") == 0)
        serve();
    if (strcmp(verb, "ask") == 0)
        return (int)ask(&o);
    if (strcmp(verb, "churn") == 0)
        return (int)churn(&o);
    if (strcmp(verb, "hold") == 0)
        return (int)hold(&o);
    die(EXIT_USAGE, "'%s' is none of serve, ask, churn, hold", verb);
}
