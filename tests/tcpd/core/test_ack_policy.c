/* SPDX-License-Identifier: MIT */
/* When text is acknowledged, and with which SACK blocks. */
#include "tests/support/tcp_world.h"

#include "tcpd/core/internal.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#define MSS 1448

/* A connection that has used up its quick ACKs, with the peer's window scale 7 and
 * SACK agreed. */
static struct flow
settled(struct world *w)
{
    struct flow f = flow_from(w, 4000);

    f.syn.sack_permitted = true;
    world_listen(w, 4);
    flow_put(&f, TCP_SYN, 0, 0, 0);
    flow_drain(&f);
    flow_put(&f, TCP_ACK, 1, 1, 0);
    f.tcb->owner.slot = 2;
    f.tcb->tx.base = w->tx;
    f.tcb->rcv_mss = MSS;
    f.tcb->text_received_at = w->now;
    f.tcb->quick_acks = 0;
    flow_drain(&f);
    return f;
}

static void
first_segments_are_acknowledged_at_once(void **state)
{
    struct world *w = *state;
    struct flow f;

    world_listen(w, 4);
    f = flow_accepted(w, 4000);
    flow_drain(&f);
    for (uint32_t i = 0; i < TCP_QUICK_ACKS; i++) {
        flow_put(&f, TCP_ACK, 1 + i * 10, 1, 10);
        assert_int_equal(flow_get(&f)[0], 'A');
    }
    flow_put(&f, TCP_ACK, 1 + TCP_QUICK_ACKS * 10, 1, 10);
    assert_string_equal(flow_get(&f), "");
}

static void
a_lone_segment_is_acknowledged_after_40_ms(void **state)
{
    struct world *w = *state;
    struct flow f = settled(w);

    flow_put(&f, TCP_ACK, 1, 1, MSS);
    assert_string_equal(flow_get(&f), "");
    world_wait(w, TCP_DELAYED_ACK - 1);
    assert_string_equal(flow_get(&f), "");
    world_wait(w, 1);
    assert_int_equal(flow_get(&f)[0], 'A');
    assert_int_equal(w->tcp->stats.delayed_acks, 1);
}

static void
every_second_full_segment_is_acknowledged_at_once(void **state)
{
    struct world *w = *state;
    struct flow f = settled(w);

    for (uint32_t i = 0; i < 6; i++) {
        flow_put(&f, TCP_ACK, 1 + i * MSS, 1, MSS);
        assert_int_equal(flow_get(&f)[0], i % 2 == 0 ? '\0' : 'A');
    }
}

static void
a_coalesced_segment_gets_one_ack_at_once(void **state)
{
    struct world *w = *state;
    struct flow f = settled(w);

    flow_put(&f, TCP_ACK, 1, 1, 20 * MSS);
    assert_int_equal(flow_get(&f)[0], 'A');
    assert_string_equal(flow_get(&f), "");
}

static void
text_of_ours_carries_the_ack(void **state)
{
    struct world *w = *state;
    struct flow f = settled(w);

    flow_put(&f, TCP_ACK, 1, 1, 100);
    flow_write(&f, 50);
    assert_string_equal(flow_get(&f), "PA 1:50 ack 101 win 32756");
    assert_string_equal(flow_get(&f), "");
    assert_false(timer_running(f.tcb, TIMER_DELAYED_ACK));
    assert_true((f.tcb->flags & TCB_INTERACTIVE) != 0);
}

static void
an_interactive_connection_has_no_quick_acks(void **state)
{
    struct world *w = *state;
    struct flow f = settled(w);

    flow_put(&f, TCP_ACK, 1, 1, 100);
    flow_write(&f, 50);
    flow_drain(&f);
    world_wait(w, 150); /* no retransmission yet */
    flow_put(&f, TCP_ACK, 101, 51, 0);
    world_wait(w, 5000);
    flow_put(&f, TCP_ACK, 101, 51, 100);
    assert_string_equal(flow_get(&f), "");
    world_wait(w, TCP_DELAYED_ACK);
    assert_int_equal(flow_get(&f)[0], 'A');
    assert_false((f.tcb->flags & TCB_INTERACTIVE) != 0);
}

