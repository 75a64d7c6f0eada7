/* SPDX-License-Identifier: MIT */
/* Long options from a table: --name, --name=VALUE or --name VALUE, -x for the
 * short ones; "--" ends them. An unknown or incomplete option dies with
 * EXIT_USAGE and one line that names the nearest known option. */
#ifndef BASE_OS_ARGS_H
#define BASE_OS_ARGS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct arg {
    const char *name;    /* without "--" */
    char letter;         /* or 0 */
    const char *metavar; /* NULL: a flag, sets *flag; else a value follows */
    const char *help;
    bool *flag;
    const char *
        *value; /* points into argv; or, for options that count each time
                           they stand there: */
    void (*each)(void *owner, const struct arg *row, const char *value);
    void *owner;
};

/* Consumes options up to the first operand and returns that operand's index in
 * argv (argc when there is none). `args` ends with a row whose name is NULL. */
int args_parse(int argc, char **argv, const struct arg *args);

/* "  --name METAVAR   help", one line an option, on stdout. */
void args_print(const struct arg *args);

/* How many letters of `typed` (`len` of them) to add, drop or replace to get
 * `known`. SIZE_MAX: more than two and more than a third of it, or all of them,
 * so something else was meant. */
size_t args_slips(const char *typed, size_t len, const char *known);

/* A decimal number in lo..hi; anything else dies with EXIT_USAGE, naming
 * `what`. */
uint64_t args_number(const char *what, const char *text, uint64_t lo,
                     uint64_t hi);

#endif
