/* SPDX-License-Identifier: MIT */
/* What a spawned child gets. The child is this program with "report". */
#define _GNU_SOURCE 1
#include "base/os/spawn.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <poll.h>
#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cmocka.h>

#define SELF "/proc/self/exe"

/* Says on descriptor 1 which others are open, "number:inode;" each, then
 * "signals" and how many are blocked or ignored. */
static int
report(void)
{
    sigset_t mask;
    int odd = 0;

    for (int fd = STDERR_FILENO + 1; fd < 1024; fd++) {
        struct stat st;

        if (fstat(fd, &st) == 0)
            dprintf(1, "%d:%lu;", fd, (unsigned long)st.st_ino);
    }
    sigprocmask(SIG_BLOCK, NULL, &mask);
    for (int s = 1; s <= SIGRTMAX; s++) {
        struct sigaction action;

        odd += sigismember(&mask, s) == 1;
        odd += sigaction(s, NULL, &action) == 0 && action.sa_handler == SIG_IGN;
    }
    dprintf(1, "signals %d", odd);
    return 7;
}

static unsigned long
inode(int fd)
{
    struct stat st;

    assert_int_equal(fstat(fd, &st), 0);
    return (unsigned long)st.st_ino;
}

/* Two different open files at the numbers a and b of this process. */
static void
place(int a, int b)
{
    int ends[2];

    assert_int_equal(pipe(ends), 0);
    assert_int_equal(dup2(ends[0], a), a);
    close(ends[0]);
    close(ends[1]);
    assert_int_equal(pipe(ends), 0);
    assert_int_equal(dup2(ends[0], b), b);
    close(ends[0]);
    close(ends[1]);
}

static int
reap(const struct spawned *child)
{
    siginfo_t info = {0};
    struct pollfd p = {.fd = child->pidfd, .events = POLLIN};

    assert_int_equal(poll(&p, 1, 10000), 1);
    assert_int_equal(waitid(P_PIDFD, (id_t)child->pidfd, &info, WEXITED), 0);
    close(child->pidfd);
    assert_int_equal(info.si_code, CLD_EXITED);
    return info.si_status;
}

/* Spawns the reporter with `rows`, whose first is its descriptor 1. */
static void
spawn_report(struct spawn_fd *rows, char *text, size_t size)
{
    char name[] = "test_spawn", report_word[] = "report";
    char *argv[] = {name, report_word, NULL};
    struct spawned child;
    int ends[2];
    size_t len = 0;
    ssize_t n;

    assert_int_equal(pipe2(ends, O_CLOEXEC), 0);
    rows[0] = (struct spawn_fd){ends[1], STDOUT_FILENO};
    assert_true(spawn(&child, SELF, argv, rows));
    close(ends[1]);
    while ((n = read(ends[0], text + len, size - 1 - len)) > 0)
        len += (size_t)n;
    text[len] = '\0';
    close(ends[0]);
    assert_int_equal(reap(&child), 7);
}

static int
open_descriptors(void)
{
    int count = 0;

    for (int fd = 0; fd < 1024; fd++)
        count += fcntl(fd, F_GETFD) >= 0;
    return count;
}

static void
child_gets_the_listed_descriptors_only(void **state)
{
    struct spawn_fd rows[] = {{0, 0}, {40, 3}, {41, 6}, {-1, -1}};
    char text[512], expected[128];

    (void)state;
    place(40, 41);
    spawn_report(rows, text, sizeof text);
    snprintf(expected, sizeof expected, "3:%lu;6:%lu;signals 0", inode(40),
             inode(41));
    assert_string_equal(text, expected);
    close(40);
    close(41);
}

static void
targets_that_are_other_sources_do_not_collide(void **state)
{
    struct spawn_fd rows[] = {{0, 0}, {40, 41}, {41, 40}, {40, 39}, {-1, -1}};
    char text[512], expected[128];

    (void)state;
    place(40, 41);
    spawn_report(rows, text, sizeof text);
    snprintf(expected, sizeof expected, "39:%lu;40:%lu;41:%lu;signals 0",
             inode(40), inode(41), inode(40));
    assert_string_equal(text, expected);
    close(40);
    close(41);
}

static void
source_and_target_may_be_the_same_number(void **state)
{
    struct spawn_fd rows[] = {{0, 0}, {40, 40}, {-1, -1}};
    char text[512], expected[128];

    (void)state;
    place(40, 41);
    fcntl(40, F_SETFD, FD_CLOEXEC);
    spawn_report(rows, text, sizeof text);
    snprintf(expected, sizeof expected, "40:%lu;signals 0", inode(40));
    assert_string_equal(text, expected);
    close(40);
    close(41);
}

static void
child_has_signals_at_their_defaults(void **state)
{
    struct spawn_fd rows[] = {{0, 0}, {-1, -1}};
    sigset_t set, before;
    char text[512];

    (void)state;
    sigemptyset(&set);
    sigaddset(&set, SIGTERM);
    sigprocmask(SIG_BLOCK, &set, &before);
    signal(SIGPIPE, SIG_IGN);
    spawn_report(rows, text, sizeof text);
    signal(SIGPIPE, SIG_DFL);
    sigprocmask(SIG_SETMASK, &before, NULL);
    assert_string_equal(text, "signals 0");
}

static void
failed_spawn_leaves_nothing_open(void **state)
{
    struct spawn_fd missing[] = {{0, 9}, {-1, -1}};
    struct spawn_fd closed[] = {{0, 9}, {900, 10}, {-1, -1}};
    int before = open_descriptors();
    char name[] = "x";
    char *argv[] = {name, NULL};
    struct spawned child;

    (void)state;
    assert_false(spawn(&child, "/nonexistent/program", argv, missing));
    assert_int_equal(errno, ENOENT);
    assert_false(spawn(&child, SELF, argv, closed));
    assert_int_equal(errno, EBADF);
    assert_int_equal(open_descriptors(), before);
    assert_int_equal(waitpid(-1, NULL, WNOHANG), -1); /* no child either */
}

static void
spawning_opens_one_descriptor(void **state)
{
    struct spawn_fd rows[] = {{0, 0}, {-1, -1}};
    int before = open_descriptors();
    char text[512];

    (void)state;
    spawn_report(rows, text, sizeof text);
    assert_int_equal(open_descriptors(), before);
}

static void
own_directory_holds_the_running_program(void **state)
{
    char path[PATH_MAX + 32];
    struct stat here, self;

    (void)state;
    snprintf(path, sizeof path, "%s/%s", spawn_self_dir(),
             program_invocation_short_name);
    assert_int_equal(stat(path, &here), 0);
    assert_int_equal(stat(SELF, &self), 0);
    assert_int_equal(here.st_ino, self.st_ino);
}

int
main(int argc, char **argv)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(child_gets_the_listed_descriptors_only),
        cmocka_unit_test(targets_that_are_other_sources_do_not_collide),
        cmocka_unit_test(source_and_target_may_be_the_same_number),
        cmocka_unit_test(child_has_signals_at_their_defaults),
        cmocka_unit_test(failed_spawn_leaves_nothing_open),
        cmocka_unit_test(spawning_opens_one_descriptor),
        cmocka_unit_test(own_directory_holds_the_running_program),
    };

    if (argc == 2 && strcmp(argv[1], "report") == 0)
        return report();
    return cmocka_run_group_tests(tests, NULL, NULL);
}
