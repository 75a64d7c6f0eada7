/* SPDX-License-Identifier: MIT */
/* The seeded random sequence. */
#include "base/rng.h"

#include "base/bits.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

/* The reference implementation's first numbers from the state 1, 2, 3, 4. */
static void
sequence_is_the_reference_sequence(void **state)
{
    static const uint64_t expected[] = {
        UINT64_C(11520),
        UINT64_C(0),
        UINT64_C(1509978240),
        UINT64_C(1215971899390074240),
        UINT64_C(1216172134540287360),
        UINT64_C(607988272756665600),
        UINT64_C(16172922978634559625),
        UINT64_C(8476171486693032832),
    };
    struct rng r = {{1, 2, 3, 4}};

    (void)state;
    for (size_t i = 0; i < ARRAY_LEN(expected); i++)
        assert_true(rng_next(&r) == expected[i]);
}

/* splitmix64's published sequence for this seed. */
static void
seed_fills_the_state_by_splitmix(void **state)
{
    struct rng r;

    (void)state;
    rng_seed(&r, 1234567);
    assert_true(r.s[0] == UINT64_C(6457827717110365317));
    assert_true(r.s[1] == UINT64_C(3203168211198807973));
    assert_true(r.s[2] == UINT64_C(9817491932198370423));
    assert_true(r.s[3] == UINT64_C(4593380528125082431));
}

static void
below_stays_below_and_reaches_every_value(void **state)
{
    unsigned seen[7] = {0};
    struct rng r;

    (void)state;
    rng_seed(&r, 7);
    for (int i = 0; i < 7000; i++) {
        uint64_t v = rng_below(&r, 7);

        assert_in_range(v, 0, 6);
        seen[v]++;
    }
    for (int i = 0; i < 7; i++)
        assert_in_range(seen[i], 800, 1200);
}

/* n = 3 * 2^62: a plain product favours every third result by one half. */
static void
below_is_unbiased_for_huge_ranges(void **state)
{
    const uint64_t n = UINT64_C(3) << 62;
    unsigned thirds[3] = {0};
    struct rng r;

    (void)state;
    rng_seed(&r, 11);
    for (int i = 0; i < 9000; i++) {
        uint64_t v = rng_below(&r, n);

        assert_true(v < n);
        thirds[v % 3]++;
    }
    for (int i = 0; i < 3; i++)
        assert_in_range(thirds[i], 2800, 3200);
}

static void
below_one_is_zero(void **state)
{
    struct rng r;

    (void)state;
    rng_seed(&r, 1);
    assert_true(rng_below(&r, 1) == 0);
}

static void
fill_writes_exactly_its_bytes(void **state)
{
    unsigned char buf[32], again[32];
    struct rng r;

    (void)state;
    for (size_t len = 0; len <= 24; len++) {
        memset(buf, 0xee, sizeof buf);
        rng_seed(&r, 5);
        rng_fill(&r, buf, len);
        for (size_t i = len; i < sizeof buf; i++)
            assert_int_equal(buf[i], 0xee);
        rng_seed(&r, 5);
        rng_fill(&r, again, sizeof again);
        assert_memory_equal(buf, again, len);
    }
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(sequence_is_the_reference_sequence),
        cmocka_unit_test(seed_fills_the_state_by_splitmix),
        cmocka_unit_test(below_stays_below_and_reaches_every_value),
        cmocka_unit_test(below_is_unbiased_for_huge_ranges),
        cmocka_unit_test(below_one_is_zero),
        cmocka_unit_test(fill_writes_exactly_its_bytes),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
