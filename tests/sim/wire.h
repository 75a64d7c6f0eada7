/* SPDX-License-Identifier: MIT */
/* A bad network between two hosts, in virtual time: it delays, queues, loses,
 * reorders, duplicates and damages segments as a seeded sequence says. */
#ifndef TESTS_SIM_WIRE_H
#define TESTS_SIM_WIRE_H

#include "base/deadlines.h"
#include "base/rng.h"
#include "tcpd/core/tcp.h"

#include <stdbool.h>
#include <stdint.h>

#define WIRE_PACKETS 2048 /* on their way at most, both directions */

/* Of every 1000 segments so many meet this fate. */
struct wire_weather {
    uint32_t loss, reorder, duplicate, damage;
    duration_t delay;     /* of the path, one way */
    duration_t jitter;    /* at most, of what is reordered */
    uint32_t ns_per_byte; /* how slow the line is */
    duration_t queue; /* longest wait for the line; what waits longer is lost */
    bool gro;         /* segments arrive as they were sent, not cut up */
    uint32_t path_mtu;   /* a router's on the way, ... */
    instant_t narrow_at; /* ... from then on; INSTANT_NEVER: never */
};

struct wire_packet {
    struct addr src, dst;
    uint32_t to; /* host: 0 or 1 */
    uint32_t len;
    uint16_t gso_size; /* not 0: its checksum was vouched for */
    uint8_t *bytes;
};

struct wire_stats {
    uint64_t sent, lost, queue_full, reordered, duplicated, damaged, too_big;
};

struct wire {
    struct wire_weather weather;
    struct wire_stats stats;
    struct rng *rng;
    instant_t line_free[2]; /* by destination */
    struct deadlines arrivals;
    struct wire_packet packets[WIRE_PACKETS];
    uint32_t free[WIRE_PACKETS], free_count;
};

/* `rng` is shared with the caller and outlives the network. */
struct wire *wire_create(struct rng *rng, const struct wire_weather *weather);
void wire_destroy(struct wire *wire);

/* A segment that tcp_output() wrote leaves for host `to`. It is cut into wire
 * segments unless there is GRO, and checksums are completed. False: some were too
 * big for a router, which says so to the sender. */
bool wire_send(struct wire *wire, uint32_t to, const struct tcp_slot *slot,
               instant_t now);

/* When the next one arrives. */
instant_t wire_next(const struct wire *wire);

/* Takes one that has arrived. Its bytes are valid until the next wire call. */
bool wire_take(struct wire *wire, instant_t now, struct wire_packet *packet);

#endif
