/* SPDX-License-Identifier: MIT */
/* Whoever waits for chunks of a shared pool learns when they come back. */
#include "tests/support/tcp_world.h"

#include "tcpd/core/internal.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>

#include <cmocka.h>

/* The first flow's unread text takes all chunks but `left`. */
static void
exhaust(struct flow *f, uint32_t left)
{
    uint32_t at = 1;

    while (f->w->pool.free_count > left) {
        assert_int_equal(flow_put(f, TCP_ACK, at, 1, 32768), DROP_NONE);
        world_drain(f->w);
        at += 32768;
    }
}

static struct flow
joined(struct world *w, uint16_t port)
{
    struct flow f = flow_accepted(w, port);

    world_drain(f.w);
    return f;
}

static void
another_ones_read_tells_the_peer_of_new_room(void **state)
{
    struct world *w = *state;
    struct flow a, b;

    world_listen(w, 4);
    w->pool.free_count = 3; /* of which `b` is promised none */
    a = joined(w, 4000);
    exhaust(&a, 0);
    b = joined(w, 4001);
    assert_true(seq_eq(b.tcb->rcv_adv, b.tcb->rcv_nxt));
    flow_read(&a);
    world_drain(w);
    assert_true(seq_gt(b.tcb->rcv_adv, b.tcb->rcv_nxt));
    w->pool.free_count = 3;
}

/* What lay beyond a gap will never be read: the FIN comes before it. */
static void
a_fin_before_a_gap_gives_its_chunks_to_others(void **state)
{
    struct world *w = *state;
    struct flow a, b;

    world_listen(w, 4);
    a = joined(w, 4000);
    flow_put(&a, TCP_ACK, 2, 1, 100);
    world_drain(w);
    assert_int_equal(a.tcb->ooo_count, 1);
    w->pool.free_count = 0;
    b = joined(w, 4001);
    assert_true(seq_eq(b.tcb->rcv_adv, b.tcb->rcv_nxt));
    flow_put(&a, TCP_FIN | TCP_ACK, 1, 1, 0);
    world_drain(w);
    assert_true(seq_gt(b.tcb->rcv_adv, b.tcb->rcv_nxt));
    w->pool.free_count = WORLD_CHUNKS;
}

static void
everybody_is_told_in_the_end(void **state)
{
    struct world *w = *state;
    struct flow a, b[6];

    world_listen(w, 10);
    w->pool.free_count = 1;
    a = joined(w, 4000);
    exhaust(&a, 0);
    for (uint16_t i = 0; i < 6; i++)
        b[i] = joined(w, (uint16_t)(4001 + i));
    tcp_call_abort(w->tcp, a.tcb, w->now);
    w->pool.free_count = WORLD_CHUNKS - 1;
    world_drain(w);
    for (int i = 0; i < 6; i++)
        assert_true(seq_gt(b[i].tcb->rcv_adv, b[i].tcb->rcv_nxt));
    assert_true(list_empty(&w->pool.starved));
}

static void
whoever_ends_waits_no_longer(void **state)
{
    struct world *w = *state;
    struct flow a, b;

    world_listen(w, 4);
    w->pool.free_count = 1;
    a = joined(w, 4000);
    exhaust(&a, 0);
    b = joined(w, 4001);
    assert_false(list_empty(&b.tcb->starved));
    tcp_call_abort(w->tcp, b.tcb, w->now);
    tcp_call_abort(w->tcp, a.tcb, w->now);
    assert_true(list_empty(&w->pool.starved));
}

int
main(void)
{
#define T(claim)                                                               \
    cmocka_unit_test_setup_teardown(claim, world_fixture, world_fixture_end)
    const struct CMUnitTest tests[] = {
        T(another_ones_read_tells_the_peer_of_new_room),
        T(a_fin_before_a_gap_gives_its_chunks_to_others),
        T(everybody_is_told_in_the_end),
        T(whoever_ends_waits_no_longer),
    };
#undef T

    return cmocka_run_group_tests(tests, NULL, NULL);
}
