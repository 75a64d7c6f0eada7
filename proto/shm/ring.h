/* SPDX-License-Identifier: MIT */
/* A single-producer single-consumer ring of fixed-size slots between two
 * processes, and its cursors.
 *
 * The producer's half (struct ring_shm, then the slots, then the data area)
 * lies in the producer's region; the consumer's half is one struct ring_cursor
 * in the consumer's cnc: one writer per byte.
 *
 *   tail      producer stores (release), consumer loads (acquire): slots
 *             published
 *   head      consumer stores (release), producer loads (acquire): slots taken
 *   released  consumer stores (release), producer loads (acquire): slots whose
 *             data neither the consumer nor anyone behind it still reads
 *
 * All only grow and released <= head <= tail <= released + slots. A slot and
 * its data are reused when they are released. A peer that breaks the order is
 * broken or hostile: the join is then dead for good (ring_broken), stages and
 * takes nothing, and its cursors are never used to address memory. */
#ifndef PROTO_SHM_RING_H
#define PROTO_SHM_RING_H

#include "base/check.h"
#include "proto/shm/layout.h"
#include "proto/shm/region.h"

#include <assert.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct ring_shm {
    uint32_t slots;     /* power of two, fixed at creation */
    uint32_t slot_size; /* bytes, multiple of 64, fixed at creation */
    uint32_t area;      /* bytes of the data area, fixed at creation */
    uint8_t unused[SHM_LINE - 12];
    _Alignas(SHM_LINE) _Atomic uint64_t tail; /* producer writes */
    _Atomic uint32_t space_wanted; /* producer: ring me when released moves */
    uint8_t unused2[SHM_LINE - 12];
};
static_assert(sizeof(struct ring_shm) == 2 * SHM_LINE, "shm ABI v1");

struct ring_cursor {
    _Alignas(SHM_LINE) _Atomic uint64_t head; /* consumer writes all three */
    _Atomic uint64_t released;
    uint8_t unused[SHM_LINE - 16];
};
static_assert(sizeof(struct ring_cursor) == SHM_LINE, "shm ABI v1");

/* Where a ring's half begins in its region: right behind the header. */
#define RING_OFFSET SHM_LINE

/* Bytes of a region that holds one ring with its data area. */
static inline uint64_t
ring_region_size(uint32_t slots, uint32_t slot_size, uint32_t area)
{
    return RING_OFFSET + sizeof(struct ring_shm) + (uint64_t)slots * slot_size +
           area;
}

/* Creator only (the supervisor), before anyone joins; the region is large
 * enough for the row. */
void ring_create(struct region *r, const struct ring_row *row);

/* One process's join: trusted copies of all that never changes. Only one side's
 * functions may be used on one join. */
struct ring {
    struct ring_shm *shm;
    struct ring_cursor *cursor;
    uint8_t *slots_base;
    uint64_t mask;
    uint32_t slot_size;
    bool producer;
    bool broken;
    uint64_t position; /* producer: my tail; consumer: my head */
    uint64_t limit;    /* last checked: producer: released, consumer: tail */
    uint64_t taken;    /* producer: last checked head */
};

/* Boot only. Joins from the table's shape, not from what the region says; false
 * when the region is too small or says something else, or there is no cursor.
 * `cursor` lies in the consumer's cnc (cnc.h: cnc_cursor). A join goes on where
 * its side's cursor in shared memory stands. */
bool ring_join_producer(struct ring *r, const struct region *region,
                        struct ring_cursor *cursor, const struct ring_row *row)
    __attribute__((warn_unused_result));
bool ring_join_consumer(struct ring *r, const struct region *region,
                        struct ring_cursor *cursor, const struct ring_row *row)
    __attribute__((warn_unused_result));

/* ---- producer only, wait-free ---- */

/* Peer's released count, checked; refreshes the producer's view of it. Of a
 * broken ring: the last one that was in order. */
