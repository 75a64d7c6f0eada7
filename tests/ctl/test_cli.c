/* SPDX-License-Identifier: MIT */
/* Words of the command line. */
#include "ctl/commands.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

static const char *const names[] = {"up",   "down",    "status",
                                    "exec", "restart", NULL};

static void
slip_of_the_fingers_is_understood(void **state)
{
    (void)state;
    assert_string_equal(cli_nearest("stauts", names), "status");
    assert_string_equal(cli_nearest("restrt", names), "restart");
    assert_string_equal(cli_nearest("dwon", names), "down");
}

static void
another_word_is_not_guessed_at(void **state)
{
    (void)state;
    assert_null(cli_nearest("conns", names));
    assert_null(cli_nearest("", names));
    assert_null(cli_nearest("x", names));
}

static void
options_may_follow_operands(void **state)
{
    char name[] = "stats", pattern[] = "drop", option[] = "--nonzero";
    char *argv[] = {name, pattern, option, NULL};
    const char *operand = NULL;
    bool nonzero = false;
    struct cli cli = {.usage = "stats"};
    const struct arg args[] = {
        {.name = "nonzero", .help = "", .flag = &nonzero},
        {.name = NULL},
    };

    (void)state;
    assert_int_equal(cli_parse(&cli, args, 3, argv, &operand, 1), 1);
    assert_string_equal(operand, "drop");
    assert_true(nonzero);
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(slip_of_the_fingers_is_understood),
        cmocka_unit_test(another_word_is_not_guessed_at),
        cmocka_unit_test(options_may_follow_operands),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
