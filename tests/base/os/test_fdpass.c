/* SPDX-License-Identifier: MIT */
/* Descriptors between processes: what arrives, and what is never kept. */
#include "base/os/fdpass.h"

#include <errno.h>
#include <fcntl.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cmocka.h>

#define MANY (FDPASS_MAX + 8)

struct wire {
    int a, b;
    int open_before; /* descriptors of this process, with the pair */
};

static int
open_descriptors(void)
{
    int count = 0;

    for (int fd = 0; fd < 1024; fd++)
        count += fcntl(fd, F_GETFD) >= 0;
    return count;
}

static int
setup(void **state)
{
    static struct wire w;
    int pair[2];

    if (socketpair(AF_UNIX, SOCK_SEQPACKET, 0, pair) < 0)
        return -1;
    w = (struct wire){pair[0], pair[1], open_descriptors()};
    *state = &w;
    return 0;
}

static int
teardown(void **state)
{
    struct wire *w = *state;

    close(w->a);
    close(w->b);
    return 0;
}

/* A hostile sender: as many descriptors and bytes as it likes. */
static void
send_raw(int sock, size_t len, size_t fds)
{
    static char bytes[512];
    union {
        struct cmsghdr first;
        char bytes[CMSG_SPACE(MANY * sizeof(int))];
    } control = {.bytes = {0}};
    struct iovec iov = {bytes, len};
    struct msghdr hdr = {.msg_iov = &iov,
                         .msg_iovlen = 1,
                         .msg_control = &control,
                         .msg_controllen = CMSG_SPACE(fds * sizeof(int))};
    int copies[MANY];

    for (size_t i = 0; i < fds; i++)
        copies[i] = STDIN_FILENO;
    control.first.cmsg_level = SOL_SOCKET;
    control.first.cmsg_type = SCM_RIGHTS;
    control.first.cmsg_len = CMSG_LEN(fds * sizeof(int));
    memcpy(CMSG_DATA(&control.first), copies, fds * sizeof(int));
    assert_int_equal(sendmsg(sock, &hdr, 0), len);
}

static void
assert_refused(struct wire *w, size_t size, size_t room)
{
    char msg[512];
    int fds[MANY];
    size_t n = room;

    errno = 0;
    assert_int_equal(fdpass_receive(w->b, msg, size, fds, &n, 0), -1);
    assert_int_equal(errno, EMSGSIZE);
    assert_int_equal(n, 0);
    assert_int_equal(open_descriptors(), w->open_before);
}

static void
descriptors_arrive_in_order_and_close_on_exec(void **state)
{
    struct wire *w = *state;
    struct stat sent, got;
    int ends[2], fds[4];
    size_t n = 4;
    char msg[16];

    assert_int_equal(pipe(ends), 0);
    assert_true(fdpass_send(w->a, "hello", 5, ends, 2));
    assert_int_equal(fdpass_receive(w->b, msg, sizeof msg, fds, &n, 0), 5);
    assert_memory_equal(msg, "hello", 5);
    assert_int_equal(n, 2);
    for (size_t i = 0; i < n; i++) {
        assert_true((fcntl(fds[i], F_GETFD) & FD_CLOEXEC) != 0);
        assert_int_equal(fcntl(fds[i], F_GETFL), fcntl(ends[i], F_GETFL));
        assert_int_equal(fstat(fds[i], &got), 0);
        assert_int_equal(fstat(ends[i], &sent), 0);
        assert_int_equal(got.st_ino, sent.st_ino);
        close(fds[i]);
        close(ends[i]);
    }
}

static void
full_load_arrives(void **state)
{
    struct wire *w = *state;
    int fds[FDPASS_MAX];
    size_t n = FDPASS_MAX;
    char msg[1];

    for (int i = 0; i < FDPASS_MAX; i++)
        fds[i] = STDIN_FILENO;
    assert_true(fdpass_send(w->a, "x", 1, fds, FDPASS_MAX));
    assert_int_equal(fdpass_receive(w->b, msg, 1, fds, &n, 0), 1);
    assert_int_equal(n, FDPASS_MAX);
    for (size_t i = 0; i < n; i++)
        close(fds[i]);
    assert_int_equal(open_descriptors(), w->open_before);
}

static void
message_without_descriptors_needs_no_room(void **state)
{
    struct wire *w = *state;
    size_t n = 0;
    char msg[8];

    assert_true(fdpass_send(w->a, "hi", 2, NULL, 0));
    assert_int_equal(fdpass_receive(w->b, msg, sizeof msg, NULL, &n, 0), 2);
    assert_int_equal(n, 0);
}

