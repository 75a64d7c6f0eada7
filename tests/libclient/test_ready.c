/* SPDX-License-Identifier: MIT */
/* Waiting: level-triggered, fair, woken from other threads and through skink_fd;
 * and what fork and a hostile queue do. */
#include "tests/libclient/fixture.h"

#include <poll.h>
#include <pthread.h>
#include <sys/wait.h>

static bool
fd_is_readable(int fd)
{
    struct pollfd p = {.fd = fd, .events = POLLIN};

    return poll(&p, 1, 0) == 1;
}

static void
ready_is_reported_until_it_is_consumed(void **state)
{
    struct fake *f = *state;
    struct slot_view v;
    struct skink_event e;
    int h = fake_connected(f, &v, 0);
    char c[8];

    assert_int_equal(skink_watch(f->s, h, SKINK_IN, 42), 0);
    assert_int_equal(skink_wait(f->s, &e, 1, 0), 0);
    fake_deliver(f, 0, &v, 0, "abc", 3);
    for (int i = 0; i < 3; i++) {
        assert_int_equal(skink_wait(f->s, &e, 1, 0), 1);
        assert_int_equal(e.user, 42);
        assert_int_equal(e.handle, h);
        assert_int_equal(e.events, SKINK_IN);
    }
    assert_int_equal(skink_recv(f->s, h, c, 8, 0), 3);
    assert_int_equal(skink_wait(f->s, &e, 1, 0), 0);
}

static void
two_ready_handles_take_turns(void **state)
{
    struct fake *f = *state;
    struct slot_view v;
    struct skink_event e;
    int a = fake_connected(f, &v, 0), b = fake_connected(f, &v, 0);

    skink_watch(f->s, a, SKINK_OUT, 0);
    skink_watch(f->s, b, SKINK_OUT, 0);
    assert_int_equal(skink_wait(f->s, &e, 1, 0), 1);
    assert_int_equal(e.handle, a);
    assert_int_equal(skink_wait(f->s, &e, 1, 0), 1);
    assert_int_equal(e.handle, b);
    assert_int_equal(skink_wait(f->s, &e, 1, 0), 1);
    assert_int_equal(e.handle, a);
}

static void
an_unwatched_or_closed_handle_is_not_reported(void **state)
{
    struct fake *f = *state;
    struct slot_view v;
    struct skink_event e;
    int a = fake_connected(f, &v, 0), b = fake_connected(f, &v, 0);

    skink_watch(f->s, a, SKINK_OUT, 0);
    skink_watch(f->s, b, SKINK_OUT, 0);
    skink_watch(f->s, a, 0, 0);
    skink_close(f->s, b);
    assert_int_equal(skink_wait(f->s, &e, 1, 0), 0);
}

static void
poll_says_nval_of_what_is_no_handle(void **state)
{
    struct fake *f = *state;

    assert_int_equal(fake_poll(f, 12345), SKINK_NVAL);
    assert_int_equal(fake_poll(f, -1), 0);
}

static void
fd_is_readable_as_long_as_there_is_something_to_report(void **state)
{
    struct fake *f = *state;
    struct slot_view v;
    struct skink_event e;
    int h = fake_connected(f, &v, 0), fd = skink_fd(f->s);
    char c[8];

    skink_watch(f->s, h, SKINK_IN, 0);
    assert_int_equal(skink_wait(f->s, &e, 1, 0), 0);
    assert_int_equal(client_flag_load(&f->heard->sleeping), 1);
    fake_deliver(f, 0, &v, 0, "abc", 3);
    assert_int_equal(send(f->connection, "", 1, 0), 1); /* as it sleeps */
    assert_true(fd_is_readable(fd));
    assert_int_equal(skink_wait(f->s, &e, 1, 0), 1);
    while (!fd_is_readable(fd))
        continue; /* the timer rings within microseconds */
    assert_int_equal(skink_recv(f->s, h, c, 8, 0), 3);
    assert_int_equal(skink_wait(f->s, &e, 1, 0), 0);
    assert_int_equal(client_flag_load(&f->heard->sleeping), 1);
}

static void *
deliver_when_it_sleeps(void *arg)
{
    struct fake *f = arg;
    struct slot_view v = {.send_limit = SEND_BUFFER, .state = SLOT_OPEN};

    while (client_flag_load(&f->heard->sleeping) == 0)
        continue;
    fake_deliver(f, 0, &v, 0, "abc", 3);
    send(f->connection, "", 1, 0);
    return NULL;
}

