/* SPDX-License-Identifier: MIT */
/* Calls of owners: how connections begin and all the ways in which they end. */
#include "tcpd/core/internal.h"
#include "tests/support/tcp_world.h"

#include <setjmp.h>
#include <stdarg.h>
#include <string.h>

#include <cmocka.h>

static const struct owner client = {.client = WORLD_CLIENT, .slot = 3};

/* ---- connect ---- */

static void
connect_sends_a_syn_with_all_that_we_offer(void **state)
{
    struct world *w = *state;
    struct flow f = flow_from(w, 4000);
    enum tcp_error error;

    f.tcb = tcp_call_connect(w->tcp, &client, NULL, NULL, &f.remote, 4000,
                             &w->pool, w->tx, w->now, &error);
    assert_int_equal(error, TCP_OK);
    assert_int_equal(f.tcb->state, TCB_SYN_SENT);
    f.local_port = f.tcb->local_port;
    assert_true(f.local_port >= TCP_PORT_FIRST &&
                f.local_port <= TCP_PORT_LAST);
    assert_string_equal(flow_get(&f), "S 0:0 win 65535 mss 1460 ts ws 3 sack");
    assert_int_equal(w->tcp->stats.active_opens, 1);
}

static enum tcp_error
connect_error(struct world *w, struct listener *bound, struct addr remote,
              uint16_t port)
{
    enum tcp_error error;

    assert_null(tcp_call_connect(w->tcp, &client, bound, NULL, &remote, port,
                                 &w->pool, w->tx, w->now, &error));
    return error;
}

static void
connect_to_what_is_no_host_is_invalid(void **state)
{
    struct world *w = *state;
    struct addr host = addr_v4(0x0a070009);

    assert_int_equal(connect_error(w, NULL, host, 0), TCP_INVALID);
    assert_int_equal(connect_error(w, NULL, addr_any_v4(), 80), TCP_INVALID);
    assert_int_equal(connect_error(w, NULL, addr_v4(0xe0000001), 80),
                     TCP_INVALID);
}

static void
connect_without_a_route_is_unreachable(void **state)
{
    struct world *w = *state;
    struct addr far = addr_v4(0x08080808), subnets = addr_v4(0x0a0700ff);

    assert_int_equal(connect_error(w, NULL, subnets, 80), TCP_UNREACHABLE);
    w->net.routes = 0;
    assert_int_equal(connect_error(w, NULL, far, 80), TCP_UNREACHABLE);
}

static void
connect_from_a_bound_address_keeps_it(void **state)
{
    struct world *w = *state;
    struct owner owner = {.client = WORLD_CLIENT, .slot = 1, .generation = 1};
    struct addr second = addr_v4(0x0a070003), far = addr_v4(0x08080808);
    struct listener *bound;
    enum tcp_error error;
    struct tcb *tcb;

    assert_null(tcp_call_bind(w->tcp, &owner, &second, 5000, &error));
    assert_int_equal(error, TCP_ADDR_NOT_OURS);
    w->net.address[w->net.addresses++] =
        (struct net_address){.addr = second, .prefix_len = 24};
    bound = tcp_call_bind(w->tcp, &owner, &second, 5000, &error);
    assert_non_null(bound);
    tcb = tcp_call_connect(w->tcp, &owner, bound, NULL, &far, 80, &w->pool,
                           w->tx, w->now, &error);
    assert_true(addr_equal(tcb->local, second));
}

static void
connect_without_a_free_tcb_says_so(void **state)
{
    struct world *w = *state;

    for (uint16_t i = 0; i < 8; i++)
        flow_connect(w, (uint16_t)(4000 + i));
    assert_int_equal(connect_error(w, NULL, addr_v4(0x0a070009), 80),
                     TCP_NO_MEMORY);
}

static void
connect_from_a_bound_port_takes_it(void **state)
{
    struct world *w = *state;
    struct addr any = addr_any_v4();
    struct addr host = addr_v4(0x0a070009);
    enum tcp_error error;
    struct listener *l = tcp_call_bind(w->tcp, &client, &any, 5555, &error);
    struct tcb *tcb = tcp_call_connect(w->tcp, &client, l, NULL, &host, 80,
                                       &w->pool, w->tx, w->now, &error);

    assert_non_null(tcb);
    assert_int_equal(tcb->local_port, 5555);
    assert_int_equal(l->used, 0);
    l = tcp_call_bind(w->tcp, &client, &any, 5555, &error);
    assert_null(l); /* the connection holds it now */
    assert_int_equal(error, TCP_ADDR_IN_USE);
}

