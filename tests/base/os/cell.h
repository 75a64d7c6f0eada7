/* SPDX-License-Identifier: MIT */
/* A furnished sandbox: a child per profile enters it and makes one claim. */
#ifndef TESTS_BASE_OS_CELL_H
#define TESTS_BASE_OS_CELL_H

#include "base/os/log.h"
#include "base/os/sandbox.h"
#include "tests/base/os/child.h"

#include <errno.h>
#include <fcntl.h>
#include <stdbool.h>
#include <stdio.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/mman.h>
#include <sys/pidfd.h>
#include <sys/stat.h>
#include <unistd.h>

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#define REGION 4096 /* bytes */

/* What the child got before it entered. */
struct cell {
    enum sandbox_profile profile;
    bool (*holds)(const struct cell *c);
    int writable, readable; /* two descriptors of one 0400 memfd */
    void *mapped;           /* from the readable one, PROT_READ */
    void *memory;           /* anonymous, writable */
    pid_t parent;
    int parent_pidfd;
    int ends[2], epoll;
};

static const char *const profile_names[] = {"pump", "pair", "streams", "desk"};

static inline void
die_unless(bool good, const char *what)
{
    if (!good)
        die(EXIT_FAILED, "cannot prepare %s: %s", what, strerror(errno));
}

static inline void
furnish(struct cell *c)
{
    struct epoll_event event = {.events = EPOLLIN};
    char path[64];

    c->writable = memfd_create("region", MFD_CLOEXEC);
    die_unless(ftruncate(c->writable, REGION) == 0, "memfd");
    die_unless(fchmod(c->writable, 0400) == 0, "mode");
    snprintf(path, sizeof path, "/proc/self/fd/%d", c->writable);
    c->readable = open(path, O_RDONLY);
    die_unless(c->readable >= 0, "read-only descriptor");
    c->mapped = mmap(NULL, REGION, PROT_READ, MAP_SHARED, c->readable, 0);
    die_unless(c->mapped != MAP_FAILED, "mapping");
    c->memory = mmap(NULL, REGION, PROT_READ | PROT_WRITE,
                     MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    die_unless(c->memory != MAP_FAILED, "memory");
    c->parent = getppid();
    c->parent_pidfd = pidfd_open(c->parent, 0);
    die_unless(c->parent_pidfd >= 0, "pidfd");
    die_unless(pipe(c->ends) == 0, "pipe");
    c->epoll = epoll_create1(0);
    die_unless(epoll_ctl(c->epoll, EPOLL_CTL_ADD, c->ends[0], &event) == 0,
               "epoll");
}

static inline void
try_bars(void *arg)
{
    struct cell *c = arg;

    furnish(c);
    sandbox_drop_privileges();
    sandbox_enter(c->profile);
    _exit(c->holds(c) ? 0 : 1);
}

/* The child of one profile. */
static inline void
enter(enum sandbox_profile profile, bool (*holds)(const struct cell *),
      int status)
{
    struct cell c = {.profile = profile, .holds = holds};
    struct child_end end;

    child_run(&end, try_bars, &c);
    if (end.status != status)
        fail_msg("profile %s: status %d, %s", profile_names[profile],
                 end.status, end.err);
}

static inline void
enter_each(bool (*holds)(const struct cell *), int status)
{
    enter(SANDBOX_PUMP, holds, status);
    enter(SANDBOX_PAIR, holds, status);
    enter(SANDBOX_STREAMS, holds, status);
    enter(SANDBOX_DESK, holds, status);
}

#endif
