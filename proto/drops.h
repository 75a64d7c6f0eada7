/* SPDX-License-Identifier: MIT */
/* Why a packet was discarded: each one discarded meets exactly one reason. */
#ifndef PROTO_DROPS_H
#define PROTO_DROPS_H

/* The values index the counters in every daemon's cnc region. */
enum drop {
    DROP_NONE, /* not discarded */
#define DROP(NAME, area, name, help) DROP_##NAME,
#include "proto/drops.def"
#undef DROP
    DROPS /* how many there are, DROP_NONE included */
};

/* The counter's name, such as "ip.drop.no_route"; "none" for DROP_NONE and
 * "unknown" for a number that is no reason. Lives forever. */
const char *drop_name(enum drop why);

/* One sentence that says what the reason means, for the same values. */
const char *drop_help(enum drop why);

#endif
