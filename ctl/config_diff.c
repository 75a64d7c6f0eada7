/* SPDX-License-Identifier: MIT */
/* The longest common subsequence of lines. A configuration has at most some two
 * hundred lines, so the plain quadratic table will do. */
#include "ctl/config_diff.h"

#include <stdint.h>
#include <string.h>

#define LINES_MAX 255

struct lines {
    const char *at[LINES_MAX];
    size_t len[LINES_MAX];
    size_t count;
};

static void
split(struct lines *l, const char *text)
{
    l->count = 0;
    while (*text != '\0' && l->count < LINES_MAX) {
        size_t len = strcspn(text, "\n");

        l->at[l->count] = text;
        l->len[l->count++] = len;
        text += len + (text[len] == '\n');
    }
}

static bool
alike(const struct lines *a, size_t i, const struct lines *b, size_t j)
{
    return a->len[i] == b->len[j] && memcmp(a->at[i], b->at[j], a->len[i]) == 0;
}

/* common[i][j]: how many lines a from i on and b from j on have in common. */
static uint8_t common[LINES_MAX + 1][LINES_MAX + 1];

static void
compare(const struct lines *a, const struct lines *b)
{
    memset(common, 0, sizeof common);
    for (size_t i = a->count; i-- > 0;) {
        for (size_t j = b->count; j-- > 0;) {
            uint8_t skip = common[i + 1][j] > common[i][j + 1]
                               ? common[i + 1][j]
                               : common[i][j + 1];

            common[i][j] =
                alike(a, i, b, j) ? (uint8_t)(common[i + 1][j + 1] + 1) : skip;
        }
    }
}

static void
print_line(FILE *out, char mark, const struct lines *l, size_t i)
{
    fprintf(out, "%c%.*s\n", mark, (int)l->len[i], l->at[i]);
}

bool
config_diff(FILE *out, const char *path, const char *file, const char *running)
{
    static struct lines a, b;
    size_t i = 0, j = 0;

    if (strcmp(file, running) == 0)
        return true;
    split(&a, file);
    split(&b, running);
    compare(&a, &b);
    fprintf(out, "--- %s\n+++ running\n", path);
    while (i < a.count || j < b.count) {
        if (i < a.count && j < b.count && alike(&a, i, &b, j)) {
            print_line(out, ' ', &a, i++);
            j++;
        } else if (j == b.count ||
                   (i < a.count && common[i + 1][j] >= common[i][j + 1]))
            print_line(out, '-', &a, i++);
        else
            print_line(out, '+', &b, j++);
    }
    return false;
}
