/* SPDX-License-Identifier: MIT */
/* One flock on the run directory makes a supervisor sole. The lock goes with its
 * holder, whatever killed it, so a directory left behind never stands in the way. */
#define _GNU_SOURCE 1
#include "ctl/instance.h"

#include "base/os/log.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <unistd.h>

static int lock_file = -1;

static int
open_in(const char *rundir, const char *name, int flags)
{
    char path[RUNDIR_SIZE + 16];

    snprintf(path, sizeof path, "%s/%s", rundir, name);
    return open(path, flags | O_CLOEXEC | O_NOFOLLOW, 0644);
}

static void
remove_from(const char *rundir, const char *name)
{
    char path[RUNDIR_SIZE + 16];

    snprintf(path, sizeof path, "%s/%s", rundir, name);
    unlink(path);
}

static _Noreturn void
no_rundir(const struct setup *setup)
{
    bool permission = errno == EACCES || errno == EPERM;

    log_line("cannot use the run directory %s: %s", setup->rundir,
             strerror(errno));
    if (permission)
        log_hint("remove it if it is not yours, or name another one with "
                 "SKINK_RUNDIR");
    exit((int)(permission ? EXIT_NOT_PERMITTED : EXIT_FAILED));
}

static _Noreturn void
already_running(const struct setup *setup)
{
    char pid[16] = "";
    ssize_t n = pread(lock_file, pid, sizeof pid - 1, 0);

    pid[n < 0 ? 0 : strspn(pid, "0123456789")] = '\0';
    log_line("instance '%s' is already running (pid %s)", setup->instance,
             pid[0] == '\0' ? "unknown" : pid);
    log_hint("stop it with 'skink -i %s down', or start another one with "
             "'skink -i NAME up'",
             setup->instance);
    exit(EXIT_FAILED);
}

/* ---- the lock ---- */

/* The path still leads to the file that was opened: another's failed start may
 * have taken it away meanwhile (leave_no_trace). */
static bool
is_current(void)
{
    struct stat st;

    return fstat(lock_file, &st) == 0 && st.st_nlink > 0;
}

static void
take_lock(const struct setup *setup)
{
    for (;;) {
        if (!rundir_make(setup->rundir))
            no_rundir(setup);
        lock_file = open_in(setup->rundir, "lock", O_RDWR | O_CREAT);
        if (lock_file < 0 && errno == ENOENT)
            continue;
        if (lock_file < 0)
            no_rundir(setup);
        if (flock(lock_file, LOCK_EX | LOCK_NB) < 0) {
            if (errno == EWOULDBLOCK)
                already_running(setup);
            no_rundir(setup);
        }
        if (is_current())
            return;
        close(lock_file);
    }
}

/* What a start that fails has to take away again. */
static struct {
    char rundir[RUNDIR_SIZE];
    pid_t pid;        /* who asked for the start */
    bool parent_made; /* also the directory around the instance's own */
} fresh;

/* In the process that asked, after it has shown the log. It has the lock, or takes
 * it again, so that nobody else can have begun to use the directory. */
static void
leave_no_trace(int status, void *unused)
{
    static const char *const names[] = {"attach", "control", "tcpd", "log",
                                        "lock"};

    (void)unused;
    if (status == EXIT_OK || getpid() != fresh.pid)
        return;
    if (lock_file < 0)
        lock_file = open_in(fresh.rundir, "lock", O_RDWR);
    if (lock_file < 0 || flock(lock_file, LOCK_EX | LOCK_NB) < 0 ||
        !is_current())
        return;
    for (size_t i = 0; i < sizeof names / sizeof names[0]; i++)
        remove_from(fresh.rundir, names[i]);
    rmdir(fresh.rundir);
    *strrchr(fresh.rundir, '/') = '\0';
    if (fresh.parent_made)
        rmdir(fresh.rundir);
}

void
instance_lock(const struct setup *setup)
{
    char parent[RUNDIR_SIZE];
    bool made = access(setup->rundir, F_OK) < 0;

    snprintf(parent, sizeof parent, "%s", setup->rundir);
    *strrchr(parent, '/') = '\0';
    fresh.parent_made = access(parent, F_OK) < 0;
    take_lock(setup);
    snprintf(fresh.rundir, sizeof fresh.rundir, "%s", setup->rundir);
    fresh.pid = getpid();
    if (made)
        on_exit(leave_no_trace, NULL);
}

void
instance_sign(void)
{
    char pid[16];
    int len = snprintf(pid, sizeof pid, "%d\n", (int)getpid());

    if (ftruncate(lock_file, 0) < 0 ||
        pwrite(lock_file, pid, (size_t)len, 0) != len)
        log_line("cannot write the lock file: %s", strerror(errno));
}

/* The directory decides who gets as far as the socket; who is served is decided
 * by the uid that the kernel names. */
static int
listen_on(const struct setup *setup, const char *name, int type)
{
    struct sockaddr_un address;
    int fd = socket(AF_UNIX, type | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);

    if (fd < 0 || !rundir_socket(&address, setup->rundir, name))
        die(EXIT_FAILED, "cannot create the socket %s: %s", name,
            strerror(errno));
    unlink(address.sun_path);
    if (bind(fd, (const struct sockaddr *)&address, sizeof address) < 0 ||
        chmod(address.sun_path, 0666) < 0 || listen(fd, 128) < 0)
        die(EXIT_FAILED, "cannot listen on %s: %s", address.sun_path,
            strerror(errno));
    return fd;
}

void
instance_listen(const struct setup *setup, struct listeners *out)
{
    /* A log that is there is this instance's. */
    if (setup->log < 0)
        remove_from(setup->rundir, "log");
    out->attach = listen_on(setup, "attach", SOCK_SEQPACKET);
    out->control = listen_on(setup, "control", SOCK_SEQPACKET);
    out->requests = listen_on(setup, "tcpd", SOCK_STREAM);
}

int
instance_log(const struct setup *setup)
{
    int fd =
        open_in(setup->rundir, "log", O_RDWR | O_CREAT | O_TRUNC | O_APPEND);

    if (fd < 0)
        die(EXIT_FAILED, "cannot write %s/log: %s", setup->rundir,
            strerror(errno));
    return fd;
}

void
instance_leave(const struct setup *setup)
{
    static const char *const names[] = {"attach", "control", "tcpd"};
    struct sockaddr_un address;

    for (size_t i = 0; i < sizeof names / sizeof names[0]; i++) {
        if (rundir_socket(&address, setup->rundir, names[i]))
            unlink(address.sun_path);
    }
    close(lock_file);
    lock_file = -1;
}
