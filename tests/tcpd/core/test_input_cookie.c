/* SPDX-License-Identifier: MIT */
/* SYN cookies: a listener that remembers nothing still knows its peers. */
#include "tests/support/tcp_world.h"

#include "tcpd/core/internal.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

/* A flow whose SYN was answered with a cookie. */
static struct flow
offered(struct world *w, uint16_t remote_port, uint16_t mss, bool timestamps)
{
    struct flow first = flow_from(w, 3999), f = flow_from(w, remote_port);

    world_listen(w, 1);
    flow_put(&first, TCP_SYN, 0, 0, 0);
    flow_drain(&first);
    f.syn.mss = mss;
    f.syn.sack_permitted = true;
    f.syn.has_timestamps = timestamps;
    flow_put(&f, TCP_SYN, 0, 0, 0);
    assert_null(f.tcb);
    assert_int_equal(w->tcp->stats.cookies_sent, 1);
    flow_get(&f);
    return f;
}

/* The peer's ACK, with timestamps although no tcb says that they were agreed. */
static enum drop
answer(struct flow *f, uint32_t ack, uint32_t len, bool timestamps)
{
    static uint8_t text[1000];
    struct segment seg = {
        .src = f->remote,
        .dst = f->local,
        .src_port = f->remote_port,
        .dst_port = f->local_port,
        .seq = seq(f->irs + 1),
        .ack = seq(f->iss + ack),
        .wnd = f->wnd,
        .flags = TCP_ACK,
        .opt = {.has_timestamps = timestamps,
                .tsval = f->tsval + 1,
                .tsecr = f->tsecr},
        .text = text,
        .len = len,
    };
    enum drop why;

    for (uint32_t i = 0; i < len; i++)
        text[i] = world_byte(i);
    why = tcp_input(f->w->tcp, &seg, f->w->now);
    f->tcb = tcp_find(f->w->tcp, &f->local, f->local_port, &f->remote,
                      f->remote_port);
    world_check(f->w);
    return why;
}

static void
the_third_ack_makes_a_connection(void **state)
{
    struct world *w = *state;
    struct flow f = offered(w, 4000, 1460, true);

    assert_int_equal(answer(&f, 1, 0, true), DROP_NONE);
    assert_int_equal(f.tcb->state, TCB_ESTABLISHED);
    assert_true((f.tcb->flags & TCB_QUEUED) != 0);
    assert_int_equal(w->tcp->stats.cookies_taken, 1);
    assert_int_equal(w->listener->queued, 2);
    assert_int_equal(w->listener->opening, 1);
}

static void
text_in_the_third_ack_is_taken(void **state)
{
    struct world *w = *state;
    struct flow f = offered(w, 4000, 1460, true);

    assert_int_equal(answer(&f, 1, 500, true), DROP_NONE);
    assert_int_equal(f.tcb->rx_end, 500);
    assert_int_equal(flow_get(&f)[0], 'A');
    assert_int_equal(flow_read(&f), 500);
}

static void
timestamps_carry_window_scale_and_sack(void **state)
{
    struct world *w = *state;
    struct flow f = offered(w, 4000, 1460, true);

    assert_non_null(strstr(f.sent, "ts ws 3 sack"));
    (void)answer(&f, 1, 0, true);
    assert_int_equal(f.tcb->flags & (TCB_TIMESTAMPS | TCB_WSCALE | TCB_SACK),
                     TCB_TIMESTAMPS | TCB_WSCALE | TCB_SACK);
    assert_int_equal(f.tcb->snd_wscale, 7);
    assert_int_equal(f.tcb->rcv_wscale, 3);
    assert_int_equal(f.tcb->snd_mss, 1448);
}

static void
without_timestamps_neither_is_offered(void **state)
{
    struct world *w = *state;
    struct flow f = offered(w, 4000, 1460, false);

    assert_string_equal(f.sent, "SA 0:0 ack 1 win 65535 mss 1460");
    (void)answer(&f, 1, 0, false);
    assert_int_equal(f.tcb->flags & (TCB_TIMESTAMPS | TCB_WSCALE | TCB_SACK),
                     0);
    assert_int_equal(f.tcb->snd_mss, 1460);
}

