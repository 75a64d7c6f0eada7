/* SPDX-License-Identifier: MIT */
/* An instance's shared memory, mapped read-only for looking: it can be read while
 * any daemon is dead. */
#ifndef CTL_LOOK_H
#define CTL_LOOK_H

#include "ctl/commands.h"
#include "ctl/device.h"
#include "proto/shm/cnc.h"
#include "proto/shm/conf.h"
#include "proto/shm/layout.h"
#include "proto/shm/region.h"
#include "proto/shm/ring.h"
#include "proto/shm/view.h"

#include <limits.h>
#include <stdbool.h>

struct look {
    const struct conf_shm *conf;
    uint64_t version;          /* of these: */
    struct conf_tables tables; /* checked */
    uint32_t daemons;          /* those from this number on are not there */
    const struct cnc_shm *cnc[DAEMONS];
    struct ipd_view ipd;
    struct tcpd_view tcpd;
    const struct ring_shm *rings[RINGS]; /* NULL: not there, or not for this
                                             user */
    struct region regions[REGIONS];      /* base NULL likewise */
    char device[LINKS_MAX][DEVICE_NAME]; /* interface or path of each link */
    char config[PATH_MAX]; /* the file that it was started with; "": none */
};

/* Asks the supervisor and maps what it gives. Dies as call does. */
void look_open(struct look *l, const struct cli *cli);

/* The newest tables into l->tables. False: none newer. */
bool look_again(struct look *l);

#endif