static void
after_a_pause_acks_are_quick_again(void **state)
{
    struct world *w = *state;
    struct flow f = settled(w);

    world_wait(w, 5000);
    flow_put(&f, TCP_ACK, 1, 1, 100);
    assert_int_equal(flow_get(&f)[0], 'A');
}

static void
quick_ack_option_sends_what_waits(void **state)
{
    struct world *w = *state;
    struct flow f = settled(w);

    flow_put(&f, TCP_ACK, 1, 1, 100);
    assert_string_equal(flow_get(&f), "");
    tcp_call_quick_ack(w->tcp, f.tcb, true, w->now);
    assert_int_equal(flow_get(&f)[0], 'A');
    tcp_call_quick_ack(w->tcp, f.tcb, false, w->now);
    flow_put(&f, TCP_ACK, 101, 1, 100);
    assert_string_equal(flow_get(&f), "");
}

static void
fin_is_acknowledged_at_once(void **state)
{
    struct world *w = *state;
    struct flow f = settled(w);

    flow_put(&f, TCP_ACK | TCP_FIN, 1, 1, 0);
    assert_int_equal(flow_get(&f)[0], 'A');
}

/* ---- SACK ---- */

static void
text_out_of_order_is_reported_at_once(void **state)
{
    struct world *w = *state;
    struct flow f = settled(w);

    flow_put(&f, TCP_ACK, 101, 1, 100);
    assert_string_equal(flow_get(&f), "A 1:0 ack 1 win 32768 sack 101-201");
}

static void
the_latest_range_is_reported_first(void **state)
{
    struct world *w = *state;
    struct flow f = settled(w);

    flow_put(&f, TCP_ACK, 101, 1, 100);
    flow_put(&f, TCP_ACK, 501, 1, 100);
    flow_put(&f, TCP_ACK, 301, 1, 100);
    assert_string_equal(
        flow_get(&f),
        "A 1:0 ack 1 win 32768 sack 301-401 sack 501-601 sack 101-201");
    flow_put(&f, TCP_ACK, 601, 1, 100);
    assert_string_equal(
        flow_get(&f),
        "A 1:0 ack 1 win 32768 sack 501-701 sack 301-401 sack 101-201");
}

static void
a_range_that_grows_does_not_push_the_others_out(void **state)
{
    struct world *w = *state;
    struct flow f = settled(w);

    for (uint32_t at = 101; at <= 501; at += 200)
        flow_put(&f, TCP_ACK, at, 1, 100);
    for (uint32_t i = 0; i < 5; i++)
        flow_put(&f, TCP_ACK, 601 + i * 10, 1, 10);
    assert_string_equal(
        flow_get(&f),
        "A 1:0 ack 1 win 32768 sack 501-651 sack 301-401 sack 101-201");
}

static void
no_more_blocks_than_fit_beside_timestamps(void **state)
{
    struct world *w = *state;
    struct flow f = settled(w);

    for (uint32_t i = 0; i < 5; i++)
        flow_put(&f, TCP_ACK, 101 + i * 200, 1, 100);
    assert_string_equal(
        flow_get(&f),
        "A 1:0 ack 1 win 32768 sack 901-1001 sack 701-801 sack 501-601");
}

static void
a_filled_gap_is_acknowledged_at_once_and_no_longer_reported(void **state)
{
    struct world *w = *state;
    struct flow f = settled(w);

    flow_put(&f, TCP_ACK, 101, 1, 100);
    flow_drain(&f);
    f.tcb->quick_acks = 0;
    flow_put(&f, TCP_ACK, 1, 1, 100);
    assert_string_equal(flow_get(&f), "A 1:0 ack 201 win 32743");
}

