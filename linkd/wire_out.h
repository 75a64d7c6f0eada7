/* SPDX-License-Identifier: MIT */
/* From ip.tx to the device: one frame after the other, cut, completed and
 * impaired where that is wanted. */
#ifndef LINKD_WIRE_OUT_H
#define LINKD_WIRE_OUT_H

#include "linkd/driver.h"
#include "linkd/gso.h"
#include "linkd/impair.h"
#include "proto/shm/cnc.h"
#include "proto/shm/packet.h"
#include "proto/shm/region.h"
#include "proto/shm/ring.h"

#include <stdbool.h>
#include <stdint.h>

/* Where the frame comes from that wire_out_peek last gave. */
enum wire_out_source { WIRE_OUT_WHOLE, WIRE_OUT_PIECE, WIRE_OUT_LINE };

struct wire_out {
    struct cnc *cnc;
    const struct region *regions;
    uint32_t ring_id;
    bool cuts; /* the device takes only what a wire takes */
    struct impair impair;

    struct ring ring;
    enum wire_out_source source;
    struct packet packet; /* a copy of the head's descriptor */
    bool begun;           /* the head is being cut, `piece` is next */
    struct gso gso;
    struct frame piece;
};

/* The next frame, which lives until wire_out_pop or the end of the turn; the
 * same when asked again. DRIVER_NOTHING: there is none now. DRIVER_DROPPED: the
 * head of the ring is done with and gave none, *why says why. */
enum driver_result wire_out_peek(struct wire_out *w, instant_t now,
                                 struct frame *f, enum drop *why);

/* The frame is done with, and what it was the last of: the ring's head
 * moves. */
void wire_out_pop(struct wire_out *w);

#endif
