/* SPDX-License-Identifier: MIT */
/* The table of keys: what each of them does to a configuration. */
#define _GNU_SOURCE 1
#include "ctl/config.h"

#include "base/os/rundir.h"

#include <stdio.h>
#include <string.h>

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
