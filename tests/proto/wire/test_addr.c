/* SPDX-License-Identifier: MIT */
/* Tests of addresses and their text; the C library's own is the oracle. */
#include "proto/wire/addr.h"

#include "base/bits.h"
#include "tests/proto/wire/fixture.h"

#include <arpa/inet.h>
#include <setjmp.h>
#include <stdarg.h>

#include <cmocka.h>

static struct addr
v6(const char *text)
{
    struct addr a;

    assert_int_equal(inet_pton(AF_INET6, text, a.b), 1);
    return a;
}

static void
v4_is_mapped_into_v6(void **state)
{
    struct addr a = addr_v4(0x0a000001);

    (void)state;
    assert_true(addr_equal(a, v6("::ffff:10.0.0.1")));
    assert_true(addr_is_v4(a));
    assert_int_equal(addr_to_v4(a), 0x0a000001);
    assert_false(addr_is_v4(v6("2001:db8::1")));
    assert_false(addr_is_v4(v6("::10.0.0.1")));
    assert_false(addr_equal(a, addr_v4(0x0a000002)));
}

static void
any_is_no_address_of_either_family(void **state)
{
    (void)state;
    assert_true(addr_is_any(addr_any_v4()));
    assert_true(addr_is_any(v6("::")));
    assert_false(addr_is_any(v6("::1")));
    assert_false(addr_is_any(addr_v4(1)));
}

static void
groups_are_multicast_and_limited_broadcast(void **state)
{
    (void)state;
    assert_true(addr_is_group(addr_v4(0xe0000001)));
    assert_true(addr_is_group(addr_v4(0xefffffff)));
    assert_true(addr_is_group(addr_v4(0xffffffff)));
    assert_true(addr_is_group(v6("ff02::1")));
    assert_false(addr_is_group(addr_v4(0xdfffffff)));
    assert_false(addr_is_group(addr_v4(0xf0000000)));
    assert_false(addr_is_group(v6("fe80::1")));
}

static void
dotted_quads_are_parsed(void **state)
{
    static const struct {
        const char *text;
        uint32_t v4;
    } good[] = {
        {"0.0.0.0", 0},
        {"10.7.0.9", 0x0a070009},
        {"192.168.100.1", 0xc0a86401},
        {"255.255.255.255", 0xffffffff},
    };

    (void)state;
    for (size_t i = 0; i < ARRAY_LEN(good); i++) {
        struct addr a;

        assert_true(addr_parse_v4(good[i].text, &a));
        assert_true(addr_equal(a, addr_v4(good[i].v4)));
    }
}

static void
anything_but_a_dotted_quad_is_refused_and_writes_nothing(void **state)
{
    static const char *const bad[] = {
        "",          ".",         "1",          "1.2.3",
        "1.2.3.",    "1.2.3.4.",  "1.2.3.4.5",  ".1.2.3.4",
        "1..2.3",    "1.2.3.256", "1.2.3.1000", "01.2.3.4",
        "1.2.3.00",  "1.2.3.04",  " 1.2.3.4",   "1.2.3.4 ",
        "1.2.3.4\n", "+1.2.3.4",  "-1.2.3.4",   "0x1.2.3.4",
        "1,2,3,4",   "a.b.c.d",   "::1",        "1.2.3.4/8",
        "999.1.1.1", "1.2.3.4x",  "16909060",   "4294967296.1.1.1",
    };

    (void)state;
    for (size_t i = 0; i < ARRAY_LEN(bad); i++) {
        struct addr a = addr_v4(0x01010101);

        if (addr_parse_v4(bad[i], &a))
            fail_msg("'%s' was taken", bad[i]);
        assert_true(addr_equal(a, addr_v4(0x01010101)));
    }
}

