/* SPDX-License-Identifier: MIT */
/* What the daemons count. One table names every counter once; a daemon counts
 * in its own cnc, readers read there, also while the daemon is dead. */
#ifndef PROTO_SHM_COUNTERS_H
#define PROTO_SHM_COUNTERS_H

#include "proto/drops.h"
#include "proto/shm/layout.h"

#include <stdint.h>

enum counter {
#define COUNTER(name, daemon, text, help) COUNTER_##name,
#include "proto/shm/counters.def"
#undef COUNTER
    COUNTERS
};

const char *counter_name(enum counter c);
const char *counter_help(enum counter c);
enum daemon_id counter_daemon(enum counter c);

/* A counter for use in shared memory: one writer, any reader. */
typedef _Atomic uint64_t counter_t;

#endif
