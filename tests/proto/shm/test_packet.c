/* SPDX-License-Identifier: MIT */
/* Tests of descriptors from hostile peers and of computing what is released. */
#include "tests/proto/shm/packet_fixture.h"

#include "base/rng.h"

#include <time.h>

/* ---- descriptors ---- */

static struct packet
good_packet(void)
{
    return (struct packet){
        .region = REGION_LINK_RX,
        .offset = area.start,
        .len = 100,
        .header_len = 34,
        .flags = PACKET_CSUM_PARTIAL | PACKET_GSO_TCPV4,
        .gso_size = 50,
        .csum_start = 34,
        .csum_offset = 16,
    };
}

/* What the consumer makes of `p`. */
static bool
accepted(struct packet p)
{
    struct packet copy;
    bool ok;

    *stage(0) = p;
    ring_publish(&pipe_.producer, 1);
    assert_int_equal(ring_ready(&pipe_.consumer), 1);
    ok = packet_copy(&pipe_.consumer, 0, &copy, regions, REGION_IDS);
    assert_memory_equal(&copy, &p, sizeof p);
    release(1);
    return ok;
}

static void
sound_packet_is_accepted(void **state)
{
    struct packet p = good_packet();

    (void)state;
    assert_true(accepted(p));
    assert_ptr_equal(packet_payload(&p, regions),
                     pipe_.region.base + area.start);
}

static void
payload_outside_its_region_is_refused(void **state)
{
    struct packet p = good_packet();

    (void)state;
    p.offset = (uint32_t)pipe_.region.size - p.len;
    assert_true(accepted(p));
    p.offset++;
    assert_false(accepted(p));
    p.offset = UINT32_MAX;
    assert_false(accepted(p));
    p = good_packet();
    p.len = UINT32_MAX;
    assert_false(accepted(p));
    p.len = PACKET_MAX + 1;
    assert_false(accepted(p));
    p = good_packet();
    p.offset = 0; /* the region's header */
    assert_false(accepted(p));
}

static void
payload_longer_than_any_packet_is_refused(void **state)
{
    struct packet p = good_packet();

    (void)state;
    regions[REGION_IP_RX] = region_new(REGION_IP_RX, 2 * PACKET_MAX);
    p.region = REGION_IP_RX;
    p.len = PACKET_MAX;
    assert_true(accepted(p));
    p.len++;
    assert_false(accepted(p));
    region_unmap(&regions[REGION_IP_RX]);
}

static void
payload_in_a_region_that_is_not_mapped_is_refused(void **state)
{
    struct packet p = good_packet();

    (void)state;
    p.region = REGION_TCP_TX;
    assert_false(accepted(p));
    p.region = REGION_IDS;
    assert_false(accepted(p));
    p.region = UINT16_MAX;
    assert_false(accepted(p));
}

static void
payload_in_a_region_that_holds_secrets_is_refused(void **state)
{
    struct packet p = good_packet();

    (void)state;
    p.region = REGION_TCPD_STATE;
    assert_false(accepted(p));
    p.region = REGION_NONE;
    assert_false(accepted(p));
}

static void
packet_of_headers_alone_needs_no_region(void **state)
{
    struct packet p = {.header_len = 42, .region = REGION_NONE};

    (void)state;
    assert_true(accepted(p));
    assert_null(packet_payload(&p, regions));
    p.header_len = 0;
    assert_false(accepted(p));
}

static void
impossible_header_lengths_and_flags_are_refused(void **state)
{
    struct packet p = good_packet();

    (void)state;
    p.header_len = PACKET_HEADER;
    assert_true(accepted(p));
    p.header_len++;
    assert_false(accepted(p));
    p = good_packet();
    p.flags |= 8;
    assert_false(accepted(p));
    p = good_packet();
    p.gso_size = 0;
    assert_false(accepted(p));
}

static void
checksum_behind_the_packet_is_refused(void **state)
{
    struct packet p = good_packet();

    (void)state;
    p.csum_start = (uint16_t)(p.header_len + p.len - 18);
    assert_true(accepted(p));
    p.csum_start++;
    assert_false(accepted(p));
    p.csum_start = UINT16_MAX;
    p.csum_offset = UINT16_MAX;
    assert_false(accepted(p));
    p.flags = 0; /* the fields mean nothing then */
    assert_true(accepted(p));
}

/* Who only looks: at any position, taken or not, and also when the producer has
 * gone on and overwritten the slot. */
static void
observer_sees_what_is_at_a_position(void **state)
{
    struct packet p = good_packet(), copy;

    (void)state;
    for (uint64_t at = 0; at < 2 * SLOTS; at++) {
        p.flow_hash = (uint32_t)at + 1;
        assert_true(accepted(p));
        assert_true(packet_observe(&row, at, &copy, regions, REGION_IDS));
        assert_memory_equal(&copy, &p, sizeof p);
    }
    assert_true(packet_observe(&row, 3, &copy, regions, REGION_IDS));
    assert_int_equal(copy.flow_hash, SLOTS + 4);
}

static void
observer_is_shown_no_hostile_packet(void **state)
{
    struct packet p = good_packet(), copy;

    (void)state;
    p.offset = UINT32_MAX;
    assert_false(accepted(p));
    assert_false(packet_observe(&row, 0, &copy, regions, REGION_IDS));
    regions[REGION_LINK_RX] = (struct region){.base = NULL};
    assert_false(packet_observe(&row, 0, &copy, regions, REGION_IDS));
}

