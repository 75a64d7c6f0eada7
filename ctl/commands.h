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
    const char *instance;
    const char *usage; /* of the command that runs */
    bool json, help;
    char rundir[RUNDIR_SIZE];
};

/* argv[0] is the command's name. Each returns the exit status. */
enum exit_status cmd_up(struct cli *cli, int argc, char **argv);
enum exit_status cmd_down(struct cli *cli, int argc, char **argv);
enum exit_status cmd_restart(struct cli *cli, int argc, char **argv);
enum exit_status cmd_exec(struct cli *cli, int argc, char **argv);
enum exit_status cmd_status(struct cli *cli, int argc, char **argv);
enum exit_status cmd_stats(struct cli *cli, int argc, char **argv);

/* Options of a command wherever they stand, its operands into `operands`, at
 * most `room`; returns how many. Dies on one too many; answers --help and exits. */
int cli_parse(struct cli *cli, const struct arg *args, int argc, char **argv,
              const char **operands, int room);

/* Prints usage and options and exits, when cli->help is set. */
void cli_help(const struct cli *cli, const struct arg *args);

/* The one of `names` that a person most likely meant by `typed`; NULL when
 * none is like it. `names` ends with NULL. */
const char *cli_nearest(const char *typed, const char *const *names);

#endif
