/* SPDX-License-Identifier: MIT */
/* What fuzzers share: an input read as a sequence of values. A target's file says
 * what must hold whatever the bytes are; it is checked with CHECK, or by the
 * sanitizers. */
#ifndef TESTS_FUZZ_FUZZ_H
#define TESTS_FUZZ_FUZZ_H

#include "base/check.h"

#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

struct fuzz {
    const uint8_t *at;
    size_t left;
};

/* Each takes the next bytes; behind the last one there are zeros. */
static inline void
fuzz_bytes(struct fuzz *f, void *out, size_t len)
{
    size_t n = len < f->left ? len : f->left;

    if (n > 0)
        memcpy(out, f->at, n);
    memset((uint8_t *)out + n, 0, len - n);
    f->at += n;
    f->left -= n;
}

static inline uint8_t
fuzz_u8(struct fuzz *f)
{
    uint8_t v;

    fuzz_bytes(f, &v, sizeof v);
    return v;
}

static inline uint16_t
fuzz_u16(struct fuzz *f)
{
    uint16_t v;

    fuzz_bytes(f, &v, sizeof v);
    return v;
}

static inline uint32_t
fuzz_u32(struct fuzz *f)
{
    uint32_t v;

    fuzz_bytes(f, &v, sizeof v);
    return v;
}

static inline uint64_t
fuzz_u64(struct fuzz *f)
{
    uint64_t v;

    fuzz_bytes(f, &v, sizeof v);
    return v;
}

/* 0 to n - 1; n is at most 256. */
static inline uint8_t
fuzz_below(struct fuzz *f, uint32_t n)
{
    return (uint8_t)(fuzz_u8(f) % n);
}

/* A small number, also a negative one, as of something near a limit; seldom any. */
static inline uint32_t
fuzz_near(struct fuzz *f)
{
    int8_t small = (int8_t)fuzz_u8(f);

    return small == 127 ? fuzz_u32(f) : (uint32_t)(int32_t)small;
}

/* A cursor or an offset that somebody hostile has written over `v`. */
static inline uint64_t
fuzz_scribble(struct fuzz *f, uint64_t v)
{
    int8_t small = (int8_t)fuzz_u8(f);

    return small == 127 ? fuzz_u64(f) : v + (uint64_t)(int64_t)small;
}

/* A copy of `len` bytes that ends where its memory ends. The caller frees it. */
static inline uint8_t *
fuzz_exact(const uint8_t *bytes, size_t len)
{
    uint8_t *copy = malloc(len);

    CHECK(copy != NULL || len == 0);
    if (len > 0)
        memcpy(copy, bytes, len);
    return copy;
}

/* All that is left, likewise. */
static inline uint8_t *
fuzz_rest(struct fuzz *f, size_t *len)
{
    uint8_t *copy = fuzz_exact(f->at, f->left);

    *len = f->left;
    f->at += f->left;
    f->left = 0;
    return copy;
}

/* The same as a text. */
static inline char *
fuzz_text(struct fuzz *f)
{
    char *text = malloc(f->left + 1);

    CHECK(text != NULL);
    if (f->left > 0)
        memcpy(text, f->at, f->left);
    text[f->left] = '\0';
    f->at += f->left;
    f->left = 0;
    return text;
}

#endif