static inline uint64_t
ring_released(struct ring *r)
{
    /* Pairs with the stores of ring_publish_cursor, which go the other way
     * round: whoever sees `released` also sees a head that is not below it. */
    uint64_t released =
        atomic_load_explicit(&r->cursor->released, memory_order_acquire);
    uint64_t head =
        atomic_load_explicit(&r->cursor->head, memory_order_acquire);

    if (released < r->limit || head < r->taken || released > head ||
        head > r->position)
        r->broken = true;
    if (!r->broken) {
        r->limit = released;
        r->taken = head;
    }
    return r->limit;
}

/* The slot at absolute position `at`, which this producer staged or published
 * and which is not released: for finding out what is still held. */
static inline const void *
ring_sent(const struct ring *r, uint64_t at)
{
    return r->slots_base + (at & r->mask) * r->slot_size;
}

/* The n-th slot beyond the tail (n from 0), or NULL when the consumer has not
 * released it yet: that is back-pressure, not a drop. Nothing is visible until
 * ring_publish(r, count), once a turn. */
static inline void *
ring_stage(struct ring *r, uint32_t n)
{
    uint64_t at = r->position + n;

    if (at - r->limit > r->mask && at - ring_released(r) > r->mask)
        return NULL;
    if (r->broken)
        return NULL;
    return r->slots_base + (at & r->mask) * r->slot_size;
}

/* Shows the first `count` staged slots. What was staged before the ring broke
 * may still be published. */
void ring_publish(struct ring *r, uint32_t count);

/* Says (1) or takes back (0) that this producer waits for space; after saying
 * it, look for space once more before sleeping, and ring the consumer. The
 * whole conversation is in doorbell.h. */
void ring_want_space(struct ring *r, uint32_t wanted);

/* ---- consumer only, wait-free ---- */

/* Slots published and not yet taken; refreshes the view of the tail. */
static inline uint32_t
ring_ready(struct ring *r)
{
    /* Pairs with the store of ring_publish. */
    uint64_t tail = atomic_load_explicit(&r->shm->tail, memory_order_acquire);
    /* Relaxed: this consumer wrote it. */
    uint64_t released =
        atomic_load_explicit(&r->cursor->released, memory_order_relaxed);

    if (tail < r->limit || tail - released > r->mask + 1)
        r->broken = true;
    if (r->broken)
        return 0;
    r->limit = tail;
    return (uint32_t)(tail - r->position);
}

/* The n-th slot at or beyond the head; n < the last ring_ready(). Hostile
 * memory: copy it once, check the copy, use only the copy. */
static inline const void *
ring_peek(const struct ring *r, uint32_t n)
{
    return r->slots_base + ((r->position + n) & r->mask) * r->slot_size;
}

/* Advances the private head by at most the last ring_ready(). Nobody sees it
 * until ring_publish_cursor. */
static inline void
ring_take(struct ring *r, uint32_t count)
{
    CHECK(count <= r->limit - r->position);
    r->position += count;
}

/* Shows the private head and how far this consumer and everybody behind it is
 * done (released <= head). It never moves back: a smaller one than shown before
 * changes nothing. */
void ring_publish_cursor(struct ring *r, uint64_t released);

/* What ring_publish_cursor last showed. */
static inline uint64_t
ring_shown_released(const struct ring *r)
{
    return atomic_load_explicit(&r->cursor->released, memory_order_relaxed);
}

/* Does the producer wait for space? Asked after doorbell_barrier. */
bool ring_space_wanted(const struct ring *r);

/* ---- either side ---- */

/* Position that the next ring_stage(r, 0) or ring_peek(r, 0) names. */
static inline uint64_t
ring_position(const struct ring *r)
{
    return r->position;
}

/* Recovery only, before anything else is done with the join: stores a committed
 * tail (producer) or head (consumer) again. The consumer's released follows by
 * ring_publish_cursor. Cursors never move back: a position below the one in
 * shared memory changes nothing. */
void ring_restore(struct ring *r, uint64_t position);

static inline bool
ring_broken(const struct ring *r)
{
    return r->broken;
}

/* Observers (status): reads tail, head and released of any ring; they may be
 * from slightly different moments. */
struct ring_depth {
    uint64_t tail, head, released;
};
struct ring_depth ring_observe(const struct ring_shm *shm,
                               const struct ring_cursor *cursor);

#endif
