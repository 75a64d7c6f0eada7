/* SPDX-License-Identifier: MIT */
/* Impairments as text: "loss=2%,delay=5ms,rate=100M". Chances are per cent, times
 * have a unit, a rate is bits a second, as tc(8) has it. */
#define _GNU_SOURCE 1
#include "ctl/parse.h"

#include "base/bits.h"

#include <inttypes.h>
#include <stddef.h>
#include <stdio.h>
#include <string.h>

#define PPM_PER_PERCENT 10000
#define PPM_DIGITS      4 /* decimals of a per cent */
#define DELAY_MAX_US    60000000
#define RATE_MAX        (UINT64_C(1000000000000) / 8) /* bytes a second */

enum unit { CHANCE, TIME };

static const struct field {
    const char *name;
    enum unit unit;
    size_t at; /* of a uint32_t in struct conf_impair */
} fields[] = {
    {"loss", CHANCE, offsetof(struct conf_impair, loss)},
    {"reorder", CHANCE, offsetof(struct conf_impair, reorder)},
    {"dup", CHANCE, offsetof(struct conf_impair, dup)},
    {"corrupt", CHANCE, offsetof(struct conf_impair, corrupt)},
    {"delay", TIME, offsetof(struct conf_impair, delay_us)},
    {"jitter", TIME, offsetof(struct conf_impair, jitter_us)},
};

static uint32_t
get(const struct conf_impair *i, const struct field *f)
{
    uint32_t v;

    memcpy(&v, (const char *)i + f->at, sizeof v);
    return v;
}

/* "12.5" with up to `digits` decimals, as a whole number of the last of them.
 * Returns what follows, or NULL. */
static const char *
take_decimal(const char *text, int digits, uint64_t *out)
{
    const char *c = text;
    uint64_t v = 0;
    int left = digits;
    bool point = false, any = false;

    for (; (*c >= '0' && *c <= '9') || (*c == '.' && !point); c++) {
        if (*c == '.') {
            point = true;
            continue;
        }
        if (v > UINT64_C(1) << 56 || (point && left-- == 0))
            return NULL;
        v = v * 10 + (uint64_t)(*c - '0');
        any = true;
    }
    for (; left > 0; left--) {
        if (__builtin_mul_overflow(v, 10, &v))
            return NULL;
    }
    *out = v;
    return any ? c : NULL;
}

static bool
take_chance(const char *text, uint32_t *ppm, struct wrong *wrong)
{
    uint64_t v = 0;
    const char *end = take_decimal(text, PPM_DIGITS, &v);

    if (end == NULL || strcmp(end, "%") != 0 || v > 100 * PPM_PER_PERCENT)
        return wrong_say(wrong, "write it like 2% or 0.5%",
                         "'%.40s' is not a chance from 0%% to 100%%", text);
    *ppm = (uint32_t)v;
    return true;
}

static bool
take_time(const char *text, uint32_t *us, struct wrong *wrong)
{
    uint64_t v = 0;
    const char *end = take_decimal(text, 6, &v);

    if (end != NULL && strcmp(end, "us") == 0)
        v /= 1000000;
    else if (end != NULL && strcmp(end, "ms") == 0)
        v /= 1000;
    else if (end == NULL || strcmp(end, "s") != 0)
        v = UINT64_MAX;
    if (v > DELAY_MAX_US)
        return wrong_say(wrong, "write it like 5ms, 200us or 1s",
                         "'%.40s' is not a time of up to a minute", text);
    *us = (uint32_t)v;
    return true;
}

static bool
take_rate(const char *text, uint64_t *bytes, struct wrong *wrong)
{
    static const char units[] = "KMG";
    uint64_t v = 0;
    const char *end = take_decimal(text, 3, &v);
    const char *unit = end != NULL && *end != '\0' ? strchr(units, *end) : NULL;
    bool good = end != NULL && (*end == '\0' || (unit != NULL && !end[1]));

    for (const char *u = units; good && unit != NULL && u <= unit; u++)
        good = !__builtin_mul_overflow(v, 1000, &v);
    v /= 8 * 1000;
    if (!good || v == 0 || v > RATE_MAX)
        return wrong_say(wrong, "write bits a second, like 100M or 1.5G",
                         "'%.40s' is not a rate", text);
    *bytes = v;
    return true;
}

static bool
take_field(const char *name, const char *value, struct conf_impair *i,
           struct wrong *wrong)
{
    uint32_t v = 0;

