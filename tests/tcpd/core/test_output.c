/* SPDX-License-Identifier: MIT */
/* What is sent, when, and how it looks on the wire. */
#include "proto/wire/be.h"
#include "proto/wire/checksum.h"
#include "tests/support/lone_tcb.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <string.h>

#include <cmocka.h>

#define MSS LONE_MSS

/* ---- text ---- */

static void
text_is_what_the_client_wrote(void **state)
{
    struct lone *l = *state;
    uint64_t at = 0;

    l->tcb->settings.flags |= TCP_SET_NODELAY;
    l->tcb->cwnd = 1 << 20;
    lone_write(l, 90000);
    while (lone_send(l)) {
        assert_int_equal(lone_offset(l), at);
        assert_memory_equal(l->text, l->tx + at, l->len);
        at += l->len;
    }
    assert_int_equal(at, 90000);
}

static void
a_large_segment_is_whole_multiples_of_the_mss(void **state)
{
    struct lone *l = *state;

    l->tcb->snd_mss = 988;
    l->tcb->cwnd = 1 << 20;
    lone_write(l, LONE_GSO + 5000);
    assert_true(lone_send(l));
    assert_int_equal(l->len, LONE_GSO / 988 * 988);
    assert_int_equal(l->slot.gso_size, 988);
}

static void
a_single_segment_has_no_gso_size(void **state)
{
    struct lone *l = *state;

    lone_write(l, MSS);
    assert_true(lone_send(l));
    assert_int_equal(l->slot.gso_size, 0);
}

static void
push_marks_the_end_of_what_was_written(void **state)
{
    struct lone *l = *state;

    l->tcb->cwnd = 1 << 20;
    lone_write(l, LONE_GSO + MSS);
    assert_true(lone_send(l));
    assert_int_equal(l->sent.flags, TCP_ACK);
    assert_true(lone_send(l));
    assert_int_equal(l->sent.flags, TCP_ACK | TCP_PSH);
}

/* ---- SYN ---- */

static void
a_syn_offers_everything_and_acknowledges_nothing(void **state)
{
    struct lone *l = *state;

    lone_unsynchronize(l, TCB_SYN_SENT);
    l->tcb->rcv_wscale = 5;
    assert_true(lone_send(l));
    assert_int_equal(l->sent.flags, TCP_SYN);
    assert_int_equal(l->sent.ack, 0);
    assert_int_equal(l->sent.opt.mss, LONE_MSS);
    assert_true(l->sent.opt.has_timestamps);
    assert_int_equal(l->sent.opt.tsecr, 0);
    assert_true(l->sent.opt.has_wscale);
    assert_int_equal(l->sent.opt.wscale, 5);
    assert_int_equal(l->sent.window, UINT16_MAX); /* not scaled */
    assert_false(lone_send(l));
    assert_true(timer_running(l->tcb, TIMER_RTO));
}

static void
a_synack_offers_only_what_the_peer_offered(void **state)
{
    struct lone *l = *state;

    lone_unsynchronize(l, TCB_SYN_RECEIVED);
    assert_true(lone_send(l));
    assert_int_equal(l->sent.flags, TCP_SYN | TCP_ACK);
    assert_int_equal(l->sent.ack, l->tcb->rcv_nxt.v);
    assert_true(l->sent.opt.has_mss);
    assert_false(l->sent.opt.has_timestamps);
    assert_false(l->sent.opt.has_wscale);
    assert_false(l->sent.opt.sack_permitted);
}

static void
text_written_before_the_handshake_ends_waits(void **state)
{
    struct lone *l = *state;

    lone_unsynchronize(l, TCB_SYN_SENT);
    lone_write(l, 100);
    assert_int_equal(lone_drain(l), 0);
}

static void
timestamps_echo_the_peers(void **state)
{
    struct lone *l = *state;

    l->tcb->flags |= TCB_TIMESTAMPS;
    l->tcb->ts_recent = 77;
    lone_write(l, 1);
    assert_true(lone_send(l));
    assert_true(l->sent.opt.has_timestamps);
    assert_int_equal(l->sent.opt.tsval, isn_ts_now(l->tcb, l->now));
    assert_int_equal(l->sent.opt.tsecr, 77);
}

static void
the_checksum_field_holds_the_pseudo_headers_sum(void **state)
{
    struct lone *l = *state;
    uint64_t text;

    lone_write(l, 333);
    assert_true(lone_send(l));
    assert_int_not_equal(be16_load(l->slot.buf + TCP_CHECKSUM_OFFSET), 0);
    /* What a device would do: sum over all, complemented. */
    text = checksum_add(0, l->slot.buf, l->slot.len);
    be16_store(l->slot.buf + TCP_CHECKSUM_OFFSET, checksum_fold(text));
    assert_true(
        tcp_checksum_ok(l->slot.buf, l->slot.len, l->slot.src, l->slot.dst));
}

/* ---- ACKs ---- */

static void
an_owed_ack_is_sent_once(void **state)
{
    struct lone *l = *state;

    reply_ack(l->tcp, l->tcb);
    reply_ack(l->tcp, l->tcb);
    assert_true(lone_send(l));
    assert_int_equal(l->sent.flags, TCP_ACK);
    assert_int_equal(l->sent.ack, l->tcb->rcv_nxt.v);
    assert_false(lone_send(l));
    assert_true(instant_is_never(tcp_next_deadline(l->tcp)));
}

static void
an_owed_ack_rides_on_text(void **state)
{
    struct lone *l = *state;

    reply_ack(l->tcp, l->tcb);
    lone_write(l, 10);
    assert_int_equal(lone_drain(l), 10);
    assert_int_equal(l->tcp->stats.out_segs, 1);
}

