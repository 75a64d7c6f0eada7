/* SPDX-License-Identifier: MIT */
/* What setsockopt() changes, and when. */
#include "tests/support/tcp_world.h"

#include "tcpd/core/internal.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

static struct tcp_settings
settings_of(const struct flow *f)
{
    return f->tcb->settings;
}

static void
configure(struct flow *f, const struct tcp_settings *s)
{
    tcp_call_configure(f->w->tcp, f->tcb, s, f->w->now);
    world_check(f->w);
}

static void
set_flags(struct flow *f, uint32_t flags)
{
    struct tcp_settings s = settings_of(f);

    s.flags = flags;
    configure(f, &s);
}

static void
defaults_are_linuxs_and_the_configurations(void **state)
{
    struct world *w = *state;
    struct tcp_settings s;

    tcp_settings_default(w->tcp, &s);
    assert_int_equal(s.flags, 0);
    assert_int_equal(s.keep_idle_ms, 7200000);
    assert_int_equal(s.keep_interval_ms, 75000);
    assert_int_equal(s.keep_count, 9);
    assert_int_equal(s.syn_tries, 6);
    assert_int_equal(s.fin_timeout_ms, 60000);
    assert_int_equal(s.receive_buffer, WORLD_BUFFER);
}

static void
nonsense_is_taken_as_the_nearest_sense(void **state)
{
    struct world *w = *state;
    struct flow f = flow_in(w, TCB_ESTABLISHED);
    struct tcp_settings s, *have = &f.tcb->settings;

    memset(&s, 0xff, sizeof s);
    configure(&f, &s);
    assert_int_equal(have->flags,
                     TCP_SET_NODELAY | TCP_SET_KEEPALIVE | TCP_SET_CORK);
    assert_int_equal(have->keep_count, 127);
    assert_true(have->send_buffer <= STREAM_SPAN);
    assert_true(have->receive_buffer < STREAM_SPAN);
    assert_int_equal(have->spare, 0);
    memset(&s, 0, sizeof s);
    configure(&f, &s);
    assert_true(have->keep_interval_ms > 0 && have->keep_count > 0);
    assert_true(have->send_buffer > 0 && have->receive_buffer > 0);
}

static void
switching_nagle_off_sends_what_waits(void **state)
{
    struct world *w = *state;
    struct flow f = flow_in(w, TCB_ESTABLISHED);

    flow_write(&f, 10);
    flow_drain(&f);
    flow_write(&f, 10);
    assert_string_equal(flow_get(&f), "");
    set_flags(&f, TCP_SET_NODELAY);
    assert_string_equal(flow_get(&f), "PA 11:10 ack 1 win 32768");
}

static void
a_cork_holds_a_short_segment_for_200_ms(void **state)
{
    struct world *w = *state;
    struct flow f = flow_in(w, TCB_ESTABLISHED);

    set_flags(&f, TCP_SET_CORK);
    flow_write(&f, 10);
    assert_string_equal(flow_get(&f), "");
    assert_false(timer_running(f.tcb, TIMER_PERSIST));
    world_wait(w, TCP_CORK_WAIT - 1);
    assert_string_equal(flow_get(&f), "");
    world_wait(w, 1);
    assert_string_equal(flow_get(&f), "PA 1:10 ack 1 win 32768");
    assert_false(timer_running(f.tcb, TIMER_CORK));
}

static void
a_cork_lets_full_segments_go(void **state)
{
    struct world *w = *state;
    struct flow f = flow_in(w, TCB_ESTABLISHED);

    set_flags(&f, TCP_SET_CORK | TCP_SET_NODELAY);
    flow_write(&f, 1448 + 10);
    assert_string_equal(flow_get(&f), "A 1:1448 ack 1 win 32768");
    assert_string_equal(flow_get(&f), "");
    flow_write(&f, 1438);
    assert_string_equal(flow_get(&f), "PA 1449:1448 ack 1 win 32768");
}

static void
pulling_the_cork_or_shutting_down_sends_what_waits(void **state)
{
    struct world *w = *state;
    struct flow f = flow_in(w, TCB_ESTABLISHED);

    set_flags(&f, TCP_SET_CORK);
    flow_write(&f, 10);
    flow_drain(&f);
    set_flags(&f, 0);
    assert_string_equal(flow_get(&f), "PA 1:10 ack 1 win 32768");
    flow_put(&f, TCP_ACK, 1, 11, 0);
    set_flags(&f, TCP_SET_CORK);
    flow_write(&f, 10);
    flow_drain(&f);
    tcp_call_shutdown(w->tcp, f.tcb, w->now);
    assert_string_equal(flow_get(&f), "FPA 11:10 ack 1 win 32768");
}

