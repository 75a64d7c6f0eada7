/* SPDX-License-Identifier: MIT */
/* One packet off an input ring. */
#ifndef IPD_TAKE_H
#define IPD_TAKE_H

#include "ipd/ipd.h"

/* Takes the packet at the head of `i`, which has one, whatever becomes of it:
 * it is staged, kept to wait for ARP or for its other fragments, or dropped and
 * counted. False: it is a segment of tcpd's that stays where it is, since its
 * link has no room; d->waits is set. */
bool take_packet(struct ipd *d, struct intake *i, instant_t now)
    __attribute__((warn_unused_result));

#endif
