/* SPDX-License-Identifier: MIT */
/* send and recv: flags, how much is enough, and close that lingers. */
#include "tests/libclient/fixture.h"

#include <pthread.h>
#include <sys/time.h>

/* tcpd, in a thread of its own: delivers `text` a byte at a time, each as soon as
 * the one before has been taken note of, and ends with `flags`. */
struct sender {
    struct fake *f;
    struct slot_view v;
    const char *text;
    uint32_t flags;
    pthread_t thread;
};

static void
ring(const struct fake *f)
{
    if (client_flag_load(&f->heard->sleeping) != 0)
        send(f->connection, "", 1, MSG_DONTWAIT | MSG_NOSIGNAL);
}

static void *
deliver_slowly(void *arg)
{
    struct sender *s = arg;

    for (const char *c = s->text; *c != '\0'; c++) {
        while (client_flag_load(&s->f->heard->sleeping) == 0 ||
               client_word_load(&s->f->heard->event_head) != s->f->event_tail)
            continue;
        if (c[1] == '\0')
            s->v.flags = s->flags;
        fake_deliver(s->f, 0, &s->v, 0, c, 1);
        ring(s->f);
    }
    return NULL;
}

static void
start(struct sender *s)
{
    assert_int_equal(pthread_create(&s->thread, NULL, deliver_slowly, s), 0);
}

static void
only_the_flags_of_tcp_are_taken(void **state)
{
    struct fake *f = *state;
    struct slot_view v;
    int h = fake_connected(f, &v, 0);
    char c[4];

    assert_int_equal(skink_send(f->s, h, c, 1, MSG_OOB), -EOPNOTSUPP);
    assert_int_equal(skink_send(f->s, h, c, 1, MSG_FASTOPEN), -EOPNOTSUPP);
    assert_int_equal(skink_recv(f->s, h, c, 1, MSG_OOB), -EOPNOTSUPP);
    assert_int_equal(skink_recv(f->s, h, c, 1, MSG_ERRQUEUE), -EOPNOTSUPP);
    assert_int_equal(
        skink_send(f->s, h, c, 1, MSG_NOSIGNAL | MSG_EOR | MSG_DONTWAIT), 1);
}

static void
nothing_to_send_succeeds_until_sending_is_over(void **state)
{
    struct fake *f = *state;
    struct slot_view v;
    int h = fake_connected(f, &v, 0);

    assert_int_equal(skink_send(f->s, h, NULL, 0, 0), 0);
    assert_int_equal(skink_shutdown(f->s, h, SHUT_WR), 0);
    assert_int_equal(skink_send(f->s, h, NULL, 0, 0), -EPIPE);
}

static void
receiving_nothing_waits_for_something_as_on_linux(void **state)
{
    struct fake *f = *state;
    struct slot_view v;
    int h = fake_connected(f, &v, 0);

    assert_int_equal(skink_recv(f->s, h, NULL, 0, 0), -EAGAIN);
    fake_deliver(f, 0, &v, 0, "a", 1);
    assert_int_equal(skink_recv(f->s, h, NULL, 0, 0), 0);
}

static void
waitall_waits_for_everything(void **state)
{
    struct fake *f = *state;
    struct sender s = {.f = f, .text = "abcdef"};
    int h = fake_connected(f, &s.v, 0);
    char c[6];

    skink_set_nonblocking(f->s, h, 0);
    start(&s);
    assert_int_equal(skink_recv(f->s, h, c, 6, MSG_WAITALL), 6);
    assert_memory_equal(c, "abcdef", 6);
    pthread_join(s.thread, NULL);
}

static void
waitall_ends_with_the_stream(void **state)
{
    struct fake *f = *state;
    struct sender s = {.f = f, .text = "abc", .flags = SLOT_FIN};
    int h = fake_connected(f, &s.v, 0);
    char c[6];

    skink_set_nonblocking(f->s, h, 0);
    start(&s);
    assert_int_equal(skink_recv(f->s, h, c, 6, MSG_WAITALL | MSG_PEEK), 3);
    assert_int_equal(skink_recv(f->s, h, c, 6, MSG_WAITALL), 3);
    assert_int_equal(skink_recv(f->s, h, c, 6, MSG_WAITALL), 0);
    pthread_join(s.thread, NULL);
}

static void
peek_with_waitall_waits_and_leaves_everything(void **state)
{
    struct fake *f = *state;
    struct sender s = {.f = f, .text = "abcd"};
    int h = fake_connected(f, &s.v, 0);
    char c[4];

    skink_set_nonblocking(f->s, h, 0);
    start(&s);
    assert_int_equal(skink_recv(f->s, h, c, 4, MSG_WAITALL | MSG_PEEK), 4);
    assert_memory_equal(c, "abcd", 4);
    pthread_join(s.thread, NULL);
    assert_int_equal(skink_recv(f->s, h, c, 4, 0), 4);
}

static void
a_low_water_mark_holds_for_poll_and_for_recv(void **state)
{
    struct fake *f = *state;
    struct sender s = {.f = f, .text = "cde"};
    int h = fake_connected(f, &s.v, 0), mark = 5;
    char c[10];

    assert_int_equal(
        skink_setsockopt(f->s, h, SOL_SOCKET, SO_RCVLOWAT, &mark, sizeof mark),
        0);
    fake_deliver(f, 0, &s.v, 0, "ab", 2);
    assert_int_equal(fake_poll(f, h), SKINK_OUT);
    skink_set_nonblocking(f->s, h, 0);
    start(&s);
    assert_int_equal(skink_recv(f->s, h, c, 10, 0), 5);
    assert_memory_equal(c, "abcde", 5);
    pthread_join(s.thread, NULL);
    fake_deliver(f, 0, &s.v, 0, "vwxyz", 5);
    assert_int_equal(fake_poll(f, h), SKINK_IN | SKINK_OUT);
}

