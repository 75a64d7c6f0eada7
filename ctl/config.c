/* SPDX-License-Identifier: MIT */
/* The table of keys, and what makes a whole of them. */
#define _GNU_SOURCE 1
#include "ctl/config.h"

#include "base/os/log.h"
#include "base/os/rundir.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/random.h>

#define DEFAULT_MTU     1500
#define BORROWED_MTU    65535 /* or less, as the interface has it */
#define DEFAULT_ADDRESS "10.7.0.2/24"

#define BUFFER_MIN 4096u
#define BUFFER_MAX (62u << 16) /* what one stream of a client holds */

/* ---- [stack] ---- */

static bool
set_instance(struct config *c, const char *value, struct wrong *wrong)
{
    if (!rundir_is_instance(value))
        return wrong_say(wrong,
                         "up to 32 letters, digits, '.', '_' and '-', the "
                         "first a letter or digit",
                         "'%.40s' is not a name for an instance", value);
    snprintf(c->instance, sizeof c->instance, "%s", value);
    return true;
}

static bool
set_forwarding(struct config *c, const char *value, struct wrong *wrong)
{
    return parse_switch(value, &c->tables.net.forwarding, wrong);
}

/* ---- [link] ---- */

static uint32_t
last_link(const struct config *c)
{
    return c->tables.net.links - 1;
}

bool
config_begin_link(struct config *c, const char *name, struct wrong *wrong)
{
    struct net *net = &c->tables.net;
    struct net_link link = {.kind = NET_TAP, .offloads = 1};

    if (net->links == NET_LINKS)
        return wrong_say(wrong, "leave one out",
                         "an instance has at most %d links", NET_LINKS);
    if (name[0] != '\0' && !parse_name(name, link.name, wrong))
        return false;
    if (name[0] != '\0' && net_link_named(net, link.name) >= 0)
        return wrong_say(wrong, "give each a name of its own",
                         "there are two links '%s'", link.name);
    net->link[net->links] = link;
    memcpy(c->device[net->links].name, link.name, sizeof link.name);
    net->links++;
    return true;
}

/* What a device is called that has to be made, or a link whose device has no name
 * that a link could have. */
static void
default_name(char out[NET_NAME], enum net_link_kind kind, uint32_t link)
{
    memset(out, 0, NET_NAME);
    snprintf(out, NET_NAME, "%s%u", parse_kind_text(kind), link);
}

static bool
name_link(struct config *c, uint32_t i, struct wrong *wrong)
{
    struct net_link *link = &c->tables.net.link[i];
    char name[NET_NAME] = "";

    if (link->kind == NET_PAIR || c->device[i].name[0] == '\0')
        default_name(name, link->kind, i);
    else if (!parse_name(c->device[i].name, name, wrong))
        return false;
    if (net_link_named(&c->tables.net, name) >= 0)
        return wrong_say(wrong, "give each a device of its own",
                         "there are two links '%s'", name);
    memcpy(link->name, name, sizeof name);
    return true;
}

bool
config_set_kind(struct config *c, const char *value, struct wrong *wrong)
{
    uint32_t i = last_link(c);
    struct net_link *link = &c->tables.net.link[i];
    enum net_link_kind kind;

    if (!parse_link(value, &kind, c->device[i].name, wrong))
        return false;
    link->kind = (uint8_t)kind;
    if (link->name[0] == '\0' && !name_link(c, i, wrong))
        return false;
    if (c->device[i].name[0] == '\0')
        memcpy(c->device[i].name, link->name, sizeof link->name);
    return true;
}

static bool
set_address(struct config *c, const char *value, struct wrong *wrong)
{
    struct net *net = &c->tables.net;
    struct net_address a = {.link = last_link(c)};

    if (strcmp(value, "none") == 0) {
        c->bare[a.link] = true;
        return true;
    }
    if (!parse_address(value, &a, wrong))
        return false;
    if (net_own(net, a.addr) != NULL)
        return wrong_say(wrong, "once is enough", "%s is there twice", value);
    if (net->addresses == NET_ADDRESSES)
        return wrong_say(wrong, "leave one out",
                         "an instance has at most %d addresses", NET_ADDRESSES);
    net->address[net->addresses++] = a;
    return true;
}

static bool
set_mtu(struct config *c, const char *value, struct wrong *wrong)
{
    uint64_t mtu;

    if (!parse_number("", value, 576, 65535, &mtu, wrong))
        return false;
    c->mtu[last_link(c)] = (uint32_t)mtu;
    return true;
}

static bool
set_offloads(struct config *c, const char *value, struct wrong *wrong)
{
    uint32_t on;

    if (!parse_switch(value, &on, wrong))
        return false;
    c->tables.net.link[last_link(c)].offloads = (uint8_t)on;
    return true;
}

