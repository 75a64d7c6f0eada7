/* SPDX-License-Identifier: MIT */
/* A connection in figures: a mapping of the tcb, no more. */
#include "tcpd/info.h"

#include "base/bits.h"

static const uint8_t states[TCB_STATES] = {
    [TCB_CLOSED] = VIEW_CLOSED,
    [TCB_SYN_SENT] = VIEW_SYN_SENT,
    [TCB_SYN_RECEIVED] = VIEW_SYN_RECEIVED,
    [TCB_ESTABLISHED] = VIEW_ESTABLISHED,
    [TCB_FIN_WAIT_1] = VIEW_FIN_WAIT_1,
    [TCB_FIN_WAIT_2] = VIEW_FIN_WAIT_2,
    [TCB_CLOSE_WAIT] = VIEW_CLOSE_WAIT,
    [TCB_CLOSING] = VIEW_CLOSING,
    [TCB_LAST_ACK] = VIEW_LAST_ACK,
    [TCB_TIME_WAIT] = VIEW_TIME_WAIT,
};

/* Those that ss names; the others last milliseconds. */
static const uint8_t timers[TIMERS] = {
    [TIMER_RTO] = VIEW_TIMER_ON,
    [TIMER_PERSIST] = VIEW_TIMER_PERSIST,
    [TIMER_TIME_WAIT] = VIEW_TIMER_TIMEWAIT,
    [TIMER_ORPHAN] = VIEW_TIMER_ORPHAN,
    [TIMER_KEEPALIVE] = VIEW_TIMER_KEEPALIVE,
};

static uint8_t
at_most_255(uint32_t n)
{
    return (uint8_t)min_u32(n, UINT8_MAX);
}

static uint32_t
at_most_32_bits(uint64_t n)
{
    return (uint32_t)min_u64(n, UINT32_MAX);
}

static uint32_t
us_of(duration_t d)
{
    return d.ns <= 0 ? 0 : at_most_32_bits((uint64_t)d.ns / 1000);
}

static uint32_t
ms_between(instant_t from, instant_t to)
{
    return us_of((duration_t){instant_sub(to, from).ns / 1000});
}

static uint32_t
ms_ago(instant_t when, instant_t now)
{
    return when.ns == 0 ? 0 : ms_between(when, now);
}

/* SYN and FIN take a number each but are no bytes. */
static uint32_t
bytes_in_flight(const struct tcb *tcb)
{
    uint64_t unacked = tcb->tx_end - tcb->tx_una;

    return at_most_32_bits(
        min_u64(seq_sub(tcb->snd_max, tcb->snd_una), unacked));
}

static uint8_t
options_of(const struct tcb *tcb)
{
    unsigned options = 0;

    if ((tcb->flags & TCB_TIMESTAMPS) != 0)
        options |= VIEW_OPTION_TIMESTAMPS;
    if ((tcb->flags & TCB_SACK) != 0)
        options |= VIEW_OPTION_SACK;
    if ((tcb->flags & TCB_WSCALE) != 0)
        options |= VIEW_OPTION_WSCALE;
    return (uint8_t)options;
}

static void
put_timer(struct view_info *v, const struct tcb *tcb, instant_t now)
{
    instant_t next = INSTANT_NEVER;

    for (int t = 0; t < TIMERS; t++) {
        if (timers[t] == VIEW_TIMER_NONE ||
            !instant_before(tcb->deadline[t], next))
            continue;
        next = tcb->deadline[t];
        v->timer = timers[t];
    }
    if (v->timer != VIEW_TIMER_NONE)
        v->timer_ms = ms_between(now, next);
}

/* What stops the next segment. Text that no window stops and that still wants to
 * be sent waits for room in the ring; else it is the application's, by what it
 * writes or how (Nagle, TCP_CORK). */
