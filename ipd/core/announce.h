/* SPDX-License-Identifier: MIT */
/* Telling the links which addresses are ours, and defending them (RFC 5227). */
#ifndef IPD_CORE_ANNOUNCE_H
#define IPD_CORE_ANNOUNCE_H

#include "base/time.h"
#include "proto/wire/net.h"

#include <stdbool.h>
#include <stdint.h>

struct announced {
    struct addr addr;
    uint32_t link;
    uint32_t left;      /* announcements to send */
    instant_t due;      /* the next one */
    instant_t defended; /* last, 0: never */
};

struct announce {
    const struct net *net;
    instant_t next; /* nothing is due before */
    uint32_t count;
    struct announced addresses[NET_ADDRESSES];
};

/* `net` outlives it. No address is known yet. */
void announce_init(struct announce *a, const struct net *net);

/* The network may have changed: addresses that were not there before are
 * announced. */
void announce_review(struct announce *a, instant_t now);

/* All that there are have been announced by somebody else. */
void announce_done(struct announce *a);

/* Another host on `link` claims our address: claims it back, once in ten seconds
 * at most. Returns whether it does. */
bool announce_defend(struct announce *a, uint32_t link, struct addr addr,
                     instant_t now);

/* Takes the next announcement that is due; false when there is none. */
bool announce_pull(struct announce *a, instant_t now, uint32_t *link,
                   struct addr *addr) __attribute__((warn_unused_result));

static inline instant_t
announce_deadline(const struct announce *a)
{
    return a->next;
}

#endif
