/* SPDX-License-Identifier: MIT */
/* The socket calls that make, name and end connections. */
#include "libclient/calls.h"

#include "libclient/client.h"
#include "libclient/instance.h"

#include <errno.h>
#include <string.h>

#define BACKLOG_MOST 4096 /* as Linux's SOMAXCONN */

/* ---- addresses ---- */

static int
take_address(const struct sockaddr *from, socklen_t len, struct addr *addr,
             uint16_t *port)
{
    struct sockaddr_in in;

    if (from == NULL || len < sizeof in)
        return -EINVAL;
    memcpy(&in, from, sizeof in);
    if (in.sin_family != AF_INET)
        return -EAFNOSUPPORT;
    *addr = addr_v4(ntohl(in.sin_addr.s_addr));
    *port = ntohs(in.sin_port);
    return 0;
}

static void
give_address(struct sockaddr *to, socklen_t *len, const struct addr *addr,
             uint16_t port)
{
    struct sockaddr_in in = {.sin_family = AF_INET,
                             .sin_addr.s_addr = htonl(addr_to_v4(*addr)),
                             .sin_port = htons(port)};

    memcpy(to, &in, *len < sizeof in ? *len : sizeof in);
    *len = sizeof in;
}

/* ---- answers ---- */

static void
connect_answered(struct sock *k, const struct request *r)
{
    if (r->error == 0) {
        k->local = r->addr;
        k->local_port = r->port;
    }
    if (r->error == 0 || k->phase != PHASE_CONNECTING)
        return;
    /* tcpd has not begun: the socket is as it was, and may try again. */
    k->phase = PHASE_FRESH;
    k->error = -r->error;
}

/* Of the requests that nobody waits for. */
static void
renewal_answered(struct skink *s, struct sock *k, const struct request *r)
{
    const struct request listen = {.ask = ASK_LISTEN, .value = k->backlog};

    sock_look(s, k);
    if (k->state == SLOT_DEAD)
        return; /* lost once more: it begins again */
    if (r->error != 0)
        sock_renew_failed(s, k, -r->error);
    else if (r->ask == ASK_LISTEN || k->phase == PHASE_FRESH)
        k->renewing = false;
    else if (request_start(s, k, &listen) == NULL)
        sock_renew_failed(s, k, ENOMEM);
}

void
call_bind_again(struct skink *s, struct sock *k)
{
    const struct request what = {
        .ask = ASK_BIND, .addr = k->local, .port = k->local_port};

    if (request_start(s, k, &what) == NULL)
        sock_renew_failed(s, k, ENOMEM);
}

void
call_answered(struct skink *s, const struct request *r)
{
    struct sock *k = r->sock;

    if (k == NULL)
        return;
    if (r->ask == ASK_CONNECT) {
        connect_answered(k, r);
    } else if (k->renewing && k->phase != PHASE_CLOSING) {
        renewal_answered(s, k, r);
    } else if (r->ask != ASK_NODELAY && r->error == 0) {
        k->local = r->addr;
        k->local_port = r->port;
    } else if (r->ask == ASK_LISTEN && k->phase == PHASE_LISTENING &&
               k->state != SLOT_LISTEN) {
        k->phase = PHASE_FRESH;
    }
    sock_answered(s, k, r->error == 0 && r->ask != ASK_NODELAY);
}

/* Asks, and waits for the answer. */
static int
ask(struct skink *s, struct sock *k, const struct request *what)
{
    struct request *r = request_start(s, k, what);

    return r == NULL ? -ENOMEM : request_wait(s, r);
}

void
call_nodelay(struct skink *s, struct sock *k)
{
    const struct request what = {.ask = ASK_NODELAY, .value = k->nodelay};

    (void)request_start(s, k, &what);
}

/* ---- socket, bind, listen ---- */

int
skink_socket(struct skink *s, int domain, int type, int protocol)
{
    int rc = instance_enter(s);
    struct sock *k;

    if (rc != 0)
        return rc;
    if (domain != AF_INET)
        rc = -EAFNOSUPPORT;
    else if ((type & ~(SOCK_NONBLOCK | SOCK_CLOEXEC)) != SOCK_STREAM ||
             (protocol != 0 && protocol != IPPROTO_TCP))
        rc = -EPROTONOSUPPORT;
    else if ((k = sock_new(s)) == NULL)
        rc = -EMFILE;
    else {
        k->nonblocking = (type & SOCK_NONBLOCK) != 0;
        rc = sock_handle(s, k);
    }
    instance_leave(s);
    return rc;
}

