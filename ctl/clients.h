/* SPDX-License-Identifier: MIT */
/* Attaching applications: the supervisor makes their regions, keeps a duplicate
 * of all they have for tcpd's successors, and counts. */
#ifndef CTL_CLIENTS_H
#define CTL_CLIENTS_H

#include "ctl/loop.h"
#include "ctl/store.h"
#include "proto/shm/handover.h"
#include "proto/shm/layout.h"

#include <stdbool.h>
#include <stdint.h>
#include <sys/types.h>

#define CLIENTS_PER_UID 32
#define CLIENTS_OWN     8 /* places that only the owner and root get */

struct supervisor;

struct client {
    bool live;
    uid_t uid;
    uint64_t serial; /* never the same twice */
    int connection;
    struct stored tx, rx;
    uint8_t token[TOKEN_SIZE];
    unsigned handed; /* messages of its three that this tcpd has got */
};

struct clients {
    struct source listener;
    uint64_t serials; /* given out */
    struct client client[CLIENTS_MAX];
};

/* Owns `listener`. False, errno set. */
bool clients_open(struct supervisor *s, int listener)
    __attribute__((warn_unused_result));

/* Sends tcpd, on its socket, all that it has not got. False: the socket is full or
 * broken, errno says which. */
bool clients_hand_over(struct supervisor *s, int sock)
    __attribute__((warn_unused_result));

/* A new tcpd has got nothing yet. */
void clients_forget_handover(struct supervisor *s);

/* tcpd is done with client `number`, which is hostile: its regions vanish. */
void clients_gone(struct supervisor *s, uint32_t number);

/* 0 or -errno: may `uid` have one client more? EPERM, EDQUOT, EAGAIN. */
int clients_admit(const struct supervisor *s, uid_t uid);

#endif
