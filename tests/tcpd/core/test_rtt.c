/* SPDX-License-Identifier: MIT */
/* RFC 6298 with Linux's minimum. */
#include "tcpd/core/internal.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>

#include <cmocka.h>

static struct tcb
sender(void)
{
    struct tcb tcb = {.snd_mss = 1000};

    rtt_init(&tcb);
    return tcb;
}

static int64_t
ms(duration_t d)
{
    return d.ns / 1000000;
}

static void
the_timeout_is_one_second_before_any_sample(void **state)
{
    struct tcb tcb = sender();

    (void)state;
    assert_int_equal(ms(tcb.rto), 1000);
    assert_int_equal(tcb.srtt.ns, 0);
}

static void
the_first_sample_counts_in_full(void **state)
{
    struct tcb tcb = sender();

    (void)state;
    rtt_sample(&tcb, duration_ms(400));
    assert_int_equal(ms(tcb.srtt), 400);
    assert_int_equal(ms(tcb.rttvar), 200);
    assert_int_equal(ms(tcb.rto), 400 + 4 * 200);
}

static void
later_samples_weigh_an_eighth_and_a_quarter(void **state)
{
    struct tcb tcb = sender();

    (void)state;
    rtt_sample(&tcb, duration_ms(400));
    rtt_sample(&tcb, duration_ms(800));
    assert_int_equal(ms(tcb.rttvar), 200 + (400 - 200) / 4);
    assert_int_equal(ms(tcb.srtt), 400 + 400 / 8);
    assert_int_equal(ms(tcb.rto), 450 + 4 * 250);
}

static void
a_steady_path_keeps_200_ms_of_margin(void **state)
{
    struct tcb tcb = sender();

    (void)state;
    for (int i = 0; i < 100; i++)
        rtt_sample(&tcb, duration_ms(300));
    assert_in_range(ms(tcb.rto), 499, 501);
}

static void
the_timeout_is_never_below_200_ms(void **state)
{
    struct tcb tcb = sender();

    (void)state;
    for (int i = 0; i < 100; i++)
        rtt_sample(&tcb, (duration_t){0});
    assert_int_equal(ms(tcb.rto), 200);
    assert_true(tcb.srtt.ns > 0);
}

static void
nonsense_is_bounded(void **state)
{
    struct tcb tcb = sender();

    (void)state;
    rtt_sample(&tcb, (duration_t){INT64_MAX});
    assert_int_equal(ms(tcb.rto), TCP_RTO_MAX);
    rtt_sample(&tcb, (duration_t){-5});
    assert_true(tcb.srtt.ns > 0);
    assert_true(ms(tcb.rto) <= TCP_RTO_MAX);
}

static void
backoff_doubles_up_to_two_minutes(void **state)
{
    struct tcb tcb = sender();

    (void)state;
    rtt_backoff(&tcb);
    assert_int_equal(ms(tcb.rto), 2000);
    for (int i = 0; i < 10; i++)
        rtt_backoff(&tcb);
    assert_int_equal(ms(tcb.rto), 120000);
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(the_timeout_is_one_second_before_any_sample),
        cmocka_unit_test(the_first_sample_counts_in_full),
        cmocka_unit_test(later_samples_weigh_an_eighth_and_a_quarter),
        cmocka_unit_test(a_steady_path_keeps_200_ms_of_margin),
        cmocka_unit_test(the_timeout_is_never_below_200_ms),
        cmocka_unit_test(nonsense_is_bounded),
        cmocka_unit_test(backoff_doubles_up_to_two_minutes),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
