/* SPDX-License-Identifier: MIT */
/* Handles and slots: accepting, ends, errors told once, and closing. */
#include "tests/libclient/fixture.h"

#define GIVEN CLIENT_OWN /* the first slot that tcpd gives */

static void
a_closed_handle_is_bad_and_so_is_its_number_in_the_next_use(void **state)
{
    struct fake *f = *state;
    int a = skink_socket(f->s, AF_INET, SOCK_STREAM, 0);
    int b;

    assert_int_equal(skink_close(f->s, a), 0);
    assert_int_equal(skink_close(f->s, a), -EBADF);
    b = skink_socket(f->s, AF_INET, SOCK_STREAM, 0);
    assert_int_equal(a % CLIENT_SLOTS, b % CLIENT_SLOTS);
    assert_int_not_equal(a, b);
    assert_int_equal(skink_shutdown(f->s, a, SHUT_WR), -EBADF);
    assert_int_equal(skink_shutdown(f->s, b, SHUT_WR), -ENOTCONN);
}

static void
only_stream_sockets_of_ipv4_are_made(void **state)
{
    struct fake *f = *state;

    assert_int_equal(skink_socket(f->s, AF_INET6, SOCK_STREAM, 0),
                     -EAFNOSUPPORT);
    assert_int_equal(skink_socket(f->s, AF_INET, SOCK_DGRAM, 0),
                     -EPROTONOSUPPORT);
    for (int i = 0; i < CLIENT_OWN; i++)
        assert_true(skink_socket(f->s, AF_INET, SOCK_STREAM, 0) >= 0);
    assert_int_equal(skink_socket(f->s, AF_INET, SOCK_STREAM, 0), -EMFILE);
}

static void
queued_connections_are_accepted_in_order_and_claimed(void **state)
{
    struct fake *f = *state;
    int listener = fake_listener(f);
    struct sockaddr_in peer;
    socklen_t len = sizeof peer;
    int h;

    assert_int_equal(skink_accept(f->s, listener, NULL, NULL, 0), -EAGAIN);
    for (uint32_t i = 0; i < 2; i++) {
        fake_open(f, GIVEN + i, SLOT_QUEUED, 0);
        f->shm->slot[GIVEN + i].parent = 0;
    }
    assert_int_equal(fake_poll(f, listener), SKINK_IN);
    h = skink_accept(f->s, listener, (struct sockaddr *)&peer, &len, 0);
    assert_int_equal(h % CLIENT_SLOTS, GIVEN);
    assert_int_equal(ntohs(peer.sin_port), 4000);
    assert_int_equal(fake_hear(f, GIVEN).flags, CLIENT_CLAIMED);
    h = skink_accept(f->s, listener, NULL, NULL, 0);
    assert_int_equal(h % CLIENT_SLOTS, GIVEN + 1);
    assert_int_equal(skink_accept(f->s, listener, NULL, NULL, 0), -EAGAIN);
}

static void
a_connection_without_listener_is_reset(void **state)
{
    struct fake *f = *state;

    fake_open(f, GIVEN, SLOT_QUEUED, 0);
    f->shm->slot[GIVEN].parent = 77;
    fake_poll(f, -1);
    assert_int_equal(fake_hear(f, GIVEN).flags, CLIENT_CLOSE | CLIENT_ABORT);
}

static void
closing_a_listener_resets_who_waits_in_its_queue(void **state)
{
    struct fake *f = *state;
    int listener = fake_listener(f);

    fake_open(f, GIVEN, SLOT_QUEUED, 0);
    f->shm->slot[GIVEN].parent = 0;
    assert_int_equal(fake_poll(f, listener), SKINK_IN);
    assert_int_equal(skink_close(f->s, listener), 0);
    assert_int_equal(fake_hear(f, GIVEN).flags, CLIENT_CLOSE | CLIENT_ABORT);
    assert_int_equal(fake_hear(f, 0).flags, CLIENT_CLOSE);
}

static void
a_slot_is_reserved_until_tcpd_shows_the_next_generation(void **state)
{
    struct fake *f = *state;
    struct slot_view v;
    int h = fake_connected(f, &v, 0), other;

    assert_int_equal(skink_send(f->s, h, "abc", 3, 0), 3);
    assert_int_equal(skink_close(f->s, h), 0);
    assert_int_equal(fake_hear(f, 0).flags, CLIENT_CLOSE);
    other = skink_socket(f->s, AF_INET, SOCK_STREAM, 0);
    assert_int_equal(other % CLIENT_SLOTS, 1);
    assert_int_equal(f->s->free_chunks, CLIENT_CHUNKS - 1);
    fake_show(f, 0, (struct slot_view){.generation = 1, .state = SLOT_FREE});
    fake_poll(f, -1);
    assert_int_equal(f->s->free_chunks, CLIENT_CHUNKS);
    other = skink_socket(f->s, AF_INET, SOCK_STREAM, 0);
    assert_int_equal(other % CLIENT_SLOTS, 0);
}

