/* SPDX-License-Identifier: MIT */
/* Sequence numbers: 32 bits that wrap (RFC 9293 3.4), as a type on which `<`
 * does not compile. */
#ifndef TCPD_CORE_SEQ_H
#define TCPD_CORE_SEQ_H

#include <stdbool.h>
#include <stdint.h>

typedef struct {
    uint32_t v;
} seq_t;

static inline seq_t
seq(uint32_t v)
{
    return (seq_t){v};
}

static inline seq_t
seq_add(seq_t s, uint32_t n)
{
    return (seq_t){s.v + n};
}

/* a - b, for a at or after b. */
static inline uint32_t
seq_sub(seq_t a, seq_t b)
{
    return a.v - b.v;
}

static inline bool
seq_eq(seq_t a, seq_t b)
{
    return a.v == b.v;
}

static inline bool
seq_lt(seq_t a, seq_t b)
{
    return (int32_t)(a.v - b.v) < 0;
}

static inline bool
seq_le(seq_t a, seq_t b)
{
    return (int32_t)(a.v - b.v) <= 0;
}

static inline bool
seq_gt(seq_t a, seq_t b)
{
    return seq_lt(b, a);
}

static inline bool
seq_ge(seq_t a, seq_t b)
{
    return seq_le(b, a);
}

static inline seq_t
seq_max(seq_t a, seq_t b)
{
    return seq_lt(a, b) ? b : a;
}

static inline seq_t
seq_min(seq_t a, seq_t b)
{
    return seq_lt(a, b) ? a : b;
}

#endif
