/* SPDX-License-Identifier: MIT */
/* Which units of 8 bytes of a datagram are held, and how they were cut. For
 * frag.c alone. Ranges are units from..to-1 with from < to. */
#ifndef IPD_CORE_FRAG_MAP_H
#define IPD_CORE_FRAG_MAP_H

#include "ipd/core/frag.h"

#include <stdbool.h>
#include <stdint.h>

/* Is any of them held? */
bool frag_map_touches(const struct frag_map *m, uint32_t from, uint32_t to);

/* Were exactly these added as one? */
bool frag_map_holds(const struct frag_map *m, uint32_t from, uint32_t to);

/* None of them is held yet. */
void frag_map_add(struct frag_map *m, uint32_t from, uint32_t to);

#endif