static void
the_mss_limit_holds_for_both_directions(void **state)
{
    struct world *w = *state;
    struct owner owner = {.client = WORLD_CLIENT, .slot = 1, .generation = 1};
    struct flow f = flow_from(w, 80);
    struct tcp_settings s;
    enum tcp_error error;

    tcp_settings_default(w->tcp, &s);
    s.mss_limit = 1000;
    f.tcb = tcp_call_connect(w->tcp, &owner, NULL, &s, &f.remote, 80, &w->pool,
                             w->tx, w->now, &error);
    f.local_port = f.tcb->local_port;
    assert_string_equal(flow_get(&f), "S 0:0 win 65535 mss 1000 ts ws 3 sack");
    flow_put(&f, TCP_SYN | TCP_ACK, 0, 1, 0);
    assert_int_equal(f.tcb->snd_mss, 988);
}

static void
a_larger_receive_buffer_is_told_at_once(void **state)
{
    struct world *w = *state;
    struct flow f = flow_in(w, TCB_ESTABLISHED);
    struct tcp_settings s = settings_of(&f);

    s.receive_buffer = 2 * WORLD_BUFFER;
    configure(&f, &s);
    assert_string_equal(flow_get(&f), "A 1:0 ack 1 win 65535");
}

static void
a_smaller_receive_buffer_takes_no_promise_back(void **state)
{
    struct world *w = *state;
    struct flow f = flow_in(w, TCB_ESTABLISHED);
    struct tcp_settings s = settings_of(&f);

    s.receive_buffer = WORLD_BUFFER / 4;
    configure(&f, &s);
    assert_string_equal(flow_get(&f), "");
    flow_put(&f, TCP_ACK, 1, 1, 16384);
    assert_string_equal(flow_get(&f), "A 1:0 ack 16385 win 30720");
    flow_read(&f);
    assert_string_equal(flow_get(&f), "");
}

static void
an_orphan_waits_in_fin_wait_2_as_long_as_linger2_says(void **state)
{
    struct world *w = *state;
    struct flow f = flow_in(w, TCB_ESTABLISHED);
    struct tcp_settings s = settings_of(&f);

    s.fin_timeout_ms = 3000;
    configure(&f, &s);
    tcp_call_close(w->tcp, f.tcb, w->now);
    flow_drain(&f);
    flow_put(&f, TCP_ACK, 1, 2, 0);
    assert_int_equal(f.tcb->state, TCB_FIN_WAIT_2);
    world_wait(w, 2999);
    assert_int_equal(f.tcb->state, TCB_FIN_WAIT_2);
    world_wait(w, 1);
    assert_int_equal(f.tcb->state, TCB_CLOSED);
}

static void
syn_tries_limit_an_attempt(void **state)
{
    struct world *w = *state;
    struct flow f = flow_connect(w, 80);
    struct tcp_settings s = settings_of(&f);
    int syns = 1;

    s.syn_tries = 2;
    configure(&f, &s);
    for (int i = 0; i < 20 && f.tcb->state != TCB_CLOSED; i++) {
        world_wait(w, 1000);
        while (flow_get(&f)[0] == 'S')
            syns++;
    }
    assert_int_equal(syns, 3);
    assert_int_equal(f.tcb->error, TCP_TIMED_OUT);
}

int
main(void)
{
#define T(claim)                                                               \
    cmocka_unit_test_setup_teardown(claim, world_fixture, world_fixture_end)
    const struct CMUnitTest tests[] = {
        T(defaults_are_linuxs_and_the_configurations),
        T(nonsense_is_taken_as_the_nearest_sense),
        T(switching_nagle_off_sends_what_waits),
        T(a_cork_holds_a_short_segment_for_200_ms),
        T(a_cork_lets_full_segments_go),
        T(pulling_the_cork_or_shutting_down_sends_what_waits),
        T(the_mss_limit_holds_for_both_directions),
        T(a_larger_receive_buffer_is_told_at_once),
        T(a_smaller_receive_buffer_takes_no_promise_back),
        T(an_orphan_waits_in_fin_wait_2_as_long_as_linger2_says),
        T(syn_tries_limit_an_attempt),
    };
#undef T

    return cmocka_run_group_tests(tests, NULL, NULL);
}
