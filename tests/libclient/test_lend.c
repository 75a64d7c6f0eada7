/* SPDX-License-Identifier: MIT */
/* Without a copy: what is lent, committed, abandoned, peeked at and consumed; and
 * the chunks behind it. */
#include "tests/libclient/fixture.h"

#define BASE (3u * CHUNK)

static size_t
total(const struct iovec *iov, int count)
{
    size_t n = 0;

    for (int i = 0; i < count; i++)
        n += iov[i].iov_len;
    return n;
}

static void
fill(const struct iovec *iov, int count, uint8_t first)
{
    for (int i = 0; i < count; i++)
        for (size_t j = 0; j < iov[i].iov_len; j++)
            ((uint8_t *)iov[i].iov_base)[j] = first++;
}

static void
reserved_bytes_are_sent_when_they_are_committed(void **state)
{
    struct fake *f = *state;
    struct slot_view v;
    int h = fake_connected(f, &v, BASE), count = 4;
    struct iovec iov[4];

    assert_int_equal(skink_send(f->s, h, "abc", 3, 0), 3);
    assert_int_equal(skink_reserve(f->s, h, 2 * CHUNK, iov, &count), 2 * CHUNK);
    assert_int_equal(count, 3);
    assert_int_equal(total(iov, count), 2 * CHUNK);
    fill(iov, count, 7);
    assert_int_equal(fake_hear(f, 0).write_end, BASE + 3);
    assert_int_equal(skink_commit(f->s, h, CHUNK), 0);
    assert_int_equal(fake_hear(f, 0).write_end, BASE + 3 + CHUNK);
    for (uint64_t i = 0; i < CHUNK; i++)
        assert_int_equal(fake_sent_byte(f, 0, BASE + 3 + i), (7 + i) % 256);
    assert_int_equal(f->s->free_chunks, CLIENT_CHUNKS - 2);
}

static void
reserving_again_gives_the_same_room(void **state)
{
    struct fake *f = *state;
    struct slot_view v;
    int h = fake_connected(f, &v, BASE), count = 1;
    struct iovec a, b;

    assert_int_equal(skink_reserve(f->s, h, 100, &a, &count), 100);
    fill(&a, 1, 0);
    assert_int_equal(skink_reserve(f->s, h, CHUNK, &b, &count), CHUNK);
    assert_ptr_equal(a.iov_base, b.iov_base);
    assert_int_equal(((uint8_t *)b.iov_base)[99], 99);
    assert_int_equal(skink_commit(f->s, h, CHUNK), 0);
}

static void
more_than_was_reserved_is_not_committed(void **state)
{
    struct fake *f = *state;
    struct slot_view v;
    int h = fake_connected(f, &v, BASE), count = 1;
    struct iovec iov;

    assert_int_equal(skink_commit(f->s, h, 1), -EINVAL);
    assert_int_equal(skink_reserve(f->s, h, 100, &iov, &count), 100);
    assert_int_equal(skink_commit(f->s, h, 101), -EINVAL);
    assert_int_equal(skink_commit(f->s, h, 60), 0);
    assert_int_equal(skink_commit(f->s, h, 40), -EINVAL);
    assert_int_equal(fake_hear(f, 0).write_end, BASE + 60);
}

static void
an_abandoned_reservation_costs_no_chunk_after_the_next_send(void **state)
{
    struct fake *f = *state;
    struct slot_view v;
    int h = fake_connected(f, &v, BASE), count = 30;
    struct iovec iov[30];

    assert_int_equal(skink_reserve(f->s, h, 20 * CHUNK, iov, &count),
                     20 * CHUNK);
    assert_int_equal(f->s->free_chunks, CLIENT_CHUNKS - 20);
    assert_int_equal(skink_send(f->s, h, "abc", 3, 0), 3);
    assert_int_equal(f->s->free_chunks, CLIENT_CHUNKS - 1);
    assert_int_equal(skink_commit(f->s, h, 3), -EINVAL);
    v.freed += 3;
    fake_show(f, 0, v);
    fake_poll(f, h);
    assert_int_equal(f->s->free_chunks, CLIENT_CHUNKS);
}

