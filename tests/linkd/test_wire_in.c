/* SPDX-License-Identifier: MIT */
/* Tests of frames on their way in: joined, impaired, and staged. */
#include "tests/linkd/pump_world.h"

#include "base/rng.h"
#include "linkd/gso.h"
#include "tests/linkd/segment.h"

#include <errno.h>

#define QUEUE 400

/* The device: frames that it has to give, with their metadata. */
static struct {
    struct {
        uint8_t *bytes;
        uint32_t len;
        struct packet p;
    } frames[QUEUE];
    uint32_t first, end;
    uint32_t scribble; /* before this frame ipd's cursors turn to nonsense */
} device;

static enum driver_result
device_read(const struct driver *d, uint8_t *room, uint32_t size,
            struct packet *p, uint32_t *len, enum drop *why)
{
    uint32_t i = device.first;

    (void)d;
    *why = DROP_NONE;
    assert_int_equal(size, PACKET_MAX);
    if (i == device.end)
        return DRIVER_NOTHING;
    if (i + 1 == device.scribble)
        cnc_cursor(&regions[REGION_IPD_CNC], RING_LINK_RX)->head = 1u << 20;
    memset(room, 0xee, size); /* a driver may use all of the room */
    *len = device.frames[i].len;
    memcpy(room, device.frames[i].bytes, *len);
    p->flags = device.frames[i].p.flags;
    p->gso_size = device.frames[i].p.gso_size;
    p->csum_start = device.frames[i].p.csum_start;
    p->csum_offset = device.frames[i].p.csum_offset;
    free(device.frames[i].bytes);
    device.first++;
    return DRIVER_DONE;
}

static enum driver_result
device_write(const struct driver *d, const struct frame *f, enum drop *why)
{
    (void)d;
    (void)f;
    *why = DROP_NONE;
    return DRIVER_DONE;
}

