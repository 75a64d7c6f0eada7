/* SPDX-License-Identifier: MIT */
/* Who may hold how much of the memory for reassembly. For frag.c alone. */
#ifndef IPD_CORE_FRAG_POOL_H
#define IPD_CORE_FRAG_POOL_H

#include "ipd/core/frag.h"

#include <stdbool.h>
#include <stdint.h>

void frag_pool_init(struct frag_table *t);

/* A datagram of the fragment's source that holds nothing yet, in state
 * FRAG_OPEN. NULL: everybody else has a better right. */
struct frag_datagram *frag_pool_take(struct frag_table *t,
                                     const struct ipv4 *ip, instant_t now)
    __attribute__((warn_unused_result));

/* Gives `d` the blocks for `len` > 0 bytes from `offset` on that it has not got
 * yet. False: everybody else has a better right; `d` is as before. */
bool frag_pool_reserve(struct frag_table *t, struct frag_datagram *d,
                       uint32_t offset, uint32_t len, instant_t now)
    __attribute__((warn_unused_result));

/* Takes all blocks from `d`, which keeps its name. */
void frag_pool_strip(struct frag_table *t, struct frag_datagram *d);

/* Frees `d` and all that it has. */
void frag_pool_release(struct frag_table *t, struct frag_datagram *d);

#endif
