/* SPDX-License-Identifier: MIT */
/* What a failed daemon has not released stays unreleased, and with it, since
 * memory is freed in order, all that came in after it: one dead linkd would stop
 * the other links. So its packets are emptied where they stand, in slots that
 * are ours to write: they refer to nothing any more. Its successor finds slots
 * that it has to refuse. The length goes first: should the successor be starting
 * just now, a slot that it has half read is refused or still what it was. */
#include "ipd/abandon.h"

#include <stdint.h>

static bool
has_failed(const struct ipd *d, uint32_t daemon)
{
    return d->conf->daemons[daemon].state == CONF_DAEMON_FAILED;
}

static void
empty_slots(struct outlet *o)
{
    uint64_t end = ring_position(&o->ring);

    if (ring_broken(&o->ring))
        return;
    for (uint64_t at = ring_released(&o->ring); at < end; at++) {
        struct packet *p =
            (void *)(uintptr_t)ring_sent(&o->ring, at); /* our own region */

        p->len = 0;
        p->header_len = 0;
        p->origin_ring = RINGS;
    }
}

void
abandon_failed(struct ipd *d)
{
    if (has_failed(d, DAEMON_TCPD))
        empty_slots(&d->ip_rx);
    for (uint32_t k = 0; k < d->links; k++) {
        if (has_failed(d, DAEMON_LINKD + k))
            empty_slots(&d->link[k].tx);
    }
}
