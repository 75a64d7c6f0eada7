/* SPDX-License-Identifier: MIT */
/* What ICMP has taught of the MTU of paths (RFC 1191). */
#ifndef IPD_CORE_PMTU_H
#define IPD_CORE_PMTU_H

#include "base/time.h"
#include "proto/wire/addr.h"

#include <stdbool.h>
#include <stdint.h>

#define PMTU_PATHS   64
#define PMTU_MIN     552 /* nobody makes us send smaller packets; as Linux */
#define PMTU_EXPIRES duration_ms(10 * 60 * 1000) /* RFC 1191 6.3 */

struct pmtu_path {
    struct addr dst;
    uint32_t mtu; /* bytes of IP packet; 0: the entry is free */
    instant_t expires;
};

struct pmtu_table {
    instant_t until; /* no entry holds any longer */
    struct pmtu_path paths[PMTU_PATHS];
};

void pmtu_init(struct pmtu_table *t);

/* The longest packet that may go to `dst`, where link or route allow
 * `path_mtu`: never more than that. */
uint32_t pmtu_look(const struct pmtu_table *t, struct addr dst,
                   uint32_t path_mtu, instant_t now);

/* A router could pass on only `mtu` bytes of a packet of `packet_len`; 0: it did
 * not say, so the next common MTU below is assumed (RFC 1191 5). True: less may
 * be sent to `dst` than before. A message never raises what is known. The path
 * that was learnt longest ago makes room. */
bool pmtu_learn(struct pmtu_table *t, struct addr dst, uint32_t mtu,
                uint32_t packet_len, uint32_t path_mtu, instant_t now);

/* The i-th entry (i < PMTU_PATHS) for listing, or NULL when it is free or has
 * expired. */
const struct pmtu_path *pmtu_path(const struct pmtu_table *t, uint32_t i,
                                  instant_t now);

#endif
