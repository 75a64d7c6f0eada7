/* SPDX-License-Identifier: MIT */
/* Two instances that meet at a path. Refusals end the process, so they happen in a
 * child. */
#define _GNU_SOURCE 1
#include "ctl/device_kinds.h"

#include "base/os/log.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>

#include <cmocka.h>

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <sys/wait.h>
#include <unistd.h>

static char dir[32], path[48];

static int
make_dir(void **state)
{
    (void)state;
    snprintf(dir, sizeof dir, "/tmp/skink-pair-XXXXXX");
    assert_non_null(mkdtemp(dir));
    snprintf(path, sizeof path, "%s/lab", dir);
    return 0;
}

static int
remove_dir(void **state)
{
    (void)state;
    device_pair_leave();
    return rmdir(dir);
}

static bool
is_bound_to(int sock, const char *end)
{
    struct sockaddr_un address = {.sun_family = AF_UNSPEC};
    socklen_t len = sizeof address;
    char expected[64];

    snprintf(expected, sizeof expected, "%s%s", path, end);
    assert_int_equal(getsockname(sock, (struct sockaddr *)&address, &len), 0);
    return strcmp(address.sun_path, expected) == 0;
}

static int
status_of_another(void)
{
    pid_t pid = fork();
    int status;

    assert_true(pid >= 0);
    if (pid == 0) {
        close(STDERR_FILENO);
        device_pair(path);
        _exit(0);
    }
    assert_int_equal(waitpid(pid, &status, 0), pid);
    assert_true(WIFEXITED(status));
    return WEXITSTATUS(status);
}

static void
first_and_second_get_an_end_each_and_no_third(void **state)
{
    int first = device_pair(path), second = device_pair(path);

    (void)state;
    assert_true(is_bound_to(first, ".0"));
    assert_true(is_bound_to(second, ".1"));
    assert_int_equal(status_of_another(), EXIT_FAILED);
    close(first);
    close(second);
}

/* An end that is connected to its peer refuses strangers, which is no death. */
static void
connected_end_is_alive(void **state)
{
    int first = device_pair(path), second = device_pair(path);
    struct sockaddr_un peer;
    socklen_t len = sizeof peer;

    (void)state;
    getsockname(second, (struct sockaddr *)&peer, &len);
    assert_int_equal(connect(first, (const struct sockaddr *)&peer, len), 0);
    assert_int_equal(status_of_another(), EXIT_FAILED);
    close(first);
    close(second);
}

static void
file_of_a_dead_socket_is_replaced(void **state)
{
    int first, second = -1;

    (void)state;
    assert_int_equal(status_of_another(), 0); /* leaves its file behind */
    first = device_pair(path);
    assert_true(is_bound_to(first, ".0"));
    second = device_pair(path);
    assert_true(is_bound_to(second, ".1"));
    close(first);
    close(second);
}

static void
files_go_with_their_instance(void **state)
{
    int sock = device_pair(path);
    char end[64];

    (void)state;
    snprintf(end, sizeof end, "%s.0", path);
    assert_int_equal(access(end, F_OK), 0);
    device_pair_leave();
    assert_int_equal(access(end, F_OK), -1);
    close(sock);
}

static void
path_without_a_directory_is_refused(void **state)
{
    (void)state;
    snprintf(path, sizeof path, "%s/no/lab", dir);
    assert_int_equal(status_of_another(), EXIT_FAILED);
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(
            first_and_second_get_an_end_each_and_no_third, make_dir,
            remove_dir),
        cmocka_unit_test_setup_teardown(connected_end_is_alive, make_dir,
                                        remove_dir),
        cmocka_unit_test_setup_teardown(file_of_a_dead_socket_is_replaced,
                                        make_dir, remove_dir),
        cmocka_unit_test_setup_teardown(files_go_with_their_instance, make_dir,
                                        remove_dir),
        cmocka_unit_test_setup_teardown(path_without_a_directory_is_refused,
                                        make_dir, remove_dir),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
