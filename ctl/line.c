/* SPDX-License-Identifier: MIT */
/* Appends to a bounded string. */
#include "ctl/line.h"

#include <stdarg.h>
#include <stdio.h>

struct line
line_begin(char *out, size_t room)
{
    out[0] = '\0';
    return (struct line){.out = out, .room = room};
}

void
line_add(struct line *l, const char *fmt, ...)
{
    va_list ap;
    int n;

    va_start(ap, fmt);
    n = vsnprintf(l->out + l->used, l->room - l->used, fmt, ap);
    va_end(ap);
    if (n > 0)
        l->used += (size_t)n;
    if (l->used >= l->room)
        l->used = l->room - 1;
}
