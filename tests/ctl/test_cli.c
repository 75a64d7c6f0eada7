/* SPDX-License-Identifier: MIT */
/* Words of the command line. */
#define _GNU_SOURCE 1
#include "ctl/commands.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <stdlib.h>

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
    assert_null(cli_nearest("statistics", names));
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

static const struct arg no_rows[] = {{.name = NULL}};

static void
common_options_may_follow_the_command(void **state)
{
    char name[] = "status", j[] = "-j", i[] = "-i", lab[] = "lab";
    char *argv[] = {name, j, i, lab, NULL};
    struct cli cli = {.usage = "status", .instance = "before"};

    (void)state;
    assert_int_equal(cli_parse(&cli, no_rows, 4, argv, NULL, 0), 0);
    assert_true(cli.json);
    assert_string_equal(cli.instance, "lab");
    assert_string_equal(cli.rundir, "/nowhere/lab");
}

static void
environment_names_the_instance_if_nothing_else_does(void **state)
{
    char name[] = "status";
    char *argv[] = {name, NULL};
    struct cli given = {.instance = "lab"}, open = {0}, neither = {0};

    (void)state;
    setenv("SKINK_INSTANCE", "env", 1);
    cli_parse(&given, no_rows, 1, argv, NULL, 0);
    assert_string_equal(given.rundir, "/nowhere/lab");
    cli_parse(&open, no_rows, 1, argv, NULL, 0);
    assert_string_equal(open.rundir, "/nowhere/env");
    setenv("SKINK_INSTANCE", "", 1);
    cli_parse(&neither, no_rows, 1, argv, NULL, 0);
    assert_string_equal(neither.rundir, "/nowhere/default");
}

static void
options_of_the_program_to_run_are_its_own(void **state)
{
    char name[] = "exec", i[] = "-ilab", ls[] = "ls", l[] = "-l";
    char *argv[] = {name, i, ls, l, NULL};
    struct cli cli = {.usage = "exec"};

    (void)state;
    assert_int_equal(cli_options(&cli, no_rows, 4, argv), 2);
    assert_string_equal(cli.instance, "lab");
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(slip_of_the_fingers_is_understood),
        cmocka_unit_test(another_word_is_not_guessed_at),
        cmocka_unit_test(options_may_follow_operands),
        cmocka_unit_test(common_options_may_follow_the_command),
        cmocka_unit_test(environment_names_the_instance_if_nothing_else_does),
        cmocka_unit_test(options_of_the_program_to_run_are_its_own),
    };

    setenv("SKINK_RUNDIR", "/nowhere", 1);
    return cmocka_run_group_tests(tests, NULL, NULL);
}