static void
more_descriptors_than_room_are_closed(void **state)
{
    struct wire *w = *state;

    send_raw(w->a, 1, 2);
    assert_refused(w, 16, 1);
    send_raw(w->a, 1, 1);
    assert_refused(w, 16, 0);
}

static void
more_descriptors_than_the_protocol_allows_are_closed(void **state)
{
    struct wire *w = *state;

    send_raw(w->a, 1, MANY);
    assert_refused(w, 16, MANY);
}

static void
longer_message_is_refused_and_its_descriptors_closed(void **state)
{
    struct wire *w = *state;

    send_raw(w->a, 17, 1);
    assert_refused(w, 16, 1);
}

static void
refused_message_leaves_the_next_one_whole(void **state)
{
    struct wire *w = *state;
    size_t n = 0;
    char msg[16];

    send_raw(w->a, 17, 1);
    assert_true(fdpass_send(w->a, "next", 4, NULL, 0));
    assert_refused(w, 16, 1);
    assert_int_equal(fdpass_receive(w->b, msg, sizeof msg, NULL, &n, 0), 4);
    assert_memory_equal(msg, "next", 4);
}

static void
empty_message_leaves_no_descriptor(void **state)
{
    struct wire *w = *state;
    int fds[4];
    size_t n = 4;
    char msg[16];

    send_raw(w->a, 0, 2);
    assert_int_equal(fdpass_receive(w->b, msg, sizeof msg, fds, &n, 0), 0);
    assert_int_equal(n, 0);
    assert_int_equal(open_descriptors(), w->open_before);
}

static void
closed_peer_is_end_of_file_and_no_signal(void **state)
{
    struct wire *w = *state;
    size_t n = 0;
    char msg[16];

    shutdown(w->a, SHUT_RDWR);
    assert_int_equal(fdpass_receive(w->b, msg, sizeof msg, NULL, &n, 0), 0);
    assert_false(fdpass_send(w->b, "x", 1, NULL, 0));
    assert_int_equal(errno, EPIPE);
}

static void
nothing_there_is_eagain(void **state)
{
    struct wire *w = *state;
    size_t n = 0;
    char msg[16];

    assert_int_equal(
        fdpass_receive(w->b, msg, sizeof msg, NULL, &n, MSG_DONTWAIT), -1);
    assert_int_equal(errno, EAGAIN);
}

static void
full_socket_does_not_block(void **state)
{
    struct wire *w = *state;
    int sent = 0;

    while (fdpass_send(w->a, "x", 1, NULL, 0))
        assert_true(++sent < 1000000);
    assert_int_equal(errno, EAGAIN);
}

static void
what_cannot_be_received_is_not_sent(void **state)
{
    struct wire *w = *state;
    int fds[MANY] = {0};

    assert_false(fdpass_send(w->a, "x", 1, fds, FDPASS_MAX + 1));
    assert_int_equal(errno, EINVAL);
    assert_false(fdpass_send(w->a, "", 0, NULL, 0));
    assert_int_equal(errno, EINVAL);
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(
            descriptors_arrive_in_order_and_close_on_exec, setup, teardown),
        cmocka_unit_test_setup_teardown(full_load_arrives, setup, teardown),
        cmocka_unit_test_setup_teardown(
            message_without_descriptors_needs_no_room, setup, teardown),
        cmocka_unit_test_setup_teardown(more_descriptors_than_room_are_closed,
                                        setup, teardown),
        cmocka_unit_test_setup_teardown(
            more_descriptors_than_the_protocol_allows_are_closed, setup,
            teardown),
        cmocka_unit_test_setup_teardown(
            longer_message_is_refused_and_its_descriptors_closed, setup,
            teardown),
        cmocka_unit_test_setup_teardown(
            refused_message_leaves_the_next_one_whole, setup, teardown),
        cmocka_unit_test_setup_teardown(empty_message_leaves_no_descriptor,
                                        setup, teardown),
        cmocka_unit_test_setup_teardown(
            closed_peer_is_end_of_file_and_no_signal, setup, teardown),
        cmocka_unit_test_setup_teardown(nothing_there_is_eagain, setup,
                                        teardown),
        cmocka_unit_test_setup_teardown(full_socket_does_not_block, setup,
                                        teardown),
        cmocka_unit_test_setup_teardown(what_cannot_be_received_is_not_sent,
                                        setup, teardown),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
