/* SPDX-License-Identifier: MIT */
/* TIME-WAIT: answers late segments so that the peer can finish too. */
#include "tcpd/core/input_time_wait.h"

#include "tcpd/core/challenge.h"
#include "tcpd/core/internal.h"

/* RFC 7323 5.5: a timestamp of 24 days ago has half wrapped and means
 * nothing. */
#define PAWS_IDLE_MS (INT64_C(24) * 24 * 3600 * 1000)

bool
paws_rejects(const struct tcb *tcb, const struct segment *seg, instant_t now)
{
    if (!(tcb->flags & TCB_TIMESTAMPS) || !seg->opt.has_timestamps)
        return false;
    if ((int32_t)(seg->opt.tsval - tcb->ts_recent) >= 0)
        return false;
    return instant_sub(now, tcb->ts_recent_at).ns <
           duration_ms(PAWS_IDLE_MS).ns;
}

bool
time_wait_reopens(const struct tcb *tcb, const struct segment *seg,
                  instant_t now)
{
    bool timestamps = tcb->flags & TCB_TIMESTAMPS && seg->opt.has_timestamps;

    if (tcb->state != TCB_TIME_WAIT ||
        (seg->flags & (TCP_SYN | TCP_ACK | TCP_RST)) != TCP_SYN)
        return false;
    if (paws_rejects(tcb, seg, now))
        return false;
    /* Not rejected and not the same: newer. */
    if (timestamps && seg->opt.tsval != tcb->ts_recent)
        return true;
    return seq_gt(seg->seq, tcb->rcv_nxt);
}

/* The peer's FIN again: our last ACK was lost. A segment that PAWS rejects is
 * no such thing. */
static bool
is_fin_again(const struct tcb *tcb, const struct segment *seg)
{
    return (seg->flags & TCP_FIN) != 0 &&
           seq_eq(seq_add(seg->seq, segment_span(seg)), tcb->rcv_nxt);
}

enum drop
input_time_wait(struct tcp *tcp, struct tcb *tcb, const struct segment *seg,
                instant_t now)
{
    if (seg->flags & TCP_RST)
        return DROP_TIME_WAIT_RST; /* RFC 1337 fix F1 */
    if (seg->flags & TCP_SYN) {
        challenge_ack(tcp, tcb, now);
        return DROP_TIME_WAIT_SYN;
    }
    if (paws_rejects(tcb, seg, now)) {
        challenge_ack(tcp, tcb, now);
        return DROP_PAWS;
    }
    if (!(seg->flags & TCP_ACK))
        return DROP_NO_ACK_FLAG;
    if (is_fin_again(tcb, seg)) {
        timer_set(tcp, tcb, TIMER_TIME_WAIT,
                  instant_add(now, duration_ms(TCP_TIME_WAIT)));
        reply_ack(tcp, tcb);
        return DROP_TIME_WAIT_SEGMENT;
    }
    /* The last ACK of a close may come twice; it asks for nothing. */
    if (segment_span(seg) == 0 && seq_eq(seg->seq, tcb->rcv_nxt))
        return DROP_NONE;
    challenge_ack(tcp, tcb, now);
    return DROP_TIME_WAIT_SEGMENT;
}
