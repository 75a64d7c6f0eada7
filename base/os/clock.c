/* SPDX-License-Identifier: MIT */
/* Reads CLOCK_MONOTONIC, which the vDSO answers without a system call. */
#include "base/os/clock.h"

#include "base/bits.h"
#include "base/check.h"

#include <limits.h>

instant_t
clock_now(void)
{
    struct timespec ts;

    CHECK(clock_gettime(CLOCK_MONOTONIC, &ts) == 0);
    return (instant_t){(int64_t)ts.tv_sec * 1000000000 + ts.tv_nsec};
}

static int64_t
left_ns(instant_t until, instant_t now)
{
    return instant_due(until, now) ? 0 : instant_sub(until, now).ns;
}

const struct timespec *
clock_timeout(instant_t until, instant_t now, struct timespec *timeout)
{
    int64_t left = left_ns(until, now);

    if (instant_is_never(until))
        return NULL;
    *timeout = (struct timespec){.tv_sec = left / 1000000000,
                                 .tv_nsec = left % 1000000000};
    return timeout;
}

int
clock_timeout_ms(instant_t until, instant_t now)
{
    uint64_t left = (uint64_t)left_ns(until, now);

    if (instant_is_never(until))
        return -1;
    return (int)min_u64((left + 999999) / 1000000, INT_MAX);
}
