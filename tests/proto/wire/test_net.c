/* SPDX-License-Identifier: MIT */
/* Tests of what the configured network says of an address. */
#include "tests/proto/wire/net_fixture.h"

/* The path to `dst`, over a link. */
static struct net_path
path_to(uint32_t dst)
{
    struct net_path path;

    assert_int_equal(net_path(&net, addr_v4(dst), &path), NET_LINK);
    return path;
}

static void
assert_no_path(uint32_t dst)
{
    struct net_path path;

    assert_int_equal(net_path(&net, addr_v4(dst), &path), NET_NONE);
}

static void
assert_addr(struct addr a, uint32_t expected)
{
    assert_true(addr_is_v4(a));
    assert_int_equal(addr_to_v4(a), expected);
}

/* ---- addresses ---- */

static void
only_our_addresses_are_own(void **state)
{
    (void)state;
    assert_ptr_equal(net_own(&net, addr_v4(OURS)), &net.address[0]);
    assert_ptr_equal(net_own(&net, addr_v4(OURS_31)), &net.address[3]);
    assert_null(net_own(&net, addr_v4(OURS + 1)));
    assert_null(net_own(&net, addr_any_v4()));
    net.addresses = 3;
    assert_null(net_own(&net, addr_v4(OURS_31)));
}

static void
first_address_is_the_links(void **state)
{
    (void)state;
    assert_ptr_equal(net_first(&net, 0), &net.address[0]);
    assert_ptr_equal(net_first(&net, 1), &net.address[2]);
    assert_null(net_first(&net, 2));
}

static void
broadcast_is_that_of_a_connected_network(void **state)
{
    (void)state;
    assert_true(net_is_broadcast(&net, addr_v4(UINT32_MAX)));
    assert_true(net_is_broadcast(&net, addr_v4(0x0a0700ff)));
    assert_true(net_is_broadcast(&net, addr_v4(0x0a07ffff)));
    assert_true(net_is_broadcast(&net, addr_v4(0xc0000203)));
    assert_false(net_is_broadcast(&net, addr_v4(0x0a0701ff)));
    assert_false(net_is_broadcast(&net, addr_v4(0xc6336408))); /* RFC 3021 */
    assert_false(net_is_broadcast(&net, addr_v4(FAR)));
}

static void
network_of_one_has_no_broadcast(void **state)
{
    (void)state;
    net.address[0].prefix_len = 32;
    assert_false(net_is_broadcast(&net, addr_v4(OURS)));
    assert_true(net_is_host(&net, addr_v4(OURS)));
}

static void
host_is_a_single_one_seen_from_outside(void **state)
{
    static const uint32_t no_host[] = {
        0,          0x00010203, 0x7f000001, 0x7fffffff, 0xe0000001,
        0xefffffff, 0xf0000001, UINT32_MAX, 0x0a0700ff, 0x0a07ffff,
    };
    struct addr v6 = {{0x20, 1, [15] = 1}};

    (void)state;
    for (uint32_t i = 0; i < 10; i++)
        assert_false(net_is_host(&net, addr_v4(no_host[i])));
    assert_false(net_is_host(&net, v6));
    assert_true(net_is_host(&net, addr_v4(FAR)));
    assert_true(net_is_host(&net, addr_v4(OURS)));
    assert_true(net_is_host(&net, addr_v4(0x01000000)));
    assert_true(net_is_host(&net, addr_v4(0xdfffffff)));
}

static void
neighbour_is_on_its_link(void **state)
{
    (void)state;
    assert_true(net_is_neighbour(&net, 0, addr_v4(0x0a070009)));
    assert_true(net_is_neighbour(&net, 0, addr_v4(0x0a07ff09)));
    assert_true(net_is_neighbour(&net, 1, addr_v4(0xc0000202)));
    assert_false(net_is_neighbour(&net, 1, addr_v4(0x0a070009)));
    assert_false(net_is_neighbour(&net, 0, addr_v4(FAR)));
    assert_false(net_is_neighbour(&net, 0, addr_v4(OURS_16)));
    assert_false(net_is_neighbour(&net, 0, addr_v4(0x0a0700ff)));
}

