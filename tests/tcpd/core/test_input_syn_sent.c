/* SPDX-License-Identifier: MIT */
/* SYN-SENT: answers to our SYN, good and bad, and SYNs that cross it. */
#include "tests/support/tcp_world.h"

#include <setjmp.h>
#include <stdarg.h>
#include <string.h>

#include <cmocka.h>

static void
synack_establishes_and_is_acknowledged(void **state)
{
    struct flow f = flow_connect(*state, 4000);

    assert_int_equal(flow_put(&f, TCP_SYN | TCP_ACK, 0, 1, 0), DROP_NONE);
    assert_int_equal(f.tcb->state, TCB_ESTABLISHED);
    assert_string_equal(flow_get(&f), "A 1:0 ack 1 win 32768");
    assert_string_equal(flow_get(&f), "");
}

static void
options_count_only_when_both_have_them(void **state)
{
    struct flow f = flow_connect(*state, 4000);

    f.syn = (struct tcp_options){.has_mss = true, .mss = 1000};
    flow_put(&f, TCP_SYN | TCP_ACK, 0, 1, 0);
    assert_false((f.tcb->flags & (TCB_TIMESTAMPS | TCB_WSCALE)) != 0);
    assert_int_equal(f.tcb->snd_mss, 1000);
    assert_int_equal(f.tcb->snd_wscale, 0);
    assert_string_equal(flow_get(&f), "A 1:0 ack 1 win 65535");
}

static void
agreed_options_are_adopted(void **state)
{
    struct flow f = flow_connect(*state, 4000);

    flow_put(&f, TCP_SYN | TCP_ACK, 0, 1, 0);
    assert_true((f.tcb->flags & TCB_TIMESTAMPS) != 0);
    assert_int_equal(f.tcb->snd_mss, 1460 - 12);
    assert_int_equal(f.tcb->snd_wscale, 7);
    assert_int_equal(f.tcb->rcv_wscale, 3);
    assert_int_equal(f.tcb->ts_recent, f.tsval);
    assert_int_equal(f.tcb->cwnd, TCP_INITIAL_CWND * (1460 - 12));
}

static void
window_of_a_synack_is_not_scaled(void **state)
{
    struct flow f = flow_connect(*state, 4000);

    f.wnd = 1000;
    flow_put(&f, TCP_SYN | TCP_ACK, 0, 1, 0);
    assert_int_equal(f.tcb->snd_wnd, 1000);
    flow_put(&f, TCP_ACK, 1, 1, 0);
    assert_int_equal(f.tcb->snd_wnd, 1000 << 7);
}

static void
tiny_mss_is_taken_as_the_minimum(void **state)
{
    struct flow f = flow_connect(*state, 4000);

    f.syn = (struct tcp_options){.has_mss = true, .mss = 1};
    flow_put(&f, TCP_SYN | TCP_ACK, 0, 1, 0);
    assert_int_equal(f.tcb->snd_mss, TCP_MSS_MIN);
}

static void
huge_mss_is_cut_to_the_route(void **state)
{
    struct flow f = flow_connect(*state, 4000);

    f.syn = (struct tcp_options){.has_mss = true, .mss = 65535};
    flow_put(&f, TCP_SYN | TCP_ACK, 0, 1, 0);
    assert_int_equal(f.tcb->snd_mss, WORLD_MTU - 40);
}

static void
wrong_ack_is_answered_with_rst(void **state)
{
    struct flow f = flow_connect(*state, 4000);

    assert_int_equal(flow_put(&f, TCP_SYN | TCP_ACK, 0, 2, 0),
                     DROP_SYN_SENT_BAD_ACK);
    assert_string_equal(flow_get(&f), "R 2:0");
    assert_int_equal(flow_put(&f, TCP_ACK, 0, 0, 0), DROP_SYN_SENT_BAD_ACK);
    assert_string_equal(flow_get(&f), "R 0:0");
    assert_int_equal(f.tcb->state, TCB_SYN_SENT);
}

static void
rst_that_acknowledges_our_syn_refuses(void **state)
{
    struct flow f = flow_connect(*state, 4000);

    assert_int_equal(flow_put(&f, TCP_RST | TCP_ACK, 0, 1, 0), DROP_NONE);
    assert_int_equal(f.tcb->state, TCB_CLOSED);
    assert_int_equal(f.tcb->error, TCP_REFUSED);
    assert_string_equal(flow_get(&f), "");
}

static void
other_rsts_are_ignored(void **state)
{
    struct flow f = flow_connect(*state, 4000);

    assert_int_equal(flow_put(&f, TCP_RST, 0, 0, 0), DROP_SYN_SENT_BAD_RST);
    assert_int_equal(flow_put(&f, TCP_RST | TCP_ACK, 0, 2, 0),
                     DROP_SYN_SENT_BAD_RST);
    assert_int_equal(f.tcb->state, TCB_SYN_SENT);
    assert_string_equal(flow_get(&f), "");
}

static void
ack_without_syn_changes_nothing(void **state)
{
    struct flow f = flow_connect(*state, 4000);

    assert_int_equal(flow_put(&f, TCP_ACK, 0, 1, 100), DROP_SYN_SENT_NO_SYN);
    assert_int_equal(flow_put(&f, TCP_FIN, 0, 0, 0), DROP_SYN_SENT_NO_SYN);
    assert_int_equal(f.tcb->state, TCB_SYN_SENT);
    assert_string_equal(flow_get(&f), "");
}

static void
text_and_fin_of_a_synack_are_taken(void **state)
{
    struct flow f = flow_connect(*state, 4000);

    assert_int_equal(flow_put(&f, TCP_SYN | TCP_ACK | TCP_FIN, 0, 1, 0),
                     DROP_NONE);
    assert_int_equal(f.tcb->state, TCB_CLOSE_WAIT);
    assert_string_equal(flow_get(&f), "A 1:0 ack 2 win 32768");
}

