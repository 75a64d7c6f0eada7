/* SPDX-License-Identifier: MIT */
/* The steps that every segment of a synchronized connection goes through. */
#include "tcpd/core/challenge.h"
#include "tests/support/tcp_world.h"

#include <setjmp.h>
#include <stdarg.h>
#include <string.h>

#include <cmocka.h>

static const enum tcb_state synchronized[] = {
    TCB_ESTABLISHED, TCB_FIN_WAIT_1, TCB_FIN_WAIT_2,
    TCB_CLOSE_WAIT,  TCB_CLOSING,    TCB_LAST_ACK,
};
#define SYNCHRONIZED (sizeof synchronized / sizeof synchronized[0])

/* The peer's next number, and the one that it has to acknowledge. */
static uint32_t
next_seq(const struct flow *f)
{
    return f->tcb->rcv_nxt.v - f->irs;
}

static uint32_t
next_ack(const struct flow *f)
{
    return f->tcb->snd_max.v - f->iss;
}

static void
in_every_state(struct world *w, void (*test)(struct flow *f))
{
    for (size_t i = 0; i < SYNCHRONIZED; i++) {
        struct flow f = flow_in(w, synchronized[i]);

        test(&f);
        tcp_call_abort(w->tcp, f.tcb, w->now);
        flow_drain(&f);
        world_turn(w);
    }
}

/* ---- first: the sequence number ---- */

static void
check_unacceptable(struct flow *f)
{
    enum tcb_state before = f->tcb->state;

    assert_int_equal(flow_put(f, TCP_ACK, next_seq(f) - 1, next_ack(f), 1),
                     DROP_UNACCEPTABLE);
    assert_int_equal(strncmp(flow_get(f), "A ", 2), 0);
    assert_string_equal(flow_get(f), "");
    assert_int_equal(flow_put(f, TCP_ACK, next_seq(f) + 300000, next_ack(f), 1),
                     DROP_UNACCEPTABLE);
    assert_int_equal(strncmp(flow_get(f), "A ", 2), 0);
    assert_int_equal(f->tcb->state, before);
}

static void
segment_outside_the_window_is_answered_with_ack(void **state)
{
    in_every_state(*state, check_unacceptable);
}

static void
keepalive_probe_is_answered(void **state)
{
    struct flow f = flow_in(*state, TCB_ESTABLISHED);

    assert_int_equal(flow_put(&f, TCP_ACK, 0, 1, 0), DROP_UNACCEPTABLE);
    assert_string_equal(flow_get(&f), "A 1:0 ack 1 win 32768");
}

static void
ack_at_the_windows_end_counts(void **state)
{
    struct flow f = flow_in(*state, TCB_ESTABLISHED);
    uint32_t end = f.tcb->rcv_adv.v - f.irs;

    flow_write(&f, 100);
    flow_drain(&f);
    assert_int_equal(flow_put(&f, TCP_ACK, end, 101, 0), DROP_NONE);
    assert_int_equal(f.tcb->tx_una, 100);
}

static void
pure_acks_outside_the_window_cannot_make_two_ends_quarrel(void **state)
{
    struct world *w = *state;
    struct flow f = flow_in(w, TCB_ESTABLISHED);

    flow_put(&f, TCP_ACK, 0, 1, 0);
    assert_int_equal(flow_get(&f)[0], 'A');
    flow_put(&f, TCP_ACK, 0, 1, 0);
    assert_string_equal(flow_get(&f), "");
    world_wait(w, CHALLENGE_INTERVAL);
    flow_put(&f, TCP_ACK, 0, 1, 0);
    assert_int_equal(flow_get(&f)[0], 'A');
}

static void
syn_again_repeats_the_synack(void **state)
{
    struct world *w = *state;
    struct flow f = flow_from(w, 4000);

    world_listen(w, 1);
    flow_put(&f, TCP_SYN, 0, 0, 0);
    flow_drain(&f);
    f.tsval += 1000;
    assert_int_equal(flow_put(&f, TCP_SYN, 0, 0, 0), DROP_UNACCEPTABLE);
    assert_int_equal(f.tcb->ts_recent, f.tsval);
    assert_string_equal(flow_get(&f),
                        "SA 0:0 ack 1 win 65535 mss 1460 ts ws 3");
    assert_int_equal(f.tcb->state, TCB_SYN_RECEIVED);
    assert_int_equal(w->listener->queued, 1);
}

/* ---- timestamps ---- */

static void
old_timestamp_is_dropped_and_acknowledged(void **state)
{
    struct flow f = flow_in(*state, TCB_ESTABLISHED);

    f.tsval--;
    assert_int_equal(flow_put(&f, TCP_ACK, 1, 1, 10), DROP_PAWS);
    assert_string_equal(flow_get(&f), "A 1:0 ack 1 win 32768");
    assert_int_equal(f.tcb->rx_end, 0);
}

