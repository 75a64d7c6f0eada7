/* SPDX-License-Identifier: MIT */
/* The log of an instance in the background: what supervisor and daemons say, each
 * line with its time. */
#ifndef CTL_JOURNAL_H
#define CTL_JOURNAL_H

#include "ctl/loop.h"

#include <stdbool.h>
#include <stddef.h>

#define JOURNAL_STAMP 32 /* room for a time, as text */

struct journal {
    struct source pipe; /* read end; the write end is everybody's stderr */
    int file;
    bool dated;    /* lines get their time: see journal_date */
    bool mid_line; /* the file's last line has no end yet */
};

/* From now on stderr, also that of children, goes into `file`. False, errno set. */
bool journal_open(struct journal *j, struct loop *loop, int file)
    __attribute__((warn_unused_result));

/* Lines get their time from now on. What is said before the instance is up is
 * shown on the screen of who started it, where a time is noise. */
void journal_date(struct journal *j);

/* Writes down what has been said; without this, whatever is in the pipe when
 * the process ends is lost. */
void journal_drain(struct journal *j);

/* `len` bytes of somebody's lines, whole or not, dated `stamp`. */
void journal_write(struct journal *j, const char *text, size_t len,
                   const char *stamp);

#endif
