/* SPDX-License-Identifier: MIT */
/* A small ring for tests, and the moves that most of them make on it. */
#ifndef TESTS_PROTO_SHM_RING_FIXTURE_H
#define TESTS_PROTO_SHM_RING_FIXTURE_H

#include "tests/proto/shm/fixture.h"

#include <string.h>

#define SLOTS 8

static const struct ring_row small = {
    .name = "small",
    .producer = DAEMON_LINKD,
    .consumer = DAEMON_IPD,
    .region = REGION_LINK_RX,
    .slots = SLOTS,
    .slot_size = 64,
};

static inline int
open_small(void **state)
{
    static struct pipe p;

    pipe_open(&p, &small);
    *state = &p;
    return 0;
}

static inline int
close_small(void **state)
{
    pipe_close(*state);
    return 0;
}

static inline void
stage(struct pipe *p, uint64_t value)
{
    void *slot = ring_stage(&p->producer, 0);

    CHECK(slot != NULL);
    memcpy(slot, &value, sizeof value);
}

static inline void
send(struct pipe *p, uint64_t value)
{
    stage(p, value);
    ring_publish(&p->producer, 1);
}

static inline uint64_t
value_at(const struct pipe *p, uint32_t n)
{
    uint64_t value;

    memcpy(&value, ring_peek(&p->consumer, n), sizeof value);
    return value;
}

static inline void
take_all(struct pipe *p)
{
    ring_take(&p->consumer, ring_ready(&p->consumer));
    ring_publish_cursor(&p->consumer, ring_position(&p->consumer));
}

#define WITH_RING(test)                                                        \
    cmocka_unit_test_setup_teardown(test, open_small, close_small)

#endif
