/* SPDX-License-Identifier: MIT */
/* Chunk pools, and the streams whose bytes lie in their chunks.
 *
 * A stream never moves a byte: one copy in, from the segment to the client's
 * region, and one copy out, from the client's region to the segment. Chunks are
 * as long as the largest segment, so either copy is at most two memcpy. The pool
 * hands out what came back last: while the client keeps up, one chunk serves
 * the whole stream and never leaves the cache. */
#include "tcpd/core/stream.h"

#include "base/bits.h"
#include "base/check.h"

#include <string.h>

void
chunk_pool_init(struct chunk_pool *pool, uint8_t *base, uint32_t chunks)
{
    CHECK(chunks <= POOL_CHUNKS);
    pool->base = base;
    list_init(&pool->starved);
    pool->free_count = chunks;
    for (uint32_t i = 0; i < chunks; i++)
        pool->free[i] = (uint16_t)(chunks - 1 - i);
}

static uint16_t
pool_take(struct chunk_pool *pool)
{
    CHECK(pool->free_count > 0);
    return pool->free[--pool->free_count];
}

static void
pool_give(struct chunk_pool *pool, uint16_t chunk)
{
    CHECK(pool->free_count < POOL_CHUNKS);
    pool->free[pool->free_count++] = chunk;
}

/* The place in chunk[] of the chunk that holds byte `offset`. */
static uint32_t
place_of(uint64_t offset)
{
    return (uint32_t)(offset / STREAM_CHUNK % STREAM_CHUNKS);
}

/* How many of `len` bytes at `offset` lie in one chunk. */
static uint32_t
piece_of(uint64_t offset, uint32_t len)
{
    return min_u32(len, STREAM_CHUNK - (uint32_t)(offset % STREAM_CHUNK));
}

void
rx_stream_init(struct rx_stream *s)
{
    s->freed = 0;
    for (uint32_t i = 0; i < STREAM_CHUNKS; i++)
        s->chunk[i] = STREAM_NONE;
}

uint32_t
rx_stream_room(const struct rx_stream *s, const struct chunk_pool *pool,
               uint64_t offset, uint32_t len, uint32_t spare)
{
    uint64_t end = min_u64(offset + len, s->freed + STREAM_SPAN);
    uint32_t chunks = pool->free_count - min_u32(spare, pool->free_count);
    uint64_t at = offset;

    while (at < end) {
        if (s->chunk[place_of(at)] == STREAM_NONE && chunks-- == 0)
            break;
        at += piece_of(at, (uint32_t)(end - at));
    }
    return (uint32_t)(at - offset);
}

void
rx_stream_write(struct rx_stream *s, struct chunk_pool *pool, uint64_t offset,
                const uint8_t *bytes, uint32_t len)
{
    CHECK(s->freed <= offset && offset + len <= s->freed + STREAM_SPAN);
    while (len > 0) {
        uint32_t piece = piece_of(offset, len);
        uint16_t *chunk = &s->chunk[place_of(offset)];

        if (*chunk == STREAM_NONE)
            *chunk = pool_take(pool);
        memcpy(pool->base + (size_t)*chunk * STREAM_CHUNK +
                   offset % STREAM_CHUNK,
               bytes, piece);
        bytes += piece;
        offset += piece;
        len -= piece;
    }
}

static void
release(struct rx_stream *s, struct chunk_pool *pool, uint32_t place)
{
    if (s->chunk[place] == STREAM_NONE)
        return;
    pool_give(pool, s->chunk[place]);
    s->chunk[place] = STREAM_NONE;
}

void
rx_stream_free(struct rx_stream *s, struct chunk_pool *pool, uint64_t to,
               uint64_t end)
{
    CHECK(s->freed <= to && to <= end && to <= s->freed + STREAM_SPAN);
    for (uint64_t c = s->freed / STREAM_CHUNK; c < to / STREAM_CHUNK; c++)
        release(s, pool, place_of(c * STREAM_CHUNK));
    if (to == end)
        release(s, pool, place_of(to));
    s->freed = to;
}

void
rx_stream_cut(struct rx_stream *s, struct chunk_pool *pool, uint64_t end)
{
    uint64_t first = s->freed / STREAM_CHUNK;
    uint64_t last = first + STREAM_CHUNKS;

    CHECK(s->freed <= end && end <= s->freed + STREAM_SPAN);
    if (s->freed < end)
        first = (end - 1) / STREAM_CHUNK + 1;
    for (uint64_t c = first; c < last; c++)
        release(s, pool, place_of(c * STREAM_CHUNK));
}

void
rx_stream_close(struct rx_stream *s, struct chunk_pool *pool)
{
    for (uint32_t i = 0; i < STREAM_CHUNKS; i++)
        release(s, pool, i);
}

void
tx_stream_copy(const struct tx_stream *s, uint64_t offset, uint32_t len,
               uint8_t *to)
{
    while (len > 0) {
        uint32_t piece = piece_of(offset, len);
        uint16_t chunk = s->chunk[place_of(offset)];

        if (chunk == STREAM_NONE)
            memset(to, 0, piece);
        else
            memcpy(to,
                   s->base + (size_t)chunk * STREAM_CHUNK +
                       offset % STREAM_CHUNK,
                   piece);
        to += piece;
        offset += piece;
        len -= piece;
    }
}
