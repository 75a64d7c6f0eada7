/* SPDX-License-Identifier: MIT */
/* skink routes: where packets go, in the words of `ip route`; and what would be
 * done with one address. */
#include "ctl/commands.h"

#include "base/os/clock.h"
#include "ctl/look.h"
#include "ctl/neigh_text.h"
#include "ctl/page.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define NETWORK_TEXT (ADDR_TEXT + 4)

static const char *
proto_name(uint32_t proto)
{
    static const char *const names[] = {[NET_PROTO_KERNEL] = "kernel",
                                        [NET_PROTO_STATIC] = "static",
                                        [NET_PROTO_BOOT] = "boot"};

    return proto <= NET_PROTO_BOOT ? names[proto] : "unspec";
}

static const char *
network_text(char out[NETWORK_TEXT], struct addr a, uint32_t prefix_len)
{
    char addr[ADDR_TEXT];
    uint32_t mask = prefix_len == 0 ? 0 : ~UINT32_C(0) << (32 - prefix_len);

    if (prefix_len == 0)
        snprintf(out, NETWORK_TEXT, "default");
    else if (prefix_len == 32)
        addr_format(out, a);
    else
        snprintf(out, NETWORK_TEXT, "%s/%u",
                 addr_format(addr, addr_v4(addr_to_v4(a) & mask)), prefix_len);
    return out;
}

/* Everything, as text or JSON; absent parts are NULL or 0. */
struct row {
    const char *dst, *via, *dev, *proto, *src;
    uint32_t metric, mtu;
};

static void
give(const struct cli *cli, struct json *j, const struct row *r)
{
    if (cli->json) {
        json_begin(j, NULL, '{');
        json_text(j, "dst", r->dst);
        json_text(j, "gateway", r->via);
        json_text(j, "dev", r->dev);
        json_text(j, "protocol", r->proto);
        json_text(j, "prefsrc", r->src);
        json_number(j, "metric", r->metric);
        json_number(j, "mtu", r->mtu);
        json_end(j, '}');
        return;
    }
    printf("%s", r->dst);
    if (r->via != NULL)
        printf(" via %s", r->via);
    printf(" dev %s", r->dev);
    if (r->metric != 0)
        printf(" metric %u", r->metric);
    printf(" proto %s", r->proto);
    if (r->via == NULL)
        printf(" scope link");
    if (r->src != NULL)
        printf(" src %s", r->src);
    if (r->mtu != 0)
        printf(" mtu %u", r->mtu);
    putchar('\n');
}

static void
give_route(const struct cli *cli, struct json *j, const struct net *net,
           const struct net_route *route)
{
    char dst[NETWORK_TEXT], via[ADDR_TEXT], src[ADDR_TEXT];
    struct row r = {
        .dst = network_text(dst, route->dst, route->prefix_len),
        .dev = net->link[route->link].name,
        .proto = proto_name(route->proto),
        .metric = route->metric,
        .mtu = route->mtu,
    };

    if (!addr_is_any(route->gateway))
        r.via = addr_format(via, route->gateway);
    if (!addr_is_any(route->source))
        r.src = addr_format(src, route->source);
    give(cli, j, &r);
}

/* An address of /32 connects to nobody. */
static void
give_connected(const struct cli *cli, struct json *j, const struct net *net,
               const struct net_address *a)
{
    char dst[NETWORK_TEXT], src[ADDR_TEXT];
    const struct row r = {
        .dst = network_text(dst, a->addr, a->prefix_len),
        .dev = net->link[a->link].name,
        .proto = proto_name(NET_PROTO_KERNEL),
        .src = addr_format(src, a->addr),
    };

    if (a->prefix_len < 32)
        give(cli, j, &r);
}

static void
list(const struct cli *cli, const struct net *net)
{
    struct json j = page_begin(cli, '[');

    for (uint32_t i = net->routes; i > 0; i--)
        give_route(cli, &j, net, &net->route[i - 1]);
    for (uint32_t i = 0; i < net->addresses; i++)
        give_connected(cli, &j, net, &net->address[i]);
    page_end(cli, &j, ']');
}

