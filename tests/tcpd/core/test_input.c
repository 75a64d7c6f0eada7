/* SPDX-License-Identifier: MIT */
/* The core's outer face: who gets a segment, and what nobody's segment gets. */
#include "base/rng.h"
#include "tests/support/tcp_world.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

static void
syn_to_a_closed_port_is_answered_with_rst(void **state)
{
    struct flow f = flow_from(*state, 4000);

    assert_int_equal(flow_put(&f, TCP_SYN, 0, 0, 0), DROP_NO_LISTENER);
    assert_string_equal(flow_get(&f), "RA 0:0 ack 1");
    assert_string_equal(flow_get(&f), "");
}

static void
rst_acknowledges_all_of_a_segment_without_ack(void **state)
{
    struct flow f = flow_from(*state, 4000);

    flow_put(&f, TCP_SYN | TCP_FIN, 0, 0, 10);
    assert_string_equal(flow_get(&f), "RA 0:0 ack 12");
}

static void
ack_to_a_closed_port_is_answered_at_its_number(void **state)
{
    struct flow f = flow_from(*state, 4000);

    assert_int_equal(flow_put(&f, TCP_ACK, 5, 123, 10), DROP_NO_LISTENER);
    assert_string_equal(flow_get(&f), "R 123:0");
}

static void
rst_to_a_closed_port_is_not_answered(void **state)
{
    struct flow f = flow_from(*state, 4000);

    assert_int_equal(flow_put(&f, TCP_RST, 0, 0, 0), DROP_NO_CONNECTION_RST);
    assert_int_equal(flow_put(&f, TCP_RST | TCP_ACK, 0, 5, 0),
                     DROP_NO_CONNECTION_RST);
    assert_string_equal(flow_get(&f), "");
}

static void
answers_beyond_their_number_are_counted_not_sent(void **state)
{
    struct world *w = *state;
    struct flow f = flow_from(w, 4000);
    int sent = 0;

    for (int i = 0; i < TCP_REPLIES + 5; i++)
        flow_put(&f, TCP_SYN, 0, 0, 0);
    while (flow_get(&f)[0] != '\0')
        sent++;
    assert_int_equal(sent, TCP_REPLIES);
    assert_int_equal(w->tcp->stats.reply_drops, 5);
}

static void
segment_meets_its_connection_before_the_listener(void **state)
{
    struct world *w = *state;
    struct flow a, b;

    world_listen(w, 4);
    a = flow_accepted(w, 4000);
    b = flow_accepted(w, 4001);
    assert_ptr_not_equal(a.tcb, b.tcb);
    flow_put(&a, TCP_ACK, 1, 1, 10);
    assert_int_equal(a.tcb->rx_end, 10);
    assert_int_equal(b.tcb->rx_end, 0);
}

static void
segments_of_one_turn_get_one_ack(void **state)
{
    struct flow f = flow_in(*state, TCB_ESTABLISHED);

    for (uint32_t i = 0; i < 10; i++)
        assert_int_equal(flow_put(&f, TCP_ACK, 1 + 100 * i, 1, 100), DROP_NONE);
    assert_int_equal(strncmp(flow_get(&f), "A 1:0 ack 1001 ", 15), 0);
    assert_string_equal(flow_get(&f), "");
}

static void
closed_connection_answers_as_nobody(void **state)
{
    struct flow f = flow_in(*state, TCB_CLOSED);

    assert_int_equal(flow_put(&f, TCP_ACK, 1, 1, 10), DROP_NO_LISTENER);
    assert_string_equal(flow_get(&f), "R 1:0");
}

static void
segments_and_bytes_are_counted(void **state)
{
    struct world *w = *state;
    struct flow f = flow_in(w, TCB_ESTABLISHED);
    struct segment seg = {.src = f.remote,
                          .dst = f.local,
                          .src_port = f.remote_port,
                          .dst_port = f.local_port,
                          .text = w->tx,
                          .len = 3000,
                          .gso_size = 1000};
    uint64_t before = w->tcp->stats.in_segs;

    tcp_input(w->tcp, &seg, w->now);
    assert_int_equal(w->tcp->stats.in_segs - before, 3);
    assert_int_equal(w->tcp->stats.in_bytes, 3000);
}

/* ---- whatever comes ---- */

static uint32_t
near(struct rng *r, uint32_t n)
{
    static const uint32_t spread[] = {1, 3, 2000, 300000};

    if (rng_below(r, 20) == 0)
        return (uint32_t)rng_next(r);
    return n + (uint32_t)rng_below(r, 2 * spread[rng_below(r, 4)]) -
           spread[rng_below(r, 3)];
}

static uint8_t
some_flags(struct rng *r)
{
    static const uint8_t likely[] = {TCP_ACK, TCP_ACK | TCP_FIN, TCP_SYN,
                                     TCP_SYN | TCP_ACK, TCP_RST};

    return rng_below(r, 8) == 0 ? (uint8_t)rng_next(r)
                                : likely[rng_below(r, 10) * 4 / 9 % 5];
}

