/* SPDX-License-Identifier: MIT */
/* Monotonic time arithmetic. */
#include "base/time.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

static void
units_are_nanoseconds(void **state)
{
    (void)state;
    assert_int_equal(duration_ms(3).ns, 3000000);
    assert_int_equal(duration_us(3).ns, 3000);
}

static void
never_plus_a_span_stays_never(void **state)
{
    instant_t late = {INT64_MAX - 5};

    (void)state;
    assert_true(instant_is_never(instant_add(INSTANT_NEVER, duration_ms(1))));
    assert_true(instant_is_never(instant_add(late, duration_us(1))));
    assert_int_equal(instant_add(late, (duration_t){4}).ns, INT64_MAX - 1);
}

static void
span_may_be_negative(void **state)
{
    instant_t early = {INT64_MIN + 5};

    (void)state;
    assert_int_equal(instant_add((instant_t){7}, (duration_t){-9}).ns, -2);
    assert_int_equal(instant_add((instant_t){0}, (duration_t){INT64_MIN}).ns,
                     INT64_MIN);
    assert_int_equal(instant_add(early, (duration_t){-5}).ns, INT64_MIN);
    assert_int_equal(instant_add(early, (duration_t){-6}).ns, INT64_MIN);
    assert_true(instant_is_never(instant_add(INSTANT_NEVER, duration_ms(-1))));
}

static void
sum_and_difference_undo_each_other(void **state)
{
    instant_t t = {1000};

    (void)state;
    assert_int_equal(instant_sub(instant_add(t, duration_us(2)), t).ns, 2000);
    assert_int_equal(instant_sub(t, (instant_t){3000}).ns, -2000);
}

static void
moment_is_due_at_itself_and_after(void **state)
{
    instant_t t = {1000};

    (void)state;
    assert_false(instant_due(t, (instant_t){999}));
    assert_true(instant_due(t, (instant_t){1000}));
    assert_true(instant_due(t, (instant_t){1001}));
    assert_false(instant_due(INSTANT_NEVER, (instant_t){INT64_MAX - 1}));
}

static void
order_is_strict(void **state)
{
    instant_t a = {1}, b = {2};

    (void)state;
    assert_true(instant_before(a, b));
    assert_false(instant_before(b, a));
    assert_false(instant_before(a, a));
    assert_int_equal(instant_min(a, b).ns, 1);
    assert_int_equal(instant_min(b, a).ns, 1);
    assert_int_equal(instant_min(INSTANT_NEVER, a).ns, 1);
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(units_are_nanoseconds),
        cmocka_unit_test(never_plus_a_span_stays_never),
        cmocka_unit_test(span_may_be_negative),
        cmocka_unit_test(sum_and_difference_undo_each_other),
        cmocka_unit_test(moment_is_due_at_itself_and_after),
        cmocka_unit_test(order_is_strict),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
