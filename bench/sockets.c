/* SPDX-License-Identifier: MIT */
/* The socket calls of the kernel and of skink behind one table. */
#define _GNU_SOURCE 1
#include "bench/sockets.h"

#include "base/os/args.h"
#include "base/os/log.h"
#include "libclient/client.h"

#include <arpa/inet.h>
#include <errno.h>
#include <netinet/tcp.h>
#include <stdint.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

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
