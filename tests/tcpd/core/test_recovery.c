/* SPDX-License-Identifier: MIT */
/* Fast retransmit and NewReno's recovery, as segments show it. */
#include "tests/support/lone_tcb.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>

#include <cmocka.h>

#define MSS LONE_MSS

/* Ten segments are in flight and the first `good` of them acknowledged. */
static void
flight(struct lone *l, uint32_t good)
{
    l->tcb->settings.flags |= TCP_SET_NODELAY;
    lone_write(l, 10 * MSS);
    assert_int_equal(lone_drain(l), 10 * MSS);
    if (good == 0)
        return;
    lone_acked(l, good * MSS);
    recovery_advanced(l->tcp, l->tcb, good * MSS, l->now);
}

static void
duplicates(struct lone *l, uint32_t count)
{
    while (count-- > 0)
        recovery_duplicate(l->tcp, l->tcb, l->now);
}

static void
advance(struct lone *l, uint32_t segments)
{
    lone_acked(l, segments * MSS);
    recovery_advanced(l->tcp, l->tcb, segments * MSS, l->now);
}

static void
two_duplicates_retransmit_nothing(void **state)
{
    struct lone *l = *state;

    flight(l, 0);
    duplicates(l, 2);
    assert_int_equal(lone_drain(l), 0);
    assert_false(l->tcb->flags & TCB_RECOVERY);
}

static void
the_third_duplicate_retransmits_the_first_segment_alone(void **state)
{
    struct lone *l = *state;

    flight(l, 0);
    duplicates(l, 3);
    assert_true(lone_send(l));
    assert_int_equal(lone_offset(l), 0);
    assert_int_equal(l->len, MSS);
    assert_false(lone_send(l));
    assert_int_equal(l->tcb->snd_nxt.v, l->tcb->snd_max.v);
    assert_int_equal(l->tcp->stats.retrans_fast, 1);
    assert_int_equal(l->tcp->stats.retrans_segs, 1);
}

/* RFC 3042. */
static void
each_of_the_first_two_duplicates_lets_one_new_segment_out(void **state)
{
    struct lone *l = *state;

    flight(l, 0);
    lone_write(l, 5 * MSS);
    assert_int_equal(lone_drain(l), 0);
    duplicates(l, 1);
    assert_int_equal(lone_drain(l), MSS);
    duplicates(l, 1);
    assert_int_equal(lone_drain(l), MSS);
}

static void
later_duplicates_let_new_segments_out(void **state)
{
    struct lone *l = *state;

    flight(l, 0);
    duplicates(l, 3);
    assert_int_equal(lone_drain(l), MSS);
    lone_write(l, 5 * MSS);
    assert_int_equal(lone_drain(l), 0); /* cwnd is 5 + 3 segments */
    duplicates(l, 3);
    assert_int_equal(lone_drain(l), MSS);
    assert_int_equal(lone_offset(l), 10 * MSS);
}

static void
a_partial_ack_retransmits_the_next_hole(void **state)
{
    struct lone *l = *state;

    flight(l, 0);
    duplicates(l, 3);
    assert_int_equal(lone_drain(l), MSS);
    advance(l, 4);
    assert_true(l->tcb->flags & TCB_RECOVERY);
    assert_true(lone_send(l));
    assert_int_equal(lone_offset(l), 4 * MSS);
    assert_int_equal(l->len, MSS);
}

/* RFC 5681 3.2: ten segments were outstanding, so no more can have left, however
 * many ACKs say so: 5 + 3 + 10. */
static void
made_up_duplicates_do_not_inflate_without_bound(void **state)
{
    struct lone *l = *state;

    flight(l, 0);
    duplicates(l, 1000);
    assert_int_equal(l->tcb->cwnd, 18 * MSS);
    advance(l, 4);
    assert_int_equal(l->tcb->cwnd, 15 * MSS);
    duplicates(l, 1000);
    assert_int_equal(l->tcb->cwnd, 18 * MSS);
}

/* RFC 6582 3.2: 8 segments, less 4 acknowledged, plus the one sent again. */
static void
a_partial_ack_deflates_the_window(void **state)
{
    struct lone *l = *state;

    flight(l, 0);
    duplicates(l, 3);
    assert_int_equal(l->tcb->cwnd, 8 * MSS);
    advance(l, 4);
    assert_int_equal(l->tcb->cwnd, 5 * MSS);
}

