/* SPDX-License-Identifier: MIT */
/* What the tests of wire formats share: buffers whose end the sanitizer guards,
 * and seeds that are printed. */
#ifndef TESTS_PROTO_WIRE_FIXTURE_H
#define TESTS_PROTO_WIRE_FIXTURE_H

#include "base/rng.h"

#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

/* A copy on the heap with nothing after its last byte, to be freed. */
static inline uint8_t *
exact_copy(const void *bytes, size_t len)
{
    /* Of no bytes too, so that reading even one is found; glibc then returns
     * a pointer. NOLINTNEXTLINE(clang-analyzer-optin.portability.UnixAPI) */
    uint8_t *copy = malloc(len);

    if (copy == NULL)
        abort();
    memcpy(copy, bytes, len);
    return copy;
}

/* Seeds `r` from the environment's TEST_SEED, else from the clock; the seed
 * printed makes the run happen again. */
static inline void
seed_from_clock(struct rng *r)
{
    const char *wanted = getenv("TEST_SEED");
    struct timespec now;
    uint64_t seed;

    clock_gettime(CLOCK_REALTIME, &now);
    seed = (uint64_t)now.tv_sec * 1000000007 + (uint64_t)now.tv_nsec;
    if (wanted != NULL)
        seed = strtoull(wanted, NULL, 0);
    printf("TEST_SEED=%llu\n", (unsigned long long)seed);
    rng_seed(r, seed);
}

static inline uint8_t
random8(struct rng *r)
{
    return (uint8_t)rng_next(r);
}

static inline uint16_t
random16(struct rng *r)
{
    return (uint16_t)rng_next(r);
}

static inline uint32_t
random32(struct rng *r)
{
    return (uint32_t)rng_next(r);
}

#endif
