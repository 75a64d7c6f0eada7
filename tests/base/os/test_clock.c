/* SPDX-License-Identifier: MIT */
/* The clock is CLOCK_MONOTONIC in nanoseconds. */
#include "base/os/clock.h"

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

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(now_lies_between_two_readings_of_the_monotonic_clock),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
