/* SPDX-License-Identifier: MIT */
/* ICMP messages (RFC 792): the header of all, and echo. */
#ifndef PROTO_WIRE_ICMP_H
#define PROTO_WIRE_ICMP_H

#include "proto/drops.h"

#include <stddef.h>
#include <stdint.h>

#define ICMP_HEADER_LEN 8

#define ICMP_ECHO_REPLY        0
#define ICMP_DEST_UNREACHABLE  3
#define ICMP_REDIRECT          5
#define ICMP_ECHO_REQUEST      8
#define ICMP_TIME_EXCEEDED     11
#define ICMP_PARAMETER_PROBLEM 12
#define ICMP_TIMESTAMP         13
#define ICMP_TIMESTAMP_REPLY   14
#define ICMP_INFO_REQUEST      15
#define ICMP_INFO_REPLY        16
#define ICMP_MASK_REQUEST      17
#define ICMP_MASK_REPLY        18

/* Codes of ICMP_DEST_UNREACHABLE. */
#define ICMP_NET_UNREACHABLE      0
#define ICMP_HOST_UNREACHABLE     1
#define ICMP_PROTOCOL_UNREACHABLE 2
#define ICMP_PORT_UNREACHABLE     3
#define ICMP_FRAG_NEEDED          4 /* next hop's MTU in bytes 6 and 7: RFC 1191 */
#define ICMP_ADMIN_PROHIBITED     13

/* Codes of ICMP_TIME_EXCEEDED. */
#define ICMP_TTL_EXCEEDED        0
#define ICMP_REASSEMBLY_EXCEEDED 1

struct icmp_header {
    uint8_t type, code;
    uint32_t rest; /* bytes 4 to 7 as one number; their meaning is the type's */
};

/* Reads a message of which `len` bytes are at `bytes`, at least the header of
 * ICMP_HEADER_LEN bytes; `payload_sum` is checksum_add over the message from
 * byte ICMP_HEADER_LEN on. DROP_NONE: it is not damaged. On a drop *out holds
 * nothing to rely on. */
enum drop icmp_decode(const uint8_t *bytes, size_t len, uint64_t payload_sum,
                      struct icmp_header *out)
    __attribute__((warn_unused_result));

/* Writes the header with the checksum of a message with that payload. */
void icmp_encode(uint8_t out[ICMP_HEADER_LEN], const struct icmp_header *h,
                 uint64_t payload_sum);

struct icmp_echo {
    uint8_t type; /* ICMP_ECHO_REQUEST or ICMP_ECHO_REPLY */
    uint16_t id;
    uint16_t seq;
};

/* The same for echo. Anything else is a drop. */
enum drop icmp_echo_decode(const uint8_t *bytes, size_t len,
                           uint64_t payload_sum, struct icmp_echo *out)
    __attribute__((warn_unused_result));

void icmp_echo_encode(uint8_t out[ICMP_HEADER_LEN], const struct icmp_echo *e,
                      uint64_t payload_sum);

#endif
