/* SPDX-License-Identifier: MIT */
/* Puts one packet each behind the tail of ip.rx, to tcpd, not yet visible. */
#ifndef IPD_DELIVER_H
#define IPD_DELIVER_H

#include "ipd/core/ip_input.h"
#include "ipd/ipd.h"
#include "proto/shm/notice.h"

/* A datagram in a received frame. */
enum drop deliver_received(struct ipd *d, const struct taken *in,
                           const struct datagram *dg)
    __attribute__((warn_unused_result));

/* A datagram of which we hold the dg->len bytes of payload. */
enum drop deliver_copy(struct ipd *d, const struct datagram *dg,
                       const uint8_t *payload)
    __attribute__((warn_unused_result));

/* A segment of tcpd's to our own address. */
enum drop deliver_turned_round(struct ipd *d, const struct taken *in)
    __attribute__((warn_unused_result));

/* What became of a segment of tcpd's. Lost without a trace when there is no
 * room: so could be the ICMP message that it stands for. */
void deliver_notice(struct ipd *d, const struct notice *n);

#endif
