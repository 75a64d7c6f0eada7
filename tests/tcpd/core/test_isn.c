/* SPDX-License-Identifier: MIT */
/* Numbers that nobody outside can guess. */
#include "tcpd/core/internal.h"
#include "tests/support/tcp_world.h"

#include <setjmp.h>
#include <stdarg.h>
#include <string.h>

#include <cmocka.h>

static struct tcb
tuple(struct world *w, uint16_t remote_port)
{
    return (struct tcb){.local = w->local,
                        .local_port = 40000,
                        .remote = addr_v4(0x0a070009),
                        .remote_port = remote_port};
}

static void
isn_of_one_connection_follows_the_clock(void **state)
{
    struct world *w = *state;
    struct tcb tcb = tuple(w, 80);
    seq_t first = isn_choose(w->tcp, &tcb, w->now);
    instant_t later = instant_add(w->now, duration_ms(1000));

    assert_int_equal(seq_sub(isn_choose(w->tcp, &tcb, later), first), 250000);
}

static void
isns_of_other_connections_and_secrets_differ(void **state)
{
    struct world *w = *state;
    struct tcb a = tuple(w, 80);
    struct tcb b = tuple(w, 81);
    seq_t first = isn_choose(w->tcp, &a, w->now);

    assert_false(seq_eq(first, isn_choose(w->tcp, &b, w->now)));
    w->tcp->config.secret.k[1]++;
    assert_false(seq_eq(first, isn_choose(w->tcp, &a, w->now)));
}

static void
timestamps_tick_in_ms_from_an_offset_of_their_own(void **state)
{
    struct world *w = *state;
    struct tcb tcb = tuple(w, 80);
    uint32_t before;

    tcb.ts_offset = isn_ts_offset(w->tcp, &tcb);
    before = isn_ts_now(&tcb, w->now);
    assert_int_equal(isn_ts_now(&tcb, instant_add(w->now, duration_ms(7))),
                     before + 7);
    assert_int_not_equal(before, (uint32_t)(w->now.ns / 1000000));
}

static uint16_t
port_to(struct world *w, uint16_t remote_port)
{
    struct addr remote = addr_v4(0x0a070009);

    return isn_port(w->tcp, &w->local, &remote, remote_port);
}

static void
ports_are_ephemeral_and_not_used_twice(void **state)
{
    struct world *w = *state;
    uint16_t a = port_to(w, 80);
    uint16_t b = port_to(w, 80);

    assert_in_range(a, TCP_PORT_FIRST, TCP_PORT_LAST);
    assert_in_range(b, TCP_PORT_FIRST, TCP_PORT_LAST);
    assert_int_not_equal(a, b);
}

static void
bound_and_connected_ports_are_passed_over(void **state)
{
    struct world *w = *state;
    struct owner owner = {.client = WORLD_CLIENT};
    struct addr any = addr_any_v4();
    struct flow f = flow_connect(w, 80);
    enum tcp_error error;
    struct listener *l;

    w->tcp->port_hint--; /* the port that f has just got */
    assert_int_not_equal(port_to(w, 80), f.local_port);
    w->tcp->port_hint--;
    l = tcp_call_bind(w->tcp, &owner, &any, port_to(w, 80), &error);
    w->tcp->port_hint--;
    assert_int_not_equal(port_to(w, 80), l->port);
}

/* With every port connected to this peer there is none left for another. */
static void
all_ports_in_use_is_no_port(void **state)
{
    const uint32_t range = TCP_PORT_LAST - TCP_PORT_FIRST + 1;
    struct world w;

    (void)state;
    world_setup(&w, range + 1, WORLD_BUFFER);
    for (uint32_t i = 0; i < range; i++) {
        struct tcb *tcb = tcb_new(w.tcp);

        *tcb = (struct tcb){.index = tcb->index,
                            .local = w.local,
                            .local_port = port_to(&w, 80),
                            .remote = addr_v4(0x0a070009),
                            .remote_port = 80};
        assert_int_not_equal(tcb->local_port, 0);
        tcb_hash(w.tcp, tcb);
    }
    assert_int_equal(port_to(&w, 80), 0);
    assert_int_not_equal(port_to(&w, 81), 0);
    world_teardown(&w);
}

static void
own_address_and_port_are_never_joined(void **state)
{
    struct world *w = *state;

    for (int i = TCP_PORT_FIRST; i <= TCP_PORT_LAST; i++) {
        uint16_t next = isn_port(w->tcp, &w->local, &w->local, 40000);

        assert_int_not_equal(next, 40000);
    }
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(isn_of_one_connection_follows_the_clock,
                                        world_fixture, world_fixture_end),
        cmocka_unit_test_setup_teardown(
            isns_of_other_connections_and_secrets_differ, world_fixture,
            world_fixture_end),
        cmocka_unit_test_setup_teardown(
            timestamps_tick_in_ms_from_an_offset_of_their_own, world_fixture,
            world_fixture_end),
        cmocka_unit_test_setup_teardown(ports_are_ephemeral_and_not_used_twice,
                                        world_fixture, world_fixture_end),
        cmocka_unit_test_setup_teardown(
            bound_and_connected_ports_are_passed_over, world_fixture,
            world_fixture_end),
        cmocka_unit_test_setup_teardown(all_ports_in_use_is_no_port,
                                        world_fixture, world_fixture_end),
        cmocka_unit_test_setup_teardown(own_address_and_port_are_never_joined,
                                        world_fixture, world_fixture_end),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
