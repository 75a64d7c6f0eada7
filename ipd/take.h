/* SPDX-License-Identifier: MIT */
/* One packet off an input ring. */
#ifndef IPD_TAKE_H
#define IPD_TAKE_H

#include "ipd/ipd.h"

/* Takes the packet at the head of `i`, which has one, whatever becomes of it:
 * it is staged, kept to wait for ARP, or dropped and counted. A segment of
 * tcpd's is taken only while stage_has_bulk_room(). */
void take_packet(struct ipd *d, struct intake *i, instant_t now);

#endif
