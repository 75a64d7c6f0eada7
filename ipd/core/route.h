/* SPDX-License-Identifier: MIT */
/* Where a packet goes next: the connected network, the default route, or back
 * to ourselves. */
#ifndef IPD_CORE_ROUTE_H
#define IPD_CORE_ROUTE_H

#include "ipd/core/config.h"

#include <stdbool.h>

enum route {
    ROUTE_NONE, /* no route, or no single host's address */
    ROUTE_SELF, /* the address is ours */
    ROUTE_LINK  /* by way of *next_hop */
};

enum route route_lookup(const struct ip_config *cfg, struct addr dst,
                        struct addr *next_hop);

/* Can `a` be a host that ARP resolves: one of the connected network other than
 * ourselves, or the gateway wherever its address lies? */
bool route_is_neighbour(const struct ip_config *cfg, struct addr a);

/* Is it 255.255.255.255 or the connected network's broadcast address? */
bool route_is_broadcast(const struct ip_config *cfg, struct addr a);

/* Can the address be one single host's, seen from outside: neither group,
 * loopback, nor in 0.0.0.0/8, nor a broadcast address? */
bool route_is_host(const struct ip_config *cfg, struct addr a);

#endif
