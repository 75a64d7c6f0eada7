/* SPDX-License-Identifier: MIT */
/* The network as configured: links, our addresses on them, routes; and what
 * they say of an address. Pure, so that ipd's and tcpd's cores and the command
 * come to the same answer. */
#ifndef PROTO_WIRE_NET_H
#define PROTO_WIRE_NET_H

#include "proto/wire/addr.h"

#include <stdbool.h>
#include <stdint.h>

#define NET_LINKS     4 /* as LINKS_MAX of proto/shm/layout.h */
#define NET_ADDRESSES 16
#define NET_ROUTES    64
#define NET_NAME      16 /* bytes of a link's name, with the final NUL */

enum net_link_kind {
    NET_TAP,
    NET_VETH,   /* a packet socket on our end of a veth pair that `up` made */
    NET_PACKET, /* a packet socket on an interface that was there */
    NET_PAIR    /* a socket to another instance */
};

struct net_link {
    char name[NET_NAME];
    struct mac mac;
    uint8_t kind;     /* enum net_link_kind */
    uint8_t offloads; /* 1: the device takes and gives large segments */
    uint32_t mtu;     /* bytes of IP packet, 576 to 65535 */
};

struct net_address {
    struct addr addr;
    uint32_t prefix_len; /* of the connected network, at most 32 */
    uint32_t link;
};

/* Who put a route there, as iproute2 calls it. */
enum net_proto { NET_PROTO_KERNEL, NET_PROTO_STATIC, NET_PROTO_BOOT };

struct net_route {
    struct addr dst;
    struct addr gateway; /* any: the destination is on the link */
    struct addr source;  /* any: the link's first address */
    uint32_t prefix_len;
    uint32_t link;
    uint32_t metric; /* of two alike the lower one holds */
    uint32_t mtu;    /* 0: the link's; never above it */
    uint32_t proto;  /* enum net_proto: STATIC from the configuration file,
                        BOOT by command */
};

/* A value: copied whole, compared with memcmp (no padding, unused entries 0). */
struct net {
    uint32_t links, addresses, routes;
    uint32_t forwarding; /* 1: packets for others are passed on */
    struct net_link link[NET_LINKS];
    struct net_address address[NET_ADDRESSES];
    struct net_route route[NET_ROUTES]; /* without the connected networks */
};

/* What is wrong with it, as a sentence for people, or NULL: counts and indices
 * in range, addresses that a host can have, gateways on their link. What comes out
 * of shared memory is checked with this before it is used. */
const char *net_check(const struct net *net);

/* Puts the routes in the order of lookup: longest prefix first, then lowest
 * metric. net_path() relies on it; net_check() fails when it is not kept. */
void net_sort(struct net *net);

enum net_found {
    NET_NONE, /* no route, or no address that a single host can have */
    NET_SELF, /* the address is ours */
    NET_LINK  /* by way of path->next_hop on path->link */
};

struct net_path {
    uint32_t link;
    uint32_t mtu;
    struct addr next_hop; /* dst itself when it is on the link */
    struct addr source;   /* ours to use; any: that link has none */
    int32_t route;        /* index; -1: a connected network */
};

/* The way to `dst`: longest prefix of connected networks and routes; between
 * equals the connected network. NET_SELF fills link, mtu (65535) and source
 * (dst itself). */
enum net_found net_path(const struct net *net, struct addr dst,
                        struct net_path *path)
    __attribute__((warn_unused_result));

/* Our address, or NULL. */
const struct net_address *net_own(const struct net *net, struct addr a);

/* Our first address on a link, or NULL. */
const struct net_address *net_first(const struct net *net, uint32_t link);

/* 255.255.255.255, or the broadcast address of a connected network. */
bool net_is_broadcast(const struct net *net, struct addr a);

/* Can it be one single host's, seen from outside: neither group, loopback, nor in
 * 0.0.0.0/8, nor a broadcast address? */
bool net_is_host(const struct net *net, struct addr a);

/* Can it be a host that ARP resolves on that link: in one of its connected
 * networks and not ours, or a gateway of one of its routes? */
bool net_is_neighbour(const struct net *net, uint32_t link, struct addr a);

/* The link of that name, or -1. */
int net_link_named(const struct net *net, const char *name);

#endif
