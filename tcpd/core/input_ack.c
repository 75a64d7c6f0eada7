/* SPDX-License-Identifier: MIT */
/* The ACK field (RFC 9293 3.10.7.4, fifth): what the peer has of our stream,
 * and how much more it takes. */
#include "base/bits.h"
#include "tcpd/core/challenge.h"
#include "tcpd/core/input.h"
#include "tcpd/core/internal.h"
#include "tcpd/core/keepalive.h"
#include "tcpd/core/listeners.h"
#include "tcpd/core/open.h"
#include "tcpd/core/output.h"

/* What one ACK acknowledges beyond snd_una. */
struct progress {
    uint32_t octets; /* of sequence space */
    uint32_t text;
    bool fin;
};

static enum drop
refuse_handshake(struct tcp *tcp, const struct segment *seg)
{
    reply_rst(tcp, seg);
    return DROP_SYN_RECEIVED_BAD_ACK;
}

/* Its listener has no room among those that wait for accept: the peer's next
 * segment, or its answer to our next SYN-ACK, may find some. */
static bool
is_one_too_many(struct tcp *tcp, const struct tcb *tcb)
{
    struct listener *l;

    if (tcb->listener == LISTENER_NONE)
        return false;
    l = &tcp->listeners[tcb->listener];
    if (!listener_is_full(l))
        return false;
    l->overflows++;
    return true;
}

/* RFC 5961 5.2: not older than any window that the peer can have seen us fill,
 * and not for what was never sent. */
static enum drop
check_range(struct tcp *tcp, struct tcb *tcb, seq_t ack, instant_t now)
{
    enum drop why = DROP_NONE;

    if (seq_gt(ack, tcb->snd_max))
        why = DROP_ACK_BEYOND;
    else if (seq_lt(ack, tcb->snd_una) &&
             seq_sub(tcb->snd_una, ack) > tcb->max_snd_wnd)
        why = DROP_OLD_ACK;
    if (why != DROP_NONE)
        challenge_ack(tcp, tcb, now);
    return why;
}

/* One that was running tells more than the millisecond clock of timestamps;
 * these serve where Karn's algorithm forbids the first kind. */
static void
sample_rtt(struct tcb *tcb, const struct segment *seg, instant_t now)
{
    int32_t ticks;

    if (tcb->flags & TCB_RTT_RUNNING) {
        if (seq_le(seg->ack, tcb->rtt_seq))
            return;
        tcb->flags &= ~(uint32_t)TCB_RTT_RUNNING;
        rtt_sample(tcb, instant_sub(now, tcb->rtt_started));
        return;
    }
    if (!(tcb->flags & TCB_TIMESTAMPS) || !seg->opt.has_timestamps)
        return;
    ticks = (int32_t)(isn_ts_now(tcb, now) - seg->opt.tsecr);
    if (ticks >= 0 && ticks < TCP_RTO_MAX)
        rtt_sample(tcb, duration_ms(ticks));
}

/* snd_una <= ack <= snd_max. */
static struct progress
take_ack(struct tcb *tcb, seq_t ack)
{
    uint32_t syn = tcb->flags & TCB_SYN_ACKED ? 0 : 1;
    struct progress p = {.octets = seq_sub(ack, tcb->snd_una)};

    if (p.octets == 0)
        return p;
    p.text = (uint32_t)min_u64(p.octets - syn, tcb->tx_end - tcb->tx_una);
    p.fin = p.octets > syn + p.text;
    tcb->flags |= TCB_SYN_ACKED;
    tcb->tx_una += p.text;
    tcb->bytes_acked += p.text;
    tcb->snd_una = ack;
    tcb->snd_nxt = seq_max(tcb->snd_nxt, ack);
    return p;
}

/* RFC 6298 5.2, 5.3. An orphan has its time for as long as it gets on. */
static void
restart_timers(struct tcp *tcp, struct tcb *tcb, instant_t now)
{
    if (seq_eq(tcb->snd_una, tcb->snd_max))
        timer_stop(tcp, tcb, TIMER_RTO);
    else
        timer_set(tcp, tcb, TIMER_RTO, instant_add(now, tcb->rto));
    if (timer_running(tcb, TIMER_ORPHAN))
        timer_set(tcp, tcb, TIMER_ORPHAN,
                  instant_add(now, duration_ms(TCP_ORPHAN_TIMEOUT)));
    user_timeout_progress(tcp, tcb, now);
}

