/* SPDX-License-Identifier: MIT */
/* Tests of sleeping and waking: one thread, then two that hand each other every
 * single item and sleep in between. */
#include "tests/proto/shm/fixture.h"

#include "proto/shm/doorbell.h"

#include <errno.h>
#include <poll.h>
#include <pthread.h>
#include <string.h>
#include <sys/eventfd.h>

static const struct ring_row row = {
    .name = "two slots",
    .producer = DAEMON_LINKD,
    .consumer = DAEMON_IPD,
    .region = REGION_LINK_RX,
    .slots = 2,
    .slot_size = 64,
};

/* A ring, the cncs of both sides, and a bell in each direction. */
struct pair {
    struct pipe pipe;
    struct region producer_region;
    struct cnc producer, consumer;
    struct doorbell to_producer, to_consumer;
};

static int
bell(void)
{
    int fd = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);

    assert_true(fd >= 0);
    return fd;
}

static int
open_pair(void **state)
{
    static struct pair p;

    pipe_open(&p.pipe, &row);
    p.producer_region = region_new(REGION_LINKD_CNC, sizeof(struct cnc_shm));
    cnc_start(&p.producer, &p.producer_region, 1, (instant_t){0});
    cnc_start(&p.consumer, &p.pipe.cnc, 2, (instant_t){0});
    p.to_producer = (struct doorbell){bell(), p.producer.shm};
    p.to_consumer = (struct doorbell){bell(), p.consumer.shm};
    *state = &p;
    return 0;
}

static int
close_pair(void **state)
{
    struct pair *p = *state;

    close(p->to_producer.fd);
    close(p->to_consumer.fd);
    region_unmap(&p->producer_region);
    pipe_close(&p->pipe);
    return 0;
}

static bool
rung(const struct doorbell *b)
{
    struct pollfd f = {.fd = b->fd, .events = POLLIN};

    return poll(&f, 1, 0) == 1;
}

static void
nobody_rings_who_is_awake(void **state)
{
    struct pair *p = *state;

    doorbell_ring(&p->to_consumer);
    assert_false(rung(&p->to_consumer));
}

static void
sleeper_is_rung(void **state)
{
    struct pair *p = *state;

    doorbell_doze(&p->consumer, (instant_t){55});
    assert_true(cnc_look(p->consumer.shm).sleeping);
    assert_int_equal(cnc_look(p->consumer.shm).sleep_until.ns, 55);
    doorbell_ring(&p->to_consumer);
    assert_true(rung(&p->to_consumer));
}

static void
woken_sleeper_is_rung_no_more(void **state)
{
    struct pair *p = *state;

    doorbell_doze(&p->consumer, INSTANT_NEVER);
    doorbell_wake(&p->consumer);
    assert_false(cnc_look(p->consumer.shm).sleeping);
    doorbell_ring(&p->to_consumer);
    assert_false(rung(&p->to_consumer));
}

static void
draining_takes_all_rings_and_never_blocks(void **state)
{
    struct pair *p = *state;

    doorbell_doze(&p->consumer, INSTANT_NEVER);
    for (int i = 0; i < 3; i++)
        doorbell_ring(&p->to_consumer);
    doorbell_drain(p->to_consumer.fd);
    assert_false(rung(&p->to_consumer));
    doorbell_drain(p->to_consumer.fd);
    doorbell_drain(-1);
}

static void
bell_that_is_not_connected_is_silent(void **state)
{
    struct pair *p = *state;
    struct doorbell none = {.fd = -1, .peer = p->consumer.shm};

    doorbell_doze(&p->consumer, INSTANT_NEVER);
    errno = 0;
    doorbell_ring(&none);
    assert_int_equal(errno, 0);
}

/* ---- two threads ---- */

#define RUN 20000

/* Sleeps until rung; a minute without a ring is a lost wake-up. */
static void
sleep_until_rung(const struct doorbell *mine)
{
    struct pollfd f = {.fd = mine->fd, .events = POLLIN};

    CHECK(poll(&f, 1, 60000) == 1);
    doorbell_drain(mine->fd);
}

static void
wait_for_space(struct pair *p)
{
    ring_want_space(&p->pipe.producer, 1);
    doorbell_ring(&p->to_consumer);
    doorbell_doze(&p->producer, INSTANT_NEVER);
    if (ring_stage(&p->pipe.producer, 0) == NULL)
        sleep_until_rung(&p->to_producer);
    doorbell_wake(&p->producer);
    ring_want_space(&p->pipe.producer, 0);
}

static void *
produce(void *pair)
{
    struct pair *p = pair;

    for (uint64_t i = 0; i < RUN;) {
        uint64_t *slot = ring_stage(&p->pipe.producer, 0);

        if (slot == NULL) {
            wait_for_space(p);
            continue;
        }
        *slot = i++;
        ring_publish(&p->pipe.producer, 1);
        doorbell_ring(&p->to_consumer);
    }
    return NULL;
}

static void
wait_for_input(struct pair *p)
{
    doorbell_doze(&p->consumer, INSTANT_NEVER);
    if (ring_ready(&p->pipe.consumer) == 0)
        sleep_until_rung(&p->to_consumer);
    doorbell_wake(&p->consumer);
}

static void
consume(struct pair *p)
{
    struct ring *r = &p->pipe.consumer;

    for (uint64_t i = 0; i < RUN;) {
        if (ring_ready(r) == 0) {
            wait_for_input(p);
            continue;
        }
        CHECK(*(const uint64_t *)ring_peek(r, 0) == i);
        i++;
        ring_take(r, 1);
        ring_publish_cursor(r, ring_position(r));
        doorbell_barrier();
        if (ring_space_wanted(r))
            doorbell_ring(&p->to_producer);
    }
}

static void
two_sleepers_lose_no_wakeup(void **state)
{
    struct pair *p = *state;
    pthread_t producer;

    assert_int_equal(pthread_create(&producer, NULL, produce, p), 0);
    consume(p);
    assert_int_equal(pthread_join(producer, NULL), 0);
    assert_int_equal(ring_released(&p->pipe.producer), RUN);
}

#define WITH_PAIR(test)                                                        \
    cmocka_unit_test_setup_teardown(test, open_pair, close_pair)

int
main(void)
{
    static const struct CMUnitTest tests[] = {
        WITH_PAIR(nobody_rings_who_is_awake),
        WITH_PAIR(sleeper_is_rung),
        WITH_PAIR(woken_sleeper_is_rung_no_more),
        WITH_PAIR(draining_takes_all_rings_and_never_blocks),
        WITH_PAIR(bell_that_is_not_connected_is_silent),
        WITH_PAIR(two_sleepers_lose_no_wakeup),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
