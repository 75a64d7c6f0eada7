/* SPDX-License-Identifier: MIT */
/* A directory proves nothing: an instance runs when its control socket answers. */
#define _GNU_SOURCE 1
#include "ctl/others.h"

#include "base/os/rundir.h"

#include <dirent.h>
#include <stdbool.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

static bool
is_running(const char *parent, const char *name)
{
    struct sockaddr_un address;
    char path[sizeof address.sun_path];
    int n = snprintf(path, sizeof path, "%s/%s", parent, name);
    int sock = -1;
    bool answers;

    if (!rundir_is_instance(name) || n < 0 || (size_t)n >= sizeof path ||
        !rundir_socket(&address, path, "control"))
        return false;
    sock = socket(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0);
    if (sock < 0)
        return false;
    answers =
        connect(sock, (const struct sockaddr *)&address, sizeof address) == 0;
    close(sock);
    return answers;
}

size_t
others_running(char *out, size_t size, const char *rundir)
{
    char parent[RUNDIR_SIZE];
    struct dirent *entry;
    size_t count = 0, len = 0;
    DIR *dir;

    out[0] = '\0';
    snprintf(parent, sizeof parent, "%s", rundir);
    *strrchr(parent, '/') = '\0';
    dir = opendir(parent);
    while (dir != NULL && (entry = readdir(dir)) != NULL) {
        const char *comma = count == 0 ? "" : ", ";

        if (!is_running(parent, entry->d_name) ||
            len + strlen(comma) + strlen(entry->d_name) >= size)
            continue;
        len += (size_t)snprintf(out + len, size - len, "%s%s", comma,
                                entry->d_name);
        count++;
    }
    if (dir != NULL)
        closedir(dir);
    return count;
}
