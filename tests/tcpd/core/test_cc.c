/* SPDX-License-Identifier: MIT */
/* Congestion control in bytes: RFC 5681, RFC 6928, RFC 3465. */
#include "tests/support/lone_tcb.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>

#include <cmocka.h>

#define MSS LONE_MSS

/* A flight of `flight` bytes, all sent and none acknowledged. */
static void
in_flight(struct tcb *tcb, uint32_t flight)
{
    tcb->tx_end = tcb->tx_una + flight;
    tcb->snd_nxt = tcb->snd_max = seq_add(tcb->snd_una, flight);
}

/* An ACK of `len` bytes of it. */
static void
acked(struct tcb *tcb, uint32_t len)
{
    tcb->snd_una = seq_add(tcb->snd_una, len);
    tcb->tx_una += len;
    cc_acked(tcb, len);
}

static void
a_connection_starts_with_ten_segments(void **state)
{
    struct lone *l = *state;

    assert_int_equal(l->tcb->cwnd, 10 * MSS);
    assert_int_equal(l->tcb->ssthresh, UINT32_MAX);
}

static void
one_lost_syn_is_forgiven_and_two_are_not(void **state)
{
    struct lone *l = *state;

    l->tcb->backoff = 1;
    cc_init(l->tcb);
    assert_int_equal(l->tcb->cwnd, 10 * MSS);
    l->tcb->backoff = 2;
    cc_init(l->tcb);
    assert_int_equal(l->tcb->cwnd, MSS);
}

static void
slow_start_grows_by_all_that_is_acknowledged(void **state)
{
    struct lone *l = *state;

    in_flight(l->tcb, 10 * MSS);
    acked(l->tcb, 7 * MSS);
    assert_int_equal(l->tcb->cwnd, 17 * MSS);
}

static void
slow_start_ends_exactly_at_ssthresh(void **state)
{
    struct lone *l = *state;

    l->tcb->ssthresh = 12 * MSS;
    in_flight(l->tcb, 10 * MSS);
    acked(l->tcb, 10 * MSS);
    assert_int_equal(l->tcb->cwnd, 12 * MSS);
    assert_int_equal(l->tcb->cwnd_credit, 8 * MSS);
}

static void
avoidance_adds_one_segment_for_each_window(void **state)
{
    struct lone *l = *state;

    l->tcb->ssthresh = 10 * MSS;
    for (int i = 0; i < 9; i++) {
        in_flight(l->tcb, 10 * MSS);
        acked(l->tcb, MSS);
    }
    assert_int_equal(l->tcb->cwnd, 10 * MSS);
    in_flight(l->tcb, 10 * MSS);
    acked(l->tcb, MSS);
    assert_int_equal(l->tcb->cwnd, 11 * MSS);
    assert_int_equal(l->tcb->cwnd_credit, 0);
}

static void
a_window_that_is_not_used_does_not_grow(void **state)
{
    struct lone *l = *state;

    in_flight(l->tcb, 4 * MSS);
    acked(l->tcb, 4 * MSS);
    assert_int_equal(l->tcb->cwnd, 10 * MSS);
}

static void
the_window_never_exceeds_what_tcp_can_say(void **state)
{
    struct lone *l = *state;

    l->tcb->cwnd = 1u << 30;
    in_flight(l->tcb, 1u << 30);
    acked(l->tcb, 1u << 30);
    assert_int_equal(l->tcb->cwnd, 1u << 30);
}

/* Windows that only a broken image can hold. */
static void
growth_saturates_instead_of_wrapping(void **state)
{
    struct lone *l = *state;

    l->tcb->ssthresh = 10 * MSS;
    l->tcb->cwnd = UINT32_MAX - 1;
    l->tcb->cwnd_credit = UINT32_MAX - 2;
    in_flight(l->tcb, 1u << 31);
    acked(l->tcb, 1);
    assert_int_equal(l->tcb->cwnd, 1u << 30);
}

static void
recovery_halves_the_flight_and_adds_three_segments(void **state)
{
    struct lone *l = *state;

    in_flight(l->tcb, 8 * MSS);
    cc_enter_recovery(l->tcb);
    assert_int_equal(l->tcb->ssthresh, 4 * MSS);
    assert_int_equal(l->tcb->cwnd, 7 * MSS);
}

static void
ssthresh_is_never_below_two_segments(void **state)
{
    struct lone *l = *state;

    in_flight(l->tcb, MSS);
    cc_enter_recovery(l->tcb);
    assert_int_equal(l->tcb->ssthresh, 2 * MSS);
}

static void
recovery_ends_without_a_burst(void **state)
{
    struct lone *l = *state;

    l->tcb->ssthresh = 20 * MSS;
    in_flight(l->tcb, 3 * MSS);
    cc_leave_recovery(l->tcb);
    assert_int_equal(l->tcb->cwnd, 4 * MSS);
    in_flight(l->tcb, 30 * MSS);
    cc_leave_recovery(l->tcb);
    assert_int_equal(l->tcb->cwnd, 20 * MSS);
}

static void
only_the_first_timeout_of_a_flight_halves(void **state)
{
    struct lone *l = *state;

    in_flight(l->tcb, 10 * MSS);
    l->tcb->backoff = 1;
    cc_timeout(l->tcb);
    assert_int_equal(l->tcb->ssthresh, 5 * MSS);
    assert_int_equal(l->tcb->cwnd, MSS);
    in_flight(l->tcb, 6 * MSS);
    l->tcb->backoff = 2;
    cc_timeout(l->tcb);
    assert_int_equal(l->tcb->ssthresh, 5 * MSS);
}

static void
idleness_takes_the_window_back_to_the_initial_one(void **state)
{
    struct lone *l = *state;

    l->tcb->cwnd = 50 * MSS;
    cc_idle(l->tcb);
    assert_int_equal(l->tcb->cwnd, 10 * MSS);
    l->tcb->cwnd = 3 * MSS;
    cc_idle(l->tcb);
    assert_int_equal(l->tcb->cwnd, 3 * MSS);
}

int
main(void)
{
#define T(claim)                                                               \
    cmocka_unit_test_setup_teardown(claim, lone_setup, lone_teardown)
    const struct CMUnitTest tests[] = {
        T(a_connection_starts_with_ten_segments),
        T(one_lost_syn_is_forgiven_and_two_are_not),
        T(slow_start_grows_by_all_that_is_acknowledged),
        T(slow_start_ends_exactly_at_ssthresh),
        T(avoidance_adds_one_segment_for_each_window),
        T(a_window_that_is_not_used_does_not_grow),
        T(the_window_never_exceeds_what_tcp_can_say),
        T(growth_saturates_instead_of_wrapping),
        T(recovery_halves_the_flight_and_adds_three_segments),
        T(ssthresh_is_never_below_two_segments),
        T(recovery_ends_without_a_burst),
        T(only_the_first_timeout_of_a_flight_halves),
        T(idleness_takes_the_window_back_to_the_initial_one),
    };
#undef T

    return cmocka_run_group_tests(tests, NULL, NULL);
}
