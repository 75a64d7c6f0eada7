/* SPDX-License-Identifier: MIT */
/* Bytes of a connection.
 *
 * Sending. A stream has chunks for [first_chunk, end_chunk), taken from the top
 * of a stack and put back there as soon as the peer has acknowledged their last
 * byte, all of them when everything is acknowledged: an idle connection holds
 * none, a busy one uses memory that is still in the cache. The cursor is shown a
 * chunk at a time, so that tcpd sends the first while the second is copied.
 *
 * Receiving. tcpd's chunks are found by number, which is checked. tcpd is told
 * of what was read only when a chunk's worth of it was, when the same
 * slot has something else to say, or before this process may sleep: a request
 * that is read and then answered costs one ring. */
#include "libclient/stream.h"

#include "base/bits.h"
#include "proto/shm/doorbell.h"

#include <errno.h>
#include <string.h>
#include <sys/socket.h>

#define SPAN                                                                   \
    ((uint64_t)(SLOT_CHUNKS - 1) * CHUNK) /* without reuse of an entry */

static uint64_t
chunk_floor(uint64_t offset)
{
    return offset & ~(uint64_t)(CHUNK - 1);
}

void
stream_init_chunks(struct skink *s)
{
    for (uint32_t i = 0; i < CLIENT_CHUNKS; i++)
        s->free_chunk[i] = (uint16_t)(CLIENT_CHUNKS - 1 - i);
    s->free_chunks = CLIENT_CHUNKS;
}

void
stream_begin(struct sock *k, uint64_t read_base, uint64_t write_base)
{
    k->read_end = k->read_limit = k->told_read = read_base;
    k->write_end = k->freed = k->send_limit = write_base;
    k->first_chunk = k->end_chunk = chunk_floor(write_base);
}

/* ---- chunks ---- */

static struct client_tx_slot *
tx_slot(struct skink *s, const struct sock *k)
{
    return &s->tx->slot[sock_slot(s, k)];
}

/* Gives back the chunks below `end`; then who starved may have some. */
static void
give_back(struct skink *s, struct sock *k, uint64_t end)
{
    struct list *l;

    if (k->first_chunk == end)
        return;
    if (!list_empty(&s->starved))
        instance_news(s);
    for (; k->first_chunk != end; k->first_chunk += CHUNK)
        s->free_chunk[s->free_chunks++] =
            client_chunk_load(tx_slot(s, k)->chunk, k->first_chunk);
    while ((l = list_pop(&s->starved)) != NULL)
        sock_wake(s, list_item(l, struct sock, starved));
}

void
stream_release(struct skink *s, struct sock *k)
{
    if (k->freed == k->write_end) {
        give_back(s, k, k->end_chunk);
        k->first_chunk = k->end_chunk = chunk_floor(k->write_end);
    } else {
        give_back(s, k, chunk_floor(k->freed));
    }
}

void
stream_end(struct skink *s, struct sock *k)
{
    give_back(s, k, k->end_chunk);
}

/* Makes sure that write_end lies in a chunk. False: there is none. */
static bool
chunk_under(struct skink *s, struct sock *k)
{
    if (k->write_end < k->end_chunk)
        return true;
    if (s->free_chunks == 0) {
        list_remove(&k->starved);
        list_append(&s->starved, &k->starved);
        return false;
    }
    client_chunk_store(tx_slot(s, k)->chunk, k->end_chunk,
                       s->free_chunk[--s->free_chunks]);
    k->end_chunk += CHUNK;
    return true;
}

/* ---- state ---- */

static bool
is_over(const struct sock *k)
{
    return k->state == SLOT_DEAD || k->phase == PHASE_FAILED;
}

bool
stream_reading_over(const struct sock *k)
{
    return is_over(k) || (k->slot_flags & SLOT_FIN) != 0 ||
           (k->flags & CLIENT_SHUT_RD) != 0;
}

bool
stream_writing_over(const struct sock *k)
{
    return is_over(k) || (k->slot_flags & SLOT_NO_SEND) != 0 ||
           (k->flags & CLIENT_SHUT_WR) != 0;
}

static uint64_t
room_of(const struct sock *k)
{
    uint64_t limit = k->send_limit;

    if (limit > chunk_floor(k->freed) + SPAN)
        limit = chunk_floor(k->freed) + SPAN;
    return limit > k->write_end ? limit - k->write_end : 0;
}

/* A third, as Linux; tcpd tells of every third that becomes free. */
bool
stream_writable(const struct skink *s, const struct sock *k)
{
    if (s->free_chunks == 0 && k->write_end >= k->end_chunk)
        return false;
    return room_of(k) > 0 && room_of(k) >= (k->send_limit - k->freed) / 3;
}

/* ---- sending ---- */

static void
show_written(struct skink *s, struct sock *k)
{
    struct client_tx_slot *shm = tx_slot(s, k);

    client_set_write_end(shm, k->write_end);
    list_remove(&k->consumed);
    k->told_read = k->read_end; /* tcpd looks at both cursors */
    instance_work(s, k);
}