static void
open_link(bool offloads)
{
    device.first = device.end = device.scribble = 0;
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

static int
close_link(void **state)
{
    for (; device.first < device.end; device.first++)
        free(device.frames[device.first].bytes);
    return close_pump_world(state);
}

/* The device gets a frame; `size`: it is one to be cut so. */
static void
give(struct segment s, uint16_t size)
{
    uint32_t i = device.end++;

    assert_true(i < QUEUE);
    device.frames[i].p = (struct packet){0};
    device.frames[i].bytes = malloc(PACKET_MAX);
    assert_non_null(device.frames[i].bytes);
    device.frames[i].len = segment_encode(&s, device.frames[i].bytes);
    if (size > 0)
        segment_offload(device.frames[i].bytes, device.frames[i].len, size,
                        &device.frames[i].p);
}

/* Text of one flow in segments of 1000 bytes. */
static void
give_text(uint32_t seq, uint32_t count)
{
    for (uint32_t i = 0; i < count; i++)
        give(segment_of(seq + i * 1000, 1000), 0);
}

/* The n-th packet that ipd has. */
static struct packet
packet_at(uint32_t n)
{
    struct packet p;

    assert_true(packet_copy(&link_rx, n, &p, regions, REGIONS));
    return p;
}

/* Takes `n` packets and releases them; they are text without a gap from `seq`
 * on, as tcpd would see it. Returns the sequence number behind it. */
static uint32_t
take_some(uint32_t seq, uint32_t n)
{
    for (uint32_t i = 0; i < n; i++) {
        struct packet p = packet_at(i);
        struct frame whole =
            frame_received(&p, packet_payload(&p, regions), p.len);
        struct frame piece;
        struct gso gso;

        assert_true(gso_start(&gso, &whole));
        while (gso_next(&gso, &piece)) {
            uint8_t wire[PACKET_MAX];
            struct ipv4 ip;
            struct tcp_header tcp;

            memcpy(wire, piece.header, piece.header_len);
            if (piece.len > 0)
                memcpy(wire + piece.header_len, piece.payload, piece.len);
            assert_true(segment_decode(wire, frame_size(&piece), &ip, &tcp));
            assert_int_equal(tcp.seq, seq);
            for (uint32_t at = SEGMENT_TCP + tcp.header_len;
                 at < frame_size(&piece); at++)
                assert_int_equal(wire[at], segment_text(seq++));
        }
    }
    ring_take(&link_rx, n);
    ring_publish_cursor(&link_rx, ring_position(&link_rx));
    return seq;
}

static uint32_t
take_text(uint32_t seq)
{
    return take_some(seq, ring_ready(&link_rx));
}

static void
set_impair(struct conf_impair in)
{
    const struct conf_impair set[CONF_DIRECTIONS] = {[CONF_IN] = in};

    pump_impair(&pump, set);
}

/* ---- joining ---- */

static void
segments_are_joined_within_a_turn(void **state)
{
    struct packet p;

    (void)state;
    give_text(1, 5);
    assert_int_equal(turn(), 1);
    p = packet_at(0);
    assert_int_equal(p.len, SEGMENT_TCP + 32 + 5000);
    assert_int_equal(p.gso_size, 1000);
    assert_int_equal(p.origin_ring, RINGS);
    assert_int_equal(p.arrival_ns, now.ns);
    assert_int_equal(take_text(1), 5001);
    assert_int_equal(cnc_counter(pump.cnc.shm, COUNTER_LINK_RX_FRAMES), 5);
}

static void
nothing_is_kept_for_the_next_turn(void **state)
{
    (void)state;
    give_text(1, 1);
    assert_int_equal(turn(), 1);
    assert_int_equal(packet_at(0).flags, PACKET_CSUM_VOUCHED);
    give_text(1001, 1);
    assert_int_equal(turn(), 1);
    assert_int_equal(take_text(1), 2001);
}

static void
flows_do_not_mix(void **state)
{
    struct segment other = segment_of(1, 300);

    (void)state;
    other.src_port = 99;
    give_text(1, 2);
    give(other, 0);
    give_text(2001, 1);
    give_text(3001, 1);
    assert_int_equal(turn(), 3);
    assert_int_equal(packet_at(0).len, 66 + 2000);
    assert_int_equal(packet_at(1).len, 66 + 300);
    assert_int_equal(packet_at(2).len, 66 + 2000);
}

static void
acknowledgements_pass_one_by_one(void **state)
{
    (void)state;
    for (uint32_t i = 0; i < 10; i++)
        give(segment_of(1, 0), 0);
    assert_int_equal(turn(), 10);
    for (uint32_t i = 0; i < 10; i++)
        assert_int_equal(packet_at(i).len, 66);
    assert_int_equal(packet_at(0).flags, 0);
}

static void
large_frame_of_the_peer_is_taken_all_the_same(void **state)
{
    (void)state;
    give(segment_of(1, 50000), 1448);
    give_text(50001, 3);
    assert_int_equal(turn(), 2);
    assert_int_equal(packet_at(0).gso_size, 1448);
    assert_true(packet_at(0).flags & PACKET_CSUM_PARTIAL);
    assert_int_equal(take_text(1), 53001);
}

static void
burst_of_small_frames_is_longer(void **state)
{
    (void)state;
    give_text(1, 100);
    assert_int_equal(turn(), 1);
    assert_int_equal(device.first, 64);
    turn();
    assert_int_equal(device.first, 100);
}

/* Whatever ipd holds, no frame that was read is lost, and reading stops in
 * time: random segments against an ipd that releases now and then. */
static void
full_area_loses_nothing(void **state)
{
    struct rng rng;
    uint64_t seed = 31;
    uint32_t given = 1, taken = 1, waits = 0;

    (void)state;
    print_message("seed %llu\n", (unsigned long long)seed);
    rng_seed(&rng, seed);
    for (int i = 0; i < 1500; i++) {
        while (device.end < QUEUE && rng_below(&rng, 40) > 0) {
            uint32_t n = rng_below(&rng, 30) == 0
                             ? 20000 + (uint32_t)rng_below(&rng, 40000)
                             : 1 + (uint32_t)rng_below(&rng, 3) * 700;

            give(segment_of(given, n), n > 20000 ? 1448 : 0);
            given += n;
        }
        turn();
        waits += pump.waits;
        if (rng_below(&rng, 3) == 0)
            taken = take_some(
                taken, (uint32_t)rng_below(&rng, ring_ready(&link_rx) + 1));
        if (device.first == device.end)
            device.first = device.end = 0;
    }
    while (turn() > 0 || pump.waits)
        taken = take_text(taken);
    assert_int_equal(take_text(taken), given);
    assert_true(waits > 0);
}

static void
full_ring_loses_nothing(void **state)
{
    uint32_t seq = 1, taken = 1;

    (void)state;
    while (!pump.waits) {
        struct segment s = segment_of(seq, 10);

        if (device.first == device.end)
            device.first = device.end = 0;
        s.flags = TCP_ACK | TCP_PSH;
        give(s, 0);
        seq += 10;
        give(segment_of(seq, 10), 0);
        seq += 10;
        turn();
    }
    assert_in_range(ring_ready(&link_rx), 1023, 1024);
    taken = take_text(taken);
    turn();
    assert_int_equal(take_text(taken), seq);
}

/* What was read is lost; linkd lives. */
static void
hostile_cursor_costs_frames_alone(void **state)
{
    (void)state;
    for (uint32_t at = 1; at < 5; at++) {
        close_link(state);
        open_link(false);
        for (uint32_t i = 0; i < 4; i++)
            give(segment_of(1 + i * (i + 1) * 1000, i == 2 ? 0 : 1000), 0);
        device.scribble = at;
        turn();
        assert_true(at == 4 || drops(DROP_LINK_RING_FULL) > 0);
        assert_int_equal(ring_position(&pump.in.ring) +
                             drops(DROP_LINK_RING_FULL),
                         device.first);
        turn();
        assert_true(pump.waits);
        assert_int_equal(turn(), 0);
    }
}

/* ---- a bad network ---- */

static void
large_packet_is_cut_impaired_and_joined_again(void **state)
{
    (void)state;
    set_impair((struct conf_impair){.seed = 1, .dup = 1});
    give(segment_of(1, 50000), 1448);
    assert_int_equal(turn(), 1);
    assert_int_equal(packet_at(0).gso_size, 1448);
    assert_int_equal(packet_at(0).len, 66 + 50000);
    assert_int_equal(take_text(1), 50001);
}

static void
lost_segments_are_counted_and_leave_a_gap(void **state)
{
    uint32_t there = 0;

    (void)state;
    set_impair((struct conf_impair){.seed = 1, .loss = 200000});
    give(segment_of(1, 40000), 1000);
    while (turn() > 0)
        ;
    for (uint32_t i = 0; i < ring_ready(&link_rx); i++)
        there += packet_at(i).len - 66;
    assert_in_range(drops(DROP_LINK_IMPAIRED), 1, 20);
    assert_int_equal(there, 40000 - drops(DROP_LINK_IMPAIRED) * 1000);
}

static void
damaged_segment_is_not_vouched_for(void **state)
{
    (void)state;
    set_impair((struct conf_impair){.seed = 1, .corrupt = 1000000});
    give(segment_of(1, 1000), 1000);
    assert_int_equal(turn(), 1);
    assert_int_equal(packet_at(0).flags & PACKET_CSUM_VOUCHED, 0);
}

static void
delayed_frame_comes_when_it_is_due(void **state)
{
    (void)state;
    set_impair((struct conf_impair){.delay_us = 3000});
    give_text(1, 1);
    assert_int_equal(turn(), 0);
    assert_true(pump_may_sleep(&pump));
    assert_int_equal(pump_deadline(&pump).ns, now.ns + 3000000);
    now = pump_deadline(&pump);
    assert_int_equal(turn(), 1);
    assert_int_equal(take_text(1), 1001);
    assert_true(instant_is_never(pump_deadline(&pump)));
}

/* Nothing that is due keeps linkd awake while ipd holds the area. */
static void
full_area_holds_what_is_due(void **state)
{
    uint32_t seq = 1, taken;

    (void)state;
    set_impair((struct conf_impair){.delay_us = 1});
    while (!pump.waits) {
        give(segment_of(seq, 60000), 1448);
        seq += 60000;
        turn();
    }
    assert_true(pump_may_sleep(&pump));
    assert_true(instant_is_never(pump_deadline(&pump)));
    taken = take_text(1);
    assert_false(pump_may_sleep(&pump));
    while (turn() > 0)
        taken = take_text(taken);
    assert_int_equal(taken, seq);
}

static void
frame_that_cannot_be_cut_is_dropped(void **state)
{
    (void)state;
    set_impair((struct conf_impair){.loss = 1});
    give(segment_of(1, 5000), 1000);
    device.frames[0].bytes[ETHER_LEN + 9] = IP_PROTO_UDP;
    assert_int_equal(turn(), 0);
    assert_int_equal(drops(DROP_LINK_BAD_VNET_HEADER), 1);
}

/* ---- neither ---- */

static void
link_with_offloads_touches_nothing(void **state)
{
    (void)state;
    give_text(1, 3);
    assert_int_equal(turn(), 3);
    assert_int_equal(packet_at(0).flags, 0);
    set_impair((struct conf_impair){.seed = 9});
    give_text(3001, 3);
    assert_int_equal(turn(), 3);
}

int
main(void)
{
#define PLAIN(f) cmocka_unit_test_setup_teardown(f, open_plain, close_link)
#define LARGE(f) cmocka_unit_test_setup_teardown(f, open_offloading, close_link)
    static const struct CMUnitTest tests[] = {
        PLAIN(segments_are_joined_within_a_turn),
        PLAIN(nothing_is_kept_for_the_next_turn),
        PLAIN(flows_do_not_mix),
        PLAIN(acknowledgements_pass_one_by_one),
        PLAIN(large_frame_of_the_peer_is_taken_all_the_same),
        PLAIN(burst_of_small_frames_is_longer),
        PLAIN(full_area_loses_nothing),
        PLAIN(full_ring_loses_nothing),
        PLAIN(hostile_cursor_costs_frames_alone),
        LARGE(large_packet_is_cut_impaired_and_joined_again),
        LARGE(lost_segments_are_counted_and_leave_a_gap),
        LARGE(damaged_segment_is_not_vouched_for),
        LARGE(delayed_frame_comes_when_it_is_due),
        LARGE(full_area_holds_what_is_due),
        LARGE(frame_that_cannot_be_cut_is_dropped),
        LARGE(link_with_offloads_touches_nothing),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