static void
old_timestamp_counts_again_after_24_days(void **state)
{
    struct world *w = *state;
    struct flow f = flow_in(w, TCB_ESTABLISHED);

    f.tsval--;
    world_wait(w, INT64_C(24) * 24 * 3600 * 1000);
    assert_int_equal(flow_put(&f, TCP_ACK, 1, 1, 10), DROP_NONE);
    assert_int_equal(f.tcb->ts_recent, f.tsval);
}

static void
missing_timestamp_drops_the_segment(void **state)
{
    struct flow f = flow_in(*state, TCB_ESTABLISHED);

    f.no_timestamps = true;
    assert_int_equal(flow_put(&f, TCP_ACK, 1, 1, 10), DROP_NO_TIMESTAMPS);
    assert_string_equal(flow_get(&f), "");
    assert_int_equal(flow_put(&f, TCP_RST, 1, 0, 0), DROP_NONE);
    assert_int_equal(f.tcb->state, TCB_CLOSED);
}

static void
rst_needs_no_recent_timestamp(void **state)
{
    struct flow f = flow_in(*state, TCB_ESTABLISHED);

    f.tsval -= 1000;
    assert_int_equal(flow_put(&f, TCP_RST, 1, 0, 0), DROP_NONE);
    assert_int_equal(f.tcb->error, TCP_RESET);
}

static void
timestamp_beyond_a_gap_is_not_echoed(void **state)
{
    struct flow f = flow_in(*state, TCB_ESTABLISHED);
    uint32_t first = f.tsval;

    f.tsval = first + 10;
    flow_put(&f, TCP_ACK, 101, 1, 100);
    assert_int_equal(f.tcb->ts_recent, first);
    f.tsval = first + 5;
    flow_put(&f, TCP_ACK, 1, 1, 100);
    assert_int_equal(f.tcb->ts_recent, first + 5);
}

/* ---- second: RST ---- */

static void
check_exact_rst(struct flow *f)
{
    assert_int_equal(flow_put(f, TCP_RST, next_seq(f), 0, 0), DROP_NONE);
    assert_int_equal(f->tcb->state, TCB_CLOSED);
    assert_int_equal(f->tcb->error, TCP_RESET);
    assert_string_equal(flow_get(f), "");
}

static void
rst_at_rcv_nxt_resets_every_state(void **state)
{
    in_every_state(*state, check_exact_rst);
}

static void
check_rst_challenge(struct flow *f)
{
    enum tcb_state before = f->tcb->state;

    if (before == TCB_CLOSE_WAIT || before == TCB_CLOSING ||
        before == TCB_LAST_ACK)
        return; /* what was advertised is of no use any more */
    assert_int_equal(flow_put(f, TCP_RST, next_seq(f) + 1, 0, 0),
                     DROP_RST_CHALLENGE);
    assert_int_equal(f->tcb->state, before);
    assert_int_equal(strncmp(flow_get(f), "A ", 2), 0);
    assert_int_equal(flow_put(f, TCP_RST, next_seq(f) + 2, 0, 0),
                     DROP_RST_CHALLENGE);
    assert_string_equal(flow_get(f), "");
}

static void
rst_elsewhere_in_the_window_is_challenged(void **state)
{
    in_every_state(*state, check_rst_challenge);
}

static void
check_blind_rst(struct flow *f)
{
    enum tcb_state before = f->tcb->state;

    assert_int_equal(flow_put(f, TCP_RST, next_seq(f) - 1, 0, 0),
                     DROP_RST_OUT_OF_WINDOW);
    assert_int_equal(flow_put(f, TCP_RST, next_seq(f) + 300000, 0, 0),
                     DROP_RST_OUT_OF_WINDOW);
    assert_int_equal(f->tcb->state, before);
    assert_string_equal(flow_get(f), "");
}

static void
rst_outside_the_window_is_ignored(void **state)
{
    in_every_state(*state, check_blind_rst);
}

static void
rst_frees_an_embryo(void **state)
{
    struct world *w = *state;
    struct flow f = flow_from(w, 4000);

    world_listen(w, 1);
    flow_put(&f, TCP_SYN, 0, 0, 0);
    flow_drain(&f);
    assert_int_equal(flow_put(&f, TCP_RST, 1, 0, 0), DROP_NONE);
    assert_int_equal(f.tcb->state, TCB_CLOSED);
    assert_int_equal(f.tcb->owner.client, OWNER_NONE);
    assert_int_equal(w->listener->queued, 0);
    assert_string_equal(flow_get(&f), "");
}

static void
reset_connection_waits_for_its_owner(void **state)
{
    struct world *w = *state;
    struct flow f = flow_in(w, TCB_ESTABLISHED);

    flow_put(&f, TCP_ACK, 1, 1, 50);
    flow_put(&f, TCP_RST, 51, 0, 0);
    world_turn(w);
    assert_int_equal(f.tcb->owner.client, WORLD_CLIENT);
    assert_int_equal(flow_read(&f), 50); /* it had arrived before */
    tcp_call_close(w->tcp, f.tcb, w->now);
    assert_int_equal(w->pool.free_count, WORLD_CHUNKS);
    world_turn(w);
    assert_string_equal(flow_get(&f), "");
}