static void
linger_zero_aborts(void **state)
{
    struct fake *f = *state;
    const struct linger now = {.l_onoff = 1, .l_linger = 0};
    struct slot_view v;
    int h = fake_connected(f, &v, 0);

    assert_int_equal(
        skink_setsockopt(f->s, h, SOL_SOCKET, SO_LINGER, &now, sizeof now), 0);
    assert_int_equal(skink_close(f->s, h), 0);
    assert_int_equal(fake_hear(f, 0).flags, CLIENT_CLOSE | CLIENT_ABORT);
}

/* Else a process that ends now would leave a FIN instead. */
static void
close_is_shown_though_the_answer_to_connect_is_missing(void **state)
{
    struct fake *f = *state;
    const struct linger now = {.l_onoff = 1, .l_linger = 0};
    struct slot_view v;
    int h = fake_connected(f, &v, 0), other;
    struct sock *k = sock_of(f->s, h);

    k->requests = 1;
    assert_int_equal(
        skink_setsockopt(f->s, h, SOL_SOCKET, SO_LINGER, &now, sizeof now), 0);
    assert_int_equal(skink_close(f->s, h), 0);
    assert_int_equal(fake_hear(f, 0).flags, CLIENT_CLOSE | CLIENT_ABORT);

    /* tcpd frees the slot; it is not used again before the answer is here. */
    v = (struct slot_view){.generation = v.generation + 1, .state = SLOT_FREE};
    fake_show(f, 0, v);
    sock_look(f->s, k);
    other = skink_socket(f->s, AF_INET, SOCK_STREAM, 0);
    assert_int_not_equal(sock_slot(f->s, sock_of(f->s, other)), 0);
    sock_answered(f->s, k, true);
    other = skink_socket(f->s, AF_INET, SOCK_STREAM, 0);
    assert_int_equal(sock_slot(f->s, sock_of(f->s, other)), 0);
}

static void
after_fin_the_rest_is_read_and_then_zero(void **state)
{
    struct fake *f = *state;
    struct slot_view v;
    int h = fake_connected(f, &v, 0);
    char c[8];

    v.flags = SLOT_FIN;
    fake_deliver(f, 0, &v, 0, "bye", 3);
    assert_int_equal(fake_poll(f, h), SKINK_IN | SKINK_RDHUP | SKINK_OUT);
    assert_int_equal(skink_recv(f->s, h, c, 8, 0), 3);
    assert_int_equal(skink_recv(f->s, h, c, 8, 0), 0);
    assert_int_equal(skink_send(f->s, h, c, 3, 0), 3);
    assert_int_equal(skink_shutdown(f->s, h, SHUT_WR), 0);
    assert_int_equal(skink_send(f->s, h, c, 3, 0), -EPIPE);
    assert_int_equal(fake_poll(f, h),
                     SKINK_IN | SKINK_RDHUP | SKINK_OUT | SKINK_HUP);
}

static void
after_rst_data_then_the_error_once_then_the_end(void **state)
{
    struct fake *f = *state;
    struct slot_view v;
    int h = fake_connected(f, &v, 0);
    char c[8];

    v.state = SLOT_DEAD;
    v.flags = SLOT_RESET | SLOT_NO_SEND;
    v.error = ECONNRESET;
    fake_deliver(f, 0, &v, 0, "last", 4);
    assert_int_equal(fake_poll(f, h), SKINK_IN | SKINK_RDHUP | SKINK_OUT |
                                          SKINK_HUP | SKINK_ERR);
    assert_int_equal(skink_recv(f->s, h, c, 8, 0), 4);
    assert_int_equal(skink_recv(f->s, h, c, 8, 0), -ECONNRESET);
    assert_int_equal(skink_recv(f->s, h, c, 8, 0), 0);
    assert_int_equal(skink_send(f->s, h, c, 8, 0), -EPIPE);
    assert_int_equal(fake_poll(f, h) & SKINK_ERR, 0);
}

static void
so_error_is_read_once(void **state)
{
    struct fake *f = *state;
    struct slot_view v = {.state = SLOT_DEAD,
                          .flags = SLOT_NO_SEND,
                          .send_limit = SEND_BUFFER,
                          .error = ECONNREFUSED};
    int h = skink_socket(f->s, AF_INET, SOCK_STREAM | SOCK_NONBLOCK, 0);
    int error;
    socklen_t len = sizeof error;

    sock_of(f->s, h)->phase = PHASE_CONNECTING;
    assert_int_equal(fake_poll(f, h), 0);
    fake_show(f, 0, v);
    assert_int_equal(fake_poll(f, h), SKINK_IN | SKINK_RDHUP | SKINK_OUT |
                                          SKINK_HUP | SKINK_ERR);
    assert_int_equal(
        skink_getsockopt(f->s, h, SOL_SOCKET, SO_ERROR, &error, &len), 0);
    assert_int_equal(error, ECONNREFUSED);
    assert_int_equal(
        skink_getsockopt(f->s, h, SOL_SOCKET, SO_ERROR, &error, &len), 0);
    assert_int_equal(error, 0);
}

