/* SPDX-License-Identifier: MIT */
/* The invariants of a connection, each as a sentence for when it is broken. */
#include "tcpd/core/tcb.h"

#include "tcpd/core/tcp.h"

#include "proto/wire/tcp.h"

static bool
has(const struct tcb *tcb, enum tcb_flag flag)
{
    return (tcb->flags & flag) != 0;
}

/* States as a set, so that an invariant can name several. */
static bool
in(const struct tcb *tcb, unsigned states)
{
    return (states >> tcb->state & 1) != 0;
}

#define BEFORE_SYN_ACKED (1u << TCB_SYN_SENT | 1u << TCB_SYN_RECEIVED)
#define OUR_FIN_ACKED    (1u << TCB_FIN_WAIT_2 | 1u << TCB_TIME_WAIT)
#define PEER_FIN_TAKEN                                                         \
    (1u << TCB_CLOSE_WAIT | 1u << TCB_CLOSING | 1u << TCB_LAST_ACK |           \
     1u << TCB_TIME_WAIT)
#define SHUT                                                                   \
    (1u << TCB_FIN_WAIT_1 | 1u << TCB_FIN_WAIT_2 | 1u << TCB_CLOSING |         \
     1u << TCB_LAST_ACK | 1u << TCB_TIME_WAIT)
#define WINDOW_MAX (1u << 30) /* RFC 7323 2.3 */
#define NOT_SHUT   (1u << TCB_ESTABLISHED | 1u << TCB_CLOSE_WAIT)

static const char *
check_fields(const struct tcb *tcb)
{
    if (tcb->error > TCP_INVALID)
        return "the error is none";
    if (tcb->flags >= TCB_KEEP_PROBE << 1)
        return "a flag is unknown";
    if (tcb->snd_wscale > TCP_WSCALE_MAX || tcb->rcv_wscale > TCP_WSCALE_MAX)
        return "a window scale is above 14";
    if (tcb->soft_error > TCP_INVALID)
        return "the soft error is none";
    for (int i = 0; i < STREAM_CHUNKS; i++)
        if (tcb->rx.chunk[i] >= POOL_CHUNKS && tcb->rx.chunk[i] != STREAM_NONE)
            return "a receive chunk is not in the pool";
    if (tcb->rx_read > tcb->rx_end || tcb->rx_end - tcb->rx_read > STREAM_SPAN)
        return "more was read than received";
    if (tcb->rx.freed > tcb->rx_read)
        return "more was freed than read";
    return NULL;
}

/* As settings_take() leaves them. */
static const char *
check_settings(const struct tcp_settings *s)
{
    if (s->flags >= TCP_SET_CORK << 1 || s->spare != 0)
        return "a setting is unknown";
    if (s->receive_buffer >= STREAM_SPAN || s->send_buffer > STREAM_SPAN)
        return "a buffer is larger than a stream";
    if (s->keep_interval_ms == 0 || s->keep_count == 0 || s->syn_tries == 0)
        return "a setting that must not be 0 is";
    if (s->mss_limit != 0 && s->mss_limit < TCP_MSS_MIN)
        return "the MSS limit is too small";
    return NULL;
}

static const char *
check_timers(const struct tcb *tcb)
{
    bool synchronized = tcb->state >= TCB_ESTABLISHED;

    for (int t = 0; t < TIMERS; t++)
        if (tcb->state == TCB_CLOSED && !instant_is_never(tcb->deadline[t]))
            return "a timer runs in CLOSED";
    if (!synchronized && !instant_is_never(tcb->deadline[TIMER_KEEPALIVE]))
        return "a peer is kept alive that was never seen";
    if (has(tcb, TCB_KEEP_PROBE) && tcb->probes == 0)
        return "a probe is owed that was not counted";
    if (instant_is_never(tcb->deadline[TIMER_TIME_WAIT]) !=
        (tcb->state != TCB_TIME_WAIT))
        return "the TIME-WAIT timer does not match the state";
    return NULL;
}

static const char *
check_owner(const struct tcb *tcb)
{
    bool owned = tcb->owner.client != OWNER_NONE;

    if (tcb->state != TCB_CLOSED && owned == has(tcb, TCB_CLOSED_BY_OWNER))
        return "the owner does not match the flag";
    if (tcb->owner.spare != 0 || tcb->lender.spare != 0)
        return "an owner's spare word is in use";
    if (has(tcb, TCB_QUEUED) && tcb->listener == LISTENER_NONE)
        return "queued at no listener";
    if (tcb->state == TCB_SYN_RECEIVED && owned && !has(tcb, TCB_ACTIVE) &&
        tcb->listener == LISTENER_NONE)
        return "a passive open without listener";
    return NULL;
}

/* Sequence numbers are compared within half of their circle, and timeouts double. */
static const char *
check_limits(const struct tcb *tcb)
{
    if (tcb->rto.ns <= 0 || tcb->rto.ns > duration_ms(TCP_RTO_MAX).ns)
        return "the retransmission timeout is out of range";
    if (tcb->peer_mss < TCP_MSS_MIN)
        return "the peer's MSS has no room for options";
    if (tcb->snd_wnd > WINDOW_MAX || tcb->max_snd_wnd > WINDOW_MAX ||
        tcb->cwnd > WINDOW_MAX)
        return "a window is larger than there are";
    return NULL;
}

