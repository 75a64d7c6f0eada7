/* SPDX-License-Identifier: MIT */
/* skink ping: ipd sends an echo request whenever this command asks for one, and
 * shows in its view what became of it. The time is ipd's own, from the turn that
 * sent the request to the turn that took the answer. */
#define _GNU_SOURCE 1
#include "ctl/commands.h"

#include "base/os/clock.h"
#include "base/os/stop.h"
#include "ctl/call.h"
#include "ctl/json.h"
#include "ctl/look.h"
#include "proto/wire/icmp.h"

#include <errno.h>
#include <inttypes.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#define SIZE_MAX_ECHO  65507 /* bytes: IPv4's longest packet, two headers less */
#define HEADERS        28    /* bytes of IPv4 and ICMP */
#define INTERVAL_LEAST 0.002 /* seconds */
#define LOOK_EVERY_NS  200000

struct ping {
    const struct cli *cli;
    struct look look;
    struct addr dst;
    uint32_t size, id;
    uint64_t count; /* 0: until stopped */
    duration_t interval, patience;
    bool quiet;
    int stop;

    uint64_t sent, received, errors;
    double least, most, sum, squares; /* of round trips, ms */
    struct json json;
};

/* ---- one echo ---- */

static uint64_t
ask(struct ping *p, uint16_t seq)
{
    Skink__Control__Request request;
    Skink__Control__Ping ping;
    Skink__Control__Reply *reply;
    size_t no_fds = 0;
    uint64_t serial;

    skink__control__request__init(&request);
    skink__control__ping__init(&ping);
    request.command_case = SKINK__CONTROL__REQUEST__COMMAND_PING;
    request.ping = &ping;
    ping.dst = (ProtobufCBinaryData){.len = sizeof p->dst.b, .data = p->dst.b};
    ping.size = p->size;
    ping.id = p->id;
    ping.seq = seq;
    reply = call(p->cli, &request, NULL, &no_fds);
    if (reply == NULL)
        die(EXIT_FAILED, "the supervisor ended");
    serial = reply->serial;
    skink__control__reply__free_unpacked(reply, NULL);
    return serial;
}

/* True: the story of `serial` is complete, and *v is it. */
static bool
is_over(struct ping *p, uint64_t serial, struct view_ping *v)
{
    return view_read(&p->look.ipd.pings, (uint32_t)(serial % VIEW_PINGS), v) &&
           v->serial == serial && v->state != VIEW_PING_SENT &&
           v->state != VIEW_PING_NONE;
}

static bool
wait_for(struct ping *p, uint64_t serial, struct view_ping *v)
{
    const struct timespec pause = {.tv_nsec = LOOK_EVERY_NS};
    instant_t end = instant_add(clock_now(), p->patience);

    while (!is_over(p, serial, v)) {
        if (!instant_before(clock_now(), end) || stop_asked(p->stop))
            return false;
        nanosleep(&pause, NULL);
    }
    return true;
}

/* ---- what is said ---- */

static const char *
error_text(char out[64], const struct view_ping *v)
{
    static const char *const unreachable[] = {
        "Destination Net Unreachable", "Destination Host Unreachable",
        "Destination Protocol Unreachable", "Destination Port Unreachable"};

    if (v->state == VIEW_PING_FAILED && v->error == EHOSTUNREACH)
        snprintf(out, 64, "%s", unreachable[1]); /* nobody answered ARP */
    else if (v->state == VIEW_PING_FAILED)
        snprintf(out, 64, "%s", strerror((int)v->error));
    else if (v->type == ICMP_DEST_UNREACHABLE && v->code == ICMP_FRAG_NEEDED)
        snprintf(out, 64, "Frag needed (mtu = %u)", v->mtu);
    else if (v->type == ICMP_DEST_UNREACHABLE && v->code < 4)
        snprintf(out, 64, "%s", unreachable[v->code]);
    else if (v->type == ICMP_TIME_EXCEEDED)
        snprintf(out, 64, "Time to live exceeded");
    else
        snprintf(out, 64, "ICMP type %u code %u", v->type, v->code);
    return out;
}

static void
print_json(struct ping *p, uint16_t seq, const struct view_ping *v, double ms)
{
    char from[ADDR_TEXT], text[64];

    json_begin(&p->json, NULL, '{');
    json_number(&p->json, "seq", seq);
    if (v == NULL) {
        json_text(&p->json, "error", "timed out");
    } else if (v->state == VIEW_PING_REPLIED) {
        json_text(&p->json, "from", addr_format(from, v->from));
        json_number(&p->json, "bytes", v->len);
        json_number(&p->json, "ttl", v->ttl);
        json_decimal(&p->json, "time_ms", ms);
    } else {
        json_text(&p->json, "error", error_text(text, v));
    }
    json_end(&p->json, '}');
    putchar('\n');
    p->json.comma = false;
}

static void
print(struct ping *p, uint16_t seq, const struct view_ping *v, double ms)
{
    char from[ADDR_TEXT], text[64];

    if (p->cli->json) {
        print_json(p, seq, v, ms);
    } else if (p->quiet || v == NULL) {
        return; /* as ping(8): what is lost shows at the end */
    } else if (v->state == VIEW_PING_REPLIED) {
        printf("%u bytes from %s: icmp_seq=%u ttl=%u time=%.3f ms\n", v->len,
               addr_format(from, v->from), seq, v->ttl, ms);
    } else if (v->state == VIEW_PING_ERROR) {
        printf("From %s icmp_seq=%u %s\n", addr_format(from, v->from), seq,
               error_text(text, v));
    } else {
        printf("icmp_seq=%u %s\n", seq, error_text(text, v));
    }
    fflush(stdout);
}