static void
blocking_recv_sleeps_until_the_doorbell(void **state)
{
    struct fake *f = *state;
    struct slot_view v;
    int h = fake_connected(f, &v, 0);
    pthread_t tcpd;
    char c[8];

    skink_set_nonblocking(f->s, h, 0);
    assert_int_equal(pthread_create(&tcpd, NULL, deliver_when_it_sleeps, f), 0);
    assert_int_equal(skink_recv(f->s, h, c, 8, 0), 3);
    pthread_join(tcpd, NULL);
}

struct reader {
    struct fake *f;
    int handle;
    ssize_t result;
};

static void *
read_blocking(void *arg)
{
    struct reader *r = arg;
    char c[8];

    r->result = skink_recv(r->f->s, r->handle, c, 8, 0);
    return NULL;
}

static void
closing_wakes_leader_and_followers(void **state)
{
    struct fake *f = *state;
    struct reader readers[3];
    pthread_t threads[3];
    struct slot_view v;

    for (int i = 0; i < 3; i++) {
        readers[i] = (struct reader){f, fake_connected(f, &v, 0), 0};
        skink_set_nonblocking(f->s, readers[i].handle, 0);
        pthread_create(&threads[i], NULL, read_blocking, &readers[i]);
    }
    while (client_flag_load(&f->heard->sleeping) == 0)
        continue;
    for (int i = 0; i < 3; i++)
        assert_int_equal(skink_close(f->s, readers[i].handle), 0);
    for (int i = 0; i < 3; i++) {
        pthread_join(threads[i], NULL);
        assert_int_equal(readers[i].result, -EBADF);
    }
}

static void
a_receive_timeout_ends_the_wait(void **state)
{
    struct fake *f = *state;
    const struct timeval soon = {.tv_usec = 1000};
    struct slot_view v;
    int h = fake_connected(f, &v, 0);
    char c[8];

    skink_set_nonblocking(f->s, h, 0);
    assert_int_equal(
        skink_setsockopt(f->s, h, SOL_SOCKET, SO_RCVTIMEO, &soon, sizeof soon),
        0);
    assert_int_equal(skink_recv(f->s, h, c, 8, 0), -EAGAIN);
}

static void
the_end_of_the_connection_ends_everything(void **state)
{
    struct fake *f = *state;
    struct skink_event e;

    shutdown(f->connection, SHUT_RDWR);
    assert_int_equal(skink_wait(f->s, &e, 1, -1), -ENETDOWN);
    assert_int_equal(skink_socket(f->s, AF_INET, SOCK_STREAM, 0), -ENETDOWN);
}

static void
an_event_queue_that_runs_backwards_ends_everything(void **state)
{
    struct fake *f = *state;
    struct skink_event e;

    client_word_store(&f->shm->event.tail, UINT64_MAX - 5);
    assert_int_equal(skink_wait(f->s, &e, 1, 1000), -ENETDOWN);
}

static void
events_for_any_number_do_no_harm(void **state)
{
    struct fake *f = *state;
    struct skink_event e;

    for (uint32_t i = 0; i < 1000; i++)
        client_queue_add(&f->shm->event, &f->event_tail, i * 0x01234567u);
    assert_int_equal(skink_wait(f->s, &e, 1, 0), 0);
    assert_int_equal(client_word_load(&f->heard->event_head), 1000);
}

static void
a_forked_child_gets_ebadf(void **state)
{
    struct fake *f = *state;
    struct skink_event e;
    int status;
    pid_t pid = fork();

    if (pid == 0)
        _exit(skink_socket(f->s, AF_INET, SOCK_STREAM, 0) == -EBADF &&
                      skink_wait(f->s, &e, 1, -1) == -EBADF
                  ? 0
                  : 1);
    assert_int_equal(waitpid(pid, &status, 0), pid);
    assert_int_equal(status, 0);
    assert_true(skink_socket(f->s, AF_INET, SOCK_STREAM, 0) >= 0);
}

int
main(void)
{
#define TEST(claim)                                                            \
    cmocka_unit_test_setup_teardown(claim, fake_setup, fake_teardown)
    const struct CMUnitTest tests[] = {
        TEST(ready_is_reported_until_it_is_consumed),
        TEST(two_ready_handles_take_turns),
        TEST(an_unwatched_or_closed_handle_is_not_reported),
        TEST(poll_says_nval_of_what_is_no_handle),
        TEST(fd_is_readable_as_long_as_there_is_something_to_report),
        TEST(blocking_recv_sleeps_until_the_doorbell),
        TEST(closing_wakes_leader_and_followers),
        TEST(a_receive_timeout_ends_the_wait),
        TEST(the_end_of_the_connection_ends_everything),
        TEST(an_event_queue_that_runs_backwards_ends_everything),
        TEST(events_for_any_number_do_no_harm),
        TEST(a_forked_child_gets_ebadf),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