static void
a_bare_ack_carries_snd_max_also_after_a_rewind(void **state)
{
    struct lone *l = *state;

    lone_write(l, 2 * MSS);
    assert_int_equal(lone_drain(l), 2 * MSS);
    output_rewind(l->tcp, l->tcb);
    l->tcb->snd_wnd = 0;
    reply_ack(l->tcp, l->tcb);
    assert_true(lone_send(l));
    assert_int_equal(l->sent.seq, l->tcb->snd_max.v);
}

/* ---- turns, timing, idleness ---- */

static void
connections_take_turns(void **state)
{
    struct lone *l = *state;
    struct tcb *other = tcb_new(l->tcp);
    uint32_t turns[4];

    other->local = l->tcb->local;
    other->remote = l->tcb->remote;
    other->owner.client = 1;
    other->snd_wnd = other->max_snd_wnd = LONE_WINDOW;
    other->snd_mss = MSS;
    other->tx_end = 2 * LONE_GSO;
    other->tx = l->tcb->tx;
    other->cwnd = l->tcb->cwnd = 1 << 20;
    tcb_hash(l->tcp, other);
    tcb_enter(l->tcp, other, TCB_ESTABLISHED, l->now);
    tcb_want_output(l->tcp, other);
    lone_write(l, 2 * LONE_GSO);
    for (int i = 0; i < 4; i++) {
        assert_true(lone_send(l));
        turns[i] = l->slot.tcb;
    }
    assert_int_equal(turns[0], turns[2]);
    assert_int_equal(turns[1], turns[3]);
    assert_int_not_equal(turns[0], turns[1]);
    assert_false(tcp_wants_output(l->tcp));
}

static void
replies_go_first(void **state)
{
    struct lone *l = *state;

    lone_write(l, 10);
    reply_abort(l->tcp, l->tcb);
    assert_true(lone_send(l));
    assert_int_equal(l->sent.flags, TCP_RST | TCP_ACK);
    assert_int_equal(l->slot.tcb, UINT32_MAX);
    assert_true(addr_equal(l->slot.dst, l->tcb->remote));
    assert_int_equal(l->tcp->stats.out_rsts, 1);
    assert_true(lone_send(l));
    assert_int_equal(l->len, 10);
}

static void
one_new_segment_at_a_time_is_timed(void **state)
{
    struct lone *l = *state;

    lone_write(l, MSS);
    assert_true(lone_send(l));
    assert_true(l->tcb->flags & TCB_RTT_RUNNING);
    assert_int_equal(l->tcb->rtt_seq.v, LONE_ISS + 1);
    assert_int_equal(l->tcb->rtt_started.ns, l->now.ns);
    lone_write(l, MSS);
    assert_true(lone_send(l));
    assert_int_equal(l->tcb->rtt_seq.v, LONE_ISS + 1);
}

static void
a_segment_sent_again_is_not_timed(void **state)
{
    struct lone *l = *state;

    lone_write(l, MSS);
    assert_true(lone_send(l));
    output_rewind(l->tcp, l->tcb);
    assert_true(lone_send(l));
    assert_int_equal(lone_offset(l), 0);
    assert_false(l->tcb->flags & TCB_RTT_RUNNING);
}

static void
an_idle_connection_starts_again_slowly(void **state)
{
    struct lone *l = *state;

    lone_write(l, MSS);
    assert_int_equal(lone_drain(l), MSS);
    lone_acked(l, MSS);
    l->tcb->flags &= ~(uint32_t)TCB_RTT_RUNNING;
    l->tcb->cwnd = 80 * MSS;
    l->now = instant_add(l->now, l->tcb->rto);
    lone_write(l, MSS);
    assert_int_equal(lone_drain(l), MSS);
    assert_int_equal(l->tcb->cwnd, 80 * MSS);
    lone_acked(l, MSS);
    l->tcb->flags &= ~(uint32_t)TCB_RTT_RUNNING;
    l->now = instant_add(l->now, duration_ms(1 + TCP_RTO_INITIAL));
    lone_write(l, MSS);
    assert_int_equal(lone_drain(l), MSS);
    assert_int_equal(l->tcb->cwnd, 10 * MSS);
}

static void
a_closed_connection_sends_nothing(void **state)
{
    struct lone *l = *state;

    lone_write(l, 10);
    tcb_end(l->tcp, l->tcb, TCP_RESET, l->now);
    assert_false(tcp_wants_output(l->tcp));
    tcb_want_output(l->tcp, l->tcb);
    assert_false(lone_send(l));
}

int
main(void)
{
#define T(claim)                                                               \
    cmocka_unit_test_setup_teardown(claim, lone_setup, lone_teardown)
    const struct CMUnitTest tests[] = {
        T(text_is_what_the_client_wrote),
        T(a_large_segment_is_whole_multiples_of_the_mss),
        T(a_single_segment_has_no_gso_size),
        T(push_marks_the_end_of_what_was_written),
        T(a_syn_offers_everything_and_acknowledges_nothing),
        T(a_synack_offers_only_what_the_peer_offered),
        T(text_written_before_the_handshake_ends_waits),
        T(timestamps_echo_the_peers),
        T(the_checksum_field_holds_the_pseudo_headers_sum),
        T(an_owed_ack_is_sent_once),
        T(an_owed_ack_rides_on_text),
        T(a_bare_ack_carries_snd_max_also_after_a_rewind),
        T(connections_take_turns),
        T(replies_go_first),
        T(one_new_segment_at_a_time_is_timed),
        T(a_segment_sent_again_is_not_timed),
        T(an_idle_connection_starts_again_slowly),
        T(a_closed_connection_sends_nothing),
    };
#undef T

    return cmocka_run_group_tests(tests, NULL, NULL);
}
