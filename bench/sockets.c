/* SPDX-License-Identifier: MIT */
/* The socket calls of the kernel and of skink behind one table. */
#define _GNU_SOURCE 1
#include "bench/sockets.h"

#include "base/os/args.h"
#include "base/os/log.h"
#include "libclient/client.h"

#include <arpa/inet.h>
#include <errno.h>
#include <fcntl.h>
#include <netinet/tcp.h>
#include <stdint.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/socket.h>
#include <unistd.h>

#define EVENTS_MAX 64

/* ---- the kernel's ---- */

static int
or_errno(int result)
{
    return result < 0 ? -errno : result;
}

/* Only a kernel without CUBIC refuses it; its numbers are then another's. */
static int
kernel_socket(void)
{
    int s = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    const int on = 1;

    if (s < 0)
        return -errno;
    setsockopt(s, SOL_SOCKET, SO_REUSEADDR, &on, sizeof on);
    if (setsockopt(s, IPPROTO_TCP, TCP_CONGESTION, "cubic", 5) < 0)
        log_line("the kernel refuses cubic and uses its default");
    return s;
}

static int
kernel_bind(int s, const struct sockaddr_in *at)
{
    return or_errno(bind(s, (const struct sockaddr *)at, sizeof *at));
}

static int
kernel_listen(int s, int backlog)
{
    return or_errno(listen(s, backlog));
}

static int
kernel_accept(int s)
{
    return or_errno(accept4(s, NULL, NULL, SOCK_CLOEXEC));
}

static int
kernel_connect(int s, const struct sockaddr_in *to)
{
    return or_errno(connect(s, (const struct sockaddr *)to, sizeof *to));
}

static ssize_t
kernel_send(int s, const void *buf, size_t len)
{
    ssize_t n = send(s, buf, len, MSG_NOSIGNAL);

    return n < 0 ? -errno : n;
}

static ssize_t
kernel_recv(int s, void *buf, size_t len)
{
    ssize_t n = recv(s, buf, len, 0);

    return n < 0 ? -errno : n;
}

static int
kernel_shut_write(int s)
{
    return or_errno(shutdown(s, SHUT_WR));
}

static int
kernel_close(int s)
{
    return or_errno(close(s));
}

static int
kernel_set_nonblocking(int s)
{
    return or_errno(fcntl(s, F_SETFL, O_NONBLOCK));
}

static int
kernel_set(int s, int level, int name, const void *value, socklen_t len)
{
    return or_errno(setsockopt(s, level, name, value, len));
}

static int
kernel_set_nodelay(int s)
{
    return kernel_set(s, IPPROTO_TCP, TCP_NODELAY, &(int){1}, sizeof(int));
}

static const struct linger at_once = {.l_onoff = 1, .l_linger = 0};

static int
kernel_set_abort(int s)
{
    return kernel_set(s, SOL_SOCKET, SO_LINGER, &at_once, sizeof at_once);
}

/* By whichever setter: the levels and names are the same. */
static int
set_keepalive(int (*set)(int s, int level, int name, const void *value,
                         socklen_t len),
              int s, int idle, int interval, int count)
{
    const int on = 1;
    int rc;

    if ((rc = set(s, SOL_SOCKET, SO_KEEPALIVE, &on, sizeof on)) < 0 ||
        (rc = set(s, IPPROTO_TCP, TCP_KEEPIDLE, &idle, sizeof idle)) < 0 ||
        (rc = set(s, IPPROTO_TCP, TCP_KEEPINTVL, &interval, sizeof interval)) <
            0)
        return rc;
    return set(s, IPPROTO_TCP, TCP_KEEPCNT, &count, sizeof count);
}

static int
kernel_set_keepalive(int s, int idle, int interval, int count)
{
    return set_keepalive(kernel_set, s, idle, interval, count);
}

static int
kernel_error(int s)
{
    int error = 0;
    socklen_t len = sizeof error;

    if (getsockopt(s, SOL_SOCKET, SO_ERROR, &error, &len) < 0)
        return -errno;
    return -error;
}

static int
kernel_epoll(void)
{
    static int epoll = -1;

    if (epoll < 0 && (epoll = epoll_create1(EPOLL_CLOEXEC)) < 0)
        die(EXIT_FAILED, "epoll: %s", strerror(errno));
    return epoll;
}

static int
kernel_watch(int s, unsigned events, uint64_t user)
{
    struct epoll_event ev = {.events = events, .data.u64 = user};

    if (events == 0)
        return or_errno(epoll_ctl(kernel_epoll(), EPOLL_CTL_DEL, s, NULL));
    if (epoll_ctl(kernel_epoll(), EPOLL_CTL_MOD, s, &ev) == 0)
        return 0;
    return or_errno(epoll_ctl(kernel_epoll(), EPOLL_CTL_ADD, s, &ev));
}

static int
kernel_wait(struct socket_event *events, int max, int timeout_ms)
{
    struct epoll_event got[EVENTS_MAX];
    int n = epoll_wait(kernel_epoll(), got, max < EVENTS_MAX ? max : EVENTS_MAX,
                       timeout_ms);

    for (int i = 0; i < n; i++) {
        events[i].user = got[i].data.u64;
        events[i].events = got[i].events;
    }
    return n < 0 && errno == EINTR ? 0 : or_errno(n);
}

