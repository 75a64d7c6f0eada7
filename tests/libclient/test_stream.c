/* SPDX-License-Identifier: MIT */
/* Bytes through chunks: order, limits, ownership, and a tcpd that lies. */
#include "tests/libclient/fixture.h"

#include <netinet/tcp.h>

#define BASE (3u * CHUNK)

static uint8_t pattern[4 * CHUNK];

static void
fill_pattern(void)
{
    for (size_t i = 0; i < sizeof pattern; i++)
        pattern[i] = (uint8_t)(i * 7 + i / 251);
}

static void
sent_bytes_lie_in_the_chunks_in_order(void **state)
{
    struct fake *f = *state;
    struct slot_view v;
    int h = fake_connected(f, &v, BASE);
    size_t len = 2 * CHUNK + 100;

    assert_int_equal(skink_send(f->s, h, pattern, len, 0), (int)len);
    assert_int_equal(fake_hear(f, 0).write_end, BASE + len);
    for (size_t i = 0; i < len; i++)
        assert_int_equal(fake_sent_byte(f, 0, BASE + i), pattern[i]);
}

static void
one_send_makes_one_work_entry_until_it_is_taken(void **state)
{
    struct fake *f = *state;
    struct slot_view v;
    int h = fake_connected(f, &v, BASE);

    assert_int_equal(skink_send(f->s, h, pattern, 3 * CHUNK, 0), 3 * CHUNK);
    assert_int_equal(skink_send(f->s, h, pattern, 10, 0), 10);
    assert_int_equal(client_queue_ready(&f->heard->work, 0), 1);
    client_word_store(&f->shm->work_head, 1);
    assert_int_equal(skink_send(f->s, h, pattern, 10, 0), 10);
    assert_int_equal(client_queue_ready(&f->heard->work, 0), 2);
}

static void
tcpd_is_rung_only_when_it_sleeps(void **state)
{
    struct fake *f = *state;
    struct cnc_shm *tcpd = cnc_of(&f->tcpd);
    struct slot_view v;
    int h = fake_connected(f, &v, BASE);
    char byte;

    assert_int_equal(skink_send(f->s, h, pattern, 10, 0), 10);
    assert_int_equal(recv(f->connection, &byte, 1, MSG_DONTWAIT), -1);
    client_word_store(&f->shm->work_head, 1);
    client_flag_store(&tcpd->sleeping, 1);
    assert_int_equal(skink_send(f->s, h, pattern, 10, 0), 10);
    assert_int_equal(recv(f->connection, &byte, 1, MSG_DONTWAIT), 1);
}

static void
sending_stops_at_the_limit_and_goes_on_when_a_third_is_free(void **state)
{
    struct fake *f = *state;
    struct slot_view v;
    int h = fake_connected(f, &v, BASE);
    uint64_t sent = 0;
    ssize_t n;

    while ((n = skink_send(f->s, h, pattern, sizeof pattern, 0)) > 0)
        sent += (uint64_t)n;
    assert_int_equal(n, -EAGAIN);
    assert_int_equal(sent, SEND_BUFFER);
    assert_int_equal(fake_poll(f, h) & SKINK_OUT, 0);
    v.freed += SEND_BUFFER / 4;
    v.send_limit += SEND_BUFFER / 4;
    fake_show(f, 0, v);
    assert_int_equal(fake_poll(f, h) & SKINK_OUT, 0);
    v.freed += SEND_BUFFER / 4;
    v.send_limit += SEND_BUFFER / 4;
    fake_show(f, 0, v);
    assert_int_equal(fake_poll(f, h) & SKINK_OUT, SKINK_OUT);
}

static void
acknowledged_chunks_are_free_and_an_idle_stream_has_none(void **state)
{
    struct fake *f = *state;
    struct slot_view v;
    int h = fake_connected(f, &v, BASE);

    assert_int_equal(skink_send(f->s, h, pattern, 3 * CHUNK + 5, 0),
                     3 * CHUNK + 5);
    assert_int_equal(f->s->free_chunks, CLIENT_CHUNKS - 4);
    v.freed = BASE + CHUNK + 1;
    fake_show(f, 0, v);
    fake_poll(f, h);
    assert_int_equal(f->s->free_chunks, CLIENT_CHUNKS - 3);
    v.freed = BASE + 3 * CHUNK + 5;
    fake_show(f, 0, v);
    fake_poll(f, h);
    assert_int_equal(f->s->free_chunks, CLIENT_CHUNKS);
    assert_int_equal(skink_send(f->s, h, "x", 1, 0), 1);
    assert_int_equal(fake_sent_byte(f, 0, BASE + 3 * CHUNK + 5), 'x');
}

