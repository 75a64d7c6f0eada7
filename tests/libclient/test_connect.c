/* SPDX-License-Identifier: MIT */
/* connect and its end: outcomes told once, new attempts, shutdown of what is
 * not connected yet, and of a listener. */
#include "tests/libclient/apid.h"

static const struct sockaddr_in peer = {.sin_family = AF_INET};

static int
try_connect(struct fake *f, int h)
{
    struct sockaddr_in to = peer;

    to.sin_port = htons(80);
    to.sin_addr.s_addr = htonl(0x0a070001);
    return skink_connect(f->s, h, (const struct sockaddr *)&to, sizeof to);
}

/* A socket on its way, of which tcpd knows. */
static int
connecting(struct fake *f, struct apid *a)
{
    int h = skink_socket(f->s, AF_INET, SOCK_STREAM | SOCK_NONBLOCK, 0);
    Skink__Api__Request *q;

    assert_int_equal(try_connect(f, h), -EINPROGRESS);
    q = apid_next(a);
    assert_int_equal(q->op_case, SKINK__API__REQUEST__OP_CONNECT);
    skink__api__request__free_unpacked(q, NULL);
    while (!list_empty(&f->s->requests.outstanding))
        fake_poll(f, -1);
    return h;
}

static void
refuse(struct fake *f, uint32_t generation)
{
    fake_show(f, 0,
              (struct slot_view){.generation = generation,
                                 .state = SLOT_DEAD,
                                 .flags = SLOT_NO_SEND,
                                 .send_limit = SEND_BUFFER,
                                 .error = ECONNREFUSED});
}

static void
expect_request(struct fake *f, struct apid *a, int op)
{
    Skink__Api__Request *q;

    fake_poll(f, -1);
    q = apid_next(a);
    assert_int_equal(q->op_case, op);
    skink__api__request__free_unpacked(q, NULL);
    while (!list_empty(&f->s->requests.outstanding))
        fake_poll(f, -1);
}

static void
show_free(struct fake *f, uint32_t generation)
{
    fake_show(f, 0,
              (struct slot_view){.generation = generation, .state = SLOT_FREE});
    fake_poll(f, -1);
}

static void
a_connect_under_way_says_so_and_a_connected_one_too(void **state)
{
    struct fake *f = *state;
    struct apid a;
    int h;

    apid_open(&a, f);
    h = connecting(f, &a);
    assert_int_equal(try_connect(f, h), -EALREADY);
    assert_int_equal(fake_poll(f, h), 0);
    fake_open(f, 0, SLOT_OPEN, 0);
    assert_int_equal(fake_poll(f, h), SKINK_OUT);
    assert_int_equal(try_connect(f, h), 0);
    assert_int_equal(try_connect(f, h), -EISCONN);
    apid_close(&a);
}

static void
after_a_refusal_the_same_socket_connects_anew(void **state)
{
    struct fake *f = *state;
    struct slot_view v = {.generation = 1,
                          .state = SLOT_OPEN,
                          .read_limit = CHUNK,
                          .freed = CHUNK,
                          .send_limit = CHUNK + SEND_BUFFER};
    struct apid a;
    int h;

    apid_open(&a, f);
    h = connecting(f, &a);
    refuse(f, 0);
    assert_int_equal(fake_poll(f, h), SKINK_IN | SKINK_RDHUP | SKINK_OUT |
                                          SKINK_HUP | SKINK_ERR);
    assert_int_equal(try_connect(f, h), -ECONNREFUSED);
    assert_int_equal(fake_hear(f, 0).flags, CLIENT_CLOSE);
    assert_int_equal(fake_poll(f, h), SKINK_OUT | SKINK_HUP);
    assert_int_equal(try_connect(f, h), -EINPROGRESS);
    show_free(f, 1);
    expect_request(f, &a, SKINK__API__REQUEST__OP_CONNECT);
    f->shm->slot[0].read_base = f->shm->slot[0].write_base = CHUNK;
    fake_show(f, 0, v);
    assert_int_equal(fake_poll(f, h), SKINK_OUT);
    assert_int_equal(skink_send(f->s, h, "x", 1, 0), 1);
    assert_int_equal(fake_hear(f, 0).write_end, CHUNK + 1);
    apid_close(&a);
}

static void
an_error_that_so_error_told_is_connaborted_once(void **state)
{
    struct fake *f = *state;
    struct apid a;
    int h, error;
    socklen_t len = sizeof error;

    apid_open(&a, f);
    h = connecting(f, &a);
    refuse(f, 0);
    assert_int_equal(
        skink_getsockopt(f->s, h, SOL_SOCKET, SO_ERROR, &error, &len), 0);
    assert_int_equal(error, ECONNREFUSED);
    assert_int_equal(try_connect(f, h), -ECONNABORTED);
    assert_int_equal(try_connect(f, h), -EINPROGRESS);
    apid_close(&a);
}

static void
a_new_attempt_begins_at_the_bound_address(void **state)
{
    struct fake *f = *state;
    struct apid a;
    int h;

    apid_open(&a, f);
    h = connecting(f, &a);
    sock_of(f->s, h)->bound = true;
    refuse(f, 0);
    assert_int_equal(try_connect(f, h), -ECONNREFUSED);
    show_free(f, 1);
    expect_request(f, &a, SKINK__API__REQUEST__OP_BIND);
    assert_int_equal(try_connect(f, h), -EINPROGRESS);
    expect_request(f, &a, SKINK__API__REQUEST__OP_CONNECT);
    apid_close(&a);
}

