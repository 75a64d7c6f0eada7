/* SPDX-License-Identifier: MIT */
/* A socket of this process: a slot of the two regions, and what the library
 * knows of it. Nothing here blocks; the instance's mutex is held. */
#ifndef LIBCLIENT_SOCK_H
#define LIBCLIENT_SOCK_H

#include "base/list.h"
#include "base/time.h"
#include "libclient/options.h"
#include "proto/shm/client.h"

#include <stdbool.h>
#include <stdint.h>

struct skink;

enum phase {
    PHASE_NONE,       /* nobody's: the slot is free */
    PHASE_FRESH,      /* neither listens nor connects; perhaps bound */
    PHASE_LISTENING,  /* also while listen waits for its answer */
    PHASE_CONNECTING, /* the outcome is not known */
    PHASE_FAILED,     /* it did not connect */
    PHASE_CONNECTED,  /* also when that is over */
    PHASE_QUEUED,     /* accepted by tcpd, not yet by the application */
    PHASE_CLOSING     /* closed by the application, still used by tcpd */
};

/* On the way from one use of the slot to the next, under the same handle
 * (renew.c). */
enum renewal {
    RENEW_NONE,
    RENEW_CLOSE,   /* to be closed, once no request names the slot */
    RENEW_CLOSING, /* closed; tcpd has still to show the next generation */
    RENEW_FREE,    /* may be bound again */
    RENEW_ASKED    /* to bind, to listen */
};

struct sock {
    uint8_t phase;   /* enum phase */
    uint8_t state;   /* enum slot_state, as last seen */
    uint8_t renewal; /* enum renewal */
    bool attached;   /* tcpd has put the slot to use */
    bool based;      /* the cursors below are those of this generation */
    bool bound;      /* by bind, so that it stays so */
    bool nonblocking, abort_on_close;
    bool gone;           /* closed, and tcpd has let go of the slot */
    bool outcome_told;   /* of connect */
    uint16_t serial;     /* tells handles of one slot apart */
    uint32_t generation; /* tcpd's count */
    uint32_t slot_flags; /* enum slot_flag, as last seen */
    uint32_t flags;      /* enum client_flag, as stored */
    uint32_t requests;   /* not yet answered */
    int error;           /* SO_ERROR: positive; 0: none */
    struct options options;
    uint64_t last_work; /* position behind its last work entry */
    uint64_t epoch;     /* of the tcpd under which it began */

    uint64_t read_end, read_limit;         /* received stream */
    uint64_t told_read;                    /* tcpd was told of */
    uint64_t write_end, freed, send_limit; /* sent stream */
    uint64_t shown_end;                    /* tcpd was told of */
    uint64_t reserved_end;           /* the application may write up to here */
    uint64_t first_chunk, end_chunk; /* offsets that have chunks */
    instant_t held_at; /* since when bytes are written and not shown */

    struct addr local, remote;
    uint16_t local_port, remote_port;
    uint32_t interest; /* of skink_watch; 0: not watched */
    uint64_t user;
    uint32_t backlog;    /* of listen */
    uint32_t next_free;  /* own slot, while free */
    struct list queue;   /* listener: its children that wait for accept */
    struct list sibling; /* child: in that list; else: to be renewed */
    struct list ready, starved, consumed, held; /* in the instance's lists */
};

void socks_init(struct skink *s);

/* A fresh one, or NULL: all slots are in use. */
struct sock *sock_new(struct skink *s);

/* The open sock behind a handle, or NULL. */
struct sock *sock_of(struct skink *s, int handle);
int sock_handle(const struct skink *s, const struct sock *k);
uint32_t sock_slot(const struct skink *s, const struct sock *k);

/* Takes over what tcpd shows of the slot, checked; may release the sock. */
void sock_look(struct skink *s, struct sock *k);

/* tcpd says that something happened to the slot, which may be nobody's yet. */
void sock_event(struct skink *s, struct sock *k);

/* What poll would report (client.h), as of the last look. */
unsigned sock_mask(const struct skink *s, const struct sock *k);

/* It may have become ready. */
void sock_wake(struct skink *s, struct sock *k);

/* The oldest connection in a listener's queue, now the application's; or NULL. */
struct sock *sock_accept(struct skink *s, struct sock *listener);

/* The application lets go of it. */
void sock_close(struct skink *s, struct sock *k);

/* A request that named it was answered: `works`: tcpd has put the slot to use. */
void sock_answered(struct skink *s, struct sock *k, bool works);

/* Closes the connections that wait for a listener's accept. */
void sock_close_children(struct skink *s, struct sock *listener);

/* Stores more client flags. */
void sock_flag(struct skink *s, struct sock *k, uint32_t flags);

/* SO_ERROR, positive, which is thereby read. */
int sock_take_error(struct sock *k);

/* Takes a look at it. 0: it has a stream, perhaps one that is over; -EAGAIN: it
 * is still connecting; else why it has none, as Linux's send and recv say. */
int sock_may_send(struct skink *s, struct sock *k)
    __attribute__((warn_unused_result));
int sock_may_receive(struct skink *s, struct sock *k)
    __attribute__((warn_unused_result));

/* Bytes that are there to be read. */
uint64_t sock_readable(const struct sock *k);

/* Waits until sock_mask has one of `events`. 0, -EAGAIN, -EBADF, -ENETDOWN. */
int sock_wait(struct skink *s, int handle, unsigned events, instant_t deadline)
    __attribute__((warn_unused_result));

/* The same for `n` bytes to read, the end of the stream, or an error. */
int sock_wait_bytes(struct skink *s, int handle, uint64_t n, instant_t deadline)
    __attribute__((warn_unused_result));

/* ---- renew.c ---- */

/* Begins: what the slot was is over, the handle goes on, in the phase that it
 * now has. */
void renew_start(struct skink *s, struct sock *k);

/* tcpd shows the next generation. */
void renew_generation(struct skink *s, struct sock *k, uint32_t generation);

/* The slot was asked to be bound or to listen again: the answer is 0 or an
 * errno. */
void renew_answered(struct skink *s, struct sock *k, bool listens, int error);

/* Goes a step on with all that can. */
void renew_all(struct skink *s);

/* Waits until the handle is through with it. 0, -EBADF, -ENETDOWN. */
int renew_wait(struct skink *s, int handle) __attribute__((warn_unused_result));

#endif
