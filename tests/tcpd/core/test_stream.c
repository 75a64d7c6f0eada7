/* SPDX-License-Identifier: MIT */
/* Streams in chunks: every byte where its offset says, every chunk returned. */
#include "tcpd/core/stream.h"

#include "base/rng.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include <cmocka.h>

#define CHUNKS 70 /* more than one stream can hold */

struct fixture {
    struct chunk_pool pool;
    struct rx_stream rx;
    uint8_t *region;
    uint8_t *bytes; /* to write: byte i is i * 7 + i / 256 */
};

static int
setup(void **state)
{
    struct fixture *f = calloc(1, sizeof *f);

    f->region = malloc((size_t)CHUNKS * STREAM_CHUNK);
    f->bytes = malloc((size_t)STREAM_CHUNKS * STREAM_CHUNK);
    for (size_t i = 0; i < (size_t)STREAM_CHUNKS * STREAM_CHUNK; i++)
        f->bytes[i] = (uint8_t)(i * 7 + i / 256);
    chunk_pool_init(&f->pool, f->region, CHUNKS);
    rx_stream_init(&f->rx);
    *state = f;
    return 0;
}

static int
teardown(void **state)
{
    struct fixture *f = *state;

    free(f->region);
    free(f->bytes);
    free(f);
    return 0;
}

static uint32_t
chunks_held(const struct rx_stream *s)
{
    uint32_t held = 0;

    for (int i = 0; i < STREAM_CHUNKS; i++)
        held += s->chunk[i] != STREAM_NONE;
    return held;
}

static uint8_t
byte_at(const struct fixture *f, uint64_t offset)
{
    uint16_t chunk = f->rx.chunk[offset / STREAM_CHUNK % STREAM_CHUNKS];

    assert_int_not_equal(chunk, STREAM_NONE);
    return f->region[(size_t)chunk * STREAM_CHUNK + offset % STREAM_CHUNK];
}

static bool
write_at(struct fixture *f, uint64_t offset, uint32_t len)
{
    if (rx_stream_room(&f->rx, &f->pool, offset, len, 0) < len)
        return false;
    rx_stream_write(&f->rx, &f->pool, offset, f->bytes, len);
    return true;
}

static void
a_write_takes_one_chunk_and_later_ones_use_it(void **state)
{
    struct fixture *f = *state;

    assert_true(write_at(f, 0, 10));
    assert_true(write_at(f, 10, STREAM_CHUNK - 10));
    assert_int_equal(f->pool.free_count, CHUNKS - 1);
    assert_int_equal(byte_at(f, 13), f->bytes[3]);
}

static void
an_empty_write_takes_nothing(void **state)
{
    struct fixture *f = *state;

    assert_true(write_at(f, 0, 0));
    assert_int_equal(f->pool.free_count, CHUNKS);
}

static void
a_write_across_a_boundary_lands_in_both_chunks(void **state)
{
    struct fixture *f = *state;

    assert_true(write_at(f, STREAM_CHUNK - 3, 6));
    assert_int_equal(f->pool.free_count, CHUNKS - 2);
    for (uint32_t i = 0; i < 6; i++)
        assert_int_equal(byte_at(f, STREAM_CHUNK - 3 + i), f->bytes[i]);
}

static void
the_whole_span_can_be_stored_from_any_offset(void **state)
{
    struct fixture *f = *state;

    f->rx.freed = 5 * STREAM_CHUNK + 17;
    assert_true(write_at(f, f->rx.freed, (uint32_t)STREAM_SPAN));
    for (uint64_t i = 0; i < STREAM_SPAN; i += 4099)
        assert_int_equal(byte_at(f, f->rx.freed + i), f->bytes[i]);
}

static void
an_empty_pool_refuses_and_keeps_what_it_has(void **state)
{
    struct fixture *f = *state;

    f->pool.free_count = 1;
    assert_false(write_at(f, 0, STREAM_CHUNK + 1));
    assert_int_equal(f->pool.free_count, 1);
    assert_int_equal(chunks_held(&f->rx), 0);
    assert_true(write_at(f, 0, STREAM_CHUNK));
    assert_false(write_at(f, STREAM_CHUNK, 1));
}

