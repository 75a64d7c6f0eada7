/* SPDX-License-Identifier: MIT */
/* A socket of this process: a slot of the two regions, and what the library
 * knows of it. Nothing here blocks; the instance's mutex is held. */
#ifndef LIBCLIENT_SOCK_H
#define LIBCLIENT_SOCK_H

#include "base/list.h"
#include "base/time.h"
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

struct sock {
    uint8_t phase; /* enum phase */
    uint8_t state; /* enum slot_state, as last seen */
    bool attached; /* tcpd has put the slot to use */
    bool based;    /* the cursors below are those of this generation */
    bool nonblocking, nodelay, reuseaddr, abort_on_close;
    bool renewing; /* bound, lost with a tcpd, on the way to a new binding */
    bool outcome_told;   /* of connect */
    uint16_t serial;     /* tells handles of one slot apart */
    uint32_t generation; /* tcpd's count */
    uint32_t slot_flags; /* enum slot_flag, as last seen */
    uint32_t flags;      /* enum client_flag, as stored */
    uint32_t requests;   /* not yet answered */
    int error;           /* SO_ERROR: positive; 0: none */
    int linger;          /* seconds; -1: off */
    duration_t receive_timeout, send_timeout; /* 0: none */
    uint64_t last_work; /* position behind its last work entry */
    uint64_t epoch;     /* of the tcpd that runs the connection */

    uint64_t read_end, read_limit;         /* received stream */
    uint64_t told_read;                    /* tcpd was told of */
    uint64_t write_end, freed, send_limit; /* sent stream */
    uint64_t first_chunk, end_chunk;       /* offsets that have chunks */

    struct addr local, remote;
    uint16_t local_port, remote_port;
    uint32_t interest; /* of skink_watch; 0: not watched */
    uint64_t user;
    uint32_t backlog;    /* of listen */
    uint32_t next_free;  /* own slot, while free */
    struct list queue;   /* listener: its children that wait for accept */
    struct list sibling; /* child: in that list; bound: among the lost */
    struct list ready, starved, consumed; /* in the instance's lists */
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

/* The bindings that were lost with a tcpd, and can be had again now: closes the
 * slot, or binds it anew once tcpd shows it free. */
void socks_renew(struct skink *s);

/* The new binding was refused: that is the error of the sock. */
void sock_renew_failed(struct skink *s, struct sock *k, int error);

/* Stores more client flags. */
void sock_flag(struct skink *s, struct sock *k, uint32_t flags);

/* SO_ERROR, positive, which is thereby read. */
int sock_take_error(struct sock *k);

/* Waits until sock_mask has one of `events`. 0, -EAGAIN, -EBADF, -ENETDOWN. */
int sock_wait(struct skink *s, int handle, unsigned events, instant_t deadline)
    __attribute__((warn_unused_result));

#endif
