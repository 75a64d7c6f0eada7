/* SPDX-License-Identifier: MIT */
/* What all commands do with their words. The options that all of them have may
 * stand before the command and after it. */
#define _GNU_SOURCE 1
#include "ctl/commands.h"

#include "base/check.h"

#include <errno.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define DEFAULT_INSTANCE "default"

void
cli_common(struct cli *cli, struct arg rows[CLI_COMMON + 1])
{
    const struct arg common[CLI_COMMON + 1] = {
        {.name = "json", .letter = 'j', .help = "JSON", .flag = &cli->json},
        {.name = "instance",
         .letter = 'i',
         .metavar = "NAME",
         .help = "which instance, if not 'default'",
         .value = &cli->instance},
        {.name = "help",
         .letter = 'h',
         .help = "this text",
         .flag = &cli->help},
        {.name = NULL},
    };

    memcpy(rows, common, sizeof common);
}

/* The command's own rows, then the common ones. */
static void
merge(struct cli *cli, const struct arg *args,
      struct arg all[CLI_OPTIONS_MAX + 1])
{
    size_t n = 0;

    for (; args->name != NULL; args++) {
        if (strcmp(args->name, "help") == 0)
            continue;
        CHECK(n < CLI_OPTIONS_MAX - CLI_COMMON);
        all[n++] = *args;
    }
    cli_common(cli, all + n);
}

static void
answer_help(const struct cli *cli, const struct arg *args)
{
    if (!cli->help)
        return;
    printf("usage: skink %s\n\n", cli->usage);
    args_print(args);
    exit(EXIT_OK);
}

/* ---- the instance ---- */

static _Noreturn void
bad_name(const char *name)
{
    if (strlen(name) > RUNDIR_INSTANCE_LONGEST)
        log_line("the instance's name '%.40s%s' is longer than %d letters",
                 name, strlen(name) > 40 ? "..." : "", RUNDIR_INSTANCE_LONGEST);
    else
        log_line("'%s' is not a name for an instance", name);
    log_hint("take up to %d letters, digits, '.', '_' and '-', and begin with "
             "a letter or digit",
             RUNDIR_INSTANCE_LONGEST);
    exit(EXIT_USAGE);
}

static _Noreturn void
no_rundir(void)
{
    const char *given = secure_getenv("SKINK_RUNDIR");

    if (errno == EINVAL) {
        log_line("SKINK_RUNDIR is '%s', which is not an absolute path",
                 given == NULL ? "" : given);
        log_hint("begin it with '/', as in SKINK_RUNDIR=/run/skink");
        exit(EXIT_USAGE);
    }
    if (errno == ENAMETOOLONG) {
        log_line("the run directory's path is too long for a socket");
        log_hint("name a shorter one with SKINK_RUNDIR");
        exit(EXIT_FAILED);
    }
    log_line("the run directory cannot be trusted: %s", strerror(errno));
    log_hint("somebody else made it; name another one with SKINK_RUNDIR");
    exit(EXIT_NOT_PERMITTED);
}

void
cli_instance(struct cli *cli, const char *name)
{
    cli->instance = name;
    if (!rundir_is_instance(cli->instance))
        bad_name(cli->instance);
    if (!rundir_path(cli->rundir, sizeof cli->rundir, cli->instance))
        no_rundir();
}

static void
settle_instance(struct cli *cli)
{
    const char *given = secure_getenv("SKINK_INSTANCE");

    if (cli->instance == NULL && given != NULL && given[0] != '\0')
        cli->instance = given;
    cli->named = cli->instance != NULL;
    cli_instance(cli, cli->named ? cli->instance : DEFAULT_INSTANCE);
}

/* ---- words ---- */

int
cli_options(struct cli *cli, const struct arg *args, int argc, char **argv)
{
    struct arg all[CLI_OPTIONS_MAX + 1];
    int at;

    merge(cli, args, all);
    at = args_parse(argc, argv, all);
    answer_help(cli, all);
    settle_instance(cli);
    return at;
}

/* args_parse stops at an operand, and takes its first word as a name. So the
 * operand is put there and the parse goes on. */
int
cli_parse(struct cli *cli, const struct arg *args, int argc, char **argv,
          const char **operands, int room)
{
    struct arg all[CLI_OPTIONS_MAX + 1];
    int count = 0, at;

    merge(cli, args, all);
    at = args_parse(argc, argv, all);
    while (at < argc) {
        if (count == room) {
            log_line("unexpected operand '%s'", argv[at]);
            log_hint("usage: skink %s", cli->usage);
            exit(EXIT_USAGE);
        }
        operands[count++] = argv[at];
        at += args_parse(argc - at, argv + at, all);
    }
    answer_help(cli, all);
    settle_instance(cli);
    return count;
}

const char *
cli_nearest(const char *typed, const char *const *names)
{
    const char *best = NULL;
    size_t fewest = SIZE_MAX;

    for (; *names != NULL; names++) {
        size_t slips = args_slips(typed, strlen(typed), *names);

        if (slips < fewest) {
            best = *names;
            fewest = slips;
        }
    }
    return best;
}
