/* SPDX-License-Identifier: MIT */
/* Bound ports, and the children of those that listen. */
#ifndef TCPD_CORE_LISTENERS_H
#define TCPD_CORE_LISTENERS_H

#include "tcpd/core/tcp.h"

#define PORTS 65536

/* Is the port bound in `addr`, or in all addresses? A listener of any address
 * is in the way of every other one. */
bool port_is_bound(struct tcp *tcp, const struct addr *addr, uint16_t port);

/* A child is born: it counts as queued until it is claimed or ends. */
void listener_adopt(struct listener *l, struct tcb *tcb);

/* It is no longer the listener's; harmless when it never was. */
void listener_release(struct tcp *tcp, struct tcb *tcb);

#endif
