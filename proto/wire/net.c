/* SPDX-License-Identifier: MIT */
/* What the configured network says of an address. Tables are small and kept in
 * the order of lookup, so that a walk finds the longest prefix first. */
#include "proto/wire/net.h"

#include "base/bits.h"

#include <string.h>

#define MTU_MIN   576 /* RFC 791: what every host takes */
#define MTU_MAX   65535
#define MTU_SELF  65535
#define IPV4_BITS 32

static uint32_t
mask(uint32_t prefix_len)
{
    return prefix_len == 0 ? 0 : ~UINT32_C(0) << (IPV4_BITS - prefix_len);
}

static bool
covers(struct addr net, uint32_t prefix_len, struct addr a)
{
    return ((addr_to_v4(net) ^ addr_to_v4(a)) & mask(prefix_len)) == 0;
}

/* ---- addresses ---- */

const struct net_address *
net_own(const struct net *net, struct addr a)
{
    for (uint32_t i = 0; i < net->addresses; i++) {
        if (addr_equal(net->address[i].addr, a))
            return &net->address[i];
    }
    return NULL;
}

const struct net_address *
net_first(const struct net *net, uint32_t link)
{
    for (uint32_t i = 0; i < net->addresses; i++) {
        if (net->address[i].link == link)
            return &net->address[i];
    }
    return NULL;
}

/* RFC 3021: a network of two has no broadcast address. */
static bool
is_network_broadcast(const struct net_address *n, struct addr a)
{
    return n->prefix_len < IPV4_BITS - 1 &&
           addr_to_v4(a) == (addr_to_v4(n->addr) | ~mask(n->prefix_len));
}

bool
net_is_broadcast(const struct net *net, struct addr a)
{
    if (addr_is_v4(a) && addr_to_v4(a) == UINT32_MAX)
        return true;
    for (uint32_t i = 0; i < net->addresses; i++) {
        if (addr_is_v4(a) && is_network_broadcast(&net->address[i], a))
            return true;
    }
    return false;
}

bool
net_is_host(const struct net *net, struct addr a)
{
    uint32_t v4 = addr_to_v4(a);

    return addr_is_v4(a) && v4 >> 24 != 0 && v4 >> 24 != 127 &&
           !addr_is_group(a) && v4 >> 28 != 0xf && !net_is_broadcast(net, a);
}

static bool
is_connected(const struct net *net, uint32_t link, struct addr a)
{
    for (uint32_t i = 0; i < net->addresses; i++) {
        const struct net_address *n = &net->address[i];

        if (n->link == link && covers(n->addr, n->prefix_len, a))
            return true;
    }
    return false;
}

bool
net_is_neighbour(const struct net *net, uint32_t link, struct addr a)
{
    if (net_own(net, a) != NULL || !net_is_host(net, a))
        return false;
    if (is_connected(net, link, a))
        return true;
    for (uint32_t i = 0; i < net->routes; i++) {
        const struct net_route *r = &net->route[i];

        if (r->link == link &&
            (addr_equal(r->gateway, a) ||
             (addr_is_any(r->gateway) && covers(r->dst, r->prefix_len, a))))
            return true;
    }
    return false;
}

/* ---- routes ---- */

static const struct net_address *
connected_to(const struct net *net, struct addr dst)
{
    const struct net_address *best = NULL;

    for (uint32_t i = 0; i < net->addresses; i++) {
        const struct net_address *n = &net->address[i];

        if (covers(n->addr, n->prefix_len, dst) &&
            (best == NULL || n->prefix_len > best->prefix_len))
            best = n;
    }
    return best;
}

static int32_t
routed_to(const struct net *net, struct addr dst)
{
    for (uint32_t i = 0; i < net->routes; i++) {
        const struct net_route *r = &net->route[i];

        if (covers(r->dst, r->prefix_len, dst))
            return (int32_t)i;
    }
    return -1;
}

static struct addr
source_on(const struct net *net, uint32_t link)
{
    const struct net_address *first = net_first(net, link);

    return first == NULL ? addr_any_v4() : first->addr;
}

static void
take_route(const struct net *net, int32_t i, struct addr dst,
           struct net_path *path)
{
    const struct net_route *r = &net->route[i];
    uint32_t link_mtu = net->link[r->link].mtu;

    *path = (struct net_path){
        .link = r->link,
        .mtu = r->mtu != 0 ? min_u32(r->mtu, link_mtu) : link_mtu,
        .next_hop = addr_is_any(r->gateway) ? dst : r->gateway,
        .source = addr_is_any(r->source) ? source_on(net, r->link) : r->source,
        .route = i,
    };
}