static void
an_ack_of_everything_ends_recovery(void **state)
{
    struct lone *l = *state;

    flight(l, 0);
    duplicates(l, 3);
    assert_int_equal(lone_drain(l), MSS);
    advance(l, 10);
    assert_false(l->tcb->flags & TCB_RECOVERY);
    assert_true(l->tcb->cwnd <= l->tcb->ssthresh);
    lone_write(l, MSS);
    assert_int_equal(lone_drain(l), MSS);
    assert_int_equal(lone_offset(l), 10 * MSS);
}

static void
a_retransmission_that_has_become_needless_is_not_sent(void **state)
{
    struct lone *l = *state;

    flight(l, 0);
    lone_write(l, 2 * MSS);
    duplicates(l, 3);
    advance(l, 10);
    assert_true(lone_send(l));
    assert_int_equal(lone_offset(l), 10 * MSS);
}

static void
what_was_sent_during_recovery_is_not_sent_again_after_it(void **state)
{
    struct lone *l = *state;

    flight(l, 0);
    duplicates(l, 3);
    lone_write(l, 5 * MSS);
    duplicates(l, 5);
    assert_int_equal(lone_drain(l), 4 * MSS); /* one of them again */
    advance(l, 2);
    advance(l, 8);
    assert_false(l->tcb->flags & TCB_RECOVERY);
    assert_true(lone_send(l));
    assert_int_equal(lone_offset(l), 13 * MSS);
}

/* RFC 6582: they may answer our own retransmissions. */
static void
duplicates_at_recover_start_no_second_episode(void **state)
{
    struct lone *l = *state;

    flight(l, 0);
    duplicates(l, 3);
    assert_int_equal(lone_drain(l), MSS);
    advance(l, 10);
    lone_write(l, 3 * MSS);
    (void)lone_drain(l);
    duplicates(l, 3);
    assert_false(l->tcb->flags & TCB_RECOVERY);
    assert_int_equal(l->tcp->stats.retrans_fast, 1);
}

static void
duplicates_after_a_timeout_start_nothing(void **state)
{
    struct lone *l = *state;

    flight(l, 0);
    lone_expire(l);
    assert_int_equal(lone_drain(l), MSS);
    advance(l, 5);
    (void)lone_drain(l);
    duplicates(l, 4);
    assert_false(l->tcb->flags & TCB_RECOVERY);
}

static void
a_timeout_ends_recovery(void **state)
{
    struct lone *l = *state;

    flight(l, 0);
    duplicates(l, 3);
    lone_expire(l);
    assert_false(l->tcb->flags & TCB_RECOVERY);
    assert_int_equal(l->tcb->snd_nxt.v, l->tcb->snd_una.v);
}

static void
recover_follows_an_advancing_connection(void **state)
{
    struct lone *l = *state;

    flight(l, 3);
    assert_int_equal(l->tcb->recover.v, l->tcb->snd_una.v - 1);
    duplicates(l, 3);
    assert_true(l->tcb->flags & TCB_RECOVERY);
}

int
main(void)
{
#define T(claim)                                                               \
    cmocka_unit_test_setup_teardown(claim, lone_setup, lone_teardown)
    const struct CMUnitTest tests[] = {
        T(two_duplicates_retransmit_nothing),
        T(the_third_duplicate_retransmits_the_first_segment_alone),
        T(each_of_the_first_two_duplicates_lets_one_new_segment_out),
        T(later_duplicates_let_new_segments_out),
        T(a_partial_ack_retransmits_the_next_hole),
        T(made_up_duplicates_do_not_inflate_without_bound),
        T(a_partial_ack_deflates_the_window),
        T(an_ack_of_everything_ends_recovery),
        T(a_retransmission_that_has_become_needless_is_not_sent),
        T(what_was_sent_during_recovery_is_not_sent_again_after_it),
        T(duplicates_at_recover_start_no_second_episode),
        T(duplicates_after_a_timeout_start_nothing),
        T(a_timeout_ends_recovery),
        T(recover_follows_an_advancing_connection),
    };
#undef T

    return cmocka_run_group_tests(tests, NULL, NULL);
}
