/* SPDX-License-Identifier: MIT */
/* IPv4 identifications.
 *
 * One counter for all would tell every host how much we send to others, and let
 * it find out about third parties (idle scans; RFC 7739 has the history). So
 * counters are hashed, and what is sent is the counter in disguise: a
 * permutation of 16 bits, another one for each pair of hosts and protocol. It
 * does not repeat before its counter has gone round, and its steps show nothing
 * of how far the counter went, whoever shares it. The permutation is a Feistel
 * network of four rounds around SipHash (Luby and Rackoff 1988). */
#include "ipd/core/ident.h"

#include <string.h>

#define ROUNDS 4

void
ident_init(struct ident *t, const struct hash_key *key)
{
    memset(t, 0, sizeof *t);
    t->key = *key;
}

static uint16_t
permute(const struct hash_key *key, uint16_t v)
{
    uint8_t left = (uint8_t)(v >> 8);
    uint8_t right = (uint8_t)v;

    for (uint8_t round = 0; round < ROUNDS; round++) {
        const uint8_t in[] = {round, right};
        uint8_t next = (uint8_t)(left ^ hash_keyed(key, in, sizeof in));

        left = right;
        right = next;
    }
    return (uint16_t)(left << 8 | right);
}

uint16_t
ident_choose(struct ident *t, const struct ipv4 *ip)
{
    uint8_t pair[2 * sizeof(struct addr) + 1];
    struct hash_key of_pair = t->key;
    uint64_t hash;

    if (ip->dont_fragment && !ipv4_is_fragment(ip))
        return 0;
    memcpy(pair, ip->src.b, sizeof ip->src.b);
    memcpy(pair + sizeof ip->src.b, ip->dst.b, sizeof ip->dst.b);
    pair[sizeof pair - 1] = ip->proto;
    hash = hash_keyed(&t->key, pair, sizeof pair);
    of_pair.k[0] ^= hash;
    return permute(&of_pair, t->counter[hash % IDENT_COUNTERS]++);
}
