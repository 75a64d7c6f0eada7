/* SPDX-License-Identifier: MIT */
/* ACKs: what they acknowledge, the window that they bring, who must not be
 * believed. */
#include "tcpd/core/internal.h"
#include "tests/support/tcp_world.h"

#include <setjmp.h>
#include <stdarg.h>
#include <string.h>

#include <cmocka.h>

#define MSS 1448 /* 1460 less timestamps */

static void
ack_frees_what_it_acknowledges(void **state)
{
    struct flow f = flow_in(*state, TCB_ESTABLISHED);

    flow_write(&f, 1000);
    assert_string_equal(flow_get(&f), "PA 1:1000 ack 1 win 32768");
    assert_int_equal(flow_put(&f, TCP_ACK, 1, 401, 0), DROP_NONE);
    assert_int_equal(f.tcb->tx_una, 400);
    assert_true(timer_running(f.tcb, TIMER_RTO));
    assert_int_equal(flow_put(&f, TCP_ACK, 1, 1001, 0), DROP_NONE);
    assert_int_equal(f.tcb->tx_una, 1000);
    assert_false(timer_running(f.tcb, TIMER_RTO));
}

static void
acknowledged_text_opens_the_congestion_window(void **state)
{
    struct flow f = flow_in(*state, TCB_ESTABLISHED);
    uint32_t before = f.tcb->cwnd;

    flow_write(&f, 10 * MSS);
    flow_drain(&f);
    flow_put(&f, TCP_ACK, 1, 1 + 2 * MSS, 0);
    assert_int_equal(f.tcb->cwnd, before + 2 * MSS);
}

static void
partly_acknowledged_segment_is_sent_again_from_the_right_byte(void **state)
{
    struct world *w = *state;
    struct flow f = flow_in(w, TCB_ESTABLISHED);

    flow_write(&f, 1000);
    flow_drain(&f);
    flow_put(&f, TCP_ACK, 1, 401, 0);
    world_wait(w, 5000);
    assert_string_equal(flow_get(&f), "PA 401:600 ack 1 win 32768");
}

static void
ack_for_bytes_never_sent_is_challenged(void **state)
{
    struct flow f = flow_in(*state, TCB_ESTABLISHED);

    flow_write(&f, 10);
    flow_drain(&f);
    assert_int_equal(flow_put(&f, TCP_ACK, 1, 12, 5), DROP_ACK_BEYOND);
    assert_string_equal(flow_get(&f), "A 11:0 ack 1 win 32768");
    assert_int_equal(f.tcb->tx_una, 0);
    assert_int_equal(f.tcb->rx_end, 0);
}

static void
ack_older_than_any_window_is_challenged(void **state)
{
    struct flow f = flow_connect(*state, 4000);

    f.wnd = 1000;
    f.syn.has_wscale = false;
    flow_put(&f, TCP_SYN | TCP_ACK, 0, 1, 0);
    flow_drain(&f);
    flow_write(&f, 2000);
    flow_drain(&f);
    flow_put(&f, TCP_ACK, 1, 1001, 0);
    flow_drain(&f);
    flow_put(&f, TCP_ACK, 1, 2001, 0);
    assert_int_equal(f.tcb->tx_una, 2000);
    assert_int_equal(flow_put(&f, TCP_ACK, 1, 1001, 5), DROP_NONE);
    flow_drain(&f);
    assert_int_equal(flow_put(&f, TCP_ACK, 6, 1000, 5), DROP_OLD_ACK);
    assert_string_equal(flow_get(&f), "A 2001:0 ack 6 win 65535");
    assert_int_equal(f.tcb->rx_end, 5);
}

static void
old_ack_does_not_bring_its_window(void **state)
{
    struct flow f = flow_in(*state, TCB_ESTABLISHED);

    flow_write(&f, 1000);
    flow_drain(&f);
    f.wnd = 500;
    flow_put(&f, TCP_ACK, 1, 1001, 0);
    f.wnd = 100;
    assert_int_equal(flow_put(&f, TCP_ACK, 1, 501, 0), DROP_NONE);
    assert_int_equal(flow_put(&f, TCP_ACK, 2, 501, 1), DROP_NONE);
    assert_int_equal(f.tcb->snd_wnd, 500 << 7);
}