static void
count_reply(struct ping *p, double ms)
{
    p->least = p->received == 0 || ms < p->least ? ms : p->least;
    p->most = ms > p->most ? ms : p->most;
    p->sum += ms;
    p->squares += ms * ms;
    p->received++;
}

static void
sum_up(const struct ping *p, instant_t start)
{
    char dst[ADDR_TEXT];
    double mean = p->received > 0 ? p->sum / (double)p->received : 0;
    double variance =
        p->received > 0 ? p->squares / (double)p->received - mean * mean : 0;

    if (p->cli->json)
        return;
    printf("\n--- %s ping statistics ---\n", addr_format(dst, p->dst));
    printf("%" PRIu64 " packets transmitted, %" PRIu64 " received, ", p->sent,
           p->received);
    if (p->errors > 0)
        printf("+%" PRIu64 " errors, ", p->errors);
    printf("%.4g%% packet loss, time %" PRId64 "ms\n",
           p->sent > 0
               ? 100.0 * (double)(p->sent - p->received) / (double)p->sent
               : 0,
           instant_sub(clock_now(), start).ns / 1000000);
    if (p->received > 0)
        printf("rtt min/avg/max/mdev = %.3f/%.3f/%.3f/%.3f ms\n", p->least,
               mean, p->most, variance > 0 ? sqrt(variance) : 0);
}

/* ---- the loop ---- */

static void
ping_once(struct ping *p, uint16_t seq)
{
    uint64_t serial = ask(p, seq);
    struct view_ping v;
    double ms = 0;

    p->sent++;
    if (!wait_for(p, serial, &v)) {
        if (!stop_asked(p->stop))
            print(p, seq, NULL, 0);
        return;
    }
    if (v.state == VIEW_PING_REPLIED) {
        ms = ((double)v.answered_ns - (double)v.sent_ns) / 1e6;
        count_reply(p, ms);
    } else {
        p->errors++;
    }
    print(p, seq, &v, ms);
}

static void
sleep_until(const struct ping *p, instant_t when)
{
    const struct timespec pause = {.tv_nsec = LOOK_EVERY_NS * 5};

    while (instant_before(clock_now(), when) && !stop_asked(p->stop))
        nanosleep(&pause, NULL);
}

static void
run(struct ping *p)
{
    instant_t next = clock_now();

    for (uint64_t i = 1; !stop_asked(p->stop); i++) {
        ping_once(p, (uint16_t)i);
        if (i == p->count)
            return;
        next = instant_add(next, p->interval);
        sleep_until(p, next);
    }
}

/* Seconds, also with a fraction. */
static duration_t
take_seconds(const char *what, const char *text, double least)
{
    char *end;
    double s = strtod(text, &end);

    if (end == text || *end != '\0' || !(s >= least) || s > 86400) {
        log_line("%s: '%s' is not a number of seconds from %g to 86400", what,
                 text, least);
        log_hint("write it like 1 or 0.2");
        exit(EXIT_USAGE);
    }
    return duration_us((int64_t)(s * 1e6));
}

static void
parse(struct ping *p, struct cli *cli, int argc, char **argv)
{
    const char *count = "0", *interval = "1", *size = "56", *wait = "1", *to;
    const struct arg args[] = {
        {.name = "count",
         .letter = 'c',
         .metavar = "N",
         .help = "stop after N (default: never)",
         .value = &count},
        {.name = "interval",
         .metavar = "SEC",
         .help = "from one to the next (default 1)",
         .value = &interval},
        {.name = "size",
         .letter = 's',
         .metavar = "BYTES",
         .help = "of payload, 0 to 65507 (default 56)",
         .value = &size},
        {.name = "wait",
         .letter = 'W',
         .metavar = "SEC",
         .help = "for each answer (default 1)",
         .value = &wait},
        {.name = "quiet",
         .letter = 'q',
         .help = "only the summary",
         .flag = &p->quiet},
        {.name = NULL},
    };

    if (cli_parse(cli, args, argc, argv, &to, 1) != 1) {
        log_line("ping needs an address");
        log_hint("skink ping 10.7.0.1");
        exit(EXIT_USAGE);
    }
    p->count = args_number("--count", count, 0, UINT64_MAX);
    p->size = (uint32_t)args_number("--size", size, 0, SIZE_MAX_ECHO);
    p->interval = take_seconds("--interval", interval, INTERVAL_LEAST);
    p->patience = take_seconds("--wait", wait, INTERVAL_LEAST);
    if (!addr_parse_v4(to, &p->dst)) {
        log_line("'%s' is not an address", to);
        log_hint("write it like 10.7.0.1; names are not looked up");
        exit(EXIT_USAGE);
    }
}

enum exit_status
cmd_ping(struct cli *cli, int argc, char **argv)
{
    static struct ping p;
    instant_t start;
    char dst[ADDR_TEXT];

    p.cli = cli;
    p.json.out = stdout;
    p.id = (uint32_t)getpid() & 0xffff;
    parse(&p, cli, argc, argv);
    look_open(&p.look, cli);
    p.stop = stop_open();
    start = clock_now();
    if (!cli->json)
        printf("PING %s %u(%u) bytes of data.\n", addr_format(dst, p.dst),
               p.size, p.size + HEADERS);
    fflush(stdout);
    run(&p);
    sum_up(&p, start);
    return p.received > 0 ? EXIT_OK : EXIT_FAILED;
}
