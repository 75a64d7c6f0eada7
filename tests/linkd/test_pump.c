/* SPDX-License-Identifier: MIT */
/* Tests of linkd's turn, between a device that does as it is told and an ipd
 * played by hand. */
#include "tests/linkd/pump_world.h"

#include <errno.h>
#include <poll.h>

/* The device: how many frames it has to give, of which length, and what it says
 * to frames that it is given. */
static struct {
    uint32_t waiting;
    uint32_t len;
    enum driver_result read_says, write_says;
    enum drop why;
    uint32_t written;
    uint32_t last_len;
    uint64_t named; /* what the cnc said was worked on while reading */
    uint32_t looks;
} device;

static enum driver_result
device_read(const struct driver *d, uint8_t *room, uint32_t size,
            struct packet *p, uint32_t *len, enum drop *why)
{
    (void)d;
    assert_int_equal(size, PACKET_MAX);
    device.named = cnc_look(pump.cnc.shm).work;
    if (device.waiting == 0)
        return DRIVER_NOTHING;
    if (device.read_says != DRIVER_BROKEN)
        device.waiting--;
    *why = device.why;
    if (device.read_says != DRIVER_DONE)
        return device.read_says;
    memset(room, (int)device.waiting & 0xff, device.len);
    *len = device.len;
    p->flags = PACKET_CSUM_VOUCHED | PACKET_GSO_TCPV4;
    p->gso_size = 1448;
    return DRIVER_DONE;
}

static enum driver_result
device_write(const struct driver *d, const struct frame *f, enum drop *why)
{
    (void)d;
    *why = device.why;
    if (device.write_says == DRIVER_DONE) {
        device.written++;
        device.last_len = frame_size(f);
    }
    return device.write_says;
}

static void
device_look(const struct driver *d)
{
    (void)d;
    device.looks++;
}

static int
open_world(void **state)
{
    (void)state;
    memset(&device, 0, sizeof device);
    device.len = 100;
    world.link = 0;
    world.driver =
        (struct driver){.fd = -1, .read = device_read, .write = device_write};
    open_pump_world();
    return 0;
}

/* ipd publishes a frame of 42 inline bytes and `len` of payload. */
static void
send_frame(uint32_t len)
{
    send_packet((struct packet){.header_len = 42}, NULL, len);
}

/* ---- in ---- */

static void
frame_reaches_ipd_with_what_the_device_says(void **state)
{
    struct packet p;

    (void)state;
    device.waiting = 1;
    device.len = 5000;
    assert_int_equal(turn(), 1);
    assert_int_equal(ring_ready(&link_rx), 1);
    assert_true(packet_copy(&link_rx, 0, &p, regions, REGIONS));
    assert_int_equal(p.region, REGION_LINK_RX);
    assert_int_equal(p.len, 5000);
    assert_int_equal(p.header_len, 0);
    assert_int_equal(p.flags, PACKET_CSUM_VOUCHED | PACKET_GSO_TCPV4);
    assert_int_equal(p.gso_size, 1448);
    assert_int_equal(p.origin_ring, RINGS);
    assert_int_equal(p.arrival_ns, now.ns);
    assert_true(rung());
    assert_int_equal(cnc_counter(pump.cnc.shm, COUNTER_LINK_RX_FRAMES), 1);
    assert_int_equal(cnc_counter(pump.cnc.shm, COUNTER_LINK_RX_BYTES), 5000);
}

static void
slot_is_named_before_it_is_read_into(void **state)
{
    (void)state;
    device.waiting = 3;
    turn();
    assert_int_equal(
        device.named,
        cnc_work_word(CNC_WORK_SLOT, (uint64_t)RING_LINK_RX << 48 | 3));
    assert_int_equal(cnc_look(pump.cnc.shm).work, 0);
}

static void
burst_is_bounded_in_frames(void **state)
{
    (void)state;
    device.waiting = 20;
    assert_int_equal(turn(), 8);
    assert_int_equal(ring_ready(&link_rx), 8);
    assert_int_equal(turn(), 8);
    assert_int_equal(turn(), 4);
}

static void
burst_is_bounded_in_bytes(void **state)
{
    (void)state;
    device.waiting = 20;
    device.len = 60000;
    assert_int_equal(turn(), 5);
}

static void
bad_frame_is_counted_and_takes_no_slot(void **state)
{
    (void)state;
    device.waiting = 3;
    device.read_says = DRIVER_DROPPED;
    device.why = DROP_LINK_BAD_VNET_HEADER;
    assert_int_equal(turn(), 0);
    assert_int_equal(drops(DROP_LINK_BAD_VNET_HEADER), 3);
    assert_int_equal(ring_ready(&link_rx), 0);
    assert_false(rung());
}

