/* SPDX-License-Identifier: MIT */
/* Tests of what a daemon says of itself. */
#include "tests/proto/shm/fixture.h"

#include <pthread.h>
#include <stdatomic.h>
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
    assert_int_equal(cnc_look(cnc.shm).work,
                     UINT64_C(0x0100000000000063) | (uint64_t)RING_IP_RX << 48);
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

/* ---- the last drops ---- */

/* The n-th drop, from 0, while the n-th slot was in work. */
static void
drop_nth(uint64_t n)
{
    cnc_working_on(&cnc, CNC_WORK_SLOT, n);
    cnc_drop(&cnc, n % 2 == 0 ? DROP_IP_TTL : DROP_IP_MARTIAN);
}

static void
assert_nth(const struct cnc_dropped *d, uint64_t n)
{
    assert_int_equal(d->work, cnc_work_word(CNC_WORK_SLOT, n));
    assert_int_equal(d->why, n % 2 == 0 ? DROP_IP_TTL : DROP_IP_MARTIAN);
}

static void
drops_are_told_once_and_in_order(void **state)
{
    struct cnc_dropped d[4];
    uint64_t next = 0;

    (void)state;
    assert_int_equal(cnc_dropped(cnc.shm, &next, d, 4), 0);
    for (uint64_t n = 0; n < 6; n++)
        drop_nth(n);
    assert_int_equal(cnc_dropped(cnc.shm, &next, d, 4), 4);
    for (uint64_t n = 0; n < 4; n++)
        assert_nth(&d[n], n);
    assert_int_equal(cnc_dropped(cnc.shm, &next, d, 4), 2);
    assert_nth(&d[0], 4);
    assert_nth(&d[1], 5);
    assert_int_equal(cnc_dropped(cnc.shm, &next, d, 4), 0);
    assert_int_equal(next, 6);
}

static void
no_drop_is_not_told(void **state)
{
    struct cnc_dropped d;
    uint64_t next = 0;

    (void)state;
    cnc_drop(&cnc, DROP_NONE);
    assert_int_equal(cnc_dropped(cnc.shm, &next, &d, 1), 0);
}

static void
late_reader_gets_the_newest_drops(void **state)
{
    static struct cnc_dropped d[CNC_DROPS];
    uint64_t next = 0;
    size_t got;

    (void)state;
    for (uint64_t n = 0; n < 1000; n++)
        drop_nth(n);
    got = cnc_dropped(cnc.shm, &next, d, CNC_DROPS);
    assert_in_range(got, 1, CNC_DROPS);
    for (uint64_t n = 0; n < got; n++)
        assert_nth(&d[n], 1000 - got + n);
    assert_int_equal(next, 1000);
}

/* After a restart of the instance, or when the number was scribbled on. */
static void
reader_ahead_of_the_log_starts_again(void **state)
{
    struct cnc_dropped d[4];
    uint64_t next = 99;

    (void)state;
    drop_nth(0);
    drop_nth(1);
    assert_int_equal(cnc_dropped(cnc.shm, &next, d, 4), 2);
    assert_nth(&d[0], 0);
    cnc.shm->drop_log[1].why = 1u << 31;
    next = 1;
    assert_int_equal(cnc_dropped(cnc.shm, &next, d, 4), 1);
    assert_int_equal(d[0].why, DROP_NONE);
}

static void
drop_log_outlives_the_process(void **state)
{
    struct cnc_dropped d[4];
    uint64_t next = 0;

    (void)state;
    drop_nth(0);
    cnc_start(&cnc, &region, 13, (instant_t){2000});
    drop_nth(1);
    assert_int_equal(cnc_dropped(cnc.shm, &next, d, 4), 2);
    assert_nth(&d[0], 0);
    assert_nth(&d[1], 1);
}

static _Atomic bool stop;

static void *
drop_for_ever(void *arg)
{
    (void)arg;
    for (uint64_t n = 0; !atomic_load(&stop); n++)
        drop_nth(n);
    return NULL;
}

/* However far the writer gets while a reader is copying. */
static void
every_drop_is_told_under_its_own_number(void **state)
{
    static struct cnc_dropped d[CNC_DROPS];
    uint64_t next = 0, told = 0;
    pthread_t writer;

    (void)state;
    atomic_store(&stop, false);
    assert_int_equal(pthread_create(&writer, NULL, drop_for_ever, NULL), 0);
    for (uint32_t looks = 0; looks < 20000 || told == 0; looks++) {
        size_t got = cnc_dropped(cnc.shm, &next, d, CNC_DROPS);

        for (size_t i = 0; i < got; i++)
            assert_nth(&d[i], next - got + i);
        told += got;
    }
    atomic_store(&stop, true);
    pthread_join(writer, NULL);
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
        STARTED(drops_are_told_once_and_in_order),
        STARTED(no_drop_is_not_told),
        STARTED(late_reader_gets_the_newest_drops),
        STARTED(reader_ahead_of_the_log_starts_again),
        STARTED(drop_log_outlives_the_process),
        STARTED(every_drop_is_told_under_its_own_number),
        STARTED(cursors_are_one_a_ring),
        cmocka_unit_test(region_too_small_is_no_cnc),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
