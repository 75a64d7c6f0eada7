/* SPDX-License-Identifier: MIT */
/* Text and FIN: trimmed to the window, in order or not, each byte once. */
#include "tcpd/core/input.h"
#include "tests/support/tcp_world.h"

#include <setjmp.h>
#include <stdarg.h>
#include <string.h>

#include <cmocka.h>

static void
text_in_order_is_stored_and_acknowledged(void **state)
{
    struct flow f = flow_in(*state, TCB_ESTABLISHED);

    assert_int_equal(flow_put(&f, TCP_ACK | TCP_PSH, 1, 1, 1000), DROP_NONE);
    assert_string_equal(flow_get(&f), "A 1:0 ack 1001 win 32643");
    assert_int_equal(flow_read(&f), 1000);
}

static void
text_after_a_gap_waits_for_the_gap(void **state)
{
    struct flow f = flow_in(*state, TCB_ESTABLISHED);

    assert_int_equal(flow_put(&f, TCP_ACK, 501, 1, 500), DROP_NONE);
    assert_string_equal(flow_get(&f), "A 1:0 ack 1 win 32768");
    assert_int_equal(f.tcb->rx_end, 0);
    assert_int_equal(f.tcb->ooo_count, 1);
    assert_int_equal(flow_put(&f, TCP_ACK, 1, 1, 500), DROP_NONE);
    assert_int_equal(f.tcb->ooo_count, 0);
    assert_int_equal(flow_read(&f), 1000);
}

static void
overlapping_text_is_taken_once(void **state)
{
    struct flow f = flow_in(*state, TCB_ESTABLISHED);

    flow_put(&f, TCP_ACK, 1, 1, 500);
    assert_int_equal(flow_put(&f, TCP_ACK, 301, 1, 500), DROP_NONE);
    assert_int_equal(flow_read(&f), 800);
    assert_int_equal(flow_put(&f, TCP_ACK, 301, 1, 500), DROP_UNACCEPTABLE);
    assert_int_equal(flow_read(&f), 0);
}

static void
text_bridges_several_gaps(void **state)
{
    struct flow f = flow_in(*state, TCB_ESTABLISHED);

    flow_put(&f, TCP_ACK, 101, 1, 100);
    flow_put(&f, TCP_ACK, 301, 1, 100);
    flow_put(&f, TCP_ACK, 501, 1, 100);
    assert_int_equal(f.tcb->ooo_count, 3);
    flow_put(&f, TCP_ACK, 1, 1, 450);
    assert_int_equal(f.tcb->ooo_count, 1);
    assert_int_equal(flow_read(&f), 450);
    flow_put(&f, TCP_ACK, 451, 1, 50);
    assert_int_equal(flow_read(&f), 150);
}

static void
too_many_gaps_are_refused(void **state)
{
    struct flow f = flow_in(*state, TCB_ESTABLISHED);

    for (uint32_t i = 1; i <= OOO_RANGES; i++)
        assert_int_equal(flow_put(&f, TCP_ACK, 1 + 200 * i, 1, 100), DROP_NONE);
    assert_int_equal(flow_put(&f, TCP_ACK, 10001, 1, 100), DROP_OOO_FULL);
    assert_string_equal(flow_get(&f), "A 1:0 ack 1 win 32768");
    assert_int_equal(f.tcb->ooo_count, OOO_RANGES);
}

static void
text_beyond_the_window_is_cut_off(void **state)
{
    struct world w;
    struct flow f;

    (void)state;
    world_setup(&w, 2, 4096);
    f = flow_in(&w, TCB_ESTABLISHED);
    assert_int_equal(flow_put(&f, TCP_ACK | TCP_FIN, 1, 1, 5000),
                     DROP_RCVBUF_FULL);
    assert_int_equal(f.tcb->state, TCB_ESTABLISHED); /* FIN was behind it */
    assert_string_equal(flow_get(&f), "A 1:0 ack 4097 win 0");
    assert_int_equal(flow_put(&f, TCP_ACK, 4097, 1, 1), DROP_RCVBUF_FULL);
    assert_string_equal(flow_get(&f), "A 1:0 ack 4097 win 0");
    assert_int_equal(flow_read(&f), 4096);
    assert_string_equal(flow_get(&f), "A 1:0 ack 4097 win 4096");
    world_check(&w);
    world_teardown(&w);
}

