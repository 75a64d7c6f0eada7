/* SPDX-License-Identifier: MIT */
/* Lines and their times. */
#define _GNU_SOURCE 1
#include "ctl/journal.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>

#include <cmocka.h>

#include <stdio.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

static void
open_file(struct journal *j, bool dated)
{
    *j = (struct journal){.pipe = {.fd = -1}, .dated = dated};
    j->file = memfd_create("log", MFD_CLOEXEC);
    assert_true(j->file >= 0);
}

static void
say(struct journal *j, const char *text)
{
    journal_write(j, text, strlen(text), "NOW ");
}

static void
assert_file(struct journal *j, const char *expected)
{
    char text[256];
    ssize_t n = pread(j->file, text, sizeof text - 1, 0);

    assert_true(n >= 0);
    text[n] = '\0';
    assert_string_equal(text, expected);
    close(j->file);
}

static void
each_line_gets_its_time(void **state)
{
    struct journal j;

    (void)state;
    open_file(&j, true);
    say(&j, "one\ntwo\n");
    say(&j, "three\n");
    assert_file(&j, "NOW one\nNOW two\nNOW three\n");
}

static void
line_in_pieces_gets_one_time(void **state)
{
    struct journal j;

    (void)state;
    open_file(&j, true);
    say(&j, "on");
    say(&j, "e\n");
    assert_file(&j, "NOW one\n");
}

static void
nothing_is_dated_before_the_instance_is_up(void **state)
{
    struct journal j;

    (void)state;
    open_file(&j, false);
    say(&j, "one\n");
    journal_date(&j);
    say(&j, "two\n");
    assert_file(&j, "one\nNOW two\n");
}

static void
stderr_goes_into_the_file_with_a_time(void **state)
{
    int before = dup(STDERR_FILENO);
    struct loop loop;
    struct journal j;
    char text[64] = "";
    int file = memfd_create("log", MFD_CLOEXEC);
    unsigned year;
    int end = 0;

    (void)state;
    assert_true(loop_open(&loop) && journal_open(&j, &loop, file));
    journal_date(&j);
    fputs("skink: words\n", stderr);
    dup2(before, STDERR_FILENO);
    close(before);
    loop_turn(&loop, 0);
    assert_true(pread(file, text, sizeof text - 1, 0) > 0);
    assert_int_equal(
        sscanf(text, "%4u-%*2u-%*2uT%*2u:%*2u:%*2u.%*3uZ %n", &year, &end), 1);
    assert_true(year >= 2024);
    assert_string_equal(text + end, "skink: words\n");
    loop_close(&loop, &j.pipe);
    close(loop.epoll);
    close(file);
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(each_line_gets_its_time),
        cmocka_unit_test(line_in_pieces_gets_one_time),
        cmocka_unit_test(nothing_is_dated_before_the_instance_is_up),
        cmocka_unit_test(stderr_goes_into_the_file_with_a_time),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
