/* SPDX-License-Identifier: MIT */
/* Runs a script: a sequence of cases, each on a stage of its own.
 *
 * `case` begins one, and so does `for NAME in VALUE ...`, whose lines are
 * played once with every value. Lines before the first of these are a case
 * too. */
#include "tests/script/script.h"

#include "base/check.h"
#include "tests/script/play.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* ---- lines ---- */

struct line {
    const char *at;
    size_t len;
    unsigned number;
};

static const char *
next_line(const char *at, struct line *line)
{
    size_t len = strcspn(at, "\n");

    if (*at == '\0')
        return NULL;
    line->at = at;
    line->len = len;
    line->number++;
    return at + len + (at[len] == '\n');
}

static bool
read_line(const struct line *line, const struct variable *var,
          struct words *words, struct script_failure *failure)
{
    if (words_split(words, line->at, line->len, var))
        return true;
    failure->line = line->number;
    snprintf(failure->expected, sizeof failure->expected, "a shorter line");
    snprintf(failure->came, sizeof failure->came, "one of %zu", line->len);
    return false;
}

static bool
begins_case(const struct line *line)
{
    static const struct variable nothing;
    struct words words;
    const char *first;

    if (!words_split(&words, line->at, line->len, &nothing))
        return false;
    first = words_peek(&words);
    return first != NULL &&
           (strcmp(first, "case") == 0 || strcmp(first, "for") == 0);
}

/* ---- cases ---- */

/* From `from`, the line after the one numbered `number`, to the next case. */
static bool
play_lines(struct stage *s, const char *from, unsigned number,
           const struct variable *var)
{
    struct line line = {.number = number};
    struct words words;

    while ((from = next_line(from, &line)) != NULL && !begins_case(&line)) {
        if (!read_line(&line, var, &words, s->failure))
            return false;
        s->failure->line = line.number;
        if (!play_line(s, &words))
            return false;
    }
    if (!play_expect_silence(s))
        return false;
    s->failure->line = 0;
    return true;
}

static bool
play_case(const char *from, unsigned number, const struct variable *var,
          struct script_failure *failure)
{
    struct stage *s = malloc(sizeof *s);
    size_t said;
    bool ok;

    CHECK(s != NULL);
    stage_open(s, failure);
    ok = play_lines(s, from, number, var);
    stage_close(s);
    free(s);
    if (!ok && var->name[0] != '\0') {
        said = strlen(failure->came);
        snprintf(failure->came + said, sizeof failure->came - said,
                 " (%.24s %.24s)", var->name, var->value);
    }
    return ok;
}

/* `for NAME in VALUE ...` */
static bool
play_for(struct words *w, const char *from, unsigned number,
         struct script_failure *failure)
{
    struct variable var = {0};
    const char *name = words_take(w), *value;

    if (name == NULL || !words_accept(w, "in") || words_peek(w) == NULL) {
        *failure = (struct script_failure){number, "for NAME in VALUE ...",
                                           "other words"};
        return false;
    }
    snprintf(var.name, sizeof var.name, "%s", name);
    while ((value = words_take(w)) != NULL) {
        snprintf(var.value, sizeof var.value, "%s", value);
        if (!play_case(from, number, &var, failure))
            return false;
    }
    return true;
}

bool
script_run(const char *text, struct script_failure *failure)
{
    static const struct variable nothing;
    struct line line = {0};
    struct words words;

    *failure = (struct script_failure){0};
    if (!play_case(text, 0, &nothing, failure))
        return false;
    while ((text = next_line(text, &line)) != NULL) {
        if (!begins_case(&line))
            continue;
        if (!read_line(&line, &nothing, &words, failure))
            return false;
        if (strcmp(words_take(&words), "for") == 0) {
            if (!play_for(&words, text, line.number, failure))
                return false;
        } else if (!play_case(text, line.number, &nothing, failure)) {
            return false;
        }
    }
    return true;
}
