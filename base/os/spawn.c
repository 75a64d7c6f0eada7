/* SPDX-License-Identifier: MIT */
/* posix_spawn(3) with exact control over the child's descriptors.
 *
 * A row's target may be another row's source, so that no order of dup2 calls
 * is right. Every source is therefore duplicated first, above all targets and
 * close-on-exec; from there the dup2 calls cannot meet. After them the child
 * closes the gaps between the targets and everything above. */
#define _GNU_SOURCE 1
#include "base/os/spawn.h"

#include "base/check.h"
#include "base/os/log.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <signal.h>
#include <spawn.h>
#include <stdlib.h>
#include <string.h>
#include <sys/pidfd.h>
#include <sys/wait.h>
#include <unistd.h>

/* The descriptors on their way: copies[i] is rows[i].from, out of the way. */
struct moves {
    const struct spawn_fd *rows;
    size_t count;
    int above; /* 3, or the number above the highest target */
    int *copies;
};

static void
moves_close(struct moves *m)
{
    for (size_t i = 0; i < m->count; i++) {
        if (m->copies[i] >= 0)
            close(m->copies[i]);
    }
    free(m->copies);
}

/* Returns 0 or an errno. */
static int
moves_open(struct moves *m, const struct spawn_fd *rows)
{
    *m = (struct moves){.rows = rows, .above = STDERR_FILENO + 1};
    for (; rows[m->count].from != -1; m->count++) {
        CHECK(rows[m->count].to >= 0);
        if (rows[m->count].to >= m->above)
            m->above = rows[m->count].to + 1;
    }
    m->copies = malloc((m->count + 1) * sizeof *m->copies);
    if (m->copies == NULL)
        return ENOMEM;
    for (size_t i = 0; i < m->count; i++)
        m->copies[i] = -1;
    for (size_t i = 0; i < m->count; i++) {
        m->copies[i] = fcntl(rows[i].from, F_DUPFD_CLOEXEC, m->above);
        if (m->copies[i] < 0)
            return errno;
    }
    return 0;
}

static bool
is_target(const struct moves *m, int fd)
{
    for (size_t i = 0; i < m->count; i++) {
        if (m->rows[i].to == fd)
            return true;
    }
    return false;
}

static int
actions_add(posix_spawn_file_actions_t *actions, const struct moves *m)
{
    int rc = 0;

    for (size_t i = 0; i < m->count && rc == 0; i++)
        rc = posix_spawn_file_actions_adddup2(actions, m->copies[i],
                                              m->rows[i].to);
    for (int fd = STDERR_FILENO + 1; fd < m->above && rc == 0; fd++) {
        if (!is_target(m, fd))
            rc = posix_spawn_file_actions_addclose(actions, fd);
    }
    if (rc == 0)
        rc = posix_spawn_file_actions_addclosefrom_np(actions, m->above);
    return rc;
}

/* Every signal at its default, none blocked: a daemon that starts children
 * has SIGPIPE ignored and SIGTERM blocked, and both outlive an exec. */
static int
attributes_set(posix_spawnattr_t *attr)
{
    sigset_t all, none;
    int rc;

    sigfillset(&all);
    sigemptyset(&none);
    rc = posix_spawnattr_setsigdefault(attr, &all);
    if (rc == 0)
        rc = posix_spawnattr_setsigmask(attr, &none);
    if (rc == 0)
        rc = posix_spawnattr_setflags(attr, POSIX_SPAWN_SETSIGDEF |
                                                POSIX_SPAWN_SETSIGMASK);
    return rc;
}

static int
start(pid_t *pid, const char *path, char *const argv[], const struct moves *m)
{
    posix_spawn_file_actions_t actions;
    posix_spawnattr_t attr;
    int rc;

    if ((rc = posix_spawn_file_actions_init(&actions)) != 0)
        return rc;
    if ((rc = posix_spawnattr_init(&attr)) == 0) {
        rc = attributes_set(&attr);
        if (rc == 0)
            rc = actions_add(&actions, m);
        if (rc == 0)
            rc = posix_spawn(pid, path, &actions, &attr, argv, environ);
        posix_spawnattr_destroy(&attr);
    }
    posix_spawn_file_actions_destroy(&actions);
    return rc;
}

bool
spawn(struct spawned *child, const char *path, char *const argv[],
      const struct spawn_fd *fds)
{
    struct moves moves;
    int rc = moves_open(&moves, fds);

    if (rc == 0)
        rc = start(&child->pid, path, argv, &moves);
    moves_close(&moves);
    if (rc == 0) {
        /* The number cannot be another process's: nobody has reaped it. */
        child->pidfd = pidfd_open(child->pid, 0);
        if (child->pidfd >= 0)
            return true;
        rc = errno;
        kill(child->pid, SIGKILL);
        waitpid(child->pid, NULL, 0);
    }
    errno = rc;
    return false;
}

const char *
spawn_self_dir(void)
{
    static char dir[PATH_MAX];
    ssize_t len = readlink("/proc/self/exe", dir, sizeof dir - 1);

    if (len < 0)
        die(EXIT_FAILED, "cannot read /proc/self/exe: %s", strerror(errno));
    dir[len] = '\0';
    *strrchr(dir, '/') = '\0'; /* the link is an absolute path */
    return dir;
}
