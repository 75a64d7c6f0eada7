/* SPDX-License-Identifier: MIT */
/* Points and spans of monotonic time, as types that cannot be mixed up. */
#ifndef BASE_TIME_H
#define BASE_TIME_H

#include <stdbool.h>
#include <stdint.h>

/* Nanoseconds of CLOCK_MONOTONIC: the same in every process of one boot. */
typedef struct {
    int64_t ns;
} instant_t;

typedef struct {
    int64_t ns;
} duration_t;

/* Later than any deadline: "no deadline". */
#define INSTANT_NEVER ((instant_t){INT64_MAX})

static inline duration_t
duration_ms(int64_t ms)
{
    return (duration_t){ms * 1000000};
}

static inline duration_t
duration_us(int64_t us)
{
    return (duration_t){us * 1000};
}

/* INSTANT_NEVER stays INSTANT_NEVER, and what would be later is it; what would
 * be earlier than the first instant is the first. */
static inline instant_t
instant_add(instant_t t, duration_t d)
{
    int64_t sum;

    if (t.ns == INT64_MAX)
        return INSTANT_NEVER;
    if (__builtin_add_overflow(t.ns, d.ns, &sum))
        return (instant_t){d.ns < 0 ? INT64_MIN : INT64_MAX};
    return (instant_t){sum};
}

/* a - b. */
static inline duration_t
instant_sub(instant_t a, instant_t b)
{
    return (duration_t){a.ns - b.ns};
}

static inline bool
instant_before(instant_t a, instant_t b)
{
    return a.ns < b.ns;
}

/* Has the moment `t` come at `now`? */
static inline bool
instant_due(instant_t t, instant_t now)
{
    return t.ns <= now.ns;
}

static inline instant_t
instant_min(instant_t a, instant_t b)
{
    return a.ns < b.ns ? a : b;
}

static inline bool
instant_is_never(instant_t t)
{
    return t.ns == INT64_MAX;
}

#endif
