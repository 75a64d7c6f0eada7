/* SPDX-License-Identifier: MIT */
/* Tests of frames on their way out: cut, completed, impaired, written. */
#include "tests/linkd/pump_world.h"

#include "tests/linkd/segment.h"

/* The device: what it was given, and how many frames it still takes. */
static struct {
    uint8_t last[PACKET_MAX];
    uint32_t last_len;
    uint32_t written, takes;
    uint32_t next; /* sequence number that is expected */
    uint32_t gaps;
    uint8_t flags, last_flags;
} device;

static enum driver_result
device_read(const struct driver *d, uint8_t *room, uint32_t size,
            struct packet *p, uint32_t *len, enum drop *why)
{
    (void)d;
    (void)room;
    (void)size;
    (void)p;
    (void)len;
    *why = DROP_NONE;
    return DRIVER_NOTHING;
}

/* Every frame of TCP that needs nothing done is right. */
static void
look_at_last(void)
{
    struct ipv4 ip;
    struct tcp_header tcp;

    assert_true(segment_decode(device.last, device.last_len, &ip, &tcp));
    device.gaps += tcp.seq != device.next;
    device.next = tcp.seq + device.last_len - SEGMENT_TCP - tcp.header_len;
    for (uint32_t i = SEGMENT_TCP + tcp.header_len; i < device.last_len; i++)
        assert_int_equal(device.last[i],
                         segment_text(device.next - (device.last_len - i)));
    device.last_flags = tcp.flags;
}

static enum driver_result
device_write(const struct driver *d, const struct frame *f, enum drop *why)
{
    (void)d;
    *why = DROP_NONE;
    if (device.takes == 0)
        return DRIVER_NOTHING;
    device.takes--;
    device.written++;
    device.flags = f->flags;
    device.last_len = frame_size(f);
    memcpy(device.last, f->header, f->header_len);
    if (f->len > 0)
        memcpy(device.last + f->header_len, f->payload, f->len);
    if (f->flags == 0)
        look_at_last();
    return DRIVER_DONE;
}

static void
open_link(bool offloads)
{
    memset(&device, 0, sizeof device);
    device.takes = UINT32_MAX;
    device.next = 1;
    world.offloads = offloads;
    world.driver =
        (struct driver){.fd = -1, .read = device_read, .write = device_write};
    open_pump_world();
}

static int
open_plain(void **state)
{
    (void)state;
    open_link(false);
    return 0;
}

static int
open_offloading(void **state)
{
    (void)state;
    open_link(true);
    return 0;
}

/* ipd sends `len` bytes of text in segments of `size`. */
static void
send_text(uint32_t seq, uint32_t len, uint16_t size)
{
    static uint8_t bytes[PACKET_MAX];
    struct segment s = segment_of(seq, len);
    struct packet p = {.header_len = SEGMENT_TCP};
    uint32_t n;

    s.flags = TCP_ACK | TCP_PSH;
    n = segment_encode(&s, bytes);
    segment_offload(bytes, n, size, &p);
    memcpy(p.header, bytes, SEGMENT_TCP);
    send_packet(p, bytes + SEGMENT_TCP, n - SEGMENT_TCP);
}

static void
set_impair(struct conf_impair out)
{
    const struct conf_impair set[CONF_DIRECTIONS] = {[CONF_OUT] = out};

    pump_impair(&pump, set);
}

/* ---- without offloads ---- */

static void
large_packet_is_cut_for_the_device(void **state)
{
    (void)state;
    send_text(1, 5000, 1448);
    assert_int_equal(turn(), 4);
    assert_int_equal(device.written, 4);
    assert_int_equal(device.gaps, 0);
    assert_int_equal(device.next, 5001);
    assert_int_equal(device.last_flags, TCP_ACK | TCP_PSH);
    assert_int_equal(ring_released(&ip_tx), 1);
    assert_int_equal(cnc_counter(pump.cnc.shm, COUNTER_LINK_TX_FRAMES), 4);
}

static void
checksum_is_completed_for_the_device(void **state)
{
    (void)state;
    send_text(1, 100, 0);
    assert_int_equal(turn(), 1);
    assert_int_equal(device.flags, 0);
    assert_int_equal(device.next, 101);
}

static void
packet_is_held_until_its_last_piece_is_written(void **state)
{
    (void)state;
    device.takes = 2;
    send_text(1, 5000, 1448);
    assert_int_equal(turn(), 2);
    assert_int_equal(ring_released(&ip_tx), 0);
    assert_int_equal(pump_deadline(&pump).ns,
                     instant_add(now, duration_ms(10)).ns);
    device.takes = 10;
    assert_int_equal(turn(), 2);
    assert_int_equal(ring_released(&ip_tx), 1);
    assert_int_equal(device.gaps, 0);
    assert_int_equal(device.next, 5001);
    assert_int_equal(drops(DROP_LINK_DEVICE_REFUSED), 0);
}

static void
pieces_are_given_up_like_frames(void **state)
{
    (void)state;
    device.takes = 1;
    send_text(1, 5000, 1448);
    turn();
    now = instant_add(now, duration_ms(10));
    assert_int_equal(turn(), 3);
    assert_int_equal(drops(DROP_LINK_DEVICE_REFUSED), 3);
    assert_int_equal(ring_released(&ip_tx), 1);
}

static void
long_packet_takes_more_than_a_turn(void **state)
{
    (void)state;
    send_text(1, 10000, 100);
    assert_int_equal(turn(), 64);
    assert_false(pump_may_sleep(&pump));
    assert_int_equal(turn(), 36);
    assert_int_equal(device.gaps, 0);
    assert_int_equal(ring_released(&ip_tx), 1);
}

