/* SPDX-License-Identifier: MIT */
/* Rings for the sniffer, driven by hand. */
#include "tests/support/sniff_rings.h"

#include "base/check.h"

#include <string.h>
#include <unistd.h>

#define EPOCH 7

static struct region
map_new(uint32_t id, uint64_t size)
{
    struct region r;
    int fd = region_create(id, size, EPOCH);

    CHECK(fd >= 0 && region_map(&r, fd, id, true));
    close(fd);
    return r;
}

static bool
is_there(const struct ring_row *row)
{
    return row->producer <= DAEMON_LINKD && row->consumer <= DAEMON_LINKD &&
           row->slot_size == sizeof(struct packet);
}

static void
open_daemons(struct sniff_rings *r)
{
    struct look *l = &r->look;

    for (uint32_t d = 0; d < l->daemons; d++) {
        uint32_t id = REGION_CNC(d);

        l->regions[id] = map_new(id, sizeof(struct cnc_shm));
        l->cnc[d] = cnc_of(&l->regions[id]);
        cnc_start(&r->cnc[d], &l->regions[id], 1, (instant_t){0});
        cnc_set_state(&r->cnc[d], CNC_RUNNING);
    }
}

static void
open_ring(struct sniff_rings *r, enum ring_id id)
{
    const struct ring_row *row = &ring_table[id];
    struct region *region = &r->look.regions[row->region];
    struct region *cnc = &r->look.regions[REGION_CNC(row->consumer)];
    struct ring_cursor *cursor = cnc_cursor(cnc, id);

    *region = map_new(row->region,
                      ring_region_size(row->slots, row->slot_size, row->area));
    ring_create(region, row);
    CHECK(ring_join_producer(&r->producer[id], region, cursor, row));
    CHECK(ring_join_consumer(&r->consumer[id], region, cursor, row));
    area_join(&r->area[id], region, &r->producer[id], row);
    r->look.rings[id] = region_at(region, RING_OFFSET, sizeof(struct ring_shm));
}

void
sniff_rings_open(struct sniff_rings *r)
{
    memset(r, 0, sizeof *r);
    r->conf = map_new(REGION_CONF, sizeof(struct conf_shm));
    r->look.conf = conf_of(&r->conf);
    r->look.daemons = DAEMON_LINKD + 1;
    open_daemons(r);
    for (enum ring_id id = 0; id < RINGS; id++) {
        if (is_there(&ring_table[id]))
            open_ring(r, id);
    }
}

void
sniff_rings_close(struct sniff_rings *r)
{
    for (uint32_t id = 0; id < REGIONS; id++) {
        if (r->look.regions[id].base != NULL)
            region_unmap(&r->look.regions[id]);
    }
    region_unmap(&r->conf);
}

static struct packet *
next_slot(struct sniff_rings *r, enum ring_id ring)
{
    struct packet *p = ring_stage(&r->producer[ring], r->staged[ring]);

    CHECK(p != NULL);
    *p = (struct packet){.origin_ring = RINGS};
    return p;
}

struct packet *
sniff_stage(struct sniff_rings *r, enum ring_id ring, uint8_t fill,
            uint32_t len)
{
    struct packet *p = next_slot(r, ring);
    uint8_t *room = area_reserve(&r->area[ring], r->staged[ring], len);

    CHECK(room != NULL);
    memset(room, fill, len);
    area_commit(&r->area[ring], p, len);
    r->staged[ring]++;
    return p;
}

void
sniff_stage_headers(struct sniff_rings *r, enum ring_id ring,
                    uint8_t header_len)
{
    struct packet *p = next_slot(r, ring);

    p->header_len = header_len;
    memset(p->header, 'h', header_len);
    r->staged[ring]++;
}

struct packet *
sniff_pass_on(struct sniff_rings *r, enum ring_id ring, enum ring_id origin,
              uint64_t at, uint8_t header_len)
{
    const struct packet *in = ring_sent(&r->producer[origin], at);
    struct packet *p = next_slot(r, ring);

    p->region = in->region;
    p->offset = in->offset;
    p->len = in->len;
    p->origin_ring = (uint8_t)origin;
    p->origin = at;
    p->header_len = header_len;
    memset(p->header, 'h', header_len);
    r->staged[ring]++;
    return p;
}

void
sniff_publish(struct sniff_rings *r, enum ring_id ring)
{
    ring_publish(&r->producer[ring], r->staged[ring]);
    r->staged[ring] = 0;
}

void
sniff_end_turn(struct sniff_rings *r, enum ring_id ring)
{
    sniff_publish(r, ring);
    cnc_heartbeat(&r->cnc[ring_table[ring].producer]);
}

void
sniff_send(struct sniff_rings *r, enum ring_id ring, uint8_t fill, uint32_t len)
{
    sniff_stage(r, ring, fill, len);
    sniff_end_turn(r, ring);
}

void
sniff_to_the_front(struct sniff_rings *r, enum ring_id ring)
{
    r->area[ring].next = r->area[ring].size;
}

void
sniff_take(struct sniff_rings *r, enum ring_id ring, bool release)
{
    struct ring *c = &r->consumer[ring];

    ring_take(c, ring_ready(c));
    ring_publish_cursor(c, release ? ring_position(c) : ring_shown_released(c));
}
