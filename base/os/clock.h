/* SPDX-License-Identifier: MIT */
/* The one place that reads the clock. A daemon reads it once a turn. */
#ifndef BASE_OS_CLOCK_H
#define BASE_OS_CLOCK_H

#include "base/time.h"

instant_t clock_now(void); /* CLOCK_MONOTONIC */

#endif
