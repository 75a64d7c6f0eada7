/* SPDX-License-Identifier: MIT */
/* Fast retransmit and fast recovery without SACK (RFC 5681 3.2, RFC 6582).
 *
 * While TCB_RECOVERY is set, snd_nxt below snd_max means "send one segment from
 * there, then go on at snd_max"; without it, it means go-back-N. So a
 * retransmission is asked for by moving snd_nxt, and nothing else remembers it.
 *
 * `recover` is the sequence number that ends the episode. Between episodes it
 * lies below snd_una, or at it right after one: duplicates of an ACK that does
 * not go beyond `recover` may come from our own retransmissions. */
#include "tcpd/core/internal.h"

#include "base/bits.h"

#define DUPLICATES_THRESHOLD 3 /* RFC 5681 3.2 */

static void
retransmit_first(struct tcp *tcp, struct tcb *tcb)
{
    tcb->snd_nxt = tcb->snd_una;
    tcb->flags &= ~(uint32_t)TCB_RTT_RUNNING; /* Karn */
    tcb_want_output(tcp, tcb);
}

static void
start(struct tcp *tcp, struct tcb *tcb, instant_t now)
{
    tcb->recover = tcb->snd_max;
    tcb->flags |= TCB_RECOVERY;
    cc_enter_recovery(tcb);
    tcp->stats.retrans_fast++;
    retransmit_first(tcp, tcb);
    timer_set(tcp, tcb, TIMER_RTO, instant_add(now, tcb->rto));
}

void
recovery_duplicate(struct tcp *tcp, struct tcb *tcb, instant_t now)
{
    tcb->dup_acks++;
    tcb_touch(tcp, tcb);
    if (tcb->flags & TCB_RECOVERY)
        cc_inflate(tcb);
    else if (tcb->dup_acks == DUPLICATES_THRESHOLD &&
             seq_gt(tcb->snd_una, tcb->recover))
        start(tcp, tcb, now);
    tcb_want_output(tcp, tcb);
}

static void
finish(struct tcb *tcb)
{
    cc_leave_recovery(tcb);
    tcb->flags &= ~(uint32_t)TCB_RECOVERY;
    tcb->snd_nxt = tcb->snd_max; /* the segment that was asked for arrived */
}

/* RFC 6582 3.2 step 4: another hole. The window shrinks by what left the
 * network, and one segment of it goes out instead. */
static void
partial(struct tcp *tcp, struct tcb *tcb, uint32_t acked)
{
    tcb->cwnd -= min_u32(acked, tcb->cwnd);
    if (acked >= tcb->snd_mss || tcb->cwnd < tcb->snd_mss)
        tcb->cwnd += tcb->snd_mss;
    retransmit_first(tcp, tcb);
}

void
recovery_advanced(struct tcp *tcp, struct tcb *tcb, uint32_t acked,
                  instant_t now)
{
    (void)now;
    tcb->dup_acks = 0;
    if (!(tcb->flags & TCB_RECOVERY)) {
        /* Kept near, so that comparing it never wraps around. */
        if (seq_gt(tcb->snd_una, tcb->recover))
            tcb->recover = seq_add(tcb->snd_una, UINT32_MAX);
        return;
    }
    if (seq_ge(tcb->snd_una, tcb->recover))
        finish(tcb);
    else
        partial(tcp, tcb, acked);
}