static enum view_limit
limit_of(const struct tcb *tcb, const struct view_info *v)
{
    uint32_t next = v->unacked + min_u32(v->notsent, tcb->snd_mss);

    if (v->notsent == 0)
        return v->unacked == 0 ? VIEW_LIMIT_NONE : VIEW_LIMIT_APP;
    if (next > min_u32(tcb->snd_wnd, tcb->cwnd))
        return tcb->snd_wnd <= tcb->cwnd ? VIEW_LIMIT_RWND : VIEW_LIMIT_CWND;
    return list_empty(&tcb->output) ? VIEW_LIMIT_APP : VIEW_LIMIT_RING;
}

static void
put_queues(struct view_info *v, const struct tcb *tcb)
{
    v->recv_q = at_most_32_bits(tcb->rx_end - tcb->rx_read);
    v->send_q = at_most_32_bits(tcb->tx_end - tcb->tx_una);
    v->unacked = bytes_in_flight(tcb);
    v->notsent = v->send_q - v->unacked;
    for (uint32_t i = 0; i < min_u32(tcb->ooo_count, OOO_RANGES); i++)
        v->ooo += seq_sub(tcb->ooo[i].right, tcb->ooo[i].left);
}

static void
put_path(struct view_info *v, const struct tcb *tcb)
{
    v->rto = us_of(tcb->rto);
    v->rtt = us_of(tcb->srtt);
    v->rttvar = us_of(tcb->rttvar);
    v->min_rtt = us_of(tcb->min_rtt);
    v->snd_mss = tcb->snd_mss;
    v->rcv_mss = tcb->rcv_mss;
    v->pmtu = tcb->pmtu;
    v->cwnd = tcb->cwnd;
    v->ssthresh = tcb->ssthresh;
    v->snd_wnd = tcb->snd_wnd;
    v->rcv_wnd = seq_gt(tcb->rcv_adv, tcb->rcv_nxt)
                     ? seq_sub(tcb->rcv_adv, tcb->rcv_nxt)
                     : 0;
    v->send_buffer = tcb->settings.send_buffer;
    v->receive_buffer = tcb->settings.receive_buffer;
    v->congestion_control = (uint8_t)tcb->settings.congestion_control;
    v->in_recovery = (tcb->flags & TCB_RECOVERY) != 0;
}

static void
put_totals(struct view_info *v, const struct tcb *tcb, instant_t now)
{
    v->bytes_sent = tcb->bytes_sent;
    v->bytes_retrans = tcb->bytes_retrans;
    v->bytes_acked = tcb->bytes_acked;
    v->bytes_received = tcb->bytes_received;
    v->segs_out = tcb->segs_out;
    v->segs_in = tcb->segs_in;
    v->retrans_total = tcb->retrans_total;
    v->last_sent_ms = ms_ago(tcb->last_sent_at, now);
    v->last_received_ms = ms_ago(tcb->last_received_at, now);
    v->survived = tcb->survived;
}

struct view_info
info_of_tcb(const struct tcb *tcb, instant_t now)
{
    struct view_info v = {.state = states[tcb->state],
                          .retransmits = at_most_255(tcb->backoff),
                          .probes = at_most_255(tcb->persist_backoff),
                          .backoff = at_most_255(tcb->backoff),
                          .options = options_of(tcb),
                          .snd_wscale = tcb->snd_wscale,
                          .rcv_wscale = tcb->rcv_wscale,
                          .dup_acks = tcb->dup_acks};

    put_timer(&v, tcb, now);
    put_path(&v, tcb);
    put_queues(&v, tcb);
    put_totals(&v, tcb, now);
    v.limit = (uint8_t)limit_of(tcb, &v);
    return v;
}

struct view_info
info_of_listener(const struct listener *l)
{
    return (struct view_info){
        .state = l->backlog == 0 ? VIEW_CLOSED : VIEW_LISTEN,
        .congestion_control = (uint8_t)l->settings.congestion_control,
        .send_buffer = l->settings.send_buffer,
        .receive_buffer = l->settings.receive_buffer,
        .recv_q = l->queued - l->opening,
        .send_q = l->backlog};
}