    if (strcmp(name, "rate") == 0)
        return take_rate(value, &i->rate, wrong);
    if (strcmp(name, "seed") == 0)
        return parse_number(name, value, 0, UINT64_MAX, &i->seed, wrong);
    for (size_t k = 0; k < ARRAY_LEN(fields); k++) {
        if (strcmp(name, fields[k].name) != 0)
            continue;
        if (!(fields[k].unit == CHANCE ? take_chance(value, &v, wrong)
                                       : take_time(value, &v, wrong)))
            return false;
        memcpy((char *)i + fields[k].at, &v, sizeof v);
        return true;
    }
    return wrong_say(wrong,
                     "loss, reorder, dup and corrupt in %; delay and jitter; "
                     "rate; seed",
                     "'%.40s' is no impairment", name);
}

static bool
take_all(char *text, struct conf_impair *i, struct wrong *wrong)
{
    char *rest = NULL;

    for (char *word = strtok_r(text, ",", &rest); word != NULL;
         word = strtok_r(NULL, ",", &rest)) {
        char *value = strchr(word, '=');

        if (value == NULL)
            return wrong_say(wrong, "write it like loss=2%,delay=5ms, or off",
                             "'%.40s' has no value", word);
        *value++ = '\0';
        if (!take_field(word, value, i, wrong))
            return false;
    }
    return true;
}

bool
parse_impair(const char *text, struct conf_impair out[CONF_DIRECTIONS],
             struct wrong *wrong)
{
    bool in = strncmp(text, "in:", 3) == 0, to = strncmp(text, "out:", 4) == 0;
    const char *body = text + (in ? 3 : to ? 4 : 0);
    struct conf_impair i = {.loss = 0};
    char copy[IMPAIR_TEXT];

    if (strlen(body) >= sizeof copy || body[0] == '\0')
        return wrong_say(wrong, "write it like loss=2%,delay=5ms, or off",
                         "'%.40s' is no impairment", text);
    snprintf(copy, sizeof copy, "%s", body);
    if (strcmp(copy, "off") != 0 && !take_all(copy, &i, wrong))
        return false;
    if (!to)
        out[CONF_IN] = i;
    if (!in)
        out[CONF_OUT] = i;
    return true;
}

bool
impair_acts(const struct conf_impair *i)
{
    struct conf_impair rest = *i;

    rest.seed = 0;
    return memcmp(&rest, &(struct conf_impair){.seed = 0}, sizeof rest) != 0;
}

/* ---- back to text ---- */

/* A decimal without the zeros at its end. */
static void
put_decimal(char out[32], uint64_t v, int digits)
{
    uint64_t unit = 1;

    for (int i = 0; i < digits; i++)
        unit *= 10;
    snprintf(out, 32, "%" PRIu64 ".%0*" PRIu64, v / unit, digits, v % unit);
    for (char *end = out + strlen(out) - 1; *end == '0' || *end == '.'; end--) {
        bool point = *end == '.';

        *end = '\0';
        if (point)
            break;
    }
}

static void
put_rate(char out[32], uint64_t bytes)
{
    uint64_t bits = bytes * 8;

    if (bits % 1000000 == 0)
        snprintf(out, 32, "%" PRIu64 "M", bits / 1000000);
    else if (bits % 1000 == 0)
        snprintf(out, 32, "%" PRIu64 "K", bits / 1000);
    else
        snprintf(out, 32, "%" PRIu64, bits);
}

const char *
impair_format(char out[IMPAIR_TEXT], const struct conf_impair *i)
{
    size_t len = 0;
    char number[32];

    if (!impair_acts(i)) {
        snprintf(out, IMPAIR_TEXT, "off");
        return out;
    }
    for (size_t k = 0; k < ARRAY_LEN(fields); k++) {
        uint32_t v = get(i, &fields[k]);

        if (v == 0)
            continue;
        put_decimal(number, v, fields[k].unit == CHANCE ? PPM_DIGITS : 3);
        len += (size_t)snprintf(out + len, IMPAIR_TEXT - len, "%s%s=%s%s",
                                len > 0 ? "," : "", fields[k].name, number,
                                fields[k].unit == CHANCE ? "%" : "ms");
    }
    if (i->rate != 0) {
        put_rate(number, i->rate);
        len += (size_t)snprintf(out + len, IMPAIR_TEXT - len, "%srate=%s",
                                len > 0 ? "," : "", number);
    }
    if (i->seed != 0)
        snprintf(out + len, IMPAIR_TEXT - len, ",seed=%" PRIu64, i->seed);
    return out;
}
