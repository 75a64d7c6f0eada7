/* SPDX-License-Identifier: MIT */
/* Reads the command line that the programs have in common. */
#include "bench/command.h"

#include "base/check.h"
#include "base/os/log.h"

#include <stdio.h>
#include <stdlib.h>

#define ROWS_MAX 16 /* with the one that ends the table */

/* Behind the `n` rows that are there. Returns how many there are then. */
static size_t
add_rows(struct arg all[ROWS_MAX], size_t n, const struct arg *more)
{
    for (; more->name != NULL; more++) {
        CHECK(n < ROWS_MAX - 1);
        all[n++] = *more;
    }
    return n;
}

struct command
command_parse(int argc, char **argv, const char *usage, const struct arg *own,
              bool more)
{
    bool kernel = false, help = false;
    const char *instance = NULL;
    const struct arg which[] = {
        {.name = "kernel",
         .help = "the kernel's TCP instead of skink's",
         .flag = &kernel},
        {.name = "instance",
         .letter = 'i',
         .metavar = "NAME",
         .help = "of skink, if not 'default'",
         .value = &instance},
        {.name = NULL},
    };
    const struct arg last[] = {
        {.name = "help", .letter = 'h', .help = "this text", .flag = &help},
        {.name = NULL},
    };
    struct arg all[ROWS_MAX] = {{.name = NULL}};
    int verb = argc > 1 && argv[1][0] != '-' ? 1 : 0, at;
    struct command c;

    add_rows(all, add_rows(all, add_rows(all, 0, which), own), last);
    at = verb + args_parse(argc - verb, argv + verb, all);
    if (help || argc - at < 2 || (argc - at > 2 && !more)) {
        puts(usage);
        args_print(all);
        exit(help ? EXIT_OK : EXIT_USAGE);
    }
    c.verb = argv[verb];
    c.endpoint = parse_endpoint(argv[at], argv[at + 1]);
    c.operands = argv + at + 2;
    c.net = kernel ? sockets_of_kernel() : sockets_of_skink(instance);
    return c;
}
