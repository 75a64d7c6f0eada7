/* SPDX-License-Identifier: MIT */
/* A text put together piece by piece, in a buffer that it never leaves: what does
 * not fit is cut off. */
#ifndef CTL_LINE_H
#define CTL_LINE_H

#include <stddef.h>

struct line {
    char *out; /* always a string */
    size_t room, used;
};

/* An empty one; `room` is at least 1. */
struct line line_begin(char *out, size_t room);

void line_add(struct line *l, const char *fmt, ...)
    __attribute__((format(printf, 2, 3)));

#endif