static void
committing_nothing_and_closing_give_everything_back(void **state)
{
    struct fake *f = *state;
    struct slot_view v;
    int a = fake_connected(f, &v, BASE), b = fake_connected(f, &v, BASE);
    struct iovec iov[4];
    int count = 4;

    assert_true(skink_reserve(f->s, a, CHUNK, iov, &count) > 0);
    count = 4;
    assert_true(skink_reserve(f->s, b, CHUNK, iov, &count) > 0);
    assert_int_equal(f->s->free_chunks, CLIENT_CHUNKS - 2);
    assert_int_equal(skink_commit(f->s, a, 0), 0);
    assert_int_equal(f->s->free_chunks, CLIENT_CHUNKS - 1);
    assert_int_equal(skink_close(f->s, b), 0);
    assert_int_equal(f->s->free_chunks, CLIENT_CHUNKS);
}

static void
an_acknowledgement_does_not_take_reserved_room_away(void **state)
{
    struct fake *f = *state;
    struct slot_view v;
    int h = fake_connected(f, &v, BASE), other = fake_connected(f, &v, 0);
    int count = 1;
    struct iovec iov;
    uint8_t byte = 9;

    assert_int_equal(skink_send(f->s, h, "abc", 3, 0), 3);
    assert_int_equal(skink_reserve(f->s, h, 10, &iov, &count), 10);
    fill(&iov, 1, 1);
    v = (struct slot_view){.state = SLOT_OPEN,
                           .read_limit = BASE,
                           .freed = BASE + 3,
                           .send_limit = BASE + 3 + SEND_BUFFER};
    fake_show(f, 0, v);
    fake_poll(f, h);
    assert_int_equal(skink_send(f->s, other, &byte, 1, 0), 1);
    assert_int_equal(skink_commit(f->s, h, 10), 0);
    for (uint64_t i = 0; i < 10; i++)
        assert_int_equal(fake_sent_byte(f, 0, BASE + 3 + i), 1 + i);
}

static void
without_room_or_chunks_reserving_says_eagain(void **state)
{
    struct fake *f = *state;
    struct slot_view v;
    int h = fake_connected(f, &v, BASE), count = 2;
    uint32_t all = f->s->free_chunks;
    struct iovec iov[2];

    f->s->free_chunks = 1;
    assert_int_equal(skink_reserve(f->s, h, 2 * CHUNK, iov, &count), CHUNK);
    assert_int_equal(skink_commit(f->s, h, CHUNK), 0);
    count = 2;
    assert_int_equal(skink_reserve(f->s, h, 1, iov, &count), -EAGAIN);
    f->s->free_chunks = all - 1;
    v.send_limit = BASE + CHUNK;
    fake_show(f, 0, v);
    fake_poll(f, h);
    count = 2;
    assert_int_equal(skink_reserve(f->s, h, 1, iov, &count), -EAGAIN);
}

static void
after_the_end_nothing_is_lent(void **state)
{
    struct fake *f = *state;
    struct slot_view v;
    int h = fake_connected(f, &v, BASE), count = 1;
    int fresh = skink_socket(f->s, AF_INET, SOCK_STREAM, 0);
    struct iovec iov;

    assert_int_equal(skink_reserve(f->s, fresh, 1, &iov, &count), -EPIPE);
    assert_int_equal(skink_peek(f->s, fresh, &iov, &count), -ENOTCONN);
    assert_int_equal(skink_reserve(f->s, h, 1, &iov, &count), 1);
    assert_int_equal(skink_shutdown(f->s, h, SHUT_WR), 0);
    assert_int_equal(skink_commit(f->s, h, 1), -EPIPE);
    assert_int_equal(skink_reserve(f->s, h, 1, &iov, &count), -EPIPE);
    assert_int_equal(skink_reserve(f->s, h, 0, &iov, &count), -EINVAL);
    assert_int_equal(fake_hear(f, 0).write_end, 0);
}

/* Two bytes before the end of a chunk, in both directions. */
static int
connected_near_the_end_of_a_chunk(struct fake *f, struct slot_view *v)
{
    static uint8_t bytes[CHUNK - 2];
    int h = fake_connected(f, v, BASE);

    assert_int_equal(skink_send(f->s, h, bytes, sizeof bytes, 0), sizeof bytes);
    fake_deliver(f, 0, v, 5, bytes, sizeof bytes);
    assert_int_equal(skink_recv(f->s, h, bytes, sizeof bytes, 0), sizeof bytes);
    return h;
}

