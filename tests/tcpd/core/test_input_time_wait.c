/* SPDX-License-Identifier: MIT */
/* TIME-WAIT: what it answers, how long it lasts, what may follow it. */
#include "tcpd/core/input_time_wait.h"
#include "tests/support/tcp_world.h"

#include <setjmp.h>
#include <stdarg.h>
#include <string.h>

#include <cmocka.h>

/* The peer of a listener, whose connection is in TIME-WAIT at our end. */
static struct flow
served(struct world *w)
{
    struct flow f;

    world_listen(w, 4);
    f = flow_accepted(w, 4000);
    tcp_call_claim(w->tcp, f.tcb);
    tcp_call_close(w->tcp, f.tcb, w->now);
    flow_drain(&f);
    flow_put(&f, TCP_ACK | TCP_FIN, 1, 2, 0);
    flow_drain(&f);
    world_turn(w);
    assert_int_equal(f.tcb->state, TCB_TIME_WAIT);
    return f;
}

static void
time_wait_ends_after_its_time(void **state)
{
    struct world *w = *state;
    struct flow f = flow_in(w, TCB_TIME_WAIT);

    world_wait(w, TCP_TIME_WAIT - 1);
    assert_int_equal(f.tcb->state, TCB_TIME_WAIT);
    world_wait(w, 1);
    assert_int_equal(f.tcb->state, TCB_CLOSED);
    assert_int_equal(f.tcb->error, TCP_OK);
}

static void
fin_again_starts_the_time_again(void **state)
{
    struct world *w = *state;
    struct flow f = flow_in(w, TCB_TIME_WAIT);

    world_wait(w, TCP_TIME_WAIT - 1);
    assert_int_equal(flow_put(&f, TCP_ACK | TCP_FIN, 1, 2, 0),
                     DROP_TIME_WAIT_SEGMENT);
    assert_string_equal(flow_get(&f), "A 2:0 ack 2 win 32768");
    world_wait(w, TCP_TIME_WAIT - 1);
    assert_int_equal(f.tcb->state, TCB_TIME_WAIT);
}

static void
another_fin_does_not_start_the_time_again(void **state)
{
    struct world *w = *state;
    struct flow f = flow_in(w, TCB_TIME_WAIT);

    world_wait(w, TCP_TIME_WAIT - 1);
    assert_int_equal(flow_put(&f, TCP_ACK | TCP_FIN, 2, 2, 0),
                     DROP_TIME_WAIT_SEGMENT);
    world_wait(w, 1);
    assert_int_equal(f.tcb->state, TCB_CLOSED);
}

static void
rst_does_not_end_time_wait(void **state)
{
    struct flow f = flow_in(*state, TCB_TIME_WAIT);

    assert_int_equal(flow_put(&f, TCP_RST, 2, 0, 0), DROP_TIME_WAIT_RST);
    assert_int_equal(f.tcb->state, TCB_TIME_WAIT);
    assert_string_equal(flow_get(&f), "");
}

static void
late_text_is_acknowledged_without_starting_the_time_again(void **state)
{
    struct world *w = *state;
    struct flow f = flow_in(w, TCB_TIME_WAIT);

    world_wait(w, 30000);
    assert_int_equal(flow_put(&f, TCP_ACK, 1, 2, 1), DROP_TIME_WAIT_SEGMENT);
    assert_string_equal(flow_get(&f), "A 2:0 ack 2 win 32768");
    world_wait(w, 30000);
    assert_int_equal(f.tcb->state, TCB_CLOSED);
}

static void
last_ack_again_is_not_answered(void **state)
{
    struct flow f = flow_in(*state, TCB_TIME_WAIT);

    assert_int_equal(flow_put(&f, TCP_ACK, 2, 2, 0), DROP_NONE);
    assert_string_equal(flow_get(&f), "");
}

static void
old_timestamp_is_no_fin_again(void **state)
{
    struct world *w = *state;
    struct flow f = flow_in(w, TCB_TIME_WAIT);

    world_wait(w, TCP_TIME_WAIT - 1);
    f.tsval--;
    assert_int_equal(flow_put(&f, TCP_ACK | TCP_FIN, 1, 2, 0), DROP_PAWS);
    world_wait(w, 1);
    assert_int_equal(f.tcb->state, TCB_CLOSED);
}

