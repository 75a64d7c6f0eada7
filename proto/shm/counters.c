/* SPDX-License-Identifier: MIT */
/* The table of counters, as its names, meanings and owners. */
#include "proto/shm/counters.h"

#include "base/check.h"

static const struct {
    const char *name;
    const char *help;
    enum daemon_id daemon;
} table[COUNTERS] = {
#define COUNTER(name, daemon, text, help)                                      \
    [COUNTER_##name] = {text, help, DAEMON_##daemon},
#include "proto/shm/counters.def"
#undef COUNTER
};

const char *
counter_name(enum counter c)
{
    CHECK(c < COUNTERS);
    return table[c].name;
}

const char *
counter_help(enum counter c)
{
    CHECK(c < COUNTERS);
    return table[c].help;
}

enum daemon_id
counter_daemon(enum counter c)
{
    CHECK(c < COUNTERS);
    return table[c].daemon;
}
