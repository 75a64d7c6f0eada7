/* SPDX-License-Identifier: MIT */
/* The socket calls that make sockets and take connections: socket, bind, listen
 * and accept. */
#include "libclient/calls.h"

#include "libclient/client.h"
#include "libclient/instance.h"

#include <errno.h>
#include <string.h>

#define BACKLOG_MOST 4096 /* as Linux's SOMAXCONN */

/* ---- answers ---- */

/* Of bind and listen. */
static void
binding_answered(struct sock *k, const struct request *r)
{
    if (r->error == 0) {
        k->local = r->addr;
        k->local_port = r->port;
        k->bound |= r->ask == ASK_BIND;
    } else if (r->ask == ASK_LISTEN && k->phase == PHASE_LISTENING &&
               k->state != SLOT_LISTEN) {
        k->phase = PHASE_FRESH;
    }
}

void
call_answered(struct skink *s, const struct request *r)
{
    struct sock *k = r->sock;
    bool binds = r->ask == ASK_BIND || r->ask == ASK_LISTEN;

    if (k == NULL)
        return;
    if (r->ask == ASK_CONNECT)
        connect_answered(k, r);
    else if (binds && k->renewal == RENEW_ASKED)
        renew_answered(s, k, r->ask == ASK_LISTEN, -r->error);
    else if (binds)
        binding_answered(k, r);
    sock_answered(s, k, r->error == 0 && (binds || r->ask == ASK_CONNECT));
}

/* Asks, and waits for the answer. */
static int
ask(struct skink *s, struct sock *k, const struct request *what)
{
    struct request *r = request_start(s, k, what);

    return r == NULL ? -ENOMEM : request_wait(s, r, NULL);
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

/* As Linux: AF_UNSPEC is AF_INET for 0.0.0.0. */
static int
take_own_address(const struct sockaddr *from, socklen_t len, struct addr *addr,
                 uint16_t *port)
{
    struct sockaddr_in in;

    if (from == NULL || len < sizeof in)
        return -EINVAL;
    memcpy(&in, from, sizeof in);
    if (in.sin_family == AF_UNSPEC && in.sin_addr.s_addr == 0)
        in.sin_family = AF_INET;
    return address_take((const struct sockaddr *)(const void *)&in, sizeof in,
                        addr, port);
}

static int
bind_sock(struct skink *s, int handle, const struct sockaddr *addr,
          socklen_t len)
{
    struct request what = {.ask = ASK_BIND, .awaited = true};
    int rc = renew_wait(s, handle);
    struct sock *k = sock_of(s, handle);

    if (rc == 0)
        rc = take_own_address(addr, len, &what.addr, &what.port);
    if (rc != 0 || k == NULL)
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

    if (rc != 0)
        return rc;
    rc = bind_sock(s, handle, addr, len);
    instance_leave(s);
    return rc;
}

static struct request
listen_request(const struct sock *k)
{
    return (struct request){
        .ask = ASK_LISTEN, .backlog = k->backlog, .settings = k->options.tcpd};
}

bool
call_listen(struct skink *s, struct sock *k)
{
    const struct request what = listen_request(k);

    if (request_start(s, k, &what) == NULL)
        return false;
    options_tell_rest(s, k);
    return true;
}

static int
listen_sock(struct skink *s, int handle, int backlog)
{
    int rc = renew_wait(s, handle);
    struct sock *k = sock_of(s, handle);
    struct request what;
    bool again;

    if (rc != 0 || k == NULL)
        return rc;
    if (k->phase != PHASE_FRESH && k->phase != PHASE_LISTENING)
        return -EINVAL;
    /* Now: connections may arrive before the answer does. */
    again = k->phase == PHASE_LISTENING;
    k->phase = PHASE_LISTENING;
    k->backlog = backlog < 0 || backlog > BACKLOG_MOST ? BACKLOG_MOST
                                                       : (uint32_t)backlog;
    what = listen_request(k);
    what.awaited = true;
    rc = ask(s, k, &what);
    if (rc == 0 && !again && (k = sock_of(s, handle)) != NULL)
        options_tell_rest(s, k);
    return rc;
}

int
skink_listen(struct skink *s, int handle, int backlog)
{
    int rc = instance_enter(s);

    if (rc != 0)
        return rc;
    rc = listen_sock(s, handle, backlog);
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
    if ((*out = sock_accept(s, listener)) != NULL) {
        (*out)->options = listener->options;
        return 0;
    }
    if (listener->error != 0)
        return -sock_take_error(listener);
    return listener->state == SLOT_DEAD && listener->renewal == RENEW_NONE
               ? -EINVAL
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
            deadline = instance_after(k->options.receive_timeout);
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
    struct sock *k = NULL;
    int rc = accept_wait(s, handle, &k);

    if (rc != 0 || k == NULL)
        return rc;
    k->nonblocking = (flags & SOCK_NONBLOCK) != 0;
    if (addr != NULL)
        address_give(addr, len, &k->remote, k->remote_port);
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
    else if (addr != NULL && len == NULL)
        rc = -EFAULT;
    else
        rc = accept_sock(s, handle, addr, len, flags);
    instance_leave(s);
    return rc;
}
