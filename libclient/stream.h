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

/* Copies as much as there is room for, from offset `skip` of the vector.
 * Bytes, -EAGAIN, or why nothing more can be sent. */
ssize_t stream_send(struct skink *s, struct sock *k, const struct iovec *iov,
                    int count, size_t skip);

/* Copies what is there, to offset `skip` of the vector. `flags`: MSG_PEEK,
 * MSG_TRUNC. Bytes, 0 at the end of the stream, -EAGAIN, or its error. */
ssize_t stream_recv(struct skink *s, struct sock *k, const struct iovec *iov,
                    int count, size_t skip, int flags);

/* Tells tcpd of all that was read, of one sock or of all of them. */
void stream_tell_read(struct skink *s, struct sock *k);
void stream_tell_all_read(struct skink *s);

#endif
