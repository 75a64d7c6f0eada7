/* SPDX-License-Identifier: MIT */
/* Reads, writes and compares segments in the form of scripts. */
#include "tests/script/said.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* In the order in which they are written. */
static const struct {
    char letter;
    uint8_t flag;
} letters[] = {{'F', TCP_FIN}, {'S', TCP_SYN}, {'R', TCP_RST}, {'P', TCP_PSH},
               {'U', TCP_URG}, {'E', TCP_ECE}, {'W', TCP_CWR}, {'.', TCP_ACK}};
#define LETTERS (sizeof letters / sizeof letters[0])

/* ---- reading ---- */

static bool
read_flags(const char *word, uint8_t *flags)
{
    *flags = 0;
    if (word == NULL)
        return false;
    if (strcmp(word, "-") == 0)
        return true;
    for (; *word != '\0'; word++) {
        size_t i = 0;

        while (i < LETTERS && letters[i].letter != *word)
            i++;
        if (i == LETTERS)
            return false;
        *flags |= letters[i].flag;
    }
    return true;
}

/* `1`, `rcv`, `snd-1`; *rest is what follows it. */
static bool
read_number(const char *word, const struct marks *marks, uint32_t *out,
            const char **rest)
{
    const char *begin = word;
    bool minus = false;
    char *end;

    *out = 0;
    if (strncmp(word, "snd", 3) == 0 || strncmp(word, "rcv", 3) == 0) {
        *out = *word == 's' ? marks->snd : marks->rcv;
        word += 3;
        *rest = word;
        if (*word != '+' && *word != '-')
            return true;
    }
    if (*word == '-' || (*word == '+' && word != begin))
        minus = *word++ == '-';
    if (*word < '0' || *word > '9')
        return false;
    *out += (minus ? -1u : 1u) * (uint32_t)strtoul(word, &end, 10);
    *rest = end;
    return true;
}

/* `SEQ` or `SEQ(LENGTH)`. */
static bool
read_seq(struct said *s, const char *word, const struct marks *marks)
{
    const char *rest;
    char *end;

    if (word == NULL || !read_number(word, marks, &s->h.seq, &rest))
        return false;
    if (*rest == '\0')
        return true;
    if (*rest != '(' || rest[1] < '0' || rest[1] > '9')
        return false;
    s->len = (uint32_t)strtoul(rest + 1, &end, 10);
    return strcmp(end, ")") == 0;
}

static bool
take_number(struct words *w, const struct marks *marks, uint32_t *out)
{
    const char *rest, *word = words_peek(w);

    if (word == NULL || !read_number(word, marks, out, &rest) || *rest != '\0')
        return false;
    words_take(w);
    return true;
}

static bool
read_block(const char *word, const struct marks *marks, struct tcp_sack *out)
{
    const char *rest;

    return word != NULL && read_number(word, marks, &out->left, &rest) &&
           *rest == ':' && read_number(rest + 1, marks, &out->right, &rest) &&
           *rest == '\0';
}

static bool
take_blocks(struct said *s, struct words *w, const struct marks *marks)
{
    struct tcp_options *opt = &s->h.opt;

    while (opt->sack_count < TCP_SACK_MAX &&
           read_block(words_peek(w), marks, &opt->sack[opt->sack_count])) {
        words_take(w);
        opt->sack_count++;
    }
    return opt->sack_count > 0;
}

/* Options as hexadecimal bytes, up to the line's end. */
static bool
take_raw(struct said *s, struct words *w)
{
    const char *word;
    char *end;

    while ((word = words_take(w)) != NULL) {
        unsigned long byte = strtoul(word, &end, 16);

        if (*end != '\0' || byte > 255 || s->raw_len == sizeof s->raw)
            return false;
        s->raw[s->raw_len++] = (uint8_t)byte;
    }
    return s->raw_len > 0 && s->raw_len % 4 == 0;
}

/* Where the value after `name` belongs, and the bits that it sets. */
static bool
store_value(struct said *s, const char *name, uint32_t value)
{
    struct tcp_options *opt = &s->h.opt;
    const struct {
        const char *name;
        void *field;
        size_t size;
        uint32_t bits;
    } values[] = {
        {"ack", &s->h.ack, 4, SAID_ACK},
        {"win", &s->h.window, 2, SAID_WIN},
        {"urg", &s->h.urgent, 2, 0},
        {"mss", &opt->mss, 2, SAID_MSS},
        {"ws", &opt->wscale, 1, SAID_WS},
        {"tsval", &opt->tsval, 4, SAID_TS | SAID_TSVAL},
        {"tsecr", &opt->tsecr, 4, SAID_TS | SAID_TSECR},
    };

    for (size_t i = 0; i < sizeof values / sizeof values[0]; i++) {
        if (strcmp(name, values[i].name) != 0)
            continue;
        s->has |= values[i].bits;
        if (values[i].size == 4)
            *(uint32_t *)values[i].field = value;
        else if (values[i].size == 2)
            *(uint16_t *)values[i].field = (uint16_t)value;
        else
            *(uint8_t *)values[i].field = (uint8_t)value;
        return true;
    }
    return false;
}

static bool
take_value(struct said *s, struct words *w, const char *name,
           const struct marks *marks)
{
    uint32_t value;

    return take_number(w, marks, &value) && store_value(s, name, value);
}

