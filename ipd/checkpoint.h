/* SPDX-License-Identifier: MIT */
/* What of ipd outlives ipd: how far it has taken and published, and its
 * neighbours. */
#ifndef IPD_CHECKPOINT_H
#define IPD_CHECKPOINT_H

#include "ipd/core/neigh.h"
#include "proto/shm/layout.h"
#include "proto/shm/record.h"
#include "proto/shm/region.h"

#include <assert.h>
#include <stdbool.h>
#include <stdint.h>

/* As of the end of a turn. */
struct positions {
    uint64_t link_rx[LINKS_MAX]; /* heads of the inputs */
    uint64_t tcp_tx;
    uint64_t ip_tx[LINKS_MAX]; /* tails of the outputs */
    uint64_t ip_rx;
    uint64_t announced; /* checksum of the network whose addresses were */
    uint64_t pinged;    /* the highest ping that was sent */
};
static_assert(sizeof(struct positions) == 8 * (2 * LINKS_MAX + 4),
              "ipd.state v1");

struct checkpoint {
    const struct region *state;
    struct record_set positions; /* one record */
    struct record_set neighbours;
    struct positions committed;
    uint64_t turn; /* the last that became true */
};

/* Boot only. False: the state region is too small. */
bool checkpoint_join(struct checkpoint *c, const struct region *state)
    __attribute__((warn_unused_result));

/* Boot only, once: undoes what a killed turn had begun, gives the neighbours
 * back to `t` and, when there ever was a turn, the positions. RECORD_CORRUPT:
 * there was one, and where it ended is not known. */
enum record_found checkpoint_recover(struct checkpoint *c,
                                     struct neigh_table *t, instant_t now,
                                     struct positions *p)
    __attribute__((warn_unused_result));

/* Makes the turn true, if anything changed in it. What reflects it may be
 * published only afterwards. */
void checkpoint_commit(struct checkpoint *c, struct neigh_table *t,
                       const struct positions *p);

#endif
