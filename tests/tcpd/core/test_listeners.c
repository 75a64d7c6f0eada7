/* SPDX-License-Identifier: MIT */
/* Ports: who may bind what, and what becomes of a listener's children. */
#include "tcpd/core/listeners.h"
#include "tests/support/tcp_world.h"

#include <setjmp.h>
#include <stdarg.h>
#include <string.h>

#include <cmocka.h>

static const struct owner client = {.client = WORLD_CLIENT};

static struct listener *
bind_to(struct world *w, uint32_t addr, uint16_t port, enum tcp_error *error)
{
    struct addr a = addr_v4(addr);

    return tcp_call_bind(w->tcp, &client, &a, port, error);
}

#define OURS 0x0a070002

static void
port_is_bound_once(void **state)
{
    struct world *w = *state;
    enum tcp_error error;

    assert_non_null(bind_to(w, OURS, 80, &error));
    assert_null(bind_to(w, OURS, 80, &error));
    assert_int_equal(error, TCP_ADDR_IN_USE);
    assert_null(bind_to(w, 0, 80, &error));
    assert_int_equal(error, TCP_ADDR_IN_USE);
    assert_non_null(bind_to(w, 0, 81, &error));
    assert_null(bind_to(w, OURS, 81, &error));
}

static void
foreign_address_cannot_be_bound(void **state)
{
    enum tcp_error error;

    assert_null(bind_to(*state, 0x01020304, 80, &error));
    assert_int_equal(error, TCP_ADDR_NOT_OURS);
}

static void
port_0_means_a_free_ephemeral_one(void **state)
{
    struct world *w = *state;
    enum tcp_error error;
    struct listener *a = bind_to(w, 0, 0, &error);
    struct listener *b = bind_to(w, 0, 0, &error);

    assert_true(a->port >= TCP_PORT_FIRST && a->port <= TCP_PORT_LAST);
    assert_true(b->port >= TCP_PORT_FIRST && b->port <= TCP_PORT_LAST);
    assert_int_not_equal(a->port, b->port);
}

static void
listeners_are_limited(void **state)
{
    struct world *w = *state;
    enum tcp_error error;

    for (uint16_t i = 0; i < WORLD_LISTENERS; i++)
        assert_non_null(bind_to(w, 0, (uint16_t)(80 + i), &error));
    assert_null(bind_to(w, 0, 99, &error));
    assert_int_equal(error, TCP_NO_MEMORY);
}

static void
port_of_an_outgoing_connection_is_taken(void **state)
{
    struct world *w = *state;
    struct flow f = flow_connect(w, 4000);
    enum tcp_error error;

    assert_null(bind_to(w, 0, f.local_port, &error));
    assert_int_equal(error, TCP_ADDR_IN_USE);
}

static void
unbound_port_is_free_although_connections_live_on(void **state)
{
    struct world *w = *state;
    struct flow f;

    world_listen(w, 1);
    f = flow_accepted(w, 4000);
    tcp_call_claim(w->tcp, f.tcb);
    tcp_call_unbind(w->tcp, w->listener, w->now);
    assert_int_equal(f.tcb->state, TCB_ESTABLISHED);
    world_listen(w, 1);
}

static void
unbind_resets_children_that_nobody_claimed(void **state)
{
    struct world *w = *state;
    struct flow embryo = flow_from(w, 4001);
    struct flow child;

    world_listen(w, 5);
    child = flow_accepted(w, 4000);
    flow_put(&child, TCP_ACK, 1, 1, 100);
    flow_drain(&child);
    flow_put(&embryo, TCP_SYN, 0, 0, 0);
    flow_drain(&embryo);
    tcp_call_unbind(w->tcp, w->listener, w->now);
    assert_int_equal(child.tcb->state, TCB_CLOSED);
    assert_int_equal(child.tcb->owner.client, OWNER_NONE);
    assert_string_equal(flow_get(&child), "RA 1:0 ack 101");
    assert_string_equal(flow_get(&embryo), "RA 1:0 ack 1");
    assert_int_equal(w->pool.free_count, WORLD_CHUNKS);
    assert_int_equal(flow_put(&embryo, TCP_SYN, 0, 0, 0), DROP_NO_LISTENER);
}

static void
queued_child_that_was_reset_can_still_be_claimed(void **state)
{
    struct world *w = *state;
    struct flow f;

    world_listen(w, 1);
    f = flow_accepted(w, 4000);
    flow_put(&f, TCP_RST, 1, 0, 0);
    world_turn(w);
    assert_int_equal(f.tcb->state, TCB_CLOSED);
    assert_int_equal(f.tcb->error, TCP_RESET);
    assert_int_equal(w->listener->queued, 1);
    tcp_call_claim(w->tcp, f.tcb);
    assert_int_equal(w->listener->queued, 0);
    tcp_call_close(w->tcp, f.tcb, w->now);
    world_turn(w);
}

static void
queued_child_that_nobody_has_seen_ends_alone(void **state)
{
    struct world *w = *state;
    struct flow f;

    world_listen(w, 1);
    f = flow_accepted(w, 4000);
    f.tcb->owner.slot = SLOT_UNASSIGNED;
    flow_put(&f, TCP_RST, 1, 0, 0);
    assert_int_equal(f.tcb->owner.client, OWNER_NONE);
    assert_int_equal(w->listener->queued, 0);
}

static void
listen_with_no_backlog_takes_one(void **state)
{
    struct world *w = *state;

    world_listen(w, 0);
    flow_accepted(w, 4000);
    assert_int_equal(w->listener->backlog, 1);
}

