/* SPDX-License-Identifier: MIT */
/* skink capture: packets at any ring, into a file for Wireshark or as lines. The
 * daemons do nothing for it: it reads their shared memory from the side. */
#define _GNU_SOURCE 1
#include "ctl/commands.h"

#include "base/bits.h"
#include "base/os/clock.h"
#include "base/os/stop.h"
#include "ctl/dissect.h"
#include "ctl/json.h"
#include "ctl/look.h"
#include "ctl/pcapng.h"
#include "ctl/sniff.h"
#include "proto/shm/notice.h"
#include "proto/wire/ipv4.h"

#include <errno.h>
#include <inttypes.h>
#include <pcap/pcap.h>
#include <poll.h>
#include <sched.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#define SNAP_DEFAULT "262144"
#define SNAP_MAX     262144
#define PAUSE_NS     200000 /* between two looks at quiet rings */
#define BUSY_LOOKS   200    /* looks that yield before the first pause */

/* Where packets of a ring are shown to come from. */
struct origin {
    char name[24]; /* "tap0", "ipd>tcpd" */
    uint32_t interface;
    bool ethernet;
    enum pcapng_way way;
};

struct capture {
    const struct cli *cli;
    struct look look;
    struct origin origins[RINGS];
    bool wanted[RINGS];
    uint32_t interfaces;
    struct bpf_program filters[2]; /* for IP packets, for frames */
    bool filtered;
    FILE *file;       /* NULL: lines on stdout */
    const char *path; /* of the file, "-": stdout */
    int64_t to_unix;  /* from our clock's ns */
    uint64_t packets, limit;
    uint8_t buf[SNAP_MAX + IPV4_HEADER_LEN];
};

/* ---- what is captured ---- */

static bool
is_frame_ring(enum ring_id r)
{
    return r < RING_IP_RX;
}

static void
name_origins(struct capture *c)
{
    for (enum ring_id r = 0; r < RINGS; r++) {
        const struct ring_row *row = &ring_table[r];
        struct origin *o = &c->origins[r];
        uint32_t link = r < RING_IP_TX ? r - RING_LINK_RX : r - RING_IP_TX;

        c->wanted[r] =
            row->slot_size == sizeof(struct packet) && c->look.rings[r] != NULL;
        o->ethernet = is_frame_ring(r);
        if (o->ethernet) {
            o->way = r < RING_IP_TX ? PCAPNG_INBOUND : PCAPNG_OUTBOUND;
            snprintf(o->name, sizeof o->name, "%.15s",
                     c->look.tables.net.link[link].name);
        } else {
            snprintf(o->name, sizeof o->name, "%s", row->name);
        }
    }
}

/* "all", a link's name or a ring's. */
static void
choose(struct capture *c, const char *on)
{
    bool any = false;

    for (enum ring_id r = 0; r < RINGS; r++) {
        if (!c->wanted[r])
            continue;
        if (on == NULL
                ? !is_frame_ring(r)
                : strcmp(on, "all") != 0 && strcmp(on, c->origins[r].name) != 0)
            c->wanted[r] = false;
        any = any || c->wanted[r];
    }
    if (any)
        return;
    if (on == NULL)
        die(EXIT_NOT_PERMITTED, "packets are shown to who started the "
                                "instance, and to root");
    log_line("there is no link or ring '%s'", on);
    log_hint("--on takes all, ipd>tcpd, tcpd>ipd, or a link's name: see "
             "'skink links'");
    exit(EXIT_FAILED);
}

/* Both directions of a link are one interface. */
static void
number_interfaces(struct capture *c)
{
    for (enum ring_id r = 0; r < RINGS; r++) {
        enum ring_id same = RINGS;

        if (!c->wanted[r])
            continue;
        for (enum ring_id q = 0; q < r; q++) {
            if (c->wanted[q] &&
                strcmp(c->origins[q].name, c->origins[r].name) == 0)
                same = q;
        }
        c->origins[r].interface =
            same != RINGS ? c->origins[same].interface : c->interfaces++;
    }
}

/* ---- filter ---- */

static void
compile_one(struct capture *c, const char *filter, int link_type, size_t i)
{
    pcap_t *p = pcap_open_dead(link_type, SNAP_MAX);

    if (p == NULL)
        die(EXIT_FAILED, "no memory for a filter");
    if (pcap_compile(p, &c->filters[i], filter, 1, PCAP_NETMASK_UNKNOWN) < 0) {
        log_line("'%s' is no filter: %s", filter, pcap_geterr(p));
        log_hint("filters are those of tcpdump, see pcap-filter(7): 'tcp port "
                 "80', 'host 10.7.0.1 and icmp'");
        exit(EXIT_USAGE);
    }
    pcap_close(p);
}

/* A filter about Ethernet has no meaning for packets without it; what libpcap
 * then refuses matches none of those. */
