/* SPDX-License-Identifier: MIT */
/* The grants of the topology against the rules that make them safe. */
#include "ctl/topology.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>

#include <cmocka.h>

static void
every_region_has_one_writer(void **state)
{
    (void)state;
    for (uint32_t id = REGION_NONE + 1; id < REGIONS; id++) {
        int writers = id == REGION_CONF ? 1 : 0; /* the supervisor */

        for (uint32_t d = 0; d < DAEMONS; d++)
            writers += topology_writes(d, id);
        assert_int_equal(writers, 1);
    }
}

static void
no_daemon_gets_a_region_twice(void **state)
{
    (void)state;
    for (uint32_t id = 0; id < REGIONS; id++) {
        for (uint32_t d = 0; d < DAEMONS; d++)
            assert_false(topology_writes(d, id) && topology_reads(d, id));
    }
}

static void
rings_reach_both_of_their_ends(void **state)
{
    (void)state;
    for (size_t i = 0; i < RINGS; i++) {
        const struct ring_row *r = &ring_table[i];

        assert_true(topology_writes(r->producer, r->region));
        assert_true(topology_reads(r->consumer, r->region));
        assert_true(topology_reads(r->producer, REGION_CNC(r->consumer)));
        assert_true(topology_reads(r->consumer, REGION_CNC(r->producer)));
        assert_true(topology_adjacent(r->consumer, r->producer));
    }
}

static void
state_goes_to_its_owner_alone(void **state)
{
    (void)state;
    for (uint32_t d = 0; d < DAEMONS; d++) {
        assert_false(topology_reads(d, REGION_IPD_STATE));
        assert_false(topology_reads(d, REGION_TCPD_STATE));
    }
}

static struct store
numbered_store(void)
{
    struct store store = {.link = 900, .listen = 901};

    for (int id = 0; id < REGIONS; id++)
        store.regions[id] =
            (struct stored){.writable = 100 + id, .readonly = 200 + id};
    for (int a = 0; a < DAEMONS; a++) {
        for (int b = 0; b < DAEMONS; b++)
            store.bells[a][b] = 300 + 10 * a + b;
    }
    return store;
}

static void
handover_carries_the_right_descriptors(void **state)
{
    struct store store = numbered_store();
    struct handover msg;
    int fd;
    size_t n = 0;

    (void)state;
    for (; topology_message(&store, DAEMON_LINKD, n, &msg, &fd); n++) {
        if (msg.kind == HANDOVER_REGION)
            assert_int_equal(fd, (msg.writable ? 100 : 200) + (int)msg.id);
        else if (msg.kind == HANDOVER_BELL_IN)
            assert_int_equal(fd, 300 + 10 * (int)msg.id + DAEMON_LINKD);
        else if (msg.kind == HANDOVER_BELL_OUT)
            assert_int_equal(fd, 300 + 10 * DAEMON_LINKD + (int)msg.id);
        else {
            assert_int_equal(msg.kind, HANDOVER_LINK);
            assert_int_equal(fd, 900);
        }
    }
    assert_int_equal(n, 6 + 2 + 1); /* regions, bells with ipd, the device */
}

static void
absent_device_is_not_handed_over(void **state)
{
    struct store store = numbered_store();
    struct handover msg;
    int fd;

    (void)state;
    store.link = -1;
    for (size_t n = 0; topology_message(&store, DAEMON_LINKD, n, &msg, &fd);
         n++)
        assert_int_not_equal(msg.kind, HANDOVER_LINK);
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(every_region_has_one_writer),
        cmocka_unit_test(no_daemon_gets_a_region_twice),
        cmocka_unit_test(rings_reach_both_of_their_ends),
        cmocka_unit_test(state_goes_to_its_owner_alone),
        cmocka_unit_test(handover_carries_the_right_descriptors),
        cmocka_unit_test(absent_device_is_not_handed_over),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
