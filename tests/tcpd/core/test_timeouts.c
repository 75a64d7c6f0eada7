/* SPDX-License-Identifier: MIT */
/* Timers: one heap entry for each connection, and what their expiry does. */
#include "tcpd/core/keepalive.h"
#include "tests/support/lone_tcb.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>

#include <cmocka.h>

#define MSS LONE_MSS

static int64_t
ms_until_next(const struct lone *l)
{
    return instant_sub(tcp_next_deadline(l->tcp), l->now).ns / 1000000;
}

static instant_t
in_ms(const struct lone *l, int64_t ms)
{
    return instant_add(l->now, duration_ms(ms));
}

static void
disown(struct lone *l)
{
    l->tcb->owner.client = OWNER_NONE;
    l->tcb->flags |= TCB_CLOSED_BY_OWNER;
}

static void
the_earliest_timer_is_the_next_deadline(void **state)
{
    struct lone *l = *state;

    assert_true(instant_is_never(tcp_next_deadline(l->tcp)));
    timer_set(l->tcp, l->tcb, TIMER_ORPHAN, in_ms(l, 50));
    timer_set(l->tcp, l->tcb, TIMER_RTO, in_ms(l, 20));
    assert_int_equal(ms_until_next(l), 20);
    timer_set(l->tcp, l->tcb, TIMER_RTO, in_ms(l, 70));
    assert_int_equal(ms_until_next(l), 50);
    timer_stop(l->tcp, l->tcb, TIMER_ORPHAN);
    assert_int_equal(ms_until_next(l), 70);
    timer_stop(l->tcp, l->tcb, TIMER_RTO);
    assert_true(instant_is_never(tcp_next_deadline(l->tcp)));
    assert_false(timer_running(l->tcb, TIMER_RTO));
}

static void
nothing_expires_early(void **state)
{
    struct lone *l = *state;

    lone_write(l, MSS);
    assert_int_equal(lone_drain(l), MSS);
    l->now.ns = tcp_next_deadline(l->tcp).ns - 1;
    tcp_expire(l->tcp, l->now);
    assert_int_equal(lone_drain(l), 0);
}

static void
a_timeout_sends_everything_again_from_snd_una(void **state)
{
    struct lone *l = *state;

    lone_write(l, 4 * MSS);
    assert_int_equal(lone_drain(l), 4 * MSS);
    assert_int_equal(ms_until_next(l), 1000);
    lone_expire(l);
    assert_true(lone_send(l));
    assert_int_equal(lone_offset(l), 0);
    assert_int_equal(l->len, MSS); /* cwnd is one segment */
    assert_false(lone_send(l));
    lone_acked(l, MSS);
    l->tcb->cwnd = 2 * MSS;
    assert_int_equal(lone_drain(l), 2 * MSS);
    assert_int_equal(l->tcb->snd_max.v, seq_add(l->tcb->snd_una, 3 * MSS).v);
    assert_int_equal(l->tcp->stats.retrans_timeout, 1);
    assert_int_equal(l->tcp->stats.retrans_segs, 3);
}

static void
the_timeout_doubles_and_gives_up_after_fifteen(void **state)
{
    struct lone *l = *state;
    int64_t wait = TCP_RTO_INITIAL;

    lone_write(l, 10);
    assert_int_equal(lone_drain(l), 10);
    for (int i = 0; i < TCP_DATA_TRIES; i++) {
        assert_int_equal(ms_until_next(l), wait);
        lone_expire(l);
        assert_int_equal(lone_drain(l), 10);
        wait = 2 * wait < TCP_RTO_MAX ? 2 * wait : TCP_RTO_MAX;
    }
    lone_expire(l);
    assert_int_equal(l->tcb->state, TCB_CLOSED);
    assert_int_equal(l->tcb->error, TCP_TIMED_OUT);
    assert_true(instant_is_never(tcp_next_deadline(l->tcp)));
    assert_false(lone_send(l));
}

static void
an_orphan_gives_up_after_eight(void **state)
{
    struct lone *l = *state;

    disown(l);
    lone_write(l, 10);
    assert_int_equal(lone_drain(l), 10);
    for (int i = 0; i < TCP_ORPHAN_TRIES; i++) {
        lone_expire(l);
        assert_int_equal(lone_drain(l), 10);
    }
    lone_expire(l);
    assert_int_equal(l->tcb->state, TCB_CLOSED);
}

/* Counts the transmissions of a SYN or SYN-ACK that nobody answers. */
static int
transmissions(struct lone *l, uint8_t flags)
{
    int n = 0;

    while (lone_send(l)) {
        assert_int_equal(l->sent.flags, flags);
        assert_int_equal(l->sent.seq, LONE_ISS);
        n++;
        lone_expire(l);
    }
    assert_int_equal(l->tcb->state, TCB_CLOSED);
    assert_int_equal(l->tcb->error, TCP_TIMED_OUT);
    return n;
}

