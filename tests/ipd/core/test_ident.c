/* SPDX-License-Identifier: MIT */
/* Tests of identifications. */
#include "tests/ipd/core/two_links.h"

#include "ipd/core/ident.h"
#include "tests/proto/wire/fixture.h"

static struct ident ident;

static int
secret_chosen(void **state)
{
    static const struct hash_key key = {{0x1122334455667788, 99}};

    (void)state;
    memset(&ident, 0xcc, sizeof ident);
    ident_init(&ident, &key);
    return 0;
}

static struct ipv4
to(uint32_t dst)
{
    return (struct ipv4){
        .src = addr_v4(OURS), .dst = addr_v4(dst), .proto = IP_PROTO_ICMP};
}

static void
atomic_datagram_has_none(void **state)
{
    struct ipv4 ip = to(PEER);

    (void)state;
    ip.dont_fragment = true;
    for (uint32_t i = 0; i < 10; i++)
        assert_int_equal(ident_choose(&ident, &ip), 0);
}

static void
none_repeats_before_all_were_used(void **state)
{
    static bool seen[65536];
    const struct ipv4 ip = to(PEER);

    (void)state;
    memset(seen, 0, sizeof seen);
    for (uint32_t i = 0; i < 65536; i++) {
        uint16_t id = ident_choose(&ident, &ip);

        assert_false(seen[id]);
        seen[id] = true;
    }
}

/* Also to one that shares the counter: what is seen are not its steps. */
static void
steps_tell_nothing(void **state)
{
    const struct ipv4 ip = to(PEER);
    uint16_t last = ident_choose(&ident, &ip);
    uint32_t forward = 0;
    uint32_t small = 0;

    (void)state;
    for (uint32_t i = 0; i < 10000; i++) {
        uint16_t id = ident_choose(&ident, &ip);
        uint16_t step = (uint16_t)(id - last);

        forward += step < 32768;
        small += step < 256;
        last = id;
    }
    assert_in_range(forward, 4500, 5500);
    assert_in_range(small, 1, 150); /* 39 of random ones */
}

static void
each_pair_and_protocol_has_its_own(void **state)
{
    uint32_t same = 0;

    (void)state;
    for (uint32_t i = 0; i < 1000; i++) {
        struct ipv4 a = to(FAR + i);
        struct ipv4 b = to(FAR + i);
        uint16_t id;

        b.proto = IP_PROTO_UDP;
        id = ident_choose(&ident, &a);
        same += id == ident_choose(&ident, &b);
        b = a;
        b.src = addr_v4(OUR_SECOND);
        same += id == ident_choose(&ident, &b);
        b.dst = addr_v4(PEER);
        same += id == ident_choose(&ident, &b);
    }
    assert_in_range(same, 0, 3);
}

static void
another_secret_gives_others(void **state)
{
    static const struct hash_key key = {{0x1122334455667788, 98}};
    static struct ident other;
    const struct ipv4 ip = to(PEER);
    uint32_t same = 0;

    (void)state;
    ident_init(&other, &key);
    for (uint32_t i = 0; i < 1000; i++)
        same += ident_choose(&ident, &ip) == ident_choose(&other, &ip);
    assert_in_range(same, 0, 3);
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup(atomic_datagram_has_none, secret_chosen),
        cmocka_unit_test_setup(none_repeats_before_all_were_used,
                               secret_chosen),
        cmocka_unit_test_setup(steps_tell_nothing, secret_chosen),
        cmocka_unit_test_setup(each_pair_and_protocol_has_its_own,
                               secret_chosen),
        cmocka_unit_test_setup(another_secret_gives_others, secret_chosen),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
