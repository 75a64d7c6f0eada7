/* SPDX-License-Identifier: MIT */
/* Scripts of segments in virtual time: what a peer sends and what an application
 * calls, a line each, and what the TCP core answers to it. README.md has the
 * language. */
#ifndef TESTS_SCRIPT_SCRIPT_H
#define TESTS_SCRIPT_SCRIPT_H

#include <stdbool.h>

/* The first line that did not hold, in two sentences without "expected" and
 * "came". */
struct script_failure {
    unsigned line; /* from 1; 0: all held */
    char expected[160];
    char came[160];
};

/* Runs all cases of a script's text, each with a core of its own. False: *failure
 * says where it ended. */
bool script_run(const char *text, struct script_failure *failure);

#endif