static void
gateway_and_onlink_destination_are_neighbours(void **state)
{
    (void)state;
    add_route(route_to(0xcb007100, 24, 0, 1)); /* 203.0.113.0/24 on the link */
    add_route(route_to(0, 0, 0xac100001, 0));
    assert_true(net_is_neighbour(&net, 1, addr_v4(0xcb007107)));
    assert_false(net_is_neighbour(&net, 0, addr_v4(0xcb007107)));
    assert_true(net_is_neighbour(&net, 0, addr_v4(0xac100001)));
    assert_false(net_is_neighbour(&net, 1, addr_v4(0xac100001)));
    assert_false(net_is_neighbour(&net, 0, addr_v4(FAR)));
}

/* ---- paths ---- */

static void
own_address_is_reached_inside(void **state)
{
    struct net_path path;

    (void)state;
    assert_int_equal(net_path(&net, addr_v4(OURS_30), &path), NET_SELF);
    assert_int_equal(path.link, 1);
    assert_int_equal(path.mtu, 65535);
    assert_addr(path.source, OURS_30);
}

static void
connected_network_is_reached_directly(void **state)
{
    struct net_path path = path_to(0xc0000202);

    (void)state;
    assert_int_equal(path.link, 1);
    assert_int_equal(path.mtu, 9000);
    assert_addr(path.next_hop, 0xc0000202);
    assert_addr(path.source, OURS_30);
    assert_int_equal(path.route, -1);
}

static void
source_is_of_the_longest_connected_prefix(void **state)
{
    (void)state;
    assert_addr(path_to(0x0a070009).source, OURS);
    assert_addr(path_to(0x0a070109).source, OURS_16);
}

static void
without_a_route_there_is_no_path(void **state)
{
    (void)state;
    assert_no_path(FAR);
    add_route(route_to(0x08000000, 8, 0x0a070001, 0));
    assert_int_equal(path_to(FAR).route, 0);
    assert_no_path(0x09000001);
}

static void
no_hosts_address_has_a_path(void **state)
{
    (void)state;
    add_route(route_to(0, 0, 0x0a070001, 0));
    assert_no_path(0xe0000001);
    assert_no_path(UINT32_MAX);
    assert_no_path(0x7f000001);
    assert_no_path(0);
    assert_no_path(0x0a0700ff);
}

static void
gateway_is_the_next_hop(void **state)
{
    struct net_path path;

    (void)state;
    add_route(route_to(0, 0, 0xc0000202, 1));
    path = path_to(FAR);
    assert_int_equal(path.link, 1);
    assert_int_equal(path.mtu, 9000);
    assert_addr(path.next_hop, 0xc0000202);
    assert_addr(path.source, OURS_30);
    assert_int_equal(path.route, 0);
}

static void
route_without_gateway_leads_to_the_destination(void **state)
{
    (void)state;
    add_route(route_to(0xcb007100, 24, 0, 1));
    assert_addr(path_to(0xcb007107).next_hop, 0xcb007107);
}

static void
route_may_name_source_and_mtu(void **state)
{
    struct net_route r = route_to(0, 0, 0x0a070001, 0);

    (void)state;
    r.source = addr_v4(OURS_31);
    r.mtu = 1280;
    add_route(r);
    assert_addr(path_to(FAR).source, OURS_31);
    assert_int_equal(path_to(FAR).mtu, 1280);
}

static void
route_is_no_wider_than_its_link(void **state)
{
    struct net_route r = route_to(0, 0, 0x0a070001, 0);

    (void)state;
    r.mtu = 9000;
    add_route(r);
    assert_int_equal(path_to(FAR).mtu, 1500);
}

static void
link_without_address_gives_no_source(void **state)
{
    (void)state;
    net.addresses = 2;
    add_route(route_to(0xcb007100, 24, 0, 1));
    assert_true(addr_is_any(path_to(0xcb007107).source));
}

static void
longest_prefix_wins_then_lowest_metric_then_first(void **state)
{
    struct net_route r = route_to(0, 0, 0x0a070001, 0);

    (void)state;
    add_route(r);
    add_route(route_to(0x08080000, 16, 0x0a070003, 0));
    add_route(route_to(0x08000000, 8, 0x0a070004, 0));
    assert_addr(path_to(FAR).next_hop, 0x0a070003);
    assert_addr(path_to(0x08090000).next_hop, 0x0a070004);
    assert_addr(path_to(0x09000001).next_hop, 0x0a070001);
    r.metric = 5;
    r.gateway = addr_v4(0x0a070005);
    add_route(r);
    assert_addr(path_to(0x09000001).next_hop, 0x0a070001);
    r.metric = 0;
    add_route(r);
    assert_addr(path_to(0x09000001).next_hop, 0x0a070001);
    assert_null(net_check(&net));
}

