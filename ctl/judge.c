/* SPDX-License-Identifier: MIT */
/* The rules by which daemons are watched. A daemon that sleeps over its input
 * gets longer than one that stands still in a turn: the input may have come
 * this moment, and a lost bell must not look like a dead daemon at once. */
#define _GNU_SOURCE 1
#include "ctl/judge.h"

#include "base/bits.h"

#include <stdio.h>
#include <string.h>

#define SPARED_DELAY      duration_ms(100)
#define STRIKES_FORGOTTEN duration_ms(10000)
#define EXIT_CODE         256 /* added to exit codes in conf_daemon.last_exit */

static bool
is_fault(int signal)
{
    return signal == SIGSEGV || signal == SIGABRT || signal == SIGBUS ||
           signal == SIGILL || signal == SIGFPE || signal == SIGSYS ||
           signal == SIGTRAP;
}

struct death
judge_death(const siginfo_t *info, enum conf_exit_why intent)
{
    uint32_t status = (uint32_t)info->si_status;

    if (info->si_code == CLD_EXITED)
        return (struct death){.why = CONF_EXIT_LEFT,
                              .exit = EXIT_CODE + (status & 0xff)};
    if (intent != CONF_EXIT_NONE)
        return (struct death){.why = intent, .exit = status};
    if (is_fault(info->si_status))
        return (struct death){.why = CONF_EXIT_FAULT, .exit = status};
    return (struct death){.why = CONF_EXIT_KILLED, .exit = status};
}

/* Nobody asked it to leave, so leaving is a fault: a daemon that gives up while
 * it starts must not be started in a tight loop. */
bool
judge_own_fault(enum conf_exit_why why)
{
    return why == CONF_EXIT_FAULT || why == CONF_EXIT_HANG ||
           why == CONF_EXIT_LEFT;
}

const char *
judge_text(char out[48], enum conf_exit_why why, uint32_t exit)
{
    const char *name = exit < EXIT_CODE ? sigabbrev_np((int)exit) : NULL;

    if (why == CONF_EXIT_NONE)
        snprintf(out, 48, "-");
    else if (exit >= EXIT_CODE)
        snprintf(out, 48, "exit status %u", exit - EXIT_CODE);
    else if (why == CONF_EXIT_HANG)
        snprintf(out, 48, "hang");
    else if (why == CONF_EXIT_RESTART)
        snprintf(out, 48, "restart");
    else
        snprintf(out, 48, "SIG%s", name != NULL ? name : "?");
    return out;
}

struct verdict
strikes_add(struct strikes *s, instant_t now)
{
    static const int64_t delay_ms[] = {0, 10, 100, 1000};
    bool forgotten = instant_sub(now, s->last).ns > STRIKES_FORGOTTEN.ns;

    s->count = s->count == 0 || forgotten ? 1 : s->count + 1;
    s->last = now;
    if (s->count > ARRAY_LEN(delay_ms))
        return (struct verdict){.delay = duration_ms(1000),
                                .state = CONF_DAEMON_FAILED};
    return (struct verdict){.delay = duration_ms(delay_ms[s->count - 1]),
                            .state = CONF_DAEMON_BACKOFF};
}

struct verdict
verdict_spare(struct verdict verdict)
{
    if (verdict.delay.ns > SPARED_DELAY.ns)
        verdict.delay = SPARED_DELAY;
    verdict.state = CONF_DAEMON_BACKOFF;
    return verdict;
}

void
pulse_grant(struct pulse *p, const struct cnc_view *v, instant_t now)
{
    *p = (struct pulse){.turns = v->turns, .alive = now};
}

bool
pulse_suspects(struct pulse *p, const struct cnc_view *v, bool input_waits,
               instant_t now)
{
    bool overdue = v->sleeping && instant_before(v->sleep_until, now);
    bool content = v->sleeping && !overdue && !input_waits;

    if (v->turns != p->turns || content) {
        pulse_grant(p, v, now);
        return false;
    }

    duration_t limit = v->sleeping && !overdue ? INPUT_LIMIT : HANG_LIMIT;

    return instant_sub(now, p->alive).ns > limit.ns;
}

bool
pulse_confirms(struct pulse *p, const struct process *process)
{
    if (!p->suspected) {
        p->suspected = true;
        p->cpu_s = process->cpu_s;
        return false;
    }
    return !process->runnable || process->cpu_s - p->cpu_s >= HANG_CPU_S;
}
