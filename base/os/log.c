/* SPDX-License-Identifier: MIT */
/* Lines for people, each in one write(2): lines of several processes on one
 * terminal or pipe do not mix, and nothing is lost in a buffer at a crash. */
#include "base/os/log.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#define LINE_MAX_BYTES 1024 /* with the newline */

static const char *prefix = "skink";

void
log_name(const char *name)
{
    prefix = name != NULL ? name : "skink";
}

/* A message may quote names from outside; they must not break the line, nor
 * steer the terminal. */
static void
blunt_controls(char *text, size_t len)
{
    for (size_t i = 0; i < len; i++) {
        if ((unsigned char)text[i] < ' ' || text[i] == 0x7f)
            text[i] = '?';
    }
}

static void __attribute__((format(printf, 2, 0)))
write_line(const char *head, const char *fmt, va_list ap)
{
    char line[LINE_MAX_BYTES + 1];
    int saved = errno; /* for %m, and for the caller afterwards */
    size_t len;
    int n;

    snprintf(line, sizeof line, "%s: ", head);
    len = strlen(line);
    errno = saved;
    n = vsnprintf(line + len, sizeof line - len, fmt, ap);
    len = n < 0 ? len : len + (size_t)n;
    if (len > LINE_MAX_BYTES - 1) {
        len = LINE_MAX_BYTES - 1;
        memset(line + len - 3, '.', 3);
    }
    blunt_controls(line, len);
    line[len++] = '\n';
    (void)!write(STDERR_FILENO, line, len); /* no other place to say it */
    errno = saved;
}

void
log_line(const char *fmt, ...)
{
    va_list ap;

    va_start(ap, fmt);
    write_line(prefix, fmt, ap);
    va_end(ap);
}

void
log_hint(const char *fmt, ...)
{
    va_list ap;

    va_start(ap, fmt);
    write_line("hint", fmt, ap);
    va_end(ap);
}

_Noreturn void
die(enum exit_status status, const char *fmt, ...)
{
    va_list ap;

    va_start(ap, fmt);
    write_line(prefix, fmt, ap);
    va_end(ap);
    exit((int)status);
}