static void
ack_in_a_zero_window_probe_counts(void **state)
{
    struct world w;
    struct flow f;

    (void)state;
    world_setup(&w, 2, 4096);
    f = flow_in(&w, TCB_ESTABLISHED);
    flow_write(&f, 100);
    flow_put(&f, TCP_ACK, 1, 1, 4096);
    flow_drain(&f);
    assert_int_equal(flow_put(&f, TCP_ACK, 4097, 101, 1), DROP_RCVBUF_FULL);
    assert_int_equal(f.tcb->tx_una, 100);
    world_check(&w);
    world_teardown(&w);
}

static void
bare_fin_passes_a_closed_window(void **state)
{
    struct world w;
    struct flow f;

    (void)state;
    world_setup(&w, 2, 4096);
    f = flow_in(&w, TCB_ESTABLISHED);
    flow_put(&f, TCP_ACK, 1, 1, 4096);
    flow_drain(&f);
    assert_int_equal(flow_put(&f, TCP_ACK | TCP_FIN, 4097, 1, 0), DROP_NONE);
    assert_int_equal(f.tcb->state, TCB_CLOSE_WAIT);
    world_check(&w);
    world_teardown(&w);
}

static void
text_without_a_free_chunk_is_dropped_and_acknowledged(void **state)
{
    struct world *w = *state;
    struct flow f = flow_in(w, TCB_ESTABLISHED);
    uint32_t chunks = w->pool.free_count;

    w->pool.free_count = 0;
    assert_int_equal(flow_put(&f, TCP_ACK | TCP_FIN, 1, 1, 100),
                     DROP_RCVBUF_FULL);
    assert_int_equal(strncmp(flow_get(&f), "A 1:0 ack 1 ", 12), 0);
    assert_int_equal(f.tcb->state, TCB_ESTABLISHED);
    w->pool.free_count = chunks;
    assert_int_equal(flow_put(&f, TCP_ACK, 1, 1, 100), DROP_NONE);
    assert_int_equal(flow_read(&f), 100);
}

/* Other connections of the client take chunks; as many are left. */
static uint32_t
leave_chunks(struct world *w, uint16_t taken[WORLD_CHUNKS], uint32_t left)
{
    uint32_t n = 0;

    while (w->pool.free_count > left)
        taken[n++] = w->pool.free[--w->pool.free_count];
    return n;
}

static void
return_chunks(struct world *w, const uint16_t *taken, uint32_t n)
{
    while (n > 0)
        w->pool.free[w->pool.free_count++] = taken[--n];
}

static void
text_in_order_gets_the_chunks_of_what_lies_beyond_a_gap(void **state)
{
    struct world *w = *state;
    struct flow f = flow_in(w, TCB_ESTABLISHED);
    uint16_t taken[WORLD_CHUNKS];
    uint32_t n;

    flow_put(&f, TCP_ACK, STREAM_CHUNK + 1, 1, 1000);
    flow_put(&f, TCP_ACK, STREAM_CHUNK + 5001, 1, 1000);
    assert_int_equal(f.tcb->ooo_count, 2);
    n = leave_chunks(w, taken, 0);
    assert_int_equal(flow_put(&f, TCP_ACK, 1, 1, 1000), DROP_NONE);
    assert_int_equal(f.tcb->ooo_count, 0);
    assert_int_equal(strncmp(flow_get(&f), "A 1:0 ack 1001 ", 15), 0);
    assert_int_equal(flow_read(&f), 1000);
    return_chunks(w, taken, n);
    assert_int_equal(w->pool.free_count, WORLD_CHUNKS);
}

static void
unread_text_survives_that_what_is_beyond_a_gap_is_forgotten(void **state)
{
    struct world *w = *state;
    struct flow f = flow_in(w, TCB_ESTABLISHED);
    uint16_t taken[WORLD_CHUNKS];
    uint32_t n;

    flow_put(&f, TCP_ACK, 1, 1, STREAM_CHUNK - 500);
    flow_put(&f, TCP_ACK, 2 * STREAM_CHUNK + 1, 1, 1000);
    n = leave_chunks(w, taken, 0);
    assert_int_equal(flow_put(&f, TCP_ACK, STREAM_CHUNK - 499, 1, 1000),
                     DROP_NONE);
    assert_int_equal(flow_read(&f), STREAM_CHUNK + 500);
    return_chunks(w, taken, n);
    assert_int_equal(w->pool.free_count, WORLD_CHUNKS);
}