/* ---- fourth: SYN ---- */

static void
check_syn(struct flow *f)
{
    enum tcb_state before = f->tcb->state;

    assert_int_equal(flow_put(f, TCP_SYN, next_seq(f), 0, 0),
                     DROP_SYN_IN_WINDOW);
    assert_int_equal(strncmp(flow_get(f), "A ", 2), 0);
    assert_int_equal(flow_put(f, TCP_SYN | TCP_ACK, 0, 1, 0),
                     DROP_UNACCEPTABLE);
    assert_string_equal(flow_get(f), "");
    assert_int_equal(f->tcb->state, before);
}

static void
syn_is_challenged_in_every_state(void **state)
{
    in_every_state(*state, check_syn);
}

/* ---- fifth: no ACK ---- */

static void
check_no_ack(struct flow *f)
{
    enum tcb_state before = f->tcb->state;

    assert_int_equal(flow_put(f, 0, next_seq(f), 0, 10), DROP_NO_ACK_FLAG);
    assert_int_equal(flow_put(f, TCP_FIN, next_seq(f), 0, 0), DROP_NO_ACK_FLAG);
    assert_int_equal(f->tcb->state, before);
    assert_string_equal(flow_get(f), "");
}

static void
segment_without_ack_is_dropped_in_every_state(void **state)
{
    in_every_state(*state, check_no_ack);
}

static void
handshake_with_a_wrong_ack_is_answered_with_rst(void **state)
{
    struct world *w = *state;
    struct flow f = flow_from(w, 4000);

    world_listen(w, 1);
    flow_put(&f, TCP_SYN, 0, 0, 0);
    flow_drain(&f);
    assert_int_equal(flow_put(&f, TCP_ACK, 1, 2, 0), DROP_SYN_RECEIVED_BAD_ACK);
    assert_string_equal(flow_get(&f), "R 2:0");
    assert_int_equal(flow_put(&f, TCP_ACK, 1, 0, 0), DROP_SYN_RECEIVED_BAD_ACK);
    assert_string_equal(flow_get(&f), "R 0:0");
    assert_int_equal(f.tcb->state, TCB_SYN_RECEIVED);
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(
            segment_outside_the_window_is_answered_with_ack, world_fixture,
            world_fixture_end),
        cmocka_unit_test_setup_teardown(keepalive_probe_is_answered,
                                        world_fixture, world_fixture_end),
        cmocka_unit_test_setup_teardown(ack_at_the_windows_end_counts,
                                        world_fixture, world_fixture_end),
        cmocka_unit_test_setup_teardown(
            pure_acks_outside_the_window_cannot_make_two_ends_quarrel,
            world_fixture, world_fixture_end),
        cmocka_unit_test_setup_teardown(syn_again_repeats_the_synack,
                                        world_fixture, world_fixture_end),
        cmocka_unit_test_setup_teardown(
            old_timestamp_is_dropped_and_acknowledged, world_fixture,
            world_fixture_end),
        cmocka_unit_test_setup_teardown(
            old_timestamp_counts_again_after_24_days, world_fixture,
            world_fixture_end),
        cmocka_unit_test_setup_teardown(missing_timestamp_drops_the_segment,
                                        world_fixture, world_fixture_end),
        cmocka_unit_test_setup_teardown(rst_needs_no_recent_timestamp,
                                        world_fixture, world_fixture_end),
        cmocka_unit_test_setup_teardown(timestamp_beyond_a_gap_is_not_echoed,
                                        world_fixture, world_fixture_end),
        cmocka_unit_test_setup_teardown(rst_at_rcv_nxt_resets_every_state,
                                        world_fixture, world_fixture_end),
        cmocka_unit_test_setup_teardown(
            rst_elsewhere_in_the_window_is_challenged, world_fixture,
            world_fixture_end),
        cmocka_unit_test_setup_teardown(rst_outside_the_window_is_ignored,
                                        world_fixture, world_fixture_end),
        cmocka_unit_test_setup_teardown(rst_frees_an_embryo, world_fixture,
                                        world_fixture_end),
        cmocka_unit_test_setup_teardown(reset_connection_waits_for_its_owner,
                                        world_fixture, world_fixture_end),
        cmocka_unit_test_setup_teardown(syn_is_challenged_in_every_state,
                                        world_fixture, world_fixture_end),
        cmocka_unit_test_setup_teardown(
            segment_without_ack_is_dropped_in_every_state, world_fixture,
            world_fixture_end),
        cmocka_unit_test_setup_teardown(
            handshake_with_a_wrong_ack_is_answered_with_rst, world_fixture,
            world_fixture_end),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
