/* SPDX-License-Identifier: MIT */
/* The life of tcbs: states, lists, counters, the changed list. */
#include "tcpd/core/internal.h"
#include "tests/support/tcp_world.h"

#include <setjmp.h>
#include <stdarg.h>
#include <string.h>

#include <cmocka.h>

static uint32_t
count(const struct list *head)
{
    uint32_t n = 0;

    for (const struct list *l = head->next; l != head; l = l->next)
        n++;
    return n;
}

static void
every_tcb_begins_free(void **state)
{
    struct world *w = *state;

    assert_int_equal(count(&w->tcp->free), 8);
    assert_true(list_empty(&w->tcp->changed));
    assert_true(instant_is_never(tcp_next_deadline(w->tcp)));
    assert_false(tcp_wants_output(w->tcp));
}

static void
footprint_grows_with_what_it_holds(void **state)
{
    struct world *w = *state;
    struct tcp_config more = w->config;

    more.tcbs *= 2;
    assert_true(tcp_footprint(&more) > tcp_footprint(&w->config));
    assert_int_equal(tcp_footprint(&more) % 64, 0);
}

static void
states_are_named_as_ss_names_them(void **state)
{
    (void)state;
    assert_string_equal(tcb_state_name(TCB_ESTABLISHED), "ESTAB");
    assert_string_equal(tcb_state_name(TCB_SYN_RECEIVED), "SYN-RECV");
    for (int s = TCB_CLOSED; s < TCB_STATES; s++)
        assert_non_null(tcb_state_name((enum tcb_state)s));
    assert_string_equal(tcb_state_name(TCB_STATES), "unknown");
}

static void
every_state_is_reached_and_keeps_the_invariants(void **state)
{
    struct world *w = *state;

    for (int s = TCB_CLOSED; s < TCB_STATES; s++) {
        struct flow f = flow_in(w, (enum tcb_state)s);

        assert_int_equal(f.tcb->state, s);
        assert_null(tcb_check(f.tcb));
        tcp_call_abort(w->tcp, f.tcb, w->now);
        flow_drain(&f);
        world_wait(w, TCP_TIME_WAIT);
        world_turn(w);
        assert_int_equal(count(&w->tcp->free), 8);
    }
}

static void
closed_tcb_is_freed_only_when_its_turn_ends(void **state)
{
    struct world *w = *state;
    struct flow f = flow_in(w, TCB_ESTABLISHED);

    tcp_call_abort(w->tcp, f.tcb, w->now);
    assert_int_equal(count(&w->tcp->free), 7);
    assert_false(list_empty(&f.tcb->changed));
    world_turn(w);
    assert_int_equal(count(&w->tcp->free), 8);
    assert_true(list_empty(&w->tcp->changed));
}

static void
tcb_whose_memory_is_lent_is_not_freed(void **state)
{
    struct world *w = *state;
    struct flow f = flow_in(w, TCB_ESTABLISHED);

    tcp_call_abort(w->tcp, f.tcb, w->now);
    assert_int_equal(f.tcb->lender.client, WORLD_CLIENT);
    tcp_changed_clear(w->tcp);
    assert_int_equal(count(&w->tcp->free), 7);
    f.tcb->lender.client = OWNER_NONE;
    tcb_touch(w->tcp, f.tcb);
    tcp_changed_clear(w->tcp);
    assert_int_equal(count(&w->tcp->free), 8);
}

static void
time_wait_that_holds_lent_memory_is_not_given_up(void **state)
{
    struct world w;
    struct flow f;

    (void)state;
    world_setup(&w, 1, WORLD_BUFFER);
    f = flow_in(&w, TCB_TIME_WAIT);
    tcp_call_close(w.tcp, f.tcb, w.now);
    assert_null(tcb_new(w.tcp));
    world_turn(&w);
    assert_ptr_equal(tcb_new(w.tcp), f.tcb);
    world_teardown(&w);
}

static void
time_wait_with_an_owner_is_not_given_up(void **state)
{
    struct world w;

    (void)state;
    world_setup(&w, 1, WORLD_BUFFER);
    flow_in(&w, TCB_TIME_WAIT);
    world_turn(&w);
    assert_null(tcb_new(w.tcp));
    world_teardown(&w);
}

