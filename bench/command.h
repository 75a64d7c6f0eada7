/* SPDX-License-Identifier: MIT */
/* The command line that the programs which speak over either TCP have in common:
 * NAME VERB [OPTIONS] ADDR PORT [OPERANDS]. */
#ifndef BENCH_COMMAND_H
#define BENCH_COMMAND_H

#include "base/os/args.h"
#include "bench/sockets.h"

#include <stdbool.h>

struct command {
    const char *verb; /* the program's own name when there is none */
    const struct sockets *net;
    struct sockaddr_in endpoint;
    char **operands; /* behind PORT, up to NULL */
};

/* Fills what the rows of `own` point at; --kernel, --instance and --help are
 * added to them. Prints `usage` and exits when that was asked for, or when there
 * is no ADDR PORT, or something behind it though `more` is not set. */
struct command command_parse(int argc, char **argv, const char *usage,
                             const struct arg *own, bool more);

#endif
