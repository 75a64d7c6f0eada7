/* SPDX-License-Identifier: MIT */
/* A core with one connection in ESTABLISHED that never had a handshake: for
 * tests of what happens inside, without a peer. */
#ifndef TESTS_SUPPORT_LONE_TCB_H
#define TESTS_SUPPORT_LONE_TCB_H

#include "tcpd/core/internal.h"

#define LONE_MSS    1000 /* text bytes */
#define LONE_GSO    8000
#define LONE_WINDOW 100000      /* both ways */
#define LONE_ISS    0xffffff00u /* the first segment wraps around */

struct lone {
    struct tcp *tcp;
    struct net net; /* one link, a default route */
    struct tcb *tcb;
    struct chunk_pool pool;
    uint8_t *rx, *tx; /* regions; tx[o % its size] is byte o of the stream */
    instant_t now;
    struct tcp_slot slot;   /* of the last segment */
    struct tcp_header sent; /* its header */
    const uint8_t *text;    /* and its text, until the next one */
    uint32_t len;           /* bytes of text */
};

/* A cmocka setup and teardown pair: *state is a struct lone. */
int lone_setup(void **state);
int lone_teardown(void **state);

/* Takes the connection back to a state before ESTABLISHED, SYN unsent. */
void lone_unsynchronize(struct lone *l, enum tcb_state state);

/* The client writes `len` bytes more. */
void lone_write(struct lone *l, uint32_t len);

/* The peer acknowledges `len` bytes more: sequence numbers only. */
void lone_acked(struct lone *l, uint32_t len);

/* Pulls one segment. */
bool lone_send(struct lone *l);

/* Pulls all segments; returns how many bytes of text they had. */
uint32_t lone_drain(struct lone *l);

/* Time passes until the next deadline, which expires. */
void lone_expire(struct lone *l);

/* The stream offset at which the last segment's text begins. */
uint64_t lone_offset(const struct lone *l);

#endif
