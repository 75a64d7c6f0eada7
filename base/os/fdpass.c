/* SPDX-License-Identifier: MIT */
/* Messages with descriptors (unix(7), SCM_RIGHTS).
 *
 * Whatever a message brings is closed unless all of it is handed to the caller:
 * a peer must not be able to fill this process's descriptor table. The kernel
 * itself discards descriptors for which the control buffer has no room and says
 * so with MSG_CTRUNC; those that fit before the cut are open here all the same,
 * and closed too. */
#include "base/os/fdpass.h"

#include <errno.h>
#include <stdint.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

/* Room for one SCM_RIGHTS record, aligned as the CMSG macros want it. */
union control {
    struct cmsghdr first;
    char bytes[CMSG_SPACE(FDPASS_MAX * sizeof(int))];
};

bool
fdpass_send(int sock, const void *msg, size_t len, const int *fds, size_t n)
{
    union control control = {.bytes = {0}};
    /* sendmsg only reads what iov_base points at. */
    struct iovec iov = {.iov_base = (void *)(uintptr_t)msg, .iov_len = len};
    struct msghdr hdr = {.msg_iov = &iov, .msg_iovlen = 1};

    /* An empty message would read as end of file. */
    if (len == 0 || n > FDPASS_MAX) {
        errno = EINVAL;
        return false;
    }
    if (n > 0) {
        hdr.msg_control = &control;
        hdr.msg_controllen = CMSG_SPACE(n * sizeof(int));
        control.first.cmsg_level = SOL_SOCKET;
        control.first.cmsg_type = SCM_RIGHTS;
        control.first.cmsg_len = CMSG_LEN(n * sizeof(int));
        memcpy(CMSG_DATA(&control.first), fds, n * sizeof(int));
    }
    return sendmsg(sock, &hdr, MSG_DONTWAIT | MSG_NOSIGNAL) == (ssize_t)len;
}

/* Collects the descriptors of a received message; returns how many. */
static size_t
collect(struct msghdr *hdr, int fds[static FDPASS_MAX])
{
    size_t count = 0;

    for (struct cmsghdr *c = CMSG_FIRSTHDR(hdr); c; c = CMSG_NXTHDR(hdr, c)) {
        if (c->cmsg_level != SOL_SOCKET || c->cmsg_type != SCM_RIGHTS)
            continue;

        size_t n = (c->cmsg_len - CMSG_LEN(0)) / sizeof(int);

        memcpy(fds + count, CMSG_DATA(c), n * sizeof(int));
        count += n;
    }
    return count;
}

static void
close_all(const int *fds, size_t n)
{
    while (n-- > 0)
        close(fds[n]);
}

ssize_t
fdpass_receive(int sock, void *msg, size_t size, int *fds, size_t *n, int flags)
{
    union control control = {.bytes = {0}};
    struct iovec iov = {.iov_base = msg, .iov_len = size};
    struct msghdr hdr = {.msg_iov = &iov,
                         .msg_iovlen = 1,
                         .msg_control = &control,
                         .msg_controllen = sizeof control};
    int came[FDPASS_MAX];
    size_t room = *n, count;
    ssize_t len;

    *n = 0;
    do {
        len = recvmsg(sock, &hdr, flags | MSG_CMSG_CLOEXEC);
    } while (len < 0 && errno == EINTR);
    if (len < 0)
        return -1;
    count = collect(&hdr, came);
    if (count > room || (hdr.msg_flags & (MSG_TRUNC | MSG_CTRUNC)) != 0) {
        close_all(came, count);
        errno = EMSGSIZE;
        return -1;
    }
    if (len == 0) { /* an empty message counts as end of file */
        close_all(came, count);
        return 0;
    }
    if (count > 0)
        memcpy(fds, came, count * sizeof(int));
    *n = count;
    return len;
}
