/* SPDX-License-Identifier: MIT */
/* Checks what a ring brings, and gives out the memory that a ring's packets lie
 * in.
 *
 * Theory of the area. Packets are committed in the order of their slots, and
 * slots are released in order, so what is held is one circular stretch of the
 * area: it begins at the offset of the oldest unreleased packet that lies here
 * and ends at `next`. Neither end is remembered anywhere but in the ring: the
 * descriptors that are not released say it, to this process as to its
 * successor. Hence the invariants:
 *
 *   - nothing held: the area is free, and `next` goes to the front once it has
 *     come far from it, so that a quiet link stays in the cache and yet leaves
 *     what passed lying for a while, for those who look on;
 *   - something held and next > begin: held is [begin, next), free are the rest
 *     of the area and then its front up to begin;
 *   - something held and next <= begin: held wraps, free is [next, begin). That
 *     next reaches begin means full, never empty, as something is held.
 *
 * A packet lies in one piece; what it leaves unused at the end of the area is
 * free again once the packets before it are released. Packets of other regions,
 * which pass through the same ring by reference, take no part.
 *
 * `oldest` saves looking at the same slots again. It stays within the
 * published ones: a staged slot may still be given up and be staged as another
 * packet. */
#include "proto/shm/packet.h"

#include "base/bits.h"

#define ROOM_UNIT 64 /* bytes, a cache line: packets share none */

static const unsigned flags_known =
    PACKET_CSUM_VOUCHED | PACKET_CSUM_PARTIAL | PACKET_GSO_TCPV4;

/* Only what a packet may lie in: the other regions that a daemon has mapped
 * hold cursors, streams and secrets. */
static bool
carries_packets(uint32_t region)
{
    return region >= REGION_LINK_RX && region <= REGION_TCP_TX;
}

static bool
payload_ok(const struct packet *p, const struct region *regions, uint32_t count)
{
    if (p->len == 0)
        return p->header_len > 0;
    return p->len <= PACKET_MAX && carries_packets(p->region) &&
           p->region < count &&
           region_at(&regions[p->region], p->offset, p->len) != NULL;
}

static bool
offload_ok(const struct packet *p)
{
    if ((p->flags & ~flags_known) != 0)
        return false;
    if ((p->flags & PACKET_GSO_TCPV4) && p->gso_size == 0)
        return false;
    /* The checksum's two bytes lie in the packet. */
    return !(p->flags & PACKET_CSUM_PARTIAL) ||
           (uint32_t)p->csum_start + p->csum_offset + 2 <=
               p->header_len + p->len;
}

static bool
copy_and_check(struct packet *copy, const void *slot,
               const struct region *regions, uint32_t count)
{
    region_copy_once(copy, slot, sizeof *copy);
    return copy->header_len <= PACKET_HEADER &&
           payload_ok(copy, regions, count) && offload_ok(copy);
}

bool
packet_copy(const struct ring *r, uint32_t n, struct packet *copy,
            const struct region *regions, uint32_t count)
{
    CHECK(r->slot_size == sizeof *copy);
    return copy_and_check(copy, ring_peek(r, n), regions, count);
}

bool
packet_observe(const struct ring_row *row, uint64_t at, struct packet *copy,
               const struct region *regions, uint32_t count)
{
    uint64_t slot = RING_OFFSET + sizeof(struct ring_shm) +
                    (at & (row->slots - 1)) * sizeof *copy;
    const void *bytes = region_at(&regions[row->region], slot, sizeof *copy);

    CHECK(row->slot_size == sizeof *copy);
    return bytes != NULL && copy_and_check(copy, bytes, regions, count);
}

const uint8_t *
packet_payload(const struct packet *p, const struct region *regions)
{
    return p->len == 0 ? NULL : regions[p->region].base + p->offset;
}

/* Was the packet's memory given out by this area? */
static bool
lies_in(const struct area *a, const struct packet *p)
{
    return p->region == a->region->id && p->len > 0 && p->offset >= a->start &&
           p->offset - a->start < a->size;
}

/* The first held packet of this area below ring position `end`, or NULL. */
static const struct packet *
first_held(struct area *a, uint64_t end)
{
    uint64_t published = ring_position(a->ring);
    uint64_t at = max_u64(a->oldest, ring_released(a->ring));
    const struct packet *p = NULL;

    for (; at < end; at++) {
        p = ring_sent(a->ring, at);
        if (lies_in(a, p))
            break;
    }
    a->oldest = min_u64(at, published);
    return at < end ? p : NULL;
}

void
area_join(struct area *a, const struct region *region, struct ring *ring,
          const struct ring_row *row)
{
    uint64_t end = ring_position(ring);

    CHECK(row->slot_size == sizeof(struct packet) &&
          row->area % ROOM_UNIT == 0);
    *a = (struct area){
        .region = region,
        .ring = ring,
        .start = (uint32_t)ring_region_size(row->slots, row->slot_size, 0),
        .size = row->area,
    };
    CHECK(region_at(region, a->start, a->size) != NULL);
    if (first_held(a, end) == NULL)
        return;
    for (uint64_t at = a->oldest; at < end; at++) {
        const struct packet *p = ring_sent(ring, at);

        if (lies_in(a, p))
            a->next = (uint32_t)min_u64(
                bits_round_up(p->offset - a->start + (uint64_t)p->len,
                              ROOM_UNIT),
                a->size);
    }
}

/* Finds `len` bytes behind `next` and moves `next` there. */
static bool
find_room(struct area *a, const struct packet *held, uint32_t len)
{
    if (held == NULL) {
        if (a->next >= a->size / 4 || len > a->size - a->next)
            a->next = 0;
        return len <= a->size;
    }

    uint32_t begin = held->offset - a->start;

    if (a->next <= begin)
        return len <= begin - a->next;
    if (len <= a->size - a->next)
        return true;
    if (len > begin)
        return false;
    a->next = 0;
    return true;
}

uint8_t *
area_reserve(struct area *a, uint32_t staged, uint32_t len)
{
    CHECK(len > 0 && len <= a->size);

    uint64_t end = ring_position(a->ring) + staged;
    uint32_t room = (uint32_t)bits_round_up(len, ROOM_UNIT);
    const struct packet *held = first_held(a, end);

    if (ring_broken(a->ring) || !find_room(a, held, room))
        return NULL;
    a->room = len;
    return a->region->base + a->start + a->next;
}

void
area_commit(struct area *a, struct packet *p, uint32_t len)
{
    CHECK(len <= a->room);
    p->region = (uint16_t)a->region->id;
    p->offset = a->start + a->next;
    p->len = len;
    a->next += (uint32_t)bits_round_up(len, ROOM_UNIT);
    a->room = 0;
}

uint64_t
packet_released(enum ring_id input, uint64_t head, struct held *held,
                uint32_t n)
{
    uint64_t done = head;

    for (uint32_t i = 0; i < n; i++) {
        struct ring *out = held[i].out;
        uint64_t end = ring_position(out);
        uint64_t at = max_u64(held[i].scanned, ring_released(out));

        if (ring_broken(out))
            continue;
        for (; at < end; at++) {
            const struct packet *p = ring_sent(out, at);

            /* Input is taken in order: no later packet has an older origin. */
            if (p->origin_ring == input) {
                done = min_u64(done, p->origin);
                break;
            }
        }
        held[i].scanned = at;
    }
    return done;
}
