/* SPDX-License-Identifier: MIT */
/* The run directory of an instance that is about to start. */
#ifndef CTL_INSTANCE_H
#define CTL_INSTANCE_H

#include "ctl/setup.h"
#include "ctl/supervisor.h"

/* Makes the directory and takes its lock, which this process and its children
 * hold until they end. Dies when another supervisor has it. A directory that it
 * made goes again if this process ends with an error. */
void instance_lock(const struct setup *setup);

/* Binds the three sockets anew; what a killed predecessor left is replaced. Only
 * under the lock. Dies on failure. */
void instance_listen(const struct setup *setup, struct listeners *out);

/* A fresh file for what supervisor and daemons have to say. */
int instance_log(const struct setup *setup);

/* Names the supervisor in the lock file, for who finds it taken. */
void instance_sign(void);

/* Takes the sockets away and then the lock: from now on another may start. The
 * directory and the lock file stay, or two supervisors could hold locks on two
 * files of one name. */
void instance_leave(const struct setup *setup);

#endif
