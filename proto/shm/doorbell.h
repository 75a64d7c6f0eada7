/* SPDX-License-Identifier: MIT */
/* Sleeping and waking between daemons: an eventfd per ordered pair, rung only
 * when the other side has said that it sleeps.
 *
 * The sleeper: doorbell_doze(cnc), look at every input once more, sleep in
 * poll or epoll only if there is still nothing, doorbell_wake(cnc). The
 * ringer: publish, then doorbell_ring. Either the ringer sees the flag or the
 * sleeper sees what was published: that needs the one total order of seq_cst,
 * which only this module uses.
 *
 * Waiting for space goes the other way round the same ring:
 *
 *   producer  ring_want_space(1), doorbell_ring(consumer); doze, try to stage
 *             once more, sleep. Once it has space: ring_want_space(0).
 *   consumer  at the end of a turn: ring_publish_cursor, doorbell_barrier, and
 *             if ring_space_wanted: doorbell_ring(producer).
 *   a consumer that has taken input and not released it, because its own
 *             consumers hold it, looks at ring_space_wanted of its input before
 *             it sleeps; if so it does ring_want_space(1) on the outputs that
 *             hold it. It dozes, and looks once more at its inputs, at
 *             ring_space_wanted, if it was not set, and at what is released.
 *
 * That nobody is left asleep by these rules, and that each of them is needed,
 * is what tests/model shows. */
#ifndef PROTO_SHM_DOORBELL_H
#define PROTO_SHM_DOORBELL_H

#include "proto/shm/cnc.h"

struct doorbell {
    int fd; /* eventfd with EFD_NONBLOCK; -1: not connected */
    const struct cnc_shm *peer; /* whose sleeping flag is looked at */
};

/* Wakes the peer if it sleeps or is about to; one system call at most. Includes
 * doorbell_barrier. */
void doorbell_ring(const struct doorbell *b);

/* Sleeper: raises the sleeping flag (full barrier). `until` is the deadline up
 * to which it means to sleep: a watcher calls it hung only beyond that. */
void doorbell_doze(struct cnc *c, instant_t until);

/* Sleeper: lowers the flag. */
void doorbell_wake(struct cnc *c);

/* Drains an eventfd that woke us, made with EFD_NONBLOCK; never blocks. */
void doorbell_drain(int fd);

/* The same barrier for flags that lie elsewhere (client regions): orders all
 * stores before it against all loads after it. */
void doorbell_barrier(void);

#endif
