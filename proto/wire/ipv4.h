/* SPDX-License-Identifier: MIT */
/* The IPv4 header (RFC 791). */
#ifndef PROTO_WIRE_IPV4_H
#define PROTO_WIRE_IPV4_H

#include "proto/drops.h"
#include "proto/wire/addr.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define IPV4_HEADER_LEN 20 /* without options, all that is ever sent */
#define IPV4_HEADER_MAX 60
#define IPV4_PACKET_MAX 65535

#define IP_PROTO_ICMP 1
#define IP_PROTO_TCP  6
#define IP_PROTO_UDP  17

struct ipv4 {
    struct addr src, dst;
    uint8_t ttl;
    uint8_t proto;      /* IP_PROTO_* */
    uint8_t tos;        /* DSCP and ECN */
    uint8_t header_len; /* bytes, options included: where the payload starts */
    uint16_t total_len; /* bytes, header included: frame padding is not */
    uint16_t id;
    uint16_t frag_offset; /* bytes, a multiple of 8 */
    bool more;            /* more fragments follow */
    bool dont_fragment;
};

/* Is the packet only a part of a datagram? */
static inline bool
ipv4_is_fragment(const struct ipv4 *ip)
{
    return ip->more || ip->frag_offset != 0;
}

/* Reads the header of a packet of `available` bytes, of which the first
 * `copied` are at `bytes`: all of it, or at least IPV4_HEADER_MAX. Checks all
 * that the header alone can tell: version, lengths, checksum, the form of the
 * options; source routes are refused (RFC 7126 4.3, 4.4). A whole GSO packet
 * has one header, so total_len may be far above any MTU. On a drop *out holds
 * nothing to rely on. */
enum drop ipv4_decode(const uint8_t *bytes, size_t copied, size_t available,
                      struct ipv4 *out) __attribute__((warn_unused_result));

/* Writes a header without options, with its checksum. header_len is not looked
 * at; total_len counts IPV4_HEADER_LEN; both addresses are IPv4. */
void ipv4_encode(uint8_t out[IPV4_HEADER_LEN], const struct ipv4 *ip);

/* Writes one less into the TTL of a header that lies at `header`, and mends its
 * checksum. The TTL is not 0. */
void ipv4_decrement_ttl(uint8_t *header);

#endif
