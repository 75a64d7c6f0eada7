/* SPDX-License-Identifier: MIT */
/* Routes: one connected network and at most one gateway. */
#include "ipd/core/route.h"

#define NET_ZERO     0   /* 0.0.0.0/8, "this network" (RFC 1122 3.2.1.3) */
#define NET_LOOPBACK 127 /* 127.0.0.0/8 */

/* The bits that name the host within the connected network. */
static uint32_t
host_mask(const struct ip_config *cfg)
{
    return cfg->prefix_len >= 32 ? 0 : UINT32_MAX >> cfg->prefix_len;
}

static bool
is_connected(const struct ip_config *cfg, struct addr a)
{
    uint32_t differs = addr_to_v4(a) ^ addr_to_v4(cfg->address);

    return addr_is_v4(a) && (differs & ~host_mask(cfg)) == 0;
}

/* The first and last address of a network are no host's, unless it has only one
 * or two (RFC 3021). */
static bool
is_network_edge(const struct ip_config *cfg, struct addr a)
{
    uint32_t mask = host_mask(cfg);
    uint32_t host = addr_to_v4(a) & mask;

    return mask > 1 && is_connected(cfg, a) && (host == 0 || host == mask);
}

bool
route_is_broadcast(const struct ip_config *cfg, struct addr a)
{
    if (!addr_is_v4(a))
        return false;
    if (addr_to_v4(a) == UINT32_MAX)
        return true;
    return is_network_edge(cfg, a) && (addr_to_v4(a) & host_mask(cfg)) != 0;
}

bool
route_is_host(const struct ip_config *cfg, struct addr a)
{
    uint8_t first = a.b[12];

    if (!addr_is_v4(a) || addr_to_v4(a) >= 0xe0000000) /* classes D and E */
        return false;
    return first != NET_ZERO && first != NET_LOOPBACK &&
           !is_network_edge(cfg, a);
}

bool
route_is_neighbour(const struct ip_config *cfg, struct addr a)
{
    if (!route_is_host(cfg, a) || addr_equal(a, cfg->address))
        return false;
    return is_connected(cfg, a) || addr_equal(a, cfg->gateway);
}

enum route
route_lookup(const struct ip_config *cfg, struct addr dst,
             struct addr *next_hop)
{
    if (addr_equal(dst, cfg->address))
        return ROUTE_SELF;
    if (!route_is_host(cfg, dst))
        return ROUTE_NONE;
    *next_hop = is_connected(cfg, dst) ? dst : cfg->gateway;
    return route_is_neighbour(cfg, *next_hop) ? ROUTE_LINK : ROUTE_NONE;
}
