/* SPDX-License-Identifier: MIT */
/* The Ethernet II header. */
#include "proto/wire/ether.h"

#include "proto/wire/be.h"

#include <string.h>

/* Where the fields lie. */
enum {
    DST = 0,
    SRC = 6,
    TYPE = 12,
};

enum drop
ether_decode(const uint8_t *bytes, size_t len, struct ether *out)
{
    if (len < ETHER_LEN)
        return DROP_ETH_TRUNCATED;
    memcpy(out->dst.b, bytes + DST, sizeof out->dst.b);
    memcpy(out->src.b, bytes + SRC, sizeof out->src.b);
    out->type = be16_load(bytes + TYPE);
    return DROP_NONE;
}

void
ether_encode(uint8_t out[ETHER_LEN], const struct ether *e)
{
    memcpy(out + DST, e->dst.b, sizeof e->dst.b);
    memcpy(out + SRC, e->src.b, sizeof e->src.b);
    be16_store(out + TYPE, e->type);
}
