/* SPDX-License-Identifier: MIT */
/* Sending and receiving without a copy: the application writes and reads in the
 * chunks themselves. What is lent lies behind what is shown of a stream, so
 * nobody sees it before it is committed, and a reservation that nobody commits
 * costs its chunks alone until the next one, the next send, or close. */
#include "libclient/client.h"
#include "libclient/instance.h"
#include "libclient/stream.h"

#include "base/bits.h"

#include <errno.h>

/* ---- sending ---- */

static int
may_lend(struct skink *s, struct sock *k)
{
    int rc = sock_may_send(s, k);

    if (rc != 0 || !stream_writing_over(k))
        return rc;
    return k->error != 0 ? -sock_take_error(k) : -EPIPE;
}

/* The bytes of the sent stream from `offset` on that lie together. */
static struct iovec
room_at(struct skink *s, const struct sock *k, uint64_t offset, uint64_t len)
{
    const struct client_tx_slot *shm = &s->tx->slot[sock_slot(s, k)];
    size_t chunk = client_chunk_load(shm->chunk, offset);

    return (struct iovec){.iov_base = (uint8_t *)s->tx + CLIENT_CHUNK_OFFSET +
                                      chunk * CHUNK + offset % CHUNK,
                          .iov_len = min_u64(len, CHUNK - offset % CHUNK)};
}

static ssize_t
reserve(struct skink *s, struct sock *k, size_t want, struct iovec *iov,
        int *count)
{
    uint64_t at = k->write_end;
    uint64_t end = at + min_u64(want, stream_room(k));
    int n = 0;

    while (n < *count && at < end && stream_chunk_at(s, k, at)) {
        iov[n] = room_at(s, k, at, end - at);
        at += iov[n++].iov_len;
    }
    k->reserved_end = at;
    stream_trim(s, k);
    *count = n;
    return n == 0 ? -EAGAIN : (ssize_t)(at - k->write_end);
}

ssize_t
skink_reserve(struct skink *s, int handle, size_t want, struct iovec *iov,
              int *count)
{
    struct sock *k;
    ssize_t rc = instance_enter_sock(s, handle, &k);

    if (rc != 0)
        return rc;
    if (iov == NULL || count == NULL || *count <= 0 || want == 0)
        rc = -EINVAL;
    else
        rc = may_lend(s, k);
    if (rc == 0)
        rc = reserve(s, k, want, iov, count);
    instance_leave(s);
    return rc;
}

static int
commit(struct skink *s, struct sock *k, size_t n)
{
    uint64_t lent =
        k->reserved_end > k->write_end ? k->reserved_end - k->write_end : 0;
    int rc = may_lend(s, k);

    if (rc != 0)
        return rc;
    if (n > lent)
        return -EINVAL;
    k->write_end += n;
    stream_written(s, k, false);
    return 0;
}

int
skink_commit(struct skink *s, int handle, size_t n)
{
    struct sock *k;
    int rc = instance_enter_sock(s, handle, &k);

    if (rc != 0)
        return rc;
    rc = commit(s, k, n);
    instance_leave(s);
    return rc;
}

/* ---- receiving ---- */

static ssize_t
peek(struct skink *s, struct sock *k, struct iovec *iov, int *count)
{
    uint64_t at = k->read_end;
    const uint8_t *from;
    int n = 0;

    if (sock_readable(k) == 0)
        return stream_nothing(s, k);
    while (n < *count && at < k->read_limit) {
        size_t len = stream_piece(s, k, at, k->read_limit - at, &from);

        if (len == 0)
            break;
        /* Mapped for reading alone, which the type cannot say. */
        iov[n++] =
            (struct iovec){.iov_base = (void *)(uintptr_t)from, .iov_len = len};
        at += len;
    }
    if (n == 0 || !stream_believed(s, k))
        return stream_break(s, k);
    *count = n;
    return (ssize_t)(at - k->read_end);
}

ssize_t
skink_peek(struct skink *s, int handle, struct iovec *iov, int *count)
{
    struct sock *k;
    ssize_t rc = instance_enter_sock(s, handle, &k);

    if (rc != 0)
        return rc;
    if (iov == NULL || count == NULL || *count <= 0)
        rc = -EINVAL;
    else
        rc = sock_may_receive(s, k);
    if (rc == 0)
        rc = peek(s, k, iov, count);
    instance_leave(s);
    return rc;
}

static int
consume(struct skink *s, struct sock *k, size_t n)
{
    if (k->phase != PHASE_CONNECTED || n > sock_readable(k))
        return k->error != 0 ? -sock_take_error(k) : -EINVAL;
    if (!stream_believed(s, k))
        return (int)stream_break(s, k);
    if (n > 0)
        stream_consume(s, k, n);
    return 0;
}

int
skink_consume(struct skink *s, int handle, size_t n)
{
    struct sock *k;
    int rc = instance_enter_sock(s, handle, &k);

    if (rc != 0)
        return rc;
    rc = consume(s, k, n);
    instance_leave(s);
    return rc;
}