static void
compile(struct capture *c, const char *filter)
{
    pcap_t *raw;

    if (filter == NULL || *filter == '\0')
        return;
    c->filtered = true;
    compile_one(c, filter, DLT_EN10MB, 1);
    raw = pcap_open_dead(DLT_RAW, SNAP_MAX);
    if (raw == NULL ||
        pcap_compile(raw, &c->filters[0], filter, 1, PCAP_NETMASK_UNKNOWN) < 0)
        c->filters[0].bf_insns = NULL;
    if (raw != NULL)
        pcap_close(raw);
}

static bool
passes(const struct capture *c, const struct origin *o, const uint8_t *bytes,
       uint32_t captured, uint32_t len)
{
    const struct bpf_program *f = &c->filters[o->ethernet];
    const struct pcap_pkthdr h = {.caplen = captured, .len = len};

    if (!c->filtered)
        return true;
    return f->bf_insns != NULL && pcap_offline_filter(f, &h, bytes) != 0;
}

/* ---- one packet ---- */

/* Between ipd and tcpd a packet has addresses and no IP header: it is given one.
 * A notice (notice.h) shows as the ICMP error that it stands for. */
static uint32_t
dress(struct capture *c, const struct sniffed *f)
{
    struct ipv4 ip = {
        .src = f->packet.src,
        .dst = f->packet.dst,
        .ttl = 64,
        .proto = f->packet.protocol,
        .dont_fragment = true,
        .total_len = (uint16_t)min_u32(IPV4_HEADER_LEN + f->len, UINT16_MAX),
    };

    ipv4_encode(c->buf, &ip);
    memcpy(c->buf + IPV4_HEADER_LEN, f->bytes, f->captured);
    return IPV4_HEADER_LEN;
}

static void
story_of(char out[96], const struct sniffed *f)
{
    out[0] = '\0';
    if (f->crashed)
        snprintf(out, 96, "%s died while it worked on this packet",
                 daemon_name(f->by));
    else if (f->dropped != DROP_NONE)
        snprintf(out, 96, "dropped by %s: %s", daemon_name(f->by),
                 drop_name(f->dropped));
}

static void
print_json(const struct capture *c, const struct origin *o,
           const struct sniffed *f, const char *text, uint32_t len)
{
    struct json j = {.out = stdout};

    json_begin(&j, NULL, '{');
    json_decimal(&j, "time", (double)(f->when.ns + c->to_unix) / 1e9);
    json_text(&j, "on", o->name);
    if (o->way != PCAPNG_UNKNOWN)
        json_text(&j, "way", o->way == PCAPNG_INBOUND ? "in" : "out");
    json_number(&j, "length", len);
    json_text(&j, "packet", text);
    if (f->dropped != DROP_NONE) {
        json_text(&j, "drop", drop_name(f->dropped));
        json_text(&j, "by", daemon_name(f->by));
    }
    if (f->crashed)
        json_text(&j, "killed", daemon_name(f->by));
    json_end(&j, '}');
    putchar('\n');
}

static void
print(const struct capture *c, const struct origin *o, const struct sniffed *f,
      const uint8_t *bytes, uint32_t captured, uint32_t len)
{
    static const char *const ways[] = {[PCAPNG_UNKNOWN] = "",
                                       [PCAPNG_INBOUND] = " in",
                                       [PCAPNG_OUTBOUND] = " out"};
    char text[DISSECT_TEXT], story[96], clock[16];
    int64_t ns = f->when.ns + c->to_unix;
    time_t second = (time_t)(ns / 1000000000);
    struct tm tm;

    dissect(text, bytes, captured, len, o->ethernet);
    if (c->cli->json) {
        print_json(c, o, f, text, len);
        return;
    }
    localtime_r(&second, &tm);
    strftime(clock, sizeof clock, "%H:%M:%S", &tm);
    story_of(story, f);
    printf("%s.%06" PRId64 " %s%s %s%s%s\n", clock, ns / 1000 % 1000000,
           o->name, ways[o->way], text, story[0] != '\0' ? "  -- " : "", story);
}

static void
cannot_write(const struct capture *c)
{
    if (errno == EPIPE) /* who reads has had enough */
        exit(EXIT_OK);
    die(EXIT_FAILED, "%s: %s", c->path, strerror(errno));
}

static void
give(struct capture *c, const struct sniffed *f)
{
    const struct origin *o = &c->origins[f->ring];
    uint32_t extra = o->ethernet ? 0 : dress(c, f);
    const uint8_t *bytes = o->ethernet ? f->bytes : c->buf;
    char story[96];

    if (!passes(c, o, bytes, f->captured + extra, f->len + extra))
        return;
    c->packets++;
    if (c->file == NULL) {
        print(c, o, f, bytes, f->captured + extra, f->len + extra);
        return;
    }
    story_of(story, f);
    const struct pcapng_packet p = {
        .interface = o->interface,
        .unix_ns = f->when.ns + c->to_unix,
        .bytes = bytes,
        .captured = f->captured + extra,
        .len = f->len + extra,
        .way = o->way,
        .comment = story[0] != '\0' ? story : NULL,
    };
    if (!pcapng_packet(c->file, &p))
        cannot_write(c);
}

