/* SPDX-License-Identifier: MIT */
/* A seeded random sequence (xoshiro256**): the same seed gives the same
 * numbers. For tests, simulation and spreading; secrets use hash.h. */
#ifndef BASE_RNG_H
#define BASE_RNG_H

#include <stddef.h>
#include <stdint.h>

struct rng {
    uint64_t s[4];
};

void rng_seed(struct rng *r, uint64_t seed);
uint64_t rng_next(struct rng *r);

/* Uniform in 0..n-1, without bias; n > 0. */
uint64_t rng_below(struct rng *r, uint64_t n);

void rng_fill(struct rng *r, void *buf, size_t len);

#endif