static void
connect_from_a_listening_port_is_invalid(void **state)
{
    struct world *w = *state;

    world_listen(w, 1);
    assert_int_equal(connect_error(w, w->listener, addr_v4(0x0a070009), 80),
                     TCP_INVALID);
    assert_int_equal(w->listener->used, 1);
}

/* ---- bytes ---- */

static void
read_bytes_open_the_window_again(void **state)
{
    struct flow f = flow_in(*state, TCB_ESTABLISHED);

    for (uint32_t i = 0; i < 4; i++)
        flow_put(&f, TCP_ACK, 1 + 65536 * i, 1, 65536);
    assert_string_equal(flow_get(&f), "A 1:0 ack 262145 win 0");
    assert_int_equal(flow_read(&f), 262144);
    assert_string_equal(flow_get(&f), "A 1:0 ack 262145 win 32768");
}

static void
reading_a_little_is_not_told(void **state)
{
    struct flow f = flow_in(*state, TCB_ESTABLISHED);

    flow_put(&f, TCP_ACK, 1, 1, 5000);
    flow_drain(&f);
    flow_read(&f);
    assert_string_equal(flow_get(&f), "");
}

static void
nothing_is_sent_after_shutdown(void **state)
{
    struct flow f = flow_in(*state, TCB_FIN_WAIT_2);

    flow_write(&f, 100);
    assert_string_equal(flow_get(&f), "");
    assert_int_equal(f.tcb->tx_end, 0);
}

/* ---- shutdown ---- */

static void
shutdown_sends_fin_behind_the_text(void **state)
{
    struct world *w = *state;
    struct flow f = flow_in(w, TCB_ESTABLISHED);

    flow_write(&f, 100);
    tcp_call_shutdown(w->tcp, f.tcb, w->now);
    tcp_call_shutdown(w->tcp, f.tcb, w->now); /* again: nothing */
    assert_int_equal(f.tcb->state, TCB_FIN_WAIT_1);
    assert_string_equal(flow_get(&f), "FPA 1:100 ack 1 win 32768");
    assert_string_equal(flow_get(&f), "");
}

static void
shutdown_after_the_peers_fin_leads_to_last_ack(void **state)
{
    struct world *w = *state;
    struct flow f = flow_in(w, TCB_CLOSE_WAIT);

    tcp_call_shutdown(w->tcp, f.tcb, w->now);
    assert_int_equal(f.tcb->state, TCB_LAST_ACK);
    assert_string_equal(flow_get(&f), "FA 1:0 ack 2 win 32768");
}

static void
fins_that_cross_close_both_ends(void **state)
{
    struct world *w = *state;
    struct flow f = flow_in(w, TCB_FIN_WAIT_1);

    flow_put(&f, TCP_ACK | TCP_FIN, 1, 1, 0);
    assert_int_equal(f.tcb->state, TCB_CLOSING);
    flow_drain(&f);
    flow_put(&f, TCP_ACK, 2, 2, 0);
    assert_int_equal(f.tcb->state, TCB_TIME_WAIT);
    world_wait(w, TCP_TIME_WAIT);
    assert_int_equal(f.tcb->state, TCB_CLOSED);
    assert_int_equal(f.tcb->error, TCP_OK);
}

static void
crossed_fin_that_is_sent_again_is_acknowledged(void **state)
{
    struct flow f = flow_in(*state, TCB_CLOSING);

    assert_int_equal(flow_put(&f, TCP_ACK | TCP_FIN, 1, 1, 0),
                     DROP_UNACCEPTABLE);
    assert_string_equal(flow_get(&f), "A 2:0 ack 2 win 32768");
    assert_int_equal(f.tcb->state, TCB_CLOSING);
}

static void
shutdown_of_an_embryo_waits_for_its_handshake(void **state)
{
    struct world *w = *state;
    struct flow f = flow_in(w, TCB_SYN_RECEIVED);

    tcp_call_shutdown(w->tcp, f.tcb, w->now);
    assert_int_equal(f.tcb->state, TCB_SYN_RECEIVED);
    flow_put(&f, TCP_ACK, 1, 1, 0);
    assert_int_equal(f.tcb->state, TCB_FIN_WAIT_1);
    assert_string_equal(flow_get(&f), "FA 1:0 ack 1 win 32768");
}

