/* SPDX-License-Identifier: MIT */
/* The daemons as children: started, watched, fenced and replaced one by one. */
#ifndef CTL_CHILDREN_H
#define CTL_CHILDREN_H

#include "base/os/spawn.h"
#include "base/time.h"
#include "ctl/judge.h"
#include "ctl/loop.h"
#include "proto/shm/conf.h"
#include "proto/shm/layout.h"

#include <stdbool.h>
#include <stddef.h>

struct supervisor;

struct child {
    struct supervisor *supervisor;
    enum daemon_id id;
    enum conf_daemon_state state; /* the truth; conf has a copy for others */
    struct spawned process;
    struct source pidfd; /* -1: no process */
    struct source boot;  /* our end of its boot socket; -1: closed */

    /* How far the handover has got. */
    size_t handed;
    bool handed_all; /* the end was said; clients may still follow */
    bool hungry;     /* something was not taken */

    enum conf_exit_why intent; /* why we killed it; NONE: we did not */
    bool was_ready;            /* once, by any of its processes */
    instant_t down_since;      /* of this outage; NEVER: there is none */
    instant_t limit; /* STARTING: until when; BACKOFF, FAILED: next try */
    struct strikes strikes;
    struct pulse pulse;
};

/* Starts all of them for the first time. */
void children_start(struct supervisor *s, instant_t now);

/* Starts its next process; only when there is none. */
void child_start(struct child *c, instant_t now);

/* SIGKILL; `intent` is what its death will be put down to. */
void child_kill(struct child *c, enum conf_exit_why intent);

/* What its cnc says now. */
struct cnc_view child_look(const struct child *c);

/* Kills, waits for the death and starts the successor; also out of FAILED. */
void child_restart(struct child *c, instant_t now);

/* It has said that it is ready. */
void child_ready(struct child *c);

void children_signal(struct supervisor *s, int signal);
bool children_gone(const struct supervisor *s);

#endif
