/* SPDX-License-Identifier: MIT */
/* Reassembly of IPv4 datagrams.
 *
 * A fragment belongs to the datagram of the same source, destination, protocol
 * and identification, all compared whole (RFC 791 3.2). Its bytes are copied to
 * their place: block k of a datagram holds the bytes from k * FRAG_BLOCK on.
 * One map says which units of 8 bytes are held, another at which of them a
 * fragment starts; so the cost of a fragment does not depend on how many others
 * are held, and every overlap is seen.
 *
 * Fragments that overlap are an attack or an accident, and nobody can tell which
 * bytes are meant: as RFC 5722 demands of IPv6, the datagram is dropped and what
 * still comes of it too, until its time is over. A fragment that is held already,
 * at the same place and as long, is a network's duplicate and dropped alone. A
 * datagram dies likewise when its fragments contradict each other on where it
 * ends, or when one met congestion and another cannot know what that is (RFC
 * 3168 5.3).
 *
 * TCP's header lies in the first fragment whole (RFC 1858), so that what looks
 * into first fragments sees it. Memory is bounded; who may have how much of it
 * is frag_pool.c's. Not kept over a restart: datagrams are lost as on the way. */
#include "ipd/core/frag.h"

#include "base/bits.h"
#include "base/check.h"
#include "ipd/core/frag_map.h"
#include "ipd/core/frag_pool.h"

#include <assert.h>
#include <stddef.h>
#include <string.h>

#define UNIT           8  /* bytes: what offsets count in */
#define TCP_HEADER_LEN 20 /* without options */
#define ECN_BITS       3
#define ECN_NOT_ECT    0
#define ECN_CE         3

static_assert(FRAG_PER_DATAGRAM * FRAG_BLOCK >= IPV4_PACKET_MAX, "holds all");
static_assert(FRAG_WORDS * 64 * UNIT >= IPV4_PACKET_MAX, "maps all");
static_assert(FRAG_PER_DATAGRAM <= FRAG_SOURCE_BLOCKS, "one always fits");

/* Where a fragment lies in its datagram, in bytes. */
struct part {
    uint32_t offset, end;
    bool last;
};

void
frag_init(struct frag_table *t)
{
    t->next = INSTANT_NEVER;
    t->given_up = 0;
    frag_pool_init(t);
}

static struct frag_map *
map_of(struct frag_table *t, const struct frag_datagram *d)
{
    return &t->maps[d - t->datagrams];
}

static struct frag_datagram *
find(struct frag_table *t, const struct ipv4 *ip)
{
    for (uint32_t i = 0; i < FRAG_DATAGRAMS; i++) {
        struct frag_datagram *d = &t->datagrams[i];

        if (d->state != FRAG_FREE && d->id == ip->id && d->proto == ip->proto &&
            addr_equal(d->src, ip->src) && addr_equal(d->dst, ip->dst))
            return d;
    }
    return NULL;
}

static struct frag_datagram *
open_datagram(struct frag_table *t, const struct ipv4 *ip, instant_t now)
{
    struct frag_datagram *d = frag_pool_take(t, ip, now);

    if (d == NULL)
        return NULL;
    memset(map_of(t, d), 0, sizeof(struct frag_map));
    t->next = instant_min(t->next, instant_add(now, FRAG_TIMEOUT));
    return d;
}

/* ---- may it be held? ---- */

static uint32_t
units_up_to(uint32_t byte)
{
    return (byte + UNIT - 1) / UNIT;
}

/* What the fragment alone can tell. */
static enum drop
check_form(const struct ipv4 *ip, const struct part *p)
{
    if (p->end == p->offset || (!p->last && (p->end - p->offset) % UNIT != 0) ||
        ip->header_len + p->end > IPV4_PACKET_MAX)
        return DROP_IP_FRAG_BAD;
    if (ip->proto != IP_PROTO_TCP)
        return DROP_NONE;
    if (p->offset == 0 ? p->end < TCP_HEADER_LEN : p->offset < TCP_HEADER_LEN)
        return DROP_IP_FRAG_BAD;
    return DROP_NONE;
}

