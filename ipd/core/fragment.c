/* SPDX-License-Identifier: MIT */
/* Cuts a datagram into fragments as long as the link allows (RFC 791 3.2). */
#include "ipd/core/fragment.h"

#include "base/bits.h"
#include "base/check.h"

#include <stddef.h>

#define UNIT    8u  /* bytes: what offsets count in */
#define MTU_MIN 68u /* RFC 791 3.2: every module can forward that much */

void
fragment_start(struct fragmentation *f, const struct ipv4 *ip, uint32_t len,
               uint32_t mtu)
{
    bool fits = IPV4_HEADER_LEN + len <= mtu;

    CHECK(mtu >= MTU_MIN && ip->frag_offset % UNIT == 0);
    CHECK(fits || !ip->dont_fragment);
    *f = (struct fragmentation){.ip = *ip, .len = len, .piece = len, .left = 1};
    if (fits)
        return;
    /* A fragment that somebody else cut may claim to lie there. */
    f->len = min_u32(len, (uint32_t)IPV4_PACKET_MAX - ip->frag_offset);
    f->piece = (mtu - IPV4_HEADER_LEN) / UNIT * UNIT;
    f->left = (f->len + f->piece - 1) / f->piece;
}

bool
fragment_next(struct fragmentation *f, struct fragment *out)
{
    struct ipv4 ip = f->ip;

    if (f->left == 0)
        return false;
    f->left--;
    out->offset = f->at;
    out->len = min_u32(f->piece, f->len - f->at);
    f->at += out->len;
    ip.frag_offset = (uint16_t)(ip.frag_offset + out->offset);
    ip.more = ip.more || f->left > 0;
    ip.total_len = (uint16_t)(IPV4_HEADER_LEN + out->len);
    ipv4_encode(out->header, &ip);
    return true;
}
