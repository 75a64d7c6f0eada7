/* SPDX-License-Identifier: MIT */
/* One segment on its way out: header, options and text, and what the tcb
 * remembers of it. */
#include "base/bits.h"
#include "base/check.h"
#include "tcpd/core/ack_policy.h"
#include "tcpd/core/keepalive.h"
#include "tcpd/core/open.h"
#include "tcpd/core/output.h"

#define NO_TCB UINT32_MAX

/* ---- the header ---- */

/* Our SYN offers all that we have, our SYN-ACK what the peer offered (it is in
 * the flags by then), and later segments carry timestamps if both did. SACK
 * blocks go only where no text needs their room. */
static void
fill_options(const struct tcp *tcp, const struct tcb *tcb,
             const struct piece *p, instant_t now, struct tcp_options *opt)
{
    bool first = (p->flags & TCP_SYN) && !(p->flags & TCP_ACK);

    opt->has_timestamps = first || (tcb->flags & TCB_TIMESTAMPS);
    opt->tsval = isn_ts_now(tcb, now);
    opt->tsecr = first ? 0 : tcb->ts_recent;
    if (p->len == 0 && tcb->flags & TCB_SACK)
        ooo_blocks(tcb, TCP_SACK_MAX - opt->has_timestamps, opt);
    if (!(p->flags & TCP_SYN))
        return;
    opt->sack_permitted = first || (tcb->flags & TCB_SACK);
    open_offer(tcp, &tcb->settings, tcb->remote, opt);
    opt->has_wscale = first || (tcb->flags & TCB_WSCALE);
    opt->wscale = tcb->rcv_wscale;
}

static void
fill_header(const struct tcp *tcp, const struct tcb *tcb, const struct piece *p,
            instant_t now, struct tcp_header *h)
{
    uint32_t window = output_window(tcb);

    *h = (struct tcp_header){
        .src_port = tcb->local_port,
        .dst_port = tcb->remote_port,
        .seq = p->seq.v,
        .ack = p->flags & TCP_ACK ? tcb->rcv_nxt.v : 0,
        .flags = p->flags,
        .window =
            (uint16_t)(p->flags & TCP_SYN ? window : window >> tcb->rcv_wscale),
    };
    fill_options(tcp, tcb, p, now, &h->opt);
}

/* ---- what is remembered ---- */

/* Of our first SYN, which acknowledges nothing, this keeps the window. */
static void
remember_ack(struct tcp *tcp, struct tcb *tcb, const struct piece *p,
             instant_t now)
{
    seq_t edge = seq_add(tcb->rcv_nxt, output_window(tcb));

    tcb->rcv_adv = seq_max(tcb->rcv_adv, edge);
    ack_sent(tcp, tcb, p->len > 0, now);
}

/* One segment at a time is timed, and only one that was not sent before
 * (Karn). */
static void
remember_time(struct tcb *tcb, const struct piece *p, instant_t now)
{
    if (seq_lt(p->seq, tcb->snd_max) || (tcb->flags & TCB_RTT_RUNNING))
        return;
    tcb->rtt_started = now;
    tcb->rtt_seq = p->seq;
    tcb->flags |= TCB_RTT_RUNNING;
}

/* Text, SYN or FIN is in flight now: RFC 6298 5.1. */
static void
remember_sent(struct tcp *tcp, struct tcb *tcb, const struct piece *p,
              instant_t now)
{
    seq_t end = seq_add(p->seq, piece_span(p));

    remember_time(tcb, p, now);
    if (p->len % tcb->snd_mss != 0 || p->flags & TCP_SYN)
        tcb->snd_sml = seq_add(p->seq, p->len);
    if (p->flags & TCP_FIN)
        tcb->flags |= TCB_FIN_SENT;
    tcb->snd_max = seq_max(tcb->snd_max, end);
    /* Fast retransmit is one segment; the rest is still on its way. */
    tcb->snd_nxt = tcb->flags & TCB_RECOVERY ? tcb->snd_max : end;
    if (timer_running(tcb, TIMER_PERSIST)) /* the window has opened */
        timer_stop(tcp, tcb, TIMER_USER);
    timer_stop(tcp, tcb, TIMER_PERSIST);
    timer_stop(tcp, tcb, TIMER_CORK);
    tcb->persist_backoff = 0;
    tcb->last_sent_at = now;
    if (!timer_running(tcb, TIMER_RTO))
        timer_set(tcp, tcb, TIMER_RTO, instant_add(now, tcb->rto));
    user_timeout_start(tcp, tcb, now);
}

