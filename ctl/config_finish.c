/* SPDX-License-Identifier: MIT */
/* What makes a whole of the keys: defaults, the links of routes, and the check of
 * everything against everything. */
#define _GNU_SOURCE 1
#include "ctl/config.h"

#include "base/os/log.h"

#include <inttypes.h>
#include <string.h>
#include <sys/random.h>

#define DEFAULT_MTU     1500
#define BORROWED_MTU    65535 /* or less, as the interface has it */
#define DEFAULT_ADDRESS "10.7.0.2/24"

static uint32_t
netmask(uint32_t prefix_len)
{
    return prefix_len == 0 ? 0 : ~0U << (32 - prefix_len);
}

/* The first other address of a network; any: it has only one. */
static struct addr
neighbour_of(const struct net_address *a)
{
    uint32_t own = addr_to_v4(a->addr);
    uint32_t first = (own & netmask(a->prefix_len)) + 1;

    if (a->prefix_len == 32)
        return addr_any_v4();
    if (a->prefix_len == 31)
        return addr_v4(own ^ 1);
    return addr_v4(first == own ? first + 1 : first);
}

static bool
is_made(const struct net *net, uint32_t link)
{
    return net->link[link].kind == NET_TAP || net->link[link].kind == NET_VETH;
}

static bool
settle_links(struct config *c, struct wrong *wrong)
{
    struct net *net = &c->tables.net;

    if (net->links == 0 &&
        !(config_begin_link(c, "", wrong) && config_set_kind(c, "tap", wrong)))
        return false;
    if (net_first(net, 0) == NULL && !c->bare[0]) {
        struct net_address a = {.link = 0};

        if (net->addresses == NET_ADDRESSES ||
            !parse_address(DEFAULT_ADDRESS, &a, wrong))
            return false;
        memmove(net->address + 1, net->address,
                net->addresses * sizeof net->address[0]);
        net->address[0] = a;
        net->addresses++;
    }
    for (uint32_t i = 0; i < net->links; i++) {
        uint32_t unsaid =
            net->link[i].kind == NET_PACKET ? BORROWED_MTU : DEFAULT_MTU;

        net->link[i].mtu = c->mtu[i] != 0 ? c->mtu[i] : unsaid;
    }
    return true;
}

static bool
strange_gateway(const struct config *c, struct wrong *wrong)
{
    const struct net *net = &c->tables.net;
    char gateway[ADDR_TEXT], own[ADDR_TEXT];

    addr_format(gateway, c->gateway_addr);
    if (net_own(net, c->gateway_addr) != NULL ||
        net_is_broadcast(net, c->gateway_addr))
        return wrong_say(wrong,
                         "choose the other side of the link with --gw, or "
                         "--gw none",
                         "%s cannot be the gateway: it is ours or a broadcast "
                         "address",
                         gateway);
    if (net->addresses != 1)
        return wrong_say(wrong, "choose both with --addr and --gw",
                         "the gateway %s is in no network of ours", gateway);
    return wrong_say(wrong, "choose both with --addr and --gw",
                     "the gateway %s is not in the network of %s/%u", gateway,
                     addr_format(own, net->address[0].addr),
                     net->address[0].prefix_len);
}

/* The default route goes before those that are as good. */
static bool
settle_gateway(struct config *c, struct wrong *wrong)
{
    const struct net_address *first = net_first(&c->tables.net, 0);
    struct parsed_route *r = &c->route[0];
    struct net connected = c->tables.net;
    struct net_path path;

    if (c->gateway == CONFIG_GATEWAY_UNSAID && first != NULL &&
        is_made(&c->tables.net, 0)) {
        c->gateway_addr = neighbour_of(first);
        if (!addr_is_any(c->gateway_addr))
            c->gateway = CONFIG_GATEWAY_SAID;
    }
    if (c->gateway != CONFIG_GATEWAY_SAID)
        return true;
    connected.routes = 0;
    if (net_path(&connected, c->gateway_addr, &path) != NET_LINK)
        return strange_gateway(c, wrong);
    if (c->routes == NET_ROUTES)
        return wrong_say(wrong, "leave one out", "there are too many routes");
    memmove(r + 1, r, c->routes * sizeof *r);
    *r = (struct parsed_route){.route = {.dst = addr_any_v4(),
                                         .gateway = c->gateway_addr,
                                         .source = addr_any_v4(),
                                         .link = path.link}};
    c->routes++;
    return true;
}

static bool
settle_routes(struct config *c, struct wrong *wrong)
{
    struct net *net = &c->tables.net;

    for (uint32_t i = 0; i < c->routes; i++) {
        struct parsed_route *r = &c->route[i];

        if (r->route.link == PARSE_UNSAID && !parse_route_link(r, net, wrong))
            return false;
        r->route.proto = NET_PROTO_STATIC;
        net->route[i] = r->route;
    }
    net->routes = c->routes;
    net_sort(net);
    return true;
}

/* The kernel's side of what is made is the gateway, or else the first other
 * address; "none" means that nobody is to be there. */
static void
settle_peers(struct config *c)
{
    const struct net *net = &c->tables.net;

    for (uint32_t i = 0; i < net->links; i++) {
        const struct net_address *first = net_first(net, i);
        struct net connected = *net;
        struct net_path path;

        connected.routes = 0;
        c->device[i].peer = addr_any_v4();
        if (!is_made(net, i) || first == NULL ||
            c->gateway == CONFIG_GATEWAY_NONE)
            continue;
        c->device[i].peer = neighbour_of(first);
        if (c->gateway == CONFIG_GATEWAY_SAID &&
            net_path(&connected, c->gateway_addr, &path) == NET_LINK &&
            path.link == i)
            c->device[i].peer = c->gateway_addr;
    }
}

bool
config_finish(struct config *c, struct wrong *wrong)
{
    const char *why;

    if (!settle_links(c, wrong) || !settle_gateway(c, wrong) ||
        !settle_routes(c, wrong))
        return false;
    settle_peers(c);
    why = net_check(&c->tables.net);
    return why == NULL ||
           wrong_say(wrong, "look at addresses and routes", "%s", why);
}

void
config_seed(struct conf_tables *tables)
{
    for (uint32_t i = 0; i < tables->net.links; i++) {
        for (int d = 0; d < CONF_DIRECTIONS; d++) {
            struct conf_impair *impair = &tables->impair[i][d];

            if (impair->seed != 0 || !impair_acts(impair))
                continue;
            if (getrandom(&impair->seed, sizeof impair->seed, 0) !=
                (ssize_t)sizeof impair->seed)
                impair->seed = 1;
            impair->seed = impair->seed >> 33 | 1; /* short enough to type */
            log_hint("impairment of %s %s: seed=%" PRIu64 " brings it back",
                     tables->net.link[i].name, d == CONF_IN ? "in" : "out",
                     impair->seed);
        }
    }
}
