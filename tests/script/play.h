/* SPDX-License-Identifier: MIT */
/* The lines that a script consists of, by their first word. */
#ifndef TESTS_SCRIPT_PLAY_H
#define TESTS_SCRIPT_PLAY_H

#include "tests/script/stage.h"

struct command {
    const char *name;
    bool (*run)(struct stage *s, struct words *w);
};

/* Each ends with a NULL name. */
extern const struct command segment_commands[]; /* segments and time */
extern const struct command call_commands[];    /* what an application does */
extern const struct command check_commands[];   /* what must hold */

/* One line. Only the commands that check allow for segments that nobody expected
 * yet. */
bool play_line(struct stage *s, struct words *w);

/* No segment is left that nobody expected. */
bool play_expect_silence(struct stage *s);

/* `in STATE ...` */
bool preamble_run(struct stage *s, struct words *w);

/* "ECONNRESET" ... of an enum tcp_error, "none" for TCP_OK. */
const char *error_name(unsigned error);

#endif
