/* SPDX-License-Identifier: MIT */
/* The sniffer beside rings whose every step is the test's. */
#include "ctl/sniff.h"

#include "proto/shm/doorbell.h"
#include "tests/support/sniff_rings.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>

#include <cmocka.h>

#include <stdlib.h>
#include <string.h>

#define SLOTS 1024 /* of every ring of packets */

static struct sniff_rings rings;
static struct sniffer *sniffer;
static instant_t now;

static void
open_with_snap(uint32_t snap)
{
    bool wanted[RINGS];

    sniff_rings_open(&rings);
    for (enum ring_id r = 0; r < RINGS; r++)
        wanted[r] = true;
    sniffer = sniff_open(&rings.look, wanted, snap);
    now = (instant_t){1000000000};
}

static int
open_all(void **state)
{
    (void)state;
    open_with_snap(PACKET_MAX);
    return 0;
}

static int
close_all(void **state)
{
    (void)state;
    sniff_close(sniffer);
    sniff_rings_close(&rings);
    return 0;
}

/* ---- moves ---- */

static void
fall_asleep(enum daemon_id d)
{
    doorbell_doze(&rings.cnc[d], INSTANT_NEVER);
}

static void
wake(enum daemon_id d)
{
    doorbell_wake(&rings.cnc[d]);
}

static void
wait_ms(int64_t ms)
{
    now = instant_add(now, duration_ms(ms));
}

static const struct sniffed *
next(void)
{
    return sniff_next(sniffer, now, false);
}

/* ---- checks ---- */

static void
assert_filled(const struct sniffed *f, uint8_t fill, uint32_t len)
{
    assert_non_null(f);
    assert_int_equal(f->len, len);
    assert_int_equal(f->captured, len);
    for (uint32_t i = 0; i < len; i++)
        assert_int_equal(f->bytes[i], fill);
}

static void
assert_nothing(uint64_t lost)
{
    assert_null(next());
    assert_int_equal(sniff_lost(sniffer), lost);
}

/* ---- whole copies ---- */

