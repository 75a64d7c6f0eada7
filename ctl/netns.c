/* SPDX-License-Identifier: MIT */
/* unshare(2) and setns(2), user_namespaces(7). */
#define _GNU_SOURCE 1
#include "ctl/netns.h"

#include "base/os/log.h"

#include <errno.h>
#include <fcntl.h>
#include <net/if.h>
#include <sched.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/socket.h>
#include <unistd.h>

static _Noreturn void
refused(void)
{
    bool permission = errno == EPERM || errno == EACCES;

    log_line("cannot create a network namespace: %s", strerror(errno));
    log_hint("run as root, or allow user namespaces: sysctl "
             "user.max_user_namespaces kernel.unprivileged_userns_clone");
    exit((int)(permission ? EXIT_NOT_PERMITTED : EXIT_FAILED));
}

static void
write_proc(const char *path, const char *text)
{
    int fd = open(path, O_WRONLY | O_CLOEXEC);

    if (fd < 0 || write(fd, text, strlen(text)) < 0)
        refused();
    close(fd);
}

/* setgroups is denied first, or the kernel refuses the group map of who has no
 * privileges outside. */
static void
map_root_to_self(uid_t uid, gid_t gid)
{
    char map[32];

    write_proc("/proc/self/setgroups", "deny");
    snprintf(map, sizeof map, "0 %u 1\n", (unsigned)uid);
    write_proc("/proc/self/uid_map", map);
    snprintf(map, sizeof map, "0 %u 1\n", (unsigned)gid);
    write_proc("/proc/self/gid_map", map);
}

static void
raise_loopback(void)
{
    struct ifreq req = {.ifr_name = "lo", .ifr_flags = IFF_UP};
    int sock = socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0);

    if (sock < 0 || ioctl(sock, SIOCSIFFLAGS, &req) < 0)
        die(EXIT_FAILED, "cannot bring up lo: %s", strerror(errno));
    close(sock);
}

void
netns_enter(bool *userns)
{
    uid_t uid = geteuid();
    gid_t gid = getegid();

    *userns = false;
    if (unshare(CLONE_NEWNET) < 0) {
        if (unshare(CLONE_NEWUSER | CLONE_NEWNET) < 0)
            refused();
        map_root_to_self(uid, gid);
        *userns = true;
    }
    raise_loopback();
}

int
netns_open(const char *kind)
{
    char path[40];

    snprintf(path, sizeof path, "/proc/self/ns/%s", kind);
    return open(path, O_RDONLY | O_CLOEXEC);
}

bool
netns_join(int fd)
{
    return setns(fd, 0) == 0;
}
