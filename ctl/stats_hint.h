/* SPDX-License-Identifier: MIT */
/* Where to look when a counter grows. */
#ifndef CTL_STATS_HINT_H
#define CTL_STATS_HINT_H

/* By the counter's printed name: commands to type. NULL: there is none that says
 * more. */
const char *stats_hint(const char *name);

#endif
