/* SPDX-License-Identifier: MIT */
/* What a process says to people: one line a message, on stderr, in one write,
 * "NAME: message\n". An error is one line that names what is wrong and, where
 * there is one, a second line "hint: ..." that names the fix. */
#ifndef BASE_OS_LOG_H
#define BASE_OS_LOG_H

#include <stdarg.h>

/* Exit status, as sysexits and LSB have them (CLI contract). */
enum exit_status {
    EXIT_OK = 0,
    EXIT_FAILED = 1,
    EXIT_USAGE = 2,
    EXIT_NOT_RUNNING = 3,
    EXIT_NOT_PERMITTED = 4,
    EXIT_TIMED_OUT = 5
};

/* The prefix of every line: "skink", "skink: linkd". A string literal. */
void log_name(const char *name);

void log_line(const char *fmt, ...) __attribute__((format(printf, 1, 2)));
void log_hint(const char *fmt, ...) __attribute__((format(printf, 1, 2)));

/* log_line, then exit(status). */
_Noreturn void die(enum exit_status status, const char *fmt, ...)
    __attribute__((format(printf, 2, 3)));

#endif