static void
room_ends_with_the_chunks_that_may_be_taken(void **state)
{
    struct fixture *f = *state;
    const uint32_t len = 3 * STREAM_CHUNK;

    f->pool.free_count = 3;
    assert_int_equal(rx_stream_room(&f->rx, &f->pool, 5, len, 0), len - 5);
    assert_int_equal(rx_stream_room(&f->rx, &f->pool, 0, len, 2), STREAM_CHUNK);
    assert_int_equal(rx_stream_room(&f->rx, &f->pool, 0, len, 4), 0);
    /* A chunk that the stream has already costs nothing. */
    assert_true(write_at(f, STREAM_CHUNK, 1));
    assert_int_equal(rx_stream_room(&f->rx, &f->pool, 0, len, 1),
                     2 * STREAM_CHUNK);
    assert_int_equal(rx_stream_room(&f->rx, &f->pool, STREAM_CHUNK + 9, 5, 9),
                     5);
}

static void
room_ends_with_the_span(void **state)
{
    struct fixture *f = *state;

    f->rx.freed = 100;
    assert_int_equal(rx_stream_room(&f->rx, &f->pool, STREAM_SPAN, 1000, 0),
                     100);
    assert_int_equal(
        rx_stream_room(&f->rx, &f->pool, STREAM_SPAN + 100, 1000, 0), 0);
    assert_int_equal(
        rx_stream_room(&f->rx, &f->pool, STREAM_SPAN + 9999, 1000, 0), 0);
}

static void
what_is_cut_off_gives_its_chunks_back(void **state)
{
    struct fixture *f = *state;

    f->rx.freed = 10;
    assert_true(write_at(f, 10, 5 * STREAM_CHUNK));
    rx_stream_cut(&f->rx, &f->pool, 2 * STREAM_CHUNK + 1);
    assert_int_equal(chunks_held(&f->rx), 3);
    rx_stream_cut(&f->rx, &f->pool, 2 * STREAM_CHUNK);
    assert_int_equal(chunks_held(&f->rx), 2);
    assert_int_equal(byte_at(f, 10), f->bytes[0]);
    assert_int_equal(byte_at(f, 2 * STREAM_CHUNK - 1),
                     f->bytes[2 * STREAM_CHUNK - 11]);
    rx_stream_cut(&f->rx, &f->pool, 10);
    assert_int_equal(f->pool.free_count, CHUNKS);
}

static void
the_chunk_returned_last_is_taken_first(void **state)
{
    struct fixture *f = *state;
    uint16_t first;

    assert_true(write_at(f, 0, 10));
    first = f->rx.chunk[0];
    rx_stream_free(&f->rx, &f->pool, 10, 10);
    assert_true(write_at(f, 10, 10));
    assert_int_equal(f->rx.chunk[0], first);
}

static void
consumed_chunks_return_and_the_rest_stays(void **state)
{
    struct fixture *f = *state;

    assert_true(write_at(f, 0, 3 * STREAM_CHUNK));
    rx_stream_free(&f->rx, &f->pool, 2 * STREAM_CHUNK + 5, 3 * STREAM_CHUNK);
    assert_int_equal(chunks_held(&f->rx), 1);
    assert_int_equal(f->rx.freed, 2 * STREAM_CHUNK + 5);
    assert_int_equal(byte_at(f, 2 * STREAM_CHUNK + 5),
                     f->bytes[2 * STREAM_CHUNK + 5]);
}

static void
the_last_chunk_returns_when_nothing_lies_beyond(void **state)
{
    struct fixture *f = *state;

    assert_true(write_at(f, 0, 100));
    rx_stream_free(&f->rx, &f->pool, 100, 200);
    assert_int_equal(chunks_held(&f->rx), 1);
    rx_stream_free(&f->rx, &f->pool, 100, 100);
    assert_int_equal(chunks_held(&f->rx), 0);
    assert_int_equal(f->pool.free_count, CHUNKS);
}

static void
close_returns_every_chunk(void **state)
{
    struct fixture *f = *state;

    assert_true(write_at(f, 7, 10 * STREAM_CHUNK));
    assert_true(write_at(f, 20 * STREAM_CHUNK, 1));
    rx_stream_close(&f->rx, &f->pool);
    assert_int_equal(f->pool.free_count, CHUNKS);
    assert_int_equal(chunks_held(&f->rx), 0);
}

