/* SPDX-License-Identifier: MIT */
/* Tests of who may push whom out of the neighbour cache. */
#include "tests/ipd/core/neigh_table.h"

static void
own_packet_pushes_out_the_longest_unused(void **state)
{
    (void)state;
    fill_table(0);
    assert_int_equal(resolve(0x0a071001, 400), NEIGH_KNOWN);
    make_known(GATEWAY, gateway_mac, 500);
    assert_int_equal(look(0x0a071001), NEIGH_KNOWN);
    assert_int_equal(look(0x0a071002), NEIGH_DEAD);
    assert_int_equal(look(0x0a071003), NEIGH_KNOWN);
    assert_int_equal(look(GATEWAY), NEIGH_KNOWN);
}

static void
claims_push_out_nothing_in_use(void **state)
{
    (void)state;
    fill_table(0);
    for (uint32_t i = 0; i < 1000; i++)
        neigh_claim(&table, 0, addr_v4(0x0a072001 + i), evil_mac, at_ms(1000));
    for (uint32_t i = 0; i < NEIGH_MAX; i++)
        assert_int_equal(look(0x0a071001 + i), NEIGH_KNOWN);
    assert_int_equal(look(0x0a072001), NEIGH_DEAD);
}

static void
flood_of_claims_leaves_the_gateway(void **state)
{
    (void)state;
    net.address[0].prefix_len = 16;
    make_known(GATEWAY, gateway_mac, 0);
    for (uint32_t i = 0; i < 2000; i++)
        neigh_claim(&table, 0, addr_v4(0x0a072001 + i), evil_mac, at_ms(i));
    assert_int_equal(look(GATEWAY), NEIGH_KNOWN);
    make_known(PEER, peer_mac, 2001); /* and room for who we talk to */
    assert_int_equal(look(GATEWAY), NEIGH_KNOWN);
}

/* Asks for `n` hosts that are not there, from the first on, and sends what is
 * due. */
static void
scan(uint32_t first, uint32_t n, int64_t ms)
{
    struct neigh_request r;

    for (uint32_t i = 0; i < n; i++)
        (void)!resolve(first + i, ms);
    while (neigh_pull_request(&table, at_ms(ms), &r))
        continue;
}

static void
requests_for_the_absent_fill_half_the_table(void **state)
{
    (void)state;
    net.address[0].prefix_len = 16;
    for (uint32_t i = 0; i < NEIGH_UNANSWERED; i++)
        assert_int_equal(resolve(0x0a071001 + i, 0), NEIGH_ASKED);
    assert_int_equal(resolve(PEER, 1), NEIGH_NO_ROOM);
    neigh_claim(&table, 0, addr_v4(PEER), peer_mac, at_ms(1));
    assert_int_equal(look(PEER), NEIGH_KNOWN);
}

/* Strangers can make us send packets to a whole network. */
static void
scan_of_the_network_leaves_the_neighbours(void **state)
{
    (void)state;
    net.address[0].prefix_len = 16;
    for (uint32_t i = 0; i < NEIGH_MAX - NEIGH_UNANSWERED; i++)
        make_known(0x0a071001 + i, peer_mac, i);
    for (int64_t ms = 1000; ms < 20000; ms += 50)
        scan(0x0a072001 + (uint32_t)ms, 100, ms);
    for (uint32_t i = 0; i < NEIGH_MAX - NEIGH_UNANSWERED; i++)
        assert_int_equal(look(0x0a071001 + i), NEIGH_KNOWN);
}

static void
neighbour_finds_room_among_the_absent(void **state)
{
    (void)state;
    net.address[0].prefix_len = 16;
    scan(0x0a072001, 1000, 0);
    assert_int_equal(resolve(PEER, 99), NEIGH_NO_ROOM);
    assert_int_equal(resolve(PEER, 100), NEIGH_ASKED);
    scan(0x0a073001, 1000, 100);
    assert_int_equal(look(PEER), NEIGH_ASKED);
    assert_true(confirm(PEER, peer_mac, 101));
    scan(0x0a074001, 1000, 300);
    assert_int_equal(look(PEER), NEIGH_KNOWN);
}

int
main(void)
{
#define CASE(f) cmocka_unit_test_setup(f, empty_table)
    static const struct CMUnitTest tests[] = {
        CASE(own_packet_pushes_out_the_longest_unused),
        CASE(claims_push_out_nothing_in_use),
        CASE(flood_of_claims_leaves_the_gateway),
        CASE(requests_for_the_absent_fill_half_the_table),
        CASE(scan_of_the_network_leaves_the_neighbours),
        CASE(neighbour_finds_room_among_the_absent),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
