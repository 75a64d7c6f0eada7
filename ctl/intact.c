/* SPDX-License-Identifier: MIT */
/* Judges copies that nobody waited for.
 *
 * Theory of operation. A producer writes only over what is released. So a copy of
 * what is still not released once it is complete is whole: that is so of all that
 * waits in a ring, under load of nearly everything.
 *
 * On a quiet ring a packet is released long before anybody looks, and lies there
 * until its memory is used again. Who uses it says so in the ring, by a packet that
 * lies there, but only at the end of its turn. So the verdict on such a copy
 * has to wait until the turn in which it was made is over: the producer's turn
 * counter has moved since, or it sleeps. Then every packet that can have disturbed
 * the copy is in the ring. (Those of later turns cannot, and count all the same:
 * it errs on the safe side.)
 *
 * Three kinds of bytes are written that no packet tells of:
 *
 *   - behind a packet, within one packet's length: a frame that was joined to the
 *     packet or was moved from there, or one that was given up. So a packet
 *     counts as that much longer than it is. Slots of a datagram that did not fit
 *     in all its fragments lie behind the tail, at most MARGIN of them;
 *   - by linkd, a frame that the device spoilt, when none comes after it: that is
 *     counted;
 *   - by a producer that dies in its turn: its successor has another epoch.
 *
 * Who changes its mark meanwhile loses the benefit of the doubt. */
#include "ctl/intact.h"

#include "proto/shm/doorbell.h"

#define MARGIN 128               /* slots */
#define BEYOND (PACKET_MAX + 64) /* bytes; areas are given out in lines of 64 */

struct ring_depth
intact_depth(const struct look *l, enum ring_id ring)
{
    return ring_observe(l->rings[ring],
                        &l->cnc[ring_table[ring].consumer]->cursors[ring]);
}

static struct cnc_view
producer(const struct look *l, enum ring_id ring)
{
    return cnc_look(l->cnc[ring_table[ring].producer]);
}

struct intact_mark
intact_mark(const struct look *l, enum ring_id ring)
{
    const struct cnc_shm *cnc = l->cnc[ring_table[ring].producer];

    return (struct intact_mark){
        .epoch = cnc_look(cnc).epoch,
        .spoilt = cnc_drops(cnc, DROP_LINK_TRUNCATED) +
                  cnc_drops(cnc, DROP_LINK_OVERSIZE) +
                  cnc_drops(cnc, DROP_LINK_BAD_VNET_HEADER),
    };
}

void
intact_copied(struct intact *i, const struct look *l)
{
    /* The copy was read before the cursors, as the producer reads the cursor
     * before it writes: whoever saw its bytes sees what released the old ones. */
    doorbell_barrier();
    i->held = intact_depth(l, i->ring).released <= i->at;
    i->turns = producer(l, i->ring).turns;
}

/* Everything that the producer wrote in the turn of the copy, it has published by
 * then, or else counted. */
static enum intact_verdict
judge_producer(const struct intact *i, const struct look *l)
{
    struct cnc_view v = producer(l, i->ring);
    struct intact_mark now;

    /* Pairs with the barrier between publishing and the heartbeat, and with the
     * store of doorbell_doze: the turn is over before its end is looked at. */
    doorbell_barrier();
    now = intact_mark(l, i->ring);
    if (now.epoch != i->mark.epoch || now.spoilt != i->mark.spoilt)
        return INTACT_TORN;
    return v.turns != i->turns || v.sleeping ? INTACT_WHOLE : INTACT_UNKNOWN;
}

enum intact_verdict
intact_slot(const struct intact *i, const struct look *l)
{
    enum intact_verdict v = i->held ? INTACT_WHOLE : judge_producer(i, l);

    if (i->held || v != INTACT_WHOLE)
        return v;
    return intact_depth(l, i->ring).tail - i->at >
                   ring_table[i->ring].slots - MARGIN
               ? INTACT_TORN
               : INTACT_WHOLE;
}

/* Did who made `later` write over bytes of `p`? */
static bool
disturbs(const struct packet *later, const struct packet *p)
{
    return later->region == p->region && later->len > 0 &&
           p->offset < later->offset + later->len + BEYOND &&
           later->offset < p->offset + p->len;
}

enum intact_verdict
intact_payload(const struct intact *i, const struct look *l,
               const struct packet *p)
{
    const struct ring_row *row = &ring_table[i->ring];
    enum intact_verdict v = intact_slot(i, l);
    uint64_t tail;

    if (i->held || v != INTACT_WHOLE)
        return v;
    tail = intact_depth(l, i->ring).tail;
    for (uint64_t at = i->at + 1; at < tail; at++) {
        struct packet later;

        /* What is no packet may have been one that was written over. */
        if (!packet_observe(row, at, &later, l->regions, REGIONS) ||
            disturbs(&later, p))
            return INTACT_TORN;
    }
    return INTACT_WHOLE;
}
