/* SPDX-License-Identifier: MIT */
/* LISTEN (RFC 9293 3.10.7.2): the one place where a SYN is answered.
 *
 * A child counts towards its listener's backlog from its SYN until accept
 * returns it; SYNs beyond that are dropped silently, so that the peer tries
 * again. Only SYN, ACK and RST decide: ECN bits, text or PSH do not. */
#include "tcpd/core/input.h"

#include "tcpd/core/internal.h"
#include "tcpd/core/listeners.h"
#include "tcpd/core/open.h"

/* A TIME-WAIT with this 4-tuple, which tcp_input() found the SYN to succeed. */
static struct tcb *
find_predecessor(struct tcp *tcp, const struct segment *seg)
{
    return tcp_find(tcp, &seg->dst, seg->dst_port, &seg->src, seg->src_port);
}

/* RFC 9293 3.6.1: the new connection begins above all that the old one sent,
 * also when that was more than the ISN clock has advanced. */
static void
begin_above(struct tcb *tcb, seq_t last)
{
    if (seq_gt(tcb->iss, last))
        return;
    tcb->iss = seq_add(last, UINT16_MAX + 2);
    tcb->snd_una = tcb->iss;
    tcb->snd_nxt = tcb->iss;
    tcb->snd_max = tcb->iss;
    cc_init(tcb);
}

static void
name_child(struct tcb *tcb, const struct listener *l, const struct segment *seg)
{
    tcb->local = seg->dst;
    tcb->local_port = seg->dst_port;
    tcb->remote = seg->src;
    tcb->remote_port = seg->src_port;
    tcb->owner.client = l->owner.client;
    tcb->pool = l->pool;
}

/* The tcb of a new child, in SYN-RECEIVED. */
static enum drop
bear(struct tcp *tcp, struct listener *l, const struct segment *seg,
     instant_t now)
{
    struct tcb *old = find_predecessor(tcp, seg);
    seq_t last = old != NULL ? old->snd_max : seq(0);
    struct tcb *tcb = tcb_new(tcp);

    if (tcb == NULL)
        return DROP_NO_TCB; /* and TIME-WAIT goes on protecting */

    if (old != NULL && old != tcb) /* tcb_new() may have given up this one */
        tcb_end(tcp, old, TCP_OK, now);
    name_child(tcb, l, seg);
    open_begin(tcp, tcb, now);
    if (old != NULL)
        begin_above(tcb, last);
    open_take_syn(tcb, seg);
    input_adopt_options(tcp, tcb, &seg->opt, now);
    listener_adopt(l, tcb);
    tcb_enter(tcp, tcb, TCB_SYN_RECEIVED, now);
    return DROP_NONE;
}

enum drop
input_listen(struct tcp *tcp, struct listener *l, const struct segment *seg,
             instant_t now)
{
    if (seg->flags & TCP_RST)
        return DROP_LISTEN_RST;
    if (seg->flags & TCP_ACK) {
        reply_rst(tcp, seg);
        return DROP_LISTEN_ACK;
    }
    if (!(seg->flags & TCP_SYN))
        return DROP_LISTEN_NO_SYN;
    if (l->queued >= l->backlog)
        return DROP_LISTEN_QUEUE_FULL;
    return bear(tcp, l, seg, now);
}