static void
window_of_an_older_segment_is_not_taken(void **state)
{
    struct flow f = flow_in(*state, TCB_ESTABLISHED);

    f.wnd = 500;
    flow_put(&f, TCP_ACK, 101, 1, 100); /* overtook the next */
    assert_int_equal(f.tcb->snd_wnd, 500 << 7);
    f.wnd = 100;
    flow_put(&f, TCP_ACK, 1, 1, 100);
    assert_int_equal(f.tcb->snd_wnd, 500 << 7);
    flow_put(&f, TCP_ACK, 201, 1, 0);
    assert_int_equal(f.tcb->snd_wnd, 100 << 7);
    assert_true(f.tcb->max_snd_wnd >= 500 << 7);
}

static void
closed_window_is_probed_until_it_opens(void **state)
{
    struct world *w = *state;
    struct flow f = flow_in(w, TCB_ESTABLISHED);

    f.wnd = 0;
    flow_put(&f, TCP_ACK, 1, 1, 0);
    flow_write(&f, 100);
    assert_string_equal(flow_get(&f), "");
    assert_true(timer_running(f.tcb, TIMER_PERSIST));
    world_wait(w, 5000);
    assert_string_equal(flow_get(&f), "A 0:0 ack 1 win 32768");
    flow_put(&f, TCP_ACK, 1, 1, 0);
    assert_string_equal(flow_get(&f), "");
    assert_true(timer_running(f.tcb, TIMER_PERSIST));
    f.wnd = 1000;
    flow_put(&f, TCP_ACK, 1, 1, 0);
    assert_string_equal(flow_get(&f), "PA 1:100 ack 1 win 32768");
    assert_false(timer_running(f.tcb, TIMER_PERSIST));
}

static void
answered_probes_never_end_a_connection(void **state)
{
    struct world *w = *state;
    struct flow f = flow_in(w, TCB_ESTABLISHED);
    int probes = 0;

    f.wnd = 0;
    flow_put(&f, TCP_ACK, 1, 1, 0);
    flow_write(&f, 100);
    for (int i = 0; i < 24 * 60; i++) {
        world_wait(w, 60000);
        f.tsval += 60000;
        while (flow_get(&f)[0] != '\0') {
            probes++;
            flow_put(&f, TCP_ACK, 1, 1, 0);
        }
    }
    assert_int_equal(f.tcb->state, TCB_ESTABLISHED);
    assert_true(probes > 500);
}

static void
window_that_closes_over_sent_text_does_not_stall(void **state)
{
    struct world *w = *state;
    struct flow f = flow_in(w, TCB_ESTABLISHED);

    flow_write(&f, 5000);
    flow_drain(&f);
    f.wnd = 0;
    for (uint32_t got = 1 + MSS; got <= 1 + 2 * MSS; got += MSS) {
        flow_put(&f, TCP_ACK, 1, got, 0);
        for (int i = 0; i < 120; i++) {
            world_wait(w, 60000);
            f.tsval += 60000;
            while (flow_get(&f)[0] != '\0')
                flow_put(&f, TCP_ACK, 1, got, 0);
        }
        assert_int_equal(f.tcb->state, TCB_ESTABLISHED);
    }
    f.wnd = 1000;
    flow_put(&f, TCP_ACK, 1, 1 + 2 * MSS, 0);
    assert_int_equal(strncmp(flow_get(&f), "A 2897:", 7), 0);
}

static void
three_duplicates_send_the_first_segment_again(void **state)
{
    struct world *w = *state;
    struct flow f = flow_in(w, TCB_ESTABLISHED);

    flow_put(&f, TCP_ACK, 1, 1, 0); /* brings the scaled window */
    flow_write(&f, 5 * MSS);
    flow_drain(&f);
    for (int i = 0; i < 3; i++)
        flow_put(&f, TCP_ACK, 1, 1, 0);
    assert_string_equal(flow_get(&f), "A 1:1448 ack 1 win 32768");
    assert_string_equal(flow_get(&f), "");
    assert_int_equal(w->tcp->stats.retrans_fast, 1);
}