static int
bind_sock(struct skink *s, struct sock *k, const struct sockaddr *addr,
          socklen_t len)
{
    struct request what = {.ask = ASK_BIND, .awaited = true};
    int rc = take_address(addr, len, &what.addr, &what.port);

    if (rc != 0)
        return rc;
    if (k->phase != PHASE_FRESH || k->attached)
        return -EINVAL;
    return ask(s, k, &what);
}

int
skink_bind(struct skink *s, int handle, const struct sockaddr *addr,
           socklen_t len)
{
    int rc = instance_enter(s);
    struct sock *k;

    if (rc != 0)
        return rc;
    k = sock_of(s, handle);
    rc = k == NULL ? -EBADF : bind_sock(s, k, addr, len);
    instance_leave(s);
    return rc;
}

static int
listen_sock(struct skink *s, struct sock *k, int backlog)
{
    struct request what = {.ask = ASK_LISTEN, .awaited = true};

    if (k->phase != PHASE_FRESH && k->phase != PHASE_LISTENING)
        return -EINVAL;
    what.value = backlog < 0 || backlog > BACKLOG_MOST ? BACKLOG_MOST
                                                       : (uint32_t)backlog;
    /* Now: connections may arrive before the answer does. */
    k->phase = PHASE_LISTENING;
    k->backlog = what.value;
    return ask(s, k, &what);
}

int
skink_listen(struct skink *s, int handle, int backlog)
{
    int rc = instance_enter(s);
    struct sock *k;

    if (rc != 0)
        return rc;
    k = sock_of(s, handle);
    rc = k == NULL ? -EBADF : listen_sock(s, k, backlog);
    instance_leave(s);
    return rc;
}

/* ---- accept ---- */

/* The next connection of the queue, or why there is none. */
static int
accept_now(struct skink *s, struct sock *listener, struct sock **out)
{
    sock_look(s, listener);
    if (list_empty(&listener->queue))
        instance_pump(s);
    if (listener->phase != PHASE_LISTENING)
        return -EINVAL;
    if ((*out = sock_accept(s, listener)) != NULL)
        return 0;
    if (listener->error != 0)
        return -sock_take_error(listener);
    return listener->state == SLOT_DEAD && !listener->renewing ? -EINVAL
                                                               : -EAGAIN;
}

static int
accept_wait(struct skink *s, int handle, struct sock **out)
{
    instant_t deadline = INSTANT_NEVER;
    bool first = true;

    for (;;) {
        struct sock *k = sock_of(s, handle);
        int rc;

        if (k == NULL)
            return -EBADF;
        rc = accept_now(s, k, out);
        if (rc != -EAGAIN || k->nonblocking)
            return rc;
        if (first)
            deadline = instance_after(k->receive_timeout);
        first = false;
        rc = sock_wait(s, handle, SKINK_IN, deadline);
        if (rc != 0)
            return rc;
    }
}

static int
accept_sock(struct skink *s, int handle, struct sockaddr *addr, socklen_t *len,
            int flags)
{
    struct sock *k, *listener;
    int rc = accept_wait(s, handle, &k);

    if (rc != 0)
        return rc;
    listener = sock_of(s, handle);
    k->nonblocking = (flags & SOCK_NONBLOCK) != 0;
    if (listener != NULL && listener->nodelay) {
        k->nodelay = true;
        call_nodelay(s, k);
    }
    if (addr != NULL && len != NULL)
        give_address(addr, len, &k->remote, k->remote_port);
    return sock_handle(s, k);
}

int
skink_accept(struct skink *s, int handle, struct sockaddr *addr, socklen_t *len,
             int flags)
{
    int rc = instance_enter(s);

    if (rc != 0)
        return rc;
    if ((flags & ~(SOCK_NONBLOCK | SOCK_CLOEXEC)) != 0)
        rc = -EINVAL;
    else
        rc = accept_sock(s, handle, addr, len, flags);
    instance_leave(s);
    return rc;
}

/* ---- connect ---- */

static int
connect_start(struct skink *s, struct sock *k, const struct sockaddr *addr,
              socklen_t len)
{
    struct request what = {.ask = ASK_CONNECT};
    int rc = take_address(addr, len, &what.addr, &what.port);

    if (rc != 0)
        return rc;
    k->remote = what.addr;
    k->remote_port = what.port;
    k->phase = PHASE_CONNECTING;
    if (request_start(s, k, &what) == NULL) {
        k->phase = PHASE_FRESH;
        return -ENOMEM;
    }
    if (k->nodelay)
        call_nodelay(s, k);
    return -EINPROGRESS;
}

