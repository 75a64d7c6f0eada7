/* SPDX-License-Identifier: MIT */
/* skink route, skink addr: changes of the running network, in iproute2's words. */
#define _GNU_SOURCE 1
#include "ctl/call.h"
#include "ctl/commands.h"
#include "ctl/look.h"
#include "ctl/message.h"
#include "ctl/parse.h"

#include <stdlib.h>
#include <string.h>

#define WORDS_MAX 16

static _Noreturn void
show_usage(const struct cli *cli, const char *text)
{
    log_line("%s", text);
    log_hint("usage: skink %s", cli->usage);
    exit(EXIT_USAGE);
}

/* The first word: "add" or "del". */
static bool
removes(const struct cli *cli, const char *const *words, int count)
{
    if (count == 0)
        show_usage(cli, "add or del?");
    if (strcmp(words[0], "del") == 0)
        return true;
    if (strcmp(words[0], "add") != 0)
        show_usage(cli, "the first word is add or del");
    return false;
}

static void
order(const struct cli *cli, const Skink__Control__Request *request)
{
    size_t no_fds = 0;
    Skink__Control__Reply *reply = call(cli, request, NULL, &no_fds);

    if (reply == NULL)
        die(EXIT_FAILED, "the supervisor ended");
    skink__control__reply__free_unpacked(reply, NULL);
}

/* A route that is to go needs no more than its destination. */
static void
settle(struct parsed_route *r, bool remove, const struct cli *cli)
{
    struct look look;
    struct wrong wrong;

    if (!remove && r->route.metric == PARSE_UNSAID)
        r->route.metric = 0;
    r->route.proto = NET_PROTO_BOOT;
    if (remove && r->dev[0] == '\0')
        return;
    look_open(&look, cli);
    if (!parse_route_link(r, &look.tables.net, &wrong))
        wrong_die(&wrong, EXIT_FAILED);
}

enum exit_status
cmd_route(struct cli *cli, int argc, char **argv)
{
    const struct arg args[] = {{.name = NULL}};
    const char *words[WORDS_MAX];
    int count = cli_parse(cli, args, argc, argv, words, WORDS_MAX);
    Skink__Control__Request request;
    Skink__Control__ChangeRoute change;
    Skink__Control__Route route;
    struct parsed_route r;
    struct wrong wrong;

    skink__control__request__init(&request);
    skink__control__change_route__init(&change);
    change.remove = removes(cli, words, count);
    if (!parse_route(words + 1, (size_t)count - 1, &r, &wrong))
        wrong_die(&wrong, EXIT_USAGE);
    settle(&r, change.remove != 0, cli);
    message_of_route(&route, &r.route);
    change.route = &route;
    request.command_case = SKINK__CONTROL__REQUEST__COMMAND_ROUTE;
    request.route = &change;
    order(cli, &request);
    return EXIT_OK;
}

/* With one link there is no need to say which. */
static uint32_t
link_of(const struct cli *cli, const char *dev)
{
    struct look look;
    int link;

    look_open(&look, cli);
    if (dev == NULL && look.tables.net.links > 1)
        show_usage(cli, "on which link?");
    link = dev == NULL ? 0 : net_link_named(&look.tables.net, dev);
    if (link < 0) {
        log_line("there is no link '%s'", dev);
        log_hint("'skink status' lists them");
        exit(EXIT_FAILED);
    }
    return (uint32_t)link;
}

enum exit_status
cmd_addr(struct cli *cli, int argc, char **argv)
{
    const struct arg args[] = {{.name = NULL}};
    const char *words[4];
    int count = cli_parse(cli, args, argc, argv, words, 4);
    Skink__Control__Request request;
    Skink__Control__ChangeAddress change;
    Skink__Control__Address address;
    struct net_address a = {.link = 0};
    struct wrong wrong;

    skink__control__request__init(&request);
    skink__control__change_address__init(&change);
    change.remove = removes(cli, words, count);
    if (count != 2 && (count != 4 || strcmp(words[2], "dev") != 0))
        show_usage(cli, "which address, on which link?");
    if (!parse_address(words[1], &a, &wrong))
        wrong_die(&wrong, EXIT_USAGE);
    a.link = link_of(cli, count == 4 ? words[3] : NULL);
    message_of_address(&address, &a);
    change.address = &address;
    request.command_case = SKINK__CONTROL__REQUEST__COMMAND_ADDRESS;
    request.address = &change;
    order(cli, &request);
    return EXIT_OK;
}