/* ---- the loop ---- */

static bool
is_full(const struct capture *c)
{
    return c->limit != 0 && c->packets >= c->limit;
}

static void
give_all(struct capture *c, struct sniffer *s, instant_t now, bool all)
{
    const struct sniffed *f;
    uint64_t before = c->packets;

    while (!is_full(c) && (f = sniff_next(s, now, all)) != NULL)
        give(c, f);
    if (c->packets != before && fflush(c->file == NULL ? stdout : c->file) != 0)
        cannot_write(c);
}

/* Rings turn over in less than a millisecond under load, and a sleep of a
 * millisecond is nothing to who waits for the first packet. */
static void
pause_after(bool any, uint32_t *quiet)
{
    const struct timespec pause = {.tv_nsec = PAUSE_NS};

    *quiet = any ? 0 : *quiet + 1;
    if (*quiet < BUSY_LOOKS)
        sched_yield();
    else
        nanosleep(&pause, NULL);
}

static void
run(struct capture *c, struct sniffer *s, int stop)
{
    uint32_t quiet = BUSY_LOOKS;

    while (!is_full(c) && !stop_asked(stop)) {
        instant_t now = clock_now();
        bool any = sniff_poll(s, now);

        give_all(c, s, now, false);
        pause_after(any, &quiet);
    }
    give_all(c, s, clock_now(), true);
}

/* ---- begin and end ---- */

static void
open_file(struct capture *c, uint32_t snap)
{
    bool good;

    c->file = strcmp(c->path, "-") == 0 ? stdout : fopen(c->path, "wbe");
    if (c->file == NULL)
        die(errno == EACCES ? EXIT_NOT_PERMITTED : EXIT_FAILED,
            "cannot write %s: %s", c->path, strerror(errno));
    good = pcapng_begin(c->file);
    for (uint32_t i = 0; i < c->interfaces && good; i++) {
        const struct origin *o = NULL;

        for (enum ring_id r = 0; r < RINGS && o == NULL; r++) {
            if (c->wanted[r] && c->origins[r].interface == i)
                o = &c->origins[r];
        }
        if (o != NULL)
            good = pcapng_interface(c->file, o->name,
                                    o->ethernet ? PCAPNG_ETHERNET : PCAPNG_RAW,
                                    snap);
    }
    if (!good || fflush(c->file) != 0)
        cannot_write(c);
}

static void
announce(const struct capture *c)
{
    char names[256] = "";
    size_t used = 0;

    for (uint32_t i = 0; i < c->interfaces; i++) {
        for (enum ring_id r = 0; r < RINGS; r++) {
            if (!c->wanted[r] || c->origins[r].interface != i)
                continue;
            used += (size_t)snprintf(names + used, sizeof names - used, "%s%s",
                                     used > 0 ? ", " : "", c->origins[r].name);
            break;
        }
    }
    fprintf(stderr, "capturing on %s   (Ctrl-C stops)\n", names);
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

/* The words of a filter may stand unquoted, as tcpdump takes them. */
static const char *
join_words(const char **words, int n)
{
    static char text[1024];
    size_t used = 0;

    for (int i = 0; i < n && words[i] != NULL; i++) {
        int wrote = snprintf(text + used, sizeof text - used, "%s%s",
                             i > 0 ? " " : "", words[i]);

        used += (size_t)wrote;
        if (used >= sizeof text)
            die(EXIT_USAGE, "the filter is longer than %zu characters",
                sizeof text - 1);
    }
    return text;
}

static int64_t
unix_offset(void)
{
    struct timespec now;

    clock_gettime(CLOCK_REALTIME, &now);
    return (int64_t)now.tv_sec * 1000000000 + now.tv_nsec - clock_now().ns;
}

enum exit_status
cmd_capture(struct cli *cli, int argc, char **argv)
{
    static struct capture c;
    const char *on = NULL, *snap = SNAP_DEFAULT, *count = "0", *words[64];
    const struct arg args[] = {
        {.name = "write",
         .letter = 'w',
         .metavar = "FILE",
         .help = "a pcapng file; - is stdout",
         .value = &c.path},
        {.name = "on",
         .metavar = "NAME",
         .help = "a link, ipd>tcpd, tcpd>ipd, or all (default: all links)",
         .value = &on},
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
    struct sniffer *s;
    int n = cli_parse(cli, args, argc, argv, words, 64), stop;
    uint32_t most = (uint32_t)args_number("--snap", snap, 64, SNAP_MAX);

    c.cli = cli;
    c.limit = args_number("--count", count, 0, UINT64_MAX);
    compile(&c, join_words(words, n));
    look_open(&c.look, cli);
    name_origins(&c);
    choose(&c, on);
    number_interfaces(&c);
    s = sniff_open(&c.look, c.wanted, most);
    c.to_unix = unix_offset();
    stop = stop_open();
    if (c.path != NULL)
        open_file(&c, most);
    announce(&c);
    run(&c, s, stop);
    sum_up(&c, s);
    return EXIT_OK;
}
