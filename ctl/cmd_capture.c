/* SPDX-License-Identifier: MIT */
/* skink capture: packets at any ring, into a file for Wireshark or as lines. The
 * daemons do nothing for it: it reads their shared memory from the side. */
#define _GNU_SOURCE 1
#include "ctl/commands.h"

#include "base/os/clock.h"
#include "base/os/stop.h"
#include "ctl/capture_filter.h"
#include "ctl/capture_origin.h"
#include "ctl/capture_show.h"
#include "ctl/look.h"
#include "ctl/pcapng.h"
#include "ctl/sniff.h"

#include <errno.h>
#include <inttypes.h>
#include <sched.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <time.h>
#include <unistd.h>

#define SNAP_DEFAULT "262144" /* CAPTURE_MAX */
#define WORDS_MAX    64
#define PAUSE_NS     20000 /* between two looks at quiet rings */
#define BUSY_LOOKS   20000 /* looks that yield before the first pause */

struct capture {
    const struct cli *cli;
    struct look look;
    struct origins origins;
    FILE *file;       /* NULL: lines on stdout */
    const char *path; /* of the file, "-": stdout */
    uint32_t snap;
    int64_t to_unix; /* from our clock's ns */
    uint64_t packets, limit;
};

/* ---- the file ---- */

static void
cannot_write(const struct capture *c)
{
    if (errno == EPIPE) /* who reads has had enough */
        exit(EXIT_OK);
    die(EXIT_FAILED, "%s: %s", c->path != NULL ? c->path : "stdout",
        strerror(errno));
}

static FILE *
open_path(const char *path)
{
    FILE *f = stdout;

    if (strcmp(path, "-") != 0)
        f = fopen(path, "wbe");
    else if (isatty(STDOUT_FILENO)) {
        log_line("stdout is a terminal, and a capture file is not for reading");
        log_hint("skink capture -w - | wireshark -k -i -");
        exit(EXIT_USAGE);
    }
    if (f == NULL)
        die(errno == EACCES ? EXIT_NOT_PERMITTED : EXIT_FAILED,
            "cannot write %s: %s", path, strerror(errno));
    return f;
}

static void
open_file(struct capture *c)
{
    bool good;

    if (c->path == NULL)
        return;
    c->file = open_path(c->path);
    good = pcapng_begin(c->file);
    for (uint32_t i = 0; i < c->origins.interfaces && good; i++) {
        const struct origin *o = c->origins.interface[i];

        good = pcapng_interface(c->file, o->name,
                                o->ethernet ? PCAPNG_ETHERNET : PCAPNG_RAW,
                                c->snap);
    }
    if (!good || fflush(c->file) != 0)
        cannot_write(c);
}

static bool
write_packet(const struct capture *c, const struct shown *s)
{
    const struct pcapng_packet p = {
        .interface = s->origin->interface,
        .unix_ns = s->unix_ns,
        .bytes = s->bytes,
        .captured = s->captured,
        .len = s->len,
        .way = s->origin->way,
        .comment = s->story[0] != '\0' ? s->story : NULL,
    };

    return pcapng_packet(c->file, &p);
}

/* ---- packets ---- */

static void
give(struct capture *c, const struct sniffed *f)
{
    struct shown s;

    capture_shown(&s, &c->origins.ring[f->ring], f, c->to_unix);
    if (!capture_passes(s.origin->ethernet, s.bytes, s.captured, s.len))
        return;
    c->packets++;
    if (c->file == NULL && c->cli->json)
        capture_print_json(&s, f);
    else if (c->file == NULL)
        capture_print(&s);
    else if (!write_packet(c, &s))
        cannot_write(c);
}

static bool
is_full(const struct capture *c)
{
    return c->limit != 0 && c->packets >= c->limit;
}

static void
give_all(struct capture *c, struct sniffer *s, bool all)
{
    instant_t now = clock_now();
    const struct sniffed *f;
    uint64_t before = c->packets;

    while (!is_full(c) && (f = sniff_next(s, now, all)) != NULL)
        give(c, f);
    if (c->packets != before && fflush(c->file == NULL ? stdout : c->file) != 0)
        cannot_write(c);
}