/* ---- close ---- */

static void
close_leaves_an_orphan_that_finishes(void **state)
{
    struct world *w = *state;
    struct flow f = flow_in(w, TCB_ESTABLISHED);

    flow_write(&f, 100);
    tcp_call_close(w->tcp, f.tcb, w->now);
    assert_int_equal(f.tcb->owner.client, OWNER_NONE);
    assert_string_equal(flow_get(&f), "FPA 1:100 ack 1 win 32768");
    flow_put(&f, TCP_ACK, 1, 102, 0);
    assert_int_equal(f.tcb->state, TCB_FIN_WAIT_2);
    flow_put(&f, TCP_ACK | TCP_FIN, 1, 102, 0);
    assert_int_equal(f.tcb->state, TCB_TIME_WAIT);
    flow_drain(&f);
    world_wait(w, TCP_TIME_WAIT);
    world_turn(w);
    assert_false(list_empty(&f.tcb->siblings)); /* free */
}

static void
orphan_in_fin_wait_2_is_given_up(void **state)
{
    struct world *w = *state;
    struct flow f = flow_in(w, TCB_FIN_WAIT_2);

    tcp_call_close(w->tcp, f.tcb, w->now);
    world_wait(w, TCP_FIN_TIMEOUT - 1);
    assert_int_equal(f.tcb->state, TCB_FIN_WAIT_2);
    world_wait(w, 1);
    assert_int_equal(f.tcb->state, TCB_CLOSED);
}

static void
fin_wait_2_with_an_owner_lasts(void **state)
{
    struct world *w = *state;
    struct flow f = flow_in(w, TCB_FIN_WAIT_2);

    world_wait(w, INT64_C(10) * TCP_FIN_TIMEOUT);
    assert_int_equal(f.tcb->state, TCB_FIN_WAIT_2);
}

static void
orphan_lives_while_it_gets_on(void **state)
{
    struct world *w = *state;
    struct flow f = flow_in(w, TCB_ESTABLISHED);

    flow_put(&f, TCP_ACK, 1, 1, 0);
    flow_write(&f, 400);
    tcp_call_close(w->tcp, f.tcb, w->now);
    for (uint32_t i = 1; i <= 4; i++) {
        for (int s = 0; s < 40; s++) {
            flow_drain(&f);
            world_wait(w, 1000);
        }
        flow_put(&f, TCP_ACK, 1, 1 + 100 * i, 0);
        assert_int_equal(f.tcb->state, TCB_FIN_WAIT_1);
    }
}

static void
orphan_that_nobody_answers_is_given_up(void **state)
{
    struct world *w = *state;
    struct flow f = flow_in(w, TCB_ESTABLISHED);

    flow_write(&f, 100);
    tcp_call_close(w->tcp, f.tcb, w->now);
    for (int i = 0; i < 120 && f.tcb->state != TCB_CLOSED; i++) {
        flow_drain(&f);
        world_wait(w, 1000);
    }
    assert_int_equal(f.tcb->state, TCB_CLOSED);
}

static void
close_with_unread_text_resets(void **state)
{
    static const enum tcb_state states[] = {TCB_ESTABLISHED, TCB_FIN_WAIT_2};
    struct world *w = *state;

    for (size_t i = 0; i < sizeof states / sizeof states[0]; i++) {
        struct flow f = flow_in(w, states[i]);
        uint32_t ack = f.tcb->snd_max.v - f.iss;

        flow_put(&f, TCP_ACK, 1, ack, 10);
        flow_drain(&f);
        tcp_call_close(w->tcp, f.tcb, w->now);
        assert_int_equal(f.tcb->state, TCB_CLOSED);
        assert_int_equal(strncmp(flow_get(&f), "RA ", 3), 0);
        assert_string_equal(flow_get(&f), "");
        assert_int_equal(w->pool.free_count, WORLD_CHUNKS);
        world_turn(w);
    }
}

static void
close_after_the_peers_fin_and_all_read_says_goodbye(void **state)
{
    struct world *w = *state;
    struct flow f = flow_in(w, TCB_CLOSE_WAIT);

    tcp_call_close(w->tcp, f.tcb, w->now);
    assert_int_equal(f.tcb->state, TCB_LAST_ACK);
    assert_int_equal(strncmp(flow_get(&f), "FA 1:0 ack 2 ", 13), 0);
    flow_put(&f, TCP_ACK, 2, 2, 0);
    assert_int_equal(f.tcb->state, TCB_CLOSED);
    world_turn(w);
    assert_false(list_empty(&f.tcb->siblings));
}

