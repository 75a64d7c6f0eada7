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

/* People read them; a daemon that did would depend on another's inside. */
static void
views_are_read_by_no_daemon(void **state)
{
    (void)state;
    for (uint32_t d = 0; d < DAEMONS; d++) {
        assert_false(topology_reads(d, REGION_IPD_VIEW));
        assert_false(topology_reads(d, REGION_TCPD_VIEW));
    }
    assert_true(topology_writes(DAEMON_IPD, REGION_IPD_VIEW));
    assert_true(topology_writes(DAEMON_TCPD, REGION_TCPD_VIEW));
}

static void
linkd_writes_and_sends_for_its_own_link_alone(void **state)
{
    (void)state;
    for (uint32_t a = 0; a < LINKS_MAX; a++) {
        for (uint32_t b = 0; b < LINKS_MAX; b++) {
            enum daemon_id linkd = DAEMON_LINKD + a;

            assert_int_equal(topology_writes(linkd, REGION_LINK_RX + b),
                             a == b);
            assert_int_equal(topology_writes(linkd, REGION_LINKD_CNC + b),
                             a == b);
            assert_int_equal(topology_reads(linkd, REGION_IP_TX + b), a == b);
            assert_false(topology_reads(linkd, REGION_LINKD_CNC + b));
        }
    }
}

/* What it forwards lies where another linkd received it. */
static void
linkd_reads_the_frames_of_every_other_link(void **state)
{
    (void)state;
    for (uint32_t a = 0; a < LINKS_MAX; a++) {
        for (uint32_t b = 0; b < LINKS_MAX; b++)
            assert_int_equal(
                topology_reads(DAEMON_LINKD + a, REGION_LINK_RX + b), a != b);
        assert_true(topology_reads(DAEMON_LINKD + a, REGION_TCP_TX));
        assert_false(topology_adjacent(DAEMON_LINKD + a, DAEMON_TCPD));
    }
}

static void
ipd_and_tcpd_read_the_frames_of_every_link(void **state)
{
    (void)state;
    for (uint32_t i = 0; i < LINKS_MAX; i++) {
        assert_true(topology_reads(DAEMON_IPD, REGION_LINK_RX + i));
        assert_true(topology_reads(DAEMON_TCPD, REGION_LINK_RX + i));
        assert_true(topology_writes(DAEMON_IPD, REGION_IP_TX + i));
        assert_false(topology_reads(DAEMON_APID, REGION_LINK_RX + i));
    }
}

static struct store
numbered_store(void)
{
    struct store store = {.listen = 910};

    for (int id = 0; id < REGIONS; id++)
        store.regions[id] =
            (struct stored){.writable = 100 + id, .readonly = 200 + id};
    for (int i = 0; i < LINKS_MAX; i++)
        store.link[i] = 900 + i;
    for (int a = 0; a < DAEMONS; a++) {
        for (int b = 0; b < DAEMONS; b++)
            store.bells[a][b] = 300 + 10 * a + b;
    }
    return store;
}

static void
handover_carries_the_right_descriptors(void **state)
{
    const enum daemon_id linkd = DAEMON_LINKD + 2;
    struct store store = numbered_store();
    struct handover msg;
    int fd;
    size_t n = 0;

    (void)state;
    for (; topology_message(&store, linkd, n, &msg, &fd); n++) {
        if (msg.kind == HANDOVER_REGION)
            assert_int_equal(fd, (msg.writable ? 100 : 200) + (int)msg.id);
        else if (msg.kind == HANDOVER_BELL_IN)
            assert_int_equal(fd, 300 + 10 * (int)msg.id + (int)linkd);
        else if (msg.kind == HANDOVER_BELL_OUT)
            assert_int_equal(fd, 300 + 10 * (int)linkd + (int)msg.id);
        else {
            assert_int_equal(msg.kind, HANDOVER_LINK);
            assert_int_equal(msg.id, 2);
            assert_int_equal(fd, 902);
        }
    }
    /* Own two, conf, ipd.cnc, ip.tx2, tcp.tx and the others' frames; the bells
     * with ipd; the device. */
    assert_int_equal(n, 6 + (LINKS_MAX - 1) + 2 + 1);
}

static void
absent_device_is_not_handed_over(void **state)
{
    struct store store = numbered_store();
    struct handover msg;
    int fd;

    (void)state;
    store.link[0] = -1;
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
        cmocka_unit_test(views_are_read_by_no_daemon),
        cmocka_unit_test(linkd_writes_and_sends_for_its_own_link_alone),
        cmocka_unit_test(linkd_reads_the_frames_of_every_other_link),
        cmocka_unit_test(ipd_and_tcpd_read_the_frames_of_every_link),
        cmocka_unit_test(handover_carries_the_right_descriptors),
        cmocka_unit_test(absent_device_is_not_handed_over),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
