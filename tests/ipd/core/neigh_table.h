/* SPDX-License-Identifier: MIT */
/* A neighbour cache for tests, and what is done to it in one line. */
#ifndef TESTS_IPD_CORE_NEIGH_TABLE_H
#define TESTS_IPD_CORE_NEIGH_TABLE_H

#include "tests/ipd/frames.h"

#include "ipd/core/neigh.h"

static struct net net;
static struct neigh_table table;
static struct mac mac;

static inline int
empty_table(void **state)
{
    (void)state;
    net = test_net(2);
    neigh_init(&table, &net);
    return 0;
}

static inline instant_t
at_ms(int64_t ms)
{
    return instant_add((instant_t){1000000000000}, duration_ms(ms));
}

static inline enum neigh_found
resolve(uint32_t addr, int64_t ms)
{
    return neigh_resolve(&table, 0, addr_v4(addr), at_ms(ms), &mac);
}

static inline enum neigh_found
look(uint32_t addr)
{
    return neigh_look(&table, 0, addr_v4(addr), &mac);
}

static inline bool
confirm(uint32_t addr, struct mac m, int64_t ms)
{
    return neigh_confirm(&table, 0, addr_v4(addr), m, at_ms(ms));
}

/* Exactly one request is due, for `addr` to `m`. */
static inline void
assert_request(int64_t ms, uint32_t addr, struct mac m)
{
    struct neigh_request r;

    assert_true(neigh_pull_request(&table, at_ms(ms), &r));
    assert_int_equal(addr_to_v4(r.addr), addr);
    assert_memory_equal(&r.mac, &m, sizeof m);
    assert_false(neigh_pull_request(&table, at_ms(ms), &r));
}

static inline void
assert_no_request(int64_t ms)
{
    struct neigh_request r;

    assert_false(neigh_pull_request(&table, at_ms(ms), &r));
}

/* The peer is known as of `ms`. */
static inline void
make_known(uint32_t addr, struct mac m, int64_t ms)
{
    assert_int_equal(resolve(addr, ms), NEIGH_ASKED);
    assert_request(ms, addr, mac_broadcast());
    assert_true(confirm(addr, m, ms));
}

/* Fills the table with known neighbours other than the gateway and the peer,
 * used in the order of their addresses. */
static inline void
fill_table(int64_t ms)
{
    net.address[0].prefix_len = 16;
    for (uint32_t i = 0; i < NEIGH_MAX; i++)
        make_known(0x0a071001 + i, peer_mac, ms + i);
}

#endif