static void
a_syn_is_sent_seven_times_in_127_seconds(void **state)
{
    struct lone *l = *state;
    instant_t start = l->now;

    lone_unsynchronize(l, TCB_SYN_SENT);
    assert_int_equal(transmissions(l, TCP_SYN), 1 + TCP_SYN_TRIES);
    assert_int_equal(instant_sub(l->now, start).ns, duration_ms(127000).ns);
}

static void
a_synack_is_sent_six_times_in_63_seconds(void **state)
{
    struct lone *l = *state;
    instant_t start = l->now;

    lone_unsynchronize(l, TCB_SYN_RECEIVED);
    assert_int_equal(transmissions(l, TCP_SYN | TCP_ACK), 1 + TCP_SYNACK_TRIES);
    assert_int_equal(instant_sub(l->now, start).ns, duration_ms(63000).ns);
}

static void
a_fin_is_sent_again(void **state)
{
    struct lone *l = *state;

    tcp_call_shutdown(l->tcp, l->tcb, l->now);
    assert_true(lone_send(l));
    assert_int_equal(l->sent.flags, TCP_FIN | TCP_ACK);
    lone_expire(l);
    assert_true(lone_send(l));
    assert_int_equal(l->sent.flags, TCP_FIN | TCP_ACK);
    assert_int_equal(lone_offset(l), 0);
}

/* ---- zero window ---- */

static void
close_window(struct lone *l)
{
    l->tcb->snd_wnd = 0;
    lone_write(l, 10);
    assert_false(lone_send(l));
}

static void
a_closed_window_is_probed_below_snd_una(void **state)
{
    struct lone *l = *state;

    close_window(l);
    assert_true(timer_running(l->tcb, TIMER_PERSIST));
    assert_false(timer_running(l->tcb, TIMER_RTO));
    lone_expire(l);
    assert_true(lone_send(l));
    assert_int_equal(l->sent.seq, l->tcb->snd_una.v - 1);
    assert_int_equal(l->len, 0);
    assert_int_equal(l->sent.flags, TCP_ACK);
    assert_false(lone_send(l));
}

static void
an_ack_that_reports_ranges_is_no_probe(void **state)
{
    struct lone *l = *state;

    close_window(l);
    lone_expire(l);
    l->tcb->flags |= TCB_SACK;
    ooo_add(l->tcb, seq_add(l->tcb->rcv_nxt, 10), seq_add(l->tcb->rcv_nxt, 20));
    reply_ack(l->tcp, l->tcb);
    assert_true(lone_send(l));
    assert_int_equal(l->sent.seq, l->tcb->snd_max.v);
    assert_int_equal(l->tcb->probes, 0);
    assert_true(lone_send(l));
    assert_int_equal(l->sent.seq, l->tcb->snd_una.v - 1);
    assert_int_equal(l->tcb->probes, 1);
    assert_false(lone_send(l));
}

static void
answered_probes_go_on_for_ever_at_two_minutes(void **state)
{
    struct lone *l = *state;
    int64_t wait = TCP_RTO_INITIAL;

    close_window(l);
    for (int i = 0; i < 100; i++) {
        assert_int_equal(ms_until_next(l), wait);
        lone_expire(l);
        assert_true(lone_send(l));
        assert_false(lone_send(l));
        keepalive_heard(l->tcp, l->tcb, l->now);
        wait = 2 * wait < TCP_RTO_MAX ? 2 * wait : TCP_RTO_MAX;
    }
    assert_int_equal(l->tcb->state, TCB_ESTABLISHED);
}

static void
unanswered_probes_end_with_rst(void **state)
{
    struct lone *l = *state;

    close_window(l);
    for (int i = 0; i < TCP_DATA_TRIES; i++) {
        lone_expire(l);
        assert_true(lone_send(l));
    }
    lone_expire(l);
    assert_int_equal(l->tcb->state, TCB_CLOSED);
    assert_int_equal(l->tcb->error, TCP_TIMED_OUT);
    assert_true(lone_send(l));
    assert_true((l->sent.flags & TCP_RST) != 0);
}

static void
an_orphans_probes_end(void **state)
{
    struct lone *l = *state;

    disown(l);
    close_window(l);
    for (int i = 0; i < TCP_ORPHAN_TRIES; i++) {
        lone_expire(l);
        assert_true(lone_send(l));
    }
    lone_expire(l);
    assert_int_equal(l->tcb->state, TCB_CLOSED);
}

/* While there is no room to send it, the core does not ask to be woken. */
static void
a_probe_that_waits_for_room_is_no_deadline(void **state)
{
    struct lone *l = *state;

    close_window(l);
    lone_expire(l);
    tcp_expire(l->tcp, l->now);
    assert_true(instant_is_never(tcp_next_deadline(l->tcp)));
    assert_true(tcp_wants_output(l->tcp));
    assert_true(lone_send(l));
    assert_false(instant_is_never(tcp_next_deadline(l->tcp)));
}

static void
an_open_window_ends_probing(void **state)
{
    struct lone *l = *state;

    close_window(l);
    lone_expire(l);
    assert_true(lone_send(l));
    l->tcb->snd_wnd = 100;
    tcb_want_output(l->tcp, l->tcb);
    assert_true(lone_send(l));
    assert_int_equal(l->len, 10);
    assert_false(timer_running(l->tcb, TIMER_PERSIST));
    assert_true(timer_running(l->tcb, TIMER_RTO));
    assert_int_equal(l->tcb->persist_backoff, 0);
}

