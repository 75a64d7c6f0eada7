/* SPDX-License-Identifier: MIT */
/* Tests of the Ethernet header. */
#include "proto/wire/ether.h"

#include "tests/proto/wire/fixture.h"

#include <setjmp.h>
#include <stdarg.h>

#include <cmocka.h>

/* The header of a SYN as Linux put it on a TAP device. */
static const uint8_t linux_frame[ETHER_LEN] = {
    0x02, 0, 0, 0, 0, 0x09, 0x02, 0, 0, 0, 0, 0x07, 0x08, 0x00,
};

static void
linux_frame_is_decoded(void **state)
{
    const struct mac dst = {{0x02, 0, 0, 0, 0, 0x09}};
    const struct mac src = {{0x02, 0, 0, 0, 0, 0x07}};
    struct ether e;

    (void)state;
    assert_int_equal(ether_decode(linux_frame, sizeof linux_frame, &e),
                     DROP_NONE);
    assert_true(mac_equal(e.dst, dst));
    assert_true(mac_equal(e.src, src));
    assert_int_equal(e.type, ETHER_IPV4);
}

static void
every_truncation_is_dropped(void **state)
{
    (void)state;
    for (size_t len = 0; len < ETHER_LEN; len++) {
        uint8_t *copy = exact_copy(linux_frame, len);
        struct ether e;

        assert_int_equal(ether_decode(copy, len, &e), DROP_ETH_TRUNCATED);
        free(copy);
    }
}

static void
any_header_is_encoded_as_it_was_decoded(void **state)
{
    struct rng r;

    (void)state;
    seed_from_clock(&r);
    for (int i = 0; i < 10000; i++) {
        uint8_t bytes[ETHER_LEN + 4];
        uint8_t again[ETHER_LEN];
        struct ether e;

        rng_fill(&r, bytes, sizeof bytes);
        assert_int_equal(ether_decode(bytes, sizeof bytes, &e), DROP_NONE);
        ether_encode(again, &e);
        assert_memory_equal(again, bytes, ETHER_LEN);
    }
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(linux_frame_is_decoded),
        cmocka_unit_test(every_truncation_is_dropped),
        cmocka_unit_test(any_header_is_encoded_as_it_was_decoded),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
