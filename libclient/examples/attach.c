/* SPDX-License-Identifier: MIT */
/* skink_open, and its errors in words. */
#include "libclient/examples/attach.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* The name that skink_open takes when it is given none. */
static const char *
name_of(const char *instance)
{
    if (instance == NULL)
        instance = getenv("SKINK_INSTANCE");
    return instance == NULL || instance[0] == '\0' ? "default" : instance;
}

static void
explain(const char *program, const char *name, int error)
{
    switch (error) {
    case ENOENT:
    case ECONNREFUSED:
        fprintf(stderr,
                "%s: no instance '%s' is running\n"
                "hint: start it with 'skink -i %s up'\n",
                program, name, name);
        return;
    case EACCES:
    case EPERM:
        fprintf(stderr,
                "%s: instance '%s' is not for this user\n"
                "hint: run %s as the user who ran 'skink up'\n",
                program, name, program);
        return;
    case EINVAL:
    case ENAMETOOLONG:
        fprintf(stderr, "%s: '%s' is no name for an instance\n", program, name);
        return;
    }
    fprintf(stderr, "%s: cannot attach to instance '%s': %s\n", program, name,
            strerror(error));
}

struct skink *
attach_to(const char *program, const char *instance)
{
    struct skink *s;
    int rc = skink_open(&s, instance);

    if (rc == 0)
        return s;
    explain(program, name_of(instance), -rc);
    exit(EXIT_FAILURE);
}
