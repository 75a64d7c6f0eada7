/* SPDX-License-Identifier: MIT */
/* What of ipd outlives ipd: how far it has taken and published, and its
 * neighbours. */
#ifndef IPD_CHECKPOINT_H
#define IPD_CHECKPOINT_H

#include "ipd/core/neigh.h"
#include "proto/shm/record.h"
#include "proto/shm/region.h"

#include <assert.h>
#include <stdbool.h>
#include <stdint.h>

/* Of the rings, as of the end of a turn. */
struct positions {
    uint64_t link_rx, tcp_tx; /* heads of the inputs */
    uint64_t ip_rx, ip_tx;    /* tails of the outputs */
};
static_assert(sizeof(struct positions) == 32, "ipd.state v1");

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
                                     struct neigh_table *t, struct positions *p)
    __attribute__((warn_unused_result));

/* Makes the turn true, if anything changed in it. What reflects it may be
 * published only afterwards. */
void checkpoint_commit(struct checkpoint *c, struct neigh_table *t,
                       const struct positions *p);

#endif