/* A peer that answers is alive, whatever was lost when its window closed. */
static void
a_timeout_behind_a_closed_window_becomes_a_probe(void **state)
{
    struct lone *l = *state;

    lone_write(l, 10);
    assert_int_equal(lone_drain(l), 10);
    l->tcb->snd_wnd = 0;
    for (int i = 0; i < 2 * TCP_DATA_TRIES; i++) {
        lone_expire(l);
        assert_int_equal(lone_drain(l), 0);
        keepalive_heard(l->tcp, l->tcb, l->now); /* the peer answers */
    }
    assert_int_equal(l->tcb->state, TCB_ESTABLISHED);
    assert_false(timer_running(l->tcb, TIMER_RTO));
}

/* The window closed behind text that then turned out to have arrived. */
static void
probing_ends_when_nothing_is_left(void **state)
{
    struct lone *l = *state;

    lone_write(l, 10);
    assert_int_equal(lone_drain(l), 10);
    l->tcb->snd_wnd = 0;
    lone_expire(l);
    assert_int_equal(lone_drain(l), 0);
    lone_expire(l);
    assert_true(lone_send(l));
    lone_acked(l, 10);
    assert_false(lone_send(l));
    assert_true(instant_is_never(tcp_next_deadline(l->tcp)));
    assert_int_equal(l->tcb->persist_backoff, 0);
}

/* RFC 9293 3.8.6.2.1: silly window avoidance must not wait for ever. */
static void
a_small_window_is_used_when_the_persist_timer_expires(void **state)
{
    struct lone *l = *state;

    l->tcb->snd_wnd = 10;
    lone_write(l, 2 * MSS);
    assert_false(lone_send(l));
    lone_expire(l);
    assert_true(lone_send(l));
    assert_int_equal(l->len, 10);
}

/* ---- the end ---- */

static void
time_wait_ends_after_a_minute(void **state)
{
    struct lone *l = *state;

    l->tcb->flags |= TCB_SHUT_WR | TCB_FIN_RECEIVED;
    tcb_enter(l->tcp, l->tcb, TCB_TIME_WAIT, l->now);
    assert_int_equal(ms_until_next(l), TCP_TIME_WAIT);
    lone_expire(l);
    assert_int_equal(l->tcb->state, TCB_CLOSED);
    assert_int_equal(l->tcb->error, TCP_OK);
    assert_true(instant_is_never(tcp_next_deadline(l->tcp)));
}

static void
an_orphan_in_fin_wait_2_ends_silently(void **state)
{
    struct lone *l = *state;

    disown(l);
    l->tcb->flags |= TCB_SHUT_WR;
    tcb_enter(l->tcp, l->tcb, TCB_FIN_WAIT_2, l->now);
    assert_int_equal(ms_until_next(l), TCP_FIN_TIMEOUT);
    lone_expire(l);
    assert_int_equal(l->tcb->state, TCB_CLOSED);
    assert_int_equal(l->tcb->error, TCP_OK);
    assert_false(lone_send(l));
}

static void
a_delayed_ack_is_sent_when_its_time_has_come(void **state)
{
    struct lone *l = *state;

    timer_set(l->tcp, l->tcb, TIMER_DELAYED_ACK, in_ms(l, 40));
    lone_expire(l);
    assert_true(lone_send(l));
    assert_int_equal(l->sent.flags, TCP_ACK);
    assert_true(instant_is_never(tcp_next_deadline(l->tcp)));
}

int
main(void)
{
#define T(claim)                                                               \
    cmocka_unit_test_setup_teardown(claim, lone_setup, lone_teardown)
    const struct CMUnitTest tests[] = {
        T(the_earliest_timer_is_the_next_deadline),
        T(nothing_expires_early),
        T(a_timeout_sends_everything_again_from_snd_una),
        T(the_timeout_doubles_and_gives_up_after_fifteen),
        T(an_orphan_gives_up_after_eight),
        T(a_syn_is_sent_seven_times_in_127_seconds),
        T(a_synack_is_sent_six_times_in_63_seconds),
        T(a_fin_is_sent_again),
        T(a_closed_window_is_probed_below_snd_una),
        T(an_ack_that_reports_ranges_is_no_probe),
        T(answered_probes_go_on_for_ever_at_two_minutes),
        T(unanswered_probes_end_with_rst),
        T(an_orphans_probes_end),
        T(a_probe_that_waits_for_room_is_no_deadline),
        T(an_open_window_ends_probing),
        T(a_timeout_behind_a_closed_window_becomes_a_probe),
        T(probing_ends_when_nothing_is_left),
        T(a_small_window_is_used_when_the_persist_timer_expires),
        T(time_wait_ends_after_a_minute),
        T(an_orphan_in_fin_wait_2_ends_silently),
        T(a_delayed_ack_is_sent_when_its_time_has_come),
    };
#undef T

    return cmocka_run_group_tests(tests, NULL, NULL);
}
