/* SPDX-License-Identifier: MIT */
/* The bytes of a connection, in the chunks of its client's two regions.
 *
 * Offsets are 64-bit and count from the first byte of the connection's stream
 * (offset 0 is at the start of a chunk). Byte o lies in chunk[(o / CHUNK) %
 * STREAM_CHUNKS], so a stream holds at most STREAM_SPAN bytes at once. */
#ifndef TCPD_CORE_STREAM_H
#define TCPD_CORE_STREAM_H

#include "base/list.h"

#include <stdbool.h>
#include <stdint.h>

#define STREAM_CHUNK  65536 /* bytes */
#define STREAM_CHUNKS 64
/* One chunk less, because the span need not begin at a chunk's start. */
#define STREAM_SPAN   ((uint64_t)(STREAM_CHUNKS - 1) * STREAM_CHUNK)
#define STREAM_NONE   UINT16_MAX
#define POOL_CHUNKS   896 /* at most, of one client */

/* The receive chunks of one client. Last in, first out: a chunk that was just
 * read is still in the cache. Private to tcpd; `base` is client.N.rx. */
struct chunk_pool {
    uint8_t *base;       /* of chunk 0 */
    struct list starved; /* tcbs whose window the pool limits; starved.c's */
    uint32_t free_count;
    uint16_t free[POOL_CHUNKS];
};

void chunk_pool_init(struct chunk_pool *pool, uint8_t *base, uint32_t chunks);

/* Received bytes, in order or not. tcpd writes and never reads back. */
struct rx_stream {
    uint64_t
        freed; /* every byte below is consumed and its whole chunks returned */
    uint16_t chunk[STREAM_CHUNKS]; /* STREAM_NONE: no chunk */
};

void rx_stream_init(struct rx_stream *s);

/* How many of `len` bytes at `offset` (>= freed) can be stored, while `spare` chunks
 * of the pool stay free. */
uint32_t rx_stream_room(const struct rx_stream *s,
                        const struct chunk_pool *pool, uint64_t offset,
                        uint32_t len, uint32_t spare);

/* Stores bytes at `offset`, for which there is room. Takes chunks as needed. */
void rx_stream_write(struct rx_stream *s, struct chunk_pool *pool,
                     uint64_t offset, const uint8_t *bytes, uint32_t len);

/* All below `to` is consumed: returns chunks that lie wholly below, and the last
 * one too when `end` == `to` says that nothing beyond is stored. */
void rx_stream_free(struct rx_stream *s, struct chunk_pool *pool, uint64_t to,
                    uint64_t end);

/* Nothing at or beyond `end` (>= freed) is stored any more: returns the chunks that
 * hold only that. */
void rx_stream_cut(struct rx_stream *s, struct chunk_pool *pool, uint64_t end);

/* Returns everything. */
void rx_stream_close(struct rx_stream *s, struct chunk_pool *pool);

/* Bytes to send. The client writes them; `base` is client.N.tx, mapped
 * read-only, and chunk[] is tcpd's checked copy of what the client said. */
struct tx_stream {
    const uint8_t *base;
    uint16_t chunk[STREAM_CHUNKS]; /* each < POOL_CHUNKS, or STREAM_NONE */
};

/* Copies [offset, offset + len) to `to`. Bytes whose chunk is STREAM_NONE are
 * zero: a client that lies sends nonsense, to its own peer only. */
void tx_stream_copy(const struct tx_stream *s, uint64_t offset, uint32_t len,
                    uint8_t *to);

#endif