static bool
set_impair(struct config *c, const char *value, struct wrong *wrong)
{
    return parse_impair(value, c->tables.impair[last_link(c)], wrong);
}

/* ---- [route] ---- */

static bool
set_gateway(struct config *c, const char *value, struct wrong *wrong)
{
    if (strcmp(value, "none") == 0) {
        c->gateway = CONFIG_GATEWAY_NONE;
        return true;
    }
    if (!addr_parse_v4(value, &c->gateway_addr))
        return wrong_say(wrong, "write the gateway like 10.7.0.1, or none",
                         "'%.40s' is not an address", value);
    c->gateway = CONFIG_GATEWAY_SAID;
    return true;
}

static bool
set_route(struct config *c, const char *value, struct wrong *wrong)
{
    char line[256];

    if (c->routes == NET_ROUTES)
        return wrong_say(wrong, "leave one out",
                         "an instance has at most %d routes", NET_ROUTES);
    snprintf(line, sizeof line, "%s", value);
    if (!parse_route_line(line, &c->route[c->routes], wrong))
        return false;
    if (c->route[c->routes].route.metric == PARSE_UNSAID)
        c->route[c->routes].route.metric = 0;
    c->routes++;
    return true;
}

/* ---- [tcp] ---- */

static bool
set_congestion_control(struct config *c, const char *value, struct wrong *wrong)
{
    if (strcmp(value, "cubic") == 0)
        return wrong_say(wrong, "write reno", "cubic is not there yet");
    if (strcmp(value, "reno") != 0)
        return wrong_say(wrong, "write reno",
                         "there is no congestion control '%.40s'", value);
    c->tables.tcp.congestion_control = CONF_CC_RENO;
    return true;
}

static bool
set_send_buffer(struct config *c, const char *value, struct wrong *wrong)
{
    return parse_size(value, BUFFER_MIN, BUFFER_MAX, &c->tables.tcp.send_buffer,
                      wrong);
}

static bool
set_receive_buffer(struct config *c, const char *value, struct wrong *wrong)
{
    return parse_size(value, BUFFER_MIN, BUFFER_MAX,
                      &c->tables.tcp.receive_buffer, wrong);
}

/* ---- the tables ---- */

const char *const config_sections[CONFIG_SUPERVISE + 1] = {
    [CONFIG_STACK] = "stack",         [CONFIG_LINK] = "link",
    [CONFIG_ROUTE] = "route",         [CONFIG_TCP] = "tcp",
    [CONFIG_SUPERVISE] = "supervise",
};

/* clang-format off */
const struct config_key config_keys[] = {
    {CONFIG_STACK, "Instance", NULL, NULL, NULL, set_instance},
    {CONFIG_STACK, "Forwarding", NULL, NULL, NULL, set_forwarding},
    {CONFIG_LINK, "Type", "link", "KIND[:NAME]",
     "tap (default), packet:IF, pair:PATH; with --netns also veth",
     config_set_kind},
    {CONFIG_LINK, "Address", "addr", "ADDR/LEN",
     "an address on that link (first link: 10.7.0.2/24), or none", set_address},
    {CONFIG_LINK, "MTU", "mtu", "BYTES", "of that link (default 1500)", set_mtu},
    {CONFIG_LINK, "Offloads", "offloads", "on|off",
     "large segments on that link (default on)", set_offloads},
    {CONFIG_LINK, "Impair", "impair", "SPEC",
     "of that link: [in:|out:]loss=2%,delay=5ms,rate=100M,...", set_impair},
    {CONFIG_ROUTE, "Default", "gw", "ADDR|none",
     "gateway, and the host's side of a new link (10.7.0.1)", set_gateway},
    {CONFIG_ROUTE, "Route", "route", "ROUTE",
     "another route: '10.8.0.0/16 via 10.7.0.9 metric 5'", set_route},
    {CONFIG_TCP, "CongestionControl", NULL, NULL, NULL, set_congestion_control},
    {CONFIG_TCP, "SendBuffer", NULL, NULL, NULL, set_send_buffer},
    {CONFIG_TCP, "ReceiveBuffer", NULL, NULL, NULL, set_receive_buffer},
    {CONFIG_NONE, NULL, NULL, NULL, NULL, NULL},
};
/* clang-format on */

void
config_init(struct config *c)
{
    *c = (struct config){.gateway = CONFIG_GATEWAY_UNSAID};
}

void
config_forget_links(struct config *c)
{
    struct config kept = *c;

    config_init(c);
    memcpy(c->instance, kept.instance, sizeof c->instance);
    c->tables.net.forwarding = kept.tables.net.forwarding;
    c->tables.tcp = kept.tables.tcp;
}

/* ---- the whole ---- */

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
