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

/* A copy is torn only when the tables were replaced twice meanwhile; then the
 * version has moved, and the next look finds the newer ones. */
bool
conf_look(const struct conf_shm *conf, uint64_t *version,
          struct conf_tables *out)
{
    uint64_t now = atomic_load_explicit(&conf->version, memory_order_acquire);

    while (now != *version) {
        uint64_t before = now;

        memcpy(out, &conf->tables[now % 2], sizeof *out);
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
     * that is still at it sees the version move. */
    memcpy(&conf->tables[next % 2], tables, sizeof *tables);
    atomic_store_explicit(&conf->version, next, memory_order_release);
}
