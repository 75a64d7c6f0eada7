/* SPDX-License-Identifier: MIT */
/* Tests of a connection's figures, read off a tcb that never lived. */
#include "tcpd/info.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include <cmocka.h>

#define MSS 1448

static const instant_t now = {INT64_C(5000000000)};

static instant_t
in_ms(int64_t ms)
{
    return (instant_t){now.ns + duration_ms(ms).ns};
}

/* Established, idle, with windows open. */
static struct tcb
tcb_make(void)
{
    struct tcb tcb;

    memset(&tcb, 0, sizeof tcb);
    tcb.state = TCB_ESTABLISHED;
    tcb.snd_una = tcb.snd_nxt = tcb.snd_max = (seq_t){0xffffff00};
    tcb.tx_una = tcb.tx_end = 500;
    tcb.snd_mss = MSS;
    tcb.cwnd = 10 * MSS;
    tcb.snd_wnd = 65535;
    for (int t = 0; t < TIMERS; t++)
        tcb.deadline[t] = INSTANT_NEVER;
    return tcb;
}

/* The list's links point at themselves, so only in their final place. */
static struct view_info
info(struct tcb *tcb, bool wants_output)
{
    static struct list others;

    list_init(&others);
    list_init(&tcb->output);
    if (wants_output)
        list_append(&others, &tcb->output);
    return info_of_tcb(tcb, now);
}

static void
in_flight(struct tcb *tcb, uint32_t bytes)
{
    tcb->snd_nxt = tcb->snd_max = seq_add(tcb->snd_una, bytes);
}

static void
states_have_the_names_of_the_rfc(void **state)
{
    static const uint8_t expected[TCB_STATES] = {
        VIEW_CLOSED,     VIEW_SYN_SENT,   VIEW_SYN_RECEIVED, VIEW_ESTABLISHED,
        VIEW_FIN_WAIT_1, VIEW_FIN_WAIT_2, VIEW_CLOSE_WAIT,   VIEW_CLOSING,
        VIEW_LAST_ACK,   VIEW_TIME_WAIT};
    struct tcb tcb = tcb_make();

    (void)state;
    for (int s = 0; s < TCB_STATES; s++) {
        tcb.state = (uint8_t)s;
        assert_int_equal(info(&tcb, false).state, expected[s]);
    }
}

static void
queues_count_bytes_and_neither_syn_nor_fin(void **state)
{
    struct tcb tcb = tcb_make();
    struct view_info v;

    (void)state;
    tcb.tx_end = 500 + 3000;
    tcb.rx_end = 90;
    tcb.rx_read = 20;
    tcb.ooo_count = 2;
    tcb.ooo[0] = (struct range){{10}, {30}};
    tcb.ooo[1] = (struct range){{40}, {45}};
    in_flight(&tcb, 2000);
    v = info(&tcb, false);
    assert_int_equal(v.unacked, 2000);
    assert_int_equal(v.notsent, 1000);
    assert_int_equal(v.send_q, 3000);
    assert_int_equal(v.recv_q, 70);
    assert_int_equal(v.ooo, 25);
    in_flight(&tcb, 3001); /* and FIN */
    assert_int_equal(info(&tcb, false).unacked, 3000);
    assert_int_equal(info(&tcb, false).notsent, 0);
}

static void
times_are_microseconds_and_0_is_unknown(void **state)
{
    struct tcb tcb = tcb_make();
    struct view_info v = info(&tcb, false);

    (void)state;
    assert_int_equal(v.rtt, 0);
    assert_int_equal(v.min_rtt, 0);
    assert_int_equal(v.last_sent_ms, 0);
    tcb.srtt = duration_us(123);
    tcb.rttvar = duration_us(45);
    tcb.min_rtt = (duration_t){99999};
    tcb.rto = duration_ms(200);
    tcb.last_sent_at = in_ms(-70);
    tcb.last_received_at = in_ms(-3000);
    v = info(&tcb, false);
    assert_int_equal(v.rtt, 123);
    assert_int_equal(v.rttvar, 45);
    assert_int_equal(v.min_rtt, 99);
    assert_int_equal(v.rto, 200000);
    assert_int_equal(v.last_sent_ms, 70);
    assert_int_equal(v.last_received_ms, 3000);
}

