/* SPDX-License-Identifier: MIT */
/* Tables as the configuration file that makes them. The same tables always give
 * the same text, so that two configurations are compared line by line. */
#include "ctl/config_file.h"

#include <string.h>

static void
write_switch(FILE *out, const char *key, uint32_t on)
{
    fprintf(out, "%s=%s\n", key, on != 0 ? "on" : "off");
}

/* ---- links ---- */

static void
write_type(FILE *out, const struct net_link *link, const struct device *device)
{
    bool same = strcmp(link->name, device->name) == 0;
    bool short_form = same && (link->kind == NET_TAP || link->kind == NET_VETH);

    fprintf(out, "Type=%s%s%s\n", parse_kind_text(link->kind),
            short_form ? "" : ":", short_form ? "" : device->name);
}

static void
write_addresses(FILE *out, const struct net *net, uint32_t link)
{
    char text[ADDR_TEXT];

    if (net_first(net, link) == NULL)
        fprintf(out, "Address=none\n");
    for (uint32_t i = 0; i < net->addresses; i++) {
        if (net->address[i].link == link)
            fprintf(out, "Address=%s/%u\n",
                    addr_format(text, net->address[i].addr),
                    net->address[i].prefix_len);
    }
}

static void
write_impair(FILE *out, const char *prefix, const struct conf_impair *i)
{
    char text[IMPAIR_TEXT];

    if (impair_acts(i))
        fprintf(out, "Impair=%s%s\n", prefix, impair_format(text, i));
}

static void
write_link(FILE *out, const struct conf_tables *tables, uint32_t i,
           const struct device *device)
{
    const struct net_link *link = &tables->net.link[i];

    fprintf(out, "[link %s]\n", link->name);
    write_type(out, link, device);
    write_addresses(out, &tables->net, i);
    fprintf(out, "MTU=%u\n", link->mtu);
    write_switch(out, "Offloads", link->offloads);
    write_impair(out, "in:", &tables->impair[i][CONF_IN]);
    write_impair(out, "out:", &tables->impair[i][CONF_OUT]);
}

/* ---- routes ---- */

/* Would the line `Default=` bring it back? */
static bool
is_plain_default(const struct net *net, const struct net_route *r)
{
    struct net connected = *net;
    struct net_path path;

    connected.routes = 0;
    return r->prefix_len == 0 && r->metric == 0 && r->mtu == 0 &&
           addr_is_any(r->source) && !addr_is_any(r->gateway) &&
           net_path(&connected, r->gateway, &path) == NET_LINK &&
           path.link == r->link;
}

static void
write_route(FILE *out, const struct net *net, const struct net_route *r)
{
    char text[ADDR_TEXT];

    if (r->prefix_len == 0)
        fprintf(out, "Route=default");
    else
        fprintf(out, "Route=%s/%u", addr_format(text, r->dst), r->prefix_len);
    if (!addr_is_any(r->gateway))
        fprintf(out, " via %s", addr_format(text, r->gateway));
    fprintf(out, " dev %s", net->link[r->link].name);
    if (r->metric != 0)
        fprintf(out, " metric %u", r->metric);
    if (r->mtu != 0)
        fprintf(out, " mtu %u", r->mtu);
    if (!addr_is_any(r->source))
        fprintf(out, " src %s", addr_format(text, r->source));
    fputc('\n', out);
}

/* Of several plain defaults only the first can be `Default=`: that one goes before
 * all routes that are as good. */
static void
write_routes(FILE *out, const struct net *net)
{
    const struct net_route *plain = NULL;
    char text[ADDR_TEXT];

    for (uint32_t i = 0; i < net->routes && plain == NULL; i++) {
        const struct net_route *r = &net->route[i];

        if (r->prefix_len == 0 && r->metric == 0) {
            if (!is_plain_default(net, r))
                break;
            plain = r;
        }
    }
    fprintf(out, "Default=%s\n",
            plain == NULL ? "none" : addr_format(text, plain->gateway));
    for (uint32_t i = 0; i < net->routes; i++) {
        if (&net->route[i] != plain)
            write_route(out, net, &net->route[i]);
    }
}

/* ---- all ---- */

static void
write_tcp(FILE *out, const struct conf_tcp *tcp)
{
    fprintf(out, "CongestionControl=reno\n");
    if (tcp->send_buffer != 0)
        fprintf(out, "SendBuffer=%u\n", tcp->send_buffer);
    if (tcp->receive_buffer != 0)
        fprintf(out, "ReceiveBuffer=%u\n", tcp->receive_buffer);
}

void
config_write(FILE *out, const char *instance, const struct conf_tables *tables,
             const struct device device[LINKS_MAX])
{
    fprintf(out, "[stack]\n");
    if (instance != NULL)
        fprintf(out, "Instance=%s\n", instance);
    write_switch(out, "Forwarding", tables->net.forwarding);
    for (uint32_t i = 0; i < tables->net.links; i++)
        write_link(out, tables, i, &device[i]);
    fprintf(out, "[route]\n");
    write_routes(out, &tables->net);
    fprintf(out, "[tcp]\n");
    write_tcp(out, &tables->tcp);
}