/* ---- get ---- */

static const char *
neigh_state(const struct look *l, struct addr next_hop, char mac[MAC_TEXT])
{
    for (uint32_t i = 0; i < l->ipd.neighbours.count; i++) {
        struct view_neigh n;

        if (!view_read(&l->ipd.neighbours, i, &n) ||
            !addr_equal(n.addr, next_hop))
            continue;
        if (neigh_is_known(&n))
            mac_format(mac, n.mac);
        return neigh_state_name(n.state);
    }
    return neigh_state_name(VIEW_NEIGH_NONE);
}

/* What ipd has learnt of the way's MTU. */
static uint32_t
path_mtu(const struct look *l, struct addr dst, uint32_t mtu)
{
    for (uint32_t i = 0; i < l->ipd.paths.count; i++) {
        struct view_path p;

        if (view_read(&l->ipd.paths, i, &p) && addr_equal(p.dst, dst) &&
            p.expires_ns > clock_now().ns && p.mtu < mtu)
            mtu = p.mtu;
    }
    return mtu;
}

static void
print_way(const struct cli *cli, const struct look *l, struct addr dst,
          const struct net_path *way)
{
    char to[ADDR_TEXT], via[ADDR_TEXT], src[ADDR_TEXT], mac[MAC_TEXT] = "";
    const char *dev = l->tables.net.link[way->link].name;
    const char *state = neigh_state(l, way->next_hop, mac);
    bool direct = addr_equal(way->next_hop, dst);
    uint32_t mtu = path_mtu(l, dst, way->mtu);
    struct json j;

    addr_format(to, dst);
    addr_format(via, way->next_hop);
    addr_format(src, way->source);
    if (cli->json) {
        j = page_begin(cli, '{');
        json_text(&j, "dst", to);
        json_text(&j, "gateway", direct ? NULL : via);
        json_text(&j, "dev", dev);
        json_text(&j, "prefsrc", src);
        json_number(&j, "mtu", mtu);
        json_text(&j, "neigh", state);
        json_text(&j, "lladdr", mac[0] != '\0' ? mac : NULL);
        page_end(cli, &j, '}');
        return;
    }
    printf("%s%s%s dev %s src %s mtu %u neigh %s%s%s\n", to,
           direct ? "" : " via ", direct ? "" : via, dev, src, mtu, mac,
           mac[0] != '\0' ? " " : "", state);
}

/* One of our own addresses. */
static void
print_local(const struct cli *cli, const char *dst)
{
    struct json j = page_begin(cli, '{');

    if (!cli->json) {
        printf("local %s dev lo\n", dst);
        return;
    }
    json_text(&j, "dst", dst);
    json_text(&j, "type", "local");
    page_end(cli, &j, '}');
}

static enum exit_status
get(const struct cli *cli, const struct look *l, const char *text)
{
    struct net_path way;
    struct addr dst;

    if (!addr_parse_v4(text, &dst)) {
        log_line("'%s' is not an address", text);
        log_hint("write it like 10.7.0.1");
        return EXIT_USAGE;
    }
    switch (net_path(&l->tables.net, dst, &way)) {
    case NET_NONE:
        log_line("no route to %s", text);
        log_hint("add one with 'skink route add'");
        return EXIT_FAILED;
    case NET_SELF:
        print_local(cli, text);
        return EXIT_OK;
    case NET_LINK:
        break;
    }
    print_way(cli, l, dst, &way);
    return EXIT_OK;
}

enum exit_status
cmd_routes(struct cli *cli, int argc, char **argv)
{
    const struct arg args[] = {{.name = NULL}};
    const char *words[2];
    static struct look look;
    int n = cli_parse(cli, args, argc, argv, words, 2);

    if (n != 0 && (n != 2 || strcmp(words[0], "get") != 0)) {
        log_line("routes takes nothing, or 'get ADDR'");
        log_hint("to change one: skink route add|del");
        return EXIT_USAGE;
    }
    look_open(&look, cli);
    if (n == 2)
        return get(cli, &look, words[1]);
    list(cli, &look.tables.net);
    return EXIT_OK;
}
