/* SPDX-License-Identifier: MIT */
/* Options, and how wrong ones are answered. */
#include "base/os/args.h"

#include "base/os/log.h"
#include "tests/base/os/child.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>

#include <cmocka.h>

#define WORDS_MAX 8
#define HINT      "hint: --help lists the options\n"

struct run {
    char text[128];
    char *argv[WORDS_MAX + 1];
    bool fg, json;
    const char *cpu, *wait;
    int operand;
};

/* Parses the words of `text`. */
static void
parse(struct run *r, const char *text)
{
    int argc = 1;

    *r = (struct run){.argv = {"test"}};
    snprintf(r->text, sizeof r->text, "%s", text);
    for (char *w = strtok(r->text, " "); w != NULL; w = strtok(NULL, " "))
        r->argv[argc++] = w;

    const struct arg args[] = {
        {.name = "fg", .help = "stay", .flag = &r->fg},
        {.name = "json", .letter = 'j', .help = "JSON", .flag = &r->json},
        {.name = "cpu", .metavar = "N", .help = "pin", .value = &r->cpu},
        {.name = "wait",
         .letter = 'w',
         .metavar = "SEC",
         .help = "repeat",
         .value = &r->wait},
        {.name = NULL},
    };

    if (argc > 1 && strcmp(r->argv[1], "--help") == 0)
        args_print(args);
    else
        r->operand = args_parse(argc, r->argv, args);
}

static void
parse_in_child(void *text)
{
    struct run r;

    parse(&r, text);
}

static void
assert_refused(const char *text, const char *line)
{
    struct child_end end;
    char words[128], expected[256];

    snprintf(words, sizeof words, "%s", text);
    snprintf(expected, sizeof expected, "skink: %s\n" HINT, line);
    child_run(&end, parse_in_child, words);
    assert_string_equal(end.err, expected);
    assert_int_equal(end.status, EXIT_USAGE);
    assert_string_equal(end.out, "");
}

static void
flags_and_values_are_set(void **state)
{
    struct run r;

    (void)state;
    parse(&r, "--fg --cpu=3 --wait 5");
    assert_true(r.fg);
    assert_false(r.json);
    assert_string_equal(r.cpu, "3");
    assert_string_equal(r.wait, "5");
    assert_int_equal(r.operand, 5);
}

static void
what_is_not_given_stays_as_it_was(void **state)
{
    struct run r;

    (void)state;
    parse(&r, "");
    assert_false(r.fg || r.json);
    assert_null(r.cpu);
    assert_int_equal(r.operand, 1);
}

static void
letters_join_and_take_values(void **state)
{
    struct run r;

    (void)state;
    parse(&r, "-jw5");
    assert_true(r.json);
    assert_string_equal(r.wait, "5");
    parse(&r, "-w 7 -j");
    assert_true(r.json);
    assert_string_equal(r.wait, "7");
}

static void
first_operand_ends_the_options(void **state)
{
    struct run r;

    (void)state;
    parse(&r, "--fg up --cpu 3");
    assert_int_equal(r.operand, 2);
    assert_null(r.cpu);
    parse(&r, "--fg - --cpu 3");
    assert_int_equal(r.operand, 2);
}

static void
two_dashes_end_the_options(void **state)
{
    struct run r;

    (void)state;
    parse(&r, "--fg -- --cpu 3");
    assert_int_equal(r.operand, 3);
    assert_null(r.cpu);
}

static void
last_of_a_repeated_option_counts(void **state)
{
    struct run r;

    (void)state;
    parse(&r, "--cpu 1 --cpu= --cpu=2");
    assert_string_equal(r.cpu, "2");
}

static void
unknown_option_names_the_nearest(void **state)
{
    (void)state;
    assert_refused("--foo", "unknown option '--foo' (did you mean '--fg'?)");
    assert_refused("--jsn=1",
                   "unknown option '--jsn' (did you mean '--json'?)");
    assert_refused("-json", "unknown option '-json' (did you mean '--json'?)");
    assert_refused("--cp 1", "unknown option '--cp' (did you mean '--cpu'?)");
}

