/* SPDX-License-Identifier: MIT */
/* Copies that are whole are given out, and those that may be torn never are. */
#include "tests/support/sniff_fixture.h"

#include <string.h>

#define SLOTS  1024 /* of every ring of packets */
#define MARGIN 128  /* that may be staged beyond a tail */

/* ---- whole copies ---- */

static void
quiet_ring_loses_nothing(void **state)
{
    (void)state;
    for (uint8_t i = 0; i < 200; i++) {
        doorbell_wake(&rings.cnc[DAEMON_LINKD]);
        sniff_send(&rings, RING_LINK_RX, i, 1000);
        fall_asleep(DAEMON_LINKD);
        sniff_take(&rings, RING_LINK_RX, true);
        assert_true(sniff_poll(sniffer, now));
        assert_filled(next(), i, 1000);
        assert_nothing(0);
    }
}

static void
burst_that_is_released_at_once_is_given_out(void **state)
{
    (void)state;
    for (uint8_t i = 0; i < 64; i++)
        sniff_stage(&rings, RING_LINK_RX, i, 1500);
    sniff_end_turn(&rings, RING_LINK_RX);
    sniff_take(&rings, RING_LINK_RX, true);
    fall_asleep(DAEMON_LINKD);
    sniff_poll(sniffer, now);
    for (uint8_t i = 0; i < 64; i++)
        assert_filled(next(), i, 1500);
    assert_nothing(0);
}

static void
packet_that_is_held_needs_no_end_of_turn(void **state)
{
    (void)state;
    sniff_stage(&rings, RING_LINK_RX, 1, 100);
    sniff_publish(&rings, RING_LINK_RX); /* the turn is not over */
    sniff_take(&rings, RING_LINK_RX, false);
    sniff_poll(sniffer, now);
    assert_filled(next(), 1, 100);
}

static void
released_packet_waits_for_the_end_of_the_turn(void **state)
{
    (void)state;
    sniff_send(&rings, RING_LINK_RX, 1, 100);
    sniff_take(&rings, RING_LINK_RX, true);
    sniff_poll(sniffer, now);
    assert_nothing(0);
    cnc_heartbeat(&rings.cnc[DAEMON_LINKD]);
    assert_filled(next(), 1, 100);
    assert_nothing(0);
}

static void
writer_that_never_ends_its_turn_costs_the_copy(void **state)
{
    (void)state;
    sniff_send(&rings, RING_LINK_RX, 1, 100);
    sniff_take(&rings, RING_LINK_RX, true);
    sniff_poll(sniffer, now);
    wait_ms(49);
    assert_nothing(0);
    wait_ms(1);
    assert_nothing(1);
    assert_false(sniff_waits(sniffer));
}

/* ---- torn copies ---- */

/* The bytes were written again before they were copied. */
static void
packet_overwritten_before_the_copy_is_lost(void **state)
{
    (void)state;
    sniff_send(&rings, RING_LINK_RX, 1, 100);
    sniff_take(&rings, RING_LINK_RX, true);
    sniff_to_the_front(&rings, RING_LINK_RX);
    sniff_send(&rings, RING_LINK_RX, 2, 100);
    sniff_take(&rings, RING_LINK_RX, true);
    fall_asleep(DAEMON_LINKD);
    sniff_poll(sniffer, now);
    assert_filled(next(), 2, 100);
    assert_nothing(1);
}

/* The writer is at it while they are copied, and has not said so yet. */
static void
packet_overwritten_in_the_turn_of_the_copy_is_lost(void **state)
{
    (void)state;
    sniff_send(&rings, RING_LINK_RX, 1, 100);
    sniff_take(&rings, RING_LINK_RX, true);
    sniff_to_the_front(&rings, RING_LINK_RX);
    sniff_stage(&rings, RING_LINK_RX, 2, 40); /* torn: 40 new, 60 old bytes */
    sniff_poll(sniffer, now);
    assert_nothing(0); /* neither given out nor lost yet */
    sniff_end_turn(&rings, RING_LINK_RX);
    assert_nothing(1);
    sniff_poll(sniffer, now);
    assert_filled(sniff_next(sniffer, now, true), 2, 40);
}

static void
bytes_behind_a_packet_count_as_written(void **state)
{
    struct packet *p;

    (void)state;
    sniff_stage(&rings, RING_LINK_RX, 1, 100);
    sniff_stage(&rings, RING_LINK_RX, 2, 100); /* a line behind it */
    sniff_end_turn(&rings, RING_LINK_RX);
    sniff_take(&rings, RING_LINK_RX, true);
    sniff_to_the_front(&rings, RING_LINK_RX);
    p = sniff_stage(&rings, RING_LINK_RX, 3, 60);
    /* A frame that was read behind it, and moved up. */
    memset(rings.look.regions[REGION_LINK_RX].base + p->offset + 64, 9, 200);
    sniff_poll(sniffer, now);
    sniff_end_turn(&rings, RING_LINK_RX);
    assert_nothing(2);
}

static void
frame_that_a_device_spoilt_costs_what_was_released(void **state)
{
    (void)state;
    sniff_send(&rings, RING_LINK_RX, 1, 100);
    sniff_take(&rings, RING_LINK_RX, true);
    cnc_drop(&rings.cnc[DAEMON_LINKD], DROP_LINK_BAD_VNET_HEADER);
    cnc_heartbeat(&rings.cnc[DAEMON_LINKD]);
    fall_asleep(DAEMON_LINKD);
    sniff_poll(sniffer, now);
    assert_nothing(1);
}

