/* SPDX-License-Identifier: MIT */
/* The supervisor's side of the control socket: requests of the command. */
#ifndef CTL_CONTROL_H
#define CTL_CONTROL_H

#include "base/time.h"
#include "ctl/loop.h"
#include "proto/shm/layout.h"

#include <stdbool.h>
#include <stdint.h>
#include <sys/types.h>

#define CONTROL_CONNECTIONS 128
#define CONTROL_OWN         64   /* of these, kept for the owner and root */
#define CONTROL_MESSAGE     8192 /* bytes, the longest either way */

struct supervisor;

struct control_connection {
    struct supervisor *supervisor;
    struct source source; /* -1: free */
    uid_t uid;
    uint64_t order; /* in which they were accepted */
    bool waits;     /* for the restart of: */
    enum daemon_id daemon;
    uint64_t open; /* connections when it was asked for */
};

struct control {
    struct source listener;
    uint64_t accepted; /* connections so far */
    uint64_t pings;    /* asked for so far */
    struct control_connection connections[CONTROL_CONNECTIONS];
};

/* Owns `listener`. False, errno set. */
bool control_open(struct supervisor *s, int listener)
    __attribute__((warn_unused_result));

/* Answer whoever waits for the restart of `id`. */
void control_restarted(struct supervisor *s, enum daemon_id id,
                       duration_t outage);
void control_restart_failed(struct supervisor *s, enum daemon_id id);

#endif
