/* SPDX-License-Identifier: MIT */
/* openat2 with RESOLVE_BENEATH lets the kernel check each step of a path: a
 * check of our own would be a race with whoever moves directories. */
#define _GNU_SOURCE 1
#include "libclient/examples/files.h"

#include <errno.h>
#include <fcntl.h>
#include <linux/openat2.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

static int
open_beneath(int root, const char *path, int flags)
{
    struct open_how how = {.flags = (unsigned)(flags | O_CLOEXEC),
                           .resolve = RESOLVE_BENEATH | RESOLVE_NO_MAGICLINKS};
    long fd = syscall(SYS_openat2, root, path[0] != '\0' ? path : ".", &how,
                      sizeof how);

    return fd < 0 ? -errno : (int)fd;
}

int
files_open(int root, const char *path, uint64_t *size)
{
    /* O_NONBLOCK: a FIFO must not stop the server. */
    int fd = open_beneath(root, path, O_RDONLY | O_NONBLOCK);
    struct stat st = {0};

    if (fd < 0)
        return fd;
    if (fstat(fd, &st) == 0 && S_ISREG(st.st_mode)) {
        *size = (uint64_t)st.st_size;
        return fd;
    }
    close(fd);
    return S_ISDIR(st.st_mode) ? -EISDIR : -ENOENT;
}

int
files_open_directory(int root, const char *path)
{
    return open_beneath(root, path, O_RDONLY | O_DIRECTORY);
}

/* Opens the directory of `path`, and copies the name in it. */
static int
open_parent(struct upload *u, int root, const char *path)
{
    const char *slash = strrchr(path, '/');
    const char *name = slash == NULL ? path : slash + 1;
    char parent[1024] = "";
    int n;

    if (slash != NULL) {
        n = snprintf(parent, sizeof parent, "%.*s", (int)(slash - path), path);
        if (n < 0 || (size_t)n >= sizeof parent)
            return -ENAMETOOLONG;
    }
    n = snprintf(u->name, sizeof u->name, "%s", name);
    if (n < 0 || (size_t)n >= sizeof u->name)
        return -ENAMETOOLONG;
    if (name[0] == '\0' || strcmp(name, ".") == 0 || strcmp(name, "..") == 0)
        return -EISDIR;
    return files_open_directory(root, parent);
}

int
upload_begin(struct upload *u, int root, const char *path)
{
    static unsigned count;
    int rc;

    u->fd = -1;
    u->dir = open_parent(u, root, path);
    if (u->dir < 0)
        return u->dir;
    u->existed = faccessat(u->dir, u->name, F_OK, AT_SYMLINK_NOFOLLOW) == 0;
    snprintf(u->temporary, sizeof u->temporary, ".upload-%ld-%u",
             (long)getpid(), count++);
    u->fd = openat(u->dir, u->temporary,
                   O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC, 0666);
    if (u->fd >= 0)
        return 0;
    rc = -errno;
    close(u->dir);
    u->dir = -1;
    return rc;
}

static void
upload_close(struct upload *u)
{
    close(u->fd);
    close(u->dir);
    u->fd = u->dir = -1;
}

int
upload_finish(struct upload *u)
{
    int rc = renameat(u->dir, u->temporary, u->dir, u->name) == 0 ? 0 : -errno;

    if (rc != 0)
        unlinkat(u->dir, u->temporary, 0);
    upload_close(u);
    return rc;
}

void
upload_abandon(struct upload *u)
{
    if (u->fd < 0)
        return;
    unlinkat(u->dir, u->temporary, 0);
    upload_close(u);
}
