/* SPDX-License-Identifier: MIT */
/* Names of a neighbour's states. */
#include "ctl/neigh_text.h"

#include "base/bits.h"

const char *
neigh_state_name(uint8_t state)
{
    static const char *const names[] = {
        [VIEW_NEIGH_NONE] = "NONE",
        [VIEW_NEIGH_INCOMPLETE] = "INCOMPLETE",
        [VIEW_NEIGH_REACHABLE] = "REACHABLE",
        [VIEW_NEIGH_STALE] = "STALE",
        [VIEW_NEIGH_PROBE] = "PROBE",
        [VIEW_NEIGH_FAILED] = "FAILED",
    };

    return state < ARRAY_LEN(names) ? names[state] : "NONE";
}

bool
neigh_is_known(const struct view_neigh *n)
{
    return n->state == VIEW_NEIGH_REACHABLE || n->state == VIEW_NEIGH_STALE ||
           n->state == VIEW_NEIGH_PROBE;
}
