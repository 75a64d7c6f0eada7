/* SPDX-License-Identifier: MIT */
/* Reads rings from the side.
 *
 * Theory of operation. A slot and the bytes that it names stay as they are until
 * the packet is released, which is out of our hands: they may be overwritten
 * while we copy. Whoever overwrites bytes publishes the new packet at the end
 * of the same turn. So once the writer's turn counter has moved past what it was
 * when the copy was complete (or it sleeps, so no turn is under way), every packet
 * that can have disturbed the copy is in the ring, and one that shares bytes with
 * it, behind it in the writer's ring, is what gives it away. That errs on the safe
 * side: a packet whose bytes were used again just after the copy counts as
 * lost too.
 *
 * Copies wait in a queue for that verdict, and for what the consumer makes of
 * them: daemons log their last drops with the slot that they worked on (cnc.h), and
 * the supervisor what a daemon worked on when it died (conf.h). */
#include "ctl/sniff.h"

#include "base/bits.h"
#include "base/os/log.h"

#include <stdlib.h>
#include <string.h>

#define QUEUE        4096 /* packets, a power of two */
#define STORE        (32u << 20)
#define MARGIN       128 /* slots that a producer may have staged beyond its tail */
#define PATIENT      duration_ms(50)
#define DROPS_A_LOOK 64

#define POSITION_MASK UINT64_C(0xffffffffffff)

/* A copy that waits. */
struct entry {
    struct sniffed sniffed;
    uint32_t stored;   /* where its bytes begin in the store */
    enum ring_id home; /* the ring of the region that its payload lies in */
    uint64_t home_at;  /* its payload's packet there */
    uint64_t turns;    /* of the payload's writer when the copy was complete */
    instant_t seen;
    bool overwritten; /* known once it is settled */
};

struct sniffer {
    const struct look *look;
    uint32_t snap;
    bool open[RINGS];
    uint64_t next[RINGS];       /* position to be looked at */
    uint64_t dropped[DAEMONS];  /* drops heard of */
    uint32_t restarts[DAEMONS]; /* deaths heard of */
    uint64_t lost;
    uint64_t first, unsettled, end; /* in the queue, free-running */
    uint32_t store_next;
    struct entry queue[QUEUE];
    uint8_t store[STORE];
};

static struct entry *
entry_at(struct sniffer *s, uint64_t i)
{
    return &s->queue[i % QUEUE];
}

static struct ring_depth
depth_of(const struct sniffer *s, enum ring_id ring)
{
    return ring_observe(
        s->look->rings[ring],
        &s->look->cnc[ring_table[ring].consumer]->cursors[ring]);
}

/* ---- opening ---- */

static bool
carries_packets(const struct look *l, enum ring_id ring)
{
    const struct ring_row *row = &ring_table[ring];

    return l->rings[ring] != NULL && row->slot_size == sizeof(struct packet) &&
           row->producer < l->daemons && row->consumer < l->daemons;
}

struct sniffer *
sniff_open(const struct look *l, const bool wanted[RINGS], uint32_t snap)
{
    struct sniffer *s = calloc(1, sizeof *s);

    if (s == NULL)
        die(EXIT_FAILED, "not enough memory for a capture");
    s->look = l;
    s->snap = snap;
    for (enum ring_id r = 0; r < RINGS; r++) {
        s->open[r] = wanted[r] && carries_packets(l, r);
        if (s->open[r])
            s->next[r] = depth_of(s, r).tail;
    }
    for (uint32_t d = 0; d < l->daemons; d++) {
        s->dropped[d] = l->cnc[d]->dropped;
        s->restarts[d] = l->conf->daemons[d].restarts;
    }
    return s;
}

/* ---- copying ---- */

/* The ring whose producer gives out the memory of a region. */
static enum ring_id
home_of(uint32_t region)
{
    for (enum ring_id r = 0; r < RINGS; r++) {
        if (ring_table[r].region == region)
            return r;
    }
    return RINGS;
}