const struct sockets *
sockets_of_kernel(void)
{
    static const struct sockets kernel = {
        .socket = kernel_socket,
        .bind = kernel_bind,
        .listen = kernel_listen,
        .accept = kernel_accept,
        .connect = kernel_connect,
        .send = kernel_send,
        .recv = kernel_recv,
        .shut_write = kernel_shut_write,
        .close = kernel_close,
        .set_nonblocking = kernel_set_nonblocking,
        .set_nodelay = kernel_set_nodelay,
        .set_abort = kernel_set_abort,
        .set_keepalive = kernel_set_keepalive,
        .error = kernel_error,
        .watch = kernel_watch,
        .wait = kernel_wait,
    };

    return &kernel;
}

/* ---- skink's ---- */

static struct skink *instance;

static int
stack_socket(void)
{
    return skink_socket(instance, AF_INET, SOCK_STREAM, 0);
}

static int
stack_bind(int s, const struct sockaddr_in *at)
{
    return skink_bind(instance, s, (const struct sockaddr *)at, sizeof *at);
}

static int
stack_listen(int s, int backlog)
{
    return skink_listen(instance, s, backlog);
}

static int
stack_accept(int s)
{
    return skink_accept(instance, s, NULL, NULL, 0);
}

static int
stack_connect(int s, const struct sockaddr_in *to)
{
    return skink_connect(instance, s, (const struct sockaddr *)to, sizeof *to);
}

static ssize_t
stack_send(int s, const void *buf, size_t len)
{
    return skink_send(instance, s, buf, len, 0);
}

static ssize_t
stack_recv(int s, void *buf, size_t len)
{
    return skink_recv(instance, s, buf, len, 0);
}

static int
stack_shut_write(int s)
{
    return skink_shutdown(instance, s, SHUT_WR);
}

static int
stack_close(int s)
{
    return skink_close(instance, s);
}

static int
stack_set_nonblocking(int s)
{
    return skink_set_nonblocking(instance, s, 1);
}

static int
stack_set(int s, int level, int name, const void *value, socklen_t len)
{
    return skink_setsockopt(instance, s, level, name, value, len);
}

static int
stack_set_nodelay(int s)
{
    return stack_set(s, IPPROTO_TCP, TCP_NODELAY, &(int){1}, sizeof(int));
}

static int
stack_set_abort(int s)
{
    return stack_set(s, SOL_SOCKET, SO_LINGER, &at_once, sizeof at_once);
}

static int
stack_set_keepalive(int s, int idle, int interval, int count)
{
    return set_keepalive(stack_set, s, idle, interval, count);
}

static int
stack_error(int s)
{
    int error = 0;
    socklen_t len = sizeof error;
    int rc = skink_getsockopt(instance, s, SOL_SOCKET, SO_ERROR, &error, &len);

    return rc < 0 ? rc : -error;
}

static int
stack_watch(int s, unsigned events, uint64_t user)
{
    return skink_watch(instance, s, events, user);
}

static int
stack_wait(struct socket_event *events, int max, int timeout_ms)
{
    struct skink_event got[EVENTS_MAX];
    int n = skink_wait(instance, got, max < EVENTS_MAX ? max : EVENTS_MAX,
                       timeout_ms);

    for (int i = 0; i < n; i++) {
        events[i].user = got[i].user;
        events[i].events = got[i].events;
    }
    return n;
}

const struct sockets *
sockets_of_skink(const char *name)
{
    static const struct sockets stack = {
        .socket = stack_socket,
        .bind = stack_bind,
        .listen = stack_listen,
        .accept = stack_accept,
        .connect = stack_connect,
        .send = stack_send,
        .recv = stack_recv,
        .shut_write = stack_shut_write,
        .close = stack_close,
        .set_nonblocking = stack_set_nonblocking,
        .set_nodelay = stack_set_nodelay,
        .set_abort = stack_set_abort,
        .set_keepalive = stack_set_keepalive,
        .error = stack_error,
        .watch = stack_watch,
        .wait = stack_wait,
    };
    int error = skink_open(&instance, name);

    if (error < 0)
        die(EXIT_NOT_RUNNING, "cannot attach to skink: %s", strerror(-error));
    return &stack;
}

/* ---- both ---- */

int
send_all(const struct sockets *net, int s, const void *buf, size_t len)
{
    const uint8_t *from = buf;

    while (len > 0) {
        ssize_t n = net->send(s, from, len);

        if (n < 0)
            return (int)n;
        from += n;
        len -= (size_t)n;
    }
    return 0;
}

int
recv_all(const struct sockets *net, int s, void *buf, size_t len)
{
    uint8_t *to = buf;

    while (len > 0) {
        ssize_t n = net->recv(s, to, len);

        if (n <= 0)
            return n < 0 ? (int)n : -ECONNRESET;
        to += n;
        len -= (size_t)n;
    }
    return 0;
}

struct sockaddr_in
parse_endpoint(const char *addr, const char *port)
{
    struct sockaddr_in in = {.sin_family = AF_INET};

    if (inet_pton(AF_INET, addr, &in.sin_addr) != 1)
        die(EXIT_USAGE, "'%s' is not an IPv4 address", addr);
    in.sin_port = htons((uint16_t)args_number("PORT", port, 1, 65535));
    return in;
}