static void
without_chunks_nobody_is_writable_until_one_is_free(void **state)
{
    struct fake *f = *state;
    struct slot_view v;
    struct skink_event e;
    int h = fake_connected(f, &v, BASE);
    uint32_t all = f->s->free_chunks;

    f->s->free_chunks = 1;
    assert_int_equal(skink_send(f->s, h, pattern, 2 * CHUNK, 0), CHUNK);
    assert_int_equal(skink_send(f->s, h, pattern, 1, 0), -EAGAIN);
    assert_int_equal(skink_watch(f->s, h, SKINK_OUT, 5), 0);
    assert_int_equal(skink_wait(f->s, &e, 1, 0), 0);
    v.freed = BASE + CHUNK;
    fake_show(f, 0, v);
    assert_int_equal(skink_wait(f->s, &e, 1, 0), 1);
    assert_int_equal(e.user, 5);
    f->s->free_chunks = all;
}

static void
received_bytes_cross_chunks_and_vectors(void **state)
{
    struct fake *f = *state;
    struct slot_view v;
    int h = fake_connected(f, &v, BASE);
    static uint8_t a[CHUNK - 3], b[CHUNK];
    const struct iovec iov[] = {{a, sizeof a}, {NULL, 0}, {b, sizeof b}};

    fake_deliver(f, 0, &v, 895, pattern, CHUNK);
    fake_deliver(f, 0, &v, 4, pattern + CHUNK, 100);
    assert_int_equal(skink_recvv(f->s, h, iov, 3, 0), CHUNK + 100);
    assert_memory_equal(a, pattern, sizeof a);
    assert_memory_equal(b, pattern + sizeof a, 103);
    assert_int_equal(fake_hear(f, 0).read_end, BASE + CHUNK + 100);
    assert_int_equal(skink_recv(f->s, h, a, 1, 0), -EAGAIN);
}

static void
peek_leaves_the_bytes_and_trunc_throws_them_away(void **state)
{
    struct fake *f = *state;
    struct slot_view v;
    int h = fake_connected(f, &v, BASE);
    char c[4] = "";

    fake_deliver(f, 0, &v, 0, "abcdef", 6);
    assert_int_equal(skink_recv(f->s, h, c, 3, MSG_PEEK), 3);
    assert_memory_equal(c, "abc", 3);
    assert_int_equal(fake_hear(f, 0).read_end, 0);
    assert_int_equal(skink_recv(f->s, h, NULL, 2, MSG_TRUNC), 2);
    assert_int_equal(skink_recv(f->s, h, c, 4, 0), 4);
    assert_memory_equal(c, "cdef", 4);
}

static void
reading_is_told_when_a_chunk_was_read_or_before_waiting(void **state)
{
    struct fake *f = *state;
    struct slot_view v;
    int h = fake_connected(f, &v, BASE);
    static uint8_t buf[CHUNK];

    fake_deliver(f, 0, &v, 0, pattern, CHUNK);
    fake_deliver(f, 0, &v, 1, pattern, 10);
    assert_int_equal(skink_recv(f->s, h, buf, 100, 0), 100);
    assert_int_equal(client_queue_ready(&f->heard->work, 0), 0);
    fake_poll(f, h);
    assert_int_equal(client_queue_ready(&f->heard->work, 0), 1);
    client_word_store(&f->shm->work_head, 1);
    assert_int_equal(skink_recv(f->s, h, buf, CHUNK, 0), CHUNK - 90);
}

static void
a_chunk_number_out_of_range_costs_the_connection_alone(void **state)
{
    struct fake *f = *state;
    struct slot_view v;
    int h = fake_connected(f, &v, BASE);
    char c[8];

    client_chunk_store(f->shm->slot[0].chunk, BASE, CLIENT_CHUNKS);
    v.read_limit += 8;
    fake_show(f, 0, v);
    assert_int_equal(skink_recv(f->s, h, c, 8, 0), -ECONNRESET);
    assert_int_equal(skink_recv(f->s, h, c, 8, 0), 0);
    assert_int_equal(skink_send(f->s, h, c, 8, 0), -EPIPE);
}