/* ---- the loop ---- */

static void
pause_once(void)
{
    const struct timespec pause = {.tv_nsec = PAUSE_NS};

    nanosleep(&pause, NULL);
}

/* A quiet ring uses the same memory for every packet: what a pause misses of a
 * handshake is lost. So pauses are short, and there is none while packets come. */
static void
run(struct capture *c, struct sniffer *s, int stop)
{
    uint32_t quiet = BUSY_LOOKS;

    prctl(PR_SET_TIMERSLACK, 1); /* ns; else pauses are 50 us longer */
    while (!is_full(c) && !stop_asked(stop)) {
        bool any = sniff_poll(s, clock_now());

        give_all(c, s, false);
        quiet = any ? 0 : quiet + 1;
        if (quiet < BUSY_LOOKS)
            sched_yield();
        else
            pause_once();
    }
    while (!is_full(c) && sniff_waits(s)) {
        give_all(c, s, true);
        pause_once();
    }
}

/* ---- begin and end ---- */

static void
announce(const struct capture *c)
{
    fprintf(stderr, "capturing on ");
    for (uint32_t i = 0; i < c->origins.interfaces; i++)
        fprintf(stderr, "%s%s", i > 0 ? ", " : "",
                c->origins.interface[i]->name);
    fprintf(stderr, "   (Ctrl-C stops)\n");
}

static void
sum_up(struct capture *c, const struct sniffer *s)
{
    long bytes = c->file != NULL && c->file != stdout ? ftell(c->file) : -1;

    fprintf(stderr, "%" PRIu64 " packets, %" PRIu64 " lost", c->packets,
            sniff_lost(s));
    if (bytes >= 0)
        fprintf(stderr, ", %s %.1f KB    open with: wireshark %s", c->path,
                (double)bytes / 1e3, c->path);
    fprintf(stderr, "\n");
    if (c->file != NULL && c->file != stdout && fclose(c->file) != 0)
        cannot_write(c);
}

static int64_t
unix_offset(void)
{
    struct timespec now;

    clock_gettime(CLOCK_REALTIME, &now);
    return (int64_t)now.tv_sec * 1000000000 + now.tv_nsec - clock_now().ns;
}

static void
parse(struct capture *c, struct cli *cli, int argc, char **argv,
      const char **on)
{
    const char *snap = SNAP_DEFAULT, *count = "0", *words[WORDS_MAX];
    const struct arg args[] = {
        {.name = "write",
         .letter = 'w',
         .metavar = "FILE",
         .help = "a pcapng file; - is stdout",
         .value = &c->path},
        {.name = "on",
         .metavar = "NAME",
         .help = "a link, ipd>tcpd, tcpd>ipd, or all (default: all links); "
                 "files of "
                 "both kinds are for Wireshark, tcpdump reads one",
         .value = on},
        {.name = "count",
         .letter = 'c',
         .metavar = "N",
         .help = "stop after N packets",
         .value = &count},
        {.name = "snap",
         .letter = 's',
         .metavar = "BYTES",
         .help = "of each packet at most (default " SNAP_DEFAULT ")",
         .value = &snap},
        {.name = NULL},
    };
    int n = cli_parse(cli, args, argc, argv, words, WORDS_MAX);

    c->cli = cli;
    c->snap = (uint32_t)args_number("--snap", snap, 64, CAPTURE_MAX);
    c->limit = args_number("--count", count, 0, UINT64_MAX);
    capture_filter(words, n);
}

enum exit_status
cmd_capture(struct cli *cli, int argc, char **argv)
{
    static struct capture c;
    const char *on = NULL;
    struct sniffer *s;
    int stop;

    parse(&c, cli, argc, argv, &on);
    look_open(&c.look, cli);
    origins_choose(&c.origins, &c.look, on);
    s = sniff_open(&c.look, c.origins.wanted, c.snap);
    c.to_unix = unix_offset();
    stop = stop_open();
    open_file(&c);
    announce(&c);
    run(&c, s, stop);
    sum_up(&c, s);
    sniff_close(s);
    return EXIT_OK;
}
