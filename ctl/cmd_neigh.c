/* SPDX-License-Identifier: MIT */
/* skink neigh: who is on our links, in the words of `ip neigh`. */
#include "ctl/commands.h"

#include "base/os/clock.h"
#include "ctl/look.h"
#include "ctl/neigh_text.h"
#include "ctl/page.h"

#include <inttypes.h>
#include <stdio.h>

static double
seconds_since(int64_t ns)
{
    return ((double)clock_now().ns - (double)ns) / 1e9;
}

static const char *
device(const struct look *l, const struct view_neigh *n)
{
    const struct net *net = &l->tables.net;

    return n->link < net->links ? net->link[n->link].name : "?";
}

static void
print(const struct look *l, const struct view_neigh *n)
{
    char addr[ADDR_TEXT], mac[MAC_TEXT];
    double left = -seconds_since(n->deadline_ns);

    printf("%s dev %s", addr_format(addr, n->addr), device(l, n));
    if (neigh_is_known(n))
        printf(" lladdr %s", mac_format(mac, n->mac));
    printf(" %s", neigh_state_name(n->state));
    if (neigh_is_known(n) && n->confirmed_ns != 0)
        printf(" age %.0fs", seconds_since(n->confirmed_ns));
    if (n->state == VIEW_NEIGH_FAILED)
        printf(" %u probes unanswered, %u packets dropped", n->probes,
               n->dropped);
    else
        printf(" probes %u", n->probes);
    if (n->state == VIEW_NEIGH_FAILED && left > 0)
        printf(", retry in %.0fs", left);
    putchar('\n');
}

static void
print_json(struct json *j, const struct look *l, const struct view_neigh *n)
{
    char addr[ADDR_TEXT], mac[MAC_TEXT];

    json_begin(j, NULL, '{');
    json_text(j, "dst", addr_format(addr, n->addr));
    json_text(j, "dev", device(l, n));
    json_text(j, "lladdr", neigh_is_known(n) ? mac_format(mac, n->mac) : NULL);
    json_text(j, "state", neigh_state_name(n->state));
    if (n->confirmed_ns != 0)
        json_decimal(j, "age_s", seconds_since(n->confirmed_ns));
    json_number(j, "probes", n->probes);
    json_number(j, "dropped", n->dropped);
    json_end(j, '}');
}

enum exit_status
cmd_neigh(struct cli *cli, int argc, char **argv)
{
    const struct arg args[] = {{.name = NULL}};
    static struct look look;
    struct json j;

    cli_parse(cli, args, argc, argv, NULL, 0);
    look_open(&look, cli);
    j = page_begin(cli, '[');
    for (uint32_t i = 0; i < look.ipd.neighbours.count; i++) {
        struct view_neigh n;

        if (!view_read(&look.ipd.neighbours, i, &n) || addr_is_any(n.addr) ||
            n.state == VIEW_NEIGH_NONE)
            continue;
        if (cli->json)
            print_json(&j, &look, &n);
        else
            print(&look, &n);
    }
    page_end(cli, &j, ']');
    return EXIT_OK;
}
