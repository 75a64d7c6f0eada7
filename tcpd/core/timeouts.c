/* SPDX-License-Identifier: MIT */
/* Timers of connections, and what happens when they expire.
 *
 * A tcb holds its deadlines itself, absolute, because they belong to its image;
 * the heap holds one entry for each tcb, its earliest. A persist deadline stays
 * when it has passed: that is how output knows that a probe is owed; so does the
 * cork's.
 *
 * RFC 9293's R2 is tries() for SYN and text, as many unanswered probes for a closed
 * window, and the user timeout in place of both where there is one. R1 has nobody
 * to be told to: ipd finds dead neighbours by itself. */
#include "tcpd/core/ack_policy.h"
#include "tcpd/core/internal.h"
#include "tcpd/core/keepalive.h"

/* ---- timers ---- */

static instant_t
earliest(const struct tcb *tcb)
{
    instant_t when = tcb->deadline[0];

    for (int t = 1; t < TIMERS; t++)
        when = instant_min(when, tcb->deadline[t]);
    return when;
}

static void
set_deadline(struct tcp *tcp, struct tcb *tcb, enum tcb_timer t, instant_t when)
{
    tcb->deadline[t] = when;
    deadlines_set(&tcp->deadlines, tcb->index, earliest(tcb));
}

void
timer_set(struct tcp *tcp, struct tcb *tcb, enum tcb_timer t, instant_t when)
{
    set_deadline(tcp, tcb, t, when);
}

void
timer_stop(struct tcp *tcp, struct tcb *tcb, enum tcb_timer t)
{
    if (timer_running(tcb, t))
        set_deadline(tcp, tcb, t, INSTANT_NEVER);
}

bool
timer_running(const struct tcb *tcb, enum tcb_timer t)
{
    return !instant_is_never(tcb->deadline[t]);
}

/* ---- expiry ---- */

void
tcb_time_out(struct tcp *tcp, struct tcb *tcb, instant_t now)
{
    enum tcp_error soft = (enum tcp_error)tcb->soft_error;

    tcb_end(tcp, tcb, soft != TCP_OK ? soft : TCP_TIMED_OUT, now);
}

static bool
is_orphan(const struct tcb *tcb)
{
    return tcb->owner.client == OWNER_NONE;
}

static uint32_t
tries(const struct tcb *tcb)
{
    if (tcb->state == TCB_SYN_SENT)
        return tcb->settings.syn_tries;
    if (tcb->state == TCB_SYN_RECEIVED)
        return TCP_SYNACK_TRIES;
    if (is_orphan(tcb))
        return TCP_ORPHAN_TRIES;
    return tcb->settings.user_timeout_ms != 0 ? UINT32_MAX : TCP_DATA_TRIES;
}

/* RFC 6298 5.4 to 5.7, RFC 5681 3.1; RFC 6582 4: `recover` keeps duplicates that
 * our go-back-N provokes from starting a fast retransmit. */
static void
retransmission_timeout(struct tcp *tcp, struct tcb *tcb, instant_t now)
{
    if (tcb->backoff >= tries(tcb)) {
        tcb_time_out(tcp, tcb, now);
        return;
    }
    tcb->backoff++;
    tcb->dup_acks = 0;
    tcb->recover = tcb->snd_max;
    tcp->stats.retrans_timeout++;
    rtt_backoff(tcb);
    cc_timeout(tcb);
    output_rewind(tcp, tcb);
    timer_set(tcp, tcb, TIMER_RTO, instant_add(now, tcb->rto));
}

/* RFC 9293 3.8.6.1: a peer that answers probes may keep its window closed for as
 * long as it likes; but not one that an orphan waits for, and not one that
 * answers none. */
static bool
has_probed_enough(const struct tcb *tcb)
{
    if (is_orphan(tcb))
        return tcb->persist_backoff >= TCP_ORPHAN_TRIES;
    return tcb->settings.user_timeout_ms == 0 && tcb->probes >= TCP_DATA_TRIES;
}

static void
persist_timeout(struct tcp *tcp, struct tcb *tcb, instant_t now)
{
    if (!has_probed_enough(tcb)) {
        tcb_want_output(tcp, tcb);
        return;
    }
    reply_abort(tcp, tcb);
    tcb_time_out(tcp, tcb, now);
}

static void
orphan_timeout(struct tcp *tcp, struct tcb *tcb, instant_t now)
{
    bool fin_acked = tcb->state == TCB_FIN_WAIT_2;

    tcb_end(tcp, tcb, fin_acked ? TCP_OK : TCP_TIMED_OUT, now);
}

static void
expire(struct tcp *tcp, struct tcb *tcb, enum tcb_timer t, instant_t now)
{
    switch (t) {
    case TIMER_RTO:
        retransmission_timeout(tcp, tcb, now);
        break;
    case TIMER_PERSIST:
        persist_timeout(tcp, tcb, now);
        break;
    case TIMER_TIME_WAIT:
        tcb_end(tcp, tcb, TCP_OK, now);
        break;
    case TIMER_ORPHAN:
        orphan_timeout(tcp, tcb, now);
        break;
    case TIMER_DELAYED_ACK:
        ack_timeout(tcp, tcb);
        break;
    case TIMER_KEEPALIVE:
        keepalive_timeout(tcp, tcb, now);
        break;
    case TIMER_CORK: /* output sees that it has passed */
        tcb_want_output(tcp, tcb);
        break;
    case TIMER_USER:
        tcb_time_out(tcp, tcb, now);
        break;
    case TIMERS:
        break;
    }
}

/* The earliest deadline after `now`: a probe that is owed waits on the output
 * list, and needs no entry in the heap meanwhile. */
static instant_t
earliest_after(const struct tcb *tcb, instant_t now)
{
    instant_t when = INSTANT_NEVER;

    for (int t = 0; t < TIMERS; t++) {
        if (!instant_due(tcb->deadline[t], now))
            when = instant_min(when, tcb->deadline[t]);
    }
    return when;
}

static void
expire_tcb(struct tcp *tcp, struct tcb *tcb, instant_t now)
{
    for (int t = 0; t < TIMERS; t++) {
        if (instant_due(tcb->deadline[t], now))
            expire(tcp, tcb, (enum tcb_timer)t, now);
    }
    deadlines_set(&tcp->deadlines, tcb->index, earliest_after(tcb, now));
}

void
tcp_expire(struct tcp *tcp, instant_t now)
{
    uint32_t index;

    while (deadlines_take(&tcp->deadlines, now, &index))
        expire_tcb(tcp, &tcp->tcbs[index], now);
}

instant_t
tcp_next_deadline(const struct tcp *tcp)
{
    return deadlines_next(&tcp->deadlines);
}
