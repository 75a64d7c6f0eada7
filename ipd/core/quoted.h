/* SPDX-License-Identifier: MIT */
/* ICMP errors that we receive, and the packet of ours that they quote. */
#ifndef IPD_CORE_QUOTED_H
#define IPD_CORE_QUOTED_H

#include "proto/drops.h"
#include "proto/wire/icmp.h"
#include "proto/wire/net.h"

#include <stdint.h>

struct quoted {
    uint8_t type, code;         /* of the error */
    uint8_t proto;              /* IP_PROTO_TCP, or IP_PROTO_ICMP: a ping */
    uint32_t mtu;               /* FRAG_NEEDED: of the next hop, 0: not said */
    struct addr local, remote;  /* of the packet; local is ours */
    uint16_t packet_len;        /* its total length, as quoted */
    uint16_t local_port;        /* TCP */
    uint16_t remote_port;       /* TCP */
    uint32_t seq;               /* TCP */
    uint16_t echo_id, echo_seq; /* ICMP */
};

/* Is the message, by its first byte, one that quoted_decode() may take: neither
 * echo nor echo reply? */
static inline bool
quoted_is_error(uint8_t type)
{
    return type != ICMP_ECHO_REQUEST && type != ICMP_ECHO_REPLY;
}

/* Reads the ICMP message of `len` bytes at `message`, which may change
 * meanwhile. DROP_NONE: it is an error that can be acted on, about a packet
 * that we may have sent; whether we did is known to who keeps the connection or
 * the ping (RFC 5927 4.1). On a drop *out holds nothing to rely on. */
enum drop quoted_decode(const struct net *net, const uint8_t *message,
                        uint32_t len, struct quoted *out)
    __attribute__((warn_unused_result));

#endif