static void
timer_is_the_next_that_ss_would_name(void **state)
{
    struct tcb tcb = tcb_make();

    (void)state;
    assert_int_equal(info(&tcb, false).timer, VIEW_TIMER_NONE);
    tcb.deadline[TIMER_DELAYED_ACK] = in_ms(1);
    assert_int_equal(info(&tcb, false).timer, VIEW_TIMER_NONE);
    tcb.deadline[TIMER_KEEPALIVE] = in_ms(7000);
    assert_int_equal(info(&tcb, false).timer, VIEW_TIMER_KEEPALIVE);
    assert_int_equal(info(&tcb, false).timer_ms, 7000);
    tcb.deadline[TIMER_RTO] = in_ms(200);
    assert_int_equal(info(&tcb, false).timer, VIEW_TIMER_ON);
    assert_int_equal(info(&tcb, false).timer_ms, 200);
    tcb.deadline[TIMER_RTO] = in_ms(-5); /* due, and tcpd was busy */
    assert_int_equal(info(&tcb, false).timer, VIEW_TIMER_ON);
    assert_int_equal(info(&tcb, false).timer_ms, 0);
    tcb = tcb_make();
    tcb.deadline[TIMER_PERSIST] = in_ms(3);
    assert_int_equal(info(&tcb, false).timer, VIEW_TIMER_PERSIST);
    tcb.deadline[TIMER_ORPHAN] = in_ms(2);
    assert_int_equal(info(&tcb, false).timer, VIEW_TIMER_ORPHAN);
    tcb.deadline[TIMER_TIME_WAIT] = in_ms(1);
    assert_int_equal(info(&tcb, false).timer, VIEW_TIMER_TIMEWAIT);
}

static void
limit_says_what_stops_the_next_segment(void **state)
{
    struct tcb tcb = tcb_make();

    (void)state;
    assert_int_equal(info(&tcb, false).limit, VIEW_LIMIT_NONE);
    tcb.tx_end += 100;
    in_flight(&tcb, 100);
    assert_int_equal(info(&tcb, false).limit, VIEW_LIMIT_APP);
    tcb.tx_end += 100 * MSS;
    assert_int_equal(info(&tcb, true).limit, VIEW_LIMIT_RING);
    assert_int_equal(info(&tcb, false).limit, VIEW_LIMIT_APP); /* Nagle, cork */
    in_flight(&tcb, 10 * MSS);
    assert_int_equal(info(&tcb, true).limit, VIEW_LIMIT_CWND);
    tcb.snd_wnd = 9 * MSS;
    assert_int_equal(info(&tcb, true).limit, VIEW_LIMIT_RWND);
    tcb.snd_wnd = 0;
    in_flight(&tcb, 0);
    assert_int_equal(info(&tcb, true).limit, VIEW_LIMIT_RWND);
}

static void
what_the_tcb_counts_is_copied(void **state)
{
    struct tcb tcb = tcb_make();
    struct view_info v;

    (void)state;
    tcb.bytes_sent = 1;
    tcb.bytes_retrans = 2;
    tcb.bytes_acked = 3;
    tcb.bytes_received = UINT64_MAX;
    tcb.segs_out = 5;
    tcb.segs_in = 6;
    tcb.retrans_total = 7;
    tcb.survived = 8;
    tcb.pmtu = 1500;
    tcb.dup_acks = 9;
    tcb.backoff = 300;
    tcb.persist_backoff = 2;
    tcb.flags = TCB_TIMESTAMPS | TCB_SACK | TCB_RECOVERY;
    tcb.rcv_nxt = (seq_t){100};
    tcb.rcv_adv = (seq_t){5100};
    v = info(&tcb, false);
    assert_int_equal(v.bytes_sent, 1);
    assert_int_equal(v.bytes_retrans, 2);
    assert_int_equal(v.bytes_acked, 3);
    assert_true(v.bytes_received == UINT64_MAX);
    assert_int_equal(v.segs_out, 5);
    assert_int_equal(v.segs_in, 6);
    assert_int_equal(v.retrans_total, 7);
    assert_int_equal(v.survived, 8);
    assert_int_equal(v.pmtu, 1500);
    assert_int_equal(v.dup_acks, 9);
    assert_int_equal(v.retransmits, 255);
    assert_int_equal(v.probes, 2);
    assert_int_equal(v.options, VIEW_OPTION_TIMESTAMPS | VIEW_OPTION_SACK);
    assert_int_equal(v.in_recovery, 1);
    assert_int_equal(v.rcv_wnd, 5000);
    tcb.rcv_adv = (seq_t){99};
    assert_int_equal(info(&tcb, false).rcv_wnd, 0);
}

static void
listener_shows_its_queue_and_its_backlog(void **state)
{
    struct listener l = {.queued = 5, .opening = 2, .backlog = 128};
    struct view_info v = info_of_listener(&l);

    (void)state;
    assert_int_equal(v.state, VIEW_LISTEN);
    assert_int_equal(v.recv_q, 3);
    assert_int_equal(v.send_q, 128);
    l.backlog = 0;
    assert_int_equal(info_of_listener(&l).state, VIEW_CLOSED);
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(states_have_the_names_of_the_rfc),
        cmocka_unit_test(queues_count_bytes_and_neither_syn_nor_fin),
        cmocka_unit_test(times_are_microseconds_and_0_is_unknown),
        cmocka_unit_test(timer_is_the_next_that_ss_would_name),
        cmocka_unit_test(limit_says_what_stops_the_next_segment),
        cmocka_unit_test(what_the_tcb_counts_is_copied),
        cmocka_unit_test(listener_shows_its_queue_and_its_backlog),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