static void
take_connected(const struct net *net, const struct net_address *n,
               struct addr dst, struct net_path *path)
{
    *path = (struct net_path){
        .link = n->link,
        .mtu = net->link[n->link].mtu,
        .next_hop = dst,
        .source = n->addr,
        .route = -1,
    };
}

enum net_found
net_path(const struct net *net, struct addr dst, struct net_path *path)
{
    const struct net_address *own = net_own(net, dst);
    const struct net_address *connected;
    int32_t route;

    if (own != NULL) {
        take_connected(net, own, dst, path);
        path->mtu = MTU_SELF;
        path->source = dst;
        return NET_SELF;
    }
    if (!net_is_host(net, dst))
        return NET_NONE;
    connected = connected_to(net, dst);
    route = routed_to(net, dst);
    if (connected != NULL &&
        (route < 0 || net->route[route].prefix_len <= connected->prefix_len))
        take_connected(net, connected, dst, path);
    else if (route >= 0)
        take_route(net, route, dst, path);
    else
        return NET_NONE;
    return NET_LINK;
}

static bool
goes_before(const struct net_route *a, const struct net_route *b)
{
    if (a->prefix_len != b->prefix_len)
        return a->prefix_len > b->prefix_len;
    return a->metric < b->metric;
}

/* Stable, so that the order of alike routes is the order they were added in. */
void
net_sort(struct net *net)
{
    for (uint32_t i = 1; i < net->routes; i++) {
        struct net_route r = net->route[i];
        uint32_t at = i;

        for (; at > 0 && goes_before(&r, &net->route[at - 1]); at--)
            net->route[at] = net->route[at - 1];
        net->route[at] = r;
    }
}

int
net_link_named(const struct net *net, const char *name)
{
    for (uint32_t i = 0; i < net->links; i++) {
        if (strncmp(net->link[i].name, name, NET_NAME) == 0)
            return (int)i;
    }
    return -1;
}

/* ---- is it whole? ---- */

static const char *
check_link(const struct net *net, const struct net_link *l)
{
    if (memchr(l->name, '\0', sizeof l->name) == NULL || l->name[0] == '\0')
        return "a link has no name";
    if (&net->link[net_link_named(net, l->name)] != l)
        return "two links have one name";
    if (l->kind > NET_PAIR || l->offloads > 1)
        return "a link is of no known kind";
    if (l->mtu < MTU_MIN || l->mtu > MTU_MAX)
        return "a link's MTU is not 576 to 65535";
    if (mac_is_group(l->mac))
        return "a link's MAC address is a group's";
    return NULL;
}

static const char *
check_address(const struct net *net, const struct net_address *a)
{
    if (a->link >= net->links)
        return "an address is on no link";
    if (a->prefix_len > IPV4_BITS)
        return "a prefix length is above 32";
    if (!net_is_host(net, a->addr))
        return "an address is no host's";
    if (net_own(net, a->addr) != a)
        return "an address is there twice";
    return NULL;
}

static const char *
check_route(const struct net *net, const struct net_route *r)
{
    if (r->link >= net->links)
        return "a route is on no link";
    if (r->proto > NET_PROTO_BOOT)
        return "a route is of no known origin";
    if (r->prefix_len > IPV4_BITS || !addr_is_v4(r->dst) ||
        (addr_to_v4(r->dst) & ~mask(r->prefix_len)) != 0)
        return "a route's destination is no network";
    if (r->mtu != 0 && (r->mtu < MTU_MIN || r->mtu > MTU_MAX))
        return "a route's MTU is not 576 to 65535";
    if (!addr_is_any(r->gateway) && (!net_is_host(net, r->gateway) ||
                                     !is_connected(net, r->link, r->gateway) ||
                                     net_own(net, r->gateway) != NULL))
        return "a route's gateway is no other host on its link";
    if (!addr_is_any(r->source) && net_own(net, r->source) == NULL)
        return "a route's source is not our address";
    return NULL;
}

const char *
net_check(const struct net *net)
{
    const char *wrong = NULL;

    if (net->links > NET_LINKS || net->addresses > NET_ADDRESSES ||
        net->routes > NET_ROUTES || net->forwarding > 1)
        return "a table is longer than it can be";
    for (uint32_t i = 0; i < net->links && wrong == NULL; i++)
        wrong = check_link(net, &net->link[i]);
    for (uint32_t i = 0; i < net->addresses && wrong == NULL; i++)
        wrong = check_address(net, &net->address[i]);
    for (uint32_t i = 0; i < net->routes && wrong == NULL; i++) {
        wrong = check_route(net, &net->route[i]);
        if (wrong == NULL && i > 0 &&
            goes_before(&net->route[i], &net->route[i - 1]))
            wrong = "the routes are not in order";
    }
    return wrong;
}
