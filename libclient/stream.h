/* SPDX-License-Identifier: MIT */
/* Bytes of a connection, into and out of the chunks of the two regions. Nothing
 * here blocks; the instance's mutex is held. */
#ifndef LIBCLIENT_STREAM_H
#define LIBCLIENT_STREAM_H

#include "libclient/instance.h"

#include <sys/uio.h>

void stream_init_chunks(struct skink *s);

/* The generation's two streams begin at these offsets. */
void stream_begin(struct sock *k, uint64_t read_base, uint64_t write_base);

/* Chunks that the peer's acknowledgements have passed are free again. */
void stream_release(struct skink *s, struct sock *k);

/* The streams are over: all chunks are free again. */
void stream_end(struct skink *s, struct sock *k);

/* Has the peer ended, or we ourselves? Reading then ends behind read_limit. */
bool stream_reading_over(const struct sock *k);
bool stream_writing_over(const struct sock *k);

/* Is there as much room as is worth waking for? */
bool stream_writable(const struct skink *s, const struct sock *k);

/* Bytes that may be written now, if there are chunks. */
uint64_t stream_room(const struct sock *k);

/* Makes sure that the byte at `offset`, at most a chunk behind the last one, has
 * a chunk. False: there is none; the sock is woken when there is. */
bool stream_chunk_at(struct skink *s, struct sock *k, uint64_t offset)
    __attribute__((warn_unused_result));

/* Bytes were added: they are shown to tcpd, or, with `more` or TCP_CORK, held
 * back for a short time. Ends a reservation. */
void stream_written(struct skink *s, struct sock *k, bool more);

/* Chunks behind all that is written or reserved are free again. */
void stream_trim(struct skink *s, struct sock *k);

/* The application has let go of it: nothing is lent or held back any more. */
void stream_finish(struct skink *s, struct sock *k);

/* Shows what is held back, of one sock, or where its time is over. */
void stream_flush(struct skink *s, struct sock *k);
void stream_flush_due(struct skink *s);

/* Copies as much as there is room for, from offset `skip` of the vector.
 * Bytes, -EAGAIN, or why nothing more can be sent. */
ssize_t stream_send(struct skink *s, struct sock *k, const struct iovec *iov,
                    int count, size_t skip, bool more);

/* Copies what is there, to offset `skip` of the vector. `flags`: MSG_PEEK,
 * MSG_TRUNC. Bytes, 0 at the end of the stream, -EAGAIN, or its error. */
ssize_t stream_recv(struct skink *s, struct sock *k, const struct iovec *iov,
                    int count, size_t skip, int flags);

/* The last two when there is nothing to read. */
ssize_t stream_nothing(struct skink *s, struct sock *k);

/* Where the received byte at `offset` lies, and how many up to `len` follow it
 * there. 0: tcpd names a chunk that there is not. */
size_t stream_piece(const struct skink *s, const struct sock *k,
                    uint64_t offset, size_t len, const uint8_t **at);

/* After a look at received bytes: were they this stream's? */
bool stream_believed(const struct skink *s, const struct sock *k);

/* They were not, or tcpd lies: the connection is over, -ECONNRESET. */
ssize_t stream_break(struct skink *s, struct sock *k);

/* `n` bytes have been read. */
void stream_consume(struct skink *s, struct sock *k, size_t n);

/* Tells tcpd of all that was read, of one sock or of all of them. */
void stream_tell_read(struct skink *s, struct sock *k);
void stream_tell_all_read(struct skink *s);

#endif
