/* SPDX-License-Identifier: MIT */
/* The Internet checksum: RFC 1071, and RFC 1624 for incremental updates. */
#ifndef PROTO_WIRE_CHECKSUM_H
#define PROTO_WIRE_CHECKSUM_H

#include "proto/wire/addr.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* A running sum is a uint64_t that starts at 0 and means something only to the
 * functions below: a one's complement sum of the bytes as the machine loads
 * them. A checksum is a uint16_t in host order, the number that RFC texts
 * print; be16_store puts it into a header. */

/* The running sum with `len` bytes more, of any alignment. A piece of odd
 * length counts as padded by a zero byte, so it can only be the last one; for
 * pieces cut anywhere there is checksum_join. */
uint64_t checksum_add(uint64_t sum, const void *bytes, size_t len);

/* The running sum with `piece`, itself a running sum from 0, of bytes that
 * start `offset` bytes into the whole: where `offset` is odd its bytes change
 * places, as RFC 1071 2(B) allows. */
uint64_t checksum_join(uint64_t sum, uint64_t piece, size_t offset);

/* What a TCP or UDP checksum covers besides the segment: `len` is the
 * segment's length with its header. Add the segment to it. */
uint64_t checksum_pseudo_v4(struct addr src, struct addr dst, uint8_t proto,
                            uint32_t len);

/* The checksum that goes into the header: the complement of the sum, in host
 * order. The checksum field counted as zero while adding. */
uint16_t checksum_fold(uint64_t sum);

/* Does the sum over everything, the checksum field as received included, say
 * that no byte was damaged? */
bool checksum_ok(uint64_t sum) __attribute__((warn_unused_result));

/* The checksum after one aligned 16-bit or 32-bit word that it covers changed
 * from `before` to `after`, all in host order (RFC 1624 eqn. 3). */
uint16_t checksum_update16(uint16_t check, uint16_t before, uint16_t after);
uint16_t checksum_update32(uint16_t check, uint32_t before, uint32_t after);

#endif
