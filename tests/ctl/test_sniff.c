/* SPDX-License-Identifier: MIT */
/* What the sniffer shows, what it tells of it, and what it has room for. */
#include "tests/support/sniff_fixture.h"

/* ---- what is shown ---- */

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

int
main(void)
{
    const struct CMUnitTest tests[] = {
        WITH_RINGS(nothing_new_is_said_so),
        WITH_RINGS(packets_from_before_the_capture_are_not_shown),
        WITH_RINGS(tail_that_moves_back_shows_nothing),
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
