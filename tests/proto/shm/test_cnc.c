/* SPDX-License-Identifier: MIT */
/* Tests of what a daemon says of itself. */
#include "tests/proto/shm/fixture.h"

#include <string.h>

static struct region region;
static struct cnc cnc;

static int
start(void **state)
{
    (void)state;
    region = region_new(REGION_TCPD_CNC, sizeof(struct cnc_shm));
    cnc_start(&cnc, &region, 12, (instant_t){1000});
    return 0;
}

static int
end(void **state)
{
    (void)state;
    region_unmap(&region);
    return 0;
}

static void
untouched_cnc_is_new(void **state)
{
    struct region fresh = region_new(REGION_IPD_CNC, sizeof(struct cnc_shm));
    struct cnc_view v = cnc_look(cnc_of(&fresh));

    (void)state;
    assert_int_equal(v.state, CNC_NEW);
    assert_int_equal(v.epoch, 0);
    region_unmap(&fresh);
}

static void
start_shows_who_runs_since_when(void **state)
{
    struct cnc_view v = cnc_look(cnc_of(&region));

    (void)state;
    assert_int_equal(v.state, CNC_STARTING);
    assert_int_equal(v.pid, 12);
    assert_int_equal(v.epoch, 1);
    assert_int_equal(v.started.ns, 1000);
    assert_false(v.sleeping);
}

static void
restart_counts_an_epoch_and_keeps_turns_and_counters(void **state)
{
    struct cnc_view v;

    (void)state;
    cnc_heartbeat(&cnc);
    cnc_count(&cnc, COUNTER_TCP_IN_SEGS, 5);
    cnc_working_on(&cnc, CNC_WORK_TIMER, 3);
    cnc.shm->sleeping = 1;
    cnc_start(&cnc, &region, 13, (instant_t){2000});
    v = cnc_look(cnc_of(&region));
    assert_int_equal(v.epoch, 2);
    assert_int_equal(v.turns, 1);
    assert_int_equal(v.work, 0);
    assert_false(v.sleeping);
    assert_int_equal(cnc_counter(cnc.shm, COUNTER_TCP_IN_SEGS), 5);
}

static void
heartbeat_moves_turns(void **state)
{
    (void)state;
    for (uint64_t i = 1; i < 5; i++) {
        cnc_heartbeat(&cnc);
        assert_int_equal(cnc_look(cnc.shm).turns, i);
    }
}

static void
state_is_shown(void **state)
{
    (void)state;
    cnc_set_state(&cnc, CNC_RUNNING);
    assert_int_equal(cnc_look(cnc.shm).state, CNC_RUNNING);
    cnc.shm->state = 77; /* scribbled */
    assert_int_equal(cnc_look(cnc.shm).state, CNC_STOPPED);
}

static void
work_is_named_by_kind_and_what(void **state)
{
    (void)state;
    cnc_working_on(&cnc, CNC_WORK_SLOT, (uint64_t)RING_IP_RX << 48 | 99);
    assert_int_equal(cnc_look(cnc.shm).work, UINT64_C(0x0101000000000063));
    cnc_working_on(&cnc, CNC_WORK_NONE, 0);
    assert_int_equal(cnc_look(cnc.shm).work, 0);
    assert_int_equal(cnc_work_word(CNC_WORK_IMAGE, UINT64_MAX),
                     UINT64_C(0x05ffffffffffffff));
}

static void
counters_add_and_gauges_replace(void **state)
{
    (void)state;
    cnc_count(&cnc, COUNTER_TCP_OUT_BYTES, 7);
    cnc_count(&cnc, COUNTER_TCP_OUT_BYTES, 8);
    cnc_set(&cnc, COUNTER_TCP_CURR_ESTAB, 9);
    cnc_set(&cnc, COUNTER_TCP_CURR_ESTAB, 4);
    assert_int_equal(cnc_counter(cnc.shm, COUNTER_TCP_OUT_BYTES), 15);
    assert_int_equal(cnc_counter(cnc.shm, COUNTER_TCP_CURR_ESTAB), 4);
    assert_int_equal(cnc_counter(cnc.shm, COUNTER_TCP_IN_SEGS), 0);
}

static void
every_drop_is_counted_alone_and_no_drop_not_at_all(void **state)
{
    (void)state;
    cnc_drop(&cnc, DROP_NONE);
    assert_int_equal(cnc_drops(cnc.shm, DROP_NONE), 0);
    for (int i = DROP_NONE + 1; i < DROPS; i++) {
        assert_int_equal(cnc_drops(cnc.shm, (enum drop)i), 0);
        cnc_drop(&cnc, (enum drop)i);
        assert_int_equal(cnc_drops(cnc.shm, (enum drop)i), 1);
    }
}

static void
cursors_are_one_a_ring(void **state)
{
    (void)state;
    assert_ptr_equal(cnc_cursor(&region, RING_API_RES),
                     &cnc.shm->cursors[RING_API_RES]);
}

static void
region_too_small_is_no_cnc(void **state)
{
    struct region small = region_new(REGION_IPD_CNC, 1024);

    (void)state;
    assert_null(cnc_of(&small));
    assert_null(cnc_cursor(&small, RING_LINK_RX));
    region_unmap(&small);
    assert_null(cnc_of(&small));
}

#define STARTED(test) cmocka_unit_test_setup_teardown(test, start, end)

int
main(void)
{
    static const struct CMUnitTest tests[] = {
        cmocka_unit_test(untouched_cnc_is_new),
        STARTED(start_shows_who_runs_since_when),
        STARTED(restart_counts_an_epoch_and_keeps_turns_and_counters),
        STARTED(heartbeat_moves_turns),
        STARTED(state_is_shown),
        STARTED(work_is_named_by_kind_and_what),
        STARTED(counters_add_and_gauges_replace),
        STARTED(every_drop_is_counted_alone_and_no_drop_not_at_all),
        STARTED(cursors_are_one_a_ring),
        cmocka_unit_test(region_too_small_is_no_cnc),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
