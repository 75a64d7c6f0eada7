/* SPDX-License-Identifier: MIT */
/* A frame as it lies in this process: two pieces, one after the other, and what
 * is still to be done to it. The bytes are somebody else's. */
#ifndef LINKD_FRAME_H
#define LINKD_FRAME_H

#include "proto/shm/packet.h"

#include <stdint.h>

/* Bytes of the longest headers before a TCP payload: Ethernet 14, IPv4 and TCP
 * 60 each. */
#define FRAME_HEADERS 134

struct frame {
    const uint8_t *header;
    const uint8_t *payload; /* not looked at when len is 0 */
    uint32_t header_len;
    uint32_t len;
    uint8_t flags; /* enum packet_flag, and what belongs to it: */
    uint16_t gso_size;
    uint16_t csum_start; /* from the first byte */
    uint16_t csum_offset;
};

/* The frame that a packet and its payload make. Lives as long as both do. */
static inline struct frame
frame_of(const struct packet *p, const uint8_t *payload)
{
    return (struct frame){
        .header = p->header,
        .payload = payload,
        .header_len = p->header_len,
        .len = p->len,
        .flags = p->flags,
        .gso_size = p->gso_size,
        .csum_start = p->csum_start,
        .csum_offset = p->csum_offset,
    };
}

/* The frame of `len` bytes at `bytes`, of which a device says what is in p. */
static inline struct frame
frame_received(const struct packet *p, const uint8_t *bytes, uint32_t len)
{
    struct frame f = frame_of(p, bytes);

    f.header_len = 0;
    f.len = len;
    return f;
}

/* The frame of `len` bytes at `bytes` that lacks nothing. */
static inline struct frame
frame_plain(const uint8_t *bytes, uint32_t len)
{
    return (struct frame){.header = bytes, .header_len = len};
}

static inline uint32_t
frame_size(const struct frame *f)
{
    return f->header_len + f->len;
}

#endif