/* What a call of connect has to say as things stand. */
static int
connect_outcome(struct sock *k)
{
    if (k->phase == PHASE_CONNECTING)
        return -EALREADY;
    if (k->phase != PHASE_CONNECTED)
        return k->error != 0 ? -sock_take_error(k) : -ECONNABORTED;
    if (k->outcome_told)
        return -EISCONN;
    k->outcome_told = true;
    return 0;
}

static int
connect_wait(struct skink *s, int handle, instant_t deadline)
{
    for (;;) {
        struct sock *k = sock_of(s, handle);
        int rc;

        if (k == NULL)
            return -EBADF;
        sock_look(s, k);
        if (k->phase != PHASE_CONNECTING)
            return connect_outcome(k);
        rc = instance_wait(s, deadline);
        if (rc != 0)
            return rc == -EAGAIN ? -EINPROGRESS : rc;
    }
}

static int
connect_sock(struct skink *s, int handle, const struct sockaddr *addr,
             socklen_t len)
{
    struct sock *k = sock_of(s, handle);
    int rc;

    if (k == NULL)
        return -EBADF;
    sock_look(s, k);
    if (k->phase == PHASE_LISTENING)
        return -EISCONN;
    if (k->phase == PHASE_FRESH && k->error == 0)
        rc = connect_start(s, k, addr, len);
    else
        rc = connect_outcome(k);
    if (k->nonblocking || (rc != -EINPROGRESS && rc != -EALREADY))
        return rc;
    return connect_wait(s, handle, instance_after(k->send_timeout));
}

int
skink_connect(struct skink *s, int handle, const struct sockaddr *addr,
              socklen_t len)
{
    int rc = instance_enter(s);

    if (rc != 0)
        return rc;
    rc = connect_sock(s, handle, addr, len);
    instance_leave(s);
    return rc;
}

/* ---- names ---- */

static int
name_of(struct skink *s, int handle, bool peer, struct sockaddr *addr,
        socklen_t *len)
{
    struct sock *k = sock_of(s, handle);

    if (k == NULL)
        return -EBADF;
    if (addr == NULL || len == NULL)
        return -EINVAL;
    sock_look(s, k);
    if (!peer)
        give_address(addr, len, &k->local, k->local_port);
    else if (k->phase == PHASE_CONNECTED && k->state != SLOT_DEAD)
        give_address(addr, len, &k->remote, k->remote_port);
    else
        return -ENOTCONN;
    return 0;
}

int
skink_getsockname(struct skink *s, int handle, struct sockaddr *addr,
                  socklen_t *len)
{
    int rc = instance_enter(s);

    if (rc != 0)
        return rc;
    rc = name_of(s, handle, false, addr, len);
    instance_leave(s);
    return rc;
}

int
skink_getpeername(struct skink *s, int handle, struct sockaddr *addr,
                  socklen_t *len)
{
    int rc = instance_enter(s);

    if (rc != 0)
        return rc;
    rc = name_of(s, handle, true, addr, len);
    instance_leave(s);
    return rc;
}

/* ---- shutdown, close ---- */

static int
shutdown_sock(struct skink *s, struct sock *k, int how)
{
    uint32_t flags = 0;

    if (how != SHUT_RD && how != SHUT_WR && how != SHUT_RDWR)
        return -EINVAL;
    sock_look(s, k);
    if (k->phase != PHASE_CONNECTED || k->state == SLOT_DEAD)
        return -ENOTCONN;
    if (how != SHUT_WR)
        flags |= CLIENT_SHUT_RD;
    if (how != SHUT_RD)
        flags |= CLIENT_SHUT_WR;
    sock_flag(s, k, flags);
    sock_wake(s, k);
    instance_news(s);
    return 0;
}

int
skink_shutdown(struct skink *s, int handle, int how)
{
    int rc = instance_enter(s);
    struct sock *k;

    if (rc != 0)
        return rc;
    k = sock_of(s, handle);
    rc = k == NULL ? -EBADF : shutdown_sock(s, k, how);
    instance_leave(s);
    return rc;
}

int
skink_close(struct skink *s, int handle)
{
    int rc = instance_enter(s);
    struct sock *k;

    if (rc != 0)
        return rc;
    k = sock_of(s, handle);
    if (k == NULL)
        rc = -EBADF;
    else
        sock_close(s, k);
    instance_leave(s);
    return rc;
}
