/* SPDX-License-Identifier: MIT */
/* Where the headers of a TCP segment over IPv4 lie in an Ethernet frame. What
 * cuts and joins segments changes a few fields and copies the rest, so it works
 * on the bytes. */
#ifndef LINKD_TCPV4_H
#define LINKD_TCPV4_H

#include "proto/wire/addr.h"
#include "proto/wire/ether.h"

#include <stdbool.h>
#include <stdint.h>

#define TCPV4_IP ETHER_LEN /* offset of the IPv4 header */

/* Offsets of fields from the first byte of their header. */
enum {
    IPV4_TOS = 1,
    IPV4_TOTAL_LEN = 2,
    IPV4_ID = 4,
    IPV4_FRAGMENT = 6, /* flags and offset */
    IPV4_TTL = 8,
    IPV4_PROTO = 9,
    IPV4_CHECK = 10,
    IPV4_ADDRESSES = 12, /* source, destination */
    TCP_SEQ = 4,
    TCP_ACK_NUMBER = 8,
    TCP_DATA_OFFSET = 12,
    TCP_FLAGS = 13,
    TCP_WINDOW = 14
};

#define IPV4_DF            0x4000 /* in the word at IPV4_FRAGMENT */
#define IPV4_ADDRESSES_LEN 8

/* Offsets from the first byte of the frame. */
struct tcpv4 {
    uint32_t tcp;
    uint32_t payload;
    uint32_t end; /* of the IPv4 packet; what follows is padding */
};

/* False: the frame of `len` bytes, the first `copied` of which are at `bytes`,
 * is no whole TCP segment over IPv4, or not all of its headers are there. No
 * checksum is looked at. */
bool tcpv4_find(const uint8_t *bytes, uint32_t copied, uint32_t len,
                struct tcpv4 *out) __attribute__((warn_unused_result));

/* Writes a total length into the IPv4 header at `ip`, and the header's
 * checksum. */
void tcpv4_seal_ip(uint8_t *ip, uint32_t total_len);

/* Is the IPv4 header's checksum right? */
bool tcpv4_ip_ok(const uint8_t *ip) __attribute__((warn_unused_result));

/* The IPv4 header's addresses. */
struct addr tcpv4_src(const uint8_t *ip);
struct addr tcpv4_dst(const uint8_t *ip);

#endif
