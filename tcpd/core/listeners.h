/* SPDX-License-Identifier: MIT */
/* Bound ports, and the children of those that listen. */
#ifndef TCPD_CORE_LISTENERS_H
#define TCPD_CORE_LISTENERS_H

#include "tcpd/core/tcp.h"

#define PORTS 65536

/* Is the port bound in `addr`, or in all addresses? A listener of any address
 * is in the way of every other one. */
bool port_is_bound(struct tcp *tcp, const struct addr *addr, uint16_t port);

/* Does accept lag behind: would another established child be too many? */
bool listener_is_full(const struct listener *l);

/* Are there so many handshakes under way, its own or all listeners', that no more
 * are remembered? */
bool listener_is_flooded(const struct tcp *tcp, const struct listener *l);

/* A tcb changes its state from what it says to `to`; tcb_enter() calls it. */
void listener_state(struct tcp *tcp, const struct tcb *tcb, enum tcb_state to);

/* A child is born: it counts as queued until it is claimed or ends. */
void listener_adopt(struct tcp *tcp, struct listener *l, struct tcb *tcb);

/* It is no longer the listener's; harmless when it never was. */
void listener_release(struct tcp *tcp, struct tcb *tcb);

#endif
