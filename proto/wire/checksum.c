/* SPDX-License-Identifier: MIT */
/* The Internet checksum: RFC 1071, and RFC 1624 for incremental updates.
 *
 * A one's complement sum of 16-bit words does not depend on byte order, but for
 * a swap of the result (RFC 1071 2(B)), nor on how wide the words are that one
 * adds, as long as every carry comes back at the bottom. So bytes are summed in
 * the order and the width that the machine likes, and only checksum_fold turns
 * the result into a number. */
#include "proto/wire/checksum.h"

#include "proto/wire/be.h"

#include <string.h>

/* Two lanes that SSE2 and NEON, the least that amd64 and arm64 have, add at
 * once; the compiler lowers it to scalars elsewhere. */
typedef uint64_t lanes_t __attribute__((vector_size(16)));

#define BLOCK 64 /* bytes a round of the main loop */

static inline uint64_t
add_carry(uint64_t sum, uint64_t word)
{
    sum += word;
    return sum + (sum < word);
}

/* Adds the four 32-bit words in 16 bytes at `p`. Each lane grows by less than
 * 2^33, so it overflows after 32 GiB at the earliest. */
static inline lanes_t
add_lanes(lanes_t acc, const uint8_t *p)
{
    const lanes_t low = {UINT32_MAX, UINT32_MAX};
    lanes_t v;

    memcpy(&v, p, sizeof v);
    return acc + (v & low) + (v >> 32);
}

/* `len` is a multiple of BLOCK. Two accumulators, because one add waits for the
 * one before it. */
static uint64_t
add_blocks(uint64_t sum, const uint8_t *p, size_t len)
{
    lanes_t a = {0, 0};
    lanes_t b = {0, 0};

    for (const uint8_t *end = p + len; p != end; p += BLOCK) {
        a = add_lanes(a, p);
        b = add_lanes(b, p + 16);
        a = add_lanes(a, p + 32);
        b = add_lanes(b, p + 48);
    }
    sum = add_carry(sum, a[0]);
    sum = add_carry(sum, a[1]);
    sum = add_carry(sum, b[0]);
    return add_carry(sum, b[1]);
}

/* Fewer than 8 bytes, the end of the data. */
static uint64_t
add_tail(uint64_t sum, const uint8_t *p, size_t len)
{
    uint32_t word;
    uint16_t half;

    if (len & 4) {
        memcpy(&word, p, sizeof word);
        sum = add_carry(sum, word);
        p += sizeof word;
    }
    if (len & 2) {
        memcpy(&half, p, sizeof half);
        sum = add_carry(sum, half);
        p += sizeof half;
    }
    if (len & 1) {
        half = 0; /* its second byte in memory is the padding */
        memcpy(&half, p, 1);
        sum = add_carry(sum, half);
    }
    return sum;
}

uint64_t
checksum_add(uint64_t sum, const void *bytes, size_t len)
{
    const uint8_t *p = bytes;
    uint64_t word;

    if (len >= BLOCK) {
        size_t blocks = len & ~(size_t)(BLOCK - 1);

        sum = add_blocks(sum, p, blocks);
        p += blocks;
        len -= blocks;
    }
    for (; len >= sizeof word; p += sizeof word, len -= sizeof word) {
        memcpy(&word, p, sizeof word);
        sum = add_carry(sum, word);
    }
    return add_tail(sum, p, len);
}

/* The same sum in 16 bits, still in the machine's order of bytes. */
static uint16_t
reduce(uint64_t sum)
{
    sum = (sum & UINT32_MAX) + (sum >> 32);
    sum = (sum & UINT32_MAX) + (sum >> 32);
    sum = (sum & UINT16_MAX) + (sum >> 16);
    sum = (sum & UINT16_MAX) + (sum >> 16);
    return (uint16_t)sum;
}

uint64_t
checksum_join(uint64_t sum, uint64_t piece, size_t offset)
{
    uint16_t part = reduce(piece);

    return add_carry(sum, offset % 2 == 0 ? part : __builtin_bswap16(part));
}

uint64_t
checksum_pseudo_v4(struct addr src, struct addr dst, uint8_t proto,
                   uint32_t len)
{
    uint8_t pseudo[16];

    memcpy(pseudo, src.b + 12, 4);
    memcpy(pseudo + 4, dst.b + 12, 4);
    be32_store(pseudo + 8, proto);
    be32_store(pseudo + 12, len);
    return checksum_add(0, pseudo, sizeof pseudo);
}

uint16_t
checksum_fold(uint64_t sum)
{
    return (uint16_t)~be_swap16(reduce(sum));
}

bool
checksum_ok(uint64_t sum)
{
    return reduce(sum) == UINT16_MAX;
}

/* HC' = ~(~HC + ~m + m'), RFC 1624 eqn. 3. The shorter form of RFC 1141 gives
 * 0xffff where this and the full computation give 0x0000. */
uint16_t
checksum_update16(uint16_t check, uint16_t before, uint16_t after)
{
    uint32_t sum = (uint16_t)~check;

    sum += (uint16_t)~before;
    sum += after;
    return (uint16_t)~reduce(sum);
}

uint16_t
checksum_update32(uint16_t check, uint32_t before, uint32_t after)
{
    check = checksum_update16(check, (uint16_t)(before >> 16),
                              (uint16_t)(after >> 16));
    return checksum_update16(check, (uint16_t)before, (uint16_t)after);
}
