/* SPDX-License-Identifier: MIT */
/* Two hashes: one that an attacker cannot predict, one that finds torn bytes. */
#ifndef BASE_HASH_H
#define BASE_HASH_H

#include <stddef.h>
#include <stdint.h>

struct hash_key {
    uint64_t k[2];
};

/* SipHash-2-4 of `len` bytes: without the key nobody can predict it or aim at
 * a collision. For hash tables, sequence numbers (RFC 6528), ports. */
uint64_t hash_keyed(const struct hash_key *key, const void *bytes, size_t len);

/* A fast 64-bit checksum for records in shared memory: finds torn and
 * overwritten bytes, gives no protection against intent. Never 0 and never a
 * fixed point for all-zero input. */
uint64_t hash_checksum(const void *bytes, size_t len);

#endif
