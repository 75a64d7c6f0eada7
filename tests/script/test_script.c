/* SPDX-License-Identifier: MIT */
/* Scripts that do not hold, one for every way in which a line can be wrong, and
 * what is said of each: a runner that believes everything proves nothing. */
#include "tests/script/script.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

struct wrong {
    const char *text;
    unsigned line;
    const char *expected, *came;
};

static void
check(const struct wrong *wrong, size_t n)
{
    struct script_failure f;

    for (size_t i = 0; i < n; i++) {
        if (script_run(wrong[i].text, &f))
            fail_msg("holds:\n%s", wrong[i].text);
        assert_string_equal(f.expected, wrong[i].expected);
        assert_string_equal(f.came, wrong[i].came);
        assert_int_equal(f.line, wrong[i].line);
    }
}
#define CHECK_ALL(table) check(table, sizeof(table) / sizeof(table)[0])

static void
what_comes_is_compared_with_what_is_expected(void **state)
{
    static const struct wrong wrong[] = {
        {"< . 5 ack 7\n> R. 7\n", 2, "a segment: FLAGS SEQ(LENGTH) ack N ...",
         "\"\""},
        {"< . 5 ack 7\n> R. 7 ack 5\n", 2, "> R. 7 ack 5", "> R 7"},
        {"< . 5 ack 7\n> R 8\n", 2, "> R 8", "> R 7"},
        {"< . 5 ack 7\n> R 7(1)\n", 2, "> R 7(1)", "> R 7"},
        {"< S 5\n> R. 0 ack 5\n", 2, "> R. 0 ack 5", "> R. 0 ack 6"},
        {"in ESTABLISHED\n> . 1 ack 1\n", 2, "> . 1 ack 1", "nothing"},
        {"connect\n> S 0 win 1\n", 2, "> S 0 win 1", "> S 0 win 65535"},
        {"connect\n> S 0 mss 1\n", 2, "> S 0 mss 1", "> S 0 mss 1460"},
        {"connect\n> S 0 ws 1\n", 2, "> S 0 ws 1", "> S 0 ws 0"},
        {"connect\n> S 0 nots\n", 2, "> S 0", "> S 0 ts"},
        {"connect\n> S 0 sack 1:2\n", 2, "> S 0 sack 1:2", "> S 0"},
        {"connect\n> S 0 new\n", 2, "> S 0 new", "> S 0"},
        {"peer 1\n< . 5 ack 7\npeer 0\n> R 7\n", 3, "nothing", "> R 7"},
    };

    (void)state;
    CHECK_ALL(wrong);
}

static void
what_nobody_expected_is_a_failure(void **state)
{
    static const struct wrong wrong[] = {
        {"< . 5 ack 7\n", 1, "nothing", "> R 7"},
        {"< . 5 ack 7\nnone\n", 2, "nothing", "> R 7"},
        {"< . 5 ack 7\nlisten\n", 2, "nothing", "> R 7"},
        {"< . 5 ack 7\n\n+1s\n", 3, "nothing", "> R 7"},
        {"< . 5 ack 7\ncase\n", 1, "nothing", "> R 7"},
        {"connect\n> S 0\n+3s\n", 3, "nothing before +3s", "> S 0 at +1.000s"},
        {"connect\n> S 0\n+3s > S 0\n", 3, "nothing before +3s",
         "> S 0 at +1.000s"},
        {"connect\n> S 0\n+999ms > S 0\n", 3, "> S 0", "nothing"},
    };

    (void)state;
    CHECK_ALL(wrong);
}

