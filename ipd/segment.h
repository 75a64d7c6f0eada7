/* SPDX-License-Identifier: MIT */
/* The segments that tcpd wants to send. */
#ifndef IPD_SEGMENT_H
#define IPD_SEGMENT_H

#include "ipd/ipd.h"

/* Sends the segment, turns it round to ourselves, keeps it to wait for ARP, or
 * says why it is dropped; tcpd has then been told what it can act on. False:
 * its link has no room, so that it is to be taken later; d->waits is set. */
bool segment_take(struct ipd *d, const struct taken *in, instant_t now,
                  enum drop *why) __attribute__((warn_unused_result));

#endif
