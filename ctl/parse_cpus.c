/* SPDX-License-Identifier: MIT */
/* Where the daemons are to run. */
#define _GNU_SOURCE 1
#include "ctl/parse.h"

#include "base/os/args.h"
#include "base/os/log.h"
#include "proto/shm/layout.h"

#include <sched.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define FEW_CPUS 4

/* One line that says what is wrong, one that names the fix. */
static _Noreturn void __attribute__((format(printf, 2, 3)))
refuse(const char *hint, const char *fmt, ...)
{
    char text[256];
    va_list ap;

    va_start(ap, fmt);
    vsnprintf(text, sizeof text, fmt, ap);
    va_end(ap);
    log_line("%s", text);
    log_hint("%s", hint);
    exit(EXIT_USAGE);
}

static int
last_allowed(const cpu_set_t *allowed)
{
    for (int i = CPU_SETSIZE - 1; i >= 0; i--) {
        if (CPU_ISSET((size_t)i, allowed))
            return i;
    }
    return -1;
}

/* The next "N" or "N-M" of a list that ends with a NUL; returns what follows. */
static const char *
take_range(const char *list, uint64_t *from, uint64_t *to)
{
    char word[32], *dash;
    size_t len = strcspn(list, ",");

    snprintf(word, sizeof word, "%.*s", (int)(len < 31 ? len : 31), list);
    dash = strchr(word, '-');
    if (dash != NULL)
        *dash = '\0';
    *from = args_number("--cpus", word, 0, CPU_SETSIZE - 1);
    *to = dash == NULL ? *from
                       : args_number("--cpus", dash + 1, 0, CPU_SETSIZE - 1);
    if (*to < *from)
        refuse("write it like 0-1", "--cpus: %s comes after %s", word,
               dash + 1);
    return list[len] == ',' ? list + len + 1 : NULL;
}

/* The first DAEMONS of the list into `cpu`; returns how many. */
static size_t
take_list(int cpu[DAEMONS], const char *list, const cpu_set_t *allowed)
{
    size_t count = 0;

    while (list != NULL) {
        uint64_t from, to;

        list = take_range(list, &from, &to);
        for (uint64_t n = from; n <= to; n++) {
            if (!CPU_ISSET((size_t)n, allowed))
                refuse("see nproc and taskset -p $$, or --cpus none",
                       "--cpus: CPU %d is not there or not allowed", (int)n);
            if (count < DAEMONS)
                cpu[count++] = (int)n;
        }
    }
    return count;
}

void
parse_cpus(int cpu[DAEMONS], const char *list)
{
    cpu_set_t allowed;
    size_t count = 1;

    cpu[0] = -1;
    CPU_ZERO(&allowed);
    sched_getaffinity(0, sizeof allowed, &allowed);
    if (list == NULL && CPU_COUNT(&allowed) <= FEW_CPUS)
        cpu[0] = last_allowed(&allowed);
    else if (list != NULL && strcmp(list, "none") != 0)
        count = take_list(cpu, list, &allowed);
    for (size_t i = count; i < DAEMONS; i++)
        cpu[i] = cpu[i - count];
}
