/* SPDX-License-Identifier: MIT */
/* A bad network between two hosts, in virtual time: it delays, queues, loses,
 * reorders, duplicates and damages segments as a seeded sequence says. */
#ifndef TESTS_SIM_NET_H
#define TESTS_SIM_NET_H

#include "base/deadlines.h"
#include "base/rng.h"
#include "tcpd/core/tcp.h"

#include <stdbool.h>
#include <stdint.h>

#define NET_PACKETS 2048 /* on their way at most, both directions */

/* Of every 1000 segments so many meet this fate. */
struct net_weather {
    uint32_t loss, reorder, duplicate, damage;
    duration_t delay;     /* of the path, one way */
    duration_t jitter;    /* at most, of what is reordered */
    uint32_t ns_per_byte; /* how slow the line is */
    duration_t queue; /* longest wait for the line; what waits longer is lost */
    bool gro;         /* segments arrive as they were sent, not cut up */
};

struct net_packet {
    struct addr src, dst;
    uint32_t to; /* host: 0 or 1 */
    uint32_t len;
    uint16_t gso_size; /* not 0: its checksum was vouched for */
    uint8_t *bytes;
};

struct net_stats {
    uint64_t sent, lost, queue_full, reordered, duplicated, damaged;
};

struct net {
    struct net_weather weather;
    struct net_stats stats;
    struct rng *rng;
    instant_t line_free[2]; /* by destination */
    struct deadlines arrivals;
    struct net_packet packets[NET_PACKETS];
    uint32_t free[NET_PACKETS], free_count;
};

/* `rng` is shared with the caller and outlives the network. */
struct net *net_create(struct rng *rng, const struct net_weather *weather);
void net_destroy(struct net *net);

/* A segment that tcp_output() wrote leaves for host `to`. It is cut into wire
 * segments unless there is GRO, and checksums are completed. */
void net_send(struct net *net, uint32_t to, const struct tcp_slot *slot,
              instant_t now);

/* When the next one arrives. */
instant_t net_next(const struct net *net);

/* Takes one that has arrived. Its bytes are valid until the next net call. */
bool net_take(struct net *net, instant_t now, struct net_packet *packet);

#endif
