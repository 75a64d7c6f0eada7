/* SPDX-License-Identifier: MIT */
/* Sending: segments are pulled out of the core, one a call.
 *
 * Nothing is sent when something happens; the connection is put on tcp->output
 * and looked at when there is room for a segment. What to send follows from the
 * tcb alone: snd_nxt at iss means SYN, snd_nxt below snd_max means that something
 * is sent again, TCB_ACK_NOW that an ACK is owed, a persist deadline that has
 * passed that a probe is. So a tcb that is put there once too often costs a
 * look, and a core that starts from stored images sends on as if nothing had
 * been. output_plan.c decides, output_segment.c writes and takes note,
 * output_window.c knows what to tell the peer.
 *
 * Connections take turns: one that has more to send goes to the end of the
 * list. It leaves the list when it may not send; whatever changes that (ACK,
 * call, timer) puts it back, and if only the peer's window can, the persist
 * timer makes sure that it will. */
#include "tcpd/core/output.h"
#include "tcpd/core/keepalive.h"
#include "tcpd/core/starved.h"

#include "base/bits.h"

#define SLOT_HEADER TCP_HEADER_MAX

void
output_rewind(struct tcp *tcp, struct tcb *tcb)
{
    tcb->snd_nxt = tcb->snd_una;
    tcb->flags &= ~(uint32_t)(TCB_RTT_RUNNING | TCB_RECOVERY);
    tcb_touch(tcp, tcb);
    tcb_want_output(tcp, tcb);
}

/* The most text that a segment may carry: gso_max in whole wire segments. */
static uint32_t
segment_limit(const struct tcp *tcp, const struct tcb *tcb, uint32_t cap)
{
    uint32_t most = min_u32(tcp->config.gso_max, cap - SLOT_HEADER);

    return max_u32(most - most % tcb->snd_mss, tcb->snd_mss);
}

/* RFC 5681 4.1: what cwnd knew about the path is out of date. */
static void
restart_if_idle(struct tcb *tcb, instant_t now)
{
    instant_t stale = instant_add(tcb->last_sent_at, tcb->rto);

    if (seq_eq(tcb->snd_max, tcb->snd_una) && output_pending(tcb) &&
        instant_before(stale, now))
        cc_idle(tcb);
}

/* It leaves the output list. When nothing is on its way that an ACK could come
 * for, only the peer's window holds it, and that must be probed; the RTO's
 * give-up count is no measure for a peer that just does not read. */
static void
park(struct tcp *tcp, struct tcb *tcb, instant_t now)
{
    bool corked = output_corked(tcb, now);
    bool blocked =
        !corked && output_pending(tcb) && seq_eq(tcb->snd_nxt, tcb->snd_una);

    tcb_touch(tcp, tcb);
    starved_note(tcp, tcb, output_window_starved(tcb));
    if (!corked)
        timer_stop(tcp, tcb, TIMER_CORK);
    else if (!timer_running(tcb, TIMER_CORK))
        timer_set(tcp, tcb, TIMER_CORK,
                  instant_add(now, duration_ms(TCP_CORK_WAIT)));
    if (!blocked) {
        timer_stop(tcp, tcb, TIMER_PERSIST);
        tcb->persist_backoff = 0;
        return;
    }
    timer_stop(tcp, tcb, TIMER_RTO);
    if (!timer_running(tcb, TIMER_PERSIST))
        timer_set(tcp, tcb, TIMER_PERSIST, instant_add(now, tcb->rto));
    user_timeout_start(tcp, tcb, now);
}

static bool
send_reply(struct tcp *tcp, struct tcp_slot *slot)
{
    if (tcp->reply_count == 0)
        return false;
    output_reply(tcp, &tcp->replies[tcp->reply_first], slot);
    tcp->reply_first = (tcp->reply_first + 1) % TCP_REPLIES;
    tcp->reply_count--;
    return true;
}

/* Sends one segment of this tcb, which is on no output list; it goes back if it
 * has another. */
static bool
send_one(struct tcp *tcp, struct tcb *tcb, struct tcp_slot *slot, instant_t now)
{
    uint32_t most = segment_limit(tcp, tcb, slot->cap);
    struct piece p;
    bool sent;

    restart_if_idle(tcb, now);
    sent = output_plan(tcb, most, now, &p);
    if (sent)
        output_segment(tcp, tcb, &p, slot, now);
    if (sent && output_plan(tcb, most, now, &p))
        tcb_want_output(tcp, tcb);
    else
        park(tcp, tcb, now);
    return sent;
}

bool
tcp_wants_output(const struct tcp *tcp)
{
    return tcp->reply_count > 0 || !list_empty(&tcp->output);
}

bool
tcp_output(struct tcp *tcp, struct tcp_slot *slot, instant_t now)
{
    struct list *link;

    if (send_reply(tcp, slot))
        return true;
    while ((link = list_pop(&tcp->output)) != NULL) {
        if (send_one(tcp, list_item(link, struct tcb, output), slot, now))
            return true;
    }
    return false;
}
