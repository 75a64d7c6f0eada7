/* SPDX-License-Identifier: MIT */
/* ICMP echo, and the numbers of ICMP's errors (RFC 792). */
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

struct icmp_echo {
    uint8_t type; /* ICMP_ECHO_REQUEST or ICMP_ECHO_REPLY */
    uint16_t id;
    uint16_t seq;
};

/* Reads a message of which `len` bytes are at `bytes`, at least the header of
 * ICMP_HEADER_LEN bytes; `payload_sum` is checksum_add over the message from
 * byte ICMP_HEADER_LEN on. Anything but a valid echo is a drop: for it *out
 * holds nothing to rely on. */
enum drop icmp_echo_decode(const uint8_t *bytes, size_t len,
                           uint64_t payload_sum, struct icmp_echo *out)
    __attribute__((warn_unused_result));

/* Writes the header with the checksum of a message with that payload. */
void icmp_echo_encode(uint8_t out[ICMP_HEADER_LEN], const struct icmp_echo *e,
                      uint64_t payload_sum);

#endif
