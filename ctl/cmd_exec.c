/* SPDX-License-Identifier: MIT */
/* skink exec: a program inside the instance's network namespace. */
#define _GNU_SOURCE 1
#include "ctl/call.h"
#include "ctl/commands.h"
#include "ctl/netns.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
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

/* What runs inside means this instance. In a user namespace one is root, and root
 * would look elsewhere for it. */
static void
name_instance(const struct cli *cli)
{
    char parent[RUNDIR_SIZE];

    memcpy(parent, cli->rundir, sizeof parent);
    *strrchr(parent, '/') = '\0';
    if (setenv("SKINK_RUNDIR", parent, 1) < 0 ||
        setenv("SKINK_INSTANCE", cli->instance, 1) < 0)
        die(EXIT_FAILED, "cannot set the environment: %s", strerror(errno));
}

static _Noreturn void
not_executed(const char *program, int why)
{
    bool is_path = strchr(program, '/') != NULL;
    struct stat st;

    if (is_path && stat(program, &st) == 0) {
        if (S_ISDIR(st.st_mode))
            why = EISDIR;
        log_line("cannot execute %s: %s", program, strerror(why));
        if (S_ISDIR(st.st_mode))
            log_hint("name a program in it");
        else if (why == ENOENT)
            log_hint("what its first line (#!) or its ELF header names as "
                     "interpreter is missing");
        else if (why == EACCES)
            log_hint("make it executable: chmod +x %s", program);
        else
            log_hint("is it a program for this machine?");
    } else {
        log_line("cannot execute %s: %s", program, strerror(why));
        if (is_path)
            log_hint("is the path right?");
        else
            log_hint("it is not in PATH; name it with its directory");
    }
    exit(why == ENOENT ? EXIT_NOT_FOUND : EXIT_CANNOT_EXECUTE);
}

enum exit_status
cmd_exec(struct cli *cli, int argc, char **argv)
{
    const struct arg args[] = {{.name = NULL}};
    int at = cli_options(cli, args, argc, argv);

    if (at == argc) {
        log_line("which command?");
        log_hint("usage: skink %s", cli->usage);
        return EXIT_USAGE;
    }
    join_namespaces(cli);
    name_instance(cli);
    execvp(argv[at], argv + at);
    not_executed(argv[at], errno);
}
