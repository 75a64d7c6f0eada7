/* SPDX-License-Identifier: MIT */
/* One running instance, and what its parts tell each other. */
#ifndef CTL_SUPERVISOR_H
#define CTL_SUPERVISOR_H

#include "base/os/log.h"
#include "ctl/children.h"
#include "ctl/clients.h"
#include "ctl/control.h"
#include "ctl/journal.h"
#include "ctl/loop.h"
#include "ctl/setup.h"
#include "ctl/store.h"

#include <stdbool.h>
#include <stdint.h>
#include <sys/types.h>

struct supervisor {
    const struct setup *setup;
    struct loop loop;
    struct store store;
    struct source stop; /* SIGTERM and SIGINT */
    struct child children[DAEMONS];
    struct clients clients;
    struct control control;
    struct journal journal; /* in the background; its pipe -1: stderr stays */
    uid_t owner;            /* its uid, as it sees itself */

    bool up;     /* all daemons have been ready once */
    bool failed; /* it never came up */
    bool stopping;
    instant_t kill_at; /* stopping: when patience ends */
    instant_t watched; /* when the watch was last kept */

    void (*tell_ready)(void *); /* called once, when it is up */
    void *tell_ready_arg;
};

/* The listening sockets of an instance, already bound in its run directory. */
struct listeners {
    int attach, control, requests;
};

/* Runs the instance until it is told to stop; then all daemons are gone. Owns
 * the descriptors in `setup` and `listeners`. Returns the exit status; what went
 * wrong has been said on stderr. */
enum exit_status supervisor_run(const struct setup *setup,
                                const struct listeners *listeners,
                                void (*tell_ready)(void *), void *arg);

/* ---- for its parts ---- */

void supervisor_stop(struct supervisor *s);

/* A daemon is ready, after an outage of `outage` (0: first start). */
void supervisor_ready(struct supervisor *s, enum daemon_id id,
                      duration_t outage);

/* A daemon did not make it to its first readiness. */
void supervisor_boot_failed(struct supervisor *s);

/* Before more is said in a log that nobody may be reading. */
void supervisor_shorten_log(const struct supervisor *s);

/* A daemon is in a crash loop. */
void supervisor_given_up(struct supervisor *s, enum daemon_id id);

#endif
