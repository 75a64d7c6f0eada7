/* SPDX-License-Identifier: MIT */
/* Packets for others, passed on from link to link (RFC 1812). */
#ifndef IPD_CORE_FORWARD_H
#define IPD_CORE_FORWARD_H

#include "ipd/core/icmp_error.h"
#include "ipd/core/ip_input.h"
#include "ipd/core/ip_output.h"

#include <stdbool.h>
#include <stdint.h>

/* May this datagram, which is not ours, be passed on at all? Asked before
 * anything is looked up. */
enum drop forward_may(const struct net *net, const struct datagram *d)
    __attribute__((warn_unused_result));

#define FORWARD_TCP 18 /* bytes of TCP's header up to behind its checksum */

/* How the frame carries it. */
struct forward_frame {
    const uint8_t *head; /* from the Ethernet header on: a copy of at least
                             both headers */
    uint32_t link;       /* where it came in */
    bool csum_vouched;   /* the checksum is right, or need not be */
    bool csum_partial;   /* it is not complete: as in struct outgoing */
    uint16_t csum_start, csum_offset;
    uint16_t gso_size;         /* 0: one packet */
    uint8_t tcp[SEGMENT_HEAD]; /* gso_size > 0: TCP's header */
};

/* Decides where it goes and writes its new header: on DROP_NONE all of *out,
 * the payload being what follows in the frame behind out->head_len bytes of
 * IPv4 packet. Otherwise error->type says whether its sender is to be told, and
 * what; 0: not. The rest of *error is left to the caller. */
enum drop forward_packet(const struct net *net, const struct datagram *d,
                         const struct forward_frame *f, struct outgoing *out,
                         struct icmp_error *error)
    __attribute__((warn_unused_result));

#endif
