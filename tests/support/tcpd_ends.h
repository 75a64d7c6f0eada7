/* SPDX-License-Identifier: MIT */
/* Both ends that tcpd serves: a client with its regions, and a remote TCP. Each
 * byte of a stream is what stream_byte() says, and is compared on arrival. */
#ifndef TESTS_SUPPORT_TCPD_ENDS_H
#define TESTS_SUPPORT_TCPD_ENDS_H

#include "tests/support/tcpd_world.h"

/* ---- a client's process ---- */

struct end {
    struct tcpd_world *w;
    uint32_t number;
    uint64_t serial;
    uint8_t token[TOKEN_SIZE];
    int tx_fd, rx_fd; /* what the supervisor keeps for a successor */
    int connection;   /* the client's; -1: it is dead */
    int kept;         /* the supervisor's duplicate of tcpd's */
    struct region tx_region, rx_region;
    struct client_tx_shm *tx;
    const struct client_rx_shm *rx;
    uint64_t work_tail, event_head;
    uint64_t requests; /* asked so far */
};

/* A process attaches; tcpd has adopted it and a turn has passed. */
struct end *end_attach(struct tcpd_world *w, uint32_t number);

/* The three messages of the supervisor to the tcpd of now. */
bool end_hand_over(const struct end *e);
struct handover end_message(const struct end *e, enum handover_kind kind);

/* The process is gone, tcpd has noticed. */
void end_die(struct end *e);

/* The supervisor lets go of all that it has. */
void end_discard(struct end *e);

/* Asks, turns, and returns what was answered. */
struct api_result end_ask(struct end *e, struct api_request q);

/* The same of one operation. */
struct api_result end_op(struct end *e, enum api_op op, uint32_t slot,
                         uint16_t port);

/* "Look at this slot." */
void end_work(struct end *e, uint32_t slot);

/* Takes all events; how many there were for `slot`. */
unsigned end_events(struct end *e, uint32_t slot);

/* Bytes on the doorbell since the last time. */
unsigned end_rung(struct end *e);

/* ---- a socket of it ---- */

struct sock {
    struct end *e;
    uint32_t slot;
    uint32_t generation;
    uint32_t flags;
    uint64_t read_base, write_base;
    uint64_t read, written; /* bytes in this generation */
    uint8_t salt;           /* of its stream_byte(), both ways */
};

/* The byte at an offset of the stream of a connection. */
uint8_t stream_byte(uint8_t salt, uint64_t offset);

struct slot_view sock_view(const struct sock *k);

/* Takes over the generation and bases that tcpd shows. */
struct sock sock_at(struct end *e, uint32_t slot, uint8_t salt);

/* Stores bytes and the cursor; sock_write also tells tcpd. */
void sock_store(struct sock *k, uint64_t len);
void sock_write(struct sock *k, uint64_t len);

/* Compares all that is there, consumes it and tells tcpd; how much. */
uint64_t sock_read(struct sock *k);

/* Adds client flags; tells tcpd. */
void sock_tell(struct sock *k, uint32_t flags);

/* The connection that it is in tcpd. */
struct tcb *sock_tcb(const struct sock *k);

/* The slot is free for its next generation. */
void sock_assert_freed(const struct sock *k);

/* ---- a remote TCP ---- */

struct peer {
    struct tcpd_world *w;
    uint16_t port, local_port;
    uint32_t iss, snd_nxt, rcv_nxt;
    uint16_t window;   /* as last heard, not scaled */
    uint64_t got, put; /* bytes of text, from and to tcpd */
    uint8_t salt;
    bool silent;        /* acknowledges nothing by itself */
    bool credulous;     /* takes any bytes */
    bool syn, fin, rst; /* received */
};

/* A host's end at `port`; its salt is the port's low byte. */
struct peer *peer_new(struct tcpd_world *w, uint16_t port);

/* A segment has come for it: compared, counted, acknowledged if it must be. */
void peer_take(struct peer *p, const struct sent *s);

void peer_send(struct peer *p, uint8_t flags, uint64_t len);

/* ---- both, in one go ---- */

/* The slot connects to the peer; established, nothing waits. */
struct sock connect_to(struct end *e, uint32_t slot, struct peer *p);

/* The slot listens at `port`. */
struct sock listen_at(struct end *e, uint32_t slot, uint16_t port);

/* The peer connects to that port; the handshake is over. */
void peer_connect(struct peer *p, uint16_t port);

/* What is written now arrives. */
void sock_assert_works(struct sock *k, const struct peer *p);

#endif
