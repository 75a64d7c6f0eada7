/* SPDX-License-Identifier: MIT */
/* Which connection a 4-tuple belongs to, and the keyed hash of 4-tuples that
 * everything unpredictable is made of. */
#ifndef TCPD_CORE_DEMUX_H
#define TCPD_CORE_DEMUX_H

#include "tcpd/core/tcp.h"

/* One secret serves them all; none tells anything about another. */
enum flow_use { FLOW_DEMUX, FLOW_ISN, FLOW_TIMESTAMP, FLOW_PORT, FLOW_COOKIE };

uint64_t flow_hash(const struct tcp *tcp, enum flow_use use,
                   const struct addr *local, uint16_t local_port,
                   const struct addr *remote, uint16_t remote_port);

/* The same in a `period`, of which each has another hash; 24 bits of it count. */
uint64_t flow_hash_in(const struct tcp *tcp, enum flow_use use, uint32_t period,
                      const struct addr *local, uint16_t local_port,
                      const struct addr *remote, uint16_t remote_port);

/* Heads of chains for so many connections or listeners: a power of two. */
uint32_t demux_buckets(uint32_t things);

/* Takes a tcb that tcb_hash() put in out again. */
void demux_remove(struct tcp *tcp, struct tcb *tcb);

/* Lets tcp_find_listener() find it, and no longer. */
void listener_hash(struct tcp *tcp, struct listener *l);
void listener_unhash(struct tcp *tcp, struct listener *l);

/* Is there one with this port, at whatever address? */
bool listener_on_port(const struct tcp *tcp, uint16_t port);

#endif
