/* SPDX-License-Identifier: MIT */
/* skink exec: a program inside the instance's network namespace. */
#define _GNU_SOURCE 1
#include "ctl/call.h"
#include "ctl/commands.h"
#include "ctl/netns.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#define EXIT_CANNOT_EXECUTE 126 /* as env(1) and the shells have it */
#define EXIT_NOT_FOUND      127

static void
join_namespaces(const struct cli *cli)
{
    Skink__Control__Request request;
    Skink__Control__Namespaces namespaces;
    Skink__Control__Reply *reply;
    int fds[2];
    size_t n = 2;

    skink__control__request__init(&request);
    skink__control__namespaces__init(&namespaces);
    request.command_case = SKINK__CONTROL__REQUEST__COMMAND_NAMESPACES;
    request.namespaces = &namespaces;
    reply = call(cli, &request, fds, &n);
    if (reply == NULL)
        die(EXIT_FAILED, "the supervisor ended");
    for (size_t i = 0; i < n; i++) {
        if (!netns_join(fds[i]))
            die(errno == EPERM ? EXIT_NOT_PERMITTED : EXIT_FAILED,
                "cannot join the instance's namespaces: %s", strerror(errno));
        close(fds[i]);
    }
    skink__control__reply__free_unpacked(reply, NULL);
}

/* In a user namespace one is root, and root would look elsewhere for the
 * instance that it came from. */
static void
keep_rundir(const struct cli *cli)
{
    char parent[RUNDIR_SIZE];

    memcpy(parent, cli->rundir, sizeof parent);
    *strrchr(parent, '/') = '\0';
    if (setenv("SKINK_RUNDIR", parent, 1) < 0)
        die(EXIT_FAILED, "cannot set SKINK_RUNDIR: %s", strerror(errno));
}

enum exit_status
cmd_exec(struct cli *cli, int argc, char **argv)
{
    const struct arg args[] = {
        {.name = "help",
         .letter = 'h',
         .help = "this text",
         .flag = &cli->help},
        {.name = NULL},
    };
    int at = args_parse(argc, argv, args);

    cli_help(cli, args);
    if (at == argc) {
        log_line("which command?");
        log_hint("usage: skink %s", cli->usage);
        return EXIT_USAGE;
    }
    join_namespaces(cli);
    keep_rundir(cli);
    execvp(argv[at], argv + at);

    int why = errno;

    log_line("cannot execute %s: %s", argv[at], strerror(why));
    exit(why == ENOENT ? EXIT_NOT_FOUND : EXIT_CANNOT_EXECUTE);
}
