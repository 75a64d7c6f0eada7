/* SPDX-License-Identifier: MIT */
/* From the device into link.rx: a burst of frames a turn, impaired and joined
 * on their way where that is wanted. */
#ifndef LINKD_WIRE_IN_H
#define LINKD_WIRE_IN_H

#include "linkd/driver.h"
#include "linkd/gro.h"
#include "linkd/gso.h"
#include "linkd/impair.h"
#include "proto/shm/cnc.h"
#include "proto/shm/packet.h"
#include "proto/shm/ring.h"

#include <stdbool.h>
#include <stdint.h>

struct wire_in {
    struct cnc *cnc;
    const struct driver *driver;
    uint32_t ring_id;
    bool joins;       /* the device gives small segments */
    uint8_t *scratch; /* PACKET_MAX bytes, where what is impaired is cut */
    struct impair impair;
    struct gso gso;

    struct ring ring;
    struct area frames;
    /* Within a turn: */
    bool impairs, may_join;
    uint32_t staged;
    bool roomy;           /* the last room holds two packets, their slots too */
    bool grows;           /* gro holds a packet that is not staged yet, */
    struct gro gro;       /* in the last room, */
    struct packet packet; /* and this is its descriptor */
};

enum wire_in_end {
    WIRE_IN_DONE,  /* the device has no more, or the turn's share is taken */
    WIRE_IN_FULL,  /* ipd holds all slots or the whole area */
    WIRE_IN_BROKEN /* the device is gone; errno is set */
};

/* Stages what the device gives, for ring_publish; says how much in *staged. */
enum wire_in_end wire_in_burst(struct wire_in *w, instant_t now,
                               uint32_t *staged);

/* Is there room for one more frame, when nothing is staged? */
bool wire_in_has_room(struct wire_in *w);

#endif
