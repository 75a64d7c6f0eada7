/* SPDX-License-Identifier: MIT */
/* Tests of rings with a peer that lies, and with one that died. */
#include "tests/proto/shm/ring_fixture.h"

/* ---- hostile consumers ---- */

static void
producer_refuses_for_good(struct pipe *p)
{
    assert_null(ring_stage(&p->producer, SLOTS)); /* looks at the peer */
    assert_true(ring_broken(&p->producer));
    assert_null(ring_stage(&p->producer, 0));
    p->cursor->head = ring_position(&p->producer);
    p->cursor->released = ring_position(&p->producer);
    assert_null(ring_stage(&p->producer, 0));
    assert_null(ring_stage(&p->producer, SLOTS));
}

static void
releasing_what_was_not_published_breaks_the_ring(void **state)
{
    struct pipe *p = *state;

    send(p, 1);
    p->cursor->head = 2;
    p->cursor->released = 2;
    producer_refuses_for_good(p);
}

static void
releasing_what_was_not_taken_breaks_the_ring(void **state)
{
    struct pipe *p = *state;

    send(p, 1);
    send(p, 2);
    p->cursor->head = 1;
    p->cursor->released = 2;
    producer_refuses_for_good(p);
}

static void
released_that_moves_back_breaks_the_ring(void **state)
{
    struct pipe *p = *state;

    send(p, 1);
    send(p, 2);
    take_all(p);
    assert_int_equal(ring_released(&p->producer), 2);
    p->cursor->released = 1;
    producer_refuses_for_good(p);
    assert_int_equal(ring_released(&p->producer), 2);
}

static void
head_that_moves_back_breaks_the_ring(void **state)
{
    struct pipe *p = *state;

    send(p, 1);
    send(p, 2);
    p->cursor->head = 2;
    (void)ring_released(&p->producer);
    p->cursor->head = 1;
    producer_refuses_for_good(p);
}

static void
huge_released_breaks_the_ring(void **state)
{
    struct pipe *p = *state;

    p->cursor->head = UINT64_MAX;
    p->cursor->released = UINT64_MAX;
    producer_refuses_for_good(p);
}

static void
what_was_staged_before_the_break_is_still_published(void **state)
{
    struct pipe *p = *state;

    assert_non_null(ring_stage(&p->producer, 0));
    p->cursor->released = 5;
    (void)ring_released(&p->producer);
    ring_publish(&p->producer, 1);
    assert_int_equal(p->producer.shm->tail, 1);
    producer_refuses_for_good(p);
}

/* ---- hostile producers ---- */

static void
consumer_refuses_for_good(struct pipe *p)
{
    assert_int_equal(ring_ready(&p->consumer), 0);
    assert_true(ring_broken(&p->consumer));
    p->producer.shm->tail = ring_position(&p->consumer) + 1;
    assert_int_equal(ring_ready(&p->consumer), 0);
}

static void
tail_that_jumps_past_the_slots_breaks_the_ring(void **state)
{
    struct pipe *p = *state;

    p->producer.shm->tail = SLOTS;
    assert_int_equal(ring_ready(&p->consumer), SLOTS);
    p->producer.shm->tail = SLOTS + 1;
    consumer_refuses_for_good(p);
}

static void
tail_over_unreleased_slots_breaks_the_ring(void **state)
{
    struct pipe *p = *state;

    for (uint64_t i = 0; i < SLOTS; i++)
        send(p, i);
    ring_take(&p->consumer, ring_ready(&p->consumer));
    ring_publish_cursor(&p->consumer, 3);
    p->producer.shm->tail = SLOTS + 4;
    consumer_refuses_for_good(p);
}

static void
tail_that_moves_back_breaks_the_ring(void **state)
{
    struct pipe *p = *state;

    send(p, 1);
    send(p, 2);
    assert_int_equal(ring_ready(&p->consumer), 2);
    p->producer.shm->tail = 1;
    consumer_refuses_for_good(p);
}

static void
huge_tail_breaks_the_ring(void **state)
{
    struct pipe *p = *state;

    p->producer.shm->tail = UINT64_MAX;
    consumer_refuses_for_good(p);
}

static void
scribbled_shape_changes_nothing_for_who_has_joined(void **state)
{
    struct pipe *p = *state;

    send(p, 42);
    p->producer.shm->slots = UINT32_MAX;
    p->producer.shm->slot_size = UINT32_MAX;
    assert_int_equal(ring_ready(&p->consumer), 1);
    assert_int_equal(value_at(p, 0), 42);
}

/* ---- restarts ---- */

