/* SPDX-License-Identifier: MIT */
/* What ICMP and the configuration say about the way to a peer.
 *
 * ICMP comes from anywhere, so it is believed only about a segment that is in
 * flight (RFC 5927 4.1), and never ends what is established (RFC 1122 4.2.3.9,
 * RFC 5927 5.2): the retransmission timer does that, and then tells the
 * reason that ICMP gave. */
#include "tcpd/core/internal.h"
#include "tcpd/core/path.h"

#include "proto/wire/icmp.h"

/* As Linux translates them. TCP_OK: of no meaning here. */
static enum tcp_error
error_of_code(uint8_t code)
{
    switch (code) {
    case ICMP_NET_UNREACHABLE:
        return TCP_UNREACHABLE;
    case ICMP_HOST_UNREACHABLE:
    case ICMP_ADMIN_PROHIBITED:
        return TCP_HOST_UNREACHABLE;
    case ICMP_PROTOCOL_UNREACHABLE:
    case ICMP_PORT_UNREACHABLE:
        return TCP_REFUSED;
    default:
        return TCP_OK;
    }
}

static enum tcp_error
error_of(const struct tcp_icmp *icmp)
{
    if (icmp->type == ICMP_DEST_UNREACHABLE)
        return error_of_code(icmp->code);
    if (icmp->type == ICMP_TIME_EXCEEDED)
        return TCP_HOST_UNREACHABLE;
    return TCP_OK;
}

static bool
is_opening(const struct tcb *tcb)
{
    return tcb->state == TCB_SYN_SENT || tcb->state == TCB_SYN_RECEIVED;
}

/* RFC 1191 6.4: what was too large goes again at once, and no congestion is
 * concluded from it. The largest segments are lost, so all of them are. */
static enum drop
take_mtu(struct tcp *tcp, struct tcb *tcb, uint32_t mtu)
{
    if (is_opening(tcb) || !path_lower(tcp, tcb, mtu))
        return DROP_ICMP_IGNORED;
    tcp->stats.pmtu_lowered++;
    if (tcb->flags & TCB_RECOVERY) /* what it had inflated is void */
        cc_leave_recovery(tcb);
    tcb->recover = tcb->snd_max;
    tcb->dup_acks = 0;
    output_rewind(tcp, tcb);
    return DROP_NONE;
}

static enum drop
take_error(struct tcp *tcp, struct tcb *tcb, enum tcp_error error,
           instant_t now)
{
    if (error == TCP_OK)
        return DROP_ICMP_IGNORED;
    if (is_opening(tcb)) {
        tcp->stats.icmp_aborts++;
        tcb_end(tcp, tcb, error, now);
        return DROP_NONE;
    }
    tcb->soft_error = error == TCP_REFUSED ? TCP_HOST_UNREACHABLE : error;
    tcb_touch(tcp, tcb);
    return DROP_NONE;
}

enum drop
tcp_input_icmp(struct tcp *tcp, const struct tcp_icmp *icmp, instant_t now)
{
    struct tcb *tcb = tcp_find(tcp, &icmp->local, icmp->local_port,
                               &icmp->remote, icmp->remote_port);

    if (tcb == NULL)
        return DROP_TCP_ICMP_NO_CONNECTION;
    if (seq_lt(icmp->seq, tcb->snd_una) || seq_ge(icmp->seq, tcb->snd_max))
        return DROP_TCP_ICMP_NOT_IN_FLIGHT;
    if (icmp->type == ICMP_DEST_UNREACHABLE && icmp->code == ICMP_FRAG_NEEDED)
        return take_mtu(tcp, tcb, icmp->mtu);
    return take_error(tcp, tcb, error_of(icmp), now);
}

void
tcp_net_changed(struct tcp *tcp, instant_t now)
{
    for (uint32_t i = 0; i < tcp->config.tcbs; i++) {
        struct tcb *tcb = &tcp->tcbs[i];

        if (tcb->state == TCB_CLOSED)
            continue;
        if (net_own(tcp->config.net, tcb->local) == NULL)
            tcb_end(tcp, tcb, TCP_ABORTED, now);
        else if (path_follow_route(tcp, tcb))
            tcb_touch(tcp, tcb);
    }
}
