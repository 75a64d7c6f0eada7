/* SPDX-License-Identifier: MIT */
/* Answers that no tcb sends, kept until tcp_output() has room for them. */
#include "tcpd/core/internal.h"

void
reply_push(struct tcp *tcp, const struct reply *reply)
{
    if (tcp->reply_count == TCP_REPLIES) {
        tcp->stats.reply_drops++;
        return;
    }
    tcp->replies[(tcp->reply_first + tcp->reply_count++) % TCP_REPLIES] =
        *reply;
}

void
reply_rst(struct tcp *tcp, const struct segment *seg)
{
    struct reply r = {
        .src = seg->dst,
        .dst = seg->src,
        .src_port = seg->dst_port,
        .dst_port = seg->src_port,
        .flags = TCP_RST,
    };

    if (seg->flags & TCP_RST)
        return;
    if (seg->flags & TCP_ACK) {
        r.seq = seg->ack;
    } else {
        r.flags |= TCP_ACK;
        r.ack = seq_add(seg->seq, segment_span(seg));
    }
    reply_push(tcp, &r);
}

void
reply_abort(struct tcp *tcp, const struct tcb *tcb)
{
    struct reply r = {
        .src = tcb->local,
        .dst = tcb->remote,
        .src_port = tcb->local_port,
        .dst_port = tcb->remote_port,
        .seq = tcb->snd_max,
        .ack = tcb->rcv_nxt,
        .flags = TCP_RST | TCP_ACK,
    };

    reply_push(tcp, &r);
}

void
reply_ack(struct tcp *tcp, struct tcb *tcb)
{
    tcb->flags |= TCB_ACK_NOW;
    tcb_want_output(tcp, tcb);
    tcb_touch(tcp, tcb);
}
