/* SPDX-License-Identifier: MIT */
/* One pass of ipd's loop, and when it may pause. */
#ifndef IPD_TURN_H
#define IPD_TURN_H

#include "ipd/ipd.h"

/* Takes, works, commits, publishes, rings. Returns how many things were done;
 * 0: there was nothing to do. */
uint32_t turn_run(struct ipd *d, instant_t now);

/* The last part of a turn, and of recovery: shows what is staged and taken, and
 * rings whom it concerns. What it shows is committed. */
void turn_publish(struct ipd *d);

/* Asked while dozing (doorbell.h): may ipd sleep until turn_deadline()? Asks
 * its consumers to ring when they release something that somebody waits for. */
bool turn_may_sleep(struct ipd *d);

/* INSTANT_NEVER: only a bell brings work. */
instant_t turn_deadline(const struct ipd *d);

#endif
