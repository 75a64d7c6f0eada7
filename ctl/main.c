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
    const char *brief; /* its operands, in the list of commands */
    const char *usage;
    const char *help;
    enum exit_status (*run)(struct cli *cli, int argc, char **argv);
} commands[] = {
    {"up", "[OPTIONS]", "up [OPTIONS]",
     "start linkd, ipd, tcpd and apid (foreground: --fg)", cmd_up},
    {"down", "", "down", "stop them; connections are reset", cmd_down},
    {"restart", "DAEMON", "restart DAEMON",
     "replace one daemon; only tcpd's costs connections, for now", cmd_restart},
    {"exec", "COMMAND [ARGS]", "exec [OPTIONS] COMMAND [ARGS]",
     "run COMMAND in the instance's network", cmd_exec},
    {"status", "", "status [-j]", "daemons, restarts, rings", cmd_status},
    {"stats", "[PATTERN]",
     "stats [PATTERN] [--rate] [--nonzero] [-j] [--explain NAME]",
     "counters whose names match PATTERN, a regular expression", cmd_stats},
    {"conns", "[-tinmlpao] [FILTER]", "conns [-tinmlpao] [-j] [FILTER]",
     "connections, as ss(8) shows them", cmd_conns},
    {"routes", "[get ADDR]", "routes [get ADDR] [-j]",
     "where packets go, as 'ip route' shows it", cmd_routes},
    {"neigh", "", "neigh [-j]", "who is on the links, as 'ip neigh' shows it",
     cmd_neigh},
    {"links", "", "links [-j]", "devices and what has passed", cmd_links},
    {"ping", "ADDR", "ping [OPTIONS] ADDR", "echo requests sent by ipd",
     cmd_ping},
    {"top", "", "top [--period SEC] [-j]", "what is going on, live", cmd_top},
    {"capture", "[-w FILE] [FILTER]",
     "capture [-w FILE] [--on NAME] [-c N] [-s BYTES] [FILTER]",
     "packets at any ring, for Wireshark or as lines", cmd_capture},
    {"config", "WORD [FILE]", "config show|check|diff|reload|save [FILE]",
     "show, check, diff, reload or save the configuration", cmd_config},
    {"route", "add|del ROUTE",
     "route add|del DST [via GW] [dev LINK] [metric N] [mtu N] [src ADDR]",
     "change routes now; 'config save' keeps them", cmd_route},
    {"addr", "add|del ADDR/LEN", "addr add|del ADDR/LEN dev LINK",
     "change addresses now; 'config save' keeps them", cmd_addr},
    {"impair", "LINK [in|out] SPEC",
     "impair LINK [in|out] loss=2%,delay=5ms,rate=100M,...|off",
     "make a link worse than it is, to test", cmd_impair},
    {"help", "[COMMAND]", "help [COMMAND]", "this text, or COMMAND's", NULL},
};

static bool version;

static void
options(struct cli *cli, struct arg rows[CLI_COMMON + 2])
{
    cli_common(cli, rows + 1);
    rows[0] = (struct arg){
        .name = "version", .help = "print the version", .flag = &version};
}

static void
print_help(struct cli *cli)
{
    struct arg args[CLI_COMMON + 2];
    char left[40], log[RUNDIR_SIZE];

    options(cli, args);
    printf("skink - a TCP/IP stack in restartable daemons\n\n"
           "Usage: skink [-j] [-i INSTANCE] COMMAND [ARGS]\n\nCommands\n");
    for (size_t i = 0; i < ARRAY_LEN(commands); i++) {
        snprintf(left, sizeof left, "%s %s", commands[i].name,
                 commands[i].brief);
        printf("  %-23s  %s\n", left, commands[i].help);
    }
    printf("\nOptions, before COMMAND or after it\n");
    args_print(args);
    if (!rundir_path(log, sizeof log, "INSTANCE"))
        snprintf(log, sizeof log, "$SKINK_RUNDIR/INSTANCE");
    printf("\nEnvironment\n"
           "  SKINK_INSTANCE   which instance, if -i does not say\n"
           "  SKINK_RUNDIR     where instances have their directories\n"
           "'skink exec' sets both for COMMAND.\n"
           "\nFiles\n"
           "  %s/log\n"
           "      what supervisor and daemons had to say; stays after 'down'\n",
           log);
    printf("\n'skink COMMAND --help' lists a command's own options.\n"
           "Exit status: 0 ok, 1 failed, 2 usage, 3 not running, "
           "4 no permission, 5 timed out.\n");
}

static _Noreturn void
unknown_command(const char *name)
{
    const char *names[ARRAY_LEN(commands) + 1] = {NULL};
    const char *nearest;

    for (size_t i = 0; i < ARRAY_LEN(commands); i++)
        names[i] = commands[i].name;
    nearest = cli_nearest(name, names);
    if (nearest != NULL)
        log_line("unknown command '%s' (did you mean '%s'?)", name, nearest);
    else
        log_line("unknown command '%s'", name);
    log_hint("'skink help' lists the commands");
    exit(EXIT_USAGE);
}

static const struct command *
find_command(const char *name)
{
    for (size_t i = 0; i < ARRAY_LEN(commands); i++) {
        if (strcmp(commands[i].name, name) == 0)
            return &commands[i];
    }
    unknown_command(name);
}

/* "help COMMAND" is "COMMAND --help". */
static enum exit_status
run(struct cli *cli, int argc, char **argv)
{
    const struct command *command = find_command(argv[0]);

    if (command->run == NULL && argc > 1 && argv[1][0] != '-') {
        cli->help = true;
        argv++;
        argc = 1;
        command = find_command(argv[0]);
    }
    if (command->run == NULL) {
        print_help(cli);
        return EXIT_OK;
    }
    cli->usage = command->usage;
    return command->run(cli, argc, argv);
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
    struct cli cli = {.instance = NULL};
    struct arg args[CLI_COMMON + 2];
    int at;

    log_name("skink");
    options(&cli, args);
    at = args_parse(argc, argv, args);
    if (version) {
        puts("skink " VERSION);
        return (int)flushed(EXIT_OK);
    }
    if (at == argc && cli.help) {
        print_help(&cli);
        return (int)flushed(EXIT_OK);
    }
    if (at == argc) {
        log_line("no command given");
        log_hint("'skink help' lists the commands");
        return EXIT_USAGE;
    }
    return (int)flushed(run(&cli, argc - at, argv + at));
}
