/* SPDX-License-Identifier: MIT */
/* Finding connections and listeners. */
#include "tcpd/core/demux.h"
#include "tests/support/tcp_world.h"

#include <setjmp.h>
#include <stdarg.h>
#include <string.h>

#include <cmocka.h>

static void
four_numbers_tell_connections_apart(void **state)
{
    struct world *w = *state;
    struct flow a, b;
    struct addr other = addr_v4(0x0a070003);

    world_listen(w, 8);
    a = flow_accepted(w, 4000);
    b = flow_accepted(w, 4001);
    assert_ptr_equal(tcp_find(w->tcp, &a.local, 80, &a.remote, 4000), a.tcb);
    assert_ptr_equal(tcp_find(w->tcp, &b.local, 80, &b.remote, 4001), b.tcb);
    assert_null(tcp_find(w->tcp, &a.local, 80, &a.remote, 4002));
    assert_null(tcp_find(w->tcp, &a.local, 81, &a.remote, 4000));
    assert_null(tcp_find(w->tcp, &other, 80, &a.remote, 4000));
    assert_null(tcp_find(w->tcp, &a.local, 80, &other, 4000));
}

static void
chains_survive_removal_in_any_order(void **state)
{
    struct world *w = *state;
    struct flow f[8];

    w->tcp->bucket_mask = 0; /* all in one chain */
    for (uint16_t i = 0; i < 8; i++)
        f[i] = flow_connect(w, (uint16_t)(4000 + i));
    for (int i = 0; i < 8; i += 2)
        tcp_call_abort(w->tcp, f[i].tcb, w->now);
    for (int i = 0; i < 8; i++)
        assert_ptr_equal(tcp_find(w->tcp, &f[i].local, f[i].local_port,
                                  &f[i].remote, f[i].remote_port),
                         i % 2 == 0 ? NULL : f[i].tcb);
}

static void
exact_address_comes_before_any(void **state)
{
    struct world *w = *state;
    struct addr ours = w->local;
    struct addr other = addr_v4(0x01020304);
    struct listener *any, *exact;

    world_listen(w, 1);
    any = w->listener;
    exact = &w->tcp->listeners[any->index + 1];
    *exact = *any; /* tcp_call_bind() does not let both be */
    exact->index = any->index + 1;
    list_init(&exact->children);
    exact->addr = ours;
    listener_hash(w->tcp, exact);
    assert_ptr_equal(tcp_find_listener(w->tcp, &ours, 80), exact);
    assert_ptr_equal(tcp_find_listener(w->tcp, &other, 80), any);
    assert_null(tcp_find_listener(w->tcp, &ours, 81));
}

static void
listeners_of_one_chain_come_and_go(void **state)
{
    struct world *w = *state;
    const struct owner owner = {.client = WORLD_CLIENT};
    struct addr any = addr_any_v4();
    struct listener *l[WORLD_LISTENERS];
    enum tcp_error error;

    for (uint16_t i = 0; i < WORLD_LISTENERS; i++)
        l[i] = tcp_call_bind(w->tcp, &owner, &any,
                             (uint16_t)(80 + i * WORLD_LISTENERS), &error);
    for (uint16_t gone = 1; gone < WORLD_LISTENERS; gone++) {
        tcp_call_unbind(w->tcp, l[gone], w->now);
        for (uint16_t i = 0; i < WORLD_LISTENERS; i++)
            assert_ptr_equal(
                tcp_find_listener(w->tcp, &w->local,
                                  (uint16_t)(80 + i * WORLD_LISTENERS)),
                i == 0 || i > gone ? l[i] : NULL);
    }
}

static void
uses_of_a_hash_have_nothing_in_common(void **state)
{
    struct world *w = *state;
    struct addr a = w->local;

    assert_true(flow_hash(w->tcp, FLOW_ISN, &a, 1, &a, 2) !=
                flow_hash(w->tcp, FLOW_PORT, &a, 1, &a, 2));
    assert_true(flow_hash(w->tcp, FLOW_ISN, &a, 1, &a, 2) !=
                flow_hash(w->tcp, FLOW_ISN, &a, 2, &a, 1));
}

static void
there_are_as_many_chains_as_connections(void **state)
{
    (void)state;
    assert_int_equal(demux_buckets(1), 1);
    assert_int_equal(demux_buckets(8), 8);
    assert_int_equal(demux_buckets(9), 16);
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(four_numbers_tell_connections_apart,
                                        world_fixture, world_fixture_end),
        cmocka_unit_test_setup_teardown(chains_survive_removal_in_any_order,
                                        world_fixture, world_fixture_end),
        cmocka_unit_test_setup_teardown(exact_address_comes_before_any,
                                        world_fixture, world_fixture_end),
        cmocka_unit_test_setup_teardown(listeners_of_one_chain_come_and_go,
                                        world_fixture, world_fixture_end),
        cmocka_unit_test_setup_teardown(uses_of_a_hash_have_nothing_in_common,
                                        world_fixture, world_fixture_end),
        cmocka_unit_test_setup_teardown(there_are_as_many_chains_as_connections,
                                        world_fixture, world_fixture_end),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
