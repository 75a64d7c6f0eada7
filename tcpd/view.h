/* SPDX-License-Identifier: MIT */
/* The rows of tcpd.view: what people see of connections and listeners. */
#ifndef TCPD_VIEW_H
#define TCPD_VIEW_H

#include "base/time.h"
#include "proto/shm/view.h"
#include "tcpd/checkpoint.h"
#include "tcpd/core/tcp.h"

#include <stdbool.h>
#include <stdint.h>

#define VIEW_PERIOD_MS 100 /* figures are at most this old */
#define VIEW_BATCH     256 /* rows of figures a turn */

struct views {
    struct tcpd_view shm;
    const struct tcp *tcp;
    instant_t due; /* when figures are to be written; INSTANT_NEVER: none are */
    /* Connections whose figures have changed since, oldest first. */
    uint32_t first, count;
    uint16_t waiting[TCPD_TCBS];
    bool waits[TCPD_TCBS];
    uint8_t shown[TCPD_TCBS]; /* enum tcb_state in the row */
    uint32_t listeners;       /* used ones have lower indices */
    struct view_listener listener[TCPD_LISTENERS]; /* the rows */
};
static_assert(TCPD_TCBS == VIEW_CONNS && TCPD_LISTENERS == VIEW_LISTENERS,
              "a row for each");
static_assert(TCPD_TCBS <= UINT16_MAX + 1, "an index fits `waiting`");

/* Boot only: the tables in the region. False: it is too small. */
bool views_join(struct views *v, const struct region *region,
                const struct tcp *tcp) __attribute__((warn_unused_result));

/* Boot only, with all that was recovered in the core: every row anew, rows of a
 * predecessor's connections cleared. */
void views_start(struct views *v, instant_t now);

/* After each commit, while the changed list is whole: rows of connections whose
 * state has changed; of the others their figures soon. `bound`: a listener has
 * come, gone, or begun to listen. */
void views_commit(struct views *v, bool bound, instant_t now);

/* Writes figures that are due, a bounded number. */
void views_expire(struct views *v, instant_t now);

#endif
