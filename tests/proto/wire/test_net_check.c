/* SPDX-License-Identifier: MIT */
/* Tests of finding what cannot be in a configured network. */
#include "tests/proto/wire/net_fixture.h"

#define WRONG(change)                                                          \
    do {                                                                       \
        struct net good = net;                                                 \
        assert_null(net_check(&net));                                          \
        change;                                                                \
        assert_non_null(net_check(&net));                                      \
        net = good;                                                            \
    } while (0)

static void
impossible_link_is_found(void **state)
{
    (void)state;
    WRONG(net.links = NET_LINKS + 1);
    WRONG(net.links = UINT32_MAX);
    WRONG(memset(net.link[1].name, 'x', NET_NAME));
    WRONG(net.link[1].name[0] = '\0');
    WRONG(memcpy(net.link[1].name, "net0", 5));
    WRONG(net.link[1].kind = NET_PAIR + 1);
    WRONG(net.link[1].offloads = 2);
    WRONG(net.link[1].mtu = 575);
    WRONG(net.link[1].mtu = 65536);
    WRONG(net.link[1].mac = mac_broadcast());
}

static void
impossible_address_is_found(void **state)
{
    (void)state;
    WRONG(net.addresses = NET_ADDRESSES + 1);
    WRONG(net.address[1].link = 2);
    WRONG(net.address[1].link = UINT32_MAX);
    WRONG(net.address[1].prefix_len = 33);
    WRONG(net.address[1].prefix_len = UINT32_MAX);
    WRONG(net.address[1].addr = addr_v4(0xe0000001));
    WRONG(net.address[1].addr = addr_v4(0x7f000001));
    WRONG(net.address[1].addr = addr_any_v4());
    WRONG(net.address[1].addr = addr_v4(OURS));
    WRONG(net.address[1].addr = addr_v4(0x0a0700ff));
    WRONG(memset(net.address[1].addr.b, 0x20, 16));
}

static void
impossible_route_is_found(void **state)
{
    (void)state;
    add_route(route_to(0x08000000, 8, 0x0a070001, 0));
    add_route(route_to(0, 0, 0x0a070001, 0));
    WRONG(net.routes = NET_ROUTES + 1);
    WRONG(net.route[0].link = 2);
    WRONG(net.route[0].prefix_len = 33);
    WRONG(net.route[0].prefix_len = 4);
    WRONG(net.route[0].dst = addr_v4(0x08000001));
    WRONG(memset(net.route[0].dst.b, 0x20, 16));
    WRONG(net.route[0].mtu = 575);
    WRONG(net.route[0].mtu = 65536);
    WRONG(net.route[0].proto = NET_PROTO_BOOT + 1);
    WRONG(net.route[0].gateway = addr_v4(FAR));
    WRONG(net.route[0].gateway = addr_v4(0xc0000202)); /* on the other link */
    WRONG(net.route[0].gateway = addr_v4(OURS));
    WRONG(net.route[0].gateway = addr_v4(0x0a0700ff));
    WRONG(net.route[0].source = addr_v4(FAR));
    WRONG(net.forwarding = 2);
}

static void
routes_out_of_order_are_found(void **state)
{
    (void)state;
    add_route(route_to(0x08000000, 8, 0x0a070001, 0));
    add_route(route_to(0, 0, 0x0a070001, 0));
    WRONG({
        net.route[1] = net.route[0];
        net.route[0] = route_to(0, 0, 0x0a070001, 0);
    });
    WRONG({
        net.route[1] = net.route[0];
        net.route[0].metric = 1;
    });
}

/* Whatever lies in shared memory: checking it touches nothing beyond it, and
 * what passes can be asked. */
static void
random_bytes_are_checked_safely(void **state)
{
    struct rng r;
    struct net_path path;
    uint32_t passed = 0;

    (void)state;
    add_route(route_to(0x08000000, 8, 0x0a070001, 0));
    seed_from_clock(&r);
    for (uint32_t i = 0; i < 100000; i++) {
        struct net *copy = (void *)exact_copy(&net, sizeof net);
        uint8_t *bytes = (void *)copy;

        for (uint64_t n = rng_below(&r, 3); n > 0; n--)
            bytes[rng_below(&r, sizeof net)] = random8(&r);
        if (net_check(copy) == NULL) {
            struct addr dst = addr_v4(random32(&r));

            passed++;
            if (net_path(copy, dst, &path) != NET_NONE)
                assert_true(path.link < copy->links);
        }
        free(copy);
    }
    assert_in_range(passed, 1, 99999);
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup(impossible_link_is_found, two_links),
        cmocka_unit_test_setup(impossible_address_is_found, two_links),
        cmocka_unit_test_setup(impossible_route_is_found, two_links),
        cmocka_unit_test_setup(routes_out_of_order_are_found, two_links),
        cmocka_unit_test_setup(random_bytes_are_checked_safely, two_links),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
