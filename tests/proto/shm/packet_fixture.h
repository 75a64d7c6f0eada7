/* SPDX-License-Identifier: MIT */
/* A small ring of packets with its data area for tests, and the moves that most
 * of them make on it. */
#ifndef TESTS_PROTO_SHM_PACKET_FIXTURE_H
#define TESTS_PROTO_SHM_PACKET_FIXTURE_H

#include "tests/proto/shm/fixture.h"

#include "proto/shm/packet.h"

#include <string.h>

#define SLOTS 16
#define AREA  4096

static const struct ring_row row = {
    .name = "small",
    .producer = DAEMON_LINKD,
    .consumer = DAEMON_IPD,
    .region = REGION_LINK_RX,
    .slots = SLOTS,
    .slot_size = sizeof(struct packet),
    .area = AREA,
};

static struct region regions[REGION_IDS];
static struct pipe pipe_;
static struct area area;

static inline int
open_area(void **state)
{
    (void)state;
    memset(regions, 0, sizeof regions);
    pipe_open(&pipe_, &row);
    area_join(&area, &pipe_.region, &pipe_.producer, &row);
    regions[REGION_LINK_RX] = pipe_.region;
    /* Mapped by the daemon, but nothing that a packet may lie in. */
    regions[REGION_TCPD_STATE] = pipe_.region;
    return 0;
}

static inline int
close_area(void **state)
{
    (void)state;
    pipe_close(&pipe_);
    return 0;
}

static inline struct packet *
stage(uint32_t n)
{
    struct packet *p = ring_stage(&pipe_.producer, n);

    CHECK(p != NULL);
    *p = (struct packet){.origin_ring = RINGS};
    return p;
}

/* Reserves, commits and publishes one packet; its offset in the area. */
static inline uint32_t
send(uint32_t len)
{
    uint8_t *room = area_reserve(&area, 0, len);
    struct packet *p = stage(0);

    CHECK(room != NULL);
    area_commit(&area, p, len);
    assert_ptr_equal(room, pipe_.region.base + p->offset);
    ring_publish(&pipe_.producer, 1);
    return p->offset - area.start;
}

/* The consumer takes all and is done with `n` more than before. */
static inline void
release(uint32_t n)
{
    struct ring *r = &pipe_.consumer;

    ring_take(r, ring_ready(r));
    ring_publish_cursor(r, ring_shown_released(r) + n);
}

#define WITH_AREA(test)                                                        \
    cmocka_unit_test_setup_teardown(test, open_area, close_area)

#endif
