/* SPDX-License-Identifier: MIT */
/* Splits lines into words and reads numbers and times from them. */
#include "tests/script/words.h"

#include <stdlib.h>
#include <string.h>

static const char *
substitute(const char *word, const struct variable *var)
{
    bool named = word[0] == '$' && var->name[0] != '\0' &&
                 strcmp(word + 1, var->name) == 0;

    return named ? var->value : word;
}

bool
words_split(struct words *w, const char *line, size_t len,
            const struct variable *var)
{
    const char *comment = memchr(line, '#', len);
    char *word;

    if (comment != NULL)
        len = (size_t)(comment - line);
    if (len >= sizeof w->text)
        return false;
    memcpy(w->text, line, len);
    w->text[len] = '\0';
    w->count = 0;
    w->next = 0;
    for (char *at = w->text; (word = strsep(&at, " \t")) != NULL;) {
        if (*word == '\0')
            continue;
        if (w->count == WORDS_MAX)
            return false;
        w->word[w->count++] = substitute(word, var);
    }
    return true;
}

const char *
words_peek(const struct words *w)
{
    return w->next < w->count ? w->word[w->next] : NULL;
}

const char *
words_take(struct words *w)
{
    return w->next < w->count ? w->word[w->next++] : NULL;
}

bool
words_accept(struct words *w, const char *word)
{
    const char *next = words_peek(w);

    if (next == NULL || strcmp(next, word) != 0)
        return false;
    w->next++;
    return true;
}

bool
words_number(struct words *w, uint32_t *out)
{
    const char *word = words_peek(w);
    char *end;
    unsigned long value;

    if (word == NULL || *word < '0' || *word > '9')
        return false;
    value = strtoul(word, &end, 10);
    if (*end != '\0' || value > UINT32_MAX)
        return false;
    *out = (uint32_t)value;
    w->next++;
    return true;
}

bool
duration_read(const char *word, duration_t *out)
{
    static const struct {
        const char *name;
        double ns;
    } units[] = {{"us", 1e3}, {"ms", 1e6}, {"s", 1e9}};
    char *unit;
    double value;

    if (*word < '0' || *word > '9')
        return false;
    value = strtod(word, &unit);
    for (size_t i = 0; i < sizeof units / sizeof units[0]; i++) {
        if (strcmp(unit, units[i].name) != 0)
            continue;
        out->ns = (int64_t)(value * units[i].ns + 0.5);
        return true;
    }
    return false;
}

bool
words_duration(struct words *w, duration_t *out)
{
    const char *word = words_peek(w);

    if (word == NULL || !duration_read(word, out))
        return false;
    w->next++;
    return true;
}
