/* SPDX-License-Identifier: MIT */
/* Lines on stderr. It is a SEQPACKET socket here, so each write is a message. */
#include "base/os/log.h"

#include "tests/base/os/child.h"

#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>

#include <cmocka.h>

#define LINE 1024

struct capture {
    int kept; /* the real stderr */
    int pair[2];
    char got[4 * LINE];
};

static void
capture_open(struct capture *c)
{
    assert_int_equal(socketpair(AF_UNIX, SOCK_SEQPACKET, 0, c->pair), 0);
    c->kept = dup(STDERR_FILENO);
    dup2(c->pair[1], STDERR_FILENO);
}

/* The next write, as a string; "" when there was none. */
static const char *
capture_next(struct capture *c)
{
    ssize_t n = recv(c->pair[0], c->got, sizeof c->got - 1, MSG_DONTWAIT);

    c->got[n > 0 ? n : 0] = '\0';
    return c->got;
}

static void
capture_close(struct capture *c)
{
    dup2(c->kept, STDERR_FILENO);
    close(c->kept);
    close(c->pair[0]);
    close(c->pair[1]);
}

static void
line_is_one_write_with_the_name(void **state)
{
    struct capture c;

    (void)state;
    capture_open(&c);
    log_name("skink: linkd");
    log_line("%s is %d", "x", 5);
    log_name(NULL);
    capture_next(&c);
    assert_string_equal(c.got, "skink: linkd: x is 5\n");
    assert_string_equal(capture_next(&c), "");
    capture_close(&c);
}

static void
name_is_skink_by_default(void **state)
{
    struct capture c;

    (void)state;
    capture_open(&c);
    log_name("other");
    log_name(NULL);
    log_line("up");
    assert_string_equal(capture_next(&c), "skink: up\n");
    capture_close(&c);
}

static void
hint_has_no_name(void **state)
{
    struct capture c;

    (void)state;
    capture_open(&c);
    log_hint("try '%s'", "skink up");
    assert_string_equal(capture_next(&c), "hint: try 'skink up'\n");
    capture_close(&c);
}

static void
line_of_1024_bytes_is_whole(void **state)
{
    char message[LINE];
    struct capture c;
    size_t fits = LINE - strlen("skink: ") - 1;

    (void)state;
    memset(message, 'm', sizeof message);
    message[fits] = '\0';
    capture_open(&c);
    log_line("%s", message);
    capture_next(&c);
    capture_close(&c);
    assert_int_equal(strlen(c.got), LINE);
    assert_string_equal(c.got + LINE - 5, "mmmm\n");
}

static void
longer_line_is_cut_with_dots(void **state)
{
    char message[3 * LINE];
    struct capture c;

    (void)state;
    for (size_t len = LINE - strlen("skink: "); len < sizeof message;
         len += 700) {
        memset(message, 'm', sizeof message);
        message[len] = '\0';
        capture_open(&c);
        log_line("%s", message);
        capture_next(&c);
        assert_int_equal(strlen(c.got), LINE);
        assert_string_equal(c.got + LINE - 5, "m...\n");
        assert_string_equal(capture_next(&c), "");
        capture_close(&c);
    }
}

static void
control_characters_do_not_break_the_line(void **state)
{
    struct capture c;

    (void)state;
    capture_open(&c);
    log_line("file '%s'", "a\nb\033[2Jc\177\303\244");
    capture_next(&c);
    capture_close(&c);
    assert_string_equal(c.got, "skink: file 'a?b?[2Jc?\303\244'\n");
}

static void
errno_survives(void **state)
{
    struct capture c;

    (void)state;
    capture_open(&c);
    errno = ENOTTY;
    log_line("up");
    assert_int_equal(errno, ENOTTY);
    capture_close(&c);
}

static void
die_with_timed_out(void *arg)
{
    (void)arg;
    die(EXIT_TIMED_OUT, "waited %d s", 3);
}

static void
die_says_why_and_exits_with_the_status(void **state)
{
    struct child_end end;

    (void)state;
    child_run(&end, die_with_timed_out, NULL);
    assert_int_equal(end.status, 5);
    assert_string_equal(end.err, "skink: waited 3 s\n");
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(line_is_one_write_with_the_name),
        cmocka_unit_test(name_is_skink_by_default),
        cmocka_unit_test(hint_has_no_name),
        cmocka_unit_test(line_of_1024_bytes_is_whole),
        cmocka_unit_test(longer_line_is_cut_with_dots),
        cmocka_unit_test(control_characters_do_not_break_the_line),
        cmocka_unit_test(errno_survives),
        cmocka_unit_test(die_says_why_and_exits_with_the_status),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
