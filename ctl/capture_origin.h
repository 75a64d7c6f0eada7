/* SPDX-License-Identifier: MIT */
/* Where captured packets come from: which rings, and under which names. */
#ifndef CTL_CAPTURE_ORIGIN_H
#define CTL_CAPTURE_ORIGIN_H

#include "ctl/look.h"
#include "ctl/pcapng.h"

#include <stdbool.h>
#include <stdint.h>

#define ORIGIN_NAME 24

struct origin {
    char name[ORIGIN_NAME]; /* "tap0", "ipd>tcpd" */
    uint32_t interface;     /* number: both directions of a link are one */
    bool ethernet;          /* else packets without Ethernet header */
    enum pcapng_way way;
};

struct origins {
    struct origin ring[RINGS];
    bool wanted[RINGS];
    uint32_t interfaces;
    const struct origin *interface[RINGS]; /* one of each number */
};

/* `on` is "all", a link's name or a ring's; NULL: all links. Dies when there is
 * none like that. */
void origins_choose(struct origins *o, const struct look *l, const char *on);

#endif
