/* SPDX-License-Identifier: MIT */
/* SYN-SENT (RFC 9293 3.10.7.3): the answer to our SYN, or a SYN that crossed
 * it. The numbers in the names are the RFC's. */
#include "tcpd/core/input.h"

#include "tcpd/core/internal.h"
#include "tcpd/core/open.h"

static enum drop
first_check_ack(struct tcp *tcp, const struct tcb *tcb,
                const struct segment *seg)
{
    if (!(seg->flags & TCP_ACK))
        return DROP_NONE;
    if (seq_gt(seg->ack, tcb->snd_una) && seq_le(seg->ack, tcb->snd_max))
        return DROP_NONE;
    if (seg->flags & TCP_RST)
        return DROP_SYN_SENT_BAD_RST;
    reply_rst(tcp, seg);
    return DROP_SYN_SENT_BAD_ACK;
}

/* The peer opens too (RFC 9293 figure 8): our SYN goes again, with the ACK. */
static void
cross(struct tcp *tcp, struct tcb *tcb, instant_t now)
{
    tcb_enter(tcp, tcb, TCB_SYN_RECEIVED, now);
    output_rewind(tcp, tcb);
    tcb_want_output(tcp, tcb);
}

static enum drop
fourth_take_syn(struct tcp *tcp, struct tcb *tcb, const struct segment *seg,
                instant_t now)
{
    struct segment rest = *seg;
    enum drop why;

    open_take_syn(tcb, seg);
    input_adopt_options(tcp, tcb, &seg->opt, now);
    if (!(seg->flags & TCP_ACK)) {
        cross(tcp, tcb, now);
        return DROP_NONE;
    }
    if ((why = input_ack(tcp, tcb, seg, now)) != DROP_NONE)
        return why;
    reply_ack(tcp, tcb);
    rest.flags &= (uint8_t)~TCP_SYN;
    rest.seq = seq_add(seg->seq, 1);
    return input_text(tcp, tcb, &rest, now);
}

enum drop
input_syn_sent(struct tcp *tcp, struct tcb *tcb, const struct segment *seg,
               instant_t now)
{
    enum drop why = first_check_ack(tcp, tcb, seg);

    if (why != DROP_NONE)
        return why;
    if (seg->flags & TCP_RST) {
        if (!(seg->flags & TCP_ACK))
            return DROP_SYN_SENT_BAD_RST;
        tcb_end(tcp, tcb, TCP_REFUSED, now);
        return DROP_NONE;
    }
    if (!(seg->flags & TCP_SYN))
        return DROP_SYN_SENT_NO_SYN;
    return fourth_take_syn(tcp, tcb, seg, now);
}
