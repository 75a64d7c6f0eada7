/* SPDX-License-Identifier: MIT */
/* Regions and a joined ring for tests, in one mapping each, so that a test can
 * play the peer, also a hostile one, and TSan sees both sides. */
#ifndef TESTS_PROTO_SHM_FIXTURE_H
#define TESTS_PROTO_SHM_FIXTURE_H

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "proto/shm/cnc.h"
#include "proto/shm/region.h"
#include "proto/shm/ring.h"

#include <unistd.h>

#define TEST_EPOCH 7

/* A new region, mapped writable; the descriptor is closed. */
static inline struct region
region_new(uint32_t id, size_t size)
{
    struct region r;
    int fd = region_create(id, size, TEST_EPOCH);

    assert_true(fd >= 0);
    assert_true(region_map(&r, fd, id, true));
    close(fd);
    return r;
}

/* Both ends of one ring. */
struct pipe {
    struct region region; /* the producer's */
    struct region cnc;    /* the consumer's */
    const struct ring_row *row;
    struct ring_cursor *cursor;
    struct ring producer, consumer;
};

static inline void
pipe_open(struct pipe *p, const struct ring_row *row)
{
    p->row = row;
    p->region = region_new(
        row->region, ring_region_size(row->slots, row->slot_size, row->area));
    p->cnc = region_new(REGION_CNC(row->consumer), sizeof(struct cnc_shm));
    ring_create(&p->region, row);
    p->cursor = cnc_cursor(&p->cnc, RING_LINK_RX);
    assert_true(ring_join_producer(&p->producer, &p->region, p->cursor, row));
    assert_true(ring_join_consumer(&p->consumer, &p->region, p->cursor, row));
}

static inline void
pipe_close(struct pipe *p)
{
    region_unmap(&p->region);
    region_unmap(&p->cnc);
}

#endif
