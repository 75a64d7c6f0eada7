/* SPDX-License-Identifier: MIT */
/* LISTEN (RFC 9293 3.10.7.2): the one place where a SYN is answered.
 *
 * A listener remembers as many handshakes as its backlog, and all together use
 * half of the tcbs at most; SYNs beyond that are answered with cookies. When as
 * many children are established and accept does not take them, SYNs are dropped
 * silently, and so is the ACK that would make another one (input_ack.c), so that
 * the peer tries again. Only SYN, ACK and RST decide: ECN bits, text or PSH do
 * not. */
#include "tcpd/core/input.h"

#include "tcpd/core/input_cookie.h"
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
    tcb->settings = l->settings;
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
    listener_adopt(tcp, l, tcb);
    tcb_enter(tcp, tcb, TCB_SYN_RECEIVED, now);
    return DROP_NONE;
}

/* ---- SYN cookies ---- */

/* The tcb of a child whose handshake nobody remembered, as if it had been in
 * SYN-RECEIVED since its SYN-ACK. */
static struct tcb *
bear_late(struct tcp *tcp, struct listener *l, const struct segment *ack,
          const struct segment *syn, instant_t now)
{
    struct tcb *tcb = tcb_new(tcp);

    if (tcb == NULL)
        return NULL;
    name_child(tcb, l, ack);
    open_begin(tcp, tcb, now);
    tcb->iss = seq_add(ack->ack, UINT32_MAX);
    tcb->snd_una = tcb->iss;
    tcb->snd_nxt = ack->ack; /* the SYN-ACK went as a reply */
    tcb->snd_max = ack->ack;
    cc_init(tcb);
    open_take_syn(tcb, syn);
    input_adopt_options(tcp, tcb, &syn->opt, now);
    listener_adopt(tcp, l, tcb);
    tcb_enter(tcp, tcb, TCB_SYN_RECEIVED, now);
    tcb->rcv_adv = seq_add(tcb->rcv_nxt, output_window(tcb));
    return tcb;
}

/* An ACK that no connection knows: the third of a handshake that a cookie
 * stands for, or of nothing. */
static enum drop
take_ack(struct tcp *tcp, struct listener *l, const struct segment *seg,
         instant_t now)
{
    struct segment syn, rest = *seg;
    struct tcb *tcb;

    if (seg->flags & TCP_SYN || !cookie_is_recent(l, now)) {
        reply_rst(tcp, seg);
        return DROP_LISTEN_ACK;
    }
    if (!cookie_recover(tcp, seg, now, &syn)) {
        reply_rst(tcp, seg);
        return DROP_BAD_COOKIE;
    }
    if (listener_is_full(l)) {
        l->overflows++;
        return DROP_LISTEN_QUEUE_FULL;
    }
    if ((tcb = bear_late(tcp, l, seg, &syn, now)) == NULL)
        return DROP_NO_TCB;
    tcp->stats.cookies_taken++;
    return input_synced(tcp, tcb, &rest, now);
}

/* ---- a segment to a listener ---- */

static enum drop
take_syn(struct tcp *tcp, struct listener *l, const struct segment *seg,
         instant_t now)
{
    enum drop why = DROP_NO_TCB;

    if (listener_is_full(l)) {
        l->overflows++;
        return DROP_LISTEN_QUEUE_FULL;
    }
    if (!listener_is_flooded(tcp, l))
        why = bear(tcp, l, seg, now);
    /* In place of a TIME-WAIT the third ACK would find that. */
    if (why != DROP_NO_TCB || find_predecessor(tcp, seg) != NULL)
        return why;
    cookie_answer(tcp, l, seg, now);
    return DROP_NONE;
}

enum drop
input_listen(struct tcp *tcp, struct listener *l, const struct segment *seg,
             instant_t now)
{
    if (seg->flags & TCP_RST)
        return DROP_LISTEN_RST;
    if (seg->flags & TCP_ACK)
        return take_ack(tcp, l, seg, now);
    if (!(seg->flags & TCP_SYN))
        return DROP_LISTEN_NO_SYN;
    return take_syn(tcp, l, seg, now);
}
