/* SPDX-License-Identifier: MIT */
/* What may be sent next: the peer's window, cwnd, Nagle and silly windows, and the
 * order of SYN, text, FIN, probes and bare ACKs (RFC 9293 3.7.4, 3.8.6).
 *
 * Nothing here changes anything, so it can be asked as often as one likes. */
#include "base/bits.h"
#include "tcpd/core/output.h"

/* ---- where we are in the stream ---- */

/* Stream offset of snd_nxt; one beyond tx_end when FIN was sent. */
static uint64_t
next_offset(const struct tcb *tcb)
{
    return tcb->tx_una + seq_sub(tcb->snd_nxt, tcb->snd_una);
}

static uint64_t
text_left(const struct tcb *tcb)
{
    uint64_t next = next_offset(tcb);

    return next < tcb->tx_end ? tcb->tx_end - next : 0;
}

/* In these states our FIN is decided on and not acknowledged. */
static bool
fin_left(const struct tcb *tcb)
{
    return (tcb->flags & TCB_SHUT_WR) != 0 &&
           (tcb->state == TCB_FIN_WAIT_1 || tcb->state == TCB_CLOSING ||
            tcb->state == TCB_LAST_ACK) &&
           next_offset(tcb) <= tcb->tx_end;
}

bool
output_pending(const struct tcb *tcb)
{
    return output_synchronized(tcb) && (text_left(tcb) > 0 || fin_left(tcb));
}

uint32_t
output_in_flight(const struct tcb *tcb)
{
    uint32_t unacked = seq_sub(tcb->snd_max, tcb->snd_una);

    /* Without the FIN, which is sequence space but no text. */
    return output_synchronized(tcb)
               ? (uint32_t)min_u64(unacked, tcb->tx_end - tcb->tx_una)
               : 0;
}

/* ---- how much the peer and the network take ---- */

static bool
resending(const struct tcb *tcb)
{
    return seq_lt(tcb->snd_nxt, tcb->snd_max);
}

/* recovery.c has asked for the one segment at snd_nxt. */
static bool
fast_retransmit_due(const struct tcb *tcb)
{
    return (tcb->flags & TCB_RECOVERY) != 0 && resending(tcb);
}

static uint32_t
window_room(const struct tcb *tcb)
{
    seq_t edge = seq_add(tcb->snd_una, tcb->snd_wnd);

    return seq_gt(edge, tcb->snd_nxt) ? seq_sub(edge, tcb->snd_nxt) : 0;
}

/* The first two duplicate ACKs each let one new segment out, so that a small
 * flight can bring about the third (RFC 3042). */
static uint32_t
cwnd_room(const struct tcb *tcb)
{
    uint32_t flight = seq_sub(tcb->snd_nxt, tcb->snd_una);
    uint32_t cwnd = tcb->cwnd;

    if (!(tcb->flags & TCB_RECOVERY) && !resending(tcb))
        cwnd += min_u32(tcb->dup_acks, 2) * tcb->snd_mss;
    return cwnd > flight ? cwnd - flight : 0;
}

/* ---- how much of that is worth a segment ---- */

bool
output_probe_due(const struct tcb *tcb, instant_t now)
{
    return timer_running(tcb, TIMER_PERSIST) &&
           instant_due(tcb->deadline[TIMER_PERSIST], now);
}

/* A short segment waits until it is full or TCP_CORK_WAIT has passed. */
static bool
cork_holds(const struct tcb *tcb, instant_t now)
{
    bool waited = timer_running(tcb, TIMER_CORK) &&
                  instant_due(tcb->deadline[TIMER_CORK], now);

    return (tcb->settings.flags & TCP_SET_CORK) != 0 && !waited;
}

/* Nagle's algorithm as Minshall improved it: a short segment waits only for a
 * short one before it. */
static bool
tail_may_go(const struct tcb *tcb, instant_t now)
{
    bool short_unacked = seq_gt(tcb->snd_sml, tcb->snd_una) &&
                         seq_le(tcb->snd_sml, tcb->snd_max);

    if (resending(tcb) || fin_left(tcb))
        return true;
    if (cork_holds(tcb, now))
        return false;
    return (tcb->settings.flags & TCP_SET_NODELAY) != 0 || !short_unacked;
}

/* Of `left` bytes of text, how many may go into the next segment. A probe that is
 * due overrules silly window avoidance. */