static void
cursors_that_jump_or_go_back_cost_the_connection(void **state)
{
    struct fake *f = *state;
    struct slot_view v;
    int h = fake_connected(f, &v, BASE);
    char c[8];

    v.read_limit = BASE + 65u * CHUNK;
    fake_show(f, 0, v);
    assert_int_equal(skink_recv(f->s, h, c, 8, 0), -ECONNRESET);
    h = fake_connected(f, &v, BASE);
    assert_int_equal(skink_send(f->s, h, pattern, 10, 0), 10);
    v.freed = BASE + 10;
    fake_show(f, 1, v);
    fake_poll(f, h);
    v.freed = BASE + 5;
    fake_show(f, 1, v);
    assert_int_equal(fake_poll(f, h) & SKINK_ERR, SKINK_ERR);
}

static void
an_acknowledgement_of_what_was_not_sent_is_cut_off(void **state)
{
    struct fake *f = *state;
    struct slot_view v;
    int h = fake_connected(f, &v, BASE);

    v.freed = BASE + 100u * CHUNK;
    v.send_limit = UINT64_MAX;
    fake_show(f, 0, v);
    fake_poll(f, h);
    assert_int_equal(f->s->free_chunks, CLIENT_CHUNKS);
    assert_int_equal(skink_send(f->s, h, pattern, 10, 0), 10);
}

/* The connection is over, and its chunks are others' now. */
static void
show_lost(struct fake *f, const struct slot_view *v)
{
    struct slot_view lost = *v;

    lost.state = SLOT_DEAD;
    lost.flags = SLOT_RESET | SLOT_NO_SEND;
    lost.error = ECONNRESET;
    lost.send_limit = lost.freed = v->send_limit;
    client_word_store(&f->shm->epoch, 2);
    fake_show(f, 0, lost);
}

static void
bytes_of_a_new_tcpd_are_not_taken_for_ours(void **state)
{
    struct fake *f = *state;
    struct slot_view v;
    int h = fake_connected(f, &v, BASE);
    struct sock *k = sock_of(f->s, h);
    char c[8];
    const struct iovec iov = {c, sizeof c};

    fake_deliver(f, 0, &v, 0, "old", 3);
    assert_int_equal(fake_poll(f, h) & SKINK_IN, SKINK_IN);
    show_lost(f, &v); /* between the look and the copy */
    assert_int_equal(stream_recv(f->s, k, &iov, 1, 0, 0), -ECONNRESET);
}

static void
a_connection_that_survives_a_tcpd_goes_on(void **state)
{
    struct fake *f = *state;
    struct slot_view v;
    int h = fake_connected(f, &v, BASE);
    char c[8];

    fake_deliver(f, 0, &v, 0, "abc", 3);
    assert_int_equal(skink_send(f->s, h, "x", 1, 0), 1);
    client_word_store(&f->shm->epoch, 2);
    fake_show(f, 0, v);
    assert_int_equal(skink_recv(f->s, h, c, 8, 0), 3);
    fake_deliver(f, 0, &v, 0, "def", 3);
    assert_int_equal(skink_recv(f->s, h, c, 8, 0), 3);
    assert_memory_equal(c, "def", 3);
    assert_int_equal(skink_send(f->s, h, "y", 1, 0), 1);
    assert_int_equal(fake_hear(f, 0).write_end, BASE + 2);
}

static void
a_reset_with_a_full_send_buffer_leaves_what_arrived(void **state)
{
    struct fake *f = *state;
    struct slot_view v;
    int h = fake_connected(f, &v, BASE);
    char c[8];

    while (skink_send(f->s, h, pattern, sizeof pattern, 0) > 0)
        continue;
    v.state = SLOT_DEAD;
    v.flags = SLOT_RESET | SLOT_NO_SEND;
    v.error = ECONNRESET;
    v.freed = v.send_limit;
    fake_deliver(f, 0, &v, 0, "last", 4);
    assert_int_equal(skink_recv(f->s, h, c, 8, 0), 4);
    assert_int_equal(skink_recv(f->s, h, c, 8, 0), -ECONNRESET);
}

static void
more_holds_back_less_than_a_segment_until_the_next_send(void **state)
{
    struct fake *f = *state;
    struct slot_view v;
    int h = fake_connected(f, &v, BASE);

    assert_int_equal(skink_send(f->s, h, pattern, 100, MSG_MORE), 100);
    assert_int_equal(fake_hear(f, 0).write_end, 0);
    assert_int_equal(skink_send(f->s, h, pattern, 1400, MSG_MORE), 1400);
    assert_int_equal(fake_hear(f, 0).write_end, BASE + 1448);
    assert_int_equal(skink_send(f->s, h, pattern, 1, 0), 1);
    assert_int_equal(fake_hear(f, 0).write_end, BASE + 1501);
}