/* Do the fragments disagree on where the datagram ends? */
static bool
contradicts_end(const struct frag_datagram *d, const struct part *p)
{
    if (d->end == 0)
        return p->last && p->end <= d->highest;
    return p->last ? p->end != d->end : p->end >= d->end;
}

/* What it is to those that are held. */
static enum drop
check_place(struct frag_table *t, const struct frag_datagram *d,
            const struct part *p)
{
    const struct frag_map *m = map_of(t, d);
    uint32_t from = p->offset / UNIT;
    uint32_t to = units_up_to(p->end);

    if (d->state == FRAG_DEAD || contradicts_end(d, p))
        return DROP_IP_FRAG_OVERLAP;
    if (!frag_map_touches(m, from, to))
        return DROP_NONE;
    return frag_map_holds(m, from, to) ? DROP_IP_FRAG_DUPLICATE
                                       : DROP_IP_FRAG_OVERLAP;
}

/* ---- holding ---- */

static void
copy_in(struct frag_table *t, const struct frag_datagram *d,
        const struct part *p, const uint8_t *payload)
{
    uint32_t at = p->offset;

    while (at < p->end) {
        uint32_t within = at % FRAG_BLOCK;
        uint32_t len = min_u32(FRAG_BLOCK - within, p->end - at);

        memcpy(t->blocks[d->block[at / FRAG_BLOCK]] + within, payload, len);
        payload += len;
        at += len;
    }
}

static void
hold(struct frag_table *t, struct frag_datagram *d, const struct part *p,
     const struct ipv4 *ip)
{
    frag_map_add(map_of(t, d), p->offset / UNIT, units_up_to(p->end));
    d->held += p->end - p->offset;
    d->highest = max_u32(d->highest, p->end);
    if (p->last)
        d->end = p->end;
    d->ecn = (uint8_t)(d->ecn | 1u << (ip->tos & ECN_BITS));
}

static void
hold_first(struct frag_datagram *d, const struct ipv4 *ip,
           const uint8_t *header, uint32_t link)
{
    d->first_held = true;
    d->ip = *ip;
    d->link = link;
    memcpy(d->header, header, ip->header_len);
}

static void
bury(struct frag_table *t, struct frag_datagram *d)
{
    frag_pool_strip(t, d);
    d->state = FRAG_DEAD;
}

/* Linux's table of what ECN codepoints may come together: those of a transport
 * that knows congestion marks and those of one that does not may not. */
static bool
ecn_agrees(const struct frag_datagram *d)
{
    return d->ecn == 1u << ECN_NOT_ECT || (d->ecn & 1u << ECN_NOT_ECT) == 0;
}

/* Is it whole now? The header of the first may be the longest: only here is it
 * known that all is no longer than a datagram can be. */
static enum drop
finish(struct frag_table *t, struct frag_datagram *d, int32_t *complete)
{
    if (d->end == 0 || d->held != d->end)
        return DROP_NONE;
    if (d->ip.header_len + d->end > IPV4_PACKET_MAX || !ecn_agrees(d)) {
        bury(t, d);
        return DROP_IP_FRAG_BAD;
    }
    d->state = FRAG_WHOLE;
    *complete = (int32_t)(d - t->datagrams);
    return DROP_NONE;
}

enum drop
frag_add(struct frag_table *t, const struct ipv4 *ip, const uint8_t *header,
         const uint8_t *payload, uint32_t link, instant_t now,
         int32_t *complete)
{
    const struct part p = {
        .offset = ip->frag_offset,
        .end = (uint32_t)ip->frag_offset + ip->total_len - ip->header_len,
        .last = !ip->more,
    };
    struct frag_datagram *d;
    enum drop why = check_form(ip, &p);

    *complete = -1;
    if (why != DROP_NONE)
        return why;
    d = find(t, ip);
    if (d == NULL)
        d = open_datagram(t, ip, now);
    if (d == NULL)
        return DROP_IP_FRAG_QUOTA;
    CHECK(d->state != FRAG_WHOLE);
    why = check_place(t, d, &p);
    if (why == DROP_IP_FRAG_OVERLAP)
        bury(t, d);
    if (why != DROP_NONE)
        return why;
    if (!frag_pool_reserve(t, d, p.offset, p.end - p.offset, now)) {
        if (d->held == 0)
            frag_pool_release(t, d);
        return DROP_IP_FRAG_QUOTA;
    }
    copy_in(t, d, &p, payload);
    hold(t, d, &p, ip);
    if (p.offset == 0)
        hold_first(d, ip, header, link);
    return finish(t, d, complete);
}

