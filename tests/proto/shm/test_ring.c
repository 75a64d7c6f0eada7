/* SPDX-License-Identifier: MIT */
/* Tests of rings between honest peers: in one thread, two threads, two
 * processes. */
#include "tests/proto/shm/ring_fixture.h"

#include <pthread.h>
#include <sched.h>
#include <sys/wait.h>

/* ---- in order ---- */

static void
staged_slots_are_invisible_until_published(void **state)
{
    struct pipe *p = *state;

    assert_int_equal(ring_ready(&p->consumer), 0);
    assert_non_null(ring_stage(&p->producer, 0));
    assert_non_null(ring_stage(&p->producer, 1));
    assert_int_equal(ring_ready(&p->consumer), 0);
    ring_publish(&p->producer, 2);
    assert_int_equal(ring_ready(&p->consumer), 2);
}

static void
slots_arrive_in_order_over_many_laps(void **state)
{
    struct pipe *p = *state;

    for (uint64_t i = 0; i < 10 * SLOTS; i += 2) {
        send(p, i);
        send(p, i + 1);
        assert_int_equal(ring_ready(&p->consumer), 2);
        assert_int_equal(value_at(p, 0), i);
        assert_int_equal(value_at(p, 1), i + 1);
        take_all(p);
    }
}

static void
full_ring_stages_nothing(void **state)
{
    struct pipe *p = *state;

    for (uint32_t i = 0; i < SLOTS; i++)
        assert_non_null(ring_stage(&p->producer, i));
    assert_null(ring_stage(&p->producer, SLOTS));
    ring_publish(&p->producer, SLOTS);
    assert_null(ring_stage(&p->producer, 0));
    assert_false(ring_broken(&p->producer));
}

static void
taking_alone_gives_no_space_back(void **state)
{
    struct pipe *p = *state;

    for (uint64_t i = 0; i < SLOTS; i++)
        send(p, i);
    assert_int_equal(ring_ready(&p->consumer), SLOTS);
    ring_take(&p->consumer, SLOTS);
    assert_null(ring_stage(&p->producer, 0));
    ring_publish_cursor(&p->consumer, 0);
    assert_null(ring_stage(&p->producer, 0));
    ring_publish_cursor(&p->consumer, 1);
    assert_non_null(ring_stage(&p->producer, 0));
    assert_null(ring_stage(&p->producer, 1));
}

static void
released_never_moves_back(void **state)
{
    struct pipe *p = *state;

    send(p, 1);
    send(p, 2);
    take_all(p);
    ring_publish_cursor(&p->consumer, 1);
    assert_int_equal(ring_shown_released(&p->consumer), 2);
    assert_int_equal(ring_released(&p->producer), 2);
    assert_false(ring_broken(&p->producer));
}

static void
sent_slots_can_be_found_again_until_released(void **state)
{
    struct pipe *p = *state;
    uint64_t value;

    for (uint64_t i = 0; i < SLOTS; i++)
        send(p, 100 + i);
    for (uint64_t at = 0; at < SLOTS; at++) {
        memcpy(&value, ring_sent(&p->producer, at), sizeof value);
        assert_int_equal(value, 100 + at);
    }
}

static void
want_of_space_is_seen_by_the_consumer(void **state)
{
    struct pipe *p = *state;

    assert_false(ring_space_wanted(&p->consumer));
    ring_want_space(&p->producer, 1);
    assert_true(ring_space_wanted(&p->consumer));
    ring_want_space(&p->producer, 0);
    assert_false(ring_space_wanted(&p->consumer));
}

static void
observer_sees_all_three_positions(void **state)
{
    struct pipe *p = *state;
    struct ring_depth d;

    send(p, 1);
    send(p, 2);
    send(p, 3);
    (void)ring_ready(&p->consumer);
    ring_take(&p->consumer, 2);
    ring_publish_cursor(&p->consumer, 1);
    d = ring_observe(p->producer.shm, p->cursor);
    assert_int_equal(d.tail, 3);
    assert_int_equal(d.head, 2);
    assert_int_equal(d.released, 1);
}

/* ---- joining ---- */

static void
joining_a_region_of_another_shape_is_refused(void **state)
{
    struct pipe *p = *state;
    struct ring_row other = small;
    struct ring r;

    other.slots = 2 * SLOTS;
    assert_false(ring_join_consumer(&r, &p->region, p->cursor, &other));
    other = small;
    other.slot_size = 128;
    assert_false(ring_join_producer(&r, &p->region, p->cursor, &other));
    other = small;
    other.area = 64;
    assert_false(ring_join_consumer(&r, &p->region, p->cursor, &other));
    assert_false(ring_join_consumer(&r, &p->region, NULL, &small));
}

