/* SPDX-License-Identifier: MIT */
/* Connections that there is no descriptor for. */
#define _GNU_SOURCE 1
#include "ctl/loop.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>

#include <cmocka.h>

#include <errno.h>
#include <fcntl.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#define LIMIT 64

static struct sockaddr_un address;
static socklen_t address_len = sizeof address;

/* In the abstract namespace, with a name that the kernel chooses. */
static int
listener(void)
{
    const struct sockaddr_un any = {.sun_family = AF_UNIX};
    int fd = socket(AF_UNIX, SOCK_SEQPACKET | SOCK_NONBLOCK, 0);

    assert_int_equal(
        bind(fd, (const struct sockaddr *)&any, sizeof any.sun_family), 0);
    assert_int_equal(listen(fd, 8), 0);
    assert_int_equal(getsockname(fd, (struct sockaddr *)&address, &address_len),
                     0);
    return fd;
}

static int
connected(void)
{
    int fd = socket(AF_UNIX, SOCK_SEQPACKET, 0);

    assert_int_equal(
        connect(fd, (const struct sockaddr *)&address, address_len), 0);
    return fd;
}

static void
connection_without_a_descriptor_does_not_stay_in_the_queue(void **state)
{
    const struct rlimit few = {.rlim_cur = LIMIT, .rlim_max = LIMIT};
    int listening = listener(), first = connected(), second = connected();
    int spare = open("/dev/null", O_RDONLY), taken[LIMIT], count = 0;
    char byte;

    (void)state;
    assert_int_equal(setrlimit(RLIMIT_NOFILE, &few), 0);
    close(loop_accept(listening, 0)); /* the first one: all is well */
    while ((taken[count] = open("/dev/null", O_RDONLY)) >= 0)
        count++;
    assert_int_equal(loop_accept(listening, 0), -1);
    assert_int_equal(errno, EMFILE);
    assert_int_equal(recv(second, &byte, 1, 0), 0); /* it was closed */

    close(spare);
    assert_int_equal(loop_accept(listening, 0), -1);
    assert_int_equal(errno, EAGAIN); /* and the queue is empty */
    while (count > 0)
        close(taken[--count]);
    close(first);
    close(second);
    close(listening);
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(
            connection_without_a_descriptor_does_not_stay_in_the_queue),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