static void
what_must_hold_is_checked(void **state)
{
    static const struct wrong wrong[] = {
        {"in ESTABLISHED\nstate CLOSED\n", 2, "state CLOSED",
         "state ESTABLISHED"},
        {"state LISTEN\n", 1, "state LISTEN", "state CLOSED"},
        {"< R 0\ndrop none\n", 2, "drop none", "drop no_connection_rst"},
        {"in ESTABLISHED\n< R 1\nerror none\n", 3, "error none",
         "error ECONNRESET"},
        {"listen\nqueued 1\n", 2, "queued 1", "queued 0"},
        {"in ESTABLISHED\nhas mss 1\n", 2, "mss 1", "mss 1460"},
        {"has mss 1\n", 1, "a connection", "none"},
        {"bind 80\nlisten\n", 2, "none", "EADDRINUSE"},
        {"bind 80 = EADDRINUSE\n", 1, "EADDRINUSE", "none"},
        {"in SYN-RECEIVED\naccept\n", 2, "none", "EINVAL"},
        {"in ESTABLISHED\nrecv 1\n", 2, "so many bytes to read", "0"},
        {"send 1\n", 1, "a connection of the application", "none"},
        {"unlisten\n", 1, "a listener", "none"},
    };

    (void)state;
    CHECK_ALL(wrong);
}

static void
a_line_that_means_nothing_is_a_failure(void **state)
{
    static const struct wrong wrong[] = {
        {"# a comment\n\nnonsense # here\n", 3, "a word of the language",
         "\"nonsense\""},
        {"listen 1 2\n", 1, "the line's end", "\"2\""},
        {"< X 0\n", 1, "a segment: FLAGS SEQ(LENGTH) ack N ...", "\"X\""},
        {"< S x\n", 1, "a segment: FLAGS SEQ(LENGTH) ack N ...", "\"x\""},
        {"< S 0 win\n", 1, "a segment: FLAGS SEQ(LENGTH) ack N ...", "\"win\""},
        {"< S 0 what 5\n", 1, "a segment: FLAGS SEQ(LENGTH) ack N ...",
         "\"what\""},
        {"< S 0(70000)\n", 1, "at most 65536 bytes of text", "70000"},
        {"+soon\n", 1, "a span of time such as +200ms", "+soon"},
        {"in TROUBLE\n", 1, "in and a state", "another word"},
        {"peer 9\n", 1, "a peer from 0 to 5", "none"},
        {"in ESTABLISHED\nhas luck 1\n", 2, "has and a name of checks.c",
         "another word"},
        {"set luck 1\n", 1, "a setting of calls.c", "\"luck\""},
        {"for S in\n", 1, "for NAME in VALUE ...", "other words"},
    };

    (void)state;
    CHECK_ALL(wrong);
}

static void
a_loop_says_which_value_failed(void **state)
{
    static const struct wrong wrong[] = {
        {"for S in ESTABLISHED CLOSE-WAIT\nin $S\nstate ESTABLISHED\n", 3,
         "state ESTABLISHED", "state CLOSE-WAIT (S CLOSE-WAIT)"},
        {"case one\nlisten\ncase two\nin ESTABLISHED\nstate LISTEN\n", 5,
         "state LISTEN", "state ESTABLISHED"},
    };

    (void)state;
    CHECK_ALL(wrong);
}

static void
a_line_too_long_is_a_failure(void **state)
{
    char text[400];
    struct script_failure f;

    (void)state;
    memset(text, 'x', sizeof text - 1);
    text[sizeof text - 1] = '\0';
    assert_false(script_run(text, &f));
    assert_int_equal(f.line, 1);
    assert_string_equal(f.expected, "a shorter line");
}

static void
what_holds_holds(void **state)
{
    struct script_failure f;

    (void)state;
    assert_true(script_run("", &f));
    assert_true(script_run("# nothing\n", &f));
    assert_true(script_run("in ESTABLISHED\n"
                           "{\n< . 1(10) ack 1\n< P. 11(10) ack 1\n}\n"
                           "> . snd ack rcv+20 win 65515 nots nosack\n"
                           "drop none\n recv 20\n+10s\n",
                           &f));
    assert_int_equal(f.line, 0);
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(what_comes_is_compared_with_what_is_expected),
        cmocka_unit_test(what_nobody_expected_is_a_failure),
        cmocka_unit_test(what_must_hold_is_checked),
        cmocka_unit_test(a_line_that_means_nothing_is_a_failure),
        cmocka_unit_test(a_loop_says_which_value_failed),
        cmocka_unit_test(a_line_too_long_is_a_failure),
        cmocka_unit_test(what_holds_holds),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
