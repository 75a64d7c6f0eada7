/* SPDX-License-Identifier: MIT */
/* Tests of the names and of the table of rings. */
#include "tests/proto/shm/fixture.h"

#include "base/bits.h"
#include "proto/shm/packet.h"

#include <string.h>

static void
every_daemon_has_a_name_and_nobody_else(void **state)
{
    (void)state;
    assert_string_equal(daemon_name(DAEMON_LINKD), "linkd");
    assert_string_equal(daemon_name(DAEMON_LINKD + 3), "linkd3");
    assert_string_equal(daemon_name(DAEMON_APID), "apid");
    for (uint32_t i = 0; i < DAEMONS; i++)
        assert_non_null(daemon_name(i));
    assert_null(daemon_name(DAEMONS));
    assert_null(daemon_name(UINT32_MAX));
}

static void
region_names_are_distinct(void **state)
{
    char a[24], b[24];

    (void)state;
    for (uint32_t i = 0; i < REGION_IDS; i++)
        for (uint32_t k = 0; k < i; k++)
            assert_string_not_equal(region_name(i, a), region_name(k, b));
}

static void
client_regions_are_named_by_number_and_direction(void **state)
{
    char buf[24];

    (void)state;
    assert_string_equal(region_name(REGION_CLIENT_TX(3), buf), "client.3.tx");
    assert_string_equal(region_name(REGION_CLIENT_RX(63), buf), "client.63.rx");
    assert_true(strlen(region_name(UINT32_MAX, buf)) < sizeof buf);
}

static void
cnc_regions_follow_the_daemons(void **state)
{
    char buf[24];

    (void)state;
    assert_int_equal(REGION_CNC(DAEMON_TCPD), REGION_TCPD_CNC);
    for (uint32_t i = 0; i < DAEMONS; i++)
        assert_memory_equal(region_name(REGION_CNC(i), buf), daemon_name(i),
                            strlen(daemon_name(i)));
}

static void
every_row_is_a_possible_ring(void **state)
{
    (void)state;
    for (int i = 0; i < RINGS; i++) {
        const struct ring_row *row = &ring_table[i];

        assert_non_null(row->name);
        assert_true(row->producer < DAEMONS && row->consumer < DAEMONS);
        assert_int_not_equal(row->producer, row->consumer);
        assert_true(row->region > REGION_NONE && row->region < REGIONS);
        assert_true(bits_is_power_of_two(row->slots));
        assert_true(row->slot_size > 0 && row->slot_size % 64 == 0);
        assert_int_equal(row->area % 64, 0);
    }
}

static void
every_link_has_its_own_daemon_rings_and_regions(void **state)
{
    (void)state;
    for (uint32_t k = 0; k < LINKS_MAX; k++) {
        const struct ring_row *in = &ring_table[RING_LINK_RX + k];
        const struct ring_row *out = &ring_table[RING_IP_TX + k];

        assert_int_equal(in->producer, DAEMON_LINKD + k);
        assert_int_equal(in->consumer, DAEMON_IPD);
        assert_int_equal(in->region, REGION_LINK_RX + k);
        assert_int_equal(out->producer, DAEMON_IPD);
        assert_int_equal(out->consumer, DAEMON_LINKD + k);
        assert_int_equal(out->region, REGION_IP_TX + k);
        assert_int_equal(REGION_CNC(DAEMON_LINKD + k), REGION_LINKD_CNC + k);
    }
}

static void
people_are_shown_every_daemon_once(void **state)
{
    uint32_t shown = 0;

    (void)state;
    for (int i = 0; i < DAEMONS; i++) {
        assert_true(daemon_order[i] < DAEMONS);
        shown |= 1u << daemon_order[i];
    }
    assert_int_equal(shown, (1u << DAEMONS) - 1);
    assert_int_equal(daemon_order[0], DAEMON_LINKD);
}

static void
no_two_rings_share_a_region(void **state)
{
    (void)state;
    for (int i = 0; i < RINGS; i++)
        for (int k = 0; k < i; k++)
            assert_int_not_equal(ring_table[i].region, ring_table[k].region);
}

static void
bulk_areas_take_the_largest_packet_while_one_is_held(void **state)
{
    static const int bulk[] = {RING_LINK_RX, RING_LINK_RX + 1, RING_LINK_RX + 2,
                               RING_LINK_RX + 3, RING_TCP_TX};

    (void)state;
    for (size_t i = 0; i < ARRAY_LEN(bulk); i++) {
        const struct ring_row *row = &ring_table[bulk[i]];

        assert_int_equal(row->slot_size, sizeof(struct packet));
        /* Wherever the held one lies, one of its two sides has room. */
        assert_true(row->area >= 3 * bits_round_up(PACKET_MAX, 64));
    }
    assert_true(ring_table[RING_IP_RX].area >= PACKET_MAX);
    assert_true(ring_table[RING_IP_TX].area >= PACKET_MAX);
}

int
main(void)
{
    static const struct CMUnitTest tests[] = {
        cmocka_unit_test(every_daemon_has_a_name_and_nobody_else),
        cmocka_unit_test(region_names_are_distinct),
        cmocka_unit_test(client_regions_are_named_by_number_and_direction),
        cmocka_unit_test(cnc_regions_follow_the_daemons),
        cmocka_unit_test(every_row_is_a_possible_ring),
        cmocka_unit_test(every_link_has_its_own_daemon_rings_and_regions),
        cmocka_unit_test(people_are_shown_every_daemon_once),
        cmocka_unit_test(no_two_rings_share_a_region),
        cmocka_unit_test(bulk_areas_take_the_largest_packet_while_one_is_held),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
