/* SPDX-License-Identifier: MIT */
/* The commands of `skink`, and what they share. */
#ifndef CTL_COMMANDS_H
#define CTL_COMMANDS_H

#include "base/os/args.h"
#include "base/os/log.h"
#include "base/os/rundir.h"

#include <stdbool.h>
#include <stddef.h>

struct cli {
    const char *instance; /* NULL: not given, until the options are read */
    const char *usage;    /* of the command that runs */
    bool json, help;
    bool named;               /* the user said which instance */
    bool ends;                /* it is no use to say how to start an instance */
    char rundir[RUNDIR_SIZE]; /* once the options are read */
};

#define CLI_OPTIONS_MAX 24 /* of a command, with those that all have */

/* argv[0] is the command's name. Each returns the exit status. */
enum exit_status cmd_up(struct cli *cli, int argc, char **argv);
enum exit_status cmd_down(struct cli *cli, int argc, char **argv);
enum exit_status cmd_restart(struct cli *cli, int argc, char **argv);
enum exit_status cmd_exec(struct cli *cli, int argc, char **argv);
enum exit_status cmd_status(struct cli *cli, int argc, char **argv);
enum exit_status cmd_stats(struct cli *cli, int argc, char **argv);
enum exit_status cmd_config(struct cli *cli, int argc, char **argv);
enum exit_status cmd_route(struct cli *cli, int argc, char **argv);
enum exit_status cmd_addr(struct cli *cli, int argc, char **argv);
enum exit_status cmd_impair(struct cli *cli, int argc, char **argv);
enum exit_status cmd_conns(struct cli *cli, int argc, char **argv);
enum exit_status cmd_routes(struct cli *cli, int argc, char **argv);
enum exit_status cmd_neigh(struct cli *cli, int argc, char **argv);
enum exit_status cmd_links(struct cli *cli, int argc, char **argv);
enum exit_status cmd_ping(struct cli *cli, int argc, char **argv);
enum exit_status cmd_top(struct cli *cli, int argc, char **argv);
enum exit_status cmd_capture(struct cli *cli, int argc, char **argv);

/* The rows that every command has: -j, -i, -h. */
#define CLI_COMMON 3
void cli_common(struct cli *cli, struct arg rows[CLI_COMMON + 1]);

/* Options of a command, and those that all commands have, up to its first operand,
 * whose index in argv it returns. Then the instance is settled. Answers --help
 * and exits; dies when there can be no instance of that name. */
int cli_options(struct cli *cli, const struct arg *args, int argc, char **argv);

/* The same for options wherever they stand; the operands go into `operands`, at
 * most `room`, and it returns how many. Dies on one too many. */
int cli_parse(struct cli *cli, const struct arg *args, int argc, char **argv,
              const char **operands, int room);

/* Makes `name` the instance that the command is about. Dies as cli_options does. */
void cli_instance(struct cli *cli, const char *name);

/* The one of `names` that a person most likely meant by `typed`; NULL when
 * none is like it. `names` ends with NULL. */
const char *cli_nearest(const char *typed, const char *const *names);

#endif
