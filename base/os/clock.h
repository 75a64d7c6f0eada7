/* SPDX-License-Identifier: MIT */
/* The one place that reads the clock, and how long to sleep. A daemon reads it
 * once a turn. */
#ifndef BASE_OS_CLOCK_H
#define BASE_OS_CLOCK_H

#include "base/time.h"

#include <time.h>

instant_t clock_now(void); /* CLOCK_MONOTONIC */

/* From `now` to `until` as ppoll wants it, in *timeout; NULL: for ever. A moment
 * that has passed is no time at all. */
const struct timespec *clock_timeout(instant_t until, instant_t now,
                                     struct timespec *timeout);

/* The same as epoll_wait wants it, rounded up, since who wakes early finds
 * nothing due; -1: for ever. */
int clock_timeout_ms(instant_t until, instant_t now);

#endif
