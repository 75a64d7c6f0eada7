/* SPDX-License-Identifier: MIT */
/* Two bitmaps: what is held, and where a fragment starts. */
#include "ipd/core/frag_map.h"

#include "base/bits.h"

#define WORD_BITS 64
#define MAP_BITS  (FRAG_WORDS * WORD_BITS)

/* The bits of word `word` of a map that stand for units from..to-1. */
static uint64_t
word_mask(uint32_t word, uint32_t from, uint32_t to)
{
    uint32_t low = max_u32(from, word * WORD_BITS);
    uint32_t high = min_u32(to, (word + 1) * WORD_BITS);

    return UINT64_MAX >> (WORD_BITS - (high - low)) << low % WORD_BITS;
}

static uint32_t
count_bits(const uint64_t *map, uint32_t from, uint32_t to)
{
    uint32_t n = 0;

    for (uint32_t word = from / WORD_BITS; word * WORD_BITS < to; word++)
        n += (uint32_t)__builtin_popcountll(map[word] &
                                            word_mask(word, from, to));
    return n;
}

static bool
is_set(const uint64_t *map, uint32_t bit)
{
    return (map[bit / WORD_BITS] >> bit % WORD_BITS & 1) != 0;
}

bool
frag_map_touches(const struct frag_map *m, uint32_t from, uint32_t to)
{
    return count_bits(m->held, from, to) > 0;
}

/* One starts where it does, none starts within, and the one that follows, if it
 * is held, starts where it ends. */
bool
frag_map_holds(const struct frag_map *m, uint32_t from, uint32_t to)
{
    return count_bits(m->held, from, to) == to - from &&
           is_set(m->starts, from) && count_bits(m->starts, from, to) == 1 &&
           (to == MAP_BITS || !is_set(m->held, to) || is_set(m->starts, to));
}

void
frag_map_add(struct frag_map *m, uint32_t from, uint32_t to)
{
    for (uint32_t word = from / WORD_BITS; word * WORD_BITS < to; word++)
        m->held[word] |= word_mask(word, from, to);
    m->starts[from / WORD_BITS] |= UINT64_C(1) << from % WORD_BITS;
}
