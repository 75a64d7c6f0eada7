/* SPDX-License-Identifier: MIT */
/* The clock is CLOCK_MONOTONIC in nanoseconds. */
#include "base/os/clock.h"

#include <limits.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <time.h>

#include <cmocka.h>

static int64_t
monotonic_ns(void)
{
    struct timespec ts;

    assert_int_equal(clock_gettime(CLOCK_MONOTONIC, &ts), 0);
    return (int64_t)ts.tv_sec * 1000000000 + ts.tv_nsec;
}

static void
now_lies_between_two_readings_of_the_monotonic_clock(void **state)
{
    (void)state;
    for (int i = 0; i < 1000; i++) {
        int64_t before = monotonic_ns();
        instant_t now = clock_now();
        int64_t after = monotonic_ns();

        assert_true(before <= now.ns && now.ns <= after);
    }
}

static void
never_is_waited_for_without_end(void **state)
{
    struct timespec t;

    (void)state;
    assert_null(clock_timeout(INSTANT_NEVER, (instant_t){5}, &t));
    assert_int_equal(clock_timeout_ms(INSTANT_NEVER, (instant_t){5}), -1);
}

static void
what_has_passed_is_not_waited_for(void **state)
{
    struct timespec t;

    (void)state;
    assert_non_null(clock_timeout((instant_t){3}, (instant_t){5}, &t));
    assert_int_equal(t.tv_sec, 0);
    assert_int_equal(t.tv_nsec, 0);
    assert_int_equal(clock_timeout_ms((instant_t){3}, (instant_t){5}), 0);
}

static void
milliseconds_are_rounded_up_and_nanoseconds_kept(void **state)
{
    const instant_t until = {2000000001 + 7};
    struct timespec t;

    (void)state;
    assert_non_null(clock_timeout(until, (instant_t){7}, &t));
    assert_int_equal(t.tv_sec, 2);
    assert_int_equal(t.tv_nsec, 1);
    assert_int_equal(clock_timeout_ms(until, (instant_t){7}), 2001);
    assert_int_equal(clock_timeout_ms(until, (instant_t){8}), 2000);
    assert_int_equal(
        clock_timeout_ms((instant_t){INT64_MAX - 1}, (instant_t){0}), INT_MAX);
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(now_lies_between_two_readings_of_the_monotonic_clock),
        cmocka_unit_test(never_is_waited_for_without_end),
        cmocka_unit_test(what_has_passed_is_not_waited_for),
        cmocka_unit_test(milliseconds_are_rounded_up_and_nanoseconds_kept),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