static void
lost_device_is_reported(void **state)
{
    (void)state;
    device.waiting = 1;
    device.read_says = DRIVER_BROKEN;
    errno = EIO;
    turn();
    assert_true(broken);
    assert_int_equal(errno, EIO);
}

/* Reads until there is no room, with nothing released. */
static void
fill_area(void)
{
    device.waiting = UINT32_MAX;
    device.len = 60000;
    while (!pump.waits)
        turn();
}

static void
full_area_stops_reading_until_ipd_releases(void **state)
{
    uint32_t before;

    (void)state;
    rung();
    fill_area();
    assert_true(ring_space_wanted(&link_rx));
    assert_true(rung());
    assert_int_equal(pump_events(&pump), 0);
    assert_true(pump_may_sleep(&pump));
    before = device.waiting;
    assert_int_equal(turn(), 0);
    assert_int_equal(device.waiting, before);
    assert_int_equal(cnc_counter(pump.cnc.shm, COUNTER_LINK_RX_WAITS), 1);

    release_all();
    assert_false(pump_may_sleep(&pump));
    device.waiting = 1;
    assert_int_equal(turn(), 1);
    assert_false(ring_space_wanted(&link_rx));
    assert_int_equal(pump_events(&pump), POLLIN);
}

static void
full_ring_stops_reading(void **state)
{
    (void)state;
    device.waiting = UINT32_MAX;
    device.len = 14;
    while (!pump.waits)
        turn();
    assert_int_equal(ring_ready(&link_rx), ring_table[RING_LINK_RX].slots);
}

/* ---- out ---- */

static void
frame_is_written_and_released(void **state)
{
    (void)state;
    send_frame(1000);
    assert_int_equal(turn(), 1);
    assert_int_equal(device.written, 1);
    assert_int_equal(device.last_len, 1042);
    assert_int_equal(ring_released(&ip_tx), 1);
    assert_int_equal(cnc_counter(pump.cnc.shm, COUNTER_LINK_TX_FRAMES), 1);
    assert_int_equal(cnc_counter(pump.cnc.shm, COUNTER_LINK_TX_BYTES), 1042);
}

static void
ipd_is_rung_for_space_only_when_it_wants_some(void **state)
{
    (void)state;
    rung();
    send_frame(0);
    turn();
    assert_false(rung());
    ring_want_space(&ip_tx, 1);
    send_frame(0);
    turn();
    assert_true(rung());
    turn();
    assert_false(rung());
}

static void
refused_frame_is_kept_ten_milliseconds(void **state)
{
    instant_t start;

    (void)state;
    send_frame(0);
    device.write_says = DRIVER_NOTHING;
    assert_int_equal(turn(), 0);
    start = now;
    assert_true(pump_may_sleep(&pump));
    assert_int_equal(pump_deadline(&pump).ns,
                     instant_add(start, duration_ms(10)).ns);
    assert_int_equal(pump_events(&pump), POLLIN | POLLOUT);
    assert_int_equal(turn(), 0);
    assert_int_equal(drops(DROP_LINK_DEVICE_REFUSED), 0);
    now = instant_add(start, duration_ms(10));
    assert_int_equal(turn(), 1);
    assert_int_equal(drops(DROP_LINK_DEVICE_REFUSED), 1);
    assert_int_equal(ring_released(&ip_tx), 1);
}

static void
frame_that_is_taken_in_time_is_not_lost(void **state)
{
    (void)state;
    send_frame(0);
    device.write_says = DRIVER_NOTHING;
    turn();
    now = instant_add(now, duration_ms(9));
    device.write_says = DRIVER_DONE;
    assert_int_equal(turn(), 1);
    assert_int_equal(device.written, 1);
    assert_true(instant_is_never(pump_deadline(&pump)));
    assert_int_equal(pump_events(&pump), POLLIN);
}

/* A ring full of frames for a dead device is not that many times 10 ms. */
static void
patience_is_spent_once(void **state)
{
    (void)state;
    for (int i = 0; i < 20; i++)
        send_frame(0);
    device.write_says = DRIVER_NOTHING;
    turn();
    now = instant_add(now, duration_ms(10));
    assert_int_equal(turn(), 20);
    assert_int_equal(drops(DROP_LINK_DEVICE_REFUSED), 20);
}

static void
erroneous_frame_is_dropped_at_once(void **state)
{
    (void)state;
    send_frame(0);
    send_frame(0);
    device.write_says = DRIVER_DROPPED;
    device.why = DROP_LINK_DEVICE_ERROR;
    assert_int_equal(turn(), 2);
    assert_int_equal(drops(DROP_LINK_DEVICE_ERROR), 2);
    assert_int_equal(ring_released(&ip_tx), 2);
}