static void
neither_text_nor_a_new_window_is_a_duplicate_ack(void **state)
{
    struct flow f = flow_in(*state, TCB_ESTABLISHED);

    flow_write(&f, 5 * MSS);
    flow_drain(&f);
    for (uint32_t i = 0; i < 4; i++)
        flow_put(&f, TCP_ACK, 1 + i, 1, 1);
    assert_int_equal(f.tcb->dup_acks, 0);
    for (int i = 0; i < 4; i++) {
        f.wnd--;
        flow_put(&f, TCP_ACK, 5, 1, 0);
    }
    assert_int_equal(f.tcb->dup_acks, 0);
}

static void
ack_without_anything_in_flight_is_no_duplicate(void **state)
{
    struct flow f = flow_in(*state, TCB_ESTABLISHED);

    for (int i = 0; i < 4; i++)
        flow_put(&f, TCP_ACK, 1, 1, 0);
    assert_int_equal(f.tcb->dup_acks, 0);
    assert_string_equal(flow_get(&f), "");
}

/* 100 bytes that were sent twice: without timestamps, whose ACK it is could not
 * be told (Karn). */
static struct flow
after_retransmission(struct world *w)
{
    struct flow f = flow_in(w, TCB_ESTABLISHED);

    flow_write(&f, 100);
    flow_drain(&f);
    world_wait(w, 5000);
    flow_drain(&f);
    f.tcb->srtt = (duration_t){0};
    return f;
}

static void
timestamps_measure_what_was_sent_twice(void **state)
{
    struct world *w = *state;
    struct flow f = after_retransmission(w);

    world_wait(w, 70);
    flow_put(&f, TCP_ACK, 1, 101, 0);
    assert_int_equal(f.tcb->srtt.ns, duration_ms(70).ns);
}

static void
synack_measures_the_round_trip(void **state)
{
    struct world *w = *state;
    struct flow f = flow_connect(w, 4000);

    f.syn.has_timestamps = false;
    w->now = instant_add(w->now, duration_us(1500));
    flow_put(&f, TCP_SYN | TCP_ACK, 0, 1, 0);
    assert_int_equal(f.tcb->srtt.ns, duration_us(1500).ns);
    assert_false((f.tcb->flags & TCB_RTT_RUNNING) != 0);
}

static void
nonsense_echoed_as_timestamp_is_not_measured(void **state)
{
    struct flow f = after_retransmission(*state);

    f.tsecr += 100; /* from the future */
    flow_put(&f, TCP_ACK, 1, 51, 0);
    assert_int_equal(f.tcb->srtt.ns, 0);
    f.tsecr -= 1000000;
    flow_put(&f, TCP_ACK, 1, 101, 0);
    assert_int_equal(f.tcb->srtt.ns, 0);
}

static void
progress_resets_the_backoff(void **state)
{
    struct world *w = *state;
    struct flow f = flow_in(w, TCB_ESTABLISHED);

    flow_write(&f, 100);
    flow_drain(&f);
    world_wait(w, 5000);
    flow_drain(&f);
    assert_int_equal(f.tcb->backoff, 1);
    flow_put(&f, TCP_ACK, 1, 101, 0);
    assert_int_equal(f.tcb->backoff, 0);
}

/* ---- our FIN ---- */

static void
acked_fin_leads_to_fin_wait_2(void **state)
{
    struct flow f = flow_in(*state, TCB_FIN_WAIT_1);

    assert_int_equal(flow_put(&f, TCP_ACK, 1, 2, 0), DROP_NONE);
    assert_int_equal(f.tcb->state, TCB_FIN_WAIT_2);
    assert_false(timer_running(f.tcb, TIMER_RTO));
}

static void
text_acked_without_fin_stays_in_fin_wait_1(void **state)
{
    struct world *w = *state;
    struct flow f = flow_in(w, TCB_ESTABLISHED);

    flow_write(&f, 100);
    tcp_call_shutdown(w->tcp, f.tcb, w->now);
    assert_string_equal(flow_get(&f), "FPA 1:100 ack 1 win 32768");
    flow_put(&f, TCP_ACK, 1, 101, 0);
    assert_int_equal(f.tcb->state, TCB_FIN_WAIT_1);
    flow_put(&f, TCP_ACK, 1, 102, 0);
    assert_int_equal(f.tcb->state, TCB_FIN_WAIT_2);
}

