/* SPDX-License-Identifier: MIT */
/* skink links: the devices, what is on them and what has passed, in the manner of
 * `ip -s link`. */
#include "ctl/commands.h"

#include "ctl/look.h"
#include "ctl/page.h"
#include "ctl/parse.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>

struct traffic {
    uint64_t rx_bytes, rx_frames, tx_bytes, tx_frames, dropped;
};

/* For whatever reason. */
static uint64_t
drops_of(const struct cnc_shm *linkd)
{
    uint64_t sum = 0;

    for (enum drop d = DROP_NONE + 1; d < DROPS; d++)
        sum += cnc_drops(linkd, d);
    return sum;
}

static struct traffic
traffic_of(const struct look *l, uint32_t link)
{
    const struct cnc_shm *linkd = l->cnc[DAEMON_LINKD + link];

    return (struct traffic){
        .rx_bytes = cnc_counter(linkd, COUNTER_LINK_RX_BYTES),
        .rx_frames = cnc_counter(linkd, COUNTER_LINK_RX_FRAMES),
        .tx_bytes = cnc_counter(linkd, COUNTER_LINK_TX_BYTES),
        .tx_frames = cnc_counter(linkd, COUNTER_LINK_TX_FRAMES),
        .dropped = drops_of(linkd),
    };
}

/* Of the daemon that serves it: without it the device is there, and nobody reads
 * it. */
static const char *
state_of(const struct look *l, uint32_t link)
{
    switch (
        (enum conf_daemon_state)l->conf->daemons[DAEMON_LINKD + link].state) {
    case CONF_DAEMON_OK:
        return "UP";
    case CONF_DAEMON_STARTING:
        return "STARTING";
    case CONF_DAEMON_FAILED:
        return "FAILED";
    case CONF_DAEMON_DOWN:
    case CONF_DAEMON_BACKOFF:
        break;
    }
    return "DOWN";
}

/* ---- text ---- */

static void
print_addresses(const struct net *net, uint32_t link)
{
    for (uint32_t i = 0; i < net->addresses; i++) {
        const struct net_address *a = &net->address[i];
        char addr[ADDR_TEXT];

        if (a->link == link)
            printf("    inet %s/%u\n", addr_format(addr, a->addr),
                   a->prefix_len);
    }
}

static void
print_impair(const struct conf_tables *t, uint32_t link)
{
    static const char *const ways[] = {[CONF_IN] = "in", [CONF_OUT] = "out"};

    for (size_t way = 0; way < CONF_DIRECTIONS; way++) {
        char text[IMPAIR_TEXT];

        if (impair_acts(&t->impair[link][way]))
            printf("    impair %s:%s\n", ways[way],
                   impair_format(text, &t->impair[link][way]));
    }
}

static void
print(const struct look *l, uint32_t link)
{
    const struct net_link *n = &l->tables.net.link[link];
    struct traffic t = traffic_of(l, link);
    char mac[MAC_TEXT];

    printf("%u: %s: %s %s mtu %u state %s link/ether %s offloads %s\n",
           link + 1, n->name, parse_kind_text(n->kind), l->device[link], n->mtu,
           state_of(l, link), mac_format(mac, n->mac),
           n->offloads != 0 ? "on" : "off");
    print_addresses(&l->tables.net, link);
    print_impair(&l->tables, link);
    printf("    RX: bytes %" PRIu64 " frames %" PRIu64 "\n", t.rx_bytes,
           t.rx_frames);
    printf("    TX: bytes %" PRIu64 " frames %" PRIu64 "\n", t.tx_bytes,
           t.tx_frames);
    printf("    dropped %" PRIu64 "\n", t.dropped);
}

/* ---- JSON ---- */

static void
json_addresses(struct json *j, const struct net *net, uint32_t link)
{
    json_begin(j, "addresses", '[');
    for (uint32_t i = 0; i < net->addresses; i++) {
        const struct net_address *a = &net->address[i];
        char addr[ADDR_TEXT], text[ADDR_TEXT + 4];

        if (a->link != link)
            continue;
        snprintf(text, sizeof text, "%s/%u", addr_format(addr, a->addr),
                 a->prefix_len);
        json_text(j, NULL, text);
    }
    json_end(j, ']');
}

static void
json_impair(struct json *j, const struct conf_tables *t, uint32_t link)
{
    char text[IMPAIR_TEXT];

    json_begin(j, "impair", '{');
    json_text(j, "in", impair_format(text, &t->impair[link][CONF_IN]));
    json_text(j, "out", impair_format(text, &t->impair[link][CONF_OUT]));
    json_end(j, '}');
}

static void
print_json(struct json *j, const struct look *l, uint32_t link)
{
    const struct net_link *n = &l->tables.net.link[link];
    struct traffic t = traffic_of(l, link);
    char mac[MAC_TEXT];

    json_begin(j, NULL, '{');
    json_text(j, "name", n->name);
    json_text(j, "kind", parse_kind_text(n->kind));
    json_text(j, "device", l->device[link]);
    json_number(j, "mtu", n->mtu);
    json_text(j, "state", state_of(l, link));
    json_text(j, "lladdr", mac_format(mac, n->mac));
    json_number(j, "offloads", n->offloads);
    json_addresses(j, &l->tables.net, link);
    json_impair(j, &l->tables, link);
    json_number(j, "rx_bytes", t.rx_bytes);
    json_number(j, "rx_frames", t.rx_frames);
    json_number(j, "tx_bytes", t.tx_bytes);
    json_number(j, "tx_frames", t.tx_frames);
    json_number(j, "dropped", t.dropped);
    json_end(j, '}');
}

enum exit_status
cmd_links(struct cli *cli, int argc, char **argv)
{
    const struct arg args[] = {{.name = NULL}};
    static struct look look;
    struct json j;

    cli_parse(cli, args, argc, argv, NULL, 0);
    look_open(&look, cli);
    j = page_begin(cli, '[');
    for (uint32_t i = 0; i < look.conf->links; i++) {
        if (cli->json)
            print_json(&j, &look, i);
        else
            print(&look, i);
    }
    page_end(cli, &j, ']');
    return EXIT_OK;
}