static void
writer_that_died_costs_what_was_released(void **state)
{
    (void)state;
    sniff_stage(&rings, RING_LINK_RX, 1, 100);
    sniff_stage(&rings, RING_LINK_RX, 2, 100);
    sniff_end_turn(&rings, RING_LINK_RX);
    ring_take(&rings.consumer[RING_LINK_RX],
              ring_ready(&rings.consumer[RING_LINK_RX]));
    ring_publish_cursor(&rings.consumer[RING_LINK_RX], 1);
    /* Dead in the turn after; whatever it wrote, nobody will say. */
    cnc_start(&rings.cnc[DAEMON_LINKD], &rings.look.regions[REGION_LINKD_CNC],
              2, now);
    cnc_set_state(&rings.cnc[DAEMON_LINKD], CNC_RUNNING);
    sniff_poll(sniffer, now);
    assert_filled(next(), 2, 100); /* was held */
    assert_nothing(1);
}

/* Once round: the slot that is looked for has become another packet's. */
static void
slots_written_again_are_lost(void **state)
{
    (void)state;
    for (uint32_t i = 0; i < SLOTS + 10; i++) {
        sniff_send(&rings, RING_LINK_RX, (uint8_t)i, 64);
        sniff_take(&rings, RING_LINK_RX, true);
    }
    fall_asleep(DAEMON_LINKD);
    sniff_poll(sniffer, now);
    for (uint32_t i = 10 + MARGIN; i < SLOTS + 10; i++)
        assert_filled(next(), (uint8_t)i, 64);
    assert_nothing(10 + MARGIN);
}

/* ---- payloads elsewhere ---- */

static void
payload_of_another_region_stands_behind_its_headers(void **state)
{
    const struct sniffed *f;

    (void)state;
    sniff_send(&rings, RING_TCP_TX, 7, 500);
    sniff_pass_on(&rings, RING_IP_TX, RING_TCP_TX, 0, 34);
    sniff_end_turn(&rings, RING_IP_TX);
    sniff_poll(sniffer, now);
    f = sniff_next(sniffer, now, true);
    assert_int_equal(f->ring, RING_IP_TX);
    assert_int_equal(f->len, 534);
    assert_int_equal(f->bytes[0], 'h');
    assert_int_equal(f->bytes[33], 'h');
    assert_int_equal(f->bytes[34], 7);
    assert_int_equal(f->bytes[533], 7);
    assert_filled(sniff_next(sniffer, now, true), 7, 500);
}

static void
payload_of_another_region_is_its_writers_to_overwrite(void **state)
{
    (void)state;
    sniff_send(&rings, RING_LINK_RX, 1, 100);
    sniff_pass_on(&rings, RING_IP_RX, RING_LINK_RX, 0, 0);
    sniff_end_turn(&rings, RING_IP_RX);
    sniff_take(&rings, RING_IP_RX, true);
    sniff_take(&rings, RING_LINK_RX, true);
    fall_asleep(DAEMON_IPD);
    sniff_to_the_front(&rings, RING_LINK_RX);
    sniff_stage(&rings, RING_LINK_RX, 2, 100); /* linkd is in a turn */
    sniff_poll(sniffer, now);
    sniff_end_turn(&rings, RING_LINK_RX);
    assert_nothing(2); /* as seen in both rings */
}

static void
packet_of_headers_alone_has_only_a_slot(void **state)
{
    const struct sniffed *f;

    (void)state;
    sniff_stage_headers(&rings, RING_IP_RX, 16);
    sniff_end_turn(&rings, RING_IP_RX);
    sniff_take(&rings, RING_IP_RX, true);
    fall_asleep(DAEMON_IPD);
    sniff_poll(sniffer, now);
    f = next();
    assert_non_null(f);
    assert_int_equal(f->len, 16);
}

static void
payload_of_a_region_that_it_cannot_come_from_is_lost(void **state)
{
    struct packet *p;

    (void)state;
    sniff_send(&rings, RING_LINK_RX, 1, 100);
    p = sniff_pass_on(&rings, RING_IP_RX, RING_LINK_RX, 0, 0);
    p->origin_ring = RINGS;
    sniff_publish(&rings, RING_IP_RX);
    sniff_poll(sniffer, now);
    assert_non_null(sniff_next(sniffer, now, true));
    assert_null(sniff_next(sniffer, now, true));
    assert_int_equal(sniff_lost(sniffer), 1);
}

static void
hostile_descriptor_is_lost(void **state)
{
    struct packet *p = sniff_stage(&rings, RING_LINK_RX, 1, 100);

    (void)state;
    p->len = UINT32_MAX;
    sniff_end_turn(&rings, RING_LINK_RX);
    sniff_poll(sniffer, now);
    assert_nothing(1);
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        WITH_RINGS(quiet_ring_loses_nothing),
        WITH_RINGS(burst_that_is_released_at_once_is_given_out),
        WITH_RINGS(packet_that_is_held_needs_no_end_of_turn),
        WITH_RINGS(released_packet_waits_for_the_end_of_the_turn),
        WITH_RINGS(writer_that_never_ends_its_turn_costs_the_copy),
        WITH_RINGS(packet_overwritten_before_the_copy_is_lost),
        WITH_RINGS(packet_overwritten_in_the_turn_of_the_copy_is_lost),
        WITH_RINGS(bytes_behind_a_packet_count_as_written),
        WITH_RINGS(frame_that_a_device_spoilt_costs_what_was_released),
        WITH_RINGS(writer_that_died_costs_what_was_released),
        WITH_RINGS(slots_written_again_are_lost),
        WITH_RINGS(payload_of_another_region_stands_behind_its_headers),
        WITH_RINGS(payload_of_another_region_is_its_writers_to_overwrite),
        WITH_RINGS(packet_of_headers_alone_has_only_a_slot),
        WITH_RINGS(payload_of_a_region_that_it_cannot_come_from_is_lost),
        WITH_RINGS(hostile_descriptor_is_lost),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
