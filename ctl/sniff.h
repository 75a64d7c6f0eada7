/* SPDX-License-Identifier: MIT */
/* Packets off any ring, for people: nobody who works on them notices.
 *
 * A packet is copied as soon as it is seen and given out when it is known to be
 * whole (intact.h) and what became of it: when its consumer has taken it, or some
 * time later at the latest. What could not be copied in time is counted. */
#ifndef CTL_SNIFF_H
#define CTL_SNIFF_H

#include "base/time.h"
#include "ctl/look.h"
#include "proto/drops.h"
#include "proto/shm/packet.h"

#include <stdbool.h>
#include <stdint.h>

struct sniffed {
    enum ring_id ring;
    uint64_t at; /* position there */
    struct packet packet;
    instant_t when;       /* it arrived, or else was seen */
    const uint8_t *bytes; /* inline headers, then payload: valid until the next
                             sniff_poll */
    uint32_t captured;    /* bytes of it here */
    uint32_t len;         /* bytes of it in all */
    enum drop dropped;    /* DROP_NONE: it was not, as far as is known */
    enum daemon_id by;    /* who dropped it, or died on it */
    bool crashed;         /* `by` died while it worked on it */
};

struct sniffer;

/* `wanted` says which rings; those that are not there are left out. `l` outlives
 * the sniffer. At most `snap` bytes of each packet are copied. Dies when there is
 * no memory. */
struct sniffer *sniff_open(const struct look *l, const bool wanted[RINGS],
                           uint32_t snap);
void sniff_close(struct sniffer *s);

/* Copies what is new; false when nothing was. */
bool sniff_poll(struct sniffer *s, instant_t now);

/* The next packet whose story is complete, or NULL. `all`: also those that nobody
 * has taken yet (the capture ends). */
const struct sniffed *sniff_next(struct sniffer *s, instant_t now, bool all);

/* Are there packets that sniff_next has not given out? Each is given out or lost
 * within 50 ms. */
bool sniff_waits(const struct sniffer *s);

/* Packets that passed too fast. */
uint64_t sniff_lost(const struct sniffer *s);

#endif
