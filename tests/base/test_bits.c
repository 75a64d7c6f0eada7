/* SPDX-License-Identifier: MIT */
/* Powers of two, minimum and maximum. */
#include "base/bits.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

static void
zero_is_no_power_of_two(void **state)
{
    (void)state;
    assert_false(bits_is_power_of_two(0));
}

static void
powers_of_two_have_one_bit(void **state)
{
    (void)state;
    for (unsigned i = 0; i < 64; i++)
        assert_true(bits_is_power_of_two(UINT64_C(1) << i));
    for (unsigned i = 2; i < 64; i++)
        assert_false(bits_is_power_of_two((UINT64_C(1) << i) - 1));
}

static void
rounding_up_reaches_the_next_multiple(void **state)
{
    (void)state;
    assert_int_equal(bits_round_up(0, 64), 0);
    assert_int_equal(bits_round_up(1, 64), 64);
    assert_int_equal(bits_round_up(64, 64), 64);
    assert_int_equal(bits_round_up(65, 64), 128);
    assert_int_equal(bits_round_up(UINT64_C(1) << 40, 1), UINT64_C(1) << 40);
}

static void
minimum_and_maximum_use_the_whole_width(void **state)
{
    (void)state;
    assert_true(min_u64(UINT64_MAX, 1) == 1);
    assert_true(max_u64(UINT64_MAX, 1) == UINT64_MAX);
    assert_true(min_u64(UINT64_C(1) << 32, 5) == 5);
    assert_true(min_u32(UINT32_MAX, 7) == 7);
    assert_true(max_u32(7, UINT32_MAX) == UINT32_MAX);
}

static void
array_len_counts_elements(void **state)
{
    uint32_t a[7];

    (void)state;
    assert_int_equal(ARRAY_LEN(a), 7);
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(zero_is_no_power_of_two),
        cmocka_unit_test(powers_of_two_have_one_bit),
        cmocka_unit_test(rounding_up_reaches_the_next_multiple),
        cmocka_unit_test(minimum_and_maximum_use_the_whole_width),
        cmocka_unit_test(array_len_counts_elements),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