static void
option_like_nothing_gets_no_suggestion(void **state)
{
    (void)state;
    assert_refused("--zzzz", "unknown option '--zzzz'");
    assert_refused("-j -z", "unknown option '-z'");
}

static void
option_without_its_value_is_refused(void **state)
{
    (void)state;
    assert_refused("--cpu", "option '--cpu' needs a value: --cpu N");
    assert_refused("-w", "option '--wait' needs a value: --wait SEC");
}

static void
flag_with_a_value_is_refused(void **state)
{
    (void)state;
    assert_refused("--fg=yes", "option '--fg' takes no value");
}

static void
help_is_one_aligned_line_an_option(void **state)
{
    struct child_end end;
    char words[] = "--help";

    (void)state;
    child_run(&end, parse_in_child, words);
    assert_string_equal(end.out, "  --fg             stay\n"
                                 "  -j, --json       JSON\n"
                                 "  --cpu N          pin\n"
                                 "  -w, --wait SEC   repeat\n");
}

static void
number_may_be_each_end_of_its_range(void **state)
{
    (void)state;
    assert_true(args_number("--cpu", "0", 0, 9) == 0);
    assert_true(args_number("--cpu", "9", 0, 9) == 9);
    assert_true(args_number("--cpu", "007", 0, 9) == 7);
    assert_true(args_number("--n", "18446744073709551615", 0, UINT64_MAX) ==
                UINT64_MAX);
}

static void
number_in_child(void *text)
{
    args_number("--cpu", text, 2, 9);
}

static void
what_is_no_number_in_range_is_refused(void **state)
{
    static const char *const wrong[] = {
        "", "1", "10", "-3", "+3", " 3", "3x", "0x3", "18446744073709551619"};

    (void)state;
    for (size_t i = 0; i < sizeof wrong / sizeof wrong[0]; i++) {
        struct child_end end;
        char text[32], expected[128];

        snprintf(text, sizeof text, "%s", wrong[i]);
        snprintf(expected, sizeof expected,
                 "skink: --cpu: '%s' is not a number from 2 to 9\n", text);
        child_run(&end, number_in_child, text);
        assert_string_equal(end.err, expected);
        assert_int_equal(end.status, EXIT_USAGE);
    }
}

/* ---- options that count each time ---- */

struct heard {
    char text[64];
};

static void
hear(void *owner, const struct arg *row, const char *value)
{
    struct heard *h = owner;
    size_t len = strlen(h->text);

    snprintf(h->text + len, sizeof h->text - len, "%s=%s ", row->name, value);
}

static void
options_that_count_each_time_are_told_in_their_order(void **state)
{
    char link[] = "--link=a", addr[] = "-a", one[] = "1", addr2[] = "--addr";
    char two[] = "2", link2[] = "--link", b[] = "b", name[] = "test";
    char *argv[] = {name, link, addr, one, addr2, two, link2, b, NULL};
    struct heard h = {.text = ""};
    const struct arg args[] = {
        {.name = "link", .metavar = "X", .each = hear, .owner = &h},
        {.name = "addr",
         .letter = 'a',
         .metavar = "X",
         .each = hear,
         .owner = &h},
        {.name = NULL},
    };

    (void)state;
    assert_int_equal(args_parse(8, argv, args), 8);
    assert_string_equal(h.text, "link=a addr=1 addr=2 link=b ");
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(flags_and_values_are_set),
        cmocka_unit_test(what_is_not_given_stays_as_it_was),
        cmocka_unit_test(letters_join_and_take_values),
        cmocka_unit_test(first_operand_ends_the_options),
        cmocka_unit_test(two_dashes_end_the_options),
        cmocka_unit_test(last_of_a_repeated_option_counts),
        cmocka_unit_test(options_that_count_each_time_are_told_in_their_order),
        cmocka_unit_test(unknown_option_names_the_nearest),
        cmocka_unit_test(option_like_nothing_gets_no_suggestion),
        cmocka_unit_test(option_without_its_value_is_refused),
        cmocka_unit_test(flag_with_a_value_is_refused),
        cmocka_unit_test(help_is_one_aligned_line_an_option),
        cmocka_unit_test(number_may_be_each_end_of_its_range),
        cmocka_unit_test(what_is_no_number_in_range_is_refused),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
