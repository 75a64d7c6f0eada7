/* SPDX-License-Identifier: MIT */
/* Reads /proc/PID/stat (proc(5)). */
#include "ctl/process.h"

#include <stdio.h>
#include <string.h>
#include <unistd.h>

/* Fields 3 (state), 14, 15 (utime, stime) and 24 (rss) of stat. The name before them is in
 * parentheses and may hold anything, so they are counted from its end. */
void
process_look(struct process *p, uint32_t pid)
{
    char path[32], line[1024], *rest;
    unsigned long user, system;
    long pages;
    char state;
    size_t len;
    FILE *f;

    *p = (struct process){.known = false};
    snprintf(path, sizeof path, "/proc/%u/stat", pid);
    if (pid == 0 || (f = fopen(path, "re")) == NULL)
        return;
    len = fread(line, 1, sizeof line - 1, f);
    fclose(f);
    line[len] = '\0';
    rest = strrchr(line, ')');
    if (rest == NULL ||
        sscanf(rest,
               ") %c %*d %*d %*d %*d %*d %*u %*u %*u %*u %*u %lu %lu "
               "%*d %*d %*d %*d %*d %*d %*u %*u %ld",
               &state, &user, &system, &pages) != 4)
        return;
    p->known = true;
    p->runnable = state == 'R';
    p->cpu_s = (double)(user + system) / (double)sysconf(_SC_CLK_TCK);
    p->rss_bytes = (uint64_t)pages * (uint64_t)sysconf(_SC_PAGESIZE);
}
