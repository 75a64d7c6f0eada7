/* SPDX-License-Identifier: MIT */
/* A bad network between two hosts, in virtual time.
 *
 * Each direction is a line of a certain speed with a queue before it, and a delay
 * behind it. What is not reordered arrives in order: the line is never free at
 * the same nanosecond twice. */
#include "tests/sim/wire.h"

#include "base/bits.h"
#include "base/check.h"
#include "proto/wire/checksum.h"
#include "proto/wire/tcp.h"

#include <stdlib.h>
#include <string.h>

#define PACKET_MAX 65600

struct wire *
wire_create(struct rng *rng, const struct wire_weather *weather)
{
    struct wire *wire = calloc(1, sizeof *wire);
    void *heap = malloc(deadlines_footprint(WIRE_PACKETS));

    CHECK(wire != NULL && heap != NULL);
    wire->weather = *weather;
    wire->rng = rng;
    deadlines_init(&wire->arrivals, heap, WIRE_PACKETS);
    for (uint32_t i = 0; i < WIRE_PACKETS; i++)
        wire->free[wire->free_count++] = i;
    return wire;
}

void
wire_destroy(struct wire *wire)
{
    for (uint32_t i = 0; i < WIRE_PACKETS; i++)
        free(wire->packets[i].bytes);
    free(wire->arrivals.when);
    free(wire);
}

static bool
happens(struct wire *wire, uint32_t per_mille)
{
    return rng_below(wire->rng, 1000) < per_mille;
}

/* The line takes it when it is free; *at is when it arrives. */
static bool
transmit(struct wire *wire, uint32_t to, uint32_t len, instant_t now,
         instant_t *at)
{
    const struct wire_weather *w = &wire->weather;
    instant_t *line = &wire->line_free[to];
    duration_t takes = {(int64_t)len * w->ns_per_byte + 1};

    if (instant_before(*line, now))
        *line = now;
    if (instant_sub(*line, now).ns > w->queue.ns)
        return false;
    *line = instant_add(*line, takes);
    *at = instant_add(*line, w->delay);
    if (happens(wire, w->reorder)) {
        int64_t more =
            (int64_t)rng_below(wire->rng, (uint64_t)w->jitter.ns + 1);

        *at = instant_add(*at, (duration_t){more});
        wire->stats.reordered++;
    }
    return true;
}

static void
damage(struct wire *wire, struct wire_packet *p)
{
    uint64_t bit = rng_below(wire->rng, p->len * 8u);

    p->bytes[bit / 8] ^= (uint8_t)(1u << bit % 8);
    wire->stats.damaged++;
}

/* A copy of the packet sets out. */
static void
launch(struct wire *wire, const struct wire_packet *p, instant_t now)
{
    struct wire_packet *mine;
    uint32_t index;
    instant_t at;

    if (wire->free_count == 0 || !transmit(wire, p->to, p->len, now, &at)) {
        wire->stats.queue_full++;
        return;
    }
    index = wire->free[--wire->free_count];
    mine = &wire->packets[index];
    free(mine->bytes);
    *mine = *p;
    mine->bytes = malloc(p->len);
    CHECK(mine->bytes != NULL);
    memcpy(mine->bytes, p->bytes, p->len);
    if (p->gso_size == 0 && happens(wire, wire->weather.damage))
        damage(wire, mine);
    deadlines_set(&wire->arrivals, index, at);
}

static void
send_packet(struct wire *wire, const struct wire_packet *p, instant_t now)
{
    wire->stats.sent++;
    if (happens(wire, wire->weather.loss)) {
        wire->stats.lost++;
        return;
    }
    launch(wire, p, now);
    if (happens(wire, wire->weather.duplicate)) {
        launch(wire, p, now);
        wire->stats.duplicated++;
    }
}

/* The wire segment with `len` bytes of the text from `at` on. */
static void
cut(const struct tcp_slot *slot, const struct tcp_header *whole, uint32_t at,
    uint32_t len, struct wire_packet *p)
{
    struct tcp_header h = *whole;
    const uint8_t *text = slot->buf + whole->header_len + at;
    uint32_t header_len;

    h.seq += at;
    if (whole->header_len + at + len < slot->len)
        h.flags &= (uint8_t) ~(TCP_FIN | TCP_PSH);
    header_len = (uint32_t)tcp_encode(p->bytes, &h);
    memcpy(p->bytes + header_len, text, len);
    p->len = header_len + len;
    tcp_checksum_complete(p->bytes, header_len, p->src, p->dst,
                          checksum_add(0, text, len), len);
}

#define IP_HEADER 20

/* As one segment on the wire, whatever it is part of here. */
static bool
is_too_big(struct wire *wire, const struct wire_packet *p, uint32_t header_len,
           instant_t now)
{
    uint32_t text = p->gso_size != 0 ? p->gso_size : p->len - header_len;

    if (!instant_due(wire->weather.narrow_at, now) ||
        IP_HEADER + header_len + text <= wire->weather.path_mtu)
        return false;
    wire->stats.too_big++;
    return true;
}

bool
wire_send(struct wire *wire, uint32_t to, const struct tcp_slot *slot,
          instant_t now)
{
    static uint8_t room[PACKET_MAX];
    struct wire_packet p = {slot->src, slot->dst, to, 0, 0, room};
    struct tcp_header h;
    uint32_t text, step, at = 0;
    bool passed = true;

    CHECK(tcp_decode(slot->buf, slot->len, &h) == DROP_NONE);
    text = slot->len - h.header_len;
    step = slot->gso_size != 0 && !wire->weather.gro ? slot->gso_size : text;
    do {
        cut(slot, &h, at, min_u32(step, text - at), &p);
        p.gso_size = wire->weather.gro ? slot->gso_size : 0;
        if (is_too_big(wire, &p, h.header_len, now))
            passed = false;
        else
            send_packet(wire, &p, now);
        at += step;
    } while (at < text);
    return passed;
}

instant_t
wire_next(const struct wire *wire)
{
    return deadlines_next(&wire->arrivals);
}

bool
wire_take(struct wire *wire, instant_t now, struct wire_packet *packet)
{
    uint32_t index;

    if (!deadlines_take(&wire->arrivals, now, &index))
        return false;
    wire->free[wire->free_count++] = index;
    *packet = wire->packets[index];
    return true;
}
