/* SPDX-License-Identifier: MIT */
/* A running instance for tests: a supervisor with stubs for daemons, no device, in a
 * directory of its own. The test program itself is all of the stubs, so its main
 * begins with stub_daemon_named. */
#ifndef TESTS_CTL_INSTANCE_H
#define TESTS_CTL_INSTANCE_H

#include "ctl/commands.h"
#include "ctl/look.h"
#include "ctl/setup.h"

#include <stdbool.h>
#include <sys/types.h>

struct instance {
    char dir[64];
    struct setup setup;
    struct cli cli;
    pid_t supervisor;
    struct look look; /* since it is up */
};

/* cmocka's setup (with and without starting it) and teardown. */
int instance_make(void **state);
int instance_make_running(void **state);
int instance_remove(void **state);

/* Before the start: how many it is to have, none with a device; one if not said. */
void instance_give_links(struct instance *f, uint32_t links);

/* True once it is up; false when it ended instead. */
bool instance_start(struct instance *f);

/* Sends the supervisor a signal; returns how it ended, as waitpid has it. */
int instance_stop(struct instance *f, int signal);

/* What the next processes of a daemon are to do (stub_daemon.h). */
void instance_order(const struct instance *f, const char *daemon,
                    const char *what);

/* Waits for what another process is about to do: INSTANCE_TRIES times one
 * millisecond, and then it is a failure. */
#define INSTANCE_TRIES 10000
void instance_breathe(void);
void instance_wait(const struct instance *f, enum daemon_id id,
                   enum conf_daemon_state state, uint32_t restarts);

pid_t instance_pid(const struct instance *f, enum daemon_id id);

/* As `skink restart` does; returns when the successor is ready, with what the
 * supervisor says then, until the next call. */
const char *instance_restart(const struct instance *f, const char *daemon);

#endif