/* Room for `len` bytes in the store; false when copies that still wait are in
 * the way. */
static bool
find_store(struct sniffer *s, uint32_t len, uint32_t *at)
{
    uint32_t oldest = entry_at(s, s->first)->stored;

    if (s->first == s->end)
        s->store_next = 0;
    if (s->end - s->first == QUEUE)
        return false;
    *at = s->store_next;
    if (s->first == s->end || *at > oldest) {
        if (STORE - *at >= len)
            return true;
        *at = 0;
    }
    return s->first == s->end || (*at < oldest && oldest - *at > len);
}

static void
settle_home(struct sniffer *s, struct entry *e)
{
    const struct packet *p = &e->sniffed.packet;

    e->home = p->len == 0 ? e->sniffed.ring : home_of(p->region);
    e->home_at = e->home == e->sniffed.ring           ? e->sniffed.at
                 : p->origin_ring == (uint8_t)e->home ? p->origin
                                                      : 0;
    if (s->look->rings[e->home] == NULL)
        e->home = e->sniffed.ring;
    e->turns = cnc_look(s->look->cnc[ring_table[e->home].producer]).turns;
}

/* Inline header and payload, one behind the other. */
static void
copy_bytes(struct sniffer *s, struct entry *e)
{
    const struct packet *p = &e->sniffed.packet;
    const uint8_t *payload = packet_payload(p, s->look->regions);
    uint32_t head = min_u32(p->header_len, e->sniffed.captured);
    uint8_t *to = s->store + e->stored;

    memcpy(to, p->header, head);
    if (payload != NULL)
        memcpy(to + head, payload, e->sniffed.captured - head);
    e->sniffed.bytes = to;
}

/* False: it is gone already, or there is no room. */
static bool
copy_packet(struct sniffer *s, enum ring_id ring, uint64_t at, instant_t now)
{
    const struct ring_row *row = &ring_table[ring];
    struct entry *e = entry_at(s, s->end);
    struct sniffed *f = &e->sniffed;
    struct packet p;
    uint32_t stored, captured;

    if (!packet_observe(row, at, &p, s->look->regions, REGIONS))
        return false;
    captured = min_u32(s->snap, p.header_len + p.len);
    if (!find_store(s, captured, &stored))
        return false;
    *e = (struct entry){.sniffed = {.ring = ring, .at = at, .packet = p}};
    f->len = p.header_len + p.len;
    f->captured = captured;
    f->when = p.arrival_ns > 0 && p.arrival_ns <= now.ns
                  ? (instant_t){p.arrival_ns}
                  : now;
    e->stored = stored;
    e->seen = now;
    copy_bytes(s, e);
    settle_home(s, e);
    if (depth_of(s, ring).tail + MARGIN >= at + row->slots)
        return false;
    s->store_next = stored + captured;
    s->end++;
    return true;
}

static bool
poll_ring(struct sniffer *s, enum ring_id ring, instant_t now)
{
    uint64_t tail = depth_of(s, ring).tail;
    uint64_t kept = ring_table[ring].slots - 2 * MARGIN;
    bool any = s->next[ring] != tail;

    if (tail - s->next[ring] > kept) {
        s->lost += tail - kept - s->next[ring];
        s->next[ring] = tail - kept;
    }
    for (; s->next[ring] < tail; s->next[ring]++) {
        if (!copy_packet(s, ring, s->next[ring], now))
            s->lost++;
    }
    return any;
}

/* ---- is the copy whole? ---- */

/* Has the writer of the payload ended the turn in which the copy was made? */
static bool
turn_has_ended(const struct sniffer *s, const struct entry *e)
{
    struct cnc_view v = cnc_look(s->look->cnc[ring_table[e->home].producer]);

    return v.turns != e->turns || v.sleeping || v.state != CNC_RUNNING;
}

static bool
overlaps(const struct packet *a, const struct packet *b)
{
    return a->region == b->region && a->len > 0 && b->len > 0 &&
           a->offset < b->offset + b->len && b->offset < a->offset + a->len;
}