static void
changed_and_output_hold_a_tcb_once(void **state)
{
    struct world *w = *state;
    struct flow f = flow_in(w, TCB_ESTABLISHED);

    tcb_touch(w->tcp, f.tcb);
    tcb_touch(w->tcp, f.tcb);
    tcb_want_output(w->tcp, f.tcb);
    tcb_want_output(w->tcp, f.tcb);
    assert_int_equal(count(&w->tcp->changed), 1);
    assert_int_equal(count(&w->tcp->output), 1);
}

static void
end_takes_it_out_of_everything(void **state)
{
    struct world *w = *state;
    struct flow f = flow_in(w, TCB_ESTABLISHED);

    flow_write(&f, 100);
    tcb_end(w->tcp, f.tcb, TCP_UNREACHABLE, w->now);
    tcb_end(w->tcp, f.tcb, TCP_RESET, w->now); /* the first one counts */
    assert_int_equal(f.tcb->error, TCP_UNREACHABLE);
    assert_true(list_empty(&w->tcp->output));
    assert_true(instant_is_never(tcp_next_deadline(w->tcp)));
    assert_null(
        tcp_find(w->tcp, &f.local, f.local_port, &f.remote, f.remote_port));
}

static void
transitions_are_counted(void **state)
{
    struct world *w = *state;
    const struct tcp_stats *s = &w->tcp->stats;
    struct flow f = flow_in(w, TCB_CLOSE_WAIT);

    assert_int_equal(s->active_opens, 1);
    assert_int_equal(s->curr_estab, 1);
    tcp_call_abort(w->tcp, f.tcb, w->now);
    assert_int_equal(s->estab_resets, 1);
    assert_int_equal(s->curr_estab, 0);
    flow_drain(&f);
    world_turn(w);
    f = flow_connect(w, 4000);
    tcp_call_abort(w->tcp, f.tcb, w->now);
    assert_int_equal(s->attempt_fails, 1);
}

static void
only_a_syn_makes_a_passive_open(void **state)
{
    struct world *w = *state;
    const struct tcp_stats *s = &w->tcp->stats;
    struct flow f = flow_from(w, 4000);

    world_listen(w, 1);
    assert_int_equal(s->passive_opens, 0);
    flow_put(&f, TCP_SYN, 0, 0, 0);
    assert_int_equal(s->passive_opens, 1);
    flow_drain(&f);
    flow_put(&f, TCP_RST, 1, 0, 0);
    assert_int_equal(s->attempt_fails, 1);
    assert_int_equal(s->passive_opens, 1);
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(every_tcb_begins_free, world_fixture,
                                        world_fixture_end),
        cmocka_unit_test_setup_teardown(footprint_grows_with_what_it_holds,
                                        world_fixture, world_fixture_end),
        cmocka_unit_test_setup_teardown(states_are_named_as_ss_names_them,
                                        world_fixture, world_fixture_end),
        cmocka_unit_test_setup_teardown(
            every_state_is_reached_and_keeps_the_invariants, world_fixture,
            world_fixture_end),
        cmocka_unit_test_setup_teardown(
            closed_tcb_is_freed_only_when_its_turn_ends, world_fixture,
            world_fixture_end),
        cmocka_unit_test_setup_teardown(tcb_whose_memory_is_lent_is_not_freed,
                                        world_fixture, world_fixture_end),
        cmocka_unit_test_setup_teardown(
            time_wait_that_holds_lent_memory_is_not_given_up, world_fixture,
            world_fixture_end),
        cmocka_unit_test_setup_teardown(time_wait_with_an_owner_is_not_given_up,
                                        world_fixture, world_fixture_end),
        cmocka_unit_test_setup_teardown(changed_and_output_hold_a_tcb_once,
                                        world_fixture, world_fixture_end),
        cmocka_unit_test_setup_teardown(end_takes_it_out_of_everything,
                                        world_fixture, world_fixture_end),
        cmocka_unit_test_setup_teardown(transitions_are_counted, world_fixture,
                                        world_fixture_end),
        cmocka_unit_test_setup_teardown(only_a_syn_makes_a_passive_open,
                                        world_fixture, world_fixture_end),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
