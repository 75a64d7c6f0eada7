/* SPDX-License-Identifier: MIT */
/* Where a script is played: a TCP core of its own at 10.0.0.2, peers at 10.0.0.1,
 * an application, and a clock that only the script turns. */
#ifndef TESTS_SCRIPT_STAGE_H
#define TESTS_SCRIPT_STAGE_H

#include "tcpd/core/tcp.h"
#include "tests/script/said.h"
#include "tests/script/script.h"

#define STAGE_PEERS  6
#define STAGE_CHUNKS 8
#define STAGE_SENT   256
#define STAGE_TEXT   65536 /* the most in one segment */

struct peer {
    uint16_t local_port, remote_port;
    uint32_t iss; /* our first number */
    bool iss_known;
    uint32_t text_begin; /* relative number of its stream's first byte */
    struct marks marks;
    uint16_t wnd;    /* of its segments: the last that a line named */
    uint32_t echo;   /* the last timestamp that it saw */
    struct tcb *tcb; /* NULL: none, or freed */
    uint8_t error;   /* enum tcp_error, of the tcb when it ended */
    struct listener *bound;
};

struct sent {
    instant_t at;
    unsigned peer;
    struct said said;
};

struct stage {
    struct net net;
    struct tcp_config config;
    struct tcp *tcp;
    void *memory;
    uint8_t *rx, *tx, *bytes;
    struct chunk_pool pool;
    struct listener *listener; /* of port 80, or NULL */
    struct tcp_settings settings;
    instant_t begin, now;
    struct peer peers[STAGE_PEERS];
    unsigned peer; /* whom the lines are about */
    struct sent sent[STAGE_SENT];
    unsigned sent_first, sent_count;
    enum drop drop; /* of the last segment */
    bool in_turn;   /* between { and } */
    struct script_failure *failure;
};

/* A core with the configuration in stage->config. */
void stage_open(struct stage *s, struct script_failure *failure);
void stage_close(struct stage *s);
/* The same stage with another configuration. */
void stage_reopen(struct stage *s, const struct tcp_config *config);

static inline struct peer *
stage_peer(struct stage *s)
{
    return &s->peers[s->peer];
}

/* Always false: the line does not hold. */
bool stage_fail(struct stage *s, const char *expected, const char *came, ...)
    __attribute__((format(printf, 3, 4)));

/* After every event: what the core has to send is sent, its invariants hold,
 * and the turn ends. */
bool stage_end_turn(struct stage *s);

/* Time passes; timers run when they are due, each with a turn. */
bool stage_advance(struct stage *s, duration_t by);

/* The peer's segment, through the wire's form. */
bool stage_put(struct stage *s, const struct said *said);

/* The next segment sent, or NULL; stage_next() takes it. */
const struct sent *stage_look(const struct stage *s);
void stage_next(struct stage *s);

/* The byte at a stream offset, both ways. */
uint8_t stage_byte(uint64_t offset);

#endif
