/* SPDX-License-Identifier: MIT */
/* Ends the process over a broken claim of our own. */
#include "base/check.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

_Noreturn void
check_failed(const char *claim, const char *file, int line)
{
    char text[256];
    ssize_t written;

    /* No stdio stream and no heap: either may be what broke. */
    snprintf(text, sizeof text, "%s:%d: broken: %s\n", file, line, claim);
    written = write(STDERR_FILENO, text, strlen(text));
    (void)written; /* with nobody listening the signal still tells */
    abort();
}
