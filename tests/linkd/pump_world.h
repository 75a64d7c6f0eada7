/* SPDX-License-Identifier: MIT */
/* A linkd whose device a test plays, with an ipd played by hand. */
#ifndef TESTS_LINKD_PUMP_WORLD_H
#define TESTS_LINKD_PUMP_WORLD_H

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h> /* needs those before it */

#include "linkd/pump.h"

#include <stdlib.h>
#include <string.h>
#include <sys/eventfd.h>
#include <unistd.h>

static struct region regions[REGIONS];
static struct pump pump;
static struct cnc ipd_cnc;
static struct ring link_rx, ip_tx; /* ipd's ends */
static struct area made;
static int bell;
static instant_t now;
static bool broken;

/* Which link linkd has, and what kind it is. */
static struct {
    uint32_t link;
    bool offloads;
    struct driver driver;
} world = {.offloads = true};

static inline void
open_region(uint32_t id, uint64_t size)
{
    int fd = region_create(id, size, 1);

    assert_true(fd >= 0);
    assert_true(region_map(&regions[id], fd, id, true));
    close(fd);
}

static inline void
open_ring(uint32_t ring)
{
    const struct ring_row *row = &ring_table[ring];

    open_region(row->region,
                ring_region_size(row->slots, row->slot_size, row->area));
    ring_create(&regions[row->region], row);
}

static inline struct region *
own_cnc(void)
{
    return &regions[REGION_CNC(DAEMON_LINKD + world.link)];
}

/* The first one, or a successor. */
static inline void
start_linkd(void)
{
    uint8_t *memory = pump.memory;

    memset(&pump, 0, sizeof pump);
    cnc_start(&pump.cnc, own_cnc(), 1, now);
    pump.link = world.link;
    pump.offloads = world.offloads;
    pump.regions = regions;
    pump.memory = memory != NULL ? memory : malloc(PUMP_MEMORY);
    pump.driver = world.driver;
    pump.ipd = (struct doorbell){bell, ipd_cnc.shm};
    assert_non_null(pump.memory);
    assert_true(pump_join(&pump));
}

static inline void
join_ipd(void)
{
    enum ring_id in = (enum ring_id)(RING_LINK_RX + world.link);
    enum ring_id out = (enum ring_id)(RING_IP_TX + world.link);
    const struct ring_row *rx = &ring_table[in];
    const struct ring_row *tx = &ring_table[out];

    cnc_start(&ipd_cnc, &regions[REGION_IPD_CNC], 1, now);
    assert_true(ring_join_consumer(&link_rx, &regions[rx->region],
                                   cnc_cursor(&regions[REGION_IPD_CNC], in),
                                   rx));
    assert_true(ring_join_producer(&ip_tx, &regions[tx->region],
                                   cnc_cursor(own_cnc(), out), tx));
    area_join(&made, &regions[tx->region], &ip_tx, tx);
}

/* world.driver is set. */
static inline void
open_pump_world(void)
{
    now = (instant_t){1000000000000};
    open_region(REGION_CNC(DAEMON_LINKD + world.link), sizeof(struct cnc_shm));
    open_region(REGION_IPD_CNC, sizeof(struct cnc_shm));
    open_ring(RING_LINK_RX + world.link);
    open_ring(RING_IP_TX + world.link);
    bell = eventfd(0, EFD_NONBLOCK);
    join_ipd();
    start_linkd();
    doorbell_doze(&ipd_cnc, INSTANT_NEVER);
}

static inline int
close_pump_world(void **state)
{
    (void)state;
    for (int i = 0; i < REGIONS; i++)
        region_unmap(&regions[i]);
    close(bell);
    free(pump.memory);
    pump.memory = NULL;
    return 0;
}

static inline uint32_t
turn(void)
{
    now = instant_add(now, duration_us(1));
    return pump_turn(&pump, now, &broken);
}

static inline bool
rung(void)
{
    uint64_t rings;

    return read(bell, &rings, sizeof rings) == (ssize_t)sizeof rings;
}

static inline uint64_t
drops(enum drop why)
{
    return cnc_drops(pump.cnc.shm, why);
}

/* ipd publishes a packet; `payload` (or zeros) goes into its area. */
static inline void
send_packet(struct packet p, const uint8_t *payload, uint32_t len)
{
    void *slot = ring_stage(&ip_tx, 0);

    assert_non_null(slot);
    if (len > 0) {
        uint8_t *room = area_reserve(&made, 0, len);

        assert_non_null(room);
        if (payload != NULL)
            memcpy(room, payload, len);
        area_commit(&made, &p, len);
    }
    memcpy(slot, &p, sizeof p);
    ring_publish(&ip_tx, 1);
}

static inline void
release_all(void)
{
    ring_take(&link_rx, ring_ready(&link_rx));
    ring_publish_cursor(&link_rx, ring_position(&link_rx));
}

#endif
