/* SPDX-License-Identifier: MIT */
/* skink impair: what becomes of the packets of a link, from now on. */
#define _GNU_SOURCE 1
#include "ctl/call.h"
#include "ctl/commands.h"
#include "ctl/config.h"
#include "ctl/look.h"
#include "ctl/message.h"
#include "ctl/parse.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static _Noreturn void
show_usage(const struct cli *cli, const char *text)
{
    log_line("%s", text);
    log_hint("usage: skink %s", cli->usage);
    exit(EXIT_USAGE);
}

static void
order(const struct cli *cli, uint32_t link, enum conf_direction direction,
      const struct conf_impair *i)
{
    Skink__Control__Request request;
    Skink__Control__Impair impair;
    Skink__Control__Reply *reply;
    size_t no_fds = 0;

    skink__control__request__init(&request);
    message_of_impair(&impair, link, direction, i);
    request.command_case = SKINK__CONTROL__REQUEST__COMMAND_IMPAIR;
    request.impair = &impair;
    reply = call(cli, &request, NULL, &no_fds);
    if (reply == NULL)
        die(EXIT_FAILED, "the supervisor ended");
    skink__control__reply__free_unpacked(reply, NULL);
}

/* What there is, in the words that set it. */
static void
print(const struct look *look, uint32_t link)
{
    char text[IMPAIR_TEXT];

    for (int d = 0; d < CONF_DIRECTIONS; d++)
        printf("%s %s %s\n", look->tables.net.link[link].name,
               d == CONF_IN ? "in" : "out",
               impair_format(text, &look->tables.impair[link][d]));
}

enum exit_status
cmd_impair(struct cli *cli, int argc, char **argv)
{
    const struct arg args[] = {{.name = NULL}};
    const char *words[3];
    int count = cli_parse(cli, args, argc, argv, words, 3), link;
    struct look look;
    struct wrong wrong;
    bool in = count == 3 && strcmp(words[1], "in") == 0;
    bool out = count == 3 && strcmp(words[1], "out") == 0;

    if (count == 0 || (count == 3 && !in && !out))
        show_usage(cli, count == 0 ? "which link?" : "in or out?");
    look_open(&look, cli);
    link = net_link_named(&look.tables.net, words[0]);
    if (link < 0) {
        log_line("there is no link '%s'", words[0]);
        log_hint("'skink status' lists them");
        return EXIT_FAILED;
    }
    if (count == 1) {
        print(&look, (uint32_t)link);
        return EXIT_OK;
    }
    if (!parse_impair(words[count - 1], look.tables.impair[link], &wrong))
        wrong_die(&wrong, EXIT_USAGE);
    config_seed(&look.tables);
    for (int d = 0; d < CONF_DIRECTIONS; d++) {
        if ((d == CONF_IN && out) || (d == CONF_OUT && in))
            continue;
        order(cli, (uint32_t)link, (enum conf_direction)d,
              &look.tables.impair[link][d]);
    }
    return EXIT_OK;
}
