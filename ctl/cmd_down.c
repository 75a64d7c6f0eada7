/* SPDX-License-Identifier: MIT */
/* skink down, skink restart: orders to the supervisor. */
#include "ctl/call.h"
#include "ctl/commands.h"
#include "ctl/json.h"
#include "proto/shm/layout.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* The end of the connection is the supervisor's end, and that is the answer. */
enum exit_status
cmd_down(struct cli *cli, int argc, char **argv)
{
    const struct arg args[] = {{.name = NULL}};
    Skink__Control__Request request;
    Skink__Control__Down down;
    size_t no_fds = 0;

    cli_parse(cli, args, argc, argv, NULL, 0);
    cli->ends = true;
    skink__control__request__init(&request);
    skink__control__down__init(&down);
    request.command_case = SKINK__CONTROL__REQUEST__COMMAND_DOWN;
    request.down = &down;
    if (call(cli, &request, NULL, &no_fds) != NULL)
        die(EXIT_FAILED, "the supervisor does not want to stop");
    return EXIT_OK;
}

static void
require_daemon(const char *name)
{
    const char *names[DAEMONS + 1] = {NULL};
    const char *nearest;

    for (uint32_t i = 0; i < DAEMONS; i++) {
        names[i] = daemon_name(i);
        if (strcmp(name, names[i]) == 0)
            return;
    }
    nearest = cli_nearest(name, names);
    if (nearest != NULL)
        log_line("there is no daemon '%s' (did you mean '%s'?)", name, nearest);
    else
        log_line("there is no daemon '%s'", name);
    log_hint("the daemons are linkd, ipd, tcpd and apid");
    exit(EXIT_USAGE);
}

static void
report(const struct cli *cli, const char *daemon, const char *text)
{
    struct json j = {.out = stdout};

    if (!cli->json) {
        puts(text);
        return;
    }
    json_begin(&j, NULL, '{');
    json_text(&j, "daemon", daemon);
    json_text(&j, "result", text);
    json_end(&j, '}');
    putchar('\n');
}

enum exit_status
cmd_restart(struct cli *cli, int argc, char **argv)
{
    const struct arg args[] = {{.name = NULL}};
    const char *name = NULL;
    char copy[32];
    Skink__Control__Request request;
    Skink__Control__Restart restart;
    Skink__Control__Reply *reply;
    size_t no_fds = 0;

    if (cli_parse(cli, args, argc, argv, &name, 1) == 0) {
        log_line("which daemon?");
        log_hint("usage: skink %s", cli->usage);
        return EXIT_USAGE;
    }
    require_daemon(name);
    snprintf(copy, sizeof copy, "%s", name);
    skink__control__request__init(&request);
    skink__control__restart__init(&restart);
    request.command_case = SKINK__CONTROL__REQUEST__COMMAND_RESTART;
    request.restart = &restart;
    restart.daemon = copy;
    reply = call(cli, &request, NULL, &no_fds);
    if (reply == NULL)
        die(EXIT_FAILED, "the supervisor ended");
    report(cli, name, reply->text);
    skink__control__reply__free_unpacked(reply, NULL);
    return EXIT_OK;
}