static void
segment_without_ack_is_dropped(void **state)
{
    struct flow f = flow_in(*state, TCB_TIME_WAIT);

    assert_int_equal(flow_put(&f, TCP_FIN, 1, 0, 0), DROP_NO_ACK_FLAG);
}

static void
newer_syn_opens_a_new_connection(void **state)
{
    struct world *w = *state;
    struct flow old = served(w);
    struct flow f = flow_from(w, 4000);

    f.irs = old.irs + 1000;
    f.tsval = old.tsval;
    assert_int_equal(flow_put(&f, TCP_SYN, 0, 0, 0), DROP_NONE);
    assert_int_equal(f.tcb->state, TCB_SYN_RECEIVED);
    assert_int_equal(old.tcb->state, TCB_CLOSED);
    assert_string_equal(flow_get(&f),
                        "SA 0:0 ack 1 win 65535 mss 1460 ts ws 3");
    world_turn(w);
}

static void
newer_timestamp_opens_whatever_the_number(void **state)
{
    struct world *w = *state;
    struct flow old = served(w);
    struct flow f = flow_from(w, 4000);

    f.irs = old.irs - 1000;
    f.tsval = old.tsval + 1;
    assert_int_equal(flow_put(&f, TCP_SYN, 0, 0, 0), DROP_NONE);
    assert_int_equal(f.tcb->state, TCB_SYN_RECEIVED);
}

static void
older_syn_is_challenged(void **state)
{
    struct world *w = *state;
    struct flow f = served(w);

    f.irs -= 1000;
    assert_int_equal(flow_put(&f, TCP_SYN, 0, 0, 0), DROP_TIME_WAIT_SYN);
    assert_int_equal(flow_get(&f)[0], 'A');
    f.irs += 5000;
    f.tsval--; /* a higher number does not help an old timestamp */
    assert_int_equal(flow_put(&f, TCP_SYN, 0, 0, 0), DROP_TIME_WAIT_SYN);
    assert_int_equal(f.tcb->state, TCB_TIME_WAIT);
}

static void
syn_without_a_listener_does_not_end_time_wait(void **state)
{
    struct flow f = flow_in(*state, TCB_TIME_WAIT);

    f.tsval++;
    assert_int_equal(flow_put(&f, TCP_SYN, 5000, 0, 0), DROP_TIME_WAIT_SYN);
    assert_int_equal(f.tcb->state, TCB_TIME_WAIT);
}

static void
new_connection_begins_above_the_old_one(void **state)
{
    struct world *w = *state;
    struct flow old = served(w);
    struct flow f = flow_from(w, 4000);
    seq_t last;

    /* It sent faster than the clock of initial numbers runs. */
    old.tcb->iss = seq_add(old.tcb->iss, 1 << 30);
    old.tcb->snd_una = seq_add(old.tcb->snd_una, 1 << 30);
    old.tcb->snd_nxt = old.tcb->snd_una;
    old.tcb->snd_max = old.tcb->snd_una;
    last = old.tcb->snd_max;
    f.tsval = old.tsval + 1;
    assert_int_equal(flow_put(&f, TCP_SYN, 0, 0, 0), DROP_NONE);
    assert_true(seq_gt(f.tcb->iss, last));
}

static void
syn_without_a_free_tcb_leaves_time_wait_alone(void **state)
{
    struct world w;
    struct flow old, f;

    (void)state;
    world_setup(&w, 1, WORLD_BUFFER);
    old = served(&w);
    old.tcb->lender.client = WORLD_CLIENT; /* so it cannot be given up */
    f = flow_from(&w, 4000);
    f.tsval = old.tsval + 1;
    assert_int_equal(flow_put(&f, TCP_SYN, 0, 0, 0), DROP_NO_TCB);
    assert_int_equal(old.tcb->state, TCB_TIME_WAIT);
    assert_int_equal(w.listener->queued, 0);
    world_teardown(&w);
}