/* Is there a packet behind it in the writer's ring that shares its bytes? */
static bool
is_overwritten(const struct sniffer *s, const struct entry *e)
{
    const struct ring_row *row = &ring_table[e->home];
    uint64_t tail = depth_of(s, e->home).tail;

    if (e->sniffed.packet.len == 0)
        return false;
    if (tail - e->home_at > row->slots - MARGIN)
        return true;
    for (uint64_t at = e->home_at + 1; at < tail; at++) {
        struct packet later;

        if (packet_observe(row, at, &later, s->look->regions, REGIONS) &&
            overlaps(&e->sniffed.packet, &later))
            return true;
    }
    return false;
}

/* Soon after the turn's end: packets of later turns that share bytes with it have
 * not disturbed it, and there are few yet. */
static void
settle(struct sniffer *s, instant_t now)
{
    for (; s->unsettled != s->end; s->unsettled++) {
        struct entry *e = entry_at(s, s->unsettled);
        bool late = instant_due(instant_add(e->seen, PATIENT), now);

        if (!late && !turn_has_ended(s, e))
            return;
        e->overwritten = is_overwritten(s, e);
    }
}

/* ---- what became of them ---- */

static struct sniffed *
named_by(struct sniffer *s, uint64_t work)
{
    uint64_t ring = work >> 48 & 0xff, at = work & POSITION_MASK;

    if (work >> 56 != CNC_WORK_SLOT)
        return NULL;
    for (uint64_t i = s->end; i > s->first; i--) {
        struct sniffed *f = &entry_at(s, i - 1)->sniffed;

        if ((uint64_t)f->ring == ring && (f->at & POSITION_MASK) == at)
            return f;
    }
    return NULL;
}

static void
hear_of_drops(struct sniffer *s, uint32_t daemon)
{
    struct cnc_dropped drops[DROPS_A_LOOK];
    size_t n = cnc_dropped(s->look->cnc[daemon], &s->dropped[daemon], drops,
                           DROPS_A_LOOK);

    for (size_t i = 0; i < n; i++) {
        struct sniffed *f = named_by(s, drops[i].work);

        if (f == NULL)
            continue;
        f->dropped = drops[i].why;
        f->by = (enum daemon_id)daemon;
    }
}

static void
hear_of_deaths(struct sniffer *s, uint32_t daemon)
{
    const struct conf_daemon *book = &s->look->conf->daemons[daemon];
    uint32_t restarts = book->restarts;
    struct sniffed *f;

    if (restarts == s->restarts[daemon])
        return;
    s->restarts[daemon] = restarts;
    f = named_by(s, book->last_work);
    if (f != NULL) {
        f->crashed = true;
        f->by = (enum daemon_id)daemon;
    }
}

bool
sniff_poll(struct sniffer *s, instant_t now)
{
    bool any = false;

    settle(s, now);
    for (enum ring_id r = 0; r < RINGS; r++) {
        if (s->open[r])
            any = poll_ring(s, r, now) || any;
    }
    for (uint32_t d = 0; d < s->look->daemons; d++) {
        hear_of_drops(s, d);
        hear_of_deaths(s, d);
    }
    return any;
}

/* ---- giving out ---- */

static bool
is_taken(const struct sniffer *s, const struct entry *e)
{
    return depth_of(s, e->sniffed.ring).head > e->sniffed.at;
}

const struct sniffed *
sniff_next(struct sniffer *s, instant_t now, bool all)
{
    settle(s, all ? INSTANT_NEVER : now);
    while (s->first != s->unsettled) {
        struct entry *e = entry_at(s, s->first);
        bool late = instant_due(instant_add(e->seen, PATIENT), now);

        if (!all && !late && !is_taken(s, e))
            return NULL;
        s->first++;
        if (!e->overwritten)
            return &e->sniffed;
        s->lost++;
    }
    return NULL;
}

uint64_t
sniff_lost(const struct sniffer *s)
{
    return s->lost;
}