static void
hostile_descriptor_is_dropped(void **state)
{
    struct packet p = {.region = REGION_IP_TX, .offset = 4, .len = 100};
    void *slot = ring_stage(&ip_tx, 0);

    (void)state;
    assert_non_null(slot);
    memcpy(slot, &p, sizeof p);
    ring_publish(&ip_tx, 1);
    assert_int_equal(turn(), 1);
    assert_int_equal(drops(DROP_LINK_BAD_DESCRIPTOR), 1);
    assert_int_equal(device.written, 0);
}

static void
waiting_for_ipd_does_not_stop_output(void **state)
{
    (void)state;
    fill_area();
    send_frame(0);
    assert_false(pump_may_sleep(&pump));
    assert_int_equal(turn(), 1);
    assert_int_equal(device.written, 1);
}

/* ---- which link ---- */

static void
link_has_regions_and_rings_of_its_own(void **state)
{
    struct packet p;

    close_pump_world(state);
    world.link = 2;
    open_pump_world();
    device.waiting = 1;
    send_frame(10);
    assert_int_equal(turn(), 2);
    assert_true(packet_copy(&link_rx, 0, &p, regions, REGIONS));
    assert_int_equal(p.region, REGION_LINK_RX + 2);
    assert_int_equal(device.written, 1);
    assert_int_equal(
        device.named,
        cnc_work_word(CNC_WORK_SLOT, (uint64_t)(RING_LINK_RX + 2) << 48 | 1));
}

/* What another linkd received lies in that one's region. */
static void
frame_of_another_link_is_forwarded(void **state)
{
    struct packet p = {
        .region = REGION_LINK_RX + 1, .offset = 4096, .len = 500};
    void *slot;

    (void)state;
    for (int i = 0; i < 2; i++) {
        slot = ring_stage(&ip_tx, 0);
        assert_non_null(slot);
        memcpy(slot, &p, sizeof p);
        ring_publish(&ip_tx, 1);
        turn();
        if (i == 0) /* that region was not handed over */
            assert_int_equal(drops(DROP_LINK_BAD_DESCRIPTOR), 1);
        else
            assert_int_equal(device.last_len, 500);
        if (i == 0)
            open_region(REGION_LINK_RX + 1, 8192);
    }
    assert_int_equal(device.written, 1);
}

static void
driver_looks_around_once_a_second(void **state)
{
    (void)state;
    pump.driver.look = device_look;
    turn();
    turn();
    assert_int_equal(device.looks, 1);
    assert_int_equal(pump_deadline(&pump).ns, now.ns + 999999000);
    now = pump_deadline(&pump);
    turn();
    assert_int_equal(device.looks, 2);
}

/* ---- restart ---- */

static void
successor_goes_on_where_the_rings_are(void **state)
{
    struct packet p;

    (void)state;
    device.waiting = 2;
    send_frame(0);
    turn();
    start_linkd();
    assert_true(rung());
    send_frame(10);
    device.waiting = 1;
    assert_int_equal(turn(), 2);
    assert_int_equal(device.written, 2);
    assert_int_equal(ring_ready(&link_rx), 3);
    for (uint32_t i = 0; i < 3; i++)
        assert_true(packet_copy(&link_rx, i, &p, regions, REGIONS));
}

static void
successor_of_one_that_waited_waits_again(void **state)
{
    (void)state;
    fill_area();
    start_linkd();
    assert_false(ring_space_wanted(&link_rx));
    turn();
    assert_true(pump.waits);
    assert_true(ring_space_wanted(&link_rx));
}

int
main(void)
{
#define CASE(f) cmocka_unit_test_setup_teardown(f, open_world, close_pump_world)
    static const struct CMUnitTest tests[] = {
        CASE(frame_reaches_ipd_with_what_the_device_says),
        CASE(slot_is_named_before_it_is_read_into),
        CASE(burst_is_bounded_in_frames),
        CASE(burst_is_bounded_in_bytes),
        CASE(bad_frame_is_counted_and_takes_no_slot),
        CASE(lost_device_is_reported),
        CASE(full_area_stops_reading_until_ipd_releases),
        CASE(full_ring_stops_reading),
        CASE(frame_is_written_and_released),
        CASE(ipd_is_rung_for_space_only_when_it_wants_some),
        CASE(refused_frame_is_kept_ten_milliseconds),
        CASE(frame_that_is_taken_in_time_is_not_lost),
        CASE(patience_is_spent_once),
        CASE(erroneous_frame_is_dropped_at_once),
        CASE(hostile_descriptor_is_dropped),
        CASE(waiting_for_ipd_does_not_stop_output),
        CASE(link_has_regions_and_rings_of_its_own),
        CASE(frame_of_another_link_is_forwarded),
        CASE(driver_looks_around_once_a_second),
        CASE(successor_goes_on_where_the_rings_are),
        CASE(successor_of_one_that_waited_waits_again),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
