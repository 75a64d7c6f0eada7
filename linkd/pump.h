/* SPDX-License-Identifier: MIT */
/* Moves frames between a device and ipd's rings. */
#ifndef LINKD_PUMP_H
#define LINKD_PUMP_H

#include "linkd/driver.h"
#include "proto/shm/cnc.h"
#include "proto/shm/doorbell.h"
#include "proto/shm/packet.h"
#include "proto/shm/region.h"
#include "proto/shm/ring.h"

#include <stdbool.h>
#include <stdint.h>

struct pump {
    struct cnc cnc;
    const struct region *regions; /* by id, REGIONS of them at least */
    struct driver driver;
    struct doorbell ipd;

    struct ring rx; /* to ipd */
    struct area frames;
    bool waits; /* for ipd to release what we read */

    struct ring tx;    /* from ipd */
    bool refused;      /* the device took nothing when last asked */
    instant_t give_up; /* while it does so: from then on frames are lost */
};

/* Boot only: joins the rings; they say how far a predecessor got. regions, cnc,
 * driver and ipd are set and all else zero. False: a region does not have the
 * shape that the tables say. */
bool pump_join(struct pump *p) __attribute__((warn_unused_result));

/* One turn. Returns how many things were done; 0: there was nothing to do. When
 * the device is gone, *broken is set and errno says why. */
uint32_t pump_turn(struct pump *p, instant_t now, bool *broken);

/* Asked while dozing (doorbell.h): may linkd sleep until pump_deadline()? */
bool pump_may_sleep(struct pump *p);

/* INSTANT_NEVER: only a bell or the device brings work. */
instant_t pump_deadline(const struct pump *p);

/* What to wait for at the device: events as poll(2) names them. */
short pump_events(const struct pump *p);

#endif