static void
less_than_the_mark_is_given_when_no_more_will_come(void **state)
{
    struct fake *f = *state;
    struct slot_view v;
    int h = fake_connected(f, &v, 0), mark = 100;
    char c[200];

    assert_int_equal(
        skink_setsockopt(f->s, h, SOL_SOCKET, SO_RCVLOWAT, &mark, sizeof mark),
        0);
    v.flags = SLOT_FIN;
    fake_deliver(f, 0, &v, 0, "bye", 3);
    assert_int_equal(fake_poll(f, h), SKINK_IN | SKINK_RDHUP | SKINK_OUT);
    skink_set_nonblocking(f->s, h, 0);
    assert_int_equal(skink_recv(f->s, h, c, 200, 0), 3);
    assert_int_equal(skink_recv(f->s, h, c, 200, 0), 0);
}

static void
a_socket_that_did_not_connect_tells_its_error_then_the_end(void **state)
{
    struct fake *f = *state;
    struct slot_view v = {.state = SLOT_DEAD,
                          .flags = SLOT_NO_SEND,
                          .send_limit = SEND_BUFFER,
                          .error = EHOSTUNREACH};
    int h = skink_socket(f->s, AF_INET, SOCK_STREAM | SOCK_NONBLOCK, 0);
    char c[4];

    assert_int_equal(skink_recv(f->s, h, c, 4, 0), -ENOTCONN);
    assert_int_equal(skink_send(f->s, h, c, 4, 0), -EPIPE);
    sock_of(f->s, h)->phase = PHASE_CONNECTING;
    assert_int_equal(skink_recv(f->s, h, c, 4, 0), -EAGAIN);
    fake_show(f, 0, v);
    assert_int_equal(skink_recv(f->s, h, c, 4, 0), -EHOSTUNREACH);
    assert_int_equal(skink_recv(f->s, h, c, 4, 0), 0);
    assert_int_equal(skink_send(f->s, h, c, 4, 0), -EPIPE);
}

/* ---- SO_LINGER ---- */

static void
linger_for(struct fake *f, int h, int seconds)
{
    const struct linger l = {.l_onoff = 1, .l_linger = seconds};

    assert_int_equal(
        skink_setsockopt(f->s, h, SOL_SOCKET, SO_LINGER, &l, sizeof l), 0);
}

static void *
free_when_it_is_closed(void *arg)
{
    struct fake *f = arg;

    while (fake_hear(f, 0).flags == 0 ||
           client_flag_load(&f->heard->sleeping) == 0)
        continue;
    fake_show(f, 0, (struct slot_view){.generation = 1, .state = SLOT_FREE});
    ring(f);
    return NULL;
}

static void
close_lingers_until_everything_is_acknowledged(void **state)
{
    struct fake *f = *state;
    struct slot_view v;
    int h = fake_connected(f, &v, 0);
    pthread_t tcpd;

    linger_for(f, h, 1000);
    assert_int_equal(skink_send(f->s, h, "x", 1, 0), 1);
    assert_int_equal(pthread_create(&tcpd, NULL, free_when_it_is_closed, f), 0);
    assert_int_equal(skink_close(f->s, h), 0);
    pthread_join(tcpd, NULL);
    assert_int_equal(fake_hear(f, 0).flags, CLIENT_CLOSE);
    assert_int_equal(f->s->socks[0].phase, PHASE_NONE);
    assert_int_equal(skink_close(f->s, h), -EBADF);
}

static void
close_of_what_is_over_does_not_linger(void **state)
{
    struct fake *f = *state;
    struct slot_view v;
    int fresh = skink_socket(f->s, AF_INET, SOCK_STREAM, 0);
    int h = fake_connected(f, &v, 0);

    linger_for(f, fresh, 1000);
    linger_for(f, h, 1000);
    v.state = SLOT_DEAD;
    fake_show(f, 1, v);
    assert_int_equal(skink_close(f->s, fresh), 0);
    assert_int_equal(skink_close(f->s, h), 0);
}

int
main(void)
{
#define TEST(claim)                                                            \
    cmocka_unit_test_setup_teardown(claim, fake_setup, fake_teardown)
    const struct CMUnitTest tests[] = {
        TEST(only_the_flags_of_tcp_are_taken),
        TEST(nothing_to_send_succeeds_until_sending_is_over),
        TEST(receiving_nothing_waits_for_something_as_on_linux),
        TEST(waitall_waits_for_everything),
        TEST(waitall_ends_with_the_stream),
        TEST(peek_with_waitall_waits_and_leaves_everything),
        TEST(a_low_water_mark_holds_for_poll_and_for_recv),
        TEST(less_than_the_mark_is_given_when_no_more_will_come),
        TEST(a_socket_that_did_not_connect_tells_its_error_then_the_end),
        TEST(close_lingers_until_everything_is_acknowledged),
        TEST(close_of_what_is_over_does_not_linger),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
