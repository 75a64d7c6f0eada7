/* SPDX-License-Identifier: MIT */
/* Tests of the core's counts on their way to the others. */
#include "tcpd/count.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#define STATS (sizeof(struct tcp_stats) / sizeof(uint64_t))

static struct cnc_shm shm;
static struct cnc cnc = {.shm = &shm};

static int
start_cnc(void **state)
{
    (void)state;
    memset(&shm, 0, sizeof shm);
    return 0;
}

static uint64_t
all_counters(void)
{
    uint64_t sum = 0;

    for (uint32_t i = 0; i < COUNTERS; i++)
        sum += cnc_counter(&shm, (enum counter)i);
    return sum;
}

/* Each in a sum of its own power of two, so that none can stand for another. */
static void
everything_that_the_core_counts_is_shown(void **state)
{
    struct tcp_stats now, counted = {.active_opens = 0};
    uint64_t value[STATS], expected = 0;

    (void)state;
    for (size_t i = 0; i < STATS; i++) {
        value[i] = UINT64_C(1) << i;
        expected += value[i];
    }
    memcpy(&now, value, sizeof now);
    expected -= now.reply_drops; /* a drop */
    now.reply_drops = 3;
    count_turn(&cnc, &now, &counted);
    assert_true(all_counters() == expected);
    assert_int_equal(cnc_drops(&shm, DROP_TCP_REPLY_FULL), 3);
    assert_memory_equal(&counted, &now, sizeof now);
}

static void
only_what_is_new_is_added_and_a_gauge_is_set(void **state)
{
    struct tcp_stats now = {.in_segs = 10, .curr_estab = 4};
    struct tcp_stats counted = {.in_segs = 0};

    (void)state;
    count_turn(&cnc, &now, &counted);
    now.in_segs = 12;
    now.curr_estab = 1;
    count_turn(&cnc, &now, &counted);
    count_turn(&cnc, &now, &counted);
    assert_int_equal(cnc_counter(&shm, COUNTER_TCP_IN_SEGS), 12);
    assert_int_equal(cnc_counter(&shm, COUNTER_TCP_CURR_ESTAB), 1);
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup(everything_that_the_core_counts_is_shown,
                               start_cnc),
        cmocka_unit_test_setup(only_what_is_new_is_added_and_a_gauge_is_set,
                               start_cnc),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
