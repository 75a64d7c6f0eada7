/* SPDX-License-Identifier: MIT */
/* The directory in which an instance is met. In /tmp anybody may have been
 * first: a directory there counts only when it is ours and closed to others. */
#define _GNU_SOURCE 1
#include "base/os/rundir.h"

#include <ctype.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <unistd.h>

bool
rundir_is_instance(const char *name)
{
    size_t len = strlen(name);

    if (len == 0 || len > RUNDIR_INSTANCE_LONGEST || name[0] == '.' ||
        name[0] == '-')
        return false;
    for (size_t i = 0; i < len; i++) {
        if (!isalnum((unsigned char)name[i]) && strchr("._-", name[i]) == NULL)
            return false;
    }
    return true;
}

/* A directory of ours (or of root's) with none of the `forbidden` modes. */
static bool
is_ours(const char *path, mode_t forbidden, bool or_roots)
{
    struct stat st;

    if (lstat(path, &st) < 0)
        return false;
    if (S_ISDIR(st.st_mode) && (st.st_mode & forbidden) == 0 &&
        (st.st_uid == geteuid() || (or_roots && st.st_uid == 0)))
        return true;
    errno = EPERM;
    return false;
}

static bool
parent_path(char *out, size_t size)
{
    const char *given = secure_getenv("SKINK_RUNDIR");
    const char *xdg = secure_getenv("XDG_RUNTIME_DIR");
    uid_t uid = geteuid();
    bool in_tmp = false;
    int n;

    if (given != NULL && given[0] != '\0')
        n = snprintf(out, size, "%s", given);
    else if (uid == 0)
        n = snprintf(out, size, "/run/skink");
    else if (xdg != NULL && xdg[0] == '/')
        n = snprintf(out, size, "%s/skink", xdg);
    else {
        in_tmp = true;
        n = snprintf(out, size, "/tmp/skink-%u", (unsigned)uid);
    }
    if (n < 0 || (size_t)n >= size) {
        errno = ENAMETOOLONG;
        return false;
    }
    if (in_tmp && !is_ours(out, 077, false))
        return errno == ENOENT; /* nobody was there: it can still be made */
    return true;
}

bool
rundir_path(char *out, size_t size, const char *instance)
{
    char parent[RUNDIR_SIZE];
    size_t room = size < RUNDIR_SIZE ? size : RUNDIR_SIZE;
    int n;

    if (!parent_path(parent, sizeof parent))
        return false;
    if (!rundir_is_instance(instance) || parent[0] != '/') {
        errno = EINVAL;
        return false;
    }
    n = snprintf(out, room, "%s/%s", parent, instance);
    if (n >= 0 && (size_t)n < room)
        return true;
    errno = ENAMETOOLONG;
    return false;
}

/* The umask must not take more than meant, nor leave more. */
static bool
make_one(const char *path, mode_t mode)
{
    if (mkdir(path, mode) == 0)
        return chmod(path, mode) == 0;
    return errno == EEXIST;
}

bool
rundir_make(const char *path)
{
    mode_t mode = geteuid() == 0 ? 0755 : 0700;
    char parent[RUNDIR_SIZE];
    char *slash;

    snprintf(parent, sizeof parent, "%s", path);
    slash = strrchr(parent, '/');
    if (slash != NULL && slash != parent) {
        *slash = '\0';
        if (!make_one(parent, mode) || !is_ours(parent, 0, true))
            return false;
    }
    return make_one(path, mode) && is_ours(path, 022, false);
}

bool
rundir_socket(struct sockaddr_un *address, const char *path, const char *name)
{
    int n;

    memset(address, 0, sizeof *address);
    address->sun_family = AF_UNIX;
    n = snprintf(address->sun_path, sizeof address->sun_path, "%s/%s", path,
                 name);
    if (n >= 0 && (size_t)n < sizeof address->sun_path)
        return true;
    errno = ENAMETOOLONG;
    return false;
}