static void
backlog_has_a_maximum(void **state)
{
    struct world *w = *state;

    world_listen(w, TCP_BACKLOG_MAX);
    assert_int_equal(w->listener->backlog, 4096);
    tcp_call_listen(w->tcp, w->listener, UINT32_MAX, NULL, &w->pool);
    assert_int_equal(w->listener->backlog, TCP_BACKLOG_MAX);
}

static void
bound_port_is_in_the_way_of_others(void **state)
{
    struct world *w = *state;
    struct addr ours = addr_v4(OURS);
    struct addr any = addr_any_v4();
    enum tcp_error error;

    bind_to(w, 0, 65535, &error);
    bind_to(w, OURS, 64, &error);
    assert_true(port_is_bound(w->tcp, &ours, 65535));
    assert_true(port_is_bound(w->tcp, &any, 65535));
    assert_true(port_is_bound(w->tcp, &ours, 64));
    assert_true(port_is_bound(w->tcp, &any, 64));
    assert_false(port_is_bound(w->tcp, &ours, 60)); /* in the same chain */
    assert_false(port_is_bound(w->tcp, &any, 60));
}

static void
port_is_held_until_time_wait(void **state)
{
    static const enum tcb_state holding[] = {
        TCB_SYN_SENT,   TCB_SYN_RECEIVED, TCB_ESTABLISHED, TCB_FIN_WAIT_1,
        TCB_FIN_WAIT_2, TCB_CLOSE_WAIT,   TCB_CLOSING,     TCB_LAST_ACK,
        TCB_TIME_WAIT,  TCB_CLOSED};
    struct world *w = *state;
    enum tcp_error error;

    for (size_t i = 0; i < sizeof holding / sizeof holding[0]; i++) {
        struct flow f = flow_in(w, holding[i]);
        bool held = holding[i] != TCB_TIME_WAIT && holding[i] != TCB_CLOSED;
        struct listener *l = bind_to(w, 0, f.local_port, &error);

        assert_int_equal(l == NULL, held);
        if (l != NULL)
            tcp_call_unbind(w->tcp, l, w->now);
        tcp_call_abort(w->tcp, f.tcb, w->now);
        assert_int_equal(w->tcp->opened[f.local_port], 0);
        flow_drain(&f);
        world_turn(w);
    }
}

static void
no_port_is_left_when_all_are_held(void **state)
{
    struct world *w = *state;
    enum tcp_error error;

    for (uint32_t p = TCP_PORT_FIRST; p <= TCP_PORT_LAST; p++)
        w->tcp->opened[p] = 1;
    assert_null(bind_to(w, 0, 0, &error));
    assert_int_equal(error, TCP_NO_PORT);
    w->tcp->opened[40000] = 0;
    assert_int_equal(bind_to(w, 0, 0, &error)->port, 40000);
}

/* Whoever floods several listeners with SYNs leaves tcbs to others. */
static void
handshakes_of_all_listeners_leave_half_of_the_tcbs(void **state)
{
    struct world *w = *state;
    enum tcp_error error;

    for (uint16_t port = 80; port < 84; port++)
        tcp_call_listen(w->tcp, bind_to(w, 0, port, &error), 100, NULL,
                        &w->pool);
    for (uint16_t i = 0; i < 12; i++) {
        struct flow f = flow_from(w, (uint16_t)(4000 + i));

        f.local_port = (uint16_t)(80 + i % 4);
        flow_put(&f, TCP_SYN, 0, 0, 0);
        flow_drain(&f);
    }
    assert_int_equal(w->tcp->opening, w->config.tcbs / 2);
    assert_int_equal(w->tcp->stats.cookies_sent, 12 - w->config.tcbs / 2);
    for (int s = 0; s < 100; s++) {
        world_wait(w, 1000);
        world_drain(w);
    }
    assert_int_equal(w->tcp->opening, 0);
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(port_is_bound_once, world_fixture,
                                        world_fixture_end),
        cmocka_unit_test_setup_teardown(foreign_address_cannot_be_bound,
                                        world_fixture, world_fixture_end),
        cmocka_unit_test_setup_teardown(port_0_means_a_free_ephemeral_one,
                                        world_fixture, world_fixture_end),
        cmocka_unit_test_setup_teardown(listeners_are_limited, world_fixture,
                                        world_fixture_end),
        cmocka_unit_test_setup_teardown(port_of_an_outgoing_connection_is_taken,
                                        world_fixture, world_fixture_end),
        cmocka_unit_test_setup_teardown(
            unbound_port_is_free_although_connections_live_on, world_fixture,
            world_fixture_end),
        cmocka_unit_test_setup_teardown(
            unbind_resets_children_that_nobody_claimed, world_fixture,
            world_fixture_end),
        cmocka_unit_test_setup_teardown(
            queued_child_that_was_reset_can_still_be_claimed, world_fixture,
            world_fixture_end),
        cmocka_unit_test_setup_teardown(
            queued_child_that_nobody_has_seen_ends_alone, world_fixture,
            world_fixture_end),
        cmocka_unit_test_setup_teardown(backlog_has_a_maximum, world_fixture,
                                        world_fixture_end),
        cmocka_unit_test_setup_teardown(listen_with_no_backlog_takes_one,
                                        world_fixture, world_fixture_end),
        cmocka_unit_test_setup_teardown(bound_port_is_in_the_way_of_others,
                                        world_fixture, world_fixture_end),
        cmocka_unit_test_setup_teardown(port_is_held_until_time_wait,
                                        world_fixture, world_fixture_end),
        cmocka_unit_test_setup_teardown(no_port_is_left_when_all_are_held,
                                        world_fixture, world_fixture_end),
        cmocka_unit_test_setup_teardown(
            handshakes_of_all_listeners_leave_half_of_the_tcbs, world_fixture,
            world_fixture_end),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
