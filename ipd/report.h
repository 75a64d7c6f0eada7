/* SPDX-License-Identifier: MIT */
/* Tells senders that a packet of theirs got no further: tcpd by a notice, other
 * hosts by an ICMP error. */
#ifndef IPD_REPORT_H
#define IPD_REPORT_H

#include "ipd/ipd.h"

/* A segment from `src` to `dst` whose first 8 bytes at least are at `bytes`.
 * `code` is one of ICMP_DEST_UNREACHABLE, `mtu` goes with ICMP_FRAG_NEEDED. */
void report_segment(struct ipd *d, struct addr src, struct addr dst,
                    const uint8_t *bytes, uint8_t code, uint32_t mtu);

/* An ICMP error, if one is due, may be sent now, and the way back is known. */
void report_error(struct ipd *d, const struct icmp_error *e, instant_t now);

/* A forwarded packet whose next hop does not answer; its payload is at `bytes`. */
void report_unreachable(struct ipd *d, const struct outgoing *o,
                        const uint8_t *bytes, instant_t now);

#endif
