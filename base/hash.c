/* SPDX-License-Identifier: MIT */
/* SipHash-2-4 after Aumasson and Bernstein (2012), and a multiply-and-fold
 * checksum.
 *
 * The checksum runs four lanes so that the processor overlaps four multiplies:
 * a multiply takes about four cycles but another may start every cycle, and one
 * lane would wait for each. A step is lane = fold((lane ^ word) * m), where
 * fold xors the two halves of the 128-bit product. Lanes start from different
 * values, so that swapped words and runs of zeros count. The last words of a
 * record that is no multiple of 32 bytes are padded with zeros; the length is
 * hashed too, which tells that padding from bytes. Words are read in the
 * machine's order: checksums never leave the machine. */
#include "base/hash.h"

#include <endian.h>
#include <string.h>

__extension__ typedef unsigned __int128 u128;

struct sip {
    uint64_t v0, v1, v2, v3;
};

static inline uint64_t
rotate_left(uint64_t v, unsigned bits)
{
    return v << bits | v >> (64 - bits);
}

static inline void
sip_rounds(struct sip *s, unsigned rounds)
{
    while (rounds-- > 0) {
        s->v0 += s->v1;
        s->v1 = rotate_left(s->v1, 13) ^ s->v0;
        s->v0 = rotate_left(s->v0, 32);
        s->v2 += s->v3;
        s->v3 = rotate_left(s->v3, 16) ^ s->v2;
        s->v0 += s->v3;
        s->v3 = rotate_left(s->v3, 21) ^ s->v0;
        s->v2 += s->v1;
        s->v1 = rotate_left(s->v1, 17) ^ s->v2;
        s->v2 = rotate_left(s->v2, 32);
    }
}

static inline void
sip_take(struct sip *s, uint64_t word)
{
    s->v3 ^= word;
    sip_rounds(s, 2);
    s->v0 ^= word;
}

static inline uint64_t
load_word(const unsigned char *from)
{
    uint64_t word;

    memcpy(&word, from, sizeof word);
    return word;
}

uint64_t
hash_keyed(const struct hash_key *key, const void *bytes, size_t len)
{
    const unsigned char *from = bytes;
    uint64_t last = 0;
    struct sip s = {
        .v0 = key->k[0] ^ UINT64_C(0x736f6d6570736575),
        .v1 = key->k[1] ^ UINT64_C(0x646f72616e646f6d),
        .v2 = key->k[0] ^ UINT64_C(0x6c7967656e657261),
        .v3 = key->k[1] ^ UINT64_C(0x7465646279746573),
    };
    size_t left = len;

    for (; left >= 8; from += 8, left -= 8)
        sip_take(&s, le64toh(load_word(from)));
    while (left-- > 0)
        last = last << 8 | from[left];
    sip_take(&s, last | (uint64_t)len << 56);
    s.v2 ^= 0xff;
    sip_rounds(&s, 4);
    return s.v0 ^ s.v1 ^ s.v2 ^ s.v3;
}

/* Odd, and half of their bits set: the fraction digits of pi. */
static const uint64_t multiplier[4] = {
    UINT64_C(0x243f6a8885a308d3),
    UINT64_C(0x13198a2e03707345),
    UINT64_C(0xa4093822299f31d1),
    UINT64_C(0x082efa98ec4e6c89),
};

static inline uint64_t
fold(uint64_t word, uint64_t by)
{
    u128 product = (u128)word * by;

    return (uint64_t)product ^ (uint64_t)(product >> 64);
}

/* Written out, since gcc -O2 leaves a loop over four lanes in memory. */
static inline void
lanes_take(uint64_t lane[static 4], const unsigned char *from)
{
    lane[0] = fold(lane[0] ^ load_word(from), multiplier[0]);
    lane[1] = fold(lane[1] ^ load_word(from + 8), multiplier[1]);
    lane[2] = fold(lane[2] ^ load_word(from + 16), multiplier[2]);
    lane[3] = fold(lane[3] ^ load_word(from + 24), multiplier[3]);
}

uint64_t
hash_checksum(const void *bytes, size_t len)
{
    const unsigned char *from = bytes;
    size_t left = len;
    uint64_t sum = len;
    uint64_t lane[4] = {
        UINT64_C(0x452821e638d01377),
        UINT64_C(0xbe5466cf34e90c6c),
        UINT64_C(0xc0ac29b7c97c50dd),
        UINT64_C(0x3f84d5b5b5470917),
    };

    for (; left >= 32; from += 32, left -= 32)
        lanes_take(lane, from);
    if (left > 0) {
        unsigned char tail[32] = {0};

        memcpy(tail, from, left);
        lanes_take(lane, tail);
    }
    for (unsigned i = 0; i < 4; i++)
        sum = fold(sum ^ lane[i], multiplier[i]);
    return sum != 0 ? sum : 1;
}
