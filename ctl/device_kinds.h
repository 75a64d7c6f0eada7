/* SPDX-License-Identifier: MIT */
/* The kinds of device behind device_open. All return a descriptor, non-blocking,
 * and die with a hint. */
#ifndef CTL_DEVICE_KINDS_H
#define CTL_DEVICE_KINDS_H

#include "proto/wire/net.h"

#include <stdbool.h>

/* Attaches to the TAP `name`; makes it when it is not there. *found says whether
 * it was there. */
int device_tap(const char *name, bool offloads, bool *found);

/* Makes a veth pair in this namespace, which is the instance's own. One end is
 * the kernel's, called `name` and down; the other, called `own_end`, is up, and
 * the kernel leaves it alone. Returns a packet socket on that one. */
int device_veth(const char *name, const char *own_end, uint32_t mtu);

/* A packet socket on the interface `name`, which has no address of this host.
 * The link gets its MTU, if that is lower than its own. */
int device_packet(struct net_link *link, const char *name);

/* A socket for frames that has the interface `name`, whatever is there, as its
 * device. */
int device_packet_socket(const char *name);

/* One end of a pair of instances that meet at `path`: the socket of whoever comes
 * first is PATH.0, the other's PATH.1. */
int device_pair(const char *path);
void device_pair_leave(void);

#endif
