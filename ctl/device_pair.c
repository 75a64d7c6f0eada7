/* SPDX-License-Identifier: MIT */
/* Two instances back to back: a datagram socket each, at PATH.0 and PATH.1, and
 * whoever sends, sends to the other one's path. So each of them may come, go and
 * come again without the other's help. A file whose socket is dead says so when
 * it is connected to, and is replaced. */
#define _GNU_SOURCE 1
#include "ctl/device_kinds.h"

#include "base/os/log.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

#define BUFFER (4 << 20) /* bytes, as far as the system lets it */

static struct sockaddr_un ends[8]; /* that this process has bound */
static size_t count;

static _Noreturn void
not_bound(const char *path, int why)
{
    log_line("cannot bind the pair's socket %s: %s", path, strerror(why));
    if (why == EADDRINUSE)
        log_hint("two instances share it already; choose another path");
    else
        log_hint("is its directory there, and yours to write in?");
    exit((int)(why == EACCES ? EXIT_NOT_PERMITTED : EXIT_FAILED));
}

static bool
is_dead(const struct sockaddr_un *address)
{
    int sock = socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC, 0);
    bool dead;

    if (sock < 0)
        return false;
    dead =
        connect(sock, (const struct sockaddr *)address, sizeof *address) < 0 &&
        errno == ECONNREFUSED;
    close(sock);
    return dead;
}

/* 0, or why not. */
static int
bind_end(int sock, const struct sockaddr_un *address)
{
    for (int tries = 0; tries < 2; tries++) {
        if (bind(sock, (const struct sockaddr *)address, sizeof *address) == 0)
            return 0;
        if (errno != EADDRINUSE)
            return errno;
        if (!is_dead(address))
            return EADDRINUSE;
        unlink(address->sun_path);
    }
    return EADDRINUSE;
}

int
device_pair(const char *path)
{
    int sock = socket(AF_UNIX, SOCK_DGRAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
    const int buffer = BUFFER;
    int why = EADDRINUSE;

    if (sock < 0)
        die(EXIT_FAILED, "cannot make a socket: %s", strerror(errno));
    setsockopt(sock, SOL_SOCKET, SO_SNDBUF, &buffer, sizeof buffer);
    for (int end = 0; end < 2 && why == EADDRINUSE; end++) {
        struct sockaddr_un *address = &ends[count];

        *address = (struct sockaddr_un){.sun_family = AF_UNIX};
        snprintf(address->sun_path, sizeof address->sun_path, "%.*s.%d",
                 (int)sizeof address->sun_path - 3, path, end);
        why = bind_end(sock, address);
    }
    if (why != 0)
        not_bound(path, why);
    count++;
    return sock;
}

void
device_pair_leave(void)
{
    while (count > 0)
        unlink(ends[--count].sun_path);
}
