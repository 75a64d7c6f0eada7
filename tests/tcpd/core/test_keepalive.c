/* SPDX-License-Identifier: MIT */
/* How long a silent peer is believed in. */
#include "tests/support/tcp_world.h"

#include "tcpd/core/internal.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>

#include <cmocka.h>

#define IDLE     10000
#define INTERVAL 1000
#define COUNT    3

static void
configure(struct flow *f, uint32_t flags, uint32_t user_timeout)
{
    struct tcp_settings s;

    tcp_settings_default(f->w->tcp, &s);
    s.flags = flags;
    s.keep_idle_ms = IDLE;
    s.keep_interval_ms = INTERVAL;
    s.keep_count = COUNT;
    s.user_timeout_ms = user_timeout;
    tcp_call_configure(f->w->tcp, f->tcb, &s, f->w->now);
}

static struct flow
kept_alive(struct world *w, uint32_t user_timeout)
{
    struct flow f = flow_in(w, TCB_ESTABLISHED);

    configure(&f, TCP_SET_KEEPALIVE, user_timeout);
    flow_drain(&f);
    return f;
}

static void
keep_alive_is_off_by_default(void **state)
{
    struct world *w = *state;
    struct flow f = flow_in(w, TCB_ESTABLISHED);

    world_wait(w, INT64_C(3) * TCP_KEEP_IDLE);
    assert_string_equal(flow_get(&f), "");
    assert_false(timer_running(f.tcb, TIMER_KEEPALIVE));
}

static void
a_silent_peer_is_probed_below_the_window(void **state)
{
    struct world *w = *state;
    struct flow f = kept_alive(w, 0);

    world_wait(w, IDLE - 1);
    assert_string_equal(flow_get(&f), "");
    world_wait(w, 1);
    assert_string_equal(flow_get(&f), "A 0:0 ack 1 win 32768");
    assert_string_equal(flow_get(&f), "");
}

static void
any_segment_puts_the_probe_off(void **state)
{
    struct world *w = *state;
    struct flow f = kept_alive(w, 0);

    world_wait(w, IDLE / 2);
    flow_put(&f, TCP_ACK, 1, 1, 0);
    world_wait(w, IDLE / 2);
    assert_string_equal(flow_get(&f), "");
    world_wait(w, IDLE / 2);
    assert_int_equal(flow_get(&f)[0], 'A');
}

static void
an_answer_starts_the_silence_anew(void **state)
{
    struct world *w = *state;
    struct flow f = kept_alive(w, 0);

    world_wait(w, IDLE);
    flow_drain(&f);
    flow_put(&f, TCP_ACK, 1, 1, 0);
    assert_int_equal(f.tcb->probes, 0);
    world_wait(w, IDLE - 1);
    assert_string_equal(flow_get(&f), "");
    world_wait(w, 1);
    assert_int_equal(flow_get(&f)[0], 'A');
}

static void
unanswered_probes_end_it_with_rst(void **state)
{
    struct world *w = *state;
    struct flow f = kept_alive(w, 0);

    world_wait(w, IDLE);
    for (int i = 0; i < COUNT; i++) {
        assert_string_equal(flow_get(&f), "A 0:0 ack 1 win 32768");
        assert_int_equal(f.tcb->state, TCB_ESTABLISHED);
        world_wait(w, INTERVAL);
    }
    assert_int_equal(f.tcb->state, TCB_CLOSED);
    assert_int_equal(f.tcb->error, TCP_TIMED_OUT);
    assert_string_equal(flow_get(&f), "RA 1:0 ack 1");
}

static void
nothing_is_probed_while_text_is_in_flight(void **state)
{
    struct world *w = *state;
    struct flow f = kept_alive(w, 0);

    flow_write(&f, 10);
    flow_drain(&f);
    for (int s = 0; s < 2 * IDLE / 1000; s++) {
        world_wait(w, 1000);
        while (flow_get(&f)[0] != '\0')
            assert_string_equal(f.sent, "PA 1:10 ack 1 win 32768");
    }
    assert_int_equal(w->tcp->stats.keep_probes, 0);
}

static void
switching_it_on_counts_the_silence_before(void **state)
{
    struct world *w = *state;
    struct flow f = flow_in(w, TCB_ESTABLISHED);

    world_wait(w, IDLE - 1);
    configure(&f, TCP_SET_KEEPALIVE, 0);
    world_wait(w, 1);
    assert_int_equal(flow_get(&f)[0], 'A');
    configure(&f, 0, 0);
    world_wait(w, 10 * IDLE);
    assert_string_equal(flow_get(&f), "");
    assert_int_equal(f.tcb->state, TCB_ESTABLISHED);
}

static void
children_inherit_it_from_their_listener(void **state)
{
    struct world *w = *state;
    struct tcp_settings s;
    struct flow f;

    tcp_settings_default(w->tcp, &s);
    s.flags = TCP_SET_KEEPALIVE;
    s.keep_idle_ms = IDLE;
    world_listen(w, 4);
    tcp_call_listen(w->tcp, w->listener, 4, &s, &w->pool);
    f = flow_accepted(w, 4000);
    flow_drain(&f);
    world_wait(w, IDLE);
    assert_int_equal(flow_get(&f)[0], 'A');
}

