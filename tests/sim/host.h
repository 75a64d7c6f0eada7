/* SPDX-License-Identifier: MIT */
/* A host of the simulation: one core, and a seeded application with one connection
 * that writes and reads random amounts at random times. */
#ifndef TESTS_SIM_HOST_H
#define TESTS_SIM_HOST_H

#include "base/rng.h"
#include "tcpd/core/tcp.h"

#include <stdbool.h>
#include <stdint.h>

/* When the application lets go. */
enum host_manners {
    HOST_EAGER,   /* shuts down when all is written, closes at the peer's end */
    HOST_PATIENT, /* waits for the peer's end before it ends itself */
    HOST_VANISH,  /* closes when all is written, whatever the peer has to say */
    HOST_ABORT    /* aborts at a random moment */
};

struct host_plan {
    enum host_manners manners;
    uint64_t to_send;    /* bytes */
    uint32_t write_most; /* bytes at once */
    uint32_t read_most;
    duration_t pause;      /* between two actions, at most */
    duration_t long_pause; /* one action in 32: closes the peer's window */
    bool nodelay;
    uint32_t keep_idle_ms; /* of keep-alive; 0: off */
    bool fickle;           /* changes its options now and then */
};

struct host {
    uint32_t number; /* 0 or 1: also which stream it writes */
    struct host_plan plan;
    struct rng *rng;
    struct net net;
    struct tcp *tcp;
    struct chunk_pool pool;
    uint32_t chunks;
    uint8_t *rx, *tx;
    struct tcp_slot slot;
    struct listener *listener; /* NULL: it connects */
    struct tcb *tcb;           /* NULL: not yet, or no longer */
    bool done;                 /* it has let go */
    enum tcp_error error;
    uint64_t written, read; /* bytes of either stream */
    instant_t act_at;
    const char *complaint; /* what is wrong with this run; NULL: nothing */
};

/* `mtu` is that of its link. */
struct host *host_create(uint32_t number, struct rng *rng,
                         const struct tcp_config *config, uint32_t mtu,
                         uint32_t chunks, const struct host_plan *plan);
void host_destroy(struct host *h);

#define HOST_PORT 7

struct addr host_addr(uint32_t number);
void host_listen(struct host *h, instant_t now);
/* `port` is our own: 0 for any. */
void host_connect(struct host *h, uint16_t port, uint16_t to, instant_t now);

/* The application does one thing. */
void host_act(struct host *h, instant_t now);

/* The application has waited long enough. */
void host_give_up(struct host *h, instant_t now);

/* Takes back the send memory of connections that no longer need it. */
void host_reclaim(struct host *h);

/* Looks at every connection; sets the complaint. */
void host_check(struct host *h);

/* All is over: nothing may be left. Sets the complaint. */
void host_check_empty(struct host *h);

#endif
