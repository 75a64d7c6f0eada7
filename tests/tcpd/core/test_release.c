/* SPDX-License-Identifier: MIT */
/* An owner that lets go at once: who hears of it, and at which number. */
#include "tests/support/tcp_world.h"

#include <setjmp.h>
#include <stdarg.h>
#include <string.h>

#include <cmocka.h>

static void
abort_sends_rst_where_the_peer_believes_in_us(void **state)
{
    static const enum tcb_state loud[] = {TCB_SYN_RECEIVED, TCB_ESTABLISHED,
                                          TCB_FIN_WAIT_1, TCB_FIN_WAIT_2,
                                          TCB_CLOSE_WAIT};
    struct world *w = *state;

    for (size_t i = 0; i < sizeof loud / sizeof loud[0]; i++) {
        struct flow f = flow_in(w, loud[i]);

        tcp_call_abort(w->tcp, f.tcb, w->now);
        assert_int_equal(f.tcb->state, TCB_CLOSED);
        assert_int_equal(strncmp(flow_get(&f), "RA ", 3), 0);
        assert_string_equal(flow_get(&f), "");
        world_turn(w);
    }
}

static void
abort_is_silent_before_the_peer_answered_and_after_both_fins(void **state)
{
    static const enum tcb_state quiet[] = {
        TCB_SYN_SENT, TCB_CLOSED, TCB_CLOSING, TCB_LAST_ACK, TCB_TIME_WAIT};
    struct world *w = *state;

    for (size_t i = 0; i < sizeof quiet / sizeof quiet[0]; i++) {
        struct flow f = flow_in(w, quiet[i]);

        tcp_call_abort(w->tcp, f.tcb, w->now);
        assert_int_equal(f.tcb->owner.client, OWNER_NONE);
        assert_string_equal(flow_get(&f), "");
        world_turn(w);
    }
}

/* Text was promised to the peer and will never come. */
static void
abort_sends_rst_while_our_fin_waits_for_text(void **state)
{
    struct world *w = *state;

    for (int closing = 0; closing < 2; closing++) {
        struct flow f = flow_in(w, closing ? TCB_ESTABLISHED : TCB_CLOSE_WAIT);

        f.wnd = 0;
        flow_put(&f, TCP_ACK, closing ? 1 : 2, 1, 0);
        flow_write(&f, 1000);
        tcp_call_shutdown(w->tcp, f.tcb, w->now);
        if (closing)
            flow_put(&f, TCP_ACK | TCP_FIN, 1, 1, 0);
        assert_int_equal(f.tcb->state, closing ? TCB_CLOSING : TCB_LAST_ACK);
        flow_drain(&f);
        tcp_call_abort(w->tcp, f.tcb, w->now);
        assert_string_equal(flow_get(&f), "RA 1:0 ack 2");
        world_turn(w);
    }
}

static void
aborted_embryo_is_refused_to_its_peer(void **state)
{
    struct world *w = *state;
    struct flow f = flow_from(w, 4000);

    world_listen(w, 1);
    flow_put(&f, TCP_SYN, 0, 0, 0); /* no SYN-ACK has left */
    f.iss = f.tcb->iss.v;
    tcp_call_abort(w->tcp, f.tcb, w->now);
    assert_string_equal(flow_get(&f), "RA 0:0 ack 1");
    assert_string_equal(flow_get(&f), "");
    assert_int_equal(w->listener->queued, 0);
}

/* No timer is left that could say it again. */
static void
rst_is_the_last_word(void **state)
{
    struct world *w = *state;
    struct flow f = flow_in(w, TCB_ESTABLISHED);

    flow_write(&f, 1000);
    flow_drain(&f);
    tcp_call_abort(w->tcp, f.tcb, w->now);
    assert_int_equal(flow_get(&f)[0], 'R');
    assert_true(instant_is_never(tcp_next_deadline(w->tcp)));
    world_wait(w, TCP_RTO_MAX);
    assert_string_equal(flow_get(&f), "");
}

static void
reset_is_numbered_behind_what_was_sent(void **state)
{
    struct world *w = *state;
    struct flow f = flow_in(w, TCB_ESTABLISHED);

    flow_write(&f, 100);
    flow_drain(&f);
    tcp_call_abort(w->tcp, f.tcb, w->now);
    assert_string_equal(flow_get(&f), "RA 101:0 ack 1");
}

static void
abort_in_time_wait_keeps_the_time(void **state)
{
    struct world *w = *state;
    struct flow f = flow_in(w, TCB_TIME_WAIT);

    tcp_call_abort(w->tcp, f.tcb, w->now);
    assert_int_equal(f.tcb->state, TCB_TIME_WAIT);
    assert_int_equal(f.tcb->owner.client, OWNER_NONE);
    world_wait(w, TCP_TIME_WAIT);
    assert_int_equal(f.tcb->state, TCB_CLOSED);
}

int
main(void)
{
#define T(claim)                                                               \
    cmocka_unit_test_setup_teardown(claim, world_fixture, world_fixture_end)
    const struct CMUnitTest tests[] = {
        T(abort_sends_rst_where_the_peer_believes_in_us),
        T(abort_is_silent_before_the_peer_answered_and_after_both_fins),
        T(abort_sends_rst_while_our_fin_waits_for_text),
        T(aborted_embryo_is_refused_to_its_peer),
        T(rst_is_the_last_word),
        T(abort_in_time_wait_keeps_the_time),
        T(reset_is_numbered_behind_what_was_sent),
    };
#undef T

    return cmocka_run_group_tests(tests, NULL, NULL);
}