static void
close_in_syn_sent_ends_at_once(void **state)
{
    struct world *w = *state;
    struct flow f = flow_connect(w, 4000);

    tcp_call_close(w->tcp, f.tcb, w->now);
    assert_int_equal(f.tcb->state, TCB_CLOSED);
    assert_string_equal(flow_get(&f), "");
    world_turn(w);
    flow_put(&f, TCP_SYN | TCP_ACK, 0, 1, 0);
    assert_string_equal(flow_get(&f), "R 1:0");
}

static void
close_in_time_wait_keeps_the_time(void **state)
{
    struct world *w = *state;
    struct flow f = flow_in(w, TCB_TIME_WAIT);

    tcp_call_close(w->tcp, f.tcb, w->now);
    assert_int_equal(f.tcb->state, TCB_TIME_WAIT);
    assert_int_equal(f.tcb->owner.client, OWNER_NONE);
    world_wait(w, TCP_TIME_WAIT);
    assert_int_equal(f.tcb->state, TCB_CLOSED);
}

static void
close_of_an_embryo_says_goodbye_after_its_handshake(void **state)
{
    struct world *w = *state;
    struct flow f = flow_in(w, TCB_SYN_RECEIVED);

    tcp_call_close(w->tcp, f.tcb, w->now);
    assert_int_equal(f.tcb->state, TCB_SYN_RECEIVED);
    assert_string_equal(flow_get(&f), "");
    flow_put(&f, TCP_ACK, 1, 1, 0);
    assert_int_equal(f.tcb->state, TCB_FIN_WAIT_1);
    assert_int_equal(strncmp(flow_get(&f), "FA 1:0 ack 1 ", 13), 0);
    tcp_call_abort(w->tcp, f.tcb, w->now);
    flow_drain(&f);
}

static void
shutdown_with_unread_text_does_not_reset(void **state)
{
    struct world *w = *state;
    struct flow f = flow_in(w, TCB_ESTABLISHED);

    flow_put(&f, TCP_ACK, 1, 1, 100);
    flow_drain(&f);
    tcp_call_shutdown(w->tcp, f.tcb, w->now);
    assert_int_equal(strncmp(flow_get(&f), "FA 1:0 ack 101 ", 15), 0);
    assert_int_equal(f.tcb->state, TCB_FIN_WAIT_1);
    assert_int_equal(flow_read(&f), 100);
}

int
main(void)
{
#define T(claim)                                                               \
    cmocka_unit_test_setup_teardown(claim, world_fixture, world_fixture_end)
    const struct CMUnitTest tests[] = {
        T(connect_sends_a_syn_with_all_that_we_offer),
        T(connect_to_what_is_no_host_is_invalid),
        T(connect_without_a_route_is_unreachable),
        T(connect_from_a_bound_address_keeps_it),
        T(connect_without_a_free_tcb_says_so),
        T(connect_from_a_bound_port_takes_it),
        T(connect_from_a_listening_port_is_invalid),
        T(read_bytes_open_the_window_again),
        T(reading_a_little_is_not_told),
        T(nothing_is_sent_after_shutdown),
        T(shutdown_sends_fin_behind_the_text),
        T(shutdown_after_the_peers_fin_leads_to_last_ack),
        T(fins_that_cross_close_both_ends),
        T(crossed_fin_that_is_sent_again_is_acknowledged),
        T(shutdown_of_an_embryo_waits_for_its_handshake),
        T(close_leaves_an_orphan_that_finishes),
        T(orphan_in_fin_wait_2_is_given_up),
        T(fin_wait_2_with_an_owner_lasts),
        T(orphan_lives_while_it_gets_on),
        T(orphan_that_nobody_answers_is_given_up),
        T(close_with_unread_text_resets),
        T(close_after_the_peers_fin_and_all_read_says_goodbye),
        T(close_in_syn_sent_ends_at_once),
        T(close_in_time_wait_keeps_the_time),
        T(close_of_an_embryo_says_goodbye_after_its_handshake),
        T(shutdown_with_unread_text_does_not_reset),
    };
#undef T

    return cmocka_run_group_tests(tests, NULL, NULL);
}
