/* SPDX-License-Identifier: MIT */
/* Lines that say what must hold. */
#include "tests/script/play.h"

#include "proto/drops.h"

#include <stdio.h>
#include <string.h>

static bool
same(struct stage *s, const char *what, const char *expected, const char *is)
{
    char text[80];

    if (expected != NULL && strcmp(expected, is) == 0)
        return true;
    snprintf(text, sizeof text, "%s %s", what,
             expected != NULL ? expected : "and a word");
    return stage_fail(s, text, "%s %s", what, is);
}

static bool
same_number(struct stage *s, struct words *w, const char *what, uint64_t is)
{
    char text[80];
    uint32_t expected;

    if (!words_number(w, &expected))
        return stage_fail(s, "a number", "none");
    if (expected == is)
        return true;
    snprintf(text, sizeof text, "%s %u", what, expected);
    return stage_fail(s, text, "%s %llu", what, (unsigned long long)is);
}

/* ---- what the state machine says ---- */

static const char *const states[TCB_STATES] = {
    [TCB_CLOSED] = "CLOSED",
    [TCB_SYN_SENT] = "SYN-SENT",
    [TCB_SYN_RECEIVED] = "SYN-RECEIVED",
    [TCB_ESTABLISHED] = "ESTABLISHED",
    [TCB_FIN_WAIT_1] = "FIN-WAIT-1",
    [TCB_FIN_WAIT_2] = "FIN-WAIT-2",
    [TCB_CLOSE_WAIT] = "CLOSE-WAIT",
    [TCB_CLOSING] = "CLOSING",
    [TCB_LAST_ACK] = "LAST-ACK",
    [TCB_TIME_WAIT] = "TIME-WAIT",
};

/* Of the peer's connection; without one it is LISTEN where its segments would
 * meet a listener, else CLOSED. */
static const char *
state_of(const struct stage *s, const struct peer *p)
{
    if (p->tcb != NULL && p->tcb->state != TCB_CLOSED)
        return states[p->tcb->state];
    return s->listener != NULL && p->local_port == 80 ? "LISTEN" : "CLOSED";
}

static bool
check_state(struct stage *s, struct words *w)
{
    return same(s, "state", words_take(w), state_of(s, stage_peer(s)));
}

static bool
check_drop(struct stage *s, struct words *w)
{
    const char *name = drop_name(s->drop);
    const char *last = strrchr(name, '.');

    return same(s, "drop", words_take(w), last != NULL ? last + 1 : name);
}

static bool
check_error(struct stage *s, struct words *w)
{
    return same(s, "error", words_take(w), error_name(stage_peer(s)->error));
}

/* How many connections the listener holds for accept, half-open ones too. */
static bool
check_queued(struct stage *s, struct words *w)
{
    return same_number(s, w, "queued",
                       s->listener != NULL ? s->listener->queued : 0);
}

/* ---- what a connection remembers ---- */

enum value { UNREAD, MSS, CWND, SSTHRESH, WINDOW, RTO, UNACKED, VALUES };

static const char *const value_names[VALUES] = {
    [UNREAD] = "unread",     /* bytes that the application could read */
    [MSS] = "mss",           /* text bytes a segment */
    [CWND] = "cwnd",         /* congestion window, bytes */
    [SSTHRESH] = "ssthresh", /* bytes */
    [WINDOW] = "window",     /* the peer's, bytes */
    [RTO] = "rto",           /* ms */
    [UNACKED] = "unacked",   /* sequence numbers in flight */
};

static uint64_t
value_of(const struct tcb *tcb, enum value value)
{
    switch (value) {
    case UNREAD:
        return tcb->rx_end - tcb->rx_read;
    case MSS:
        return tcb->snd_mss;
    case CWND:
        return tcb->cwnd;
    case SSTHRESH:
        return tcb->ssthresh;
    case WINDOW:
        return tcb->snd_wnd;
    case RTO:
        return (uint64_t)tcb->rto.ns / 1000000;
    case UNACKED:
        return seq_sub(tcb->snd_max, tcb->snd_una);
    case VALUES:
        break;
    }
    return 0;
}

/* `has cwnd 14600` */
static bool
check_value(struct stage *s, struct words *w)
{
    const struct tcb *tcb = stage_peer(s)->tcb;
    const char *name = words_take(w);

    if (tcb == NULL)
        return stage_fail(s, "a connection", "none");
    for (size_t i = 0; name != NULL && i < VALUES; i++)
        if (strcmp(name, value_names[i]) == 0)
            return same_number(s, w, name, value_of(tcb, (enum value)i));
    return stage_fail(s, "has and a name of checks.c", "another word");
}

const struct command check_commands[] = {
    {"state", check_state},   {"drop", check_drop}, {"error", check_error},
    {"queued", check_queued}, {"has", check_value}, {NULL, NULL},
};