static void
a_copy_gathers_across_the_end_of_the_chunk_table(void **state)
{
    struct fixture *f = *state;
    struct tx_stream tx = {.base = f->bytes};
    uint8_t out[8];
    uint64_t wrap = (uint64_t)STREAM_CHUNKS * STREAM_CHUNK;

    tx.chunk[STREAM_CHUNKS - 1] = 3;
    tx.chunk[0] = 1;
    tx_stream_copy(&tx, wrap - 4, sizeof out, out);
    assert_memory_equal(out, f->bytes + 4 * STREAM_CHUNK - 4, 4);
    assert_memory_equal(out + 4, f->bytes + STREAM_CHUNK, 4);
}

static void
bytes_without_a_chunk_are_zero(void **state)
{
    struct fixture *f = *state;
    struct tx_stream tx = {.base = f->bytes};
    uint8_t out[8];

    memset(out, 1, sizeof out);
    memset(tx.chunk, 0xff, sizeof tx.chunk);
    tx.chunk[0] = 0;
    tx_stream_copy(&tx, STREAM_CHUNK - 4, sizeof out, out);
    assert_memory_equal(out, f->bytes + STREAM_CHUNK - 4, 4);
    assert_memory_equal(out + 4, "\0\0\0\0", 4);
}

/* The byte that a stream has at `offset`. */
static uint8_t
pattern(uint64_t offset)
{
    return (uint8_t)(offset * 31 + offset / 509);
}

static void
fill(uint8_t *to, uint64_t offset, uint32_t len)
{
    for (uint32_t i = 0; i < len; i++)
        to[i] = pattern(offset + i);
}

static void
random_writes_in_any_order_read_back_exactly(void **state)
{
    struct fixture *f = *state;
    uint64_t seed = (uint64_t)time(NULL);
    struct rng r;
    uint64_t end = 0;

    print_message("seed %llu\n", (unsigned long long)seed);
    rng_seed(&r, seed);
    for (int round = 0; round < 300; round++) {
        uint32_t len = 1 + (uint32_t)rng_below(&r, 3 * STREAM_CHUNK);
        uint32_t half = (uint32_t)rng_below(&r, len);

        fill(f->bytes, end, len);
        rx_stream_write(&f->rx, &f->pool, end + half, f->bytes + half,
                        len - half);
        rx_stream_write(&f->rx, &f->pool, end, f->bytes, half);
        end += len;
        for (uint64_t o = f->rx.freed; o < end; o += 1 + rng_below(&r, 4000))
            assert_int_equal(byte_at(f, o), pattern(o));
        rx_stream_free(&f->rx, &f->pool,
                       f->rx.freed + rng_below(&r, end - f->rx.freed + 1), end);
        if (end - f->rx.freed > STREAM_SPAN / 2)
            rx_stream_free(&f->rx, &f->pool, end, end);
        assert_int_equal(f->pool.free_count + chunks_held(&f->rx), CHUNKS);
    }
}

int
main(void)
{
#define T(claim) cmocka_unit_test_setup_teardown(claim, setup, teardown)
    const struct CMUnitTest tests[] = {
        T(a_write_takes_one_chunk_and_later_ones_use_it),
        T(an_empty_write_takes_nothing),
        T(a_write_across_a_boundary_lands_in_both_chunks),
        T(the_whole_span_can_be_stored_from_any_offset),
        T(an_empty_pool_refuses_and_keeps_what_it_has),
        T(room_ends_with_the_chunks_that_may_be_taken),
        T(room_ends_with_the_span),
        T(what_is_cut_off_gives_its_chunks_back),
        T(the_chunk_returned_last_is_taken_first),
        T(consumed_chunks_return_and_the_rest_stays),
        T(the_last_chunk_returns_when_nothing_lies_beyond),
        T(close_returns_every_chunk),
        T(a_copy_gathers_across_the_end_of_the_chunk_table),
        T(bytes_without_a_chunk_are_zero),
        T(random_writes_in_any_order_read_back_exactly),
    };
#undef T

    return cmocka_run_group_tests(tests, NULL, NULL);
}