/* ---- released ---- */

/* One output packet that came from position `origin` of ring `from`. */
static void
forward(uint8_t from, uint64_t origin)
{
    struct packet *p = stage(0);

    p->origin_ring = from;
    p->origin = origin;
    ring_publish(&pipe_.producer, 1);
}

static void
without_outputs_all_that_was_taken_is_released(void **state)
{
    struct held held = {.out = &pipe_.producer};

    (void)state;
    assert_int_equal(packet_released(RING_LINK_RX, 0, &held, 1), 0);
    assert_int_equal(packet_released(RING_LINK_RX, 77, &held, 1), 77);
    assert_int_equal(packet_released(RING_LINK_RX, 77, NULL, 0), 77);
}

static void
oldest_unreleased_output_holds_its_origin(void **state)
{
    struct held held = {.out = &pipe_.producer};

    (void)state;
    forward(RING_LINK_RX, 10);
    forward(RING_LINK_RX, 12);
    assert_int_equal(packet_released(RING_LINK_RX, 20, &held, 1), 10);
    release(1);
    assert_int_equal(packet_released(RING_LINK_RX, 20, &held, 1), 12);
    release(1);
    assert_int_equal(packet_released(RING_LINK_RX, 20, &held, 1), 20);
}

static void
output_of_another_input_holds_nothing(void **state)
{
    struct held held = {.out = &pipe_.producer};

    (void)state;
    forward(RING_TCP_TX, 3);
    forward(RINGS, 0); /* its own */
    assert_int_equal(packet_released(RING_LINK_RX, 20, &held, 1), 20);
    forward(RING_LINK_RX, 15);
    assert_int_equal(packet_released(RING_LINK_RX, 20, &held, 1), 15);
}

static void
several_outputs_hold_by_the_smallest(void **state)
{
    struct pipe other;
    struct held held[2];

    (void)state;
    pipe_open(&other, &row);
    held[0] = (struct held){.out = &pipe_.producer};
    held[1] = (struct held){.out = &other.producer};
    forward(RING_LINK_RX, 8);

    struct packet *p = ring_stage(&other.producer, 0);

    CHECK(p != NULL);
    *p = (struct packet){.origin_ring = RING_LINK_RX, .origin = 6};
    ring_publish(&other.producer, 1);
    assert_int_equal(packet_released(RING_LINK_RX, 9, held, 2), 6);
    other.cursor->head = 1;
    other.cursor->released = 1;
    assert_int_equal(packet_released(RING_LINK_RX, 9, held, 2), 8);
    pipe_close(&other);
}

static void
broken_output_does_not_stop_its_input(void **state)
{
    struct held held = {.out = &pipe_.producer};

    (void)state;
    forward(RING_LINK_RX, 8);
    assert_int_equal(packet_released(RING_LINK_RX, 9, &held, 1), 8);
    pipe_.cursor->released = UINT64_MAX;
    assert_int_equal(packet_released(RING_LINK_RX, 9, &held, 1), 9);
}

/* The hints may save time, never change the answer: a successor has none. */
static void
random_use_agrees_with_who_has_no_hints(void **state)
{
    struct held kept = {.out = &pipe_.producer};
    uint64_t head = 0, last = 0, seed = (uint64_t)time(NULL);
    struct rng rng;

    (void)state;
    print_message("seed %llu\n", (unsigned long long)seed);
    rng_seed(&rng, seed);
    for (int i = 0; i < 100000; i++) {
        struct held none = {.out = &pipe_.producer};
        uint64_t depth, answer;

        if (rng_below(&rng, 2) && ring_stage(&pipe_.producer, 0) != NULL)
            forward(rng_below(&rng, 3) ? RING_LINK_RX : RING_TCP_TX, head);
        head += rng_below(&rng, 2);
        depth = ring_position(&pipe_.producer) -
                ring_shown_released(&pipe_.consumer);
        if (rng_below(&rng, 4) == 0)
            release((uint32_t)rng_below(&rng, depth + 1));
        if (rng_below(&rng, 3) == 0)
            continue;
        answer = packet_released(RING_LINK_RX, head, &kept, 1);
        assert_int_equal(answer, packet_released(RING_LINK_RX, head, &none, 1));
        assert_true(answer >= last && answer <= head);
        last = answer;
    }
}

int
main(void)
{
    static const struct CMUnitTest tests[] = {
        WITH_AREA(sound_packet_is_accepted),
        WITH_AREA(payload_outside_its_region_is_refused),
        WITH_AREA(payload_longer_than_any_packet_is_refused),
        WITH_AREA(payload_in_a_region_that_is_not_mapped_is_refused),
        WITH_AREA(payload_in_a_region_that_holds_secrets_is_refused),
        WITH_AREA(packet_of_headers_alone_needs_no_region),
        WITH_AREA(impossible_header_lengths_and_flags_are_refused),
        WITH_AREA(checksum_behind_the_packet_is_refused),
        WITH_AREA(observer_sees_what_is_at_a_position),
        WITH_AREA(observer_is_shown_no_hostile_packet),
        WITH_AREA(without_outputs_all_that_was_taken_is_released),
        WITH_AREA(oldest_unreleased_output_holds_its_origin),
        WITH_AREA(output_of_another_input_holds_nothing),
        WITH_AREA(several_outputs_hold_by_the_smallest),
        WITH_AREA(broken_output_does_not_stop_its_input),
        WITH_AREA(random_use_agrees_with_who_has_no_hints),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
