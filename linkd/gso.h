/* SPDX-License-Identifier: MIT */
/* Makes frames of the wire out of one that a device with offloads would take:
 * cuts a large TCP packet into segments and completes checksums. Pure. */
#ifndef LINKD_GSO_H
#define LINKD_GSO_H

#include "linkd/frame.h"
#include "linkd/tcpv4.h"

#include <stdbool.h>
#include <stdint.h>

struct gso {
    struct frame next; /* without PACKET_GSO_TCPV4: the one frame there is */
    bool left;         /* is there a frame to come? */
    bool cuts;
    /* While it cuts: */
    struct tcpv4 at;
    const uint8_t *payload; /* what is not yet in a frame */
    uint32_t len;
    uint32_t size; /* payload of a segment */
    uint32_t seq;  /* of the next */
    uint16_t id;
    uint8_t flags;                 /* of the whole */
    uint8_t header[FRAME_HEADERS]; /* of the frame last made */
};

/* Begins with a frame whose bytes stay where they are until the last piece is
 * done with. The headers are read once; the payload may change under us, and
 * then its checksums are wrong. False: what the frame says of itself
 * contradicts its bytes, or cuts through its first piece. */
bool gso_start(struct gso *g, const struct frame *f)
    __attribute__((warn_unused_result));

/* The next frame of the wire, complete, without flags: it lives until the next
 * call. False: there is none left. */
bool gso_next(struct gso *g, struct frame *out)
    __attribute__((warn_unused_result));

#endif
