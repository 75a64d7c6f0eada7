/* SPDX-License-Identifier: MIT */
/* Bytes of a connection.
 *
 * Sending. A stream has chunks for [first_chunk, end_chunk), taken from the top
 * of a stack and put back there as soon as the peer has acknowledged their last
 * byte, all of them when everything is acknowledged: an idle connection holds
 * none, a busy one uses memory that is still in the cache. The cursor is shown a
 * chunk at a time, so that tcpd sends the first while the second is copied.
 *
 * What MSG_MORE or TCP_CORK holds back is written and not shown: less than a
 * segment, until more comes that fills it, for 200 ms at most as on Linux. There
 * is no thread to count them: every call looks, and who waits in a call or at
 * skink_fd is woken. Room that was lent to the application (lend.c) lies behind
 * write_end and keeps its chunks.
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

#define HELD_MOST 1448 /* bytes held back: a segment of Ethernet's */
#define HELD_MS   200
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
    k->shown_end = k->reserved_end = write_base;
    k->first_chunk = k->end_chunk = chunk_floor(write_base);
}

/* ---- chunks ---- */

static struct client_tx_slot *
tx_slot(struct skink *s, const struct sock *k)
{
    return &s->tx->slot[sock_slot(s, k)];
}

/* There are free chunks again. */
static void
feed_starved(struct skink *s)
{
    struct list *l;

    if (!list_empty(&s->starved))
        instance_news(s);
    while ((l = list_pop(&s->starved)) != NULL)
        sock_wake(s, list_item(l, struct sock, starved));
}

/* The chunks below `end`. */
static void
give_back(struct skink *s, struct sock *k, uint64_t end)
{
    if (k->first_chunk == end)
        return;
    for (; k->first_chunk != end; k->first_chunk += CHUNK)
        s->free_chunk[s->free_chunks++] =
            client_chunk_load(tx_slot(s, k)->chunk, k->first_chunk);
    feed_starved(s);
}

/* The end of what is written, or lent to be written. */
static uint64_t
used_end(const struct sock *k)
{
    return k->reserved_end > k->write_end ? k->reserved_end : k->write_end;
}

void
stream_release(struct skink *s, struct sock *k)
{
    if (k->freed == used_end(k)) {
        give_back(s, k, k->end_chunk);
        k->first_chunk = k->end_chunk = chunk_floor(k->write_end);
    } else {
        give_back(s, k, chunk_floor(k->freed));
    }
}

void
stream_trim(struct skink *s, struct sock *k)
{
    uint64_t end = chunk_floor(used_end(k) + CHUNK - 1);

    if (k->end_chunk <= end)
        return;
    while (k->end_chunk > end) {
        k->end_chunk -= CHUNK;
        s->free_chunk[s->free_chunks++] =
            client_chunk_load(tx_slot(s, k)->chunk, k->end_chunk);
    }
    feed_starved(s);
}

void
stream_end(struct skink *s, struct sock *k)
{
    give_back(s, k, k->end_chunk);
}

bool
stream_chunk_at(struct skink *s, struct sock *k, uint64_t offset)
{
    if (offset < k->end_chunk)
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

uint64_t
stream_room(const struct sock *k)
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
    return stream_room(k) > 0 &&
           stream_room(k) >= (k->send_limit - k->freed) / 3;
}

/* ---- sending ---- */

static void
show(struct skink *s, struct sock *k, uint64_t end)
{
    k->shown_end = end;
    client_set_write_end(tx_slot(s, k), end);
    list_remove(&k->consumed);
    k->told_read = k->read_end; /* tcpd looks at both cursors */
    instance_work(s, k);
}

void
stream_flush(struct skink *s, struct sock *k)
{
    list_remove(&k->held);
    if (k->shown_end != k->write_end)
        show(s, k, k->write_end);
}

void
stream_finish(struct skink *s, struct sock *k)
{
    k->reserved_end = k->write_end;
    stream_trim(s, k);
    stream_flush(s, k);
}

void
stream_flush_due(struct skink *s)
{
    struct list *l;
    instant_t now;

    if (list_empty(&s->held))
        return;
    now = instance_now();
    while ((l = s->held.next) != &s->held) { /* the oldest first */
        struct sock *k = list_item(l, struct sock, held);

        if (!instant_due(instant_add(k->held_at, duration_ms(HELD_MS)), now))
            return;
        stream_flush(s, k);
    }
}