static void
what_is_held_back_is_shown_when_its_time_is_over(void **state)
{
    struct fake *f = *state;
    struct slot_view v;
    int h = fake_connected(f, &v, BASE);
    struct skink_event e;

    assert_int_equal(skink_send(f->s, h, "x", 1, MSG_MORE), 1);
    assert_int_equal(skink_wait(f->s, &e, 1, 0), 0);
    assert_int_equal(fake_hear(f, 0).write_end, 0);
    sock_of(f->s, h)->held_at = (instant_t){0};
    assert_int_equal(skink_wait(f->s, &e, 1, 0), 0);
    assert_int_equal(fake_hear(f, 0).write_end, BASE + 1);
}

static void
whoever_waits_shows_what_is_held_back_in_time(void **state)
{
    struct fake *f = *state;
    struct slot_view v;
    int h = fake_connected(f, &v, BASE);
    struct skink_event e;

    assert_int_equal(skink_send(f->s, h, "x", 1, MSG_MORE), 1);
    sock_of(f->s, h)->held_at.ns -= 190000000;
    assert_int_equal(skink_wait(f->s, &e, 1, 80), 0);
    assert_int_equal(fake_hear(f, 0).write_end, BASE + 1);
}

static void
shutdown_and_close_show_what_is_held_back(void **state)
{
    struct fake *f = *state;
    struct slot_view v;
    int a = fake_connected(f, &v, BASE), b = fake_connected(f, &v, BASE);

    assert_int_equal(skink_send(f->s, a, "x", 1, MSG_MORE), 1);
    assert_int_equal(skink_send(f->s, b, "x", 1, MSG_MORE), 1);
    assert_int_equal(skink_shutdown(f->s, a, SHUT_WR), 0);
    assert_int_equal(skink_close(f->s, b), 0);
    assert_int_equal(fake_hear(f, 0).write_end, BASE + 1);
    assert_int_equal(fake_hear(f, 1).write_end, BASE + 1);
    assert_int_equal(fake_hear(f, 1).flags, CLIENT_CLOSE);
}

static void
a_corked_connection_shows_whole_segments_until_it_is_uncorked(void **state)
{
    struct fake *f = *state;
    struct slot_view v;
    int h = fake_connected(f, &v, BASE), on = 1, off = 0;

    assert_int_equal(
        skink_setsockopt(f->s, h, IPPROTO_TCP, TCP_CORK, &on, sizeof on), 0);
    assert_int_equal(skink_send(f->s, h, pattern, 1500, 0), 1500);
    assert_int_equal(fake_hear(f, 0).write_end, BASE + 1448);
    assert_int_equal(
        skink_setsockopt(f->s, h, IPPROTO_TCP, TCP_CORK, &off, sizeof off), 0);
    assert_int_equal(fake_hear(f, 0).write_end, BASE + 1500);
}

int
main(void)
{
#define TEST(claim)                                                            \
    cmocka_unit_test_setup_teardown(claim, fake_setup, fake_teardown)
    const struct CMUnitTest tests[] = {
        TEST(sent_bytes_lie_in_the_chunks_in_order),
        TEST(one_send_makes_one_work_entry_until_it_is_taken),
        TEST(tcpd_is_rung_only_when_it_sleeps),
        TEST(sending_stops_at_the_limit_and_goes_on_when_a_third_is_free),
        TEST(acknowledged_chunks_are_free_and_an_idle_stream_has_none),
        TEST(without_chunks_nobody_is_writable_until_one_is_free),
        TEST(received_bytes_cross_chunks_and_vectors),
        TEST(peek_leaves_the_bytes_and_trunc_throws_them_away),
        TEST(reading_is_told_when_a_chunk_was_read_or_before_waiting),
        TEST(a_chunk_number_out_of_range_costs_the_connection_alone),
        TEST(cursors_that_jump_or_go_back_cost_the_connection),
        TEST(an_acknowledgement_of_what_was_not_sent_is_cut_off),
        TEST(bytes_of_a_new_tcpd_are_not_taken_for_ours),
        TEST(a_connection_that_survives_a_tcpd_goes_on),
        TEST(a_reset_with_a_full_send_buffer_leaves_what_arrived),
        TEST(more_holds_back_less_than_a_segment_until_the_next_send),
        TEST(what_is_held_back_is_shown_when_its_time_is_over),
        TEST(whoever_waits_shows_what_is_held_back_in_time),
        TEST(shutdown_and_close_show_what_is_held_back),
        TEST(a_corked_connection_shows_whole_segments_until_it_is_uncorked),
    };

    fill_pattern();
    return cmocka_run_group_tests(tests, NULL, NULL);
}
