/* SPDX-License-Identifier: MIT */
/* Rows between one writer and any number of readers, without locks: a sequence
 * before each row is odd while its words change. */
#include "proto/shm/view.h"

#include "base/check.h"

#include <stdatomic.h>
#include <string.h>

#define READ_TRIES 1000

struct row {
    _Atomic uint64_t sequence; /* 0: never written */
    _Atomic uint64_t word[];
};

static uint64_t
stride(uint32_t row_size)
{
    return sizeof(struct row) + row_size;
}

static struct row *
row_at(const struct view_table *t, uint32_t i)
{
    return (void *)(t->base + i * stride(t->row_size));
}

uint64_t
view_table_size(uint32_t count, uint32_t row_size)
{
    return (count * stride(row_size) + 63) / 64 * 64;
}

bool
view_table_join(struct view_table *t, const struct region *region,
                uint64_t *offset, uint32_t count, uint32_t row_size)
{
    uint64_t size = view_table_size(count, row_size);

    CHECK(row_size % sizeof(uint64_t) == 0);
    if (region->base == NULL || *offset > region->size ||
        size > region->size - *offset)
        return false;
    *t = (struct view_table){
        .base = region->base + *offset, .count = count, .row_size = row_size};
    *offset += size;
    return true;
}

void
view_write(struct view_table *t, uint32_t i, const void *body)
{
    struct row *r = row_at(t, i);
    const uint8_t *from = body;
    uint64_t word;

    CHECK(i < t->count);
    /* A predecessor may have died with the sequence odd. */
    uint64_t before =
        atomic_load_explicit(&r->sequence, memory_order_relaxed) | 1;

    atomic_store_explicit(&r->sequence, before, memory_order_relaxed);
    atomic_thread_fence(memory_order_release);
    for (uint32_t w = 0; w < t->row_size / sizeof word; w++) {
        memcpy(&word, from + w * sizeof word, sizeof word);
        atomic_store_explicit(&r->word[w], word, memory_order_relaxed);
    }
    atomic_store_explicit(&r->sequence, before + 1, memory_order_release);
}

static bool
try_read(const struct row *r, uint32_t words, uint8_t *to)
{
    uint64_t before = atomic_load_explicit(&r->sequence, memory_order_acquire);

    if (before % 2 != 0)
        return false;
    for (uint32_t w = 0; w < words; w++) {
        uint64_t word = atomic_load_explicit(&r->word[w], memory_order_relaxed);

        memcpy(to + w * sizeof word, &word, sizeof word);
    }
    atomic_thread_fence(memory_order_acquire);
    return atomic_load_explicit(&r->sequence, memory_order_relaxed) == before;
}

bool
view_read(const struct view_table *t, uint32_t i, void *body)
{
    const struct row *r = row_at(t, i);

    CHECK(i < t->count);
    if (atomic_load_explicit(&r->sequence, memory_order_relaxed) == 0)
        return false;
    for (int n = 0; n < READ_TRIES; n++) {
        if (try_read(r, t->row_size / (uint32_t)sizeof(uint64_t), body))
            return true;
    }
    return false;
}

bool
ipd_view_join(struct ipd_view *v, const struct region *region)
{
    uint64_t at = SHM_LINE;

    return view_table_join(&v->neighbours, region, &at, VIEW_NEIGHBOURS,
                           sizeof(struct view_neigh)) &&
           view_table_join(&v->pings, region, &at, VIEW_PINGS,
                           sizeof(struct view_ping)) &&
           view_table_join(&v->paths, region, &at, VIEW_PATHS,
                           sizeof(struct view_path));
}

bool
tcpd_view_join(struct tcpd_view *v, const struct region *region)
{
    uint64_t at = SHM_LINE;

    return view_table_join(&v->conns, region, &at, VIEW_CONNS,
                           sizeof(struct view_conn)) &&
           view_table_join(&v->listeners, region, &at, VIEW_LISTENERS,
                           sizeof(struct view_listener));
}
