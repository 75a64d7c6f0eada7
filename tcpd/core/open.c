/* SPDX-License-Identifier: MIT */
/* The parts of the handshake that both sides have in common. */
#include "tcpd/core/open.h"

#include "base/bits.h"
#include "tcpd/core/input.h"
#include "tcpd/core/internal.h"
#include "tcpd/core/path.h"

/* The smallest shift with which the window field can name the whole buffer. */
static uint8_t
wscale_for(uint32_t buffer)
{
    uint8_t shift = 0;

    while (shift < TCP_WSCALE_MAX && (UINT64_C(65535) << shift) < buffer)
        shift++;
    return shift;
}

void
open_offer(const struct tcp *tcp, const struct tcp_settings *settings,
           struct addr remote, struct tcp_options *opt)
{
    opt->has_mss = true;
    opt->mss = path_offered_mss(tcp, settings, remote);
    opt->has_wscale = true;
    opt->wscale = wscale_for(settings->receive_buffer);
}

void
open_begin(struct tcp *tcp, struct tcb *tcb, instant_t now)
{
    tcb->rcv_wscale = wscale_for(tcb->settings.receive_buffer);
    tcb->ts_offset = isn_ts_offset(tcp, tcb);
    tcb->iss = isn_choose(tcp, tcb, now);
    tcb->snd_una = tcb->iss;
    tcb->snd_nxt = tcb->iss; /* tcp_output() advances it past the SYN */
    tcb->snd_max = tcb->iss;
    path_begin(tcp, tcb);
    rtt_init(tcb);
    cc_init(tcb);
    tcb_hash(tcp, tcb);
    tcb_want_output(tcp, tcb);
}

void
open_take_syn(struct tcb *tcb, const struct segment *s)
{
    tcb->irs = s->seq;
    tcb->rcv_nxt = seq_add(s->seq, 1);
    tcb->rcv_adv = tcb->rcv_nxt;
    if (tcb->state == TCB_SYN_SENT) /* our SYN had a window too */
        tcb->rcv_adv = seq_add(tcb->rcv_nxt, output_window(tcb));
    tcb->last_ack_sent = tcb->rcv_nxt;
    tcb->snd_wl1 = s->seq;
    tcb->snd_wl2 = tcb->snd_una;
    tcb->snd_wnd = s->wnd; /* a SYN's window is not scaled */
    tcb->max_snd_wnd = s->wnd;
}

void
input_adopt_options(struct tcp *tcp, struct tcb *tcb,
                    const struct tcp_options *opt, instant_t now)
{
    tcb->peer_mss =
        max_u32(opt->has_mss ? opt->mss : TCP_MSS_DEFAULT, TCP_MSS_MIN);
    if (opt->has_timestamps) {
        tcb->flags |= TCB_TIMESTAMPS;
        tcb->ts_recent = opt->tsval;
        tcb->ts_recent_at = now;
    }
    if (opt->has_wscale) {
        tcb->flags |= TCB_WSCALE;
        tcb->snd_wscale = opt->wscale;
    } else {
        tcb->rcv_wscale = 0;
    }
    if (opt->sack_permitted)
        tcb->flags |= TCB_SACK;
    path_apply(tcp, tcb);
    tcb->rcv_mss = min_u32(tcb->snd_mss, TCP_MSS_DEFAULT);
}

void
open_complete(struct tcp *tcp, struct tcb *tcb, instant_t now)
{
    cc_init(tcb); /* only now snd_mss and the fate of our SYN are known */
    tcb_enter(tcp, tcb, TCB_ESTABLISHED, now);
    if (tcb->listener != LISTENER_NONE)
        tcb->flags |= TCB_QUEUED;
    if (tcb->flags & TCB_SHUT_WR)
        tcb_enter(tcp, tcb, TCB_FIN_WAIT_1, now);
}
