/* SPDX-License-Identifier: MIT */
/* The wish to stop. Each claim is checked in a child: the wish is for ever. */
#include "base/os/stop.h"

#include "tests/base/os/child.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <unistd.h>

#include <cmocka.h>

static bool
readable(int fd)
{
    struct pollfd p = {.fd = fd, .events = POLLIN};

    return poll(&p, 1, 0) == 1;
}

static void
ask_by_signal(void *signal_number)
{
    int fd = stop_open();

    if (readable(fd) || stop_asked(fd))
        _exit(1);
    kill(getpid(), *(int *)signal_number);
    if (!readable(fd) || !stop_asked(fd))
        _exit(2);
    if (readable(fd) || !stop_asked(fd))
        _exit(3); /* drained, and still true */
    _exit(0);
}

static void
sigterm_asks_to_stop(void **state)
{
    struct child_end end;
    int number = SIGTERM;

    (void)state;
    child_run(&end, ask_by_signal, &number);
    assert_int_equal(end.status, 0);
}

static void
sigint_asks_to_stop(void **state)
{
    struct child_end end;
    int number = SIGINT;

    (void)state;
    child_run(&end, ask_by_signal, &number);
    assert_int_equal(end.status, 0);
}

static void
write_to_nobody(void *arg)
{
    int ends[2];

    (void)arg;
    stop_open();
    if (pipe(ends) < 0)
        _exit(1);
    close(ends[0]);
    _exit(write(ends[1], "x", 1) < 0 && errno == EPIPE ? 0 : 2);
}

static void
writing_to_nobody_does_not_kill(void **state)
{
    struct child_end end;

    (void)state;
    child_run(&end, write_to_nobody, NULL);
    assert_int_equal(end.status, 0);
}

static void
look_at_flags(void *arg)
{
    int fd = stop_open();

    (void)arg;
    _exit((fcntl(fd, F_GETFD) & FD_CLOEXEC) != 0 &&
                  (fcntl(fd, F_GETFL) & O_NONBLOCK) != 0
              ? 0
              : 1);
}

static void
descriptor_neither_blocks_nor_is_inherited(void **state)
{
    struct child_end end;

    (void)state;
    child_run(&end, look_at_flags, NULL);
    assert_int_equal(end.status, 0);
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(sigterm_asks_to_stop),
        cmocka_unit_test(sigint_asks_to_stop),
        cmocka_unit_test(writing_to_nobody_does_not_kill),
        cmocka_unit_test(descriptor_neither_blocks_nor_is_inherited),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