static void
random_text_is_parsed_as_inet_pton_does(void **state)
{
    struct rng r;

    (void)state;
    seed_from_clock(&r);
    for (int i = 0; i < 200000; i++) {
        char text[ADDR_TEXT];
        struct addr a = addr_any_v4();
        struct in_addr expected = {0};

        addr_format(text, addr_v4(random32(&r) & random32(&r)));
        if (rng_below(&r, 2) == 0)
            text[rng_below(&r, strlen(text))] =
                "0123456789.. "[rng_below(&r, 13)];
        bool taken = addr_parse_v4(text, &a);

        if (taken != (inet_pton(AF_INET, text, &expected) == 1))
            fail_msg("'%s': taken is %d", text, taken);
        if (taken)
            assert_int_equal(addr_to_v4(a), ntohl(expected.s_addr));
    }
}

static void
v4_is_formatted_as_inet_ntop_does(void **state)
{
    struct rng r;

    (void)state;
    seed_from_clock(&r);
    for (int i = 0; i < 100000; i++) {
        char text[ADDR_TEXT];
        char expected[ADDR_TEXT];
        struct addr a = addr_v4(random32(&r) & random32(&r));

        inet_ntop(AF_INET, a.b + 12, expected, sizeof expected);
        assert_string_equal(addr_format(text, a), expected);
    }
}

static void
v6_is_formatted_as_rfc_5952_says(void **state)
{
    static const char *const canonical[] = {
        "::",
        "::1",
        "1::",
        "2001:db8::1",
        "2001:db8::2:1",
        "2001:db8:0:1:1:1:1:1", /* 4.2.2: one zero word stays */
        "2001:0:0:1::1",        /* 4.2.3: the longest run */
        "2001:db8::1:0:0:1",    /* 4.2.3: the first of equals */
        "1:2:3:4:5:6::",
        "::3:4:5:6:7:8",
        "fe80::aaaa:bbff:fecc:d00",
        "ffff:ffff:ffff:ffff:ffff:ffff:ffff:ffff",
    };

    (void)state;
    for (size_t i = 0; i < ARRAY_LEN(canonical); i++) {
        char text[ADDR_TEXT];

        assert_string_equal(addr_format(text, v6(canonical[i])), canonical[i]);
    }
}

static void
formatted_v6_reads_back_as_itself(void **state)
{
    struct rng r;

    (void)state;
    seed_from_clock(&r);
    for (int i = 0; i < 100000; i++) {
        char text[ADDR_TEXT];
        struct addr a;

        rng_fill(&r, a.b, sizeof a.b);
        for (size_t word = 0; word < 8; word++) {
            if (rng_below(&r, 2) == 0)
                memset(a.b + 2 * word, 0, 2);
        }
        if (!addr_is_v4(a)) /* one in four million */
            assert_true(addr_equal(v6(addr_format(text, a)), a));
    }
}

static void
macs_are_compared_classified_and_formatted(void **state)
{
    const struct mac m = {{0x02, 0x00, 0xab, 0x0c, 0xff, 0x09}};
    const struct mac multicast = {{0x01, 0x00, 0x5e, 0, 0, 1}};
    char text[MAC_TEXT];

    (void)state;
    assert_string_equal(mac_format(text, m), "02:00:ab:0c:ff:09");
    assert_string_equal(mac_format(text, mac_broadcast()), "ff:ff:ff:ff:ff:ff");
    assert_true(mac_equal(m, m));
    assert_false(mac_equal(m, mac_broadcast()));
    assert_true(mac_is_group(mac_broadcast()));
    assert_true(mac_is_group(multicast));
    assert_false(mac_is_group(m));
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(v4_is_mapped_into_v6),
        cmocka_unit_test(any_is_no_address_of_either_family),
        cmocka_unit_test(groups_are_multicast_and_limited_broadcast),
        cmocka_unit_test(dotted_quads_are_parsed),
        cmocka_unit_test(
            anything_but_a_dotted_quad_is_refused_and_writes_nothing),
        cmocka_unit_test(random_text_is_parsed_as_inet_pton_does),
        cmocka_unit_test(v4_is_formatted_as_inet_ntop_does),
        cmocka_unit_test(v6_is_formatted_as_rfc_5952_says),
        cmocka_unit_test(formatted_v6_reads_back_as_itself),
        cmocka_unit_test(macs_are_compared_classified_and_formatted),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
