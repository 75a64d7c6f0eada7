/* SPDX-License-Identifier: MIT */
/* From a packet that knows its next hop to a frame that knows its MAC address:
 * at once, after waiting for ARP, or never. */
#ifndef IPD_SEND_H
#define IPD_SEND_H

#include "ipd/transmit.h"

/* Sends the packet, keeps a copy of it to wait for ARP, or gives it up; then
 * whoever it is from has been told. */
enum drop send_packet(struct ipd *d, const struct outgoing *o,
                      const struct payload *p, instant_t now)
    __attribute__((warn_unused_result));

/* Sends the requests that are due; how many. */
uint32_t send_requests(struct ipd *d, instant_t now);

/* Sends or gives up what need not wait any longer; how many. With d->waits, some
 * of it waits for room. */
uint32_t send_pending(struct ipd *d, instant_t now);

#endif
