/* SPDX-License-Identifier: MIT */
/* The earliest of many deadlines: a 4-ary heap over items numbered 0..n-1,
 * each with at most one deadline. Set and clear cost O(log n). */
#ifndef BASE_DEADLINES_H
#define BASE_DEADLINES_H

#include "base/time.h"

#include <stddef.h>
#include <stdint.h>

struct deadlines {
    uint32_t items;
    uint32_t armed;
    instant_t *when; /* by item; INSTANT_NEVER when not armed */
    uint32_t *place; /* by item: its position in heap[] */
    uint32_t *heap;  /* by position: item numbers */
};

/* Bytes of memory that deadlines_init needs for `items` items. */
size_t deadlines_footprint(uint32_t items);

/* `memory` is aligned to 8 and outlives `d`. Nothing is armed. */
void deadlines_init(struct deadlines *d, void *memory, uint32_t items);

/* Arms, moves, or with INSTANT_NEVER disarms, item's deadline. */
void deadlines_set(struct deadlines *d, uint32_t item, instant_t when);

/* The earliest deadline, or INSTANT_NEVER. */
instant_t deadlines_next(const struct deadlines *d);

/* Takes one item whose deadline has come at `now` and disarms it, earliest
 * first. False when there is none. */
bool deadlines_take(struct deadlines *d, instant_t now, uint32_t *item);

#endif