static void
no_peer_gets_more_than_its_mss(void **state)
{
    static const uint16_t cases[][2] = {{100, 88},    {535, 88},
                                        {536, 536},   {1399, 1360},
                                        {1459, 1440}, {9000, 1460}};

    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        struct world w;
        struct flow f;

        (void)state;
        world_setup(&w, 8, WORLD_BUFFER);
        f = offered(&w, 4000, cases[i][0], false);
        (void)answer(&f, 1, 0, false);
        assert_int_equal(f.tcb->snd_mss, cases[i][1]);
        world_teardown(&w);
    }
}

static void
a_wrong_number_is_refused(void **state)
{
    struct world *w = *state;
    struct flow f = offered(w, 4000, 1460, true);

    for (uint32_t off = 2; off < 2000; off++) {
        assert_int_equal(answer(&f, off * 7919, 0, true), DROP_BAD_COOKIE);
        assert_int_equal(flow_get(&f)[0], 'R');
    }
    assert_null(f.tcb);
}

static void
another_peers_cookie_is_refused(void **state)
{
    struct world *w = *state;
    struct flow f = offered(w, 4000, 1460, true), other = f;

    other.remote_port++;
    assert_int_equal(answer(&other, 1, 0, true), DROP_BAD_COOKIE);
}

static void
a_cookie_holds_for_a_period_and_not_for_three(void **state)
{
    struct world *w = *state;
    struct flow f = offered(w, 4000, 1460, true), again;

    world_wait(w, 60000);
    again = f;
    world_drain(w);
    assert_int_equal(answer(&f, 1, 0, true), DROP_NONE);
    tcp_call_abort(w->tcp, f.tcb, w->now);
    world_turn(w);
    w->listener->cookies_at = instant_add(w->now, duration_ms(140000));
    world_wait(w, 140000);
    assert_int_equal(answer(&again, 1, 0, true), DROP_BAD_COOKIE);
}

static void
without_a_recent_cookie_no_ack_is_believed(void **state)
{
    struct world *w = *state;
    struct flow f = offered(w, 4000, 1460, true);

    w->listener->cookies_at = INSTANT_NEVER;
    assert_int_equal(answer(&f, 1, 0, true), DROP_LISTEN_ACK);
}

static void
while_accept_lags_behind_the_ack_is_dropped_silently(void **state)
{
    struct world *w = *state;
    struct flow f = offered(w, 4000, 1460, true);
    struct flow others[2];

    w->listener->backlog = 4;
    for (uint16_t i = 0; i < 2; i++)
        others[i] = flow_accepted(w, (uint16_t)(5000 + i));
    w->listener->backlog = 1;
    flow_drain(&others[0]);
    assert_int_equal(answer(&f, 1, 0, true), DROP_LISTEN_QUEUE_FULL);
    assert_string_equal(flow_get(&f), "");
    tcp_call_claim(w->tcp, others[0].tcb);
    assert_int_equal(answer(&f, 1, 0, true), DROP_NONE);
}

static void
both_ways_work_afterwards(void **state)
{
    struct world *w = *state;
    struct flow f = offered(w, 4000, 1460, true);

    (void)answer(&f, 1, 0, true);
    f.tcb->owner.slot = 2;
    f.tcb->tx.base = w->tx;
    flow_write(&f, 100);
    assert_string_equal(flow_get(&f), "PA 1:100 ack 1 win 32768");
    f.tsval += 2;
    assert_int_equal(flow_put(&f, TCP_ACK, 1, 101, 200), DROP_NONE);
    assert_int_equal(flow_read(&f), 200);
}

int
main(void)
{
#define T(claim)                                                               \
    cmocka_unit_test_setup_teardown(claim, world_fixture, world_fixture_end)
    const struct CMUnitTest tests[] = {
        T(the_third_ack_makes_a_connection),
        T(text_in_the_third_ack_is_taken),
        T(timestamps_carry_window_scale_and_sack),
        T(without_timestamps_neither_is_offered),
        T(no_peer_gets_more_than_its_mss),
        T(a_wrong_number_is_refused),
        T(another_peers_cookie_is_refused),
        T(a_cookie_holds_for_a_period_and_not_for_three),
        T(without_a_recent_cookie_no_ack_is_believed),
        T(while_accept_lags_behind_the_ack_is_dropped_silently),
        T(both_ways_work_afterwards),
    };
#undef T

    return cmocka_run_group_tests(tests, NULL, NULL);
}