static void
time_wait_gives_its_own_tcb_to_its_successor(void **state)
{
    struct world w;
    struct flow old, f;
    seq_t last;

    (void)state;
    world_setup(&w, 1, WORLD_BUFFER);
    old = served(&w);
    old.tcb->iss = seq_add(old.tcb->iss, 1 << 30);
    old.tcb->snd_una = seq_add(old.tcb->snd_una, 1 << 30);
    old.tcb->snd_nxt = old.tcb->snd_una;
    old.tcb->snd_max = old.tcb->snd_una;
    last = old.tcb->snd_max;
    f = flow_from(&w, 4000);
    f.tsval = old.tsval + 1;
    assert_int_equal(flow_put(&f, TCP_SYN, 0, 0, 0), DROP_NONE);
    assert_ptr_equal(f.tcb, old.tcb);
    assert_int_equal(f.tcb->state, TCB_SYN_RECEIVED);
    assert_true(seq_gt(f.tcb->iss, last));
    assert_string_equal(flow_get(&f),
                        "SA 0:0 ack 1 win 65535 mss 1460 ts ws 3");
    world_teardown(&w);
}

static void
oldest_time_wait_makes_room(void **state)
{
    struct world w;
    struct flow first, second;

    (void)state;
    world_setup(&w, 2, WORLD_BUFFER);
    first = flow_in(&w, TCB_TIME_WAIT);
    tcp_call_close(w.tcp, first.tcb, w.now);
    world_wait(&w, 1000);
    second = flow_in(&w, TCB_TIME_WAIT);
    tcp_call_close(w.tcp, second.tcb, w.now);
    world_turn(&w);
    assert_int_equal(first.tcb->state, TCB_TIME_WAIT);
    flow_connect(&w, 80);
    assert_int_equal(first.tcb->state, TCB_SYN_SENT);
    assert_int_equal(second.tcb->state, TCB_TIME_WAIT);
    world_check(&w);
    world_teardown(&w);
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(time_wait_ends_after_its_time,
                                        world_fixture, world_fixture_end),
        cmocka_unit_test_setup_teardown(fin_again_starts_the_time_again,
                                        world_fixture, world_fixture_end),
        cmocka_unit_test_setup_teardown(
            another_fin_does_not_start_the_time_again, world_fixture,
            world_fixture_end),
        cmocka_unit_test_setup_teardown(rst_does_not_end_time_wait,
                                        world_fixture, world_fixture_end),
        cmocka_unit_test_setup_teardown(
            late_text_is_acknowledged_without_starting_the_time_again,
            world_fixture, world_fixture_end),
        cmocka_unit_test_setup_teardown(last_ack_again_is_not_answered,
                                        world_fixture, world_fixture_end),
        cmocka_unit_test_setup_teardown(old_timestamp_is_no_fin_again,
                                        world_fixture, world_fixture_end),
        cmocka_unit_test_setup_teardown(segment_without_ack_is_dropped,
                                        world_fixture, world_fixture_end),
        cmocka_unit_test_setup_teardown(newer_syn_opens_a_new_connection,
                                        world_fixture, world_fixture_end),
        cmocka_unit_test_setup_teardown(
            newer_timestamp_opens_whatever_the_number, world_fixture,
            world_fixture_end),
        cmocka_unit_test_setup_teardown(older_syn_is_challenged, world_fixture,
                                        world_fixture_end),
        cmocka_unit_test_setup_teardown(
            syn_without_a_listener_does_not_end_time_wait, world_fixture,
            world_fixture_end),
        cmocka_unit_test_setup_teardown(new_connection_begins_above_the_old_one,
                                        world_fixture, world_fixture_end),
        cmocka_unit_test_setup_teardown(
            syn_without_a_free_tcb_leaves_time_wait_alone, world_fixture,
            world_fixture_end),
        cmocka_unit_test_setup_teardown(
            time_wait_gives_its_own_tcb_to_its_successor, world_fixture,
            world_fixture_end),
        cmocka_unit_test_setup_teardown(oldest_time_wait_makes_room,
                                        world_fixture, world_fixture_end),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