static void
shutdown_ends_an_attempt(void **state)
{
    struct fake *f = *state;
    struct apid a;
    int h, error;
    socklen_t len = sizeof error;

    apid_open(&a, f);
    h = connecting(f, &a);
    fake_open(f, 0, SLOT_CONNECTING, 0);
    assert_int_equal(skink_shutdown(f->s, h, SHUT_WR), 0);
    assert_int_equal(fake_hear(f, 0).flags, CLIENT_CLOSE | CLIENT_ABORT);
    assert_int_equal(
        skink_getsockopt(f->s, h, SOL_SOCKET, SO_ERROR, &error, &len), 0);
    assert_int_equal(error, ECONNRESET);
    assert_int_equal(skink_shutdown(f->s, h, SHUT_WR), -ENOTCONN);
    assert_int_equal(try_connect(f, h), -EINPROGRESS);
    show_free(f, 1);
    expect_request(f, &a, SKINK__API__REQUEST__OP_CONNECT);
    apid_close(&a);
}

static void
shutdown_of_a_listener_stops_it_and_resets_who_waits(void **state)
{
    struct fake *f = *state;
    int h = fake_listener(f);

    fake_open(f, CLIENT_OWN, SLOT_QUEUED, 0);
    f->shm->slot[CLIENT_OWN].parent = 0;
    assert_int_equal(skink_shutdown(f->s, h, SHUT_WR), 0);
    assert_int_equal(fake_poll(f, h), SKINK_IN);
    assert_int_equal(skink_shutdown(f->s, h, SHUT_RD), 0);
    assert_int_equal(fake_hear(f, CLIENT_OWN).flags,
                     CLIENT_CLOSE | CLIENT_ABORT);
    assert_int_equal(fake_hear(f, 0).flags, CLIENT_CLOSE | CLIENT_ABORT);
    assert_int_equal(skink_accept(f->s, h, NULL, NULL, 0), -EINVAL);
    assert_int_equal(fake_poll(f, h), SKINK_OUT | SKINK_HUP);
}

static void
a_listener_that_was_shut_down_can_listen_again(void **state)
{
    struct fake *f = *state;
    struct desk d = {.error = 0};
    int h = fake_listener(f);

    desk_open(&d, f);
    assert_int_equal(skink_shutdown(f->s, h, SHUT_RDWR), 0);
    show_free(f, 1);
    assert_int_equal(skink_listen(f->s, h, 5), 0);
    assert_int_equal(skink_accept(f->s, h, NULL, NULL, 0), -EAGAIN);
    desk_close(&d);
}

static void
unspecified_addresses_are_for_bind_alone(void **state)
{
    struct fake *f = *state;
    struct sockaddr_in any = {.sin_family = AF_UNSPEC};
    struct desk d = {.error = 0};
    int h = skink_socket(f->s, AF_INET, SOCK_STREAM, 0);

    desk_open(&d, f);
    assert_int_equal(
        skink_connect(f->s, h, (const struct sockaddr *)&any, sizeof any),
        -EOPNOTSUPP);
    assert_int_equal(
        skink_bind(f->s, h, (const struct sockaddr *)&any, sizeof any), 0);
    assert_int_equal(
        skink_bind(f->s, h, (const struct sockaddr *)&any, sizeof any - 1),
        -EINVAL);
    desk_close(&d);
}

static void
an_outcome_that_is_there_at_once_is_told_at_once(void **state)
{
    struct fake *f = *state;
    struct apid a;
    int h = skink_socket(f->s, AF_INET, SOCK_STREAM | SOCK_NONBLOCK, 0);

    apid_open(&a, f);
    apid_drop(&a);
    apid_answer(&a, 1, 2, 0);
    while (f->s->requests.answers == 0)
        fake_poll(f, -1);
    apid_answer(&a, 2, 3, -ENETUNREACH); /* to the request that comes next */
    for (;;) {
        int rc = try_connect(f, h);

        if (rc == -ENETUNREACH)
            break;
        assert_true(rc == -EINPROGRESS || rc == -EALREADY);
    }
    assert_int_equal(try_connect(f, h), -EINPROGRESS);
    apid_close(&a);
}

static void
closing_amid_a_new_beginning_leaves_nothing(void **state)
{
    struct fake *f = *state;
    struct apid a;
    int h;

    apid_open(&a, f);
    h = connecting(f, &a);
    refuse(f, 0);
    assert_int_equal(try_connect(f, h), -ECONNREFUSED);
    assert_int_equal(try_connect(f, h), -EINPROGRESS);
    assert_int_equal(skink_close(f->s, h), 0);
    show_free(f, 1);
    assert_int_equal(sock_of(f->s, h) == NULL, 1);
    assert_int_equal(f->s->socks[0].phase, PHASE_NONE);
    assert_true(list_empty(&f->s->renewals));
    apid_close(&a);
}

int
main(void)
{
#define TEST(claim)                                                            \
    cmocka_unit_test_setup_teardown(claim, fake_setup, fake_teardown)
    const struct CMUnitTest tests[] = {
        TEST(a_connect_under_way_says_so_and_a_connected_one_too),
        TEST(after_a_refusal_the_same_socket_connects_anew),
        TEST(an_error_that_so_error_told_is_connaborted_once),
        TEST(a_new_attempt_begins_at_the_bound_address),
        TEST(shutdown_ends_an_attempt),
        TEST(shutdown_of_a_listener_stops_it_and_resets_who_waits),
        TEST(a_listener_that_was_shut_down_can_listen_again),
        TEST(unspecified_addresses_are_for_bind_alone),
        TEST(an_outcome_that_is_there_at_once_is_told_at_once),
        TEST(closing_amid_a_new_beginning_leaves_nothing),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
