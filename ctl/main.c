/* SPDX-License-Identifier: MIT */
/* skink, the command: one table of commands. */
#include "ctl/commands.h"

#include "base/bits.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define VERSION "0.1.0"

static const struct command {
    const char *name;
    const char *usage;
    const char *help;
    enum exit_status (*run)(struct cli *cli, int argc, char **argv);
} commands[] = {
    {"up", "up [OPTIONS]", "start linkd, ipd, tcpd and apid (foreground: --fg)",
     cmd_up},
    {"down", "down", "stop them; connections are reset", cmd_down},
    {"restart", "restart DAEMON", "replace one daemon, keep connections",
     cmd_restart},
    {"exec", "exec COMMAND [ARGS]", "run COMMAND in the instance's network",
     cmd_exec},
    {"status", "status [-j]", "daemons, restarts, rings", cmd_status},
    {"stats", "stats [PATTERN] [--nonzero] [-j] [--explain NAME]",
     "counters, with meaning", cmd_stats},
};

static void
print_help(const struct arg *args)
{
    printf("skink - a TCP/IP stack in restartable daemons\n\n"
           "Usage: skink [-j] [-i INSTANCE] COMMAND [ARGS]\n\nCommands\n");
    for (size_t i = 0; i < ARRAY_LEN(commands); i++)
        printf("  %-20s  %s\n",
               i < 3 || i == 4 ? commands[i].usage : commands[i].name,
               commands[i].help);
    printf("\nOptions\n");
    args_print(args);
    printf("\n'skink COMMAND --help' lists a command's own options.\n"
           "Exit status: 0 ok, 1 failed, 2 usage, 3 not running, "
           "4 no permission, 5 timed out.\n");
}

static _Noreturn void
unknown_command(const char *name)
{
    const char *names[ARRAY_LEN(commands) + 2] = {"help"};
    const char *nearest;

    for (size_t i = 0; i < ARRAY_LEN(commands); i++)
        names[i + 1] = commands[i].name;
    nearest = cli_nearest(name, names);
    if (nearest != NULL)
        log_line("unknown command '%s' (did you mean '%s'?)", name, nearest);
    else
        log_line("unknown command '%s'", name);
    log_hint("'skink help' lists the commands");
    exit(EXIT_USAGE);
}

static void
find_rundir(struct cli *cli)
{
    if (rundir_path(cli->rundir, sizeof cli->rundir, cli->instance))
        return;
    if (errno == EINVAL)
        die(EXIT_USAGE,
            "'%s' is not a name for an instance, or SKINK_RUNDIR is not an "
            "absolute path",
            cli->instance);
    if (errno == ENAMETOOLONG) {
        log_line("the run directory's path is too long for a socket");
        log_hint("name a shorter one with SKINK_RUNDIR");
        exit(EXIT_FAILED);
    }
    log_line("the run directory cannot be trusted: %s", strerror(errno));
    log_hint("somebody else made it; name another one with SKINK_RUNDIR");
    exit(EXIT_NOT_PERMITTED);
}

static enum exit_status
run(struct cli *cli, int argc, char **argv)
{
    for (size_t i = 0; i < ARRAY_LEN(commands); i++) {
        if (strcmp(commands[i].name, argv[0]) != 0)
            continue;
        cli->usage = commands[i].usage;
        find_rundir(cli);
        return commands[i].run(cli, argc, argv);
    }
    unknown_command(argv[0]);
}

/* What cannot be written was not done: a full disk must not look like success. */
static enum exit_status
flushed(enum exit_status status)
{
    if (fflush(stdout) == 0 && ferror(stdout) == 0)
        return status;
    log_line("cannot write the output: %s", strerror(errno));
    return EXIT_FAILED;
}

int
main(int argc, char **argv)
{
    struct cli cli = {.instance = "default"};
    bool version = false;
    const struct arg args[] = {
        {.name = "json", .letter = 'j', .help = "JSON", .flag = &cli.json},
        {.name = "instance",
         .letter = 'i',
         .metavar = "NAME",
         .help = "which instance, if not 'default'",
         .value = &cli.instance},
        {.name = "help", .letter = 'h', .help = "this text", .flag = &cli.help},
        {.name = "version", .help = "print the version", .flag = &version},
        {.name = NULL},
    };
    int at = args_parse(argc, argv, args);

    log_name("skink");
    if (version) {
        puts("skink " VERSION);
        return (int)flushed(EXIT_OK);
    }
    if (cli.help || (at < argc && strcmp(argv[at], "help") == 0)) {
        print_help(args);
        return (int)flushed(EXIT_OK);
    }
    if (at == argc) {
        log_line("no command given");
        log_hint("'skink help' lists the commands");
        return EXIT_USAGE;
    }
    return (int)flushed(run(&cli, argc - at, argv + at));
}