static void
peeked_bytes_lie_where_tcpd_put_them_until_consumed(void **state)
{
    struct fake *f = *state;
    struct slot_view v;
    int h = connected_near_the_end_of_a_chunk(f, &v), count = 4;
    struct iovec iov[4];

    assert_int_equal(skink_peek(f->s, h, iov, &count), -EAGAIN);
    fake_deliver(f, 0, &v, 5, "ab", 2);
    fake_deliver(f, 0, &v, 3, "cd", 2);
    for (int i = 0; i < 2; i++) {
        count = 4;
        assert_int_equal(skink_peek(f->s, h, iov, &count), 4);
        assert_int_equal(count, 2);
        assert_memory_equal(iov[0].iov_base, "ab", 2);
        assert_memory_equal(iov[1].iov_base, "cd", 2);
    }
    assert_int_equal(skink_consume(f->s, h, 5), -EINVAL);
    assert_int_equal(skink_consume(f->s, h, 3), 0);
    assert_int_equal(fake_hear(f, 0).read_end, BASE + CHUNK + 1);
    count = 4;
    assert_int_equal(skink_peek(f->s, h, iov, &count), 1);
    assert_memory_equal(iov[0].iov_base, "d", 1);
    v.flags = SLOT_FIN;
    fake_show(f, 0, v);
    assert_int_equal(skink_consume(f->s, h, 1), 0);
    assert_int_equal(skink_peek(f->s, h, iov, &count), 0);
}

static void
few_pieces_mean_few_bytes(void **state)
{
    struct fake *f = *state;
    struct slot_view v;
    int h = connected_near_the_end_of_a_chunk(f, &v), count = 1;
    struct iovec iov;

    fake_deliver(f, 0, &v, 5, "ab", 2);
    fake_deliver(f, 0, &v, 3, "cd", 2);
    assert_int_equal(skink_peek(f->s, h, &iov, &count), 2);
    assert_int_equal(count, 1);
    assert_int_equal(skink_reserve(f->s, h, CHUNK, &iov, &count), 2);
    count = 0;
    assert_int_equal(skink_peek(f->s, h, &iov, &count), -EINVAL);
}

static void
what_was_peeked_at_and_then_lost_is_not_consumed(void **state)
{
    struct fake *f = *state;
    struct slot_view v;
    int h = fake_connected(f, &v, BASE), count = 1;
    struct iovec iov;

    fake_deliver(f, 0, &v, 0, "abc", 3);
    assert_int_equal(skink_peek(f->s, h, &iov, &count), 3);
    client_word_store(&f->shm->epoch, 2);
    v.state = SLOT_DEAD;
    v.freed = v.send_limit;
    fake_show(f, 0, v);
    assert_int_equal(skink_consume(f->s, h, 3), -ECONNRESET);
}

static void
a_chunk_that_there_is_not_ends_the_connection(void **state)
{
    struct fake *f = *state;
    struct slot_view v;
    int h = fake_connected(f, &v, BASE), count = 1;
    struct iovec iov;

    client_chunk_store(f->shm->slot[0].chunk, BASE, CLIENT_CHUNKS);
    v.read_limit += 8;
    fake_show(f, 0, v);
    assert_int_equal(skink_peek(f->s, h, &iov, &count), -ECONNRESET);
}

int
main(void)
{
#define TEST(claim)                                                            \
    cmocka_unit_test_setup_teardown(claim, fake_setup, fake_teardown)
    const struct CMUnitTest tests[] = {
        TEST(reserved_bytes_are_sent_when_they_are_committed),
        TEST(reserving_again_gives_the_same_room),
        TEST(more_than_was_reserved_is_not_committed),
        TEST(an_abandoned_reservation_costs_no_chunk_after_the_next_send),
        TEST(committing_nothing_and_closing_give_everything_back),
        TEST(an_acknowledgement_does_not_take_reserved_room_away),
        TEST(without_room_or_chunks_reserving_says_eagain),
        TEST(after_the_end_nothing_is_lent),
        TEST(peeked_bytes_lie_where_tcpd_put_them_until_consumed),
        TEST(few_pieces_mean_few_bytes),
        TEST(what_was_peeked_at_and_then_lost_is_not_consumed),
        TEST(a_chunk_that_there_is_not_ends_the_connection),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
