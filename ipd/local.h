/* SPDX-License-Identifier: MIT */
/* Datagrams that are ours: put together, answered, or given to tcpd. */
#ifndef IPD_LOCAL_H
#define IPD_LOCAL_H

#include "ipd/core/ip_input.h"
#include "ipd/ipd.h"

/* The frame in which a datagram, or the last part of one, came. */
struct arrival {
    const struct taken *in;
    const uint8_t *header; /* a copy of its IPv4 header */
    struct mac from;
    uint32_t link;
};

/* `dg` is ours, and a fragment perhaps. */
enum drop local_take(struct ipd *d, const struct arrival *a,
                     const struct datagram *dg, instant_t now)
    __attribute__((warn_unused_result));

/* Gives up the datagrams that stayed unfinished too long; how many. */
uint32_t local_expire(struct ipd *d, instant_t now);

#endif
