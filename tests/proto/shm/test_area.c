/* SPDX-License-Identifier: MIT */
/* Tests of the circular data area, at last against an oracle that knows what
 * lies where. */
#include "tests/proto/shm/packet_fixture.h"

#include "base/rng.h"

#include <time.h>

static void
packets_follow_each_other_in_whole_cache_lines(void **state)
{
    (void)state;
    assert_int_equal(send(1), 0);
    assert_int_equal(send(64), 64);
    assert_int_equal(send(65), 128);
    assert_int_equal(send(10), 256);
}

static void
area_lies_behind_the_slots_on_a_cache_line(void **state)
{
    (void)state;
    assert_int_equal(area.start, SHM_LINE + sizeof(struct ring_shm) +
                                     SLOTS * sizeof(struct packet));
    assert_int_equal(area.start % 64, 0);
}

static void
quiet_area_starts_at_the_front_again_after_a_quarter(void **state)
{
    (void)state;
    for (uint32_t at = 0; at < AREA / 4; at += 128) {
        assert_int_equal(send(100), at);
        release(1);
    }
    assert_int_equal(send(100), 0);
}

static void
held_packet_keeps_the_area_from_its_front(void **state)
{
    (void)state;
    for (uint32_t at = 0; at < AREA / 2; at += 128) {
        assert_int_equal(send(100), at);
        if (at > 0)
            release(1);
    }
    release(1);
    assert_int_equal(send(100), 0);
}

static void
quiet_area_starts_at_the_front_when_the_rest_is_too_short(void **state)
{
    (void)state;
    assert_int_equal(send(100), 0);
    release(1);
    assert_int_equal(send(AREA), 0);
}

static void
asking_again_gives_the_same_room(void **state)
{
    uint8_t *room;

    (void)state;
    send(100);
    room = area_reserve(&area, 0, 1000);
    assert_ptr_equal(area_reserve(&area, 0, 1000), room);
    assert_ptr_equal(area_reserve(&area, 0, 10), room);
}

static void
committing_less_than_reserved_gives_the_rest_back(void **state)
{
    struct packet *p;

    (void)state;
    assert_non_null(area_reserve(&area, 0, 3000));
    p = stage(0);
    area_commit(&area, p, 10);
    assert_int_equal(p->len, 10);
    ring_publish(&pipe_.producer, 1);
    assert_int_equal(send(3000), 64);
}

static void
staged_packets_hold_their_room(void **state)
{
    uint8_t *first = area_reserve(&area, 0, 2048);

    (void)state;
    area_commit(&area, stage(0), 2048);
    assert_ptr_equal(area_reserve(&area, 1, 2048), first + 2048);
    area_commit(&area, stage(1), 2048);
    assert_null(area_reserve(&area, 2, 64));
}

static void
full_area_gives_nothing_until_released(void **state)
{
    (void)state;
    send(2048);
    send(2048);
    assert_null(area_reserve(&area, 0, 1));
    release(0);
    assert_null(area_reserve(&area, 0, 1)); /* taken, not released */
    release(1);
    assert_null(area_reserve(&area, 0, 2049));
    assert_int_equal(send(2048), 0);
    assert_null(area_reserve(&area, 0, 1));
}

static void
packet_is_never_cut_at_the_end_of_the_area(void **state)
{
    (void)state;
    send(1024);
    send(2048);
    assert_null(
        area_reserve(&area, 0, 1025)); /* 1024 at the end, none in front */
    release(1);
    assert_null(area_reserve(&area, 0, 1025));
    assert_int_equal(send(1024), 3072);
    assert_int_equal(send(1024), 0);
    assert_null(area_reserve(&area, 0, 1));
}

static void
packets_of_other_regions_hold_no_room(void **state)
{
    struct packet *p = stage(0);

    (void)state;
    *p = (struct packet){
        .region = REGION_TCP_TX, .offset = area.start, .len = 4096};
    ring_publish(&pipe_.producer, 1);
    p = stage(0);
    p->header_len = 42; /* headers alone */
    ring_publish(&pipe_.producer, 1);
    assert_int_equal(send(4096), 0);
    assert_null(area_reserve(&area, 0, 1));
    release(2);
    assert_null(area_reserve(&area, 0, 1));
    release(1);
    assert_non_null(area_reserve(&area, 0, 4096));
}

static void
slot_given_up_and_staged_anew_holds_its_room(void **state)
{
    struct packet *p = stage(0);

    (void)state;
    p->header_len = 42;
    assert_non_null(area_reserve(&area, 1, 64)); /* looks past slot 0 */
    assert_non_null(area_reserve(&area, 0, 4096));
    area_commit(&area, stage(0), 4096);
    assert_null(area_reserve(&area, 1, 64));
}

