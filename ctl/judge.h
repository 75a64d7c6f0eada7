/* SPDX-License-Identifier: MIT */
/* Judgements about daemons, without side effects: is it alive, why did it die,
 * and how soon may its successor start. */
#ifndef CTL_JUDGE_H
#define CTL_JUDGE_H

#include "base/time.h"
#include "ctl/process.h"
#include "proto/shm/cnc.h"
#include "proto/shm/conf.h"

#include <signal.h>
#include <stdbool.h>
#include <stdint.h>

#define WATCH_PERIOD duration_ms(50)
#define HANG_LIMIT   duration_ms(200)  /* without a turn */
#define INPUT_LIMIT  duration_ms(1000) /* asleep over input */
#define BOOT_LIMIT   duration_ms(5000)
#define HANG_CPU_S   0.1 /* used up since it was suspected: an endless loop */

/* ---- death ---- */

struct death {
    enum conf_exit_why why;
    uint32_t exit; /* as conf_daemon.last_exit */
};

/* `info` is what waitid gave; `intent` says why the supervisor itself killed it,
 * CONF_EXIT_NONE when it did not. */
struct death judge_death(const siginfo_t *info, enum conf_exit_why intent);

/* Only these count against a daemon: a kill from outside costs nothing. */
bool judge_own_fault(enum conf_exit_why why);

/* "SIGSEGV", "exit status 1", "hang (SIGKILL)" ... in `out`, which it returns. */
const char *judge_text(char out[48], enum conf_exit_why why, uint32_t exit);

/* ---- crash loops ---- */

struct strikes {
    uint32_t count; /* deaths by own fault, none more than 10 s after another */
    instant_t last;
};

struct verdict {
    duration_t delay;             /* before the successor starts */
    enum conf_daemon_state state; /* meanwhile */
};

/* After a death by own fault: at once, 10 ms, 100 ms, 1 s, and from the fifth on
 * FAILED with a try every second. */
struct verdict strikes_add(struct strikes *s, instant_t now);

/* The same for a daemon that clients can kill, as libzmq lets them kill apid: its
 * other clients are not to pay for that, so it never waits longer than 100 ms. */
struct verdict verdict_spare(struct verdict verdict);

/* ---- heartbeat ---- */

struct pulse {
    uint64_t turns;  /* at the last look */
    instant_t alive; /* when it was last known to be */
    bool suspected;
    double cpu_s; /* that it had used when it was first suspected */
};

/* Grants a full period from now: at the start, and when the watcher was late. */
void pulse_grant(struct pulse *p, const struct cnc_view *v, instant_t now);

/* True: it seems to hang. Alive is whose turn counter moves, or who sleeps with
 * no input waiting and no deadline past. `input_waits` is to be said only of
 * input from a daemon that is alive itself. */
bool pulse_suspects(struct pulse *p, const struct cnc_view *v, bool input_waits,
                    instant_t now);

/* True: a suspect hangs indeed. On an overloaded machine a daemon may wait longer
 * than any limit for its CPU; so one that is ready to run is given time until
 * it has used up HANG_CPU_S without a turn, and any other a second look. */
bool pulse_confirms(struct pulse *p, const struct process *process);

#endif
