/* SPDX-License-Identifier: MIT */
/* An instance's shared memory, mapped read-only for looking: it can be read while
 * any daemon is dead. */
#ifndef CTL_LOOK_H
#define CTL_LOOK_H

#include "ctl/commands.h"
#include "proto/shm/cnc.h"
#include "proto/shm/conf.h"
#include "proto/shm/layout.h"
#include "proto/shm/ring.h"

#include <stdbool.h>

struct look {
    const struct conf_shm *conf;
    const struct cnc_shm *cnc[DAEMONS];
    const struct ring_shm *rings[RINGS]; /* NULL: not for this user */
};

/* Asks the supervisor and maps what it gives. Dies as call does. */
void look_open(struct look *l, const struct cli *cli);

#endif
