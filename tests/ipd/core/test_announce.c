/* SPDX-License-Identifier: MIT */
/* Tests of announcing and defending our addresses. */
#include "tests/ipd/frames.h"

#include "ipd/core/announce.h"

static struct net net;
static struct announce a;

static int
two_links(void **state)
{
    (void)state;
    net = test_net(2);
    announce_init(&a, &net);
    return 0;
}

static instant_t
at_ms(int64_t ms)
{
    return instant_add((instant_t){1000000000000}, duration_ms(ms));
}

static void
assert_announced(int64_t ms, uint32_t link, uint32_t addr)
{
    struct addr said;
    uint32_t on;

    assert_true(announce_pull(&a, at_ms(ms), &on, &said));
    assert_int_equal(on, link);
    assert_int_equal(addr_to_v4(said), addr);
}

static void
assert_nothing(int64_t ms)
{
    struct addr said;
    uint32_t on;

    assert_false(announce_pull(&a, at_ms(ms), &on, &said));
}

static void
addresses_are_announced_twice_two_seconds_apart(void **state)
{
    (void)state;
    announce_review(&a, at_ms(0));
    assert_announced(0, 0, OURS);
    assert_announced(0, 1, OURS1);
    assert_nothing(1999);
    assert_int_equal(announce_deadline(&a).ns, at_ms(2000).ns);
    assert_announced(2000, 0, OURS);
    assert_announced(2000, 1, OURS1);
    assert_nothing(2000);
    assert_true(instant_is_never(announce_deadline(&a)));
}

static void
only_new_addresses_are_announced(void **state)
{
    (void)state;
    announce_review(&a, at_ms(0));
    announce_done(&a);
    assert_nothing(0);
    net.address[net.addresses++] = (struct net_address){
        .addr = addr_v4(0x0a070003), .prefix_len = 24, .link = 0};
    announce_review(&a, at_ms(5));
    assert_announced(5, 0, 0x0a070003);
    assert_nothing(5);
}

static void
address_that_has_moved_is_new_on_its_link(void **state)
{
    (void)state;
    announce_review(&a, at_ms(0));
    announce_done(&a);
    net.address[1].link = 0;
    announce_review(&a, at_ms(5));
    assert_announced(5, 0, OURS1);
    assert_nothing(5);
}

static void
address_that_is_gone_is_not_announced_again(void **state)
{
    (void)state;
    announce_review(&a, at_ms(0));
    assert_announced(0, 0, OURS);
    net.addresses = 0;
    announce_review(&a, at_ms(5));
    assert_nothing(10000);
}

/* RFC 5227 2.4 (c) */
static void
address_is_defended_once_in_ten_seconds(void **state)
{
    (void)state;
    announce_review(&a, at_ms(0));
    announce_done(&a);
    assert_true(announce_defend(&a, 0, addr_v4(OURS), at_ms(100)));
    assert_announced(100, 0, OURS);
    assert_nothing(5000);
    assert_false(announce_defend(&a, 0, addr_v4(OURS), at_ms(10099)));
    assert_nothing(10099);
    assert_true(announce_defend(&a, 0, addr_v4(OURS), at_ms(10100)));
    assert_announced(10100, 0, OURS);
}

static void
what_is_not_ours_there_is_not_defended(void **state)
{
    (void)state;
    announce_review(&a, at_ms(0));
    assert_false(announce_defend(&a, 0, addr_v4(PEER), at_ms(0)));
    assert_false(announce_defend(&a, 1, addr_v4(OURS), at_ms(0)));
}

int
main(void)
{
#define CASE(f) cmocka_unit_test_setup(f, two_links)
    static const struct CMUnitTest tests[] = {
        CASE(addresses_are_announced_twice_two_seconds_apart),
        CASE(only_new_addresses_are_announced),
        CASE(address_that_has_moved_is_new_on_its_link),
        CASE(address_that_is_gone_is_not_announced_again),
        CASE(address_is_defended_once_in_ten_seconds),
        CASE(what_is_not_ours_there_is_not_defended),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
