/* SPDX-License-Identifier: MIT */
/* Puts one packet each behind the tails of ipd's outlets, not yet visible. */
#ifndef IPD_STAGE_H
#define IPD_STAGE_H

#include "ipd/core/arp.h"
#include "ipd/core/icmp.h"
#include "ipd/ipd.h"

/* A packet that was taken in, and where it stood. */
struct taken {
    struct packet packet; /* the checked copy */
    uint64_t at;          /* position in its ring */
};

/* A datagram in a received frame, to tcpd. */
enum drop stage_delivery(struct ipd *d, const struct taken *in,
                         const struct datagram *dg)
    __attribute__((warn_unused_result));

/* A segment of tcpd's to our own address, back to tcpd. */
enum drop stage_turned_round(struct ipd *d, const struct taken *in)
    __attribute__((warn_unused_result));

/* A segment of tcpd's to the link; there is bulk room. */
void stage_segment(struct ipd *d, const struct taken *in,
                   const struct segment *s, struct mac next_hop);

/* An echo reply, whose payload is the received request's. */
enum drop stage_echo(struct ipd *d, const struct taken *in,
                     const struct datagram *dg,
                     const uint8_t headers[ICMP_REPLY_HEADERS])
    __attribute__((warn_unused_result));

/* An ARP packet; `full` is what it is called when there is no room. */
enum drop stage_arp(struct ipd *d, const uint8_t frame[ARP_FRAME],
                    enum drop full) __attribute__((warn_unused_result));

/* The i-th oldest pending packet, which stays there. False: no room now. */
bool stage_pending(struct ipd *d, uint32_t i, struct mac next_hop)
    __attribute__((warn_unused_result));

/* Is there room for one more of tcpd's segments, beside what is kept free for
 * answers? */
bool stage_has_bulk_room(struct ipd *d);

#endif