/* Words without a value: what there is, and with "no" before it what is not. */
static bool
take_plain(struct said *s, const char *name)
{
    static const struct {
        const char *name;
        uint32_t bit;
    } plain[] = {{"ts", SAID_TS},    {"sackok", SAID_SACKOK},
                 {"new", SAID_NEW},  {"badsum", SAID_BADSUM},
                 {"mss", SAID_MSS},  {"ws", SAID_WS},
                 {"sack", SAID_SACK}};
    bool no = strncmp(name, "no", 2) == 0;

    for (size_t i = 0; i < sizeof plain / sizeof plain[0]; i++) {
        if (no && strcmp(name + 2, plain[i].name) == 0)
            s->lacks |= plain[i].bit;
        else if (!no && i < 4 && strcmp(name, plain[i].name) == 0)
            s->has |= plain[i].bit;
        else
            continue;
        return true;
    }
    return false;
}

static bool
take_option(struct said *s, struct words *w, const char *name,
            const struct marks *marks)
{
    if (take_plain(s, name))
        return true;
    if (strcmp(name, "raw") == 0)
        return take_raw(s, w);
    if (strcmp(name, "sack") == 0) {
        s->has |= SAID_SACK;
        return take_blocks(s, w, marks);
    }
    return take_value(s, w, name, marks);
}

bool
said_read(struct said *s, struct words *w, const struct marks *marks,
          const char **wrong)
{
    *s = (struct said){0};
    *wrong = words_peek(w) != NULL ? words_peek(w) : "";
    if (!read_flags(words_take(w), &s->h.flags))
        return false;
    *wrong = words_peek(w) != NULL ? words_peek(w) : "";
    if (!read_seq(s, words_take(w), marks))
        return false;
    while (words_peek(w) != NULL) {
        *wrong = words_take(w);
        if (!take_option(s, w, *wrong, marks))
            return false;
    }
    if (s->h.flags & TCP_ACK && !(s->has & SAID_ACK)) {
        *wrong = "";
        return false;
    }
    return true;
}

/* ---- writing ---- */

struct pen {
    char *at;
    size_t left;
};

__attribute__((format(printf, 2, 3))) static void
put(struct pen *pen, const char *format, ...)
{
    va_list args;
    int n;

    va_start(args, format);
    n = vsnprintf(pen->at, pen->left, format, args);
    va_end(args);
    n = n < 0 || (size_t)n >= pen->left ? (int)pen->left - 1 : n;
    pen->at += n;
    pen->left -= (size_t)n;
}

static void
put_flags(struct pen *pen, uint8_t flags)
{
    for (size_t i = 0; i < LETTERS; i++)
        if (flags & letters[i].flag)
            put(pen, "%c", letters[i].letter);
    if (flags == 0)
        put(pen, "-");
}

static void
put_options(struct pen *pen, const struct said *s, uint32_t like)
{
    const struct tcp_options *opt = &s->h.opt;
    uint32_t shown = s->has & like;

    if (shown & SAID_MSS)
        put(pen, " mss %u", opt->mss);
    if (shown & SAID_SACKOK)
        put(pen, " sackok");
    if (shown & SAID_TS)
        put(pen, " ts");
    if (shown & SAID_TSECR)
        put(pen, " tsecr %d", (int)opt->tsecr);
    if (shown & SAID_WS)
        put(pen, " ws %u", opt->wscale);
    if (shown & SAID_SACK)
        put(pen, " sack");
    for (unsigned i = 0; shown & SAID_SACK && i < opt->sack_count; i++)
        put(pen, " %u:%u", opt->sack[i].left, opt->sack[i].right);
    if (s->has & SAID_NEW)
        put(pen, " new");
}

void
said_write(const struct said *s, uint32_t like, char *out, size_t cap)
{
    struct pen pen = {out, cap};

    put_flags(&pen, s->h.flags);
    put(&pen, " %u", s->h.seq);
    if (s->len > 0)
        put(&pen, "(%u)", s->len);
    if (s->has & SAID_ACK)
        put(&pen, " ack %u", s->h.ack);
    if (s->has & like & SAID_WIN)
        put(&pen, " win %u", s->h.window);
    put_options(&pen, s, like);
}

/* ---- comparing ---- */

static bool
same_blocks(const struct tcp_options *a, const struct tcp_options *b)
{
    return a->sack_count == b->sack_count &&
           memcmp(a->sack, b->sack, a->sack_count * sizeof a->sack[0]) == 0;
}

bool
said_matches(const struct said *expected, const struct said *came)
{
    const struct tcp_options *a = &expected->h.opt, *b = &came->h.opt;
    uint32_t has = expected->has;

    if (expected->h.flags != came->h.flags || expected->h.seq != came->h.seq ||
        expected->len != came->len)
        return false;
    /* That a connection is a new one must be said. */
    if ((has & came->has) != has || expected->lacks & came->has ||
        (came->has & SAID_NEW) != (has & SAID_NEW))
        return false;
    return (!(has & SAID_ACK) || expected->h.ack == came->h.ack) &&
           (!(has & SAID_WIN) || expected->h.window == came->h.window) &&
           (!(has & SAID_MSS) || a->mss == b->mss) &&
           (!(has & SAID_WS) || a->wscale == b->wscale) &&
           (!(has & SAID_TSECR) || a->tsecr == b->tsecr) &&
           (!(has & SAID_SACK) || same_blocks(a, b));
}
