/* SPDX-License-Identifier: MIT */
/* connect, and the names of both ends. */
#include "libclient/calls.h"

#include "libclient/client.h"
#include "libclient/instance.h"

#include <errno.h>
#include <string.h>

/* ---- addresses ---- */

int
address_take(const struct sockaddr *from, socklen_t len, struct addr *addr,
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

void
address_give(struct sockaddr *to, socklen_t *len, const struct addr *addr,
             uint16_t port)
{
    struct sockaddr_in in = {.sin_family = AF_INET,
                             .sin_addr.s_addr = htonl(addr_to_v4(*addr)),
                             .sin_port = htons(port)};

    memcpy(to, &in, *len < sizeof in ? *len : sizeof in);
    *len = sizeof in;
}

/* ---- connect ---- */

void
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

void
call_connect(struct skink *s, struct sock *k)
{
    const struct request what = {.ask = ASK_CONNECT,
                                 .addr = k->remote,
                                 .port = k->remote_port,
                                 .settings = k->options.tcpd};

    if (request_start(s, k, &what) == NULL) {
        k->phase = PHASE_FRESH;
        k->error = ENOMEM;
        return;
    }
    options_tell_rest(s, k);
}

/* The attempt is over and this call says so; the next one begins anew, as on
 * Linux. */
static int
connect_failed(struct skink *s, struct sock *k)
{
    int error = k->error != 0 ? sock_take_error(k) : ECONNABORTED;

    if (k->phase == PHASE_FAILED) {
        k->phase = PHASE_FRESH;
        renew_start(s, k);
        renew_all(s);
    }
    return -error;
}

/* What a call of connect has to say as things stand. */
static int
connect_outcome(struct skink *s, struct sock *k)
{
    if (k->phase == PHASE_CONNECTING)
        return -EALREADY;
    if (k->phase != PHASE_CONNECTED)
        return connect_failed(s, k);
    if (k->outcome_told)
        return -EISCONN;
    k->outcome_told = true;
    return 0;
}

static int
connect_start(struct skink *s, struct sock *k, const struct sockaddr *addr,
              socklen_t len)
{
    int rc = address_take(addr, len, &k->remote, &k->remote_port);

    if (rc != 0)
        return rc;
    k->phase = PHASE_CONNECTING;
    k->outcome_told = false;
    if (k->renewal == RENEW_NONE)
        call_connect(s, k); /* else when the slot is free */
    /* The answer, and the outcome with it, may be there already. */
    return k->phase == PHASE_CONNECTING ? -EINPROGRESS : connect_outcome(s, k);
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
            return connect_outcome(s, k);
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
    if (addr != NULL && len >= sizeof addr->sa_family &&
        addr->sa_family == AF_UNSPEC)
        return -EOPNOTSUPP;
    if (k->phase == PHASE_CONNECTING)
        instance_pump(s); /* who asks again and again wants to hear it */
    sock_look(s, k);
    if (k->phase == PHASE_LISTENING)
        return -EISCONN;
    if (k->phase == PHASE_FRESH && k->error == 0)
        rc = connect_start(s, k, addr, len);
    else
        rc = connect_outcome(s, k);
    if (k->nonblocking || (rc != -EINPROGRESS && rc != -EALREADY))
        return rc;
    return connect_wait(s, handle, instance_after(k->options.send_timeout));
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
        return -EFAULT;
    sock_look(s, k);
    if (!peer)
        address_give(addr, len, &k->local, k->local_port);
    else if (k->phase == PHASE_CONNECTED && k->state != SLOT_DEAD)
        address_give(addr, len, &k->remote, k->remote_port);
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