static void
rejoin_producer(struct pipe *p)
{
    assert_true(
        ring_join_producer(&p->producer, &p->region, p->cursor, p->row));
}

static void
rejoin_consumer(struct pipe *p)
{
    assert_true(
        ring_join_consumer(&p->consumer, &p->region, p->cursor, p->row));
}

static void
successor_of_the_producer_goes_on_at_the_tail(void **state)
{
    struct pipe *p = *state;

    send(p, 1);
    assert_non_null(ring_stage(&p->producer, 0)); /* never published */
    rejoin_producer(p);
    assert_int_equal(ring_position(&p->producer), 1);
    send(p, 2);
    assert_int_equal(ring_ready(&p->consumer), 2);
    assert_int_equal(value_at(p, 1), 2);
}

static void
committed_tail_is_published_by_the_successor(void **state)
{
    struct pipe *p = *state;

    stage(p, 9);
    rejoin_producer(p); /* killed between commit and publish */
    ring_restore(&p->producer, 1);
    assert_int_equal(ring_ready(&p->consumer), 1);
    assert_int_equal(value_at(p, 0), 9);
    assert_int_equal(ring_position(&p->producer), 1);
}

static void
committed_head_is_shown_by_the_successor(void **state)
{
    struct pipe *p = *state;

    send(p, 1);
    send(p, 2);
    assert_int_equal(ring_ready(&p->consumer), 2);
    ring_take(&p->consumer, 1); /* committed, never shown */
    rejoin_consumer(p);
    ring_restore(&p->consumer, 1);
    ring_publish_cursor(&p->consumer, 1);
    assert_int_equal(ring_released(&p->producer), 1);
    assert_int_equal(ring_ready(&p->consumer), 1);
    assert_int_equal(value_at(p, 0), 2);
}

static void
restoring_an_older_position_changes_nothing(void **state)
{
    struct pipe *p = *state;

    send(p, 1);
    send(p, 2);
    take_all(p);
    ring_restore(&p->producer, 1);
    ring_restore(&p->consumer, 1);
    assert_int_equal(p->producer.shm->tail, 2);
    assert_int_equal(p->cursor->head, 2);
}

static void
restoring_more_than_the_slots_breaks_the_join(void **state)
{
    struct pipe *p = *state;

    ring_restore(&p->producer, SLOTS + 1);
    assert_true(ring_broken(&p->producer));
    assert_int_equal(p->producer.shm->tail, 0);
}

static void
tail_below_a_committed_head_breaks_the_join(void **state)
{
    struct pipe *p = *state;

    send(p, 1);
    send(p, 2);
    take_all(p);
    p->producer.shm->tail = 1; /* moved back while no consumer ran */
    rejoin_consumer(p);
    assert_int_equal(ring_ready(&p->consumer), 0);
    assert_true(ring_broken(&p->consumer));
}

static void
rejoining_does_not_trust_the_peer_either(void **state)
{
    struct pipe *p = *state;

    for (int lap = 0; lap < 3 * SLOTS; lap++) {
        send(p, 1);
        take_all(p);
    }
    p->cursor->released = SLOTS; /* older than any that can be open */
    rejoin_producer(p);
    assert_true(ring_broken(&p->producer));
}

int
main(void)
{
    static const struct CMUnitTest tests[] = {
        WITH_RING(releasing_what_was_not_published_breaks_the_ring),
        WITH_RING(releasing_what_was_not_taken_breaks_the_ring),
        WITH_RING(released_that_moves_back_breaks_the_ring),
        WITH_RING(head_that_moves_back_breaks_the_ring),
        WITH_RING(huge_released_breaks_the_ring),
        WITH_RING(what_was_staged_before_the_break_is_still_published),
        WITH_RING(tail_that_jumps_past_the_slots_breaks_the_ring),
        WITH_RING(tail_over_unreleased_slots_breaks_the_ring),
        WITH_RING(tail_that_moves_back_breaks_the_ring),
        WITH_RING(huge_tail_breaks_the_ring),
        WITH_RING(scribbled_shape_changes_nothing_for_who_has_joined),
        WITH_RING(successor_of_the_producer_goes_on_at_the_tail),
        WITH_RING(committed_tail_is_published_by_the_successor),
        WITH_RING(committed_head_is_shown_by_the_successor),
        WITH_RING(restoring_an_older_position_changes_nothing),
        WITH_RING(restoring_more_than_the_slots_breaks_the_join),
        WITH_RING(tail_below_a_committed_head_breaks_the_join),
        WITH_RING(rejoining_does_not_trust_the_peer_either),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
