/* SPDX-License-Identifier: MIT */
/* Bound ports, and the children of those that listen. */
#ifndef TCPD_CORE_LISTENERS_H
#define TCPD_CORE_LISTENERS_H

#include "tcpd/core/tcp.h"

#define PORTS 65536

/* One bit a port. */
struct port_set {
    uint64_t word[PORTS / 64];
};

static inline void
port_set_add(struct port_set *set, uint16_t port)
{
    set->word[port / 64] |= UINT64_C(1) << port % 64;
}

static inline bool
port_set_has(const struct port_set *set, uint16_t port)
{
    return (set->word[port / 64] >> port % 64 & 1) != 0;
}

/* The ports that are bound in `addr`, or in all addresses: a listener of any
 * address is in the way of every other one. */
void listeners_ports(const struct tcp *tcp, const struct addr *addr,
                     struct port_set *set);

/* A child is born: it counts as queued until it is claimed or ends. */
void listener_adopt(struct listener *l, struct tcb *tcb);

/* It is no longer the listener's; harmless when it never was. */
void listener_release(struct tcp *tcp, struct tcb *tcb);

#endif