/* One chunk is enough for a stream of any length. */
static void
text_in_order_is_taken_as_far_as_there_are_chunks(void **state)
{
    struct world *w = *state;
    struct flow f = flow_in(w, TCB_ESTABLISHED);
    uint16_t taken[WORLD_CHUNKS];
    uint32_t n = leave_chunks(w, taken, 1);

    assert_int_equal(flow_put(&f, TCP_ACK, 1, 1, STREAM_CHUNK - 500),
                     DROP_NONE);
    assert_int_equal(
        flow_put(&f, TCP_ACK | TCP_FIN, STREAM_CHUNK - 499, 1, 1000),
        DROP_RCVBUF_FULL);
    assert_int_equal(f.tcb->state, TCB_ESTABLISHED);
    assert_int_equal(flow_read(&f), STREAM_CHUNK);
    assert_int_equal(flow_put(&f, TCP_ACK | TCP_FIN, STREAM_CHUNK + 1, 1, 500),
                     DROP_NONE);
    assert_int_equal(f.tcb->state, TCB_CLOSE_WAIT);
    assert_int_equal(flow_read(&f), 500);
    return_chunks(w, taken, n);
    assert_int_equal(w->pool.free_count, WORLD_CHUNKS);
}

static void
text_after_a_gap_leaves_the_last_chunks(void **state)
{
    struct world *w = *state;
    struct flow f = flow_in(w, TCB_ESTABLISHED);
    uint16_t taken[WORLD_CHUNKS];
    uint32_t n = leave_chunks(w, taken, CHUNKS_FOR_ORDER);

    assert_int_equal(flow_put(&f, TCP_ACK, 1001, 1, 1000), DROP_RCVBUF_FULL);
    assert_int_equal(flow_put(&f, TCP_ACK, 1, 1, 500), DROP_NONE);
    /* This needs no chunk more. */
    assert_int_equal(flow_put(&f, TCP_ACK, 1001, 1, 1000), DROP_NONE);
    assert_int_equal(flow_put(&f, TCP_ACK, 501, 1, 500), DROP_NONE);
    assert_int_equal(flow_read(&f), 2000);
    return_chunks(w, taken, n);
}

static void
consumed_text_gives_its_chunks_back(void **state)
{
    struct world *w = *state;
    struct flow f = flow_in(w, TCB_ESTABLISHED);

    for (uint32_t i = 0; i < 40; i++) {
        assert_int_equal(flow_put(&f, TCP_ACK, 1 + 10000 * i, 1, 10000),
                         DROP_NONE);
        assert_int_equal(flow_read(&f), 10000);
        flow_drain(&f);
    }
    assert_int_equal(w->pool.free_count, WORLD_CHUNKS);
}

/* ---- FIN ---- */

static void
fin_in_established_leads_to_close_wait(void **state)
{
    struct flow f = flow_in(*state, TCB_ESTABLISHED);

    assert_int_equal(flow_put(&f, TCP_ACK | TCP_FIN, 1, 1, 10), DROP_NONE);
    assert_int_equal(f.tcb->state, TCB_CLOSE_WAIT);
    assert_string_equal(flow_get(&f), "A 1:0 ack 12 win 32767");
    assert_int_equal(flow_read(&f), 10);
}

static void
fin_in_fin_wait_1_leads_to_closing(void **state)
{
    struct flow f = flow_in(*state, TCB_FIN_WAIT_1);

    assert_int_equal(flow_put(&f, TCP_ACK | TCP_FIN, 1, 1, 0), DROP_NONE);
    assert_int_equal(f.tcb->state, TCB_CLOSING);
    assert_string_equal(flow_get(&f), "A 2:0 ack 2 win 32768");
}

static void
fin_that_acknowledges_ours_leads_to_time_wait(void **state)
{
    struct flow f = flow_in(*state, TCB_FIN_WAIT_1);

    assert_int_equal(flow_put(&f, TCP_ACK | TCP_FIN, 1, 2, 0), DROP_NONE);
    assert_int_equal(f.tcb->state, TCB_TIME_WAIT);
    assert_string_equal(flow_get(&f), "A 2:0 ack 2 win 32768");
}

