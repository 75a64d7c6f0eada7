/* SPDX-License-Identifier: MIT */
/* What all commands do with their words. */
#include "ctl/commands.h"

#include "base/bits.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

void
cli_help(const struct cli *cli, const struct arg *args)
{
    if (!cli->help)
        return;
    printf("usage: skink %s\n\n", cli->usage);
    args_print(args);
    exit(EXIT_OK);
}

/* args_parse stops at an operand, and takes its first word as a name. So the
 * operand is put there and the parse goes on. */
int
cli_parse(struct cli *cli, const struct arg *args, int argc, char **argv,
          const char **operands, int room)
{
    int count = 0, at = args_parse(argc, argv, args);

    while (at < argc) {
        if (count == room) {
            log_line("unexpected operand '%s'", argv[at]);
            log_hint("usage: skink %s", cli->usage);
            exit(EXIT_USAGE);
        }
        operands[count++] = argv[at];
        at += args_parse(argc - at, argv + at, args);
    }
    cli_help(cli, args);
    return count;
}

#define NAME_LONGEST 32

/* How many letters to add, drop or replace; names are short. */
static size_t
distance(const char *a, const char *b)
{
    size_t row[NAME_LONGEST + 1], len = strlen(b);

    for (size_t j = 0; j <= len; j++)
        row[j] = j;
    for (size_t i = 0; a[i] != '\0'; i++) {
        size_t diagonal = row[0];

        row[0] = i + 1;
        for (size_t j = 1; j <= len; j++) {
            size_t replaced = diagonal + (a[i] != b[j - 1]);

            diagonal = row[j];
            row[j] = min_u64(replaced, min_u64(row[j - 1], row[j]) + 1);
        }
    }
    return row[len];
}

const char *
cli_nearest(const char *typed, const char *const *names)
{
    const char *best = NULL;
    size_t best_distance = 3; /* more than two slips is another word */

    for (; *names != NULL; names++) {
        size_t d =
            strlen(*names) > NAME_LONGEST ? SIZE_MAX : distance(typed, *names);

        if (d < best_distance && d < strlen(*names)) {
            best = *names;
            best_distance = d;
        }
    }
    return best;
}
