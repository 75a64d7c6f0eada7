/* SPDX-License-Identifier: MIT */
/* Puts packets behind the tail of a link's ip.tx, not yet visible. */
#ifndef IPD_TRANSMIT_H
#define IPD_TRANSMIT_H

#include "ipd/core/arp.h"
#include "ipd/ipd.h"

/* Where the bytes lie that follow what struct outgoing holds. */
struct payload {
    const uint8_t *bytes;   /* NULL when there are none */
    const struct taken *in; /* they stay in this packet's region; NULL: they are
                               ours and are copied */
    uint32_t offset;        /* in that packet's payload */
};

/* The packet to the host `to` on its path's link, in fragments where it is too
 * long. False: there is no room, and nothing has been staged. */
bool transmit_packet(struct ipd *d, const struct outgoing *o, struct mac to,
                     const struct payload *p)
    __attribute__((warn_unused_result));

/* An ARP packet; `full` is what it is called when there is no room. */
enum drop transmit_arp(struct ipd *d, uint32_t link,
                       const uint8_t frame[ARP_FRAME], enum drop full)
    __attribute__((warn_unused_result));

/* Is there room on the link for one more packet that is not ours, beside what is
 * kept free for answers? */
bool transmit_has_room(struct ipd *d, uint32_t link)
    __attribute__((warn_unused_result));

/* The same for a packet that can wait. */
enum transmit_room {
    TRANSMIT_ROOM,
    TRANSMIT_WAIT, /* not now; d->waits is set, and d->retry lowered */
    TRANSMIT_NEVER /* nobody has taken anything for so long that waiting would
                      only hold up the other links */
};
enum transmit_room transmit_room(struct ipd *d, uint32_t link, instant_t now)
    __attribute__((warn_unused_result));

/* A packet that found no room although it may use all there is: wait, or give
 * it up? */
enum transmit_room transmit_patience(struct ipd *d, uint32_t link,
                                     instant_t now)
    __attribute__((warn_unused_result));

#endif