/* Distances below are of sequence numbers: modulo 2^32. */
static const char *
check_send(const struct tcb *tcb)
{
    uint64_t unacked = tcb->tx_end - tcb->tx_una;
    bool fin_acked = in(tcb, OUR_FIN_ACKED);
    uint32_t una = tcb->snd_una.v - tcb->iss.v;
    uint32_t sent = tcb->snd_max.v - tcb->snd_una.v;

    if (tcb->tx_una > tcb->tx_end || unacked > STREAM_SPAN)
        return "the send stream ends before its acknowledged part";
    if (has(tcb, TCB_SYN_ACKED) == in(tcb, BEFORE_SYN_ACKED))
        return "the state does not say whether our SYN is acknowledged";
    if (una != has(tcb, TCB_SYN_ACKED) + (uint32_t)tcb->tx_una + fin_acked)
        return "snd_una and tx_una disagree";
    if (tcb->snd_nxt.v - tcb->snd_una.v > sent)
        return "snd_nxt is not in snd_una..snd_max";
    if (sent > !has(tcb, TCB_SYN_ACKED) + unacked +
                   (has(tcb, TCB_FIN_SENT) && !fin_acked))
        return "more was sent than there is";
    if (has(tcb, TCB_FIN_SENT) && !has(tcb, TCB_SHUT_WR))
        return "a FIN was sent without shutdown";
    if ((in(tcb, SHUT) && !has(tcb, TCB_SHUT_WR)) ||
        (in(tcb, NOT_SHUT) && has(tcb, TCB_SHUT_WR)))
        return "the state does not say whether the send side is shut down";
    if (tcb->snd_mss == 0 || tcb->cwnd < tcb->snd_mss)
        return "nothing could ever be sent";
    if (tcb->pmtu < tcb->snd_mss + 40)
        return "segments are larger than the path takes";
    if (tcb->bytes_acked != tcb->tx_una)
        return "the bytes acknowledged are miscounted";
    return NULL;
}

static const char *
check_ranges(const struct tcb *tcb)
{
    seq_t above = tcb->rcv_nxt;

    if (tcb->ooo_count > OOO_RANGES)
        return "too many ranges";
    for (uint32_t i = 0; i < tcb->ooo_count; i++) {
        const struct range *r = &tcb->ooo[i];

        if (!seq_gt(r->left, above) || !seq_gt(r->right, r->left))
            return "ranges are not in order above rcv_nxt";
        if (seq_gt(r->right, tcb->rcv_adv))
            return "a range lies beyond the window";
        above = r->right;
    }
    if (has(tcb, TCB_DSACK) && !seq_lt(tcb->dsack.left, tcb->dsack.right))
        return "nothing is reported as received twice";
    return NULL;
}

static const char *
check_receive(const struct tcb *tcb)
{
    uint32_t received = tcb->rcv_nxt.v - tcb->irs.v;
    bool fin = has(tcb, TCB_FIN_RECEIVED);

    if (fin != in(tcb, PEER_FIN_TAKEN))
        return "the state does not say whether a FIN was received";
    if (tcb->state == TCB_SYN_SENT)
        return tcb->rx_end == 0 ? NULL : "text before the peer's SYN";
    if (received != 1 + (uint32_t)tcb->rx_end + fin)
        return "rcv_nxt and rx_end disagree";
    if (seq_gt(tcb->rcv_nxt, tcb->rcv_adv))
        return "rcv_nxt is beyond the window";
    if (seq_sub(tcb->rcv_adv, tcb->rcv_nxt) > STREAM_SPAN)
        return "more is promised than a stream holds";
    if (tcb->bytes_received != tcb->rx_end)
        return "the bytes received are miscounted";
    if (seq_gt(tcb->last_ack_sent, tcb->rcv_nxt))
        return "an ACK was sent for text that did not arrive";
    if (!seq_eq(tcb->last_ack_sent, tcb->rcv_nxt) && !has(tcb, TCB_ACK_NOW) &&
        instant_is_never(tcb->deadline[TIMER_DELAYED_ACK]))
        return "nothing will acknowledge what came";
    return check_ranges(tcb);
}

const char *
tcb_check(const struct tcb *tcb)
{
    const char *why;

    if (tcb->state >= TCB_STATES)
        return "the state is none";
    if ((why = check_fields(tcb)) != NULL ||
        (why = check_settings(&tcb->settings)) != NULL ||
        (why = check_timers(tcb)) != NULL || (why = check_owner(tcb)) != NULL)
        return why;
    if (tcb->state == TCB_CLOSED)
        return NULL;
    if ((why = check_limits(tcb)) != NULL || (why = check_send(tcb)) != NULL)
        return why;
    return check_receive(tcb);
}
