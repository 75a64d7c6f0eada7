/* SPDX-License-Identifier: MIT */
/* Answers without a tcb, and ACKs that are owed. */
#include "tcpd/core/internal.h"
#include "tests/support/tcp_world.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

static void
rst_is_never_answered(void **state)
{
    struct world *w = *state;
    struct segment seg = {.flags = TCP_RST | TCP_ACK};

    reply_rst(w->tcp, &seg);
    assert_false(tcp_wants_output(w->tcp));
}

static void
answers_leave_in_order_and_the_queue_goes_round(void **state)
{
    struct world *w = *state;
    struct flow f = flow_from(w, 4000);
    struct segment seg = {.src = f.remote,
                          .dst = f.local,
                          .src_port = f.remote_port,
                          .dst_port = f.local_port,
                          .flags = TCP_ACK};
    char expected[32];

    for (uint32_t i = 0; i < 3 * TCP_REPLIES; i++) {
        seg.ack = seq(2 * i);
        reply_rst(w->tcp, &seg);
        seg.ack = seq(2 * i + 1);
        reply_rst(w->tcp, &seg);
        snprintf(expected, sizeof expected, "R %u:0", 2 * i);
        assert_string_equal(flow_get(&f), expected);
        snprintf(expected, sizeof expected, "R %u:0", 2 * i + 1);
        assert_string_equal(flow_get(&f), expected);
    }
    assert_int_equal(w->tcp->stats.reply_drops, 0);
}

static void
abort_names_what_was_sent_and_received(void **state)
{
    struct world *w = *state;
    struct flow f = flow_in(w, TCB_ESTABLISHED);

    flow_write(&f, 10);
    flow_put(&f, TCP_ACK, 1, 1, 20);
    flow_drain(&f);
    reply_abort(w->tcp, f.tcb);
    assert_string_equal(flow_get(&f), "RA 11:0 ack 21");
}

/* The peer has all that was ever sent; RFC 5961 lets it ignore less. */
static void
abort_after_a_timeout_is_numbered_where_the_peer_is(void **state)
{
    struct world *w = *state;
    struct flow f = flow_in(w, TCB_ESTABLISHED);

    flow_write(&f, 3000);
    flow_drain(&f);
    world_wait(w, TCP_RTO_INITIAL);
    assert_true(seq_lt(f.tcb->snd_nxt, f.tcb->snd_max));
    reply_abort(w->tcp, f.tcb);
    assert_string_equal(flow_get(&f), "RA 3001:0 ack 1");
}

static void
ack_owed_twice_is_sent_once(void **state)
{
    struct world *w = *state;
    struct flow f = flow_in(w, TCB_ESTABLISHED);

    reply_ack(w->tcp, f.tcb);
    reply_ack(w->tcp, f.tcb);
    assert_string_equal(flow_get(&f), "A 1:0 ack 1 win 32768");
    assert_string_equal(flow_get(&f), "");
}

static void
text_takes_an_owed_ack_along(void **state)
{
    struct world *w = *state;
    struct flow f = flow_in(w, TCB_ESTABLISHED);

    reply_ack(w->tcp, f.tcb);
    flow_write(&f, 10);
    assert_string_equal(flow_get(&f), "PA 1:10 ack 1 win 32768");
    assert_string_equal(flow_get(&f), "");
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(rst_is_never_answered, world_fixture,
                                        world_fixture_end),
        cmocka_unit_test_setup_teardown(
            answers_leave_in_order_and_the_queue_goes_round, world_fixture,
            world_fixture_end),
        cmocka_unit_test_setup_teardown(abort_names_what_was_sent_and_received,
                                        world_fixture, world_fixture_end),
        cmocka_unit_test_setup_teardown(
            abort_after_a_timeout_is_numbered_where_the_peer_is, world_fixture,
            world_fixture_end),
        cmocka_unit_test_setup_teardown(ack_owed_twice_is_sent_once,
                                        world_fixture, world_fixture_end),
        cmocka_unit_test_setup_teardown(text_takes_an_owed_ack_along,
                                        world_fixture, world_fixture_end),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
