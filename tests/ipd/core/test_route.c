/* SPDX-License-Identifier: MIT */
/* Tests of routes. */
#include "tests/ipd/frames.h"

#include "ipd/core/route.h"

static void
assert_next_hop(const struct ip_config *cfg, uint32_t dst, uint32_t expected)
{
    struct addr hop;

    assert_int_equal(route_lookup(cfg, addr_v4(dst), &hop), ROUTE_LINK);
    assert_int_equal(addr_to_v4(hop), expected);
}

static void
assert_no_route(const struct ip_config *cfg, uint32_t dst)
{
    struct addr hop;

    assert_int_equal(route_lookup(cfg, addr_v4(dst), &hop), ROUTE_NONE);
}

static void
connected_host_is_its_own_next_hop(void **state)
{
    const struct ip_config cfg = test_config();

    (void)state;
    assert_next_hop(&cfg, PEER, PEER);
    assert_next_hop(&cfg, GATEWAY, GATEWAY);
    assert_next_hop(&cfg, 0x0a0700fe, 0x0a0700fe);
}

static void
far_host_goes_through_the_gateway(void **state)
{
    const struct ip_config cfg = test_config();

    (void)state;
    assert_next_hop(&cfg, FAR, GATEWAY);
    assert_next_hop(&cfg, 0x0a070102, GATEWAY);
    assert_next_hop(&cfg, 0x0a0701ff, GATEWAY); /* not our broadcast */
}

static void
far_host_has_no_route_without_a_gateway(void **state)
{
    struct ip_config cfg = test_config();

    (void)state;
    cfg.gateway = addr_any_v4();
    assert_no_route(&cfg, FAR);
    assert_next_hop(&cfg, PEER, PEER);
}

static void
own_address_is_turned_round(void **state)
{
    const struct ip_config cfg = test_config();
    struct addr hop;

    (void)state;
    assert_int_equal(route_lookup(&cfg, cfg.address, &hop), ROUTE_SELF);
}

static void
gateway_that_is_ourselves_is_no_route(void **state)
{
    struct ip_config cfg = test_config();

    (void)state;
    cfg.gateway = cfg.address;
    assert_no_route(&cfg, FAR);
}

static void
addresses_of_no_single_host_have_no_route(void **state)
{
    static const uint32_t dst[] = {
        0,          0x00000001, 0x7f000001, 0xe0000001,
        0xf0000001, 0xffffffff, BROADCAST,  0x0a070000,
    };
    const struct ip_config cfg = test_config();

    (void)state;
    for (size_t i = 0; i < sizeof dst / sizeof dst[0]; i++)
        assert_no_route(&cfg, dst[i]);
}

static void
ipv6_has_no_route(void **state)
{
    const struct ip_config cfg = test_config();
    struct addr six = {.b = {0x20, 0x01, [15] = 9}};
    struct addr hop;

    (void)state;
    assert_int_equal(route_lookup(&cfg, six, &hop), ROUTE_NONE);
    assert_false(route_is_broadcast(&cfg, six));
    assert_false(route_is_neighbour(&cfg, six));
}

static void
broadcast_is_the_last_address_only(void **state)
{
    struct ip_config cfg = test_config();

    (void)state;
    assert_true(route_is_broadcast(&cfg, addr_v4(BROADCAST)));
    assert_true(route_is_broadcast(&cfg, addr_v4(0xffffffff)));
    assert_false(route_is_broadcast(&cfg, addr_v4(0x0a070000)));
    assert_false(route_is_broadcast(&cfg, addr_v4(PEER)));
}

static void
network_of_two_has_no_broadcast(void **state)
{
    struct ip_config cfg = test_config();

    (void)state;
    cfg.prefix_len = 31;
    assert_false(route_is_broadcast(&cfg, addr_v4(OURS + 1)));
    assert_next_hop(&cfg, OURS + 1, OURS + 1);
}

static void
gateway_beyond_a_single_address_is_a_neighbour(void **state)
{
    struct ip_config cfg = test_config();

    (void)state;
    cfg.prefix_len = 32;
    assert_next_hop(&cfg, FAR, GATEWAY);
    assert_true(route_is_neighbour(&cfg, addr_v4(GATEWAY)));
    assert_false(route_is_neighbour(&cfg, addr_v4(PEER)));
    assert_false(route_is_neighbour(&cfg, addr_v4(OURS)));
}

static void
empty_prefix_connects_everybody(void **state)
{
    struct ip_config cfg = test_config();

    (void)state;
    cfg.prefix_len = 0;
    assert_next_hop(&cfg, FAR, FAR);
    assert_no_route(&cfg, 0x7f000001);
}

int
main(void)
{
    static const struct CMUnitTest tests[] = {
        cmocka_unit_test(connected_host_is_its_own_next_hop),
        cmocka_unit_test(far_host_goes_through_the_gateway),
        cmocka_unit_test(far_host_has_no_route_without_a_gateway),
        cmocka_unit_test(own_address_is_turned_round),
        cmocka_unit_test(gateway_that_is_ourselves_is_no_route),
        cmocka_unit_test(addresses_of_no_single_host_have_no_route),
        cmocka_unit_test(ipv6_has_no_route),
        cmocka_unit_test(broadcast_is_the_last_address_only),
        cmocka_unit_test(network_of_two_has_no_broadcast),
        cmocka_unit_test(gateway_beyond_a_single_address_is_a_neighbour),
        cmocka_unit_test(empty_prefix_connects_everybody),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
