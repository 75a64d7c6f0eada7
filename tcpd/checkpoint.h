/* SPDX-License-Identifier: MIT */
/* tcpd's crash safety: which of its values are records in tcpd.state, and when
 * they become true. The rest of tcpd never thinks about it. */
#ifndef TCPD_CHECKPOINT_H
#define TCPD_CHECKPOINT_H

#include "base/hash.h"
#include "proto/shm/api.h"
#include "proto/shm/client.h"
#include "proto/shm/record.h"
#include "tcpd/core/tcb.h"

#include <assert.h>
#include <stdbool.h>
#include <stdint.h>

#define TCPD_TCBS      16384
#define TCPD_LISTENERS 1024
/* Results that a client need not have acknowledged yet. */
#define REQUEST_WINDOW 64

/* The bodies. Fixed widths, no padding: they are read by a successor. */
struct globals_image {
    uint64_t ip_rx_head, api_req_head;  /* taken */
    uint64_t tcp_tx_tail, api_res_tail; /* published */
    struct hash_key secret; /* drawn once, at the instance's first start */
};

struct client_image {
    uint64_t serial;       /* 0: nobody; else as the supervisor's handover */
    uint64_t next_request; /* the number that starts next */
    uint32_t own_high; /* no slot below CLIENT_OWN at or above was ever used */
    uint32_t given_high; /* the same for slots from CLIENT_OWN on */
};

struct slot_image {
    uint64_t read_end, write_end; /* as struct slot's of clients.h */
    uint32_t generation;
    uint32_t kind;   /* enum slot_kind of clients.h */
    uint32_t ref;    /* tcb or listener */
    uint32_t serial; /* of the client that used it, low half */
};
static_assert(sizeof(struct slot_image) == 32, "tcpd.state v1");

/* Which records the turn being written has touched, in the order of the sets:
 * what a successor must void when the turn does not happen. */
struct journal {
    uint64_t count;
    uint32_t entry[1 + TCPD_TCBS + CLIENTS_MAX * (1 + REQUEST_WINDOW) +
                   CLIENTS_MAX * CLIENT_SLOTS];
    uint32_t spare;
};

enum checkpoint_set {
    SET_GLOBALS,
    SET_TCBS,
    SET_CLIENTS,
    SET_RESULTS,
    SET_SLOTS,
    SETS
};

struct checkpoint {
    struct region region;
    struct record_set set[SETS];
    struct journal *journal;
    uint64_t turn;    /* the one being written */
    uint64_t written; /* the one that the journal is of */
};

/* Boot only. Lays the records out in the region and voids what a predecessor
 * wrote of a turn that did not happen; false when the region is too small. */
bool checkpoint_open(struct checkpoint *c, const struct region *region)
    __attribute__((warn_unused_result));

/* Recovery: the globals of the last turn that became true; false when no turn
 * ever did, or their record is broken. */
bool checkpoint_recover(struct checkpoint *c, struct globals_image *g)
    __attribute__((warn_unused_result));
bool checkpoint_recover_client(struct checkpoint *c, uint32_t client,
                               struct client_image *image);
bool checkpoint_recover_slot(struct checkpoint *c, uint32_t client,
                             uint32_t slot, struct slot_image *image);
bool checkpoint_recover_tcb(struct checkpoint *c, uint32_t index,
                            struct tcb *image);

/* Each at most once a turn and record. */
void checkpoint_tcb(struct checkpoint *c, const struct tcb *tcb);
void checkpoint_client(struct checkpoint *c, uint32_t client,
                       const struct client_image *image);
void checkpoint_slot(struct checkpoint *c, uint32_t client, uint32_t slot,
                     const struct slot_image *image);
void checkpoint_result(struct checkpoint *c, uint32_t client,
                       const struct api_result *result);

/* All of this turn is true from here on. */
void checkpoint_commit(struct checkpoint *c, const struct globals_image *g);

/* The stored result of request `number`, false when it is no longer kept. The
 * working copy is the region itself: this process is its only writer. */
bool checkpoint_find_result(struct checkpoint *c, uint32_t client,
                            uint64_t number, struct api_result *result);

#endif
