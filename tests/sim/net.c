/* SPDX-License-Identifier: MIT */
/* A bad network between two hosts, in virtual time.
 *
 * Each direction is a line of a certain speed with a queue before it, and a delay
 * behind it. What is not reordered arrives in order: the line is never free at
 * the same nanosecond twice. */
#include "tests/sim/net.h"

#include "base/bits.h"
#include "base/check.h"
#include "proto/wire/checksum.h"
#include "proto/wire/tcp.h"

#include <stdlib.h>
#include <string.h>

#define PACKET_MAX 65600

struct net *
net_create(struct rng *rng, const struct net_weather *weather)
{
    struct net *net = calloc(1, sizeof *net);
    void *heap = malloc(deadlines_footprint(NET_PACKETS));

    CHECK(net != NULL && heap != NULL);
    net->weather = *weather;
    net->rng = rng;
    deadlines_init(&net->arrivals, heap, NET_PACKETS);
    for (uint32_t i = 0; i < NET_PACKETS; i++)
        net->free[net->free_count++] = i;
    return net;
}

void
net_destroy(struct net *net)
{
    for (uint32_t i = 0; i < NET_PACKETS; i++)
        free(net->packets[i].bytes);
    free(net->arrivals.when);
    free(net);
}

static bool
happens(struct net *net, uint32_t per_mille)
{
    return rng_below(net->rng, 1000) < per_mille;
}

/* The line takes it when it is free; *at is when it arrives. */
static bool
transmit(struct net *net, uint32_t to, uint32_t len, instant_t now,
         instant_t *at)
{
    const struct net_weather *w = &net->weather;
    instant_t *line = &net->line_free[to];
    duration_t takes = {(int64_t)len * w->ns_per_byte + 1};

    if (instant_before(*line, now))
        *line = now;
    if (instant_sub(*line, now).ns > w->queue.ns)
        return false;
    *line = instant_add(*line, takes);
    *at = instant_add(*line, w->delay);
    if (happens(net, w->reorder)) {
        int64_t more = (int64_t)rng_below(net->rng, (uint64_t)w->jitter.ns + 1);

        *at = instant_add(*at, (duration_t){more});
        net->stats.reordered++;
    }
    return true;
}

static void
damage(struct net *net, struct net_packet *p)
{
    uint64_t bit = rng_below(net->rng, p->len * 8u);

    p->bytes[bit / 8] ^= (uint8_t)(1u << bit % 8);
    net->stats.damaged++;
}

/* A copy of the packet sets out. */
static void
launch(struct net *net, const struct net_packet *p, instant_t now)
{
    struct net_packet *mine;
    uint32_t index;
    instant_t at;

    if (net->free_count == 0 || !transmit(net, p->to, p->len, now, &at)) {
        net->stats.queue_full++;
        return;
    }
    index = net->free[--net->free_count];
    mine = &net->packets[index];
    free(mine->bytes);
    *mine = *p;
    mine->bytes = malloc(p->len);
    CHECK(mine->bytes != NULL);
    memcpy(mine->bytes, p->bytes, p->len);
    if (p->gso_size == 0 && happens(net, net->weather.damage))
        damage(net, mine);
    deadlines_set(&net->arrivals, index, at);
}

static void
send_packet(struct net *net, const struct net_packet *p, instant_t now)
{
    net->stats.sent++;
    if (happens(net, net->weather.loss)) {
        net->stats.lost++;
        return;
    }
    launch(net, p, now);
    if (happens(net, net->weather.duplicate)) {
        launch(net, p, now);
        net->stats.duplicated++;
    }
}

/* The wire segment with `len` bytes of the text from `at` on. */
static void
cut(const struct tcp_slot *slot, const struct tcp_header *whole, uint32_t at,
    uint32_t len, struct net_packet *p)
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

void
net_send(struct net *net, uint32_t to, const struct tcp_slot *slot,
         instant_t now)
{
    static uint8_t room[PACKET_MAX];
    struct net_packet p = {slot->src, slot->dst, to, 0, 0, room};
    struct tcp_header h;
    uint32_t text, step, at = 0;

    CHECK(tcp_decode(slot->buf, slot->len, &h) == DROP_NONE);
    text = slot->len - h.header_len;
    step = slot->gso_size != 0 && !net->weather.gro ? slot->gso_size : text;
    do {
        cut(slot, &h, at, min_u32(step, text - at), &p);
        p.gso_size = net->weather.gro ? slot->gso_size : 0;
        send_packet(net, &p, now);
        at += step;
    } while (at < text);
}

instant_t
net_next(const struct net *net)
{
    return deadlines_next(&net->arrivals);
}

bool
net_take(struct net *net, instant_t now, struct net_packet *packet)
{
    uint32_t index;

    if (!deadlines_take(&net->arrivals, now, &index))
        return false;
    net->free[net->free_count++] = index;
    *packet = net->packets[index];
    return true;
}
