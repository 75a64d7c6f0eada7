/* SPDX-License-Identifier: MIT */
/* The option list of a TCP header (RFC 9293 3.2, RFC 2018, RFC 7323). */
#include "proto/wire/tcp_options.h"

#include "proto/wire/be.h"

enum kind {
    END = 0,
    NOP = 1,
    MSS = 2,
    WSCALE = 3,
    SACK_PERMITTED = 4,
    SACK = 5,
    TIMESTAMPS = 8,
};

/* Whole options, with kind and length. */
enum {
    MSS_LEN = 4,
    WSCALE_LEN = 3,
    SACK_PERMITTED_LEN = 2,
    SACK_BASE_LEN = 2,
    SACK_BLOCK_LEN = 8,
    TIMESTAMPS_LEN = 10,
};

static void
take_sack(const uint8_t *p, size_t len, struct tcp_options *out)
{
    if (len <= SACK_BASE_LEN || (len - SACK_BASE_LEN) % SACK_BLOCK_LEN != 0)
        return;
    /* TCP_SACK_MAX blocks are all that 40 bytes can hold. */
    out->sack_count = (uint8_t)((len - SACK_BASE_LEN) / SACK_BLOCK_LEN);
    p += SACK_BASE_LEN;
    for (unsigned i = 0; i < out->sack_count; i++, p += SACK_BLOCK_LEN) {
        out->sack[i].left = be32_load(p);
        out->sack[i].right = be32_load(p + 4);
    }
}

/* The options that mean something only in a SYN. */
static void
take_syn_option(const uint8_t *p, size_t len, struct tcp_options *out)
{
    if (p[0] == MSS && len == MSS_LEN && be16_load(p + 2) != 0) {
        out->has_mss = true;
        out->mss = be16_load(p + 2);
    } else if (p[0] == WSCALE && len == WSCALE_LEN) {
        out->has_wscale = true;
        out->wscale = p[2] < TCP_WSCALE_MAX ? p[2] : TCP_WSCALE_MAX;
    } else if (p[0] == SACK_PERMITTED && len == SACK_PERMITTED_LEN) {
        out->sack_permitted = true;
    }
}

/* One whole option of `len` bytes at `p`, at least 2. */
static void
take_option(const uint8_t *p, size_t len, uint8_t flags,
            struct tcp_options *out)
{
    if (p[0] == TIMESTAMPS && len == TIMESTAMPS_LEN) {
        out->has_timestamps = true;
        out->tsval = be32_load(p + 2);
        out->tsecr = be32_load(p + 6);
    } else if (flags & TCP_SYN) {
        take_syn_option(p, len, out);
    } else if (p[0] == SACK) {
        take_sack(p, len, out);
    }
}

void
tcp_options_decode(const uint8_t *bytes, size_t len, uint8_t flags,
                   struct tcp_options *out)
{
    size_t at = 0;

    *out = (struct tcp_options){0};
    while (at < len && bytes[at] != END) {
        if (bytes[at] == NOP) {
            at++;
            continue;
        }
        if (len - at < 2 || bytes[at + 1] < 2 || bytes[at + 1] > len - at)
            return;
        take_option(bytes + at, bytes[at + 1], flags, out);
        at += bytes[at + 1];
    }
}

/* Where the next option goes; every put function leaves it 4-aligned. */
struct pen {
    uint8_t *at;
};

static void
put_word(struct pen *pen, unsigned a, unsigned b, unsigned c, unsigned d)
{
    be32_store(pen->at, (uint32_t)a << 24 | b << 16 | c << 8 | d);
    pen->at += 4;
}

static void
put_value(struct pen *pen, uint32_t value)
{
    be32_store(pen->at, value);
    pen->at += 4;
}

/* SACK-permitted takes the place of the two NOPs that would pad timestamps. */
static void
put_syn_options(struct pen *pen, const struct tcp_options *opt)
{
    if (opt->has_mss)
        put_word(pen, MSS, MSS_LEN, opt->mss >> 8, opt->mss & 0xff);
    if (opt->has_timestamps && opt->sack_permitted)
        put_word(pen, SACK_PERMITTED, SACK_PERMITTED_LEN, TIMESTAMPS,
                 TIMESTAMPS_LEN);
    else if (opt->has_timestamps)
        put_word(pen, NOP, NOP, TIMESTAMPS, TIMESTAMPS_LEN);
    else if (opt->sack_permitted)
        put_word(pen, NOP, NOP, SACK_PERMITTED, SACK_PERMITTED_LEN);
    if (opt->has_timestamps) {
        put_value(pen, opt->tsval);
        put_value(pen, opt->tsecr);
    }
    if (opt->has_wscale)
        put_word(pen, NOP, WSCALE, WSCALE_LEN, opt->wscale);
}

/* The SACK blocks that are sent: as many as there are and fit. */
static unsigned
sack_blocks(const struct tcp_options *opt)
{
    unsigned fit = opt->has_timestamps ? TCP_SACK_MAX - 1 : TCP_SACK_MAX;

    return opt->sack_count < fit ? opt->sack_count : fit;
}

static void
put_options(struct pen *pen, const struct tcp_options *opt)
{
    unsigned blocks = sack_blocks(opt);

    if (opt->has_timestamps) {
        put_word(pen, NOP, NOP, TIMESTAMPS, TIMESTAMPS_LEN);
        put_value(pen, opt->tsval);
        put_value(pen, opt->tsecr);
    }
    if (blocks > 0)
        put_word(pen, NOP, NOP, SACK, SACK_BASE_LEN + SACK_BLOCK_LEN * blocks);
    for (unsigned i = 0; i < blocks; i++) {
        put_value(pen, opt->sack[i].left);
        put_value(pen, opt->sack[i].right);
    }
}

size_t
tcp_options_encode(uint8_t out[TCP_OPTIONS_MAX], uint8_t flags,
                   const struct tcp_options *opt)
{
    struct pen pen = {out};

    if (flags & TCP_SYN)
        put_syn_options(&pen, opt);
    else
        put_options(&pen, opt);
    return (size_t)(pen.at - out);
}

size_t
tcp_options_size(uint8_t flags, const struct tcp_options *opt)
{
    size_t size = opt->has_timestamps ? 12 : 0;

    if (flags & TCP_SYN) {
        size += opt->has_mss ? 4 : 0;
        size += opt->has_wscale ? 4 : 0;
        size += opt->sack_permitted && !opt->has_timestamps ? 4 : 0;
    } else if (opt->sack_count > 0) {
        size += 4 + SACK_BLOCK_LEN * sack_blocks(opt);
    }
    return size;
}
