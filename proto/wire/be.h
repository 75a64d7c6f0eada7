/* SPDX-License-Identifier: MIT */
/* Integers in network byte order, as types that plain arithmetic rejects. */
#ifndef PROTO_WIRE_BE_H
#define PROTO_WIRE_BE_H

#include <stdint.h>
#include <string.h>

/* The bytes of `net` in memory are the integer, most significant first. */
typedef struct {
    uint16_t net;
} be16_t;

typedef struct {
    uint32_t net;
} be32_t;

/* Between the machine's own order and network order; its own inverse. */
static inline uint16_t
be_swap16(uint16_t v)
{
    return __BYTE_ORDER__ == __ORDER_BIG_ENDIAN__ ? v : __builtin_bswap16(v);
}

static inline uint32_t
be_swap32(uint32_t v)
{
    return __BYTE_ORDER__ == __ORDER_BIG_ENDIAN__ ? v : __builtin_bswap32(v);
}

static inline be16_t
be16_from(uint16_t host)
{
    return (be16_t){be_swap16(host)};
}

static inline uint16_t
be16_to(be16_t v)
{
    return be_swap16(v.net);
}

static inline be32_t
be32_from(uint32_t host)
{
    return (be32_t){be_swap32(host)};
}

static inline uint32_t
be32_to(be32_t v)
{
    return be_swap32(v.net);
}

/* Loads and stores of host values at `p`, of any alignment, in network order
 * there. */
static inline uint16_t
be16_load(const uint8_t *p)
{
    be16_t v;

    memcpy(&v, p, sizeof v);
    return be16_to(v);
}

static inline void
be16_store(uint8_t *p, uint16_t host)
{
    be16_t v = be16_from(host);

    memcpy(p, &v, sizeof v);
}

static inline uint32_t
be32_load(const uint8_t *p)
{
    be32_t v;

    memcpy(&v, p, sizeof v);
    return be32_to(v);
}

static inline void
be32_store(uint8_t *p, uint32_t host)
{
    be32_t v = be32_from(host);

    memcpy(p, &v, sizeof v);
}

#endif
