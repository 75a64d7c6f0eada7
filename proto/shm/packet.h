/* SPDX-License-Identifier: MIT */
/* A packet in a ring: a descriptor of fixed size that says where the payload
 * lies, what stands before it, and where it came from. Bytes are written once,
 * by the producer of the region they lie in; then only descriptors move. */
#ifndef PROTO_SHM_PACKET_H
#define PROTO_SHM_PACKET_H

#include "proto/shm/layout.h"
#include "proto/shm/region.h"
#include "proto/shm/ring.h"
#include "proto/wire/addr.h"

#include <assert.h>
#include <stdbool.h>
#include <stdint.h>

#define PACKET_HEADER 56 /* bytes of inline headers: Ethernet + IPv6 fits */
#define PACKET_MAX                                                             \
    65550 /* bytes, an Ethernet header and the largest IPv4 packet */

enum packet_flag {
    PACKET_CSUM_VOUCHED =
        1, /* in: the device vouches for the transport checksum */
    PACKET_CSUM_PARTIAL = 2, /* out: checksum field holds the pseudo-header sum;
                                the device completes it from csum_start */
    PACKET_GSO_TCPV4 = 4 /* the payload is several segments of gso_size bytes */
};

struct packet {
    uint16_t region;    /* enum region_id where the payload lies */
    uint8_t header_len; /* bytes of header[] in use, sent before the payload */
    uint8_t flags;      /* enum packet_flag */
    uint32_t offset;    /* payload, from the region's first byte */
    uint32_t len;       /* payload, bytes; 0: only header[] */
    uint16_t gso_size;  /* TCP payload bytes a segment, with PACKET_GSO_TCPV4 */
    uint8_t origin_ring; /* enum ring_id it was taken from, RINGS: its own */
    uint8_t protocol;    /* IPPROTO of the payload, on rings to and from tcpd */
    uint64_t origin;     /* position in origin_ring */
    int64_t arrival_ns;  /* instant at which linkd got it, 0: not received */
    uint16_t csum_start; /* from header[0], with PACKET_CSUM_PARTIAL */
    uint16_t csum_offset; /* of the checksum field, from csum_start */
    uint32_t flow_hash;   /* 0: not computed */
    struct addr src, dst; /* on rings to and from tcpd */
    uint8_t header[PACKET_HEADER];
};
static_assert(sizeof(struct packet) == 128, "shm ABI v1");

/* Copies slot `n` beyond the head once and checks the copy: the payload lies in
 * the mapped region it names, that region is one that packets lie in (or a peer
 * could have our secrets sent as a packet), lengths and flags are possible.
 * False: the copy is hostile or broken; count it and take it all the same.
 * `regions` is indexed by region id, `count` entries. */
bool packet_copy(const struct ring *r, uint32_t n, struct packet *copy,
                 const struct region *regions, uint32_t count)
    __attribute__((warn_unused_result));

/* For who is neither producer nor consumer: the same of the slot at an absolute
 * position, which may be overwritten meanwhile. */
bool packet_observe(const struct ring_row *row, uint64_t at,
                    struct packet *copy, const struct region *regions,
                    uint32_t count) __attribute__((warn_unused_result));

/* The checked payload of a checked packet: valid until released; NULL when len
 * is 0. Other processes may change the bytes under us: copy headers out before
 * looking. */
const uint8_t *packet_payload(const struct packet *p,
                              const struct region *regions);

/* ---- the producer's data area: circular, freed in order of release ---- */

/* Private to the producer. The area lies behind the ring's slots in the ring's
 * own region; what is in use is read off the ring, never remembered. */
struct area {
    const struct region *region;
    struct ring *ring;
    uint32_t start; /* of the area, from the region's first byte */
    uint32_t size;
    uint32_t next;   /* offset in the area of the next packet */
    uint32_t room;   /* bytes of the last room, 0: committed */
    uint64_t oldest; /* published, held packets of this area are not below it */
};

/* Boot only, after ring_restore; finds `next` from what the ring still holds,
 * so that a successor goes on where its predecessor's published packets end. */
void area_join(struct area *a, const struct region *region, struct ring *ring,
               const struct ring_row *row);

/* Room for one packet of at most `len` bytes (1 to the area's size) behind
 * everything staged, in one piece, 64-byte aligned; NULL when it is held by
 * unreleased packets. `staged` is the number of slots staged, and filled in,
 * beyond the tail so far this turn. Asking again before area_commit gives the
 * same room, or the front: when all is released and a quarter of the area used,
 * it starts there again, so that a quiet link stays in the cache. Nothing is kept for a room that
 * is not committed. */
uint8_t *area_reserve(struct area *a, uint32_t staged, uint32_t len);

/* Keeps `len` bytes, at most as many as were asked for, of the last room for
 * packet `p`, which is at slot `staged` of this turn: sets p's region, offset
 * and len. */
void area_commit(struct area *a, struct packet *p, uint32_t len);

/* ---- released is computed, never remembered ---- */

/* How far input ring `input`, whose consumer's head is `head`, is done, given
 * the `n` rings that its consumer produces: the smallest origin among their
 * unreleased packets that came from `input`, else `head`. Asked after the
 * turn's outputs are published. A broken output holds nothing: who broke it
 * may not stop the input of everybody else. The hints (one an input and ring,
 * kept by the caller, initially 0) only save time. */
struct held {
    struct ring *out;
    uint64_t scanned; /* below it no packet from `input` is unreleased */
};
uint64_t packet_released(enum ring_id input, uint64_t head, struct held *held,
                         uint32_t n);

#endif
