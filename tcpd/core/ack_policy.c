/* SPDX-License-Identifier: MIT */
/* When to acknowledge text (RFC 9293 3.8.6.3, RFC 5681 4.2).
 *
 * An ACK is sent at once when more than one full-sized segment is not
 * acknowledged, and whenever the peer can use it to repair a loss. Else it waits
 * TCP_DELAYED_ACK ms for text of ours, which carries it for nothing. A segment
 * that was coalesced from many is acknowledged as the many would be, by one ACK.
 *
 * As Linux does, the first ACKs of a connection and those after a pause are not
 * delayed either, since a peer in slow start grows with each of them; unless
 * text answers text, where they would only be in the way. */
#include "tcpd/core/ack_policy.h"

#include "base/bits.h"
#include "tcpd/core/internal.h"

static bool
is_quick(const struct tcb *tcb)
{
    return tcb->quick_acks > 0 && !(tcb->flags & TCB_INTERACTIVE);
}

static bool
within(instant_t since, duration_t d, instant_t now)
{
    return instant_sub(now, since).ns < d.ns;
}

void
ack_quickly(struct tcb *tcb)
{
    tcb->quick_acks = TCP_QUICK_ACKS;
    tcb->flags &= ~(uint32_t)TCB_INTERACTIVE;
}

void
ack_received(struct tcp *tcp, struct tcb *tcb, bool at_once, instant_t now)
{
    uint32_t unacked = seq_sub(tcb->rcv_nxt, tcb->last_ack_sent);

    if (!within(tcb->text_received_at, tcb->rto, now))
        tcb->quick_acks = TCP_QUICK_ACKS;
    tcb->text_received_at = now;
    if (at_once || unacked > tcb->rcv_mss || is_quick(tcb))
        reply_ack(tcp, tcb);
    else if (!timer_running(tcb, TIMER_DELAYED_ACK))
        timer_set(tcp, tcb, TIMER_DELAYED_ACK,
                  instant_add(now, duration_ms(TCP_DELAYED_ACK)));
    tcb_touch(tcp, tcb);
}

void
ack_sent(struct tcp *tcp, struct tcb *tcb, bool text, instant_t now)
{
    if (!seq_eq(tcb->last_ack_sent, tcb->rcv_nxt) && tcb->quick_acks > 0)
        tcb->quick_acks--;
    if (text &&
        within(tcb->text_received_at, duration_ms(TCP_DELAYED_ACK), now))
        tcb->flags |= TCB_INTERACTIVE;
    tcb->last_ack_sent = tcb->rcv_nxt;
    tcb->flags &= ~(uint32_t)(TCB_ACK_NOW | TCB_DSACK);
    timer_stop(tcp, tcb, TIMER_DELAYED_ACK);
}

/* Nothing came that could have carried it: the guess was wrong. */
void
ack_timeout(struct tcp *tcp, struct tcb *tcb)
{
    timer_stop(tcp, tcb, TIMER_DELAYED_ACK);
    tcb->flags &= ~(uint32_t)TCB_INTERACTIVE;
    tcp->stats.delayed_acks++;
    reply_ack(tcp, tcb);
}

void
tcp_call_quick_ack(struct tcp *tcp, struct tcb *tcb, bool on, instant_t now)
{
    (void)now;
    tcb_touch(tcp, tcb);
    if (!on) {
        tcb->flags |= TCB_INTERACTIVE;
        return;
    }
    ack_quickly(tcb);
    if (timer_running(tcb, TIMER_DELAYED_ACK))
        reply_ack(tcp, tcb);
}
