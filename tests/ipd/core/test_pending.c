/* SPDX-License-Identifier: MIT */
/* Tests of packets that wait for ARP. */
#include "tests/ipd/frames.h"

#include "base/rng.h"
#include "ipd/core/pending.h"
#include "tests/proto/wire/fixture.h"

static struct pending pending;
static uint32_t link;
static enum outgoing_kind kind;
static uint8_t bytes[65536];
static uint8_t back[65536];

static int
nothing_waits(void **state)
{
    (void)state;
    link = 0;
    kind = OUTGOING_SEGMENT;
    memset(&pending, 0xcc, sizeof pending);
    pending_init(&pending);
    return 0;
}

/* Bytes that differ from packet to packet. */
static void
fill(uint32_t seed, uint32_t len)
{
    struct rng r;

    rng_seed(&r, seed);
    rng_fill(&r, bytes, len);
}

static bool
keep(uint32_t hop, uint32_t seed, uint32_t len)
{
    const struct outgoing o = {
        .path = {.link = link, .next_hop = addr_v4(hop)},
        .dst = addr_v4(seed),
        .len = len,
        .kind = (uint8_t)kind,
        .serial = 5,
    };

    fill(seed, len);
    return pending_keep(&pending, &o, bytes);
}

static void
assert_holds(uint32_t i, uint32_t seed, uint32_t len)
{
    assert_int_equal(pending.packets[i].out.len, len);
    assert_int_equal(addr_to_v4(pending.packets[i].out.dst), seed);
    assert_int_equal(pending.packets[i].out.serial, 5);
    fill(seed, len);
    pending_read(&pending, i, back);
    assert_memory_equal(back, bytes, len);
}

static void
packet_comes_back_as_it_was(void **state)
{
    static const uint32_t len[] = {1, 2047, 2048, 2049, 65515};

    (void)state;
    for (uint32_t i = 0; i < 5; i++) {
        assert_true(keep(PEER, i, len[i]));
        assert_holds(0, i, len[i]);
        pending_remove(&pending, 0);
        assert_int_equal(pending.free_chunks, PENDING_CHUNKS);
    }
}

static void
one_hop_keeps_four(void **state)
{
    (void)state;
    for (uint32_t i = 0; i < PENDING_PER_HOP; i++)
        assert_true(keep(PEER, i, 100));
    assert_false(keep(PEER, 9, 100));
    assert_true(keep(GATEWAY, 9, 100));
    link = 1;
    assert_true(keep(PEER, 8, 100)); /* another host */
    link = 0;
    pending_remove(&pending, 0);
    assert_true(keep(PEER, 10, 100));
    assert_holds(0, 1, 100); /* oldest first */
    assert_holds(5, 10, 100);
}

static void
all_hops_keep_sixty_four(void **state)
{
    (void)state;
    for (uint32_t i = 0; i < PENDING_PACKETS; i++)
        assert_true(keep(PEER + i, i, 10));
    assert_false(keep(FAR, 99, 10));
    for (uint32_t i = 0; i < PENDING_PACKETS; i++)
        assert_holds(i, i, 10);
}

static void
bytes_are_bounded(void **state)
{
    (void)state;
    for (uint32_t i = 0; i < 4; i++)
        assert_true(keep(PEER + i, i, 65515));
    assert_int_equal(pending.free_chunks, 0);
    assert_false(keep(FAR, 9, 1));
    pending_remove(&pending, 2);
    assert_true(keep(FAR, 9, 65515));
    assert_holds(0, 0, 65515);
    assert_holds(1, 1, 65515);
    assert_holds(2, 3, 65515);
    assert_holds(3, 9, 65515);
}

static void
what_is_passed_on_leaves_half_to_what_is_ours(void **state)
{
    (void)state;
    kind = OUTGOING_FORWARD;
    for (uint32_t i = 0; i < PENDING_PACKETS / 2; i++)
        assert_true(keep(PEER + i, i, 10));
    assert_false(keep(FAR, 99, 10));
    kind = OUTGOING_SEGMENT;
    assert_true(keep(FAR, 99, 10));

    pending_init(&pending);
    kind = OUTGOING_FORWARD;
    assert_true(keep(PEER, 0, 65515));
    assert_true(keep(PEER, 1, 65515));
    assert_false(keep(PEER, 2, 1));
    kind = OUTGOING_PING;
    assert_true(keep(PEER, 2, 65515));
}

/* Any mixture of keeping and removing loses no chunk and mixes no bytes. */
static void
random_order_mixes_nothing(void **state)
{
    struct rng r;

    (void)state;
    seed_from_clock(&r);
    for (uint32_t round = 0; round < 2000; round++) {
        uint32_t len = (uint32_t)rng_below(&r, 9000) + 1;

        if (rng_below(&r, 2) == 0) {
            (void)!keep(PEER + (uint32_t)rng_below(&r, 30), round, len);
        } else if (pending.count > 0) {
            uint32_t i = (uint32_t)rng_below(&r, pending.count);

            assert_holds(i, addr_to_v4(pending.packets[i].out.dst),
                         pending.packets[i].out.len);
            pending_remove(&pending, i);
        }
    }
    while (pending.count > 0) {
        assert_holds(0, addr_to_v4(pending.packets[0].out.dst),
                     pending.packets[0].out.len);
        pending_remove(&pending, 0);
    }
    assert_int_equal(pending.free_chunks, PENDING_CHUNKS);
}

int
main(void)
{
#define CASE(f) cmocka_unit_test_setup(f, nothing_waits)
    static const struct CMUnitTest tests[] = {
        CASE(packet_comes_back_as_it_was),
        CASE(one_hop_keeps_four),
        CASE(all_hops_keep_sixty_four),
        CASE(bytes_are_bounded),
        CASE(what_is_passed_on_leaves_half_to_what_is_ours),
        CASE(random_order_mixes_nothing),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