static void
one_segment(struct rng *r, struct flow *f)
{
    uint32_t seq_ = near(r, f->tcb->rcv_nxt.v - f->irs);
    uint32_t ack = near(r, f->tcb->snd_max.v - f->iss);

    f->wnd = (uint16_t)(rng_below(r, 4) == 0 ? 0 : rng_next(r));
    f->tsval += (uint32_t)rng_below(r, 3) - (rng_below(r, 9) == 0);
    f->no_timestamps = rng_below(r, 50) == 0;
    flow_put(f, some_flags(r), seq_, ack, (uint32_t)rng_below(r, 3000));
}

static void
one_call(struct rng *r, struct flow *f)
{
    struct world *w = f->w;
    struct tcb *tcb = f->tcb;

    switch (rng_below(r, 40)) {
    case 0:
        tcp_call_shutdown(w->tcp, tcb, w->now);
        break;
    case 1:
        tcp_call_close(w->tcp, tcb, w->now);
        break;
    case 2:
        tcp_call_abort(w->tcp, tcb, w->now);
        break;
    default:
        if (tcb->tx_end - tcb->tx_una < 100000)
            flow_write(f, (uint32_t)rng_below(r, 5000));
    }
    if (tcb->owner.client != OWNER_NONE)
        tcp_call_received(w->tcp, tcb,
                          tcb->rx_read +
                              rng_below(r, tcb->rx_end - tcb->rx_read + 1),
                          w->now);
}

/* A connection that lives through hostile segments, calls and time until nobody
 * has it any more. Contents are not compared: nobody honest sends here. */
static void
one_life(struct world *w, struct rng *r, bool passive)
{
    struct flow f = passive ? flow_accepted(w, 4000) : flow_connect(w, 80);
    struct tcp_slot slot = {.buf = w->slot, .cap = 65536};

    if (passive)
        tcp_call_claim(w->tcp, f.tcb);
    for (int i = 0; i < 400 && f.tcb->state != TCB_CLOSED; i++) {
        one_segment(r, &f);
        if (f.tcb->owner.client != OWNER_NONE && rng_below(r, 3) == 0)
            one_call(r, &f);
        while (rng_below(r, 4) != 0 && tcp_output(w->tcp, &slot, w->now))
            world_check(w);
        if (rng_below(r, 5) == 0)
            world_wait(w, (int64_t)rng_below(r, 3000));
    }
    if (f.tcb->owner.client != OWNER_NONE)
        tcp_call_abort(w->tcp, f.tcb, w->now);
    while (tcp_output(w->tcp, &slot, w->now))
        world_check(w);
    world_turn(w);
}

static void
nothing_that_is_received_breaks_an_invariant(void **state)
{
    const char *given = getenv("SEED");
    uint64_t seed = given != NULL ? strtoull(given, NULL, 0) : 1;
    struct world *w = *state;
    struct rng r;

    print_message("SEED=%llu\n", (unsigned long long)seed);
    rng_seed(&r, seed);
    world_listen(w, 4);
    for (int i = 0; i < 1000; i++) {
        one_life(w, &r, i % 2 == 0);
        world_wait(w, 4 * TCP_TIME_WAIT);
        while (tcp_wants_output(w->tcp)) {
            struct tcp_slot slot = {.buf = w->slot, .cap = 65536};

            tcp_output(w->tcp, &slot, w->now);
        }
        for (int s = 0; s < 20; s++)
            world_wait(w, TCP_TIME_WAIT);
        world_turn(w);
        assert_int_equal(w->pool.free_count, WORLD_CHUNKS);
    }
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(
            syn_to_a_closed_port_is_answered_with_rst, world_fixture,
            world_fixture_end),
        cmocka_unit_test_setup_teardown(
            rst_acknowledges_all_of_a_segment_without_ack, world_fixture,
            world_fixture_end),
        cmocka_unit_test_setup_teardown(
            ack_to_a_closed_port_is_answered_at_its_number, world_fixture,
            world_fixture_end),
        cmocka_unit_test_setup_teardown(rst_to_a_closed_port_is_not_answered,
                                        world_fixture, world_fixture_end),
        cmocka_unit_test_setup_teardown(
            answers_beyond_their_number_are_counted_not_sent, world_fixture,
            world_fixture_end),
        cmocka_unit_test_setup_teardown(
            segment_meets_its_connection_before_the_listener, world_fixture,
            world_fixture_end),
        cmocka_unit_test_setup_teardown(segments_of_one_turn_get_one_ack,
                                        world_fixture, world_fixture_end),
        cmocka_unit_test_setup_teardown(closed_connection_answers_as_nobody,
                                        world_fixture, world_fixture_end),
        cmocka_unit_test_setup_teardown(segments_and_bytes_are_counted,
                                        world_fixture, world_fixture_end),
        cmocka_unit_test_setup_teardown(
            nothing_that_is_received_breaks_an_invariant, world_fixture,
            world_fixture_end),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