static void
what_a_dead_tcpd_left_unread_is_gone(void **state)
{
    struct fake *f = *state;
    struct slot_view v;
    int h = fake_connected(f, &v, 0);
    char c[8];

    fake_deliver(f, 0, &v, 0, "lost", 4);
    client_word_store(&f->shm->epoch, 2);
    v = (struct slot_view){.state = SLOT_DEAD,
                           .flags = SLOT_RESET | SLOT_NO_SEND,
                           .read_limit = CHUNK,
                           .freed = 64u * CHUNK,
                           .send_limit = 64u * CHUNK,
                           .error = ECONNRESET};
    fake_show(f, 0, v);
    assert_int_equal(skink_recv(f->s, h, c, 8, 0), -ECONNRESET);
    assert_int_equal(skink_recv(f->s, h, c, 8, 0), 0);
}

static void
a_listener_lost_with_a_tcpd_gives_up_its_slot_and_binds_again(void **state)
{
    struct fake *f = *state;
    int listener = fake_listener(f);
    uint64_t requests = f->s->requests.next;

    fake_show(f, 0,
              (struct slot_view){.state = SLOT_DEAD,
                                 .flags = SLOT_RESET | SLOT_NO_SEND,
                                 .error = ECONNRESET});
    assert_int_equal(fake_poll(f, listener), 0);
    assert_int_equal(fake_hear(f, 0).flags, CLIENT_CLOSE);
    assert_int_equal(f->s->requests.next, requests);
    fake_show(f, 0, (struct slot_view){.generation = 1, .state = SLOT_FREE});
    assert_int_equal(fake_poll(f, listener), 0);
    assert_int_equal(f->s->requests.next, requests + 1);
    assert_int_equal(skink_accept(f->s, listener, NULL, NULL, 0), -EAGAIN);
}

static void
a_generation_that_moves_under_an_open_handle_breaks_it(void **state)
{
    struct fake *f = *state;
    struct slot_view v;
    int h = fake_connected(f, &v, 0);
    char c[8];

    v.generation = 9;
    fake_show(f, 0, v);
    assert_int_equal(skink_recv(f->s, h, c, 8, 0), -ECONNRESET);
}

/* Sums of offsets would wrap, and chunks be given back that nobody had. */
static void
stream_that_cannot_begin_there_ends_the_connection(void **state)
{
    static const uint64_t bases[] = {1, CHUNK + 8, UINT64_MAX - 113,
                                     UINT64_MAX - CHUNK + 1};
    struct fake *f = *state;
    char byte;

    for (size_t i = 0; i < sizeof bases / sizeof *bases; i++) {
        int h = skink_socket(f->s, AF_INET, SOCK_STREAM | SOCK_NONBLOCK, 0);
        struct sock *k = sock_of(f->s, h);

        assert_non_null(k);
        k->phase = PHASE_CONNECTING;
        fake_open(f, sock_slot(f->s, k), SLOT_OPEN, bases[i]);
        sock_look(f->s, k);
        assert_int_not_equal(k->phase, PHASE_CONNECTED);
        assert_int_equal(skink_recv(f->s, h, &byte, 1, 0), -ECONNRESET);
        assert_int_equal(skink_close(f->s, h), 0);
    }
}

int
main(void)
{
#define TEST(claim)                                                            \
    cmocka_unit_test_setup_teardown(claim, fake_setup, fake_teardown)
    const struct CMUnitTest tests[] = {
        TEST(a_closed_handle_is_bad_and_so_is_its_number_in_the_next_use),
        TEST(only_stream_sockets_of_ipv4_are_made),
        TEST(queued_connections_are_accepted_in_order_and_claimed),
        TEST(a_connection_without_listener_is_reset),
        TEST(closing_a_listener_resets_who_waits_in_its_queue),
        TEST(a_slot_is_reserved_until_tcpd_shows_the_next_generation),
        TEST(linger_zero_aborts),
        TEST(close_is_shown_though_the_answer_to_connect_is_missing),
        TEST(after_fin_the_rest_is_read_and_then_zero),
        TEST(after_rst_data_then_the_error_once_then_the_end),
        TEST(so_error_is_read_once),
        TEST(what_a_dead_tcpd_left_unread_is_gone),
        TEST(a_listener_lost_with_a_tcpd_gives_up_its_slot_and_binds_again),
        TEST(a_generation_that_moves_under_an_open_handle_breaks_it),
        TEST(stream_that_cannot_begin_there_ends_the_connection),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