static uint32_t
text_allowed(const struct tcb *tcb, uint64_t left, uint32_t most, instant_t now)
{
    uint32_t window = window_room(tcb);
    uint32_t cwnd = cwnd_room(tcb);
    uint32_t len =
        (uint32_t)min_u64(left, min_u32(most, min_u32(window, cwnd)));
    uint32_t tail = len % tcb->snd_mss;

    if (tail == 0 || (len == left && tail_may_go(tcb, now)))
        return len;
    if (len > tail || len == left || window > cwnd)
        return len - tail;
    /* Less than a segment because of the peer's window (RFC 9293 3.8.6.2.1). */
    return output_probe_due(tcb, now) || len >= tcb->max_snd_wnd / 2 ? len : 0;
}

static bool
plan_text(const struct tcb *tcb, uint32_t most, instant_t now, struct piece *p)
{
    uint64_t left = text_left(tcb);
    bool fin = fin_left(tcb);
    uint32_t window = window_room(tcb);

    p->seq = tcb->snd_nxt;
    p->offset = next_offset(tcb);
    p->flags = TCP_ACK;
    if (fast_retransmit_due(tcb)) {
        /* What went before was inside then; new text must be so now. */
        window = max_u32(window, seq_sub(tcb->snd_max, tcb->snd_nxt));
        p->len = (uint32_t)min_u64(left, min_u32(window, tcb->snd_mss));
    } else {
        p->len = text_allowed(tcb, left, most, now);
    }
    if (p->len > 0 && p->len == left)
        p->flags |= TCP_PSH;
    if (fin && p->len == left && p->len < window)
        p->flags |= TCP_FIN;
    return piece_span(p) > 0;
}

bool
output_corked(const struct tcb *tcb, instant_t now)
{
    uint64_t left = text_left(tcb);

    return output_synchronized(tcb) && left > 0 && left < tcb->snd_mss &&
           left <= min_u32(window_room(tcb), cwnd_room(tcb)) &&
           !resending(tcb) && !fin_left(tcb) && cork_holds(tcb, now);
}

/* ---- the order of things ---- */

/* As Linux: no byte of text, but a sequence number below the window, which makes
 * the peer answer with an ACK and so with its window. */
static bool
plan_probe(const struct tcb *tcb, struct piece *p)
{
    *p = (struct piece){.seq = seq_add(tcb->snd_una, UINT32_MAX),
                        .flags = TCP_ACK};
    return true;
}

/* Bare ACKs are numbered snd_max: after a rewind snd_nxt lies below the
 * peer's window, and it would not look at them. */
static bool
plan_ack(const struct tcb *tcb, struct piece *p)
{
    *p = (struct piece){.seq = tcb->snd_max, .flags = TCP_ACK};
    return (tcb->flags & TCB_ACK_NOW) != 0;
}

/* A segment full of text has no room for SACK blocks, and an ACK in one would not
 * count as a duplicate (RFC 5681 2): such an ACK goes by itself, and first. */
static bool
reports_ranges(const struct tcb *tcb)
{
    return (tcb->flags & TCB_ACK_NOW) != 0 && (tcb->flags & TCB_SACK) != 0 &&
           (tcb->ooo_count > 0 || (tcb->flags & TCB_DSACK) != 0);
}

static bool
plan_syn(const struct tcb *tcb, struct piece *p)
{
    bool answers = tcb->state == TCB_SYN_RECEIVED;

    *p = (struct piece){.seq = tcb->iss,
                        .flags = answers ? TCP_SYN | TCP_ACK : TCP_SYN};
    if (seq_eq(tcb->snd_nxt, tcb->iss))
        return true;
    return answers && plan_ack(tcb, p);
}

bool
output_plan(const struct tcb *tcb, uint32_t most, instant_t now,
            struct piece *p)
{
    bool pending = output_pending(tcb);
    bool probe = pending && output_probe_due(tcb, now);

    if (tcb->state == TCB_CLOSED)
        return false;
    if (!output_synchronized(tcb))
        return plan_syn(tcb, p);
    if (reports_ranges(tcb))
        return plan_ack(tcb, p);
    if (pending && plan_text(tcb, most, now, p))
        return true;
    if (probe || tcb->flags & TCB_KEEP_PROBE)
        return plan_probe(tcb, p);
    return plan_ack(tcb, p) || output_window_worth_telling(tcb);
}

bool
output_ready(const struct tcb *tcb, instant_t now)
{
    struct piece p;

    return output_pending(tcb) && plan_text(tcb, tcb->snd_mss, now, &p);
}