static void
what_comes_twice_is_reported_once(void **state)
{
    struct world *w = *state;
    struct flow f = settled(w);

    flow_put(&f, TCP_ACK, 1, 1, 100);
    flow_drain(&f);
    assert_int_equal(flow_put(&f, TCP_ACK, 1, 1, 100), DROP_UNACCEPTABLE);
    assert_string_equal(flow_get(&f), "A 1:0 ack 101 win 32756 sack 1-101");
    flow_put(&f, TCP_ACK, 301, 1, 100);
    assert_string_equal(flow_get(&f), "A 1:0 ack 101 win 32756 sack 301-401");
}

static void
what_comes_twice_out_of_order_is_reported_before_its_range(void **state)
{
    struct world *w = *state;
    struct flow f = settled(w);

    flow_put(&f, TCP_ACK, 301, 1, 200);
    flow_drain(&f);
    flow_put(&f, TCP_ACK, 401, 1, 100);
    assert_string_equal(flow_get(&f),
                        "A 1:0 ack 1 win 32768 sack 401-501 sack 301-501");
}

static void
what_was_not_stored_is_not_reported(void **state)
{
    struct world *w = *state;
    struct flow f = settled(w);

    w->pool.free_count = 2; /* fewer than are kept for text in order */
    assert_int_equal(flow_put(&f, TCP_ACK, 101, 1, 100), DROP_RCVBUF_FULL);
    flow_get(&f);
    assert_null(strstr(f.sent, "sack"));
    w->pool.free_count = WORLD_CHUNKS;
}

/* A full segment with blocks would be too long for the path. */
static void
blocks_never_go_with_text(void **state)
{
    struct world *w = *state;
    struct flow f = settled(w);

    flow_write(&f, 100);
    flow_put(&f, TCP_ACK, 101, 1, 100);
    assert_string_equal(flow_get(&f), "A 1:0 ack 1 win 32768 sack 101-201");
    assert_string_equal(flow_get(&f), "PA 1:100 ack 1 win 32768");
}

static void
a_peer_without_sack_gets_no_blocks(void **state)
{
    struct world *w = *state;
    struct flow f;

    world_listen(w, 4);
    f = flow_accepted(w, 4000);
    flow_put(&f, TCP_ACK, 101, 1, 100);
    assert_string_equal(flow_get(&f), "A 1:0 ack 1 win 32768");
}

static void
our_syn_ack_permits_sack_only_in_answer(void **state)
{
    struct world *w = *state;
    struct flow f = flow_from(w, 4000);

    f.syn.sack_permitted = true;
    world_listen(w, 4);
    flow_put(&f, TCP_SYN, 0, 0, 0);
    assert_string_equal(flow_get(&f),
                        "SA 0:0 ack 1 win 65535 mss 1460 ts ws 3 sack");
}

int
main(void)
{
#define T(claim)                                                               \
    cmocka_unit_test_setup_teardown(claim, world_fixture, world_fixture_end)
    const struct CMUnitTest tests[] = {
        T(first_segments_are_acknowledged_at_once),
        T(a_lone_segment_is_acknowledged_after_40_ms),
        T(every_second_full_segment_is_acknowledged_at_once),
        T(a_coalesced_segment_gets_one_ack_at_once),
        T(text_of_ours_carries_the_ack),
        T(an_interactive_connection_has_no_quick_acks),
        T(after_a_pause_acks_are_quick_again),
        T(quick_ack_option_sends_what_waits),
        T(fin_is_acknowledged_at_once),
        T(text_out_of_order_is_reported_at_once),
        T(the_latest_range_is_reported_first),
        T(a_range_that_grows_does_not_push_the_others_out),
        T(no_more_blocks_than_fit_beside_timestamps),
        T(a_filled_gap_is_acknowledged_at_once_and_no_longer_reported),
        T(what_comes_twice_is_reported_once),
        T(what_comes_twice_out_of_order_is_reported_before_its_range),
        T(what_was_not_stored_is_not_reported),
        T(blocks_never_go_with_text),
        T(a_peer_without_sack_gets_no_blocks),
        T(our_syn_ack_permits_sack_only_in_answer),
    };
#undef T

    return cmocka_run_group_tests(tests, NULL, NULL);
}
