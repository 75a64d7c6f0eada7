/* SPDX-License-Identifier: MIT */
/* A line of a script as words that are taken one after the other. */
#ifndef TESTS_SCRIPT_WORDS_H
#define TESTS_SCRIPT_WORDS_H

#include "base/time.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define WORDS_MAX  40
#define WORDS_LINE 240

/* What $NAME stands for; name "": nothing. */
struct variable {
    char name[24], value[24];
};

struct words {
    unsigned count, next;
    const char *word[WORDS_MAX];
    char text[WORDS_LINE];
};

/* Splits at blanks, leaves comments out, puts the variable's value in. False: too
 * long. */
bool words_split(struct words *w, const char *line, size_t len,
                 const struct variable *var);

/* The next word, or NULL. */
const char *words_peek(const struct words *w);
const char *words_take(struct words *w);
/* Takes the next word if it is this one. */
bool words_accept(struct words *w, const char *word);

/* A decimal number; a span such as 3s, 200ms or 50us. False: the word is none,
 * and stays. */
bool words_number(struct words *w, uint32_t *out);
bool words_duration(struct words *w, duration_t *out);
bool duration_read(const char *word, duration_t *out);

#endif
