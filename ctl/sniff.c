/* SPDX-License-Identifier: MIT */
/* Reads rings from the side.
 *
 * Theory of operation. A packet stays in its ring until its memory is used again,
 * which is out of our hands: it is copied as soon as it is seen, and given out when
 * the copy is known to be whole (intact.h).
 *
 * Copies wait in a queue for that verdict, and for what the consumer makes of
 * them: daemons log their last drops with the slot that they worked on (cnc.h), and
 * the supervisor what a daemon worked on when it died (conf.h). A packet counts as
 * taken by what was seen before those logs were read, so that whoever took it
 * has said by then what it made of it. */
#include "ctl/sniff.h"

#include "base/bits.h"
#include "base/os/log.h"
#include "ctl/intact.h"

#include <stdlib.h>
#include <string.h>

#define QUEUE   4096 /* packets, a power of two */
#define STORE   (32u << 20)
#define PATIENT duration_ms(50)

#define POSITION_MASK UINT64_C(0xffffffffffff)

/* A copy that waits. */
struct entry {
    struct sniffed sniffed;
    struct intact slot, payload;
    uint32_t stored; /* where its bytes begin in the store */
    instant_t seen;
    bool torn; /* known once it is settled */
};

struct sniffer {
    const struct look *look;
    uint32_t snap;
    bool open[RINGS];
    uint64_t next[RINGS];  /* position to be looked at */
    uint64_t taken[RINGS]; /* by the consumer, before its drops were read */
    struct intact_mark marks[RINGS]; /* of the producers, at the last poll */
    uint64_t dropped[DAEMONS];       /* drops heard of */
    uint32_t restarts[DAEMONS];      /* deaths heard of */
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

/* ---- opening ---- */

static bool
carries_packets(const struct look *l, enum ring_id ring)
{
    const struct ring_row *row = &ring_table[ring];

    return l->rings[ring] != NULL && row->slot_size == sizeof(struct packet) &&
           row->producer < l->daemons && row->consumer < l->daemons;
}

static void
mark_producers(const struct look *l, struct intact_mark marks[RINGS])
{
    for (enum ring_id r = 0; r < RINGS; r++) {
        if (carries_packets(l, r))
            marks[r] = intact_mark(l, r);
    }
}

struct sniffer *
sniff_open(const struct look *l, const bool wanted[RINGS], uint32_t snap)
{
    struct sniffer *s = calloc(1, sizeof *s);

    if (s == NULL)
        die(EXIT_FAILED, "not enough memory for a capture");
    s->look = l;
    s->snap = snap;
    mark_producers(l, s->marks);
    for (enum ring_id r = 0; r < RINGS; r++) {
        s->open[r] = wanted[r] && carries_packets(l, r);
        if (s->open[r])
            s->next[r] = intact_depth(l, r).tail;
    }
    for (uint32_t d = 0; d < l->daemons; d++) {
        s->dropped[d] = l->cnc[d]->dropped;
        s->restarts[d] = l->conf->daemons[d].restarts;
    }
    return s;
}

void
sniff_close(struct sniffer *s)
{
    free(s);
}

/* ---- copying ---- */

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

/* A payload lies in the area of its own ring, or in that of the ring that it was
 * taken from. False: nobody would know what becomes of it. */
static bool
find_payload(struct sniffer *s, struct entry *e)
{
    const struct packet *p = &e->sniffed.packet;
    enum ring_id home = p->len == 0 ? e->slot.ring : home_of(p->region);

    e->payload = e->slot;
    if (home == e->slot.ring)
        return true;
    if (home != p->origin_ring || !carries_packets(s->look, home))
        return false;
    e->payload.ring = home;
    e->payload.at = p->origin;
    e->payload.mark = s->marks[home];
    return true;
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
    intact_copied(&e->slot, s->look);
    intact_copied(&e->payload, s->look);
}

/* Daemons and people may have looked at the clock at once. */
static instant_t
arrival(const struct packet *p, instant_t now)
{
    if (p->arrival_ns > 0 && p->arrival_ns <= now.ns)
        return (instant_t){p->arrival_ns};
    return now;
}

/* False: it is gone already, or there is no room. */
static bool
copy_packet(struct sniffer *s, enum ring_id ring, uint64_t at, instant_t now)
{
    struct entry *e;
    struct packet p;
    uint32_t stored, len;

    if (!packet_observe(&ring_table[ring], at, &p, s->look->regions, REGIONS))
        return false;
    len = p.header_len + p.len;
    if (!find_store(s, min_u32(s->snap, len), &stored))
        return false;
    e = entry_at(s, s->end);
    *e = (struct entry){
        .sniffed = {.ring = ring, .at = at, .packet = p, .len = len},
        .slot = {.ring = ring, .at = at, .mark = s->marks[ring]},
        .stored = stored,
        .seen = now,
    };
    e->sniffed.captured = min_u32(s->snap, len);
    e->sniffed.when = arrival(&p, now);
    if (!find_payload(s, e))
        return false;
    copy_bytes(s, e);
    s->store_next = stored + e->sniffed.captured;
    s->end++;
    return true;
}

/* Tails are another's word: one that moves back shows nothing new. */
static bool
poll_ring(struct sniffer *s, enum ring_id ring, instant_t now)
{
    uint64_t tail = intact_depth(s->look, ring).tail;
    uint64_t slots = ring_table[ring].slots;

    if (tail <= s->next[ring])
        return false;
    if (tail - s->next[ring] > slots) {
        s->lost += tail - slots - s->next[ring];
        s->next[ring] = tail - slots;
    }
    for (; s->next[ring] < tail; s->next[ring]++) {
        if (!copy_packet(s, ring, s->next[ring], now))
            s->lost++;
    }
    return true;
}

/* ---- is the copy whole? ---- */

static enum intact_verdict
judge(const struct sniffer *s, const struct entry *e)
{
    enum intact_verdict slot = intact_slot(&e->slot, s->look);

    if (slot != INTACT_WHOLE || e->sniffed.packet.len == 0)
        return slot;
    return intact_payload(&e->payload, s->look, &e->sniffed.packet);
}

static void
settle(struct sniffer *s, instant_t now)
{
    for (; s->unsettled != s->end; s->unsettled++) {
        struct entry *e = entry_at(s, s->unsettled);
        bool late = instant_due(instant_add(e->seen, PATIENT), now);
        enum intact_verdict verdict = judge(s, e);

        if (verdict == INTACT_UNKNOWN && !late)
            return;
        e->torn = verdict != INTACT_WHOLE;
    }
}

/* ---- what became of them ---- */

/* Of what a daemon consumes. What it worked on in a ring of its own was no packet
 * yet. */
static struct sniffed *
named_by(struct sniffer *s, uint32_t daemon, uint64_t work)
{
    uint64_t ring = work >> 48 & 0xff, at = work & POSITION_MASK;

    if (work >> 56 != CNC_WORK_SLOT || ring >= RINGS ||
        ring_table[ring].consumer != daemon)
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
    struct cnc_dropped drops[CNC_DROPS];
    size_t n = cnc_dropped(s->look->cnc[daemon], &s->dropped[daemon], drops,
                           CNC_DROPS);

    for (size_t i = 0; i < n; i++) {
        struct sniffed *f = named_by(s, daemon, drops[i].work);

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
    f = named_by(s, daemon, book->last_work);
    if (f != NULL) {
        f->crashed = true;
        f->by = (enum daemon_id)daemon;
    }
}

bool
sniff_poll(struct sniffer *s, instant_t now)
{
    struct intact_mark before_tails[RINGS] = {{.epoch = 0}};
    bool any = false;

    settle(s, now);
    mark_producers(s->look, before_tails);
    for (enum ring_id r = 0; r < RINGS; r++) {
        if (!s->open[r])
            continue;
        any = poll_ring(s, r, now) || any;
        s->taken[r] = intact_depth(s->look, r).head;
    }
    memcpy(s->marks, before_tails, sizeof s->marks);
    for (uint32_t d = 0; d < s->look->daemons; d++) {
        hear_of_drops(s, d);
        hear_of_deaths(s, d);
    }
    return any;
}

/* ---- giving out ---- */

const struct sniffed *
sniff_next(struct sniffer *s, instant_t now, bool all)
{
    settle(s, now);
    while (s->first != s->unsettled) {
        struct entry *e = entry_at(s, s->first);
        bool taken = s->taken[e->sniffed.ring] > e->sniffed.at;
        bool late = instant_due(instant_add(e->seen, PATIENT), now);

        if (!all && !late && !taken)
            return NULL;
        s->first++;
        if (!e->torn)
            return &e->sniffed;
        s->lost++;
    }
    return NULL;
}

bool
sniff_waits(const struct sniffer *s)
{
    return s->first != s->end;
}

uint64_t
sniff_lost(const struct sniffer *s)
{
    return s->lost;
}