static void
successor_begins_the_packet_anew(void **state)
{
    (void)state;
    device.takes = 2;
    send_text(1, 5000, 1448);
    turn();
    start_linkd();
    device.takes = 10;
    assert_int_equal(turn(), 4);
    assert_int_equal(device.gaps, 1);
    assert_int_equal(device.next, 5001);
}

static void
packet_that_cannot_be_cut_is_dropped(void **state)
{
    struct packet p = {
        .header_len = SEGMENT_TCP, .flags = PACKET_GSO_TCPV4, .gso_size = 10};

    (void)state;
    send_packet(p, NULL, 1000);
    assert_int_equal(turn(), 1);
    assert_int_equal(drops(DROP_LINK_BAD_DESCRIPTOR), 1);
    assert_int_equal(ring_released(&ip_tx), 1);
    assert_int_equal(device.written, 0);
}

/* ---- a bad network ---- */

static void
segments_are_lost_one_by_one(void **state)
{
    (void)state;
    set_impair((struct conf_impair){.seed = 1, .loss = 200000});
    send_text(1, 40000, 1000);
    while (turn() > 0)
        ;
    assert_in_range(drops(DROP_LINK_IMPAIRED), 1, 20);
    assert_int_equal(device.written + drops(DROP_LINK_IMPAIRED), 40);
    assert_int_equal(ring_released(&ip_tx), 1);
}

static void
delayed_frames_hold_no_memory_of_others(void **state)
{
    (void)state;
    set_impair((struct conf_impair){.delay_us = 2000});
    send_text(1, 5000, 1000);
    turn();
    assert_int_equal(ring_released(&ip_tx), 1);
    assert_int_equal(device.written, 0);
    turn();
    assert_true(pump_may_sleep(&pump));
    assert_int_equal(pump_deadline(&pump).ns, now.ns + 2000000 - 1000);
    now = pump_deadline(&pump);
    assert_int_equal(turn(), 5);
    assert_int_equal(device.gaps, 0);
    assert_int_equal(device.next, 5001);
}

static void
rate_lets_only_so_much_pass(void **state)
{
    (void)state;
    set_impair((struct conf_impair){.rate = 10000000}); /* 10 a us */
    send_text(1, 50000, 1000);
    for (int us = 0; us < 1000; us++)
        turn();
    assert_in_range(device.written, 8, 10);
    for (int us = 0; us < 5000; us++)
        turn();
    assert_int_equal(device.written, 50);
    assert_int_equal(device.gaps, 0);
}

static void
refused_frames_wait_in_the_line(void **state)
{
    (void)state;
    set_impair((struct conf_impair){.dup = 1});
    device.takes = 3;
    send_text(1, 5000, 1000);
    send_text(5001, 5000, 1000);
    while (turn() > 0)
        ;
    assert_int_equal(device.written, 3);
    assert_int_equal(ring_ready(&pump.out.ring), 1);
    assert_true(pump_may_sleep(&pump));
    assert_int_equal(pump_deadline(&pump).ns, pump.give_up.ns);
    device.takes = 100;
    while (turn() > 0)
        ;
    assert_int_equal(device.next, 10001);
    assert_int_equal(device.gaps, 0);
}

static void
what_is_being_cut_is_finished_before_impairments(void **state)
{
    (void)state;
    pump.out.cuts = true;
    device.takes = 2;
    send_text(1, 5000, 1000);
    turn();
    set_impair((struct conf_impair){.loss = 1000000});
    device.takes = 100;
    while (turn() > 0)
        ;
    assert_int_equal(device.written, 5);
    send_text(5001, 5000, 1000);
    while (turn() > 0)
        ;
    assert_int_equal(device.written, 5);
    assert_int_equal(drops(DROP_LINK_IMPAIRED), 5);
}

/* ---- neither ---- */

static void
link_with_offloads_writes_packets_whole(void **state)
{
    (void)state;
    send_text(1, 50000, 1448);
    assert_int_equal(turn(), 1);
    assert_int_equal(device.written, 1);
    assert_int_equal(device.flags, PACKET_CSUM_VOUCHED | PACKET_CSUM_PARTIAL |
                                       PACKET_GSO_TCPV4);
    assert_int_equal(device.last_len, 66 + 50000);
}

int
main(void)
{
#define PLAIN(f)                                                               \
    cmocka_unit_test_setup_teardown(f, open_plain, close_pump_world)
#define LARGE(f)                                                               \
    cmocka_unit_test_setup_teardown(f, open_offloading, close_pump_world)
    static const struct CMUnitTest tests[] = {
        PLAIN(large_packet_is_cut_for_the_device),
        PLAIN(checksum_is_completed_for_the_device),
        PLAIN(packet_is_held_until_its_last_piece_is_written),
        PLAIN(pieces_are_given_up_like_frames),
        PLAIN(long_packet_takes_more_than_a_turn),
        PLAIN(successor_begins_the_packet_anew),
        PLAIN(packet_that_cannot_be_cut_is_dropped),
        LARGE(segments_are_lost_one_by_one),
        LARGE(delayed_frames_hold_no_memory_of_others),
        LARGE(rate_lets_only_so_much_pass),
        LARGE(refused_frames_wait_in_the_line),
        LARGE(what_is_being_cut_is_finished_before_impairments),
        LARGE(link_with_offloads_writes_packets_whole),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