/* The next probe waits twice as long as this one did (RFC 9293 3.8.6.1). */
static void
remember_probe(struct tcp *tcp, struct tcb *tcb, instant_t now)
{
    int64_t most = duration_ms(TCP_RTO_MAX).ns;
    int64_t wait = tcb->rto.ns;

    tcb->persist_backoff++;
    tcb->probes++;
    for (uint32_t i = 0; i < tcb->persist_backoff && wait < most; i++)
        wait *= 2;
    wait = wait < most ? wait : most;
    timer_set(tcp, tcb, TIMER_PERSIST, instant_add(now, (duration_t){wait}));
}

static void
count(struct tcp *tcp, struct tcb *tcb, const struct piece *p)
{
    uint32_t segs = max_u32(1, (p->len + tcb->snd_mss - 1) / tcb->snd_mss);

    tcp->stats.out_segs += segs;
    tcp->stats.out_bytes += p->len;
    tcb->segs_out += segs;
    tcb->bytes_sent += p->len;
    if (piece_span(p) == 0 || seq_ge(p->seq, tcb->snd_max))
        return;
    tcp->stats.retrans_segs += segs;
    tcb->retrans_total += segs;
    tcb->bytes_retrans += p->len;
}

static void
remember(struct tcp *tcp, struct tcb *tcb, const struct piece *p, instant_t now)
{
    count(tcp, tcb, p);
    remember_ack(tcp, tcb, p, now);
    tcb->flags &= ~(uint32_t)TCB_KEEP_PROBE; /* any segment asks */
    if (piece_span(p) > 0)
        remember_sent(tcp, tcb, p, now);
    else if (output_probe_due(tcb, now) && seq_lt(p->seq, tcb->snd_una))
        remember_probe(tcp, tcb, now);
    tcb_touch(tcp, tcb);
}

/* ---- the segment ---- */

static void
complete(struct tcp_slot *slot, uint32_t header_len, uint32_t text_len)
{
    slot->len = header_len + text_len;
    CHECK(slot->len <= slot->cap);
    tcp_checksum_partial(slot->buf, slot->src, slot->dst, slot->len);
}

void
output_segment(struct tcp *tcp, struct tcb *tcb, const struct piece *p,
               struct tcp_slot *slot, instant_t now)
{
    struct tcp_header h;
    uint32_t header_len;

    fill_header(tcp, tcb, p, now, &h);
    header_len = (uint32_t)tcp_encode(slot->buf, &h);
    slot->src = tcb->local;
    slot->dst = tcb->remote;
    slot->gso_size = (uint16_t)(p->len > tcb->snd_mss ? tcb->snd_mss : 0);
    slot->tcb = tcb->index;
    complete(slot, header_len, p->len);
    tx_stream_copy(&tcb->tx, p->offset, p->len, slot->buf + header_len);
    remember(tcp, tcb, p, now);
}

void
output_reply(struct tcp *tcp, const struct reply *r, struct tcp_slot *slot)
{
    struct tcp_header h = {
        .src_port = r->src_port,
        .dst_port = r->dst_port,
        .seq = r->seq.v,
        .ack = r->flags & TCP_ACK ? r->ack.v : 0,
        .flags = r->flags,
        .window = r->window,
        .opt = r->opt,
    };

    slot->src = r->src;
    slot->dst = r->dst;
    slot->gso_size = 0;
    slot->tcb = NO_TCB;
    complete(slot, (uint32_t)tcp_encode(slot->buf, &h), 0);
    tcp->stats.out_segs++;
    if (r->flags & TCP_RST)
        tcp->stats.out_rsts++;
}