/* All but what does not fill a segment. */
static void
hold(struct skink *s, struct sock *k)
{
    uint64_t whole = (k->write_end - k->shown_end) / HELD_MOST * HELD_MOST;

    if (whole > 0)
        show(s, k, k->shown_end + whole);
    if (k->shown_end == k->write_end || !list_empty(&k->held))
        return;
    k->held_at = instance_now();
    if (list_empty(&s->held) && s->polling)
        instance_ring(s, BELL_NOW); /* the leader is to look at the clock */
    list_append(&s->held, &k->held);
}

void
stream_written(struct skink *s, struct sock *k, bool more)
{
    k->reserved_end = k->write_end;
    stream_trim(s, k);
    if (more || (k->options.flags & OPTION_CORK) != 0)
        hold(s, k);
    else
        stream_flush(s, k);
}

/* Up to the end of a chunk; 0: no room. */
static size_t
put_piece(struct skink *s, struct sock *k, const uint8_t *from, size_t len)
{
    uint64_t n = min_u64(len, stream_room(k));
    uint32_t at = (uint32_t)(k->write_end % CHUNK);
    uint16_t chunk;

    if (n == 0 || !stream_chunk_at(s, k, k->write_end))
        return 0;
    n = min_u64(n, CHUNK - at);
    chunk = client_chunk_load(tx_slot(s, k)->chunk, k->write_end);
    memcpy((uint8_t *)s->tx + CLIENT_CHUNK_OFFSET + (size_t)chunk * CHUNK + at,
           from, n);
    k->write_end += n;
    if (k->write_end % CHUNK == 0)
        stream_flush(s, k);
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
            size_t skip, bool more)
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
    stream_written(s, k, more);
    return (ssize_t)done;
}

/* ---- receiving ---- */

size_t
stream_piece(const struct skink *s, const struct sock *k, uint64_t offset,
             size_t len, const uint8_t **at)
{
    const struct client_rx_slot *shm = &s->rx->slot[sock_slot(s, k)];
    uint16_t chunk = client_chunk_load(shm->chunk, offset);
    uint32_t skip = (uint32_t)(offset % CHUNK);

    if (chunk >= CLIENT_CHUNKS)
        return 0;
    *at = (const uint8_t *)s->rx + CLIENT_CHUNK_OFFSET + (size_t)chunk * CHUNK +
          skip;
    return min_u64(len, CHUNK - skip);
}

/* Bytes got from the stream's `offset` on; `to` NULL: only counted. */
static size_t
get(const struct skink *s, const struct sock *k, uint64_t offset, uint8_t *to,
    size_t len)
{
    const uint8_t *from;
    size_t done = 0, n;

    len = min_u64(len, k->read_limit - offset);
    while (done < len) {
        n = stream_piece(s, k, offset + done, len - done, &from);
        if (n == 0)
            break;
        if (to != NULL)
            memcpy(to + done, from, n);
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

/* Were the bytes that somebody has just looked at those of this stream? A
 * successor of tcpd hands out the chunks of what it could not go on with; it
 * has shown that, and its epoch, before. */
bool
stream_believed(const struct skink *s, const struct sock *k)
{
    struct slot_view v;

    doorbell_barrier();
    if (client_word_load(&s->rx->epoch) == k->epoch)
        return true;
    client_slot_look(&s->rx->slot[sock_slot(s, k)], &v);
    return v.generation == k->generation &&
           (v.state != SLOT_DEAD || v.send_limit != v.freed);
}

ssize_t
stream_nothing(struct skink *s, struct sock *k)
{
    stream_tell_read(s, k);
    if (k->error != 0)
        return -sock_take_error(k);
    return stream_reading_over(k) ? 0 : -EAGAIN;
}

ssize_t
stream_break(struct skink *s, struct sock *k)
{
    k->state = SLOT_DEAD;
    k->slot_flags |= SLOT_RESET | SLOT_NO_SEND;
    k->read_limit = k->read_end;
    k->error = ECONNRESET;
    return stream_nothing(s, k);
}

void
stream_consume(struct skink *s, struct sock *k, size_t n)
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
        return stream_nothing(s, k);
    n = gather(s, k, iov, count, skip, (flags & MSG_TRUNC) != 0);
    if (n == 0 || !stream_believed(s, k))
        return stream_break(s, k);
    if ((flags & MSG_PEEK) == 0)
        stream_consume(s, k, n);
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