/* ---- the whole datagram ---- */

static const struct frag_datagram *
whole(const struct frag_table *t, int32_t complete)
{
    CHECK(complete >= 0 && complete < FRAG_DATAGRAMS);
    CHECK(t->datagrams[complete].state == FRAG_WHOLE);
    return &t->datagrams[complete];
}

struct ipv4
frag_header(const struct frag_table *t, int32_t complete)
{
    const struct frag_datagram *d = whole(t, complete);
    struct ipv4 ip = d->ip;

    ip.total_len = (uint16_t)(ip.header_len + d->end);
    ip.more = false;
    if ((d->ecn & 1u << ECN_CE) != 0)
        ip.tos |= ECN_CE;
    return ip;
}

uint32_t
frag_len(const struct frag_table *t, int32_t complete)
{
    return whole(t, complete)->end;
}

static void
copy_out(const struct frag_table *t, const struct frag_datagram *d,
         uint32_t offset, uint8_t *out, uint32_t len)
{
    while (len > 0) {
        uint32_t within = offset % FRAG_BLOCK;
        uint32_t part = min_u32(FRAG_BLOCK - within, len);

        memcpy(out, t->blocks[d->block[offset / FRAG_BLOCK]] + within, part);
        out += part;
        offset += part;
        len -= part;
    }
}

void
frag_read(const struct frag_table *t, int32_t complete, uint32_t offset,
          uint8_t *out, uint32_t len)
{
    const struct frag_datagram *d = whole(t, complete);

    CHECK(offset <= d->end && len <= d->end - offset);
    copy_out(t, d, offset, out, len);
}

void
frag_free(struct frag_table *t, int32_t complete)
{
    struct frag_datagram *d = &t->datagrams[complete];

    CHECK(whole(t, complete) == d);
    frag_pool_release(t, d);
}

uint32_t
frag_take_given_up(struct frag_table *t)
{
    uint32_t n = t->given_up;

    t->given_up = 0;
    return n;
}

/* ---- time ---- */

static instant_t
deadline_of(const struct frag_datagram *d)
{
    return instant_add(d->since, FRAG_TIMEOUT);
}

static void
describe(const struct frag_table *t, const struct frag_datagram *d,
         struct frag_expired *out)
{
    *out = (struct frag_expired){.answer = d->first_held};
    if (!d->first_held)
        return;
    out->link = d->link;
    out->ip = d->ip;
    memcpy(out->packet, d->header, d->ip.header_len);
    /* A first fragment that is not the last holds 8 bytes at least, and one
     * that is the last would have made the datagram whole. */
    copy_out(t, d, 0, out->packet + d->ip.header_len, UNIT);
    out->len = d->ip.header_len + (uint32_t)UNIT;
}

bool
frag_expire(struct frag_table *t, instant_t now, struct frag_expired *out)
{
    instant_t next = INSTANT_NEVER;

    if (!instant_due(t->next, now))
        return false;
    for (uint32_t i = 0; i < FRAG_DATAGRAMS; i++) {
        struct frag_datagram *d = &t->datagrams[i];
        bool dead = d->state == FRAG_DEAD;

        if (d->state == FRAG_FREE)
            continue;
        if (!instant_due(deadline_of(d), now)) {
            next = instant_min(next, deadline_of(d));
            continue;
        }
        if (!dead)
            describe(t, d, out);
        frag_pool_release(t, d);
        if (!dead)
            return true;
    }
    t->next = next;
    return false;
}
