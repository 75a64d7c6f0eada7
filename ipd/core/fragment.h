/* SPDX-License-Identifier: MIT */
/* A datagram that is too long for its link, cut into fragments (RFC 791 3.2). */
#ifndef IPD_CORE_FRAGMENT_H
#define IPD_CORE_FRAGMENT_H

#include "proto/wire/ipv4.h"

#include <stdbool.h>
#include <stdint.h>

/* One fragment: its header, and which bytes of the payload follow it. */
struct fragment {
    uint32_t offset; /* into the payload that is cut */
    uint32_t len;
    uint8_t header[IPV4_HEADER_LEN];
};

/* A datagram being cut; a value, started anew at will. */
struct fragmentation {
    struct ipv4 ip;
    uint32_t len;   /* of the payload */
    uint32_t piece; /* bytes of every fragment but the last */
    uint32_t at;    /* where the next one begins */
    uint32_t left;  /* so many are still to come */
};

/* Begins with `len` bytes of payload behind a header without options; `ip` is
 * its values, of which the lengths are not looked at. It may be a fragment
 * itself (frag_offset and `more` hold), but not one marked dont_fragment.
 * `mtu` is at least 68 (RFC 791). What fits comes out as one piece; of what does
 * not, bytes beyond the 65535th of the datagram are left out, since no host could
 * put them together. */
void fragment_start(struct fragmentation *f, const struct ipv4 *ip,
                    uint32_t len, uint32_t mtu);

/* The next fragment, in order; false when all are out. */
bool fragment_next(struct fragmentation *f, struct fragment *out)
    __attribute__((warn_unused_result));

#endif
