/* SPDX-License-Identifier: MIT */
/* The earliest of many deadlines.
 *
 * heap[0..armed-1] holds the armed items; no item is due before its parent at
 * (place - 1) / 4, so the earliest stands at 0. place[] is the inverse of
 * heap[], which is what lets any item be moved or removed without a search. An
 * item is armed exactly when when[item] is not INSTANT_NEVER; the place of any
 * other item means nothing. Four children a node instead of two halve the
 * depth, and the children of a node share a cache line. */
#include "base/deadlines.h"

#include "base/check.h"

#define ARITY 4

size_t
deadlines_footprint(uint32_t items)
{
    return items * (sizeof(instant_t) + 2 * sizeof(uint32_t));
}

void
deadlines_init(struct deadlines *d, void *memory, uint32_t items)
{
    d->items = items;
    d->armed = 0;
    d->when = memory;
    d->place = (void *)(d->when + items);
    d->heap = d->place + items;
    for (uint32_t i = 0; i < items; i++)
        d->when[i] = INSTANT_NEVER;
}

static bool
earlier(const struct deadlines *d, uint32_t a, uint32_t b)
{
    return instant_before(d->when[a], d->when[b]);
}

static void
put(struct deadlines *d, uint32_t place, uint32_t item)
{
    d->heap[place] = item;
    d->place[item] = place;
}

/* Puts `item` at the free `place`, or where a later ancestor makes room. */
static void
rise(struct deadlines *d, uint32_t place, uint32_t item)
{
    while (place > 0) {
        uint32_t parent = (place - 1) / ARITY;

        if (!earlier(d, item, d->heap[parent]))
            break;
        put(d, place, d->heap[parent]);
        place = parent;
    }
    put(d, place, item);
}

/* The place of the earliest child of `place`, or d->armed when it has none. */
static uint32_t
earliest_child(const struct deadlines *d, uint32_t place)
{
    uint64_t first = (uint64_t)place * ARITY + 1;
    uint32_t best = d->armed;

    for (uint64_t c = first; c < first + ARITY && c < d->armed; c++) {
        if (best == d->armed || earlier(d, d->heap[c], d->heap[best]))
            best = (uint32_t)c;
    }
    return best;
}

/* Puts `item` at the free `place`, or where an earlier descendant makes room. */
static void
sink(struct deadlines *d, uint32_t place, uint32_t item)
{
    uint32_t child;

    while ((child = earliest_child(d, place)) != d->armed) {
        if (!earlier(d, d->heap[child], item))
            break;
        put(d, place, d->heap[child]);
        place = child;
    }
    put(d, place, item);
}

static void
settle(struct deadlines *d, uint32_t place, uint32_t item)
{
    if (place > 0 && earlier(d, item, d->heap[(place - 1) / ARITY]))
        rise(d, place, item);
    else
        sink(d, place, item);
}

static void
disarm(struct deadlines *d, uint32_t item)
{
    uint32_t last = d->heap[--d->armed];

    d->when[item] = INSTANT_NEVER;
    if (last != item)
        settle(d, d->place[item], last);
}

void
deadlines_set(struct deadlines *d, uint32_t item, instant_t when)
{
    CHECK(item < d->items);

    bool armed = !instant_is_never(d->when[item]);

    if (instant_is_never(when)) {
        if (armed)
            disarm(d, item);
        return;
    }
    d->when[item] = when;
    if (armed)
        settle(d, d->place[item], item);
    else
        rise(d, d->armed++, item);
}

instant_t
deadlines_next(const struct deadlines *d)
{
    return d->armed > 0 ? d->when[d->heap[0]] : INSTANT_NEVER;
}

bool
deadlines_take(struct deadlines *d, instant_t now, uint32_t *item)
{
    if (d->armed == 0 || !instant_due(deadlines_next(d), now))
        return false;
    *item = d->heap[0];
    disarm(d, *item);
    return true;
}
