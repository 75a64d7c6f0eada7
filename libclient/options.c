/* SPDX-License-Identifier: MIT */
/* Socket options: Linux's levels, names, numbers and types. All are kept here;
 * tcpd is told of TCP_NODELAY, in passing. */
#include "libclient/calls.h"
#include "libclient/client.h"
#include "libclient/instance.h"

#include <errno.h>
#include <netinet/tcp.h>
#include <string.h>
#include <sys/time.h>

#define TIMEOUT_LONGEST 1000000000 /* seconds; longer is for ever */

/* ---- set ---- */

static int
take_int(const void *value, socklen_t len, int *out)
{
    if (len < sizeof *out)
        return -EINVAL;
    memcpy(out, value, sizeof *out);
    return 0;
}

static int
take_flag(const void *value, socklen_t len, bool *out)
{
    int n, rc = take_int(value, len, &n);

    if (rc == 0)
        *out = n != 0;
    return rc;
}

static int
take_timeout(const void *value, socklen_t len, duration_t *out)
{
    struct timeval tv;

    if (len < sizeof tv)
        return -EINVAL;
    memcpy(&tv, value, sizeof tv);
    if (tv.tv_usec < 0 || tv.tv_usec >= 1000000)
        return -EDOM;
    if (tv.tv_sec < 0) { /* as Linux: such a time has passed already */
        *out = duration_us(1);
        return 0;
    }
    *out = tv.tv_sec > TIMEOUT_LONGEST
               ? (duration_t){0}
               : duration_us((int64_t)tv.tv_sec * 1000000 + tv.tv_usec);
    return 0;
}

static int
take_linger(const void *value, socklen_t len, struct sock *k)
{
    struct linger l;

    if (len < sizeof l)
        return -EINVAL;
    memcpy(&l, value, sizeof l);
    k->linger = l.l_onoff == 0 || l.l_linger < 0 ? -1 : l.l_linger;
    k->abort_on_close = k->linger == 0;
    return 0;
}

static int
set_nodelay(struct skink *s, struct sock *k, const void *value, socklen_t len)
{
    bool was = k->nodelay;
    int rc = take_flag(value, len, &k->nodelay);

    /* Before it connects there is nobody to tell; connect does. */
    if (rc == 0 && k->nodelay != was &&
        (k->phase == PHASE_CONNECTED || k->phase == PHASE_CONNECTING))
        call_nodelay(s, k);
    return rc;
}

static int
set_option(struct skink *s, struct sock *k, int level, int name,
           const void *value, socklen_t len)
{
    if (level == IPPROTO_TCP && name == TCP_NODELAY)
        return set_nodelay(s, k, value, len);
    if (level != SOL_SOCKET)
        return -ENOPROTOOPT;
    switch (name) {
    case SO_RCVTIMEO:
        return take_timeout(value, len, &k->receive_timeout);
    case SO_SNDTIMEO:
        return take_timeout(value, len, &k->send_timeout);
    case SO_LINGER:
        return take_linger(value, len, k);
    case SO_REUSEADDR:
        return take_flag(value, len, &k->reuseaddr);
    }
    return -ENOPROTOOPT;
}

int
skink_setsockopt(struct skink *s, int handle, int level, int name,
                 const void *value, socklen_t len)
{
    int rc = instance_enter(s);
    struct sock *k;

    if (rc != 0)
        return rc;
    k = sock_of(s, handle);
    if (k == NULL)
        rc = -EBADF;
    else
        rc =
            value == NULL ? -EFAULT : set_option(s, k, level, name, value, len);
    instance_leave(s);
    return rc;
}

/* ---- get ---- */

/* An int may be cut off, as Linux does it. */
static int
give_int(int n, void *value, socklen_t *len)
{
    if (*len > sizeof n)
        *len = sizeof n;
    memcpy(value, &n, *len);
    return 0;
}

static int
give_struct(const void *from, size_t size, void *value, socklen_t *len)
{
    if (*len < size)
        return -EINVAL;
    memcpy(value, from, size);
    *len = (socklen_t)size;
    return 0;
}

static int
give_timeout(duration_t d, void *value, socklen_t *len)
{
    struct timeval tv = {.tv_sec = d.ns / 1000000000,
                         .tv_usec = d.ns / 1000 % 1000000};

    return give_struct(&tv, sizeof tv, value, len);
}

static int
give_linger(const struct sock *k, void *value, socklen_t *len)
{
    struct linger l = {.l_onoff = k->linger >= 0,
                       .l_linger = k->linger >= 0 ? k->linger : 0};

    return give_struct(&l, sizeof l, value, len);
}

static int
get_option(struct skink *s, struct sock *k, int level, int name, void *value,
           socklen_t *len)
{
    if (level == IPPROTO_TCP && name == TCP_NODELAY)
        return give_int(k->nodelay, value, len);
    if (level != SOL_SOCKET)
        return -ENOPROTOOPT;
    switch (name) {
    case SO_ERROR:
        sock_look(s, k);
        return give_int(sock_take_error(k), value, len);
    case SO_RCVTIMEO:
        return give_timeout(k->receive_timeout, value, len);
    case SO_SNDTIMEO:
        return give_timeout(k->send_timeout, value, len);
    case SO_LINGER:
        return give_linger(k, value, len);
    case SO_TYPE:
        return give_int(SOCK_STREAM, value, len);
    case SO_DOMAIN:
        return give_int(AF_INET, value, len);
    case SO_PROTOCOL:
        return give_int(IPPROTO_TCP, value, len);
    case SO_ACCEPTCONN:
        return give_int(k->phase == PHASE_LISTENING, value, len);
    case SO_REUSEADDR:
        return give_int(k->reuseaddr, value, len);
    }
    return -ENOPROTOOPT;
}

int
skink_getsockopt(struct skink *s, int handle, int level, int name, void *value,
                 socklen_t *len)
{
    int rc = instance_enter(s);
    struct sock *k;

    if (rc != 0)
        return rc;
    k = sock_of(s, handle);
    if (k == NULL)
        rc = -EBADF;
    else if (value == NULL || len == NULL)
        rc = -EFAULT;
    else
        rc = get_option(s, k, level, name, value, len);
    instance_leave(s);
    return rc;
}

int
skink_set_nonblocking(struct skink *s, int handle, int on)
{
    int rc = instance_enter(s);
    struct sock *k;

    if (rc != 0)
        return rc;
    k = sock_of(s, handle);
    if (k == NULL)
        rc = -EBADF;
    else
        k->nonblocking = on != 0;
    instance_leave(s);
    return rc;
}
