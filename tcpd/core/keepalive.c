/* SPDX-License-Identifier: MIT */
/* How long a silent peer is believed in.
 *
 * Keep-alive asks only when there is nothing else to hear about: with something
 * in flight or waiting for the peer's window the other timers ask already. Its
 * timer is not moved by every segment that comes; when it expires it looks when
 * the last one came, and goes on from there.
 *
 * The user timeout runs while the peer owes us something: an acknowledgment, a
 * window, or the answer to a probe. It replaces the counts of retransmissions
 * and probes that would end the connection otherwise, as in Linux. */
#include "tcpd/core/keepalive.h"

#include "tcpd/core/internal.h"
#include "tcpd/core/output.h"

/* ---- the user timeout ---- */

static bool
peer_owes(const struct tcb *tcb)
{
    return !seq_eq(tcb->snd_una, tcb->snd_max) || output_pending(tcb) ||
           tcb->probes > 0;
}

void
user_timeout_start(struct tcp *tcp, struct tcb *tcb, instant_t now)
{
    uint32_t ms = tcb->settings.user_timeout_ms;

    if (ms != 0 && !timer_running(tcb, TIMER_USER))
        timer_set(tcp, tcb, TIMER_USER, instant_add(now, duration_ms(ms)));
}

void
user_timeout_progress(struct tcp *tcp, struct tcb *tcb, instant_t now)
{
    if (!timer_running(tcb, TIMER_USER))
        return;
    timer_stop(tcp, tcb, TIMER_USER);
    if (peer_owes(tcb))
        user_timeout_start(tcp, tcb, now);
}

void
user_timeout_changed(struct tcp *tcp, struct tcb *tcb, instant_t now)
{
    timer_stop(tcp, tcb, TIMER_USER);
    if (peer_owes(tcb))
        user_timeout_start(tcp, tcb, now);
}

/* An idle connection owes nothing until it is asked, and has one interval to
 * answer, however long it was silent before. */
static void
user_timeout_of_probe(struct tcp *tcp, struct tcb *tcb, instant_t answer_by)
{
    instant_t when = instant_add(tcb->last_received_at,
                                 duration_ms(tcb->settings.user_timeout_ms));

    if (tcb->settings.user_timeout_ms == 0 || timer_running(tcb, TIMER_USER))
        return;
    timer_set(tcp, tcb, TIMER_USER,
              instant_before(when, answer_by) ? answer_by : when);
}

/* ---- keep-alive ---- */

static bool
is_kept_alive(const struct tcb *tcb)
{
    return (tcb->settings.flags & TCP_SET_KEEPALIVE) != 0 &&
           output_synchronized(tcb) && tcb->state != TCB_TIME_WAIT;
}

static instant_t
next_look(const struct tcb *tcb)
{
    return instant_add(tcb->last_received_at,
                       duration_ms(tcb->settings.keep_idle_ms));
}

void
keepalive_changed(struct tcp *tcp, struct tcb *tcb, instant_t now)
{
    (void)now;
    tcb->probes = 0;
    tcb->flags &= ~(uint32_t)TCB_KEEP_PROBE;
    if (is_kept_alive(tcb))
        timer_set(tcp, tcb, TIMER_KEEPALIVE, next_look(tcb));
    else
        timer_stop(tcp, tcb, TIMER_KEEPALIVE);
}

void
keepalive_heard(struct tcp *tcp, struct tcb *tcb, instant_t now)
{
    tcb->last_received_at = now;
    if (tcb->probes == 0)
        return;
    keepalive_changed(tcp, tcb, now);
    if (!peer_owes(tcb)) /* a window that stays closed is no answer */
        timer_stop(tcp, tcb, TIMER_USER);
}

/* RFC 9293 3.8.4: an empty segment that the peer has to answer. */
static void
probe(struct tcp *tcp, struct tcb *tcb, instant_t now)
{
    instant_t answer_by =
        instant_add(now, duration_ms(tcb->settings.keep_interval_ms));

    tcb->probes++;
    tcb->flags |= TCB_KEEP_PROBE;
    tcp->stats.keep_probes++;
    tcb_touch(tcp, tcb);
    tcb_want_output(tcp, tcb);
    timer_set(tcp, tcb, TIMER_KEEPALIVE, answer_by);
    user_timeout_of_probe(tcp, tcb, answer_by);
}

void
keepalive_timeout(struct tcp *tcp, struct tcb *tcb, instant_t now)
{
    bool counted = tcb->settings.user_timeout_ms == 0;
    bool busy = !seq_eq(tcb->snd_una, tcb->snd_max) || output_pending(tcb);
    instant_t look = next_look(tcb);

    if (busy)
        look = instant_add(now, duration_ms(tcb->settings.keep_idle_ms));
    if (busy || (tcb->probes == 0 && instant_before(now, look))) {
        timer_set(tcp, tcb, TIMER_KEEPALIVE, look);
        return;
    }
    if (counted && tcb->probes >= tcb->settings.keep_count) {
        tcp->stats.keep_drops++;
        reply_abort(tcp, tcb);
        tcb_time_out(tcp, tcb, now);
        return;
    }
    probe(tcp, tcb, now);
}