static void
acked_fin_leads_from_closing_to_time_wait(void **state)
{
    struct flow f = flow_in(*state, TCB_CLOSING);

    assert_int_equal(flow_put(&f, TCP_ACK, 2, 2, 0), DROP_NONE);
    assert_int_equal(f.tcb->state, TCB_TIME_WAIT);
    assert_true(timer_running(f.tcb, TIMER_TIME_WAIT));
}

static void
acked_fin_ends_last_ack(void **state)
{
    struct flow f = flow_in(*state, TCB_LAST_ACK);

    assert_int_equal(flow_put(&f, TCP_ACK, 2, 2, 0), DROP_NONE);
    assert_int_equal(f.tcb->state, TCB_CLOSED);
    assert_int_equal(f.tcb->error, TCP_OK);
}

static void
lost_fin_is_sent_again(void **state)
{
    struct world *w = *state;
    struct flow f = flow_in(w, TCB_LAST_ACK);

    world_wait(w, 5000);
    assert_string_equal(flow_get(&f), "FA 1:0 ack 2 win 32768");
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(ack_frees_what_it_acknowledges,
                                        world_fixture, world_fixture_end),
        cmocka_unit_test_setup_teardown(
            partly_acknowledged_segment_is_sent_again_from_the_right_byte,
            world_fixture, world_fixture_end),
        cmocka_unit_test_setup_teardown(
            acknowledged_text_opens_the_congestion_window, world_fixture,
            world_fixture_end),
        cmocka_unit_test_setup_teardown(ack_for_bytes_never_sent_is_challenged,
                                        world_fixture, world_fixture_end),
        cmocka_unit_test_setup_teardown(ack_older_than_any_window_is_challenged,
                                        world_fixture, world_fixture_end),
        cmocka_unit_test_setup_teardown(old_ack_does_not_bring_its_window,
                                        world_fixture, world_fixture_end),
        cmocka_unit_test_setup_teardown(window_of_an_older_segment_is_not_taken,
                                        world_fixture, world_fixture_end),
        cmocka_unit_test_setup_teardown(closed_window_is_probed_until_it_opens,
                                        world_fixture, world_fixture_end),
        cmocka_unit_test_setup_teardown(answered_probes_never_end_a_connection,
                                        world_fixture, world_fixture_end),
        cmocka_unit_test_setup_teardown(
            window_that_closes_over_sent_text_does_not_stall, world_fixture,
            world_fixture_end),
        cmocka_unit_test_setup_teardown(
            three_duplicates_send_the_first_segment_again, world_fixture,
            world_fixture_end),
        cmocka_unit_test_setup_teardown(
            neither_text_nor_a_new_window_is_a_duplicate_ack, world_fixture,
            world_fixture_end),
        cmocka_unit_test_setup_teardown(
            ack_without_anything_in_flight_is_no_duplicate, world_fixture,
            world_fixture_end),
        cmocka_unit_test_setup_teardown(timestamps_measure_what_was_sent_twice,
                                        world_fixture, world_fixture_end),
        cmocka_unit_test_setup_teardown(synack_measures_the_round_trip,
                                        world_fixture, world_fixture_end),
        cmocka_unit_test_setup_teardown(
            nonsense_echoed_as_timestamp_is_not_measured, world_fixture,
            world_fixture_end),
        cmocka_unit_test_setup_teardown(progress_resets_the_backoff,
                                        world_fixture, world_fixture_end),
        cmocka_unit_test_setup_teardown(acked_fin_leads_to_fin_wait_2,
                                        world_fixture, world_fixture_end),
        cmocka_unit_test_setup_teardown(
            text_acked_without_fin_stays_in_fin_wait_1, world_fixture,
            world_fixture_end),
        cmocka_unit_test_setup_teardown(
            acked_fin_leads_from_closing_to_time_wait, world_fixture,
            world_fixture_end),
        cmocka_unit_test_setup_teardown(acked_fin_ends_last_ack, world_fixture,
                                        world_fixture_end),
        cmocka_unit_test_setup_teardown(lost_fin_is_sent_again, world_fixture,
                                        world_fixture_end),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
