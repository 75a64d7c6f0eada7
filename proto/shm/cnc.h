/* SPDX-License-Identifier: MIT */
/* Command and control: one page a daemon, written by that daemon alone, in
 * which everybody else sees how it is and how far it has got. */
#ifndef PROTO_SHM_CNC_H
#define PROTO_SHM_CNC_H

#include "base/time.h"
#include "proto/drops.h"
#include "proto/shm/counters.h"
#include "proto/shm/layout.h"
#include "proto/shm/region.h"
#include "proto/shm/ring.h"

#include <assert.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum cnc_state {
    CNC_NEW,      /* never ran */
    CNC_STARTING, /* booting or recovering */
    CNC_RUNNING,
    CNC_STOPPED /* left in order */
};

/* What is being worked on, so that a death can be blamed: kind in the top byte,
 * ring and position, connection or image below. 0: nothing. */
enum cnc_work {
    CNC_WORK_NONE,
    CNC_WORK_SLOT,    /* | ring << 48 | low 48 bits of position */
    CNC_WORK_REQUEST, /* | request slot position */
    CNC_WORK_TIMER,   /* | connection */
    CNC_WORK_OUTPUT,  /* | connection */
    CNC_WORK_IMAGE    /* | record */
};

#define CNC_DROPS 256

struct cnc_shm {
    struct region_header header;
    /* line 1: rarely written */
    _Atomic uint32_t state; /* enum cnc_state */
    _Atomic uint32_t pid;   /* in its own pid namespace, for people */
    _Atomic uint64_t epoch; /* counts starts of this daemon, from 1 */
    _Atomic int64_t started_ns;
    uint8_t unused1[SHM_LINE - 24];
    /* line 2: every turn */
    _Alignas(SHM_LINE) _Atomic uint64_t turns; /* the heartbeat */
    _Atomic uint64_t work;                     /* cnc_work_word() */
    uint8_t unused2[SHM_LINE - 16];
    /* line 3: around sleeping; read by every ringer */
    _Alignas(SHM_LINE) _Atomic uint32_t sleeping;
    uint32_t spare;
    _Atomic int64_t sleep_until_ns;
    uint8_t unused3[SHM_LINE - 16];
    /* one line a ring: the cursors of the rings that this daemon consumes */
    struct ring_cursor cursors[RINGS];
    counter_t counters[256]; /* by enum counter */
    counter_t drops[256];    /* by enum drop */
    /* The last drops, so that a capture can say what became of a packet: entry
     * n % CNC_DROPS holds the n-th drop since the region was made. */
    _Alignas(SHM_LINE) _Atomic uint64_t dropped; /* so many */
    uint8_t unused4[SHM_LINE - 8];
    struct {
        _Atomic uint64_t work; /* what was worked on: cnc_work_word() */
        _Atomic uint64_t why;  /* enum drop */
    } drop_log[CNC_DROPS];
};
static_assert(offsetof(struct cnc_shm, turns) == 2 * SHM_LINE, "shm ABI v1");
static_assert(offsetof(struct cnc_shm, sleeping) == 3 * SHM_LINE, "shm ABI v1");
static_assert(offsetof(struct cnc_shm, cursors) == 4 * SHM_LINE, "shm ABI v1");
static_assert((int)COUNTERS <= 256 && (int)DROPS <= 256, "shm ABI v1");

/* Kind in the top byte, `what` below. */
static inline uint64_t
cnc_work_word(enum cnc_work kind, uint64_t what)
{
    return (uint64_t)kind << 56 | (what & UINT64_C(0x00ffffffffffffff));
}

/* The owner's handle. */
struct cnc {
    struct cnc_shm *shm;
};

/* Owner, at boot: state STARTING, next epoch, nothing in work, not sleeping.
 * Who wants to know what the predecessor worked on looks before. */
void cnc_start(struct cnc *c, const struct region *region, uint32_t pid,
               instant_t now);
void cnc_set_state(struct cnc *c, enum cnc_state state);

/* Owner, once a turn. */
void cnc_heartbeat(struct cnc *c);

/* Owner, before each item of work that reads what others wrote. */
void cnc_working_on(struct cnc *c, enum cnc_work kind, uint64_t what);

/* Owner. counter_add for events, counter_set for gauges. */
void cnc_count(struct cnc *c, enum counter counter, uint64_t n);
void cnc_set(struct cnc *c, enum counter counter, uint64_t value);

/* Owner: the one place where a dropped packet is counted. DROP_NONE counts
 * nothing. */
void cnc_drop(struct cnc *c, enum drop why);

/* Anybody, on a mapped and checked region of a cnc. NULL when too small. */
struct cnc_shm *cnc_of(const struct region *region);

/* Where `ring`'s consumer, whose cnc this is, keeps its cursors; NULL
 * likewise. */
struct ring_cursor *cnc_cursor(const struct region *region, enum ring_id ring);
uint64_t cnc_counter(const struct cnc_shm *s, enum counter counter);
uint64_t cnc_drops(const struct cnc_shm *s, enum drop why);

/* The drops of a daemon from number *next on, at most `room`: returns how many,
 * and moves *next behind them, past those that are overwritten already. */
struct cnc_dropped {
    uint64_t work;
    enum drop why;
};
size_t cnc_dropped(const struct cnc_shm *s, uint64_t *next,
                   struct cnc_dropped *out, size_t room);

/* A consistent-enough look for watchers and status. */
struct cnc_view {
    enum cnc_state state;
    uint32_t pid;
    uint64_t epoch, turns, work;
    bool sleeping;
    instant_t started, sleep_until;
};
struct cnc_view cnc_look(const struct cnc_shm *s);

#endif