static void
fin_in_fin_wait_2_leads_to_time_wait(void **state)
{
    struct flow f = flow_in(*state, TCB_FIN_WAIT_2);

    assert_int_equal(flow_put(&f, TCP_ACK | TCP_FIN, 1, 2, 100), DROP_NONE);
    assert_int_equal(f.tcb->state, TCB_TIME_WAIT);
    assert_int_equal(strncmp(flow_get(&f), "A 2:0 ack 102 ", 14), 0);
    assert_int_equal(flow_read(&f), 100);
}

static void
fin_after_a_gap_is_sent_again_by_the_peer(void **state)
{
    struct flow f = flow_in(*state, TCB_ESTABLISHED);

    assert_int_equal(flow_put(&f, TCP_ACK | TCP_FIN, 101, 1, 100), DROP_NONE);
    assert_int_equal(f.tcb->state, TCB_ESTABLISHED);
    flow_put(&f, TCP_ACK, 1, 1, 100);
    assert_int_equal(f.tcb->state, TCB_ESTABLISHED);
    assert_int_equal(strncmp(flow_get(&f), "A 1:0 ack 201 ", 14), 0);
    flow_put(&f, TCP_ACK | TCP_FIN, 101, 1, 100);
    assert_int_equal(f.tcb->state, TCB_CLOSE_WAIT);
    assert_int_equal(flow_read(&f), 200);
}

static void
text_that_a_fin_contradicts_is_forgotten(void **state)
{
    struct flow f = flow_in(*state, TCB_ESTABLISHED);

    flow_put(&f, TCP_ACK, 201, 1, 100);
    assert_int_equal(flow_put(&f, TCP_ACK | TCP_FIN, 1, 1, 50), DROP_NONE);
    assert_int_equal(f.tcb->state, TCB_CLOSE_WAIT);
    assert_int_equal(f.tcb->ooo_count, 0);
    assert_int_equal(flow_read(&f), 50);
}

static void
half_closed_connection_still_receives(void **state)
{
    struct flow f = flow_in(*state, TCB_FIN_WAIT_2);

    assert_int_equal(flow_put(&f, TCP_ACK, 1, 2, 1000), DROP_NONE);
    assert_int_equal(f.tcb->state, TCB_FIN_WAIT_2);
    assert_int_equal(flow_read(&f), 1000);
}

static void
half_closed_connection_still_sends(void **state)
{
    struct flow f = flow_in(*state, TCB_CLOSE_WAIT);

    flow_write(&f, 1000);
    assert_string_equal(flow_get(&f), "PA 1:1000 ack 2 win 32768");
    flow_put(&f, TCP_ACK, 2, 1001, 0);
    assert_int_equal(f.tcb->tx_una, 1000);
}

static void
text_behind_a_fin_is_ignored(void **state)
{
    static const enum tcb_state after[] = {TCB_CLOSE_WAIT, TCB_CLOSING,
                                           TCB_LAST_ACK};
    struct world *w = *state;

    for (size_t i = 0; i < sizeof after / sizeof after[0]; i++) {
        struct flow f = flow_in(w, after[i]);

        assert_int_equal(flow_put(&f, TCP_ACK, 2, 1, 10), DROP_AFTER_FIN);
        assert_int_equal(f.tcb->state, after[i]);
        assert_int_equal(f.tcb->rx_end, 0);
        tcp_call_abort(w->tcp, f.tcb, w->now);
        flow_drain(&f);
        world_turn(w);
    }
}

static void
fin_again_is_acknowledged_again(void **state)
{
    struct flow f = flow_in(*state, TCB_CLOSE_WAIT);

    assert_int_equal(flow_put(&f, TCP_ACK | TCP_FIN, 1, 1, 0),
                     DROP_UNACCEPTABLE);
    assert_string_equal(flow_get(&f), "A 1:0 ack 2 win 32768");
}

/* ---- nobody reads ---- */

static void
text_after_close_resets(void **state)
{
    struct world *w = *state;
    struct flow f = flow_in(w, TCB_ESTABLISHED);

    tcp_call_close(w->tcp, f.tcb, w->now);
    flow_drain(&f);
    assert_int_equal(flow_put(&f, TCP_ACK, 1, 1, 10), DROP_AFTER_CLOSE);
    assert_string_equal(flow_get(&f), "RA 2:0 ack 1");
    assert_int_equal(f.tcb->state, TCB_CLOSED);
    world_turn(w);
}

