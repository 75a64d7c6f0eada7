/* SPDX-License-Identifier: MIT */
/* xoshiro256** (Blackman and Vigna, 2018), its state filled by splitmix64. */
#include "base/rng.h"

#include "base/check.h"

#include <string.h>

__extension__ typedef unsigned __int128 u128;

static uint64_t
rotate_left(uint64_t v, unsigned bits)
{
    return v << bits | v >> (64 - bits);
}

/* Spreads even the seeds 0, 1, 2 over all bits; never four zeros in a row. */
static uint64_t
splitmix_next(uint64_t *x)
{
    uint64_t z = *x += UINT64_C(0x9e3779b97f4a7c15);

    z = (z ^ z >> 30) * UINT64_C(0xbf58476d1ce4e5b9);
    z = (z ^ z >> 27) * UINT64_C(0x94d049bb133111eb);
    return z ^ z >> 31;
}

void
rng_seed(struct rng *r, uint64_t seed)
{
    for (unsigned i = 0; i < 4; i++)
        r->s[i] = splitmix_next(&seed);
}

uint64_t
rng_next(struct rng *r)
{
    uint64_t *s = r->s;
    uint64_t result = rotate_left(s[1] * 5, 7) * 9;
    uint64_t t = s[1] << 17;

    s[2] ^= s[0];
    s[3] ^= s[1];
    s[1] ^= s[2];
    s[0] ^= s[3];
    s[2] ^= t;
    s[3] = rotate_left(s[3], 45);
    return result;
}

/* Lemire (2019): the high half of a 128-bit product, and a retry for the few
 * low halves that would favour small results. */
uint64_t
rng_below(struct rng *r, uint64_t n)
{
    u128 product;
    uint64_t favoured;

    CHECK(n > 0);
    favoured = -n % n; /* 2^64 mod n */
    do {
        product = (u128)rng_next(r) * n;
    } while ((uint64_t)product < favoured);
    return (uint64_t)(product >> 64);
}

void
rng_fill(struct rng *r, void *buf, size_t len)
{
    unsigned char *to = buf;

    while (len > 0) {
        uint64_t word = rng_next(r);
        size_t n = len < sizeof word ? len : sizeof word;

        memcpy(to, &word, n);
        to += n;
        len -= n;
    }
}
