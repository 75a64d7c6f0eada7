/* SPDX-License-Identifier: MIT */
/* What both directions of a link say of themselves in linkd's cnc. */
#ifndef LINKD_WIRE_H
#define LINKD_WIRE_H

#include "linkd/impair.h"
#include "proto/shm/cnc.h"
#include "proto/shm/layout.h"

#include <stdint.h>

#define WIRE_POSITION_MASK UINT64_C(0xffffffffffff) /* of a slot, in the cnc */

static inline void
wire_working_on(struct cnc *cnc, uint32_t ring, uint64_t at)
{
    cnc_working_on(cnc, CNC_WORK_SLOT,
                   (uint64_t)ring << 48 | (at & WIRE_POSITION_MASK));
}

static inline void
wire_count_lost(struct cnc *cnc, struct impair *impair)
{
    for (uint32_t lost = impair_lost(impair); lost > 0; lost--)
        cnc_drop(cnc, DROP_LINK_IMPAIRED);
}

#endif
