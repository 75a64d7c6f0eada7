/* SPDX-License-Identifier: MIT */
/* SYN-RECEIVED and all later states but TIME-WAIT (RFC 9293 3.10.7.4). The
 * numbers in the names are the RFC's; third, security, and sixth, urgent data,
 * have nothing to do. */
#include "tcpd/core/input.h"

#include "tcpd/core/ack_policy.h"
#include "tcpd/core/challenge.h"
#include "tcpd/core/input_time_wait.h"
#include "tcpd/core/internal.h"
#include "tcpd/core/keepalive.h"

/* Our SYN and the peer's have crossed, and this acknowledges ours. Its SYN lies
 * just below the window, where the first check would not let its ACK
 * through. */
static bool
completes_crossed_open(const struct tcb *tcb, const struct segment *seg)
{
    return tcb->state == TCB_SYN_RECEIVED &&
           (seg->flags & (TCP_SYN | TCP_ACK | TCP_RST)) ==
               (TCP_SYN | TCP_ACK) &&
           seq_eq(seg->seq, tcb->irs);
}

/* RFC 7323 4.3: of segments that may arrive in any order, the one that the last
 * ACK asked for carries the timestamp to echo. */
static void
update_ts_recent(struct tcb *tcb, const struct segment *seg, instant_t now)
{
    if (!(tcb->flags & TCB_TIMESTAMPS) || !seg->opt.has_timestamps ||
        seq_gt(seg->seq, tcb->last_ack_sent) || paws_rejects(tcb, seg, now))
        return;
    tcb->ts_recent = seg->opt.tsval;
    tcb->ts_recent_at = now;
}

/* The SYN that made this SYN-RECEIVED: our SYN-ACK was lost. */
static bool
is_syn_again(const struct tcb *tcb, const struct segment *seg)
{
    return tcb->state == TCB_SYN_RECEIVED &&
           (seg->flags & (TCP_SYN | TCP_ACK | TCP_RST)) == TCP_SYN &&
           seq_eq(seg->seq, tcb->irs);
}

static void
repeat_synack(struct tcp *tcp, struct tcb *tcb, const struct segment *seg,
              instant_t now)
{
    update_ts_recent(tcb, seg, now);
    if (!challenge_allowed(tcb, now))
        return;
    output_rewind(tcp, tcb);
    tcb_want_output(tcp, tcb);
    tcb_touch(tcp, tcb);
}

/* RFC 9293 3.10.7.4's table, with two allowances. What begins right at the
 * window's end is let through: its ACK counts also when the window is closed or
 * full (the RFC's "special allowance"), and input_text() leaves its text
 * out. */
static bool
is_acceptable(const struct tcb *tcb, const struct segment *seg)
{
    uint32_t span = segment_span(seg);

    if (seq_gt(seg->seq, tcb->rcv_adv))
        return false;
    if (span == 0)
        return seq_ge(seg->seq, tcb->rcv_nxt);
    return seq_gt(seq_add(seg->seq, span), tcb->rcv_nxt);
}

/* Two ends that disagree could send pure ACKs to each other for ever, so the
 * answer to one is limited; what has text or FIN is sent again until it is
 * acknowledged, and must be. */
static void
answer_unacceptable(struct tcp *tcp, struct tcb *tcb, const struct segment *seg,
                    instant_t now)
{
    if (segment_span(seg) > 0 && !(seg->flags & TCP_SYN)) {
        ack_quickly(tcb);
        ooo_note_duplicate(tcb, seg->seq, seq_add(seg->seq, seg->len));
        reply_ack(tcp, tcb);
    } else
        challenge_ack(tcp, tcb, now);
}

/* RST has its own rule (second_check_rst); RFC 7323 3.2 and 5.2 exempt it
 * too. */
static enum drop
first_check_sequence(struct tcp *tcp, struct tcb *tcb,
                     const struct segment *seg, instant_t now)
{
    if (seg->flags & TCP_RST)
        return DROP_NONE;
    if (is_syn_again(tcb, seg)) {
        repeat_synack(tcp, tcb, seg, now);
        return DROP_UNACCEPTABLE;
    }
    if (tcb->flags & TCB_TIMESTAMPS && !seg->opt.has_timestamps)
        return DROP_NO_TIMESTAMPS;
    if (paws_rejects(tcb, seg, now)) {
        answer_unacceptable(tcp, tcb, seg, now);
        return DROP_PAWS;
    }
    if (!is_acceptable(tcb, seg)) {
        answer_unacceptable(tcp, tcb, seg, now);
        return DROP_UNACCEPTABLE;
    }
    return DROP_NONE;
}

/* A passive open goes back to its listener without a word; whoever connected
 * was refused. */
static enum tcp_error
error_of_rst(const struct tcb *tcb)
{
    return tcb->state == TCB_SYN_RECEIVED ? TCP_REFUSED : TCP_RESET;
}

/* RFC 5961 3.2. */
static enum drop
second_check_rst(struct tcp *tcp, struct tcb *tcb, const struct segment *seg,
                 instant_t now)
{
    if (seq_eq(seg->seq, tcb->rcv_nxt)) {
        tcb_end(tcp, tcb, error_of_rst(tcb), now);
        return DROP_NONE;
    }
    if (seq_lt(seg->seq, tcb->rcv_nxt) || seq_ge(seg->seq, tcb->rcv_adv))
        return DROP_RST_OUT_OF_WINDOW;
    challenge_ack(tcp, tcb, now);
    return DROP_RST_CHALLENGE;
}

/* Fifth to eighth. */
static enum drop
take_segment(struct tcp *tcp, struct tcb *tcb, struct segment *seg,
             instant_t now)
{
    enum drop why = input_ack(tcp, tcb, seg, now);

    if (why != DROP_NONE || tcb->state == TCB_CLOSED)
        return why;
    keepalive_heard(tcp, tcb, now);
    update_ts_recent(tcb, seg, now);
    if (seg->flags & TCP_SYN) {
        seg->flags &= (uint8_t)~TCP_SYN;
        seg->seq = seq_add(seg->seq, 1);
    }
    return input_text(tcp, tcb, seg, now);
}

enum drop
input_synced(struct tcp *tcp, struct tcb *tcb, struct segment *seg,
             instant_t now)
{
    enum drop why;

    if (completes_crossed_open(tcb, seg))
        return take_segment(tcp, tcb, seg, now);
    if ((why = first_check_sequence(tcp, tcb, seg, now)) != DROP_NONE)
        return why;
    if (seg->flags & TCP_RST)
        return second_check_rst(tcp, tcb, seg, now);
    if (seg->flags & TCP_SYN) { /* fourth: RFC 5961 4.2 */
        challenge_ack(tcp, tcb, now);
        return DROP_SYN_IN_WINDOW;
    }
    if (!(seg->flags & TCP_ACK)) /* fifth */
        return DROP_NO_ACK_FLAG;
    return take_segment(tcp, tcb, seg, now);
}