/* Up to the end of a chunk; 0: no room. */
static size_t
put_piece(struct skink *s, struct sock *k, const uint8_t *from, size_t len)
{
    uint64_t n = min_u64(len, room_of(k));
    uint32_t at = (uint32_t)(k->write_end % CHUNK);
    uint16_t chunk;

    if (n == 0 || !chunk_under(s, k))
        return 0;
    n = min_u64(n, CHUNK - at);
    chunk = client_chunk_load(tx_slot(s, k)->chunk, k->write_end);
    memcpy((uint8_t *)s->tx + CLIENT_CHUNK_OFFSET + (size_t)chunk * CHUNK + at,
           from, n);
    k->write_end += n;
    if (k->write_end % CHUNK == 0)
        show_written(s, k);
    return n;
}

static size_t
put(struct skink *s, struct sock *k, const uint8_t *from, size_t len)
{
    size_t done = 0, n;

    while (done < len && (n = put_piece(s, k, from + done, len - done)) > 0)
        done += n;
    return done;
}

ssize_t
stream_send(struct skink *s, struct sock *k, const struct iovec *iov, int count,
            size_t skip)
{
    size_t done = 0;

    if (stream_writing_over(k))
        return k->error != 0 ? -sock_take_error(k) : -EPIPE;
    for (int i = 0; i < count; i++) {
        size_t len = iov[i].iov_len, n;

        if (skip >= len) {
            skip -= len;
            continue;
        }
        n = put(s, k, (const uint8_t *)iov[i].iov_base + skip, len - skip);
        done += n;
        if (n < len - skip)
            break;
        skip = 0;
    }
    if (done == 0)
        return -EAGAIN;
    if (k->write_end % CHUNK != 0)
        show_written(s, k);
    return (ssize_t)done;
}

/* ---- receiving ---- */

/* Up to the end of a chunk; 0: tcpd names a chunk that there is not. */
static size_t
get_piece(const struct skink *s, const struct sock *k, uint64_t offset,
          uint8_t *to, size_t len)
{
    const struct client_rx_slot *shm = &s->rx->slot[sock_slot(s, k)];
    uint16_t chunk = client_chunk_load(shm->chunk, offset);
    uint32_t at = (uint32_t)(offset % CHUNK);
    size_t n = min_u64(len, CHUNK - at);

    if (chunk >= CLIENT_CHUNKS)
        return 0;
    if (to != NULL)
        memcpy(to,
               (const uint8_t *)s->rx + CLIENT_CHUNK_OFFSET +
                   (size_t)chunk * CHUNK + at,
               n);
    return n;
}

/* Bytes got from the stream's `offset` on; `to` NULL: only counted. */
static size_t
get(const struct skink *s, const struct sock *k, uint64_t offset, uint8_t *to,
    size_t len)
{
    size_t done = 0, n;

    len = min_u64(len, k->read_limit - offset);
    while (done < len) {
        n = get_piece(s, k, offset + done, to == NULL ? NULL : to + done,
                      len - done);
        if (n == 0)
            break;
        done += n;
    }
    return done;
}

static size_t
gather(const struct skink *s, const struct sock *k, const struct iovec *iov,
       int count, size_t skip, bool discard)
{
    size_t done = 0;

    for (int i = 0; i < count; i++) {
        size_t len = iov[i].iov_len, n;

        if (skip >= len) {
            skip -= len;
            continue;
        }
        n = get(s, k, k->read_end + done,
                discard ? NULL : (uint8_t *)iov[i].iov_base + skip, len - skip);
        done += n;
        if (n < len - skip)
            break;
        skip = 0;
    }
    return done;
}

/* The connection is of no use any more, for reasons of our own. */
static void
lose(struct sock *k)
{
    k->state = SLOT_DEAD;
    k->slot_flags |= SLOT_RESET | SLOT_NO_SEND;
    k->read_limit = k->read_end;
    k->error = ECONNRESET;
}

/* Were the bytes that we have just copied those of this stream? A successor of
 * tcpd hands out its chunks anew, after it has shown its epoch. */
static bool
same_tcpd(const struct skink *s, const struct sock *k)
{
    doorbell_barrier();
    return client_word_load(&s->rx->epoch) == k->epoch;
}

static ssize_t
nothing_read(struct skink *s, struct sock *k)
{
    stream_tell_read(s, k);
    if (k->error != 0)
        return -sock_take_error(k);
    return stream_reading_over(k) ? 0 : -EAGAIN;
}

static void
consume(struct skink *s, struct sock *k, size_t n)
{
    k->read_end += n;
    client_set_read_end(tx_slot(s, k), k->read_end);
    list_remove(&k->consumed);
    if (k->read_end - k->told_read >= CHUNK)
        stream_tell_read(s, k);
    else
        list_append(&s->consumed, &k->consumed);
}

ssize_t
stream_recv(struct skink *s, struct sock *k, const struct iovec *iov, int count,
            size_t skip, int flags)
{
    size_t n = 0;

    if (k->read_end == k->read_limit)
        return nothing_read(s, k);
    n = gather(s, k, iov, count, skip, (flags & MSG_TRUNC) != 0);
    if (n == 0 || !same_tcpd(s, k)) {
        lose(k);
        return nothing_read(s, k);
    }
    if ((flags & MSG_PEEK) == 0)
        consume(s, k, n);
    return (ssize_t)n;
}

void
stream_tell_read(struct skink *s, struct sock *k)
{
    list_remove(&k->consumed);
    if (k->told_read == k->read_end)
        return;
    k->told_read = k->read_end;
    instance_work(s, k);
}

void
stream_tell_all_read(struct skink *s)
{
    struct list *l;

    while ((l = list_pop(&s->consumed)) != NULL)
        stream_tell_read(s, list_item(l, struct sock, consumed));
}
