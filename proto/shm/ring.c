/* SPDX-License-Identifier: MIT */
/* Creates and joins rings, and publishes what each side has done.
 *
 * Theory of operation. Four numbers order all slots ever used:
 *
 *     released <= head <= tail <= released + slots
 *
 * A join keeps its own number privately (`position`) and publishes it by one
 * release store; it keeps the last value of its peer that was in order
 * (`limit`) and reads the peer again by one acquire load. Between staging and
 * publishing nothing is visible, so a daemon killed there has staged nothing,
 * and its successor, which joins at the published number, stages it anew.
 *
 * Nothing that a peer stores is used before it is compared with what this side
 * knows. A peer that breaks the order is caught by the next look and the join
 * refuses from then on; whatever it stored, slots are addressed through `mask`
 * alone, which comes from the table. The rest of a ring's conversation, how
 * either side sleeps, is doorbell.h. */
#include "proto/shm/ring.h"

#include "base/bits.h"

void
ring_create(struct region *r, const struct ring_row *row)
{
    struct ring_shm *shm = region_at(r, RING_OFFSET, sizeof *shm);

    CHECK(bits_is_power_of_two(row->slots) && row->slot_size % 64 == 0);
    CHECK(r->size >= ring_region_size(row->slots, row->slot_size, row->area));
    shm->slots = row->slots;
    shm->slot_size = row->slot_size;
    shm->area = row->area;
}

/* What both sides know before either looks at a cursor. */
static bool
join(struct ring *r, const struct region *region, struct ring_cursor *cursor,
     const struct ring_row *row)
{
    uint64_t size = ring_region_size(row->slots, row->slot_size, row->area);
    struct ring_shm *shm = region_at(region, RING_OFFSET, sizeof *shm);

    if (shm == NULL || cursor == NULL || region->size < size)
        return false;
    if (shm->slots != row->slots || shm->slot_size != row->slot_size ||
        shm->area != row->area)
        return false;
    *r = (struct ring){
        .shm = shm,
        .cursor = cursor,
        .slots_base = (uint8_t *)(shm + 1),
        .mask = row->slots - 1,
        .slot_size = row->slot_size,
    };
    return true;
}

/* The least that a released count can be for a producer at `position`. */
static uint64_t
floor_of(const struct ring *r)
{
    uint64_t slots = r->mask + 1;

    return r->position > slots ? r->position - slots : 0;
}

bool
ring_join_producer(struct ring *r, const struct region *region,
                   struct ring_cursor *cursor, const struct ring_row *row)
{
    if (!join(r, region, cursor, row))
        return false;
    r->producer = true;
    /* Relaxed: only this side ever stored it. */
    r->position = atomic_load_explicit(&r->shm->tail, memory_order_relaxed);
    r->limit = floor_of(r);
    (void)ring_released(r);
    return true;
}

bool
ring_join_consumer(struct ring *r, const struct region *region,
                   struct ring_cursor *cursor, const struct ring_row *row)
{
    if (!join(r, region, cursor, row))
        return false;
    /* Relaxed: only this side ever stored it. */
    r->position = atomic_load_explicit(&cursor->head, memory_order_relaxed);
    r->limit = r->position;
    r->broken = ring_shown_released(r) > r->position;
    return true;
}

void
ring_publish(struct ring *r, uint32_t count)
{
    CHECK(r->position + count - r->limit <= r->mask + 1);
    r->position += count;
    /* Pairs with the load of ring_ready: the slots come first. */
    atomic_store_explicit(&r->shm->tail, r->position, memory_order_release);
}

void
ring_want_space(struct ring *r, uint32_t wanted)
{
    /* Pairs with the load of ring_space_wanted. What must be in order around
     * it is ordered by the barriers of doorbell.h. */
    atomic_store_explicit(&r->shm->space_wanted, wanted, memory_order_release);
}

bool
ring_space_wanted(const struct ring *r)
{
    /* Pairs with the store of ring_want_space. */
    return atomic_load_explicit(&r->shm->space_wanted, memory_order_acquire) !=
           0;
}

void
ring_publish_cursor(struct ring *r, uint64_t released)
{
    CHECK(released <= r->position);
    /* Both pair with the loads of ring_released. The head first: whoever sees
     * the new `released` must not see an older head below it. Release: all
     * reads of the slots and of their data are done. */
    atomic_store_explicit(&r->cursor->head, r->position, memory_order_release);
    if (released > ring_shown_released(r))
        atomic_store_explicit(&r->cursor->released, released,
                              memory_order_release);
}

void
ring_restore(struct ring *r, uint64_t position)
{
    if (position <= r->position)
        return;
    r->position = position;
    if (r->producer) {
        /* More slots than there are cannot be outstanding: the record that
         * says so is wrong, and so would be every position from here on. */
        if (floor_of(r) > ring_released(r))
            r->broken = true;
        else
            atomic_store_explicit(&r->shm->tail, position,
                                  memory_order_release);
        return;
    }
    /* A tail below a head that was taken and committed shows in ring_ready. */
    r->limit = max_u64(r->limit, position);
    atomic_store_explicit(&r->cursor->head, position, memory_order_release);
}

struct ring_depth
ring_observe(const struct ring_shm *shm, const struct ring_cursor *cursor)
{
    struct ring_depth d;

    /* In the order in which they may lag behind each other. */
    d.released = atomic_load_explicit(&cursor->released, memory_order_acquire);
    d.head = atomic_load_explicit(&cursor->head, memory_order_acquire);
    d.tail = atomic_load_explicit(&shm->tail, memory_order_acquire);
    return d;
}
