/* SPDX-License-Identifier: MIT */
/* The supervisor's tables, shown whole: two copies, of which one holds. */
#include "proto/shm/conf.h"

#include <stdatomic.h>
#include <string.h>

struct conf_shm *
conf_of(const struct region *region)
{
    if (region->base == NULL || region->size < sizeof(struct conf_shm))
        return NULL;
    return (void *)region->base;
}

static void
copy_out(struct conf_tables *out, const _Atomic uint64_t from[CONF_WORDS])
{
    uint8_t *to = (uint8_t *)out;

    for (size_t w = 0; w < CONF_WORDS; w++) {
        uint64_t word = atomic_load_explicit(&from[w], memory_order_relaxed);

        memcpy(to + w * sizeof word, &word, sizeof word);
    }
}

static void
copy_in(_Atomic uint64_t to[CONF_WORDS], const struct conf_tables *tables)
{
    const uint8_t *from = (const uint8_t *)tables;
    uint64_t word;

    for (size_t w = 0; w < CONF_WORDS; w++) {
        memcpy(&word, from + w * sizeof word, sizeof word);
        atomic_store_explicit(&to[w], word, memory_order_relaxed);
    }
}

/* A copy is torn only when the tables were replaced twice meanwhile; then the
 * version has moved, and the next look finds the newer ones. */
bool
conf_look(const struct conf_shm *conf, uint64_t *version,
          struct conf_tables *out)
{
    uint64_t now = atomic_load_explicit(&conf->version, memory_order_acquire);

    while (now != *version) {
        uint64_t before = now;

        copy_out(out, conf->tables[now % 2]);
        atomic_thread_fence(memory_order_acquire);
        now = atomic_load_explicit(&conf->version, memory_order_relaxed);
        if (now == before) {
            *version = now;
            return true;
        }
    }
    return false;
}

void
conf_show(struct conf_shm *conf, const struct conf_tables *tables)
{
    uint64_t next =
        atomic_load_explicit(&conf->version, memory_order_relaxed) + 1;

    /* The copy that is overwritten was last shown one version ago: a reader
     * that is still at it, and sees a word of this one, sees the version that
     * has moved since. Pairs with the fence of conf_look. */
    atomic_thread_fence(memory_order_release);
    copy_in(conf->tables[next % 2], tables);
    atomic_store_explicit(&conf->version, next, memory_order_release);
}