static void
route_beats_a_shorter_connected_network_only(void **state)
{
    (void)state;
    add_route(route_to(0x0a070000, 24, 0xc0000202, 1));
    assert_addr(path_to(0x0a070009).next_hop, 0x0a070009);
    add_route(route_to(0x0a070008, 29, 0xc0000202, 1));
    assert_addr(path_to(0x0a070009).next_hop, 0xc0000202);
    assert_addr(path_to(0x0a070017).next_hop, 0x0a070017);
}

/* Every route and network looked at, the best taken. */
static int
longest_match(uint32_t dst)
{
    int best = -1;

    for (uint32_t i = 0; i < net.routes; i++) {
        uint32_t len = net.route[i].prefix_len;
        uint32_t net_addr = addr_to_v4(net.route[i].dst);

        if (len != 0 && (net_addr ^ dst) >> (32 - len) != 0)
            continue;
        if (best < 0 || len > net.route[best].prefix_len ||
            (len == net.route[best].prefix_len &&
             net.route[i].metric < net.route[best].metric))
            best = (int)i;
    }
    return best;
}

static void
lookup_agrees_with_looking_at_all(void **state)
{
    struct rng r;

    (void)state;
    seed_from_clock(&r);
    net.addresses = 0;
    for (uint32_t round = 0; round < 300; round++) {
        net.routes = 0;
        while (net.routes < NET_ROUTES) {
            uint32_t len = (uint32_t)rng_below(&r, 33);
            uint32_t mask = len == 0 ? 0 : UINT32_MAX << (32 - len);
            uint32_t dst = 0x08000000 | (random32(&r) & 0x00030303);
            struct net_route n = route_to(dst & mask, len, 0, 0);

            n.metric = (uint32_t)rng_below(&r, 3);
            net.route[net.routes++] = n;
        }
        net_sort(&net);
        assert_null(net_check(&net));
        for (uint32_t i = 0; i < 100; i++) {
            uint32_t dst = 0x08000000 | (random32(&r) & 0x00030303);
            struct net_path path = {.route = -1};
            int expected = longest_match(dst);

            assert_int_equal(net_path(&net, addr_v4(dst), &path),
                             expected < 0 ? NET_NONE : NET_LINK);
            assert_int_equal(path.route, expected);
        }
    }
}

static void
link_is_found_by_its_whole_name(void **state)
{
    (void)state;
    assert_int_equal(net_link_named(&net, "net1"), 1);
    assert_int_equal(net_link_named(&net, "net"), -1);
    assert_int_equal(net_link_named(&net, "net11"), -1);
    assert_int_equal(net_link_named(&net, ""), -1);
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup(only_our_addresses_are_own, two_links),
        cmocka_unit_test_setup(first_address_is_the_links, two_links),
        cmocka_unit_test_setup(broadcast_is_that_of_a_connected_network,
                               two_links),
        cmocka_unit_test_setup(network_of_one_has_no_broadcast, two_links),
        cmocka_unit_test_setup(host_is_a_single_one_seen_from_outside,
                               two_links),
        cmocka_unit_test_setup(neighbour_is_on_its_link, two_links),
        cmocka_unit_test_setup(gateway_and_onlink_destination_are_neighbours,
                               two_links),
        cmocka_unit_test_setup(own_address_is_reached_inside, two_links),
        cmocka_unit_test_setup(connected_network_is_reached_directly,
                               two_links),
        cmocka_unit_test_setup(source_is_of_the_longest_connected_prefix,
                               two_links),
        cmocka_unit_test_setup(without_a_route_there_is_no_path, two_links),
        cmocka_unit_test_setup(no_hosts_address_has_a_path, two_links),
        cmocka_unit_test_setup(gateway_is_the_next_hop, two_links),
        cmocka_unit_test_setup(route_without_gateway_leads_to_the_destination,
                               two_links),
        cmocka_unit_test_setup(route_may_name_source_and_mtu, two_links),
        cmocka_unit_test_setup(route_is_no_wider_than_its_link, two_links),
        cmocka_unit_test_setup(link_without_address_gives_no_source, two_links),
        cmocka_unit_test_setup(
            longest_prefix_wins_then_lowest_metric_then_first, two_links),
        cmocka_unit_test_setup(route_beats_a_shorter_connected_network_only,
                               two_links),
        cmocka_unit_test_setup(lookup_agrees_with_looking_at_all, two_links),
        cmocka_unit_test_setup(link_is_found_by_its_whole_name, two_links),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
