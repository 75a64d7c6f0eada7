/* SPDX-License-Identifier: MIT */
/* What may be sent now: window, cwnd, Nagle, and where the FIN goes. */
#include "tests/support/lone_tcb.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>

#include <cmocka.h>

#define MSS LONE_MSS

static void
cwnd_limits_what_is_in_flight(void **state)
{
    struct lone *l = *state;

    l->tcb->cwnd = 3 * MSS + MSS / 2;
    lone_write(l, 10 * MSS);
    assert_int_equal(lone_drain(l), 3 * MSS);
    lone_acked(l, MSS);
    assert_int_equal(lone_drain(l), MSS);
}

static void
the_window_is_never_exceeded(void **state)
{
    struct lone *l = *state;

    l->tcb->snd_wnd = 2 * MSS + 10;
    lone_write(l, 10 * MSS);
    assert_int_equal(lone_drain(l), 2 * MSS);
    assert_false(timer_running(l->tcb, TIMER_PERSIST));
}

static void
half_of_the_largest_window_is_worth_a_segment(void **state)
{
    struct lone *l = *state;

    l->tcb->max_snd_wnd = 600;
    l->tcb->snd_wnd = 300;
    lone_write(l, 10 * MSS);
    assert_int_equal(lone_drain(l), 300);
}

static void
a_short_segment_waits_for_a_short_one_before_it(void **state)
{
    struct lone *l = *state;

    lone_write(l, 10);
    assert_int_equal(lone_drain(l), 10);
    lone_write(l, 20);
    assert_int_equal(lone_drain(l), 0);
    lone_acked(l, 10);
    assert_int_equal(lone_drain(l), 20);
}

static void
a_short_segment_does_not_wait_for_full_ones(void **state)
{
    struct lone *l = *state;

    lone_write(l, 2 * MSS);
    assert_int_equal(lone_drain(l), 2 * MSS);
    lone_write(l, 20);
    assert_int_equal(lone_drain(l), 20);
}

static void
waiting_text_goes_when_it_fills_a_segment(void **state)
{
    struct lone *l = *state;

    lone_write(l, 10);
    assert_int_equal(lone_drain(l), 10);
    lone_write(l, MSS + 5);
    assert_int_equal(lone_drain(l), MSS);
}

static void
nodelay_waits_for_nothing(void **state)
{
    struct lone *l = *state;

    l->tcb->settings.flags |= TCP_SET_NODELAY;
    lone_write(l, 10);
    assert_int_equal(lone_drain(l), 10);
    lone_write(l, 20);
    assert_int_equal(lone_drain(l), 20);
}

/* cwnd is bytes: ten segments' worth of them may be in many more segments. */
static void
tiny_segments_use_little_of_the_window(void **state)
{
    struct lone *l = *state;

    l->tcb->settings.flags |= TCP_SET_NODELAY;
    for (int i = 0; i < 100; i++) {
        lone_write(l, 1);
        assert_true(lone_send(l));
        assert_int_equal(l->len, 1);
    }
}

static void
text_before_a_fin_does_not_wait(void **state)
{
    struct lone *l = *state;

    lone_write(l, 10);
    assert_int_equal(lone_drain(l), 10);
    lone_write(l, 20);
    tcp_call_shutdown(l->tcp, l->tcb, l->now);
    assert_true(lone_send(l));
    assert_int_equal(l->len, 20);
    assert_int_equal(l->sent.flags, TCP_ACK | TCP_PSH | TCP_FIN);
}

static void
fin_rides_on_the_last_text(void **state)
{
    struct lone *l = *state;

    l->tcb->cwnd = 1 << 20;
    lone_write(l, LONE_GSO + MSS);
    tcp_call_shutdown(l->tcp, l->tcb, l->now);
    assert_true(lone_send(l));
    assert_false(l->sent.flags & TCP_FIN);
    assert_true(lone_send(l));
    assert_true(l->sent.flags & TCP_FIN);
    assert_true(l->tcb->flags & TCB_FIN_SENT);
    assert_int_equal(l->tcb->snd_nxt.v,
                     seq_add(l->tcb->snd_una, LONE_GSO + MSS + 1).v);
    assert_false(lone_send(l));
}

static void
fin_waits_for_the_text_before_it(void **state)
{
    struct lone *l = *state;

    l->tcb->cwnd = 2 * MSS;
    lone_write(l, 3 * MSS);
    tcp_call_shutdown(l->tcp, l->tcb, l->now);
    assert_int_equal(lone_drain(l), 2 * MSS);
    assert_false(l->tcb->flags & TCB_FIN_SENT);
    lone_acked(l, 2 * MSS);
    assert_int_equal(lone_drain(l), MSS);
    assert_true(l->tcb->flags & TCB_FIN_SENT);
}

static void
fin_needs_room_in_the_window(void **state)
{
    struct lone *l = *state;

    l->tcb->snd_wnd = 10;
    lone_write(l, 10);
    tcp_call_shutdown(l->tcp, l->tcb, l->now);
    assert_int_equal(lone_drain(l), 10);
    assert_false(l->tcb->flags & TCB_FIN_SENT);
    lone_acked(l, 10);
    assert_true(lone_send(l));
    assert_int_equal(l->sent.flags, TCP_FIN | TCP_ACK);
}

static void
flight_counts_text_and_not_the_fin(void **state)
{
    struct lone *l = *state;

    lone_write(l, 100);
    tcp_call_shutdown(l->tcp, l->tcb, l->now);
    assert_int_equal(lone_drain(l), 100);
    assert_int_equal(output_in_flight(l->tcb), 100);
}

static void
readiness_agrees_with_what_is_sent(void **state)
{
    struct lone *l = *state;

    assert_false(output_ready(l->tcb, l->now));
    lone_write(l, 10);
    assert_true(output_ready(l->tcb, l->now));
    assert_int_equal(lone_drain(l), 10);
    lone_write(l, 10);
    assert_false(output_ready(l->tcb, l->now)); /* Nagle */
}

int
main(void)
{
#define T(claim)                                                               \
    cmocka_unit_test_setup_teardown(claim, lone_setup, lone_teardown)
    const struct CMUnitTest tests[] = {
        T(cwnd_limits_what_is_in_flight),
        T(the_window_is_never_exceeded),
        T(half_of_the_largest_window_is_worth_a_segment),
        T(a_short_segment_waits_for_a_short_one_before_it),
        T(a_short_segment_does_not_wait_for_full_ones),
        T(waiting_text_goes_when_it_fills_a_segment),
        T(nodelay_waits_for_nothing),
        T(tiny_segments_use_little_of_the_window),
        T(text_before_a_fin_does_not_wait),
        T(fin_rides_on_the_last_text),
        T(fin_waits_for_the_text_before_it),
        T(fin_needs_room_in_the_window),
        T(flight_counts_text_and_not_the_fin),
        T(readiness_agrees_with_what_is_sent),
    };
#undef T

    return cmocka_run_group_tests(tests, NULL, NULL);
}
