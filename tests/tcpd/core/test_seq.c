/* SPDX-License-Identifier: MIT */
/* Sequence numbers compare around the wrap. */
#include "tcpd/core/seq.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>

#include <cmocka.h>

#define LAST 0xffffffffu

static void
later_numbers_are_greater_across_the_wrap(void **state)
{
    (void)state;
    assert_true(seq_lt(seq(LAST), seq(0)));
    assert_true(seq_gt(seq(5), seq(LAST - 5)));
    assert_false(seq_lt(seq(0), seq(LAST)));
    assert_true(seq_lt(seq(1), seq(0x80000000u)));
}

static void
equal_numbers_are_neither_less_nor_greater(void **state)
{
    (void)state;
    assert_false(seq_lt(seq(7), seq(7)));
    assert_false(seq_gt(seq(7), seq(7)));
    assert_true(seq_le(seq(7), seq(7)));
    assert_true(seq_ge(seq(7), seq(7)));
    assert_true(seq_eq(seq(7), seq(7)));
    assert_false(seq_eq(seq(7), seq(8)));
}

static void
sums_and_differences_wrap(void **state)
{
    (void)state;
    assert_int_equal(seq_add(seq(LAST), 2).v, 1);
    assert_int_equal(seq_sub(seq(1), seq(LAST)), 2);
}

static void
extremes_follow_the_order_of_sequence_numbers(void **state)
{
    (void)state;
    assert_int_equal(seq_max(seq(LAST), seq(3)).v, 3);
    assert_int_equal(seq_min(seq(LAST), seq(3)).v, LAST);
    assert_int_equal(seq_max(seq(3), seq(LAST)).v, 3);
    assert_int_equal(seq_min(seq(3), seq(LAST)).v, LAST);
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(later_numbers_are_greater_across_the_wrap),
        cmocka_unit_test(equal_numbers_are_neither_less_nor_greater),
        cmocka_unit_test(sums_and_differences_wrap),
        cmocka_unit_test(extremes_follow_the_order_of_sequence_numbers),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
