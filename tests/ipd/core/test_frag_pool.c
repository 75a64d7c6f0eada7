/* SPDX-License-Identifier: MIT */
/* Tests of who may hold how much of the memory for reassembly. */
#include "tests/ipd/core/frag_cuts.h"

static void
ninth_datagram_pushes_out_the_sources_oldest(void **state)
{
    int32_t complete;

    (void)state;
    assert_int_equal(ADD(.src = FAR, .len = 8, .more = true), DROP_NONE);
    for (uint16_t id = 0; id < FRAG_SOURCE_MAX; id++) {
        const struct cut c = {.id = id, .len = 8, .more = true};

        assert_int_equal(add_at(&c, after_ms(1 + id), &complete), DROP_NONE);
    }
    assert_int_equal(frag_take_given_up(&table), 0);
    assert_int_equal(ADD(.id = 99, .len = 8, .more = true), DROP_NONE);
    assert_int_equal(frag_take_given_up(&table), 1);
    assert_int_equal(frag_take_given_up(&table), 0);
    assert_int_equal(ADD(.id = 1, .len = 8, .more = true),
                     DROP_IP_FRAG_DUPLICATE);
    COMPLETE(16, .src = FAR, .offset = 8, .len = 8);
    assert_int_equal(ADD(.id = 0, .offset = 8, .len = 8), DROP_NONE);
}

static void
flooding_source_leaves_others_their_share(void **state)
{
    (void)state;
    assert_int_equal(add_most(FAR, 1, BIG), DROP_NONE);
    assert_int_equal(add_most(FAR, 2, BIG), DROP_NONE);
    for (uint16_t id = 0; id < 1000; id++) {
        assert_int_equal(add_most(PEER, id, BIG), DROP_NONE);
        assert_true(table.free_blocks >= FRAG_BLOCKS / 2);
    }
    complete_most(FAR, 1, BIG);
    complete_most(FAR, 2, BIG);
    complete_most(PEER, 999, BIG);
}

/* Even as the oldest: else its own bytes would go before they are whole. */
static void
datagram_does_not_make_room_for_itself(void **state)
{
    const struct cut first = {.id = 9, .len = ETHERNET, .more = true};
    const instant_t before = {START.ns - 1};
    int32_t complete;

    (void)state;
    assert_int_equal(add_at(&first, before, &complete), DROP_NONE);
    for (uint16_t id = 0; id < 3; id++)
        assert_int_equal(add_most(PEER, id, BIG), DROP_NONE);
    assert_int_equal(add_most(PEER, 3, 9000), DROP_NONE);
    assert_int_equal(frag_take_given_up(&table), 0);
    for (uint32_t at = ETHERNET; at + ETHERNET < BIG; at += ETHERNET)
        assert_int_equal(
            ADD(.id = 9, .offset = at, .len = ETHERNET, .more = true),
            DROP_NONE);
    assert_int_equal(frag_take_given_up(&table), 1);
    complete_most(PEER, 9, BIG);
}

/* Four sources fill the memory; a fifth takes from whoever has most. */
static void
newcomer_finds_room_beside_big_ones(void **state)
{
    (void)state;
    for (uint32_t s = 0; s < 4; s++) {
        for (uint16_t id = 0; id < 4; id++)
            assert_int_equal(add_most(PEER + s, id, BIG), DROP_NONE);
    }
    assert_int_equal(table.free_blocks, 0);
    for (uint16_t id = 0; id < 3; id++)
        assert_int_equal(add_most(FAR, id, BIG), DROP_NONE);
    assert_int_equal(frag_take_given_up(&table), 3);
    for (uint16_t id = 0; id < 3; id++)
        complete_most(FAR, id, BIG);
    for (uint32_t s = 0; s < 4; s++)
        complete_most(PEER + s, 3, BIG);
}

static void
fresh_single_datagrams_are_not_pushed_out(void **state)
{
    const struct cut newcomer = {.src = FAR, .len = 8, .more = true};
    int32_t complete;

    (void)state;
    for (uint32_t s = 0; s < FRAG_DATAGRAMS; s++)
        assert_int_equal(ADD(.src = PEER + s, .len = 8, .more = true),
                         DROP_NONE);
    assert_int_equal(add(&newcomer), DROP_IP_FRAG_QUOTA);
    assert_int_equal(frag_take_given_up(&table), 0);
    assert_int_equal(add_at(&newcomer, after_ms(1999), &complete),
                     DROP_IP_FRAG_QUOTA);
    assert_int_equal(add_at(&newcomer, after_ms(2000), &complete), DROP_NONE);
    assert_int_equal(frag_take_given_up(&table), 1);
}

static void
dead_datagram_makes_room_uncounted(void **state)
{
    (void)state;
    for (uint16_t id = 0; id < 100; id++) {
        assert_int_equal(ADD(.id = id, .len = 16, .more = true), DROP_NONE);
        assert_int_equal(ADD(.id = id, .len = 24, .more = true),
                         DROP_IP_FRAG_OVERLAP);
    }
    assert_int_equal(frag_take_given_up(&table), 0);
    assert_int_equal(table.free_blocks, FRAG_BLOCKS);
}

/* Whatever comes from many sources: what is held and what is free is all. */
static void
nothing_leaks_under_a_flood(void **state)
{
    struct frag_expired e;
    struct rng r;
    instant_t now = START;

    (void)state;
    seed_from_clock(&r);
    for (uint32_t i = 0; i < 100000; i++) {
        uint32_t blocks = 0;
        struct cut c = {
            .src = PEER + (uint32_t)rng_below(&r, 100),
            .id = (uint16_t)rng_below(&r, 20),
            .offset = 8 * (uint32_t)rng_below(&r, 7000),
            .len = 8 * (1 + (uint32_t)rng_below(&r, 1000)),
            .more = rng_below(&r, 8) != 0,
        };
        int32_t complete;
        enum drop why;

        now = instant_add(now, duration_us((int64_t)rng_below(&r, 3000)));
        while (frag_expire(&table, now, &e))
            ;
        why = add_at(&c, now, &complete);
        assert_true(why < DROPS);
        if (complete >= 0)
            frag_free(&table, complete);
        for (uint32_t d = 0; d < FRAG_DATAGRAMS; d++) {
            blocks += table.datagrams[d].blocks;
            assert_true(table.sources[d].blocks <= FRAG_SOURCE_BLOCKS);
            assert_true(table.sources[d].datagrams <= FRAG_SOURCE_MAX);
        }
        assert_int_equal(blocks + table.free_blocks, FRAG_BLOCKS);
    }
    while (frag_expire(&table, instant_add(now, FRAG_TIMEOUT), &e))
        ;
    assert_empty();
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup(ninth_datagram_pushes_out_the_sources_oldest,
                               nothing_held),
        cmocka_unit_test_setup(flooding_source_leaves_others_their_share,
                               nothing_held),
        cmocka_unit_test_setup(datagram_does_not_make_room_for_itself,
                               nothing_held),
        cmocka_unit_test_setup(newcomer_finds_room_beside_big_ones,
                               nothing_held),
        cmocka_unit_test_setup(fresh_single_datagrams_are_not_pushed_out,
                               nothing_held),
        cmocka_unit_test_setup(dead_datagram_makes_room_uncounted,
                               nothing_held),
        cmocka_unit_test_setup(nothing_leaks_under_a_flood, nothing_held),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