static void
joining_a_region_too_small_for_the_row_is_refused(void **state)
{
    struct pipe *p = *state;
    struct ring_row huge = small;
    struct ring r;

    huge.slots = 1 << 20;
    p->producer.shm->slots = 1 << 20; /* a lie */
    assert_false(ring_join_consumer(&r, &p->region, p->cursor, &huge));
    assert_false(
        ring_join_consumer(&r, &(struct region){0}, p->cursor, &small));
}

/* ---- two at once ---- */

#define RUN 200000

/* Everything staged and published by batches of changing size. */
static void
produce(struct ring *r)
{
    uint64_t next = 0;

    while (next < RUN) {
        uint32_t staged = 0;
        uint64_t *slot;

        while (staged < 1 + next % 5 && next + staged < RUN &&
               (slot = ring_stage(r, staged)) != NULL) {
            for (unsigned i = 0; i < 8; i++)
                slot[i] = next + staged;
            staged++;
        }
        next += staged;
        ring_publish(r, staged);
        if (staged == 0)
            sched_yield();
    }
}

/* 0 when every slot arrived once, whole and in order. What is released lags
 * behind what is taken. */
static int
consume(struct ring *r)
{
    uint64_t next = 0;

    while (next < RUN) {
        uint32_t ready = ring_ready(r);

        if (ring_broken(r))
            return 1;
        for (uint32_t n = 0; n < ready; n++, next++) {
            const uint64_t *slot = ring_peek(r, n);

            for (unsigned i = 0; i < 8; i++)
                if (slot[i] != next)
                    return 2;
        }
        ring_take(r, ready);
        ring_publish_cursor(r, next - (ready > 2 ? 2 : 0));
        if (ready == 0)
            sched_yield();
    }
    return 0;
}

static void *
produce_thread(void *ring)
{
    produce(ring);
    return NULL;
}

static void
two_threads_pass_every_slot_once(void **state)
{
    struct pipe *p = *state;
    pthread_t producer;

    assert_int_equal(
        pthread_create(&producer, NULL, produce_thread, &p->producer), 0);
    assert_int_equal(consume(&p->consumer), 0);
    assert_int_equal(pthread_join(producer, NULL), 0);
    assert_false(ring_broken(&p->producer));
    assert_int_equal(p->cursor->head, RUN);
}

/* The regions by descriptor, as a daemon gets them. */
struct shared {
    int ring, cnc;
};

static int
consumer_process(const struct shared *s)
{
    struct region ring, cnc;
    struct ring r;

    if (!region_map(&ring, s->ring, REGION_LINK_RX, false) ||
        !region_map(&cnc, s->cnc, REGION_IPD_CNC, true) ||
        !ring_join_consumer(&r, &ring, cnc_cursor(&cnc, RING_LINK_RX), &small))
        return 10;
    return consume(&r);
}

static void
two_processes_pass_every_slot_once(void **state)
{
    struct region ring, cnc;
    struct ring r;
    int status;
    struct shared s = {
        .ring = region_create(REGION_LINK_RX, ring_region_size(SLOTS, 64, 0),
                              TEST_EPOCH),
        .cnc =
            region_create(REGION_IPD_CNC, sizeof(struct cnc_shm), TEST_EPOCH),
    };

    (void)state;
    assert_true(region_map(&ring, s.ring, REGION_LINK_RX, true));
    ring_create(&ring, &small);

    pid_t child = fork();

    assert_true(child >= 0);
    if (child == 0) {
        s.ring = region_reopen_readonly(s.ring);
        _exit(consumer_process(&s));
    }
    assert_true(region_map(&cnc, s.cnc, REGION_IPD_CNC, false));
    assert_true(
        ring_join_producer(&r, &ring, cnc_cursor(&cnc, RING_LINK_RX), &small));
    produce(&r);
    assert_int_equal(waitpid(child, &status, 0), child);
    assert_true(WIFEXITED(status));
    assert_int_equal(WEXITSTATUS(status), 0);
    region_unmap(&ring);
    region_unmap(&cnc);
    close(s.ring);
    close(s.cnc);
}

int
main(void)
{
    static const struct CMUnitTest tests[] = {
        WITH_RING(staged_slots_are_invisible_until_published),
        WITH_RING(slots_arrive_in_order_over_many_laps),
        WITH_RING(full_ring_stages_nothing),
        WITH_RING(taking_alone_gives_no_space_back),
        WITH_RING(released_never_moves_back),
        WITH_RING(sent_slots_can_be_found_again_until_released),
        WITH_RING(want_of_space_is_seen_by_the_consumer),
        WITH_RING(observer_sees_all_three_positions),
        WITH_RING(joining_a_region_of_another_shape_is_refused),
        WITH_RING(joining_a_region_too_small_for_the_row_is_refused),
        WITH_RING(two_threads_pass_every_slot_once),
        cmocka_unit_test(two_processes_pass_every_slot_once),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
