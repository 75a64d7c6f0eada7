/* SPDX-License-Identifier: MIT */
/* Creates the shared memory of an instance. All of it is made before the first
 * daemon starts and lives until the supervisor ends; a daemon's successor gets
 * the very same files. */
#define _GNU_SOURCE 1
#include "ctl/store.h"

#include "base/os/clock.h"
#include "base/os/log.h"
#include "ctl/topology.h"
#include "proto/shm/view.h"

#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/eventfd.h>
#include <sys/random.h>
#include <unistd.h>

static const struct ring_row *
ring_in(uint32_t region)
{
    for (size_t i = 0; i < RINGS; i++) {
        if (ring_table[i].region == region)
            return &ring_table[i];
    }
    return NULL;
}

static uint64_t
region_bytes(uint32_t id)
{
    const struct ring_row *row = ring_in(id);

    if (row != NULL)
        return ring_region_size(row->slots, row->slot_size, row->area);
    if (id == REGION_CONF)
        return sizeof(struct conf_shm);
    if (id == REGION_IPD_STATE)
        return IPD_STATE_SIZE;
    if (id == REGION_TCPD_STATE)
        return TCPD_STATE_SIZE;
    if (id == REGION_IPD_VIEW)
        return IPD_VIEW_SIZE;
    if (id == REGION_TCPD_VIEW)
        return TCPD_VIEW_SIZE;
    return sizeof(struct cnc_shm);
}

bool
store_region(struct stored *out, uint32_t id, uint64_t size, uint64_t epoch)
{
    out->readonly = -1;
    out->writable = region_create(id, size, epoch);
    if (out->writable < 0)
        return false;
    out->readonly = region_reopen_readonly(out->writable);
    if (out->readonly >= 0)
        return true;

    int why = errno;

    close(out->writable);
    out->writable = -1;
    errno = why;
    return false;
}

void
store_region_punch(struct stored *region, uint64_t size)
{
    if (region->writable < 0)
        return;
    /* Best effort: what cannot be punched goes with its last mapping. */
    if (fallocate(region->writable, FALLOC_FL_PUNCH_HOLE | FALLOC_FL_KEEP_SIZE,
                  0, (off_t)size) < 0)
        log_line("cannot punch out a region: %s", strerror(errno));
    close(region->writable);
    close(region->readonly);
    *region = (struct stored){.writable = -1, .readonly = -1};
}

/* The ring's shape is written through a mapping that ends at once; what stays is
 * read-only, except for conf. */
static bool
lay_out_ring(const struct stored *region, const struct ring_row *row)
{
    struct region r;

    if (!region_map(&r, region->writable, row->region, true))
        return false;
    ring_create(&r, row);
    region_unmap(&r);
    return true;
}

/* Has it a writer, or would that be a daemon that there is not? */
static bool
is_present(const struct store *store, uint32_t region)
{
    for (uint32_t d = store->daemons; d < DAEMONS; d++) {
        if (topology_writes(d, region))
            return false;
    }
    return region < REGION_IP_TX + store->daemons - DAEMON_LINKD ||
           region >= REGION_IP_RX;
}

static bool
open_regions(struct store *store)
{
    for (uint32_t id = REGION_NONE + 1; id < REGIONS; id++) {
        const struct ring_row *row = ring_in(id);

        store->regions[id] = (struct stored){.writable = -1, .readonly = -1};
        if (!is_present(store, id))
            continue;
        if (!store_region(&store->regions[id], id, region_bytes(id),
                          store->epoch))
            return false;
        if (row != NULL && !lay_out_ring(&store->regions[id], row))
            return false;
    }
    return true;
}

static bool
open_bells(struct store *store)
{
    for (uint32_t a = 0; a < DAEMONS; a++) {
        for (uint32_t b = 0; b < DAEMONS; b++) {
            store->bells[a][b] = -1;
            if (a >= store->daemons || b >= store->daemons ||
                !topology_adjacent(a, b))
                continue;
            store->bells[a][b] = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
            if (store->bells[a][b] < 0)
                return false;
        }
    }
    return true;
}

static bool
open_views(struct store *store)
{
    struct region r;

    if (!region_map(&store->conf_region, store->regions[REGION_CONF].writable,
                    REGION_CONF, true))
        return false;
    store->conf = conf_of(&store->conf_region);
    for (uint32_t d = 0; d < store->daemons; d++) {
        uint32_t id = REGION_CNC(d);

        if (!region_map(&r, store->regions[id].readonly, id, false))
            return false;
        store->cnc[d] = cnc_of(&r);
    }
    for (size_t i = 0; i < RINGS; i++) {
        uint32_t id = ring_table[i].region;

        if (!is_present(store, id))
            continue;
        if (!region_map(&r, store->regions[id].readonly, id, false))
            return false;
        store->rings[i] = region_at(&r, RING_OFFSET, sizeof *store->rings[i]);
    }
    return true;
}

bool
store_open(struct store *store, const struct setup *setup, int listen)
{
    uint32_t links = setup->tables.net.links;

    *store = (struct store){.daemons = DAEMON_LINKD + links, .listen = listen};
    for (uint32_t i = 0; i < LINKS_MAX; i++)
        store->link[i] = i < links ? setup->link[i] : -1;
    if (getrandom(&store->epoch, sizeof store->epoch, 0) !=
            (ssize_t)sizeof store->epoch ||
        !open_regions(store) || !open_bells(store) || !open_views(store)) {
        log_line("cannot create shared memory: %s", strerror(errno));
        return false;
    }
    store->conf->links = links;
    store_show(store, &setup->tables);
    store->conf->started_ns = clock_now().ns;
    store->conf->supervisor_pid = (uint32_t)getpid();
    return true;
}

/* The first bell that a daemon has wakes it; whether it sleeps does not matter. */
static void
wake(const struct store *store, uint32_t daemon)
{
    const uint64_t one = 1;

    for (uint32_t peer = 0; peer < store->daemons; peer++) {
        int bell = store->bells[peer][daemon];

        /* A counter that is full wakes as well. */
        if (bell >= 0 &&
            (write(bell, &one, sizeof one) == sizeof one || errno == EAGAIN))
            return;
    }
}

void
store_show(struct store *store, const struct conf_tables *tables)
{
    store->tables = *tables;
    conf_show(store->conf, tables);
    for (uint32_t d = 0; d < store->daemons; d++)
        wake(store, d);
}

bool
store_ring_waits(const struct store *store, enum ring_id ring)
{
    if (store->rings[ring] == NULL)
        return false;

    const struct cnc_shm *consumer = store->cnc[ring_table[ring].consumer];
    struct ring_depth depth =
        ring_observe(store->rings[ring], &consumer->cursors[ring]);

    return depth.tail != depth.head;
}
