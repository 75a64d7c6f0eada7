/* SPDX-License-Identifier: MIT */
/* Challenge ACKs: few for each connection, whatever others get. */
#include "tcpd/core/challenge.h"
#include "tests/support/tcp_world.h"

#include <setjmp.h>
#include <stdarg.h>
#include <string.h>

#include <cmocka.h>

static void
one_challenge_an_interval(void **state)
{
    struct world *w = *state;
    struct flow f = flow_in(w, TCB_ESTABLISHED);

    assert_true(challenge_allowed(f.tcb, w->now));
    assert_false(challenge_allowed(f.tcb, w->now));
    world_wait(w, CHALLENGE_INTERVAL - 1);
    assert_false(challenge_allowed(f.tcb, w->now));
    world_wait(w, 1);
    assert_true(challenge_allowed(f.tcb, w->now));
}

static void
connections_do_not_share_the_limit(void **state)
{
    struct world *w = *state;
    struct flow a = flow_connect(w, 4000);
    struct flow b = flow_connect(w, 4001);

    assert_true(challenge_allowed(a.tcb, w->now));
    assert_true(challenge_allowed(b.tcb, w->now));
}

static void
first_moment_of_the_clock_counts_too(void **state)
{
    struct flow f = flow_connect(*state, 4000);
    instant_t zero = {0};

    assert_true(challenge_allowed(f.tcb, zero));
    assert_false(challenge_allowed(f.tcb, zero));
}

static void
flood_gets_one_ack(void **state)
{
    struct flow f = flow_in(*state, TCB_ESTABLISHED);

    for (int i = 0; i < 100; i++) {
        flow_put(&f, TCP_SYN, 1, 0, 0);
        if (i == 0)
            assert_int_equal(flow_get(&f)[0], 'A');
        assert_string_equal(flow_get(&f), "");
    }
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(one_challenge_an_interval,
                                        world_fixture, world_fixture_end),
        cmocka_unit_test_setup_teardown(connections_do_not_share_the_limit,
                                        world_fixture, world_fixture_end),
        cmocka_unit_test_setup_teardown(first_moment_of_the_clock_counts_too,
                                        world_fixture, world_fixture_end),
        cmocka_unit_test_setup_teardown(flood_gets_one_ack, world_fixture,
                                        world_fixture_end),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
