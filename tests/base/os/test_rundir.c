/* SPDX-License-Identifier: MIT */
/* The rules by which everyone finds the same run directory. */
#define _GNU_SOURCE 1
#include "base/os/rundir.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

static int
forget_environment(void **state)
{
    (void)state;
    return unsetenv("SKINK_RUNDIR") | unsetenv("XDG_RUNTIME_DIR");
}

static void
override_is_the_parent_for_everyone(void **state)
{
    char path[RUNDIR_SIZE];

    (void)state;
    setenv("SKINK_RUNDIR", "/somewhere", 1);
    setenv("XDG_RUNTIME_DIR", "/elsewhere", 1);
    assert_true(rundir_path(path, sizeof path, "lab"));
    assert_string_equal(path, "/somewhere/lab");
}

static void
user_decides_the_parent(void **state)
{
    char path[RUNDIR_SIZE];

    (void)state;
    setenv("XDG_RUNTIME_DIR", "/run/user/1", 1);
    assert_true(rundir_path(path, sizeof path, "default"));
    assert_string_equal(path, geteuid() == 0 ? "/run/skink/default"
                                             : "/run/user/1/skink/default");
}

static void
names_that_are_paths_are_refused(void **state)
{
    static const char *const bad[] = {
        "",     ".",       "..",
        "../x", "a/b",     "-i",
        "a b",  ".hidden", "aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa"};
    char path[RUNDIR_SIZE];

    (void)state;
    for (size_t i = 0; i < sizeof bad / sizeof bad[0]; i++) {
        errno = 0;
        assert_false(rundir_path(path, sizeof path, bad[i]));
        assert_int_equal(errno, EINVAL);
    }
    assert_true(rundir_path(path, sizeof path, "lab-2.test_x"));
}

static void
relative_override_is_refused(void **state)
{
    char path[RUNDIR_SIZE];

    (void)state;
    setenv("SKINK_RUNDIR", "here", 1);
    assert_false(rundir_path(path, sizeof path, "default"));
    assert_int_equal(errno, EINVAL);
}

static void
longest_path_still_fits_a_socket(void **state)
{
    char parent[200] = "/", path[RUNDIR_SIZE];
    struct sockaddr_un address;
    size_t len = RUNDIR_SIZE - 1 - strlen("/default");

    (void)state;
    memset(parent + 1, 'a', len - 1);
    setenv("SKINK_RUNDIR", parent, 1);
    assert_true(rundir_path(path, sizeof path, "default"));
    assert_true(rundir_socket(&address, path, "attachment"));

    parent[len] = 'a';
    setenv("SKINK_RUNDIR", parent, 1);
    assert_false(rundir_path(path, sizeof path, "default"));
    assert_int_equal(errno, ENAMETOOLONG);
}

static void
made_directory_is_closed_to_other_writers(void **state)
{
    char base[] = "/tmp/skink-test-XXXXXX", path[RUNDIR_SIZE];
    struct stat st;

    (void)state;
    assert_non_null(mkdtemp(base));
    snprintf(path, sizeof path, "%s/run/default", base);
    assert_true(rundir_make(path));
    assert_int_equal(stat(path, &st), 0);
    assert_int_equal(st.st_mode & 0777, geteuid() == 0 ? 0755 : 0700);
    assert_true(rundir_make(path)); /* it may be there already */

    assert_int_equal(chmod(path, 0777), 0);
    assert_false(rundir_make(path));
    assert_int_equal(errno, EPERM);

    rmdir(path);
    assert_int_equal(symlink("/tmp", path), 0);
    assert_false(rundir_make(path));
    unlink(path);
    *strrchr(path, '/') = '\0';
    rmdir(path);
    rmdir(base);
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup(override_is_the_parent_for_everyone,
                               forget_environment),
        cmocka_unit_test_setup(user_decides_the_parent, forget_environment),
        cmocka_unit_test_setup(names_that_are_paths_are_refused,
                               forget_environment),
        cmocka_unit_test_setup(relative_override_is_refused,
                               forget_environment),
        cmocka_unit_test_setup(longest_path_still_fits_a_socket,
                               forget_environment),
        cmocka_unit_test(made_directory_is_closed_to_other_writers),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
