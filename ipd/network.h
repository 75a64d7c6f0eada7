/* SPDX-License-Identifier: MIT */
/* The network as the supervisor says it is, while it changes. */
#ifndef IPD_NETWORK_H
#define IPD_NETWORK_H

#include "ipd/ipd.h"

/* Boot only: d->conf is set. No network is taken over until network_look(). */
void network_init(struct ipd *d);

/* Once a turn: takes new tables over. A network that cannot be is left, people
 * are told once, and the last good one stays. How much there was to do. */
uint32_t network_look(struct ipd *d, instant_t now);

/* Boot only, after a look: nobody needs to be told of the addresses, because
 * the predecessor has told them. */
void network_is_announced(struct ipd *d);

/* Announces the addresses that are due; how many. */
uint32_t network_announce(struct ipd *d, instant_t now);

#endif