static void
syns_that_cross_establish(void **state)
{
    struct flow f = flow_connect(*state, 4000);

    assert_int_equal(flow_put(&f, TCP_SYN, 0, 0, 0), DROP_NONE);
    assert_int_equal(f.tcb->state, TCB_SYN_RECEIVED);
    assert_string_equal(flow_get(&f),
                        "SA 0:0 ack 1 win 65535 mss 1460 ts ws 3");
    f.wnd = 900;
    assert_int_equal(flow_put(&f, TCP_SYN | TCP_ACK, 0, 1, 0), DROP_NONE);
    assert_int_equal(f.tcb->state, TCB_ESTABLISHED);
    assert_int_equal(f.tcb->snd_wnd, 900);
    assert_false((f.tcb->flags & TCB_QUEUED) != 0);
}

static void
crossed_open_is_completed_by_a_bare_ack_too(void **state)
{
    struct flow f = flow_connect(*state, 4000);

    flow_put(&f, TCP_SYN, 0, 0, 0);
    flow_drain(&f);
    assert_int_equal(flow_put(&f, TCP_ACK, 1, 1, 0), DROP_NONE);
    assert_int_equal(f.tcb->state, TCB_ESTABLISHED);
}

static void
crossed_open_that_is_reset_was_refused(void **state)
{
    struct flow f = flow_connect(*state, 4000);

    flow_put(&f, TCP_SYN, 0, 0, 0);
    flow_drain(&f);
    assert_int_equal(flow_put(&f, TCP_RST | TCP_ACK, 1, 1, 0), DROP_NONE);
    assert_int_equal(f.tcb->state, TCB_CLOSED);
    assert_int_equal(f.tcb->error, TCP_REFUSED);
}

static void
syn_that_nobody_answers_times_out(void **state)
{
    struct world *w = *state;
    struct flow f = flow_connect(w, 4000);
    int syns = 1;

    for (int s = 0; s < 300 && f.tcb->state != TCB_CLOSED; s++) {
        world_wait(w, 1000);
        while (flow_get(&f)[0] == 'S')
            syns++;
    }
    assert_int_equal(f.tcb->error, TCP_TIMED_OUT);
    assert_int_equal(syns, 1 + TCP_SYN_TRIES);
}

static void
text_written_before_the_answer_follows_it(void **state)
{
    struct flow f = flow_connect(*state, 4000);

    flow_write(&f, 100);
    assert_string_equal(flow_get(&f), "");
    flow_put(&f, TCP_SYN | TCP_ACK, 0, 1, 0);
    assert_string_equal(flow_get(&f), "PA 1:100 ack 1 win 32768");
    assert_string_equal(flow_get(&f), "");
}

static void
shutdown_before_the_answer_sends_fin_after_it(void **state)
{
    struct world *w = *state;
    struct flow f = flow_connect(w, 4000);

    flow_write(&f, 100);
    tcp_call_shutdown(w->tcp, f.tcb, w->now);
    assert_string_equal(flow_get(&f), "");
    flow_put(&f, TCP_SYN | TCP_ACK, 0, 1, 0);
    assert_int_equal(f.tcb->state, TCB_FIN_WAIT_1);
    assert_string_equal(flow_get(&f), "FPA 1:100 ack 1 win 32768");
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(synack_establishes_and_is_acknowledged,
                                        world_fixture, world_fixture_end),
        cmocka_unit_test_setup_teardown(options_count_only_when_both_have_them,
                                        world_fixture, world_fixture_end),
        cmocka_unit_test_setup_teardown(agreed_options_are_adopted,
                                        world_fixture, world_fixture_end),
        cmocka_unit_test_setup_teardown(window_of_a_synack_is_not_scaled,
                                        world_fixture, world_fixture_end),
        cmocka_unit_test_setup_teardown(tiny_mss_is_taken_as_the_minimum,
                                        world_fixture, world_fixture_end),
        cmocka_unit_test_setup_teardown(huge_mss_is_cut_to_the_route,
                                        world_fixture, world_fixture_end),
        cmocka_unit_test_setup_teardown(wrong_ack_is_answered_with_rst,
                                        world_fixture, world_fixture_end),
        cmocka_unit_test_setup_teardown(rst_that_acknowledges_our_syn_refuses,
                                        world_fixture, world_fixture_end),
        cmocka_unit_test_setup_teardown(other_rsts_are_ignored, world_fixture,
                                        world_fixture_end),
        cmocka_unit_test_setup_teardown(ack_without_syn_changes_nothing,
                                        world_fixture, world_fixture_end),
        cmocka_unit_test_setup_teardown(text_and_fin_of_a_synack_are_taken,
                                        world_fixture, world_fixture_end),
        cmocka_unit_test_setup_teardown(syns_that_cross_establish,
                                        world_fixture, world_fixture_end),
        cmocka_unit_test_setup_teardown(
            crossed_open_is_completed_by_a_bare_ack_too, world_fixture,
            world_fixture_end),
        cmocka_unit_test_setup_teardown(crossed_open_that_is_reset_was_refused,
                                        world_fixture, world_fixture_end),
        cmocka_unit_test_setup_teardown(syn_that_nobody_answers_times_out,
                                        world_fixture, world_fixture_end),
        cmocka_unit_test_setup_teardown(
            text_written_before_the_answer_follows_it, world_fixture,
            world_fixture_end),
        cmocka_unit_test_setup_teardown(
            shutdown_before_the_answer_sends_fin_after_it, world_fixture,
            world_fixture_end),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
