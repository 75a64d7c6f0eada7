/* SPDX-License-Identifier: MIT */
/* The descriptors that outlive every daemon: regions, bells, the device and the
 * listening socket of the client requests. */
#ifndef CTL_STORE_H
#define CTL_STORE_H

#include "ctl/setup.h"
#include "proto/shm/cnc.h"
#include "proto/shm/conf.h"
#include "proto/shm/layout.h"
#include "proto/shm/region.h"
#include "proto/shm/ring.h"

#include <stdbool.h>
#include <stdint.h>

struct stored {
    int writable; /* for its one writer; -1: none such */
    int readonly; /* for everyone else */
};

struct store {
    uint64_t epoch; /* of this instance, random */
    struct stored regions[REGIONS];
    int bells[DAEMONS][DAEMONS]; /* [who rings][who hears]; -1: no such pair */
    int link[LINKS_MAX], listen; /* -1: none */

    /* How many there are: those from this number on would belong to links that
     * there are not, and have neither regions nor bells nor cnc nor rings. */
    uint32_t daemons;

    /* The supervisor's own view. */
    struct region conf_region;
    struct conf_shm *conf;
    struct conf_tables tables; /* as last shown */
    const struct cnc_shm *cnc[DAEMONS];
    const struct ring_shm *rings[RINGS];
};

/* A new region with both of its descriptors. False, errno set. */
bool store_region(struct stored *out, uint32_t id, uint64_t size,
                  uint64_t epoch) __attribute__((warn_unused_result));

/* Gives its memory back at once, whoever still maps it, and closes it. */
void store_region_punch(struct stored *region, uint64_t size);

/* Creates everything, with `setup` written into the conf region; `listen` is
 * kept. False: said on stderr what went wrong. */
bool store_open(struct store *store, const struct setup *setup, int listen)
    __attribute__((warn_unused_result));

/* Shows everybody new tables, and wakes who sleeps. */
void store_show(struct store *store, const struct conf_tables *tables);

/* Is there something in `ring` that its consumer has not taken? */
bool store_ring_waits(const struct store *store, enum ring_id ring);

#endif