static void
broken_ring_gives_no_room(void **state)
{
    (void)state;
    pipe_.cursor->released = 9;
    assert_null(area_reserve(&area, 0, 1));
}

static void
successor_goes_on_behind_what_is_held(void **state)
{
    struct ring again;

    (void)state;
    send(1024);
    send(2048);
    release(1);
    send(100); /* at 3072 */
    assert_int_equal(send(100), 3200);
    assert_true(ring_join_producer(&again, &pipe_.region, pipe_.cursor, &row));
    pipe_.producer = again;
    area_join(&area, &pipe_.region, &pipe_.producer, &row);
    assert_int_equal(send(100), 3328);
    assert_int_equal(send(1024), 0); /* no room at the end: round */
    assert_null(area_reserve(&area, 0, 1));
}

/* What lies where, known without looking at the ring. */
struct oracle {
    uint32_t begin[SLOTS], end[SLOTS]; /* by ring position % SLOTS */
    uint64_t released, sent;
};

static void
room_is_free(const struct oracle *o, uint32_t begin, uint32_t len)
{
    assert_true(begin % 64 == 0 && begin + len <= AREA);
    for (uint64_t at = o->released; at < o->sent; at++)
        assert_true(o->end[at % SLOTS] <= begin ||
                    o->begin[at % SLOTS] >= begin + len);
}

static void
successor_takes_over(void)
{
    struct ring again;

    assert_true(ring_join_producer(&again, &pipe_.region, pipe_.cursor, &row));
    pipe_.producer = again;
    area_join(&area, &pipe_.region, &pipe_.producer, &row);
}

static void
stage_at_random(struct oracle *o, struct rng *rng)
{
    uint32_t staged = 0, wanted = (uint32_t)rng_below(rng, 4);

    while (staged < wanted && ring_stage(&pipe_.producer, staged) != NULL) {
        uint32_t len = 1 + (uint32_t)rng_below(rng, 1500);
        uint32_t kept = 1 + (uint32_t)rng_below(rng, len);
        uint64_t at = o->sent % SLOTS;
        uint8_t *room = area_reserve(&area, staged, len);
        struct packet *p = stage(staged);

        o->begin[at] = o->end[at] = 0;
        if (room != NULL && rng_below(rng, 4) > 0) {
            area_commit(&area, p, kept);
            room_is_free(o, p->offset - area.start, kept);
            o->begin[at] = p->offset - area.start;
            o->end[at] = o->begin[at] + kept;
        } else {
            p->header_len = 1;
        }
        staged++;
        o->sent++;
    }
    ring_publish(&pipe_.producer, staged);
}

static void
random_use_never_gives_out_what_is_held(void **state)
{
    struct oracle o = {.sent = 0};
    struct rng rng;
    uint64_t seed = (uint64_t)time(NULL);

    (void)state;
    print_message("seed %llu\n", (unsigned long long)seed);
    rng_seed(&rng, seed);
    for (int i = 0; i < 100000; i++) {
        stage_at_random(&o, &rng);
        if (rng_below(&rng, 2) == 0) {
            uint64_t n = rng_below(&rng, o.sent - o.released + 1);

            release((uint32_t)n);
            o.released += n;
        }
        if (rng_below(&rng, 16) == 0)
            successor_takes_over();
    }
    release((uint32_t)(o.sent - o.released));
    assert_non_null(area_reserve(&area, 0, AREA));
}

int
main(void)
{
    static const struct CMUnitTest tests[] = {
        WITH_AREA(packets_follow_each_other_in_whole_cache_lines),
        WITH_AREA(area_lies_behind_the_slots_on_a_cache_line),
        WITH_AREA(quiet_area_starts_at_the_front_again_after_a_quarter),
        WITH_AREA(held_packet_keeps_the_area_from_its_front),
        WITH_AREA(quiet_area_starts_at_the_front_when_the_rest_is_too_short),
        WITH_AREA(asking_again_gives_the_same_room),
        WITH_AREA(committing_less_than_reserved_gives_the_rest_back),
        WITH_AREA(staged_packets_hold_their_room),
        WITH_AREA(full_area_gives_nothing_until_released),
        WITH_AREA(packet_is_never_cut_at_the_end_of_the_area),
        WITH_AREA(packets_of_other_regions_hold_no_room),
        WITH_AREA(slot_given_up_and_staged_anew_holds_its_room),
        WITH_AREA(broken_ring_gives_no_room),
        WITH_AREA(successor_goes_on_behind_what_is_held),
        WITH_AREA(random_use_never_gives_out_what_is_held),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
