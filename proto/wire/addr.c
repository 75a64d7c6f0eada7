/* SPDX-License-Identifier: MIT */
/* The text of Internet and hardware addresses. */
#include "proto/wire/addr.h"

#include <stddef.h>

#define V6_WORDS 8

/* Reads a number of 0 to 255 without leading zeros. Returns what follows, or
 * NULL. */
static const char *
parse_octet(const char *text, uint8_t *value)
{
    unsigned v = 0;
    const char *p = text;

    while (*p >= '0' && *p <= '9' && p - text < 3)
        v = v * 10 + (unsigned)(*p++ - '0');
    if (p == text || v > UINT8_MAX || (*text == '0' && p - text > 1))
        return NULL;
    *value = (uint8_t)v;
    return p;
}

bool
addr_parse_v4(const char *text, struct addr *a)
{
    struct addr parsed = addr_any_v4();

    for (int i = 0; i < 4; i++) {
        if (i > 0 && *text++ != '.')
            return false;
        text = parse_octet(text, &parsed.b[12 + i]);
        if (text == NULL)
            return false;
    }
    if (*text != '\0')
        return false;
    *a = parsed;
    return true;
}

/* The put functions write at `p` and return the place behind. */
static char *
put_decimal(char *p, uint8_t v)
{
    if (v >= 100)
        *p++ = (char)('0' + v / 100);
    if (v >= 10)
        *p++ = (char)('0' + v / 10 % 10);
    *p++ = (char)('0' + v % 10);
    return p;
}

static char
hex_digit(unsigned v)
{
    return "0123456789abcdef"[v & 0xf];
}

/* Without leading zeros, RFC 5952 4.1. */
static char *
put_hex(char *p, uint16_t v)
{
    for (int shift = 12; shift > 0; shift -= 4) {
        if (v >> shift != 0)
            *p++ = hex_digit((unsigned)v >> shift);
    }
    *p++ = hex_digit(v);
    return p;
}

static char *
put_v4(char *p, const uint8_t quad[4])
{
    for (int i = 0; i < 4; i++) {
        if (i > 0)
            *p++ = '.';
        p = put_decimal(p, quad[i]);
    }
    return p;
}

static uint16_t
v6_word(const uint8_t b[16], int i)
{
    return be16_load(b + (size_t)i * 2);
}

/* The longest run of at least two zero words, the first of equals: the one that
 * "::" stands for (RFC 5952 4.2). Returns its length, 0 when there is none. */
static int
longest_zero_run(const uint8_t b[16], int *start)
{
    int best = 1;
    int run = 0;

    *start = V6_WORDS;
    for (int i = 0; i < V6_WORDS; i++) {
        run = v6_word(b, i) == 0 ? run + 1 : 0;
        if (run > best) {
            best = run;
            *start = i + 1 - run;
        }
    }
    return best > 1 ? best : 0;
}

static char *
put_v6(char *p, const uint8_t b[16])
{
    int gap;
    int gap_len = longest_zero_run(b, &gap);

    for (int i = 0; i < V6_WORDS; i++) {
        if (i == gap) {
            *p++ = ':';
            *p++ = ':';
            i += gap_len - 1;
            continue;
        }
        if (i > 0 && i != gap + gap_len)
            *p++ = ':';
        p = put_hex(p, v6_word(b, i));
    }
    return p;
}

const char *
addr_format(char out[ADDR_TEXT], struct addr a)
{
    char *end = addr_is_v4(a) ? put_v4(out, a.b + 12) : put_v6(out, a.b);

    *end = '\0';
    return out;
}

const char *
mac_format(char out[MAC_TEXT], struct mac m)
{
    char *p = out;

    for (int i = 0; i < 6; i++) {
        if (i > 0)
            *p++ = ':';
        *p++ = hex_digit((unsigned)m.b[i] >> 4);
        *p++ = hex_digit(m.b[i]);
    }
    *p = '\0';
    return out;
}
