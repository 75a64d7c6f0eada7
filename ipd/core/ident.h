/* SPDX-License-Identifier: MIT */
/* The identification of the IPv4 datagrams that we send (RFC 6864). */
#ifndef IPD_CORE_IDENT_H
#define IPD_CORE_IDENT_H

#include "base/hash.h"
#include "proto/wire/ipv4.h"

#include <stdint.h>

#define IDENT_COUNTERS 1024 /* power of two */

struct ident {
    struct hash_key key;
    uint16_t counter[IDENT_COUNTERS];
};

/* `key` is a secret, another one in each process. */
void ident_init(struct ident *t, const struct hash_key *key);

/* For a datagram with these addresses, protocol and flags. 0 where it is
 * atomic, not to be fragmented, since nobody may look at it then (RFC 6864 4.1;
 * of segments that the device cuts too, which counts on from it). Otherwise one
 * that no datagram between the same hosts has had for long (at most 65535
 * others share the counter), and that tells nobody how many were sent. */
uint16_t ident_choose(struct ident *t, const struct ipv4 *ip);

#endif
