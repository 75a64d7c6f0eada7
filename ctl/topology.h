/* SPDX-License-Identifier: MIT */
/* Who gets what: one row a daemon, from which its handover is made. */
#ifndef CTL_TOPOLOGY_H
#define CTL_TOPOLOGY_H

#include "ctl/store.h"
#include "proto/shm/handover.h"

#include <stdbool.h>
#include <stddef.h>

/* Is `daemon` the writer of `region`, or a reader? */
bool topology_writes(enum daemon_id daemon, enum region_id region);
bool topology_reads(enum daemon_id daemon, enum region_id region);

/* Do the two exchange a ring, so that each may ring the other's bell? */
bool topology_adjacent(enum daemon_id a, enum daemon_id b);

/* The n-th message of the daemon's handover (n from 0) and its descriptor, which
 * stays the store's. False: there are no more than n. */
bool topology_message(const struct store *store, enum daemon_id daemon,
                      size_t n, struct handover *msg, int *fd)
    __attribute__((warn_unused_result));

#endif
