/* SPDX-License-Identifier: MIT */
/* ipd's way from handed-over regions to its first turn. */
#ifndef IPD_JOIN_H
#define IPD_JOIN_H

#include "ipd/ipd.h"

/* Boot only: joins the rings and recovers. d->regions, d->cnc, d->secret, d->links
 * and the doorbells are set and all else zero. False: a region does not have the
 * shape that the tables say. */
bool join_all(struct ipd *d, instant_t now) __attribute__((warn_unused_result));

#endif