/* ---- the user timeout ---- */

static void
text_unacknowledged_for_the_user_timeout_ends_it(void **state)
{
    struct world *w = *state;
    struct flow f = flow_in(w, TCB_ESTABLISHED);

    configure(&f, 0, 5000);
    world_wait(w, 60000); /* idle, it owes nothing */
    flow_write(&f, 10);
    flow_drain(&f);
    world_wait(w, 4999);
    flow_drain(&f);
    assert_int_equal(f.tcb->state, TCB_ESTABLISHED);
    world_wait(w, 1);
    assert_int_equal(f.tcb->state, TCB_CLOSED);
    assert_int_equal(f.tcb->error, TCP_TIMED_OUT);
}

static void
progress_starts_the_user_timeout_anew(void **state)
{
    struct world *w = *state;
    struct flow f = flow_in(w, TCB_ESTABLISHED);

    configure(&f, 0, 5000);
    flow_write(&f, 20);
    flow_drain(&f);
    world_wait(w, 4000);
    flow_put(&f, TCP_ACK, 1, 11, 0);
    world_wait(w, 4000);
    assert_int_equal(f.tcb->state, TCB_ESTABLISHED);
    flow_put(&f, TCP_ACK, 1, 21, 0);
    assert_false(timer_running(f.tcb, TIMER_USER));
}

static void
a_long_user_timeout_outlasts_the_retransmissions(void **state)
{
    struct world *w = *state;
    struct flow f = flow_in(w, TCB_ESTABLISHED);

    configure(&f, 0, 100000000);
    flow_write(&f, 10);
    for (int s = 0; s < 4000; s++) {
        flow_drain(&f);
        world_wait(w, 1000);
    }
    assert_int_equal(f.tcb->state, TCB_ESTABLISHED);
    assert_true(f.tcb->backoff > TCP_DATA_TRIES);
}

static void
a_window_closed_for_the_user_timeout_ends_it_though_probes_are_answered(
    void **state)
{
    struct world *w = *state;
    struct flow f = flow_in(w, TCB_ESTABLISHED);

    configure(&f, 0, 5000);
    f.wnd = 0;
    flow_put(&f, TCP_ACK, 1, 1, 0);
    flow_write(&f, 10);
    flow_drain(&f);
    for (int i = 0; i < 4; i++) {
        world_wait(w, 1000);
        flow_drain(&f);
        flow_put(&f, TCP_ACK, 1, 1, 0);
    }
    assert_int_equal(f.tcb->state, TCB_ESTABLISHED);
    world_wait(w, 1000);
    assert_int_equal(f.tcb->error, TCP_TIMED_OUT);
}

static void
the_user_timeout_replaces_the_count_of_probes(void **state)
{
    struct world *w = *state;
    struct flow f = kept_alive(w, 2 * IDLE);

    world_wait(w, IDLE);
    for (int i = 0; i < IDLE / INTERVAL; i++) {
        assert_int_equal(f.tcb->state, TCB_ESTABLISHED);
        assert_int_equal(flow_get(&f)[0], 'A');
        world_wait(w, INTERVAL);
    }
    assert_int_equal(f.tcb->state, TCB_CLOSED);
}

static void
a_short_user_timeout_leaves_one_probe_to_answer(void **state)
{
    struct world *w = *state;
    struct flow f = kept_alive(w, 100);

    world_wait(w, IDLE);
    assert_int_equal(f.tcb->state, TCB_ESTABLISHED);
    assert_int_equal(flow_get(&f)[0], 'A');
    world_wait(w, INTERVAL - 1);
    assert_int_equal(f.tcb->state, TCB_ESTABLISHED);
    world_wait(w, 1);
    assert_int_equal(f.tcb->state, TCB_CLOSED);
}

int
main(void)
{
#define T(claim)                                                               \
    cmocka_unit_test_setup_teardown(claim, world_fixture, world_fixture_end)
    const struct CMUnitTest tests[] = {
        T(keep_alive_is_off_by_default),
        T(a_silent_peer_is_probed_below_the_window),
        T(any_segment_puts_the_probe_off),
        T(an_answer_starts_the_silence_anew),
        T(unanswered_probes_end_it_with_rst),
        T(nothing_is_probed_while_text_is_in_flight),
        T(switching_it_on_counts_the_silence_before),
        T(children_inherit_it_from_their_listener),
        T(text_unacknowledged_for_the_user_timeout_ends_it),
        T(progress_starts_the_user_timeout_anew),
        T(a_long_user_timeout_outlasts_the_retransmissions),
        T(a_window_closed_for_the_user_timeout_ends_it_though_probes_are_answered),
        T(the_user_timeout_replaces_the_count_of_probes),
        T(a_short_user_timeout_leaves_one_probe_to_answer),
    };
#undef T

    return cmocka_run_group_tests(tests, NULL, NULL);
}
