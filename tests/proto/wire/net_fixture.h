/* SPDX-License-Identifier: MIT */
/* What the tests of struct net share: a network of two links. */
#ifndef TESTS_PROTO_WIRE_NET_FIXTURE_H
#define TESTS_PROTO_WIRE_NET_FIXTURE_H

#include "proto/wire/net.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h> /* needs those before it */

#include "tests/proto/wire/fixture.h"

/* Link 0: 10.7.0.2/24, 10.7.1.2/16. Link 1: 192.0.2.1/30, 198.51.100.9/31. */
#define OURS    0x0a070002u
#define OURS_16 0x0a070102u
#define OURS_30 0xc0000201u
#define OURS_31 0xc6336409u
#define FAR     0x08080808u

static struct net net;

static inline struct net_route
route_to(uint32_t dst, uint32_t prefix_len, uint32_t gateway, uint32_t link)
{
    return (struct net_route){
        .dst = addr_v4(dst),
        .prefix_len = prefix_len,
        .gateway = addr_v4(gateway),
        .source = addr_any_v4(),
        .link = link,
    };
}

static inline int
two_links(void **state)
{
    (void)state;
    memset(&net, 0, sizeof net);
    net.links = 2;
    net.link[0] =
        (struct net_link){.name = "net0", .mac = {{2, 0, 0, 0, 0, 1}}};
    net.link[1] =
        (struct net_link){.name = "net1", .mac = {{2, 0, 0, 0, 0, 2}}};
    net.link[0].mtu = 1500;
    net.link[1].mtu = 9000;
    net.addresses = 4;
    net.address[0] = (struct net_address){addr_v4(OURS), 24, 0};
    net.address[1] = (struct net_address){addr_v4(OURS_16), 16, 0};
    net.address[2] = (struct net_address){addr_v4(OURS_30), 30, 1};
    net.address[3] = (struct net_address){addr_v4(OURS_31), 31, 1};
    return 0;
}

static inline void
add_route(struct net_route r)
{
    net.route[net.routes++] = r;
    net_sort(&net);
}

#endif