static void
quiet_ring_loses_nothing(void **state)
{
    (void)state;
    for (uint8_t i = 0; i < 200; i++) {
        wake(DAEMON_LINKD);
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

static void
nothing_new_is_said_so(void **state)
{
    (void)state;
    assert_false(sniff_poll(sniffer, now));
    assert_nothing(0);
    assert_false(sniff_waits(sniffer));
}

static void
packets_from_before_the_capture_are_not_shown(void **state)
{
    bool wanted[RINGS] = {[RING_LINK_RX] = true};

    (void)state;
    sniff_send(&rings, RING_LINK_RX, 1, 100);
    sniff_close(sniffer);
    sniffer = sniff_open(&rings.look, wanted, PACKET_MAX);
    assert_false(sniff_poll(sniffer, now));
    sniff_send(&rings, RING_TCP_TX, 1, 100); /* nor those that are not wanted */
    assert_false(sniff_poll(sniffer, now));
}

/* ---- torn copies ---- */

/* The bytes were written again before they were copied. */
static void
packet_overwritten_before_the_copy_is_lost(void **state)
{
    (void)state;
    sniff_send(&rings, RING_LINK_RX, 1, 100);
    sniff_take(&rings, RING_LINK_RX, true);
    sniff_send(&rings, RING_LINK_RX, 2, 100); /* from the front again */
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
    assert_filled(next(), (uint8_t)(SLOTS + 9), 64);
    assert_nothing(SLOTS + 9);
}

static void
tail_that_moves_back_shows_nothing(void **state)
{
    struct ring_shm *shm = rings.producer[RING_LINK_RX].shm;

    (void)state;
    sniff_send(&rings, RING_LINK_RX, 1, 100);
    sniff_poll(sniffer, now);
    atomic_store(&shm->tail, 0);
    assert_false(sniff_poll(sniffer, now));
    atomic_store(&shm->tail, UINT64_MAX);
    assert_true(sniff_poll(sniffer, now));
    atomic_store(&shm->tail, 3);
    assert_false(sniff_poll(sniffer, now));
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

static void
snap_cuts_what_is_copied(void **state)
{
    const struct sniffed *f;

    close_all(state);
    open_with_snap(64);
    sniff_send(&rings, RING_TCP_TX, 7, 500);
    sniff_pass_on(&rings, RING_IP_TX, RING_TCP_TX, 0, 34);
    sniff_end_turn(&rings, RING_IP_TX);
    sniff_poll(sniffer, now);
    f = sniff_next(sniffer, now, true);
    assert_int_equal(f->captured, 64);
    assert_int_equal(f->len, 534);
    assert_int_equal(f->bytes[33], 'h');
    assert_int_equal(f->bytes[63], 7);
}

/* ---- stories ---- */

static void
packet_waits_for_its_consumer(void **state)
{
    (void)state;
    sniff_send(&rings, RING_LINK_RX, 1, 100);
    sniff_poll(sniffer, now);
    assert_nothing(0);
    assert_true(sniff_waits(sniffer));
    wait_ms(49);
    assert_nothing(0);
    wait_ms(1);
    assert_filled(next(), 1, 100);
}

static void
end_of_the_capture_waits_for_no_consumer(void **state)
{
    (void)state;
    sniff_send(&rings, RING_LINK_RX, 1, 100);
    sniff_poll(sniffer, now);
    assert_filled(sniff_next(sniffer, now, true), 1, 100);
}

static void
work_on(enum daemon_id d, enum ring_id ring, uint64_t at)
{
    cnc_working_on(&rings.cnc[d], CNC_WORK_SLOT, (uint64_t)ring << 48 | at);
}

static void
drop_is_told_with_its_packet(void **state)
{
    const struct sniffed *f;

    (void)state;
    sniff_send(&rings, RING_LINK_RX, 1, 100);
    sniff_send(&rings, RING_LINK_RX, 2, 100);
    work_on(DAEMON_IPD, RING_LINK_RX, 1);
    cnc_drop(&rings.cnc[DAEMON_IPD], DROP_IP_NO_ROUTE);
    sniff_take(&rings, RING_LINK_RX, false);
    sniff_poll(sniffer, now);
    assert_int_equal(next()->dropped, DROP_NONE);
    f = next();
    assert_int_equal(f->dropped, DROP_IP_NO_ROUTE);
    assert_int_equal(f->by, DAEMON_IPD);
}

/* Taken and dropped between two polls: it is not given out without its drop. */
static void
drop_that_comes_late_is_not_missed(void **state)
{
    (void)state;
    sniff_send(&rings, RING_LINK_RX, 1, 100);
    sniff_poll(sniffer, now);
    work_on(DAEMON_IPD, RING_LINK_RX, 0);
    cnc_drop(&rings.cnc[DAEMON_IPD], DROP_IP_TTL);
    sniff_take(&rings, RING_LINK_RX, false);
    assert_nothing(0);
    sniff_poll(sniffer, now);
    assert_int_equal(next()->dropped, DROP_IP_TTL);
}

/* What linkd drops while it reads into a slot is not what it then puts there. */
static void
drop_by_the_producer_is_no_packets(void **state)
{
    (void)state;
    work_on(DAEMON_LINKD, RING_LINK_RX, 0);
    cnc_drop(&rings.cnc[DAEMON_LINKD], DROP_LINK_BAD_VNET_HEADER);
    sniff_send(&rings, RING_LINK_RX, 1, 100);
    sniff_take(&rings, RING_LINK_RX, false);
    sniff_poll(sniffer, now);
    assert_int_equal(next()->dropped, DROP_NONE);
}

static void
death_is_told_with_its_packet(void **state)
{
    struct conf_daemon *book = &conf_of(&rings.conf)->daemons[DAEMON_TCPD];
    const struct sniffed *f;

    (void)state;
    sniff_send(&rings, RING_LINK_RX, 1, 100);
    sniff_pass_on(&rings, RING_IP_RX, RING_LINK_RX, 0, 0);
    sniff_end_turn(&rings, RING_IP_RX);
    sniff_poll(sniffer, now);
    book->last_work =
        cnc_work_word(CNC_WORK_SLOT, (uint64_t)RING_IP_RX << 48 | 0);
    book->restarts++;
    sniff_poll(sniffer, now);
    f = sniff_next(sniffer, now, true);
    assert_false(f->crashed);
    f = sniff_next(sniffer, now, true);
    assert_int_equal(f->ring, RING_IP_RX);
    assert_true(f->crashed);
    assert_int_equal(f->by, DAEMON_TCPD);
}

/* ---- limits ---- */

static void
full_queue_loses_the_newest(void **state)
{
    enum { QUEUE = 4096 };

    (void)state;
    for (uint32_t i = 0; i < QUEUE + 10; i++) {
        sniff_send(&rings, RING_LINK_RX, (uint8_t)i, 64);
        sniff_poll(sniffer, now);
        sniff_take(&rings, RING_LINK_RX, true);
    }
    assert_int_equal(sniff_lost(sniffer), 10);
    for (uint32_t i = 0; i < QUEUE; i++)
        assert_filled(sniff_next(sniffer, now, true), (uint8_t)i, 64);
    assert_null(sniff_next(sniffer, now, true));
}

/* 32 MB of store hold 512 packets of 64 KB. */
static void
store_goes_round_and_keeps_what_waits(void **state)
{
    enum { LEN = 60000 };

    (void)state;
    for (uint32_t i = 0; i < 2000; i++) {
        sniff_send(&rings, RING_LINK_RX, (uint8_t)i, LEN);
        sniff_poll(sniffer, now);
        sniff_take(&rings, RING_LINK_RX, true);
        if (i >= 500) /* there are always so many in it */
            assert_filled(sniff_next(sniffer, now, true), (uint8_t)(i - 500),
                          LEN);
    }
    assert_int_equal(sniff_lost(sniffer), 0);
}

static void
full_store_loses_the_newest(void **state)
{
    enum { LEN = 60000, FIT = (32 << 20) / LEN };

    (void)state;
    for (uint32_t i = 0; i < FIT + 5; i++) {
        sniff_send(&rings, RING_LINK_RX, (uint8_t)i, LEN);
        sniff_poll(sniffer, now);
        sniff_take(&rings, RING_LINK_RX, true);
    }
    assert_int_equal(sniff_lost(sniffer), 5);
    for (uint32_t i = 0; i < FIT; i++)
        assert_filled(sniff_next(sniffer, now, true), (uint8_t)i, LEN);
    assert_null(sniff_next(sniffer, now, true));
}

#define WITH_RINGS(test)                                                       \
    cmocka_unit_test_setup_teardown(test, open_all, close_all)

int
main(void)
{
    const struct CMUnitTest tests[] = {
        WITH_RINGS(quiet_ring_loses_nothing),
        WITH_RINGS(burst_that_is_released_at_once_is_given_out),
        WITH_RINGS(packet_that_is_held_needs_no_end_of_turn),
        WITH_RINGS(released_packet_waits_for_the_end_of_the_turn),
        WITH_RINGS(writer_that_never_ends_its_turn_costs_the_copy),
        WITH_RINGS(nothing_new_is_said_so),
        WITH_RINGS(packets_from_before_the_capture_are_not_shown),
        WITH_RINGS(packet_overwritten_before_the_copy_is_lost),
        WITH_RINGS(packet_overwritten_in_the_turn_of_the_copy_is_lost),
        WITH_RINGS(bytes_behind_a_packet_count_as_written),
        WITH_RINGS(frame_that_a_device_spoilt_costs_what_was_released),
        WITH_RINGS(writer_that_died_costs_what_was_released),
        WITH_RINGS(slots_written_again_are_lost),
        WITH_RINGS(tail_that_moves_back_shows_nothing),
        WITH_RINGS(payload_of_another_region_stands_behind_its_headers),
        WITH_RINGS(payload_of_another_region_is_its_writers_to_overwrite),
        WITH_RINGS(packet_of_headers_alone_has_only_a_slot),
        WITH_RINGS(payload_of_a_region_that_it_cannot_come_from_is_lost),
        WITH_RINGS(hostile_descriptor_is_lost),
        WITH_RINGS(snap_cuts_what_is_copied),
        WITH_RINGS(packet_waits_for_its_consumer),
        WITH_RINGS(end_of_the_capture_waits_for_no_consumer),
        WITH_RINGS(drop_is_told_with_its_packet),
        WITH_RINGS(drop_that_comes_late_is_not_missed),
        WITH_RINGS(drop_by_the_producer_is_no_packets),
        WITH_RINGS(death_is_told_with_its_packet),
        WITH_RINGS(full_queue_loses_the_newest),
        WITH_RINGS(store_goes_round_and_keeps_what_waits),
        WITH_RINGS(full_store_loses_the_newest),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