static void
fin_after_close_does_not_reset(void **state)
{
    struct world *w = *state;
    struct flow f = flow_in(w, TCB_ESTABLISHED);

    tcp_call_close(w->tcp, f.tcb, w->now);
    flow_drain(&f);
    assert_int_equal(flow_put(&f, TCP_ACK | TCP_FIN, 1, 2, 0), DROP_NONE);
    assert_int_equal(f.tcb->state, TCB_TIME_WAIT);
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(
            text_in_order_is_stored_and_acknowledged, world_fixture,
            world_fixture_end),
        cmocka_unit_test_setup_teardown(text_after_a_gap_waits_for_the_gap,
                                        world_fixture, world_fixture_end),
        cmocka_unit_test_setup_teardown(overlapping_text_is_taken_once,
                                        world_fixture, world_fixture_end),
        cmocka_unit_test_setup_teardown(text_bridges_several_gaps,
                                        world_fixture, world_fixture_end),
        cmocka_unit_test_setup_teardown(too_many_gaps_are_refused,
                                        world_fixture, world_fixture_end),
        cmocka_unit_test_setup_teardown(text_beyond_the_window_is_cut_off,
                                        world_fixture, world_fixture_end),
        cmocka_unit_test_setup_teardown(ack_in_a_zero_window_probe_counts,
                                        world_fixture, world_fixture_end),
        cmocka_unit_test_setup_teardown(bare_fin_passes_a_closed_window,
                                        world_fixture, world_fixture_end),
        cmocka_unit_test_setup_teardown(
            text_without_a_free_chunk_is_dropped_and_acknowledged,
            world_fixture, world_fixture_end),
        cmocka_unit_test_setup_teardown(
            text_in_order_gets_the_chunks_of_what_lies_beyond_a_gap,
            world_fixture, world_fixture_end),
        cmocka_unit_test_setup_teardown(
            unread_text_survives_that_what_is_beyond_a_gap_is_forgotten,
            world_fixture, world_fixture_end),
        cmocka_unit_test_setup_teardown(
            text_in_order_is_taken_as_far_as_there_are_chunks, world_fixture,
            world_fixture_end),
        cmocka_unit_test_setup_teardown(text_after_a_gap_leaves_the_last_chunks,
                                        world_fixture, world_fixture_end),
        cmocka_unit_test_setup_teardown(consumed_text_gives_its_chunks_back,
                                        world_fixture, world_fixture_end),
        cmocka_unit_test_setup_teardown(fin_in_established_leads_to_close_wait,
                                        world_fixture, world_fixture_end),
        cmocka_unit_test_setup_teardown(fin_in_fin_wait_1_leads_to_closing,
                                        world_fixture, world_fixture_end),
        cmocka_unit_test_setup_teardown(
            fin_that_acknowledges_ours_leads_to_time_wait, world_fixture,
            world_fixture_end),
        cmocka_unit_test_setup_teardown(fin_in_fin_wait_2_leads_to_time_wait,
                                        world_fixture, world_fixture_end),
        cmocka_unit_test_setup_teardown(
            fin_after_a_gap_is_sent_again_by_the_peer, world_fixture,
            world_fixture_end),
        cmocka_unit_test_setup_teardown(
            text_that_a_fin_contradicts_is_forgotten, world_fixture,
            world_fixture_end),
        cmocka_unit_test_setup_teardown(half_closed_connection_still_receives,
                                        world_fixture, world_fixture_end),
        cmocka_unit_test_setup_teardown(half_closed_connection_still_sends,
                                        world_fixture, world_fixture_end),
        cmocka_unit_test_setup_teardown(text_behind_a_fin_is_ignored,
                                        world_fixture, world_fixture_end),
        cmocka_unit_test_setup_teardown(fin_again_is_acknowledged_again,
                                        world_fixture, world_fixture_end),
        cmocka_unit_test_setup_teardown(text_after_close_resets, world_fixture,
                                        world_fixture_end),
        cmocka_unit_test_setup_teardown(fin_after_close_does_not_reset,
                                        world_fixture, world_fixture_end),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
