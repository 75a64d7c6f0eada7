/* SPDX-License-Identifier: MIT */
/* Moves frames between a device and ipd's rings. */
#ifndef LINKD_PUMP_H
#define LINKD_PUMP_H

#include "linkd/driver.h"
#include "linkd/wire_in.h"
#include "linkd/wire_out.h"
#include "proto/shm/cnc.h"
#include "proto/shm/conf.h"
#include "proto/shm/doorbell.h"
#include "proto/shm/region.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* Bytes of private memory, most of which only impairments touch. */
#define PUMP_MEMORY (CONF_DIRECTIONS * IMPAIR_MEMORY + (size_t)PACKET_MAX)

struct pump {
    struct cnc cnc;
    uint32_t link;                /* which one; below LINKS_MAX */
    bool offloads;                /* the device cuts, joins and sums */
    const struct region *regions; /* by id, REGIONS of them at least */
    uint8_t *memory;              /* PUMP_MEMORY bytes */
    struct driver driver;
    struct doorbell ipd;
    instant_t look; /* when the driver is to look around next */

    struct wire_in in;
    bool waits; /* for ipd to release what we read */

    struct wire_out out;
    bool refused;      /* the device took nothing when last asked */
    instant_t give_up; /* while it does so: from then on frames are lost */
};

/* Boot only: joins the rings; they say how far a predecessor got. cnc, link,
 * offloads, regions, memory, driver and ipd are set and all else zero. False: a
 * region does not have the shape that the tables say. */
bool pump_join(struct pump *p) __attribute__((warn_unused_result));

/* From now on the link is as bad as that; by enum conf_direction. */
void pump_impair(struct pump *p, const struct conf_impair set[CONF_DIRECTIONS]);

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
