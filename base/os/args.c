/* SPDX-License-Identifier: MIT */
/* Long options from a table, as getopt_long(3) reads them but without
 * abbreviations and permutation: a script that works today does not change its
 * meaning when an option is added, and what follows the first operand belongs
 * to that operand. Letters may be joined ("-tin"), and the last of them may
 * have its value attached ("-w5"). A repeated option: the last one counts, unless
 * its row asks for each of them, in their order. */
#include "base/os/args.h"

#include "base/bits.h"
#include "base/os/log.h"

#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define NAME_LONGEST 40 /* longer names of options are never suggested */

static _Noreturn void
usage_exit(void)
{
    log_hint("--help lists the options");
    exit(EXIT_USAGE);
}

/* Levenshtein's distance. row[j] is the distance between the letters of `typed`
 * seen so far and the first j of `known`. */
static size_t
edit_distance(const char *typed, size_t len, const char *known,
              size_t known_len)
{
    size_t row[NAME_LONGEST + 1];

    for (size_t j = 0; j <= known_len; j++)
        row[j] = j;
    for (size_t i = 0; i < len; i++) {
        size_t diagonal = row[0];

        row[0] = i + 1;
        for (size_t j = 1; j <= known_len; j++) {
            size_t replaced = diagonal + (typed[i] != known[j - 1]);

            diagonal = row[j];
            row[j] = min_u64(replaced, min_u64(row[j - 1], row[j]) + 1);
        }
    }
    return row[known_len];
}

size_t
args_slips(const char *typed, size_t len, const char *known)
{
    size_t known_len = strlen(known), slips;

    if (known_len > NAME_LONGEST || len > 2 * NAME_LONGEST)
        return SIZE_MAX;
    slips = edit_distance(typed, len, known, known_len);
    if (slips > max_u64(2, known_len / 3) || slips >= max_u64(len, known_len))
        return SIZE_MAX;
    return slips;
}

/* The known option most like `typed`; NULL when none is meant. */
static const struct arg *
nearest(const struct arg *args, const char *typed, size_t len)
{
    const struct arg *best = NULL;
    size_t fewest = SIZE_MAX;

    for (const struct arg *a = args; a->name != NULL; a++) {
        size_t slips = args_slips(typed, len, a->name);

        if (slips < fewest) {
            best = a;
            fewest = slips;
        }
    }
    return best;
}

static _Noreturn void
unknown_option(const struct arg *args, const char *dashes, const char *typed,
               size_t len)
{
    const struct arg *a = nearest(args, typed, len);
    int shown = (int)min_u64(len, 200);

    if (a != NULL)
        log_line("unknown option '%s%.*s' (did you mean '--%s'?)", dashes,
                 shown, typed, a->name);
    else
        log_line("unknown option '%s%.*s'", dashes, shown, typed);
    usage_exit();
}

static _Noreturn void
value_missing(const struct arg *a)
{
    log_line("option '--%s' needs a value: --%s %s", a->name, a->name,
             a->metavar);
    usage_exit();
}

static void
give(const struct arg *a, const char *value)
{
    if (a->each != NULL)
        a->each(a->owner, a, value);
    else
        *a->value = value;
}

/* `text` follows the dashes, `next` is the word after it or NULL. Returns how
 * many words beyond its own the option took: 0 or 1. */
static int
take_long(const struct arg *args, const char *text, const char *next)
{
    size_t len = strcspn(text, "=");
    const char *attached = text[len] == '=' ? text + len + 1 : NULL;
    const struct arg *a = args;

    while (a->name != NULL &&
           (strlen(a->name) != len || memcmp(a->name, text, len) != 0))
        a++;
    if (a->name == NULL)
        unknown_option(args, "--", text, len);
    if (a->metavar == NULL) {
        if (attached != NULL) {
            log_line("option '--%s' takes no value", a->name);
            usage_exit();
        }
        *a->flag = true;
        return 0;
    }
    if (attached == NULL && next == NULL)
        value_missing(a);
    give(a, attached != NULL ? attached : next);
    return attached != NULL ? 0 : 1;
}

static const struct arg *
find_letter(const struct arg *args, char letter)
{
    for (const struct arg *a = args; a->name != NULL; a++) {
        if (a->letter != 0 && a->letter == letter)
            return a;
    }
    return NULL;
}

static int
take_letters(const struct arg *args, const char *text, const char *next)
{
    for (const char *c = text; *c != '\0'; c++) {
        const struct arg *a = find_letter(args, *c);

        if (a == NULL) /* the whole word: it may be "-json" for "--json" */
            unknown_option(args, "-", text, strcspn(text, "="));
        if (a->metavar == NULL) {
            *a->flag = true;
            continue;
        }
        if (c[1] == '\0' && next == NULL)
            value_missing(a);
        give(a, c[1] != '\0' ? c + 1 : next);
        return c[1] != '\0' ? 0 : 1;
    }
    return 0;
}

int
args_parse(int argc, char **argv, const struct arg *args)
{
    int i = 1;

    while (i < argc) {
        const char *word = argv[i];
        const char *next = argv[i + 1]; /* argv[argc] is NULL */

        if (word[0] != '-' || word[1] == '\0')
            return i; /* "-" alone means a stream, which is an operand */
        i++;
        if (strcmp(word, "--") == 0)
            return i;
        if (word[1] == '-')
            i += take_long(args, word + 2, next);
        else
            i += take_letters(args, word + 1, next);
    }
    return argc;
}

/* Writes "  -x, --name METAVAR"; returns its width. */
static int
format_option(char *to, size_t size, const struct arg *a)
{
    char letter[] = {'-', a->letter, ',', ' ', '\0'};

    return snprintf(to, size, "  %s--%s%s%s", a->letter != 0 ? letter : "",
                    a->name, a->metavar != NULL ? " " : "",
                    a->metavar != NULL ? a->metavar : "");
}

void
args_print(const struct arg *args)
{
    char text[160];
    int width = 0;

    for (const struct arg *a = args; a->name != NULL; a++) {
        int w = format_option(text, sizeof text, a);

        width = w > width ? w : width;
    }
    for (const struct arg *a = args; a->name != NULL; a++) {
        format_option(text, sizeof text, a);
        printf("%-*s   %s\n", width, text, a->help);
    }
}

uint64_t
args_number(const char *what, const char *text, uint64_t lo, uint64_t hi)
{
    uint64_t v = 0;
    bool good = text[0] != '\0';

    for (const char *c = text; good && *c != '\0'; c++) {
        good = *c >= '0' && *c <= '9' && !__builtin_mul_overflow(v, 10, &v) &&
               !__builtin_add_overflow(v, (uint64_t)(*c - '0'), &v);
    }
    if (!good || v < lo || v > hi)
        die(EXIT_USAGE, "%s: '%s' is not a number from %" PRIu64 " to %" PRIu64,
            what, text, lo, hi);
    return v;
}
