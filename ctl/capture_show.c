/* SPDX-License-Identifier: MIT */
/* Between ipd and tcpd a packet has addresses and no IP header: it is given one.
 * A notice (notice.h) shows as the ICMP error that it stands for. */
#include "ctl/capture_show.h"

#include "base/bits.h"
#include "ctl/capture_filter.h"
#include "ctl/dissect.h"
#include "ctl/json.h"
#include "proto/wire/ipv4.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>
#include <time.h>

#define NS_PER_SECOND 1000000000

static uint8_t dressed[IPV4_HEADER_LEN + CAPTURE_MAX];

static void
dress(struct shown *s, const struct sniffed *f)
{
    const struct ipv4 ip = {
        .src = f->packet.src,
        .dst = f->packet.dst,
        .ttl = 64,
        .proto = f->packet.protocol,
        .dont_fragment = true,
        .total_len = (uint16_t)min_u32(IPV4_HEADER_LEN + f->len, UINT16_MAX),
    };

    ipv4_encode(dressed, &ip);
    memcpy(dressed + IPV4_HEADER_LEN, f->bytes, f->captured);
    s->bytes = dressed;
    s->captured += IPV4_HEADER_LEN;
    s->len += IPV4_HEADER_LEN;
}

static void
tell_story(struct shown *s, const struct sniffed *f)
{
    if (f->crashed)
        snprintf(s->story, sizeof s->story,
                 "%s died while it worked on this packet", daemon_name(f->by));
    else if (f->dropped != DROP_NONE)
        snprintf(s->story, sizeof s->story, "dropped by %s: %s",
                 daemon_name(f->by), drop_name(f->dropped));
}

void
capture_shown(struct shown *out, const struct origin *origin,
              const struct sniffed *f, int64_t to_unix)
{
    *out = (struct shown){
        .origin = origin,
        .bytes = f->bytes,
        .captured = f->captured,
        .len = f->len,
        .unix_ns = f->when.ns + to_unix,
    };
    if (!origin->ethernet)
        dress(out, f);
    tell_story(out, f);
}

void
capture_print(const struct shown *s)
{
    static const char *const ways[] = {[PCAPNG_UNKNOWN] = "",
                                       [PCAPNG_INBOUND] = " in",
                                       [PCAPNG_OUTBOUND] = " out"};
    char text[DISSECT_TEXT], clock[16];
    time_t second = (time_t)(s->unix_ns / NS_PER_SECOND);
    struct tm tm;

    localtime_r(&second, &tm);
    strftime(clock, sizeof clock, "%H:%M:%S", &tm);
    printf("%s.%06" PRId64 " %s%s %s%s%s\n", clock,
           s->unix_ns % NS_PER_SECOND / 1000, s->origin->name,
           ways[s->origin->way],
           dissect(text, s->bytes, s->captured, s->len, s->origin->ethernet),
           s->story[0] != '\0' ? "  -- " : "", s->story);
}

void
capture_print_json(const struct shown *s, const struct sniffed *f)
{
    char text[DISSECT_TEXT];
    struct json j = {.out = stdout};

    json_begin(&j, NULL, '{');
    json_decimal(&j, "time", (double)s->unix_ns / NS_PER_SECOND);
    json_text(&j, "on", s->origin->name);
    if (s->origin->way != PCAPNG_UNKNOWN)
        json_text(&j, "way", s->origin->way == PCAPNG_INBOUND ? "in" : "out");
    json_number(&j, "length", s->len);
    json_text(
        &j, "packet",
        dissect(text, s->bytes, s->captured, s->len, s->origin->ethernet));
    if (f->dropped != DROP_NONE) {
        json_text(&j, "drop", drop_name(f->dropped));
        json_text(&j, "by", daemon_name(f->by));
    }
    if (f->crashed)
        json_text(&j, "killed", daemon_name(f->by));
    json_end(&j, '}');
    putchar('\n');
}
