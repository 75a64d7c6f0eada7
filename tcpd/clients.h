/* SPDX-License-Identifier: MIT */
/* The clients of tcpd and their sockets: between cursors in two shared regions
 * on one side and calls of the pure core on the other. */
#ifndef TCPD_CLIENTS_H
#define TCPD_CLIENTS_H

#include "base/list.h"
#include "base/time.h"
#include "proto/shm/client.h"
#include "proto/shm/handover.h"
#include "tcpd/checkpoint.h"
#include "tcpd/core/tcp.h"

#include <stdbool.h>
#include <stdint.h>

enum slot_kind {
    SLOT_KIND_FREE,
    SLOT_KIND_LISTENER, /* bound or listening; ref: listener */
    SLOT_KIND_TCB,      /* ref: tcb */
    SLOT_KIND_LOST      /* its connection died with a predecessor: ECONNRESET */
};

/* What all clients of one uid may use at most: the rest is for others. */
#define UID_LISTENERS (TCPD_LISTENERS / 4 * 3)
#define UID_SLOTS     (TCPD_TCBS / 4 * 3)

/* tcpd's own book on one socket of one client. */
struct slot {
    uint32_t generation;
    uint32_t kind; /* enum slot_kind */
    uint32_t ref;
    uint64_t read_end, write_end; /* where past generations' streams ended */
    uint64_t shown_read;          /* read_limit as last published */
    uint64_t shown_limit;         /* send_limit likewise: it never goes back */
    uint64_t shown_status;        /* state and flags as last published */
    uint64_t announced;           /* send_limit of the last event about space */
    uint64_t last_event;          /* queue position behind its last event */
    struct list dirty;            /* its record changed in this turn */
    struct list again;            /* to be looked at once more */
    struct list due;              /* an event is; within clients_publish */
};

struct client {
    bool used;  /* a process, or orphans of one, live here */
    bool gone;  /* its connection has ended; the next turn takes that */
    bool dead;  /* the process is gone */
    bool dirty; /* its record changed in this turn */
    bool news;  /* it is rung with the next publishing, if it sleeps */
    uint32_t number;
    uint32_t uid;
    uint64_t serial;
    uint8_t token[TOKEN_SIZE];
    int connection; /* the doorbell; -1: none */
    struct region tx_region, rx_region;
    const struct client_tx_shm *tx;
    struct client_rx_shm *rx;
    uint64_t work_head, event_tail;
    uint64_t next_request;
    struct slot *slots; /* CLIENT_SLOTS */
    uint32_t
        given_free; /* first free given slot, linked by `ref`; SLOT_UNASSIGNED */
    uint32_t own_high, given_high;
    uint32_t attached;  /* slots in use */
    uint32_t listeners; /* of these, bound ones */
    struct chunk_pool pool;
    struct list again, dirty_slots, due; /* slots by `again`, `dirty`, `due` */
};

struct clients {
    struct tcp *tcp;
    struct checkpoint *checkpoint;
    int epoll;      /* connections are registered here, by client number */
    int supervisor; /* told when a client's number may be used again */
    uint64_t epoch; /* of this tcpd */
    uint32_t first; /* client that is served first in the next turn */
    bool bound;     /* a listener has come, gone or begun to listen */
    /* When the supervisor is told again that a client is over: its socket was
     * full. INSTANT_NEVER: it was not. */
    instant_t retry;
    struct client client[CLIENTS_MAX];
};

void clients_init(struct clients *cs, struct tcp *tcp, struct checkpoint *cp,
                  int epoll, int supervisor, uint64_t epoch);

/* One handover message about a client (three make one). Owns `fd`. False: not
 * about a client, or broken; `fd` is then closed. */
bool clients_adopt(struct clients *cs, const struct handover *h, int fd);

/* Its connection became readable: doorbell bytes, or its end. Only notes the end:
 * what follows from it needs the time at which the turn begins, and whoever was
 * woken by it has slept since the last one. */
void clients_connection(struct clients *cs, uint32_t number);

/* Takes what clients have written, read, shut and closed: a bounded number of
 * entries of each, and another client first in each turn. Returns how much. */
unsigned clients_take(struct clients *cs, instant_t now);

/* Is there work that clients_take would find? The look before sleeping. */
bool clients_waiting(const struct clients *cs);

/* Before the commit: gives slots to new connections, takes back those of closed
 * ones, then writes the records of all that changed. */
void clients_settle(struct clients *cs);

/* After the commit: shows cursors and states, adds events, rings. */
void clients_publish(struct clients *cs);

/* May this client's uid have one more socket, or one more bound one? */
bool clients_may_attach(const struct clients *cs, const struct client *c);
bool clients_may_bind(const struct clients *cs, const struct client *c);

/* The client with this token (compared in constant time), or NULL. */
struct client *clients_find(struct clients *cs,
                            const uint8_t token[TOKEN_SIZE]);

/* A slot that the client may name in a request, or NULL. */
struct slot *clients_own_slot(struct client *c, uint32_t slot);

/* Puts a free slot to use for a listener or tcb. */
void clients_attach(struct clients *cs, struct client *c, uint32_t slot,
                    enum slot_kind kind, uint32_t ref);

/* Its record is written in this turn. */
void clients_touch(struct client *c);

struct owner clients_owner(const struct client *c, uint32_t slot);

#endif