static void
advance(struct tcp *tcp, struct tcb *tcb, const struct segment *seg,
        const struct progress *p, instant_t now)
{
    bool recovering = (tcb->flags & TCB_RECOVERY) != 0;

    sample_rtt(tcb, seg, now);
    tcb->backoff = 0;
    tcb->soft_error = TCP_OK;
    recovery_advanced(tcp, tcb, p->octets, now);
    if (!recovering && p->text > 0)
        cc_acked(tcb, p->text);
    restart_timers(tcp, tcb, now);
    tcb_touch(tcp, tcb);
}

static uint32_t
window_of(const struct tcb *tcb, const struct segment *seg)
{
    if (seg->flags & TCP_SYN)
        return seg->wnd; /* never scaled: RFC 7323 2.2 */
    return (uint32_t)seg->wnd << tcb->snd_wscale;
}

/* RFC 5681 2: all five conditions; the window is looked at before its
 * update. */
static bool
is_duplicate(const struct tcb *tcb, const struct segment *seg)
{
    return seq_lt(tcb->snd_una, tcb->snd_max) && segment_span(seg) == 0 &&
           seq_eq(seg->ack, tcb->snd_una) &&
           window_of(tcb, seg) == tcb->snd_wnd;
}

/* Only a segment that is not older than the one of the last update may change
 * the window: an old one would close or open it wrongly. */
static void
update_window(struct tcp *tcp, struct tcb *tcb, const struct segment *seg)
{
    uint32_t wnd = window_of(tcb, seg);

    if (seq_lt(seg->ack, tcb->snd_una))
        return;
    if (seq_gt(tcb->snd_wl1, seg->seq) ||
        (seq_eq(tcb->snd_wl1, seg->seq) && seq_gt(tcb->snd_wl2, seg->ack)))
        return;
    if (tcb->snd_wnd != wnd)
        tcb_touch(tcp, tcb);
    tcb->snd_wnd = wnd;
    tcb->max_snd_wnd = max_u32(tcb->max_snd_wnd, wnd);
    tcb->snd_wl1 = seg->seq;
    tcb->snd_wl2 = seg->ack;
}

/* Output decides what may go, and starts the persist timer when the window lets
 * nothing go; it is over when nothing is left. */
static void
continue_output(struct tcp *tcp, struct tcb *tcb)
{
    if (output_pending(tcb))
        tcb_want_output(tcp, tcb);
    else
        timer_stop(tcp, tcb, TIMER_PERSIST);
}

static void
fin_acked(struct tcp *tcp, struct tcb *tcb, instant_t now)
{
    if (tcb->state == TCB_FIN_WAIT_1)
        tcb_enter(tcp, tcb, TCB_FIN_WAIT_2, now);
    else if (tcb->state == TCB_CLOSING)
        tcb_enter(tcp, tcb, TCB_TIME_WAIT, now);
    else if (tcb->state == TCB_LAST_ACK)
        tcb_end(tcp, tcb, TCP_OK, now);
}

enum drop
input_ack(struct tcp *tcp, struct tcb *tcb, const struct segment *seg,
          instant_t now)
{
    struct progress p;
    enum drop why;

    if (!(tcb->flags & TCB_SYN_ACKED)) {
        if (seq_le(seg->ack, tcb->snd_una) || seq_gt(seg->ack, tcb->snd_max))
            return refuse_handshake(tcp, seg);
        if (is_one_too_many(tcp, tcb))
            return DROP_LISTEN_QUEUE_FULL;
        open_complete(tcp, tcb, now);
    } else if ((why = check_range(tcp, tcb, seg->ack, now)) != DROP_NONE) {
        return why;
    }

    if (seq_gt(seg->ack, tcb->snd_una)) {
        p = take_ack(tcb, seg->ack);
        advance(tcp, tcb, seg, &p, now);
    } else {
        p = (struct progress){0};
        if (is_duplicate(tcb, seg))
            recovery_duplicate(tcp, tcb, now);
    }
    update_window(tcp, tcb, seg);
    continue_output(tcp, tcb);
    if (p.fin)
        fin_acked(tcp, tcb, now);
    return DROP_NONE;
}
