/* SPDX-License-Identifier: MIT */
/* send and recv: flags, blocking and time limits around the copying. */
#include "libclient/client.h"
#include "libclient/instance.h"
#include "libclient/stream.h"

#include <errno.h>

#define VECTOR_MOST 1024 /* as Linux's UIO_MAXIOV */
#define SEND_FLAGS                                                             \
    (MSG_DONTWAIT | MSG_NOSIGNAL | MSG_MORE | MSG_EOR | MSG_CONFIRM)
#define RECV_FLAGS                                                             \
    (MSG_DONTWAIT | MSG_NOSIGNAL | MSG_PEEK | MSG_WAITALL | MSG_TRUNC |        \
     MSG_CMSG_CLOEXEC)

/* One call of either kind, on its way through the loop below. */
struct transfer {
    int handle;
    const struct iovec *iov;
    int count;
    int flags;
    size_t len;  /* of the vector */
    size_t done; /* so far */
    instant_t deadline;
};

/* False: not a vector that the kernel would take. */
static bool
measure(struct transfer *t)
{
    if (t->count < 0 || t->count > VECTOR_MOST)
        return false;
    for (int i = 0; i < t->count; i++) {
        if (t->iov[i].iov_len > (size_t)PTRDIFF_MAX - t->len)
            return false;
        t->len += t->iov[i].iov_len;
    }
    return true;
}

/* What was done, or if nothing was, why. */
static ssize_t
result_of(const struct transfer *t, ssize_t why)
{
    return t->done > 0 ? (ssize_t)t->done : why;
}

static bool
may_block(const struct transfer *t, const struct sock *k)
{
    return !k->nonblocking && (t->flags & MSG_DONTWAIT) == 0;
}

/* ---- sending ---- */

static ssize_t
send_once(struct skink *s, struct sock *k, const struct transfer *t)
{
    int rc = sock_may_send(s, k);

    if (rc != 0)
        return rc;
    if (t->len == 0 && !stream_writing_over(k))
        return 0;
    return stream_send(s, k, t->iov, t->count, t->done,
                       (t->flags & MSG_MORE) != 0);
}

static ssize_t
send_all(struct skink *s, struct transfer *t)
{
    for (;;) {
        struct sock *k = sock_of(s, t->handle);
        ssize_t n;

        if (k == NULL)
            return result_of(t, -EBADF);
        n = send_once(s, k, t);
        if (n > 0)
            t->done += (size_t)n;
        if ((n < 0 && n != -EAGAIN) || t->done == t->len || !may_block(t, k))
            return result_of(t, n);
        if (t->deadline.ns == 0)
            t->deadline = instance_after(k->options.send_timeout);
        n = sock_wait(s, t->handle, SKINK_OUT, t->deadline);
        if (n != 0)
            return result_of(t, n);
    }
}

ssize_t
skink_sendv(struct skink *s, int handle, const struct iovec *iov, int count,
            int flags)
{
    struct transfer t = {
        .handle = handle, .iov = iov, .count = count, .flags = flags};
    ssize_t rc = instance_enter(s);

    if (rc != 0)
        return rc;
    if ((flags & ~SEND_FLAGS) != 0)
        rc = -EOPNOTSUPP;
    else
        rc = measure(&t) ? send_all(s, &t) : -EINVAL;
    instance_leave(s);
    return rc;
}

ssize_t
skink_send(struct skink *s, int handle, const void *buf, size_t len, int flags)
{
    /* It is only read. */
    const struct iovec iov = {.iov_base = (void *)(uintptr_t)buf,
                              .iov_len = len};

    return skink_sendv(s, handle, &iov, 1, flags);
}

/* ---- receiving ---- */

static ssize_t
recv_once(struct skink *s, struct sock *k, const struct transfer *t)
{
    bool peek = (t->flags & MSG_PEEK) != 0;
    int rc = sock_may_receive(s, k);

    if (rc != 0)
        return rc;
    if (t->len == 0)
        return sock_readable(k) > 0 ? 0 : stream_nothing(s, k);
    return stream_recv(s, k, t->iov, t->count, peek ? 0 : t->done, t->flags);
}

/* Bytes for which a blocking call waits: as Linux's sock_rcvlowat(). */
static size_t
wanted(const struct transfer *t, const struct sock *k)
{
    if (t->len == 0)
        return 1;
    if ((t->flags & MSG_WAITALL) != 0 || t->len < k->options.lowat)
        return t->len;
    return k->options.lowat;
}

/* `n` is what the last try has brought. Does the call go on? */
static bool
goes_on(struct transfer *t, const struct sock *k, ssize_t n)
{
    bool peek = (t->flags & MSG_PEEK) != 0;

    if (n > 0)
        t->done = peek ? (size_t)n : t->done + (size_t)n;
    if (n == 0 || (n < 0 && n != -EAGAIN) || t->done >= wanted(t, k))
        return false;
    if (peek && n > 0 && (stream_reading_over(k) || k->error != 0))
        return false; /* no more will come */
    return may_block(t, k);
}

static ssize_t
recv_enough(struct skink *s, struct transfer *t)
{
    for (;;) {
        struct sock *k = sock_of(s, t->handle);
        ssize_t n;

        if (k == NULL)
            return result_of(t, -EBADF);
        n = recv_once(s, k, t);
        if (!goes_on(t, k, n))
            return result_of(t, n);
        if (t->deadline.ns == 0)
            t->deadline = instance_after(k->options.receive_timeout);
        n = sock_wait_bytes(s, t->handle,
                            (t->flags & MSG_PEEK) != 0 ? wanted(t, k) : 1,
                            t->deadline);
        if (n != 0)
            return result_of(t, n);
    }
}

ssize_t
skink_recvv(struct skink *s, int handle, const struct iovec *iov, int count,
            int flags)
{
    struct transfer t = {
        .handle = handle, .iov = iov, .count = count, .flags = flags};
    ssize_t rc = instance_enter(s);

    if (rc != 0)
        return rc;
    if ((flags & ~RECV_FLAGS) != 0)
        rc = -EOPNOTSUPP;
    else
        rc = measure(&t) ? recv_enough(s, &t) : -EINVAL;
    instance_leave(s);
    return rc;
}

ssize_t
skink_recv(struct skink *s, int handle, void *buf, size_t len, int flags)
{
    const struct iovec iov = {.iov_base = buf, .iov_len = len};

    return skink_recvv(s, handle, &iov, 1, flags);
}
