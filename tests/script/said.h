/* SPDX-License-Identifier: MIT */
/* Segments as scripts write them: `S. 0 ack 1 win 65535 mss 1460`. */
#ifndef TESTS_SCRIPT_SAID_H
#define TESTS_SCRIPT_SAID_H

#include "proto/wire/tcp.h"
#include "tests/script/words.h"

/* What a line mentioned, or a sent segment has: bits of said->has and ->lacks. */
enum said_bit {
    SAID_ACK = 1,
    SAID_WIN = 2,
    SAID_MSS = 4,
    SAID_WS = 8,
    SAID_SACKOK = 16,
    SAID_TS = 32,
    SAID_TSVAL = 64,
    SAID_TSECR = 128,
    SAID_SACK = 256,
    SAID_NEW = 512,    /* a SYN with another first number than before */
    SAID_BADSUM = 1024 /* its checksum is wrong */
};

/* Numbers are relative: to the sender's SYN, in ack and sack to the other one's,
 * timestamps of the peer to the script's beginning. */
struct said {
    uint32_t has, lacks;
    struct tcp_header h;
    uint32_t len;    /* bytes of text */
    uint8_t raw_len; /* options as bytes, in place of h.opt's */
    uint8_t raw[40];
};

/* The numbers that `snd` and `rcv` stand for. */
struct marks {
    uint32_t snd, rcv;
};

/* Reads all that is left of the line. False: the word in *wrong ("" at the
 * line's end) is none of a segment. */
bool said_read(struct said *s, struct words *w, const struct marks *marks,
               const char **wrong);

/* As a line; `like` chooses what to mention besides flags and numbers. */
void said_write(const struct said *s, uint32_t like, char *out, size_t cap);

/* Is `came` all that `expected` mentions? */
bool said_matches(const struct said *expected, const struct said *came);

#endif
