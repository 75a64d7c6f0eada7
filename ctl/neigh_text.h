/* SPDX-License-Identifier: MIT */
/* Neighbours in the words of `ip neigh`. Rows come from shared memory: any number
 * may stand anywhere. */
#ifndef CTL_NEIGH_TEXT_H
#define CTL_NEIGH_TEXT_H

#include "proto/shm/view.h"

#include <stdbool.h>

/* "REACHABLE", ...; what is no state is "NONE". */
const char *neigh_state_name(uint8_t state);

/* Has it ever said its hardware address? */
bool neigh_is_known(const struct view_neigh *n);

#endif
