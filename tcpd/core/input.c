/* SPDX-License-Identifier: MIT */
/* The way of a segment through TCP.
 *
 * tcp_input() finds whom the segment is for and hands it to the function of
 * RFC 9293 3.10.7 that treats it:
 *
 *     nobody            3.10.7.1  input_closed       RST
 *     a listener        3.10.7.2  input_listen       a SYN becomes a tcb, or is
 *                                                    answered with a cookie
 *     SYN-SENT          3.10.7.3  input_syn_sent     the answer to our SYN
 *     TIME-WAIT                   input_time_wait    late segments, a new SYN
 *     all other states  3.10.7.4  input_synced       the numbered steps, with
 *                                   fifth  input_ack   what we sent
 *                                   7, 8   input_text  what the peer sent
 *
 * None of them sends. They change the tcb, remember that an ACK is owed
 * (reply_ack, or later by ack_policy.c), queue a RST (reply_rst, reply_abort), or put the tcb on the
 * list of those that may have something to send; tcp_output() is asked for
 * segments when the turn's input has been taken. So a batch of segments is
 * answered by one ACK, whose window and number are the last ones.
 *
 * Invariants, which tcb_check() knows in full:
 *   - snd_una = iss + tx_una + our SYN and our FIN, if acknowledged
 *   - rcv_nxt = irs + 1 + rx_end + the peer's FIN, if received
 *   - a tcb is in demux exactly while its state is not CLOSED
 *
 * What a segment may do is bounded: it can open one tcb within the listener's
 * backlog, store text within the window that was advertised, use at most
 * OOO_RANGES gaps, and provoke one ACK or one of TCP_REPLIES answers. Any
 * value in any field is expected; no CHECK depends on one.
 *
 * Against senders off the path (RFC 5961): a RST counts only at rcv_nxt, a SYN
 * never, and an ACK only within the window ever offered to us; what misses that
 * gets a rate-limited ACK. Timestamps protect against old duplicates (RFC 7323
 * 5) and are missed when absent.
 *
 * Not done: urgent data (it is taken as text, as RFC 6093 advises), TCP Fast Open,
 * text in a SYN that does not acknowledge ours (the peer sends it again). */
#include "tcpd/core/input.h"

#include "tcpd/core/input_time_wait.h"
#include "tcpd/core/internal.h"

static uint32_t
wire_segments(const struct segment *seg)
{
    return seg->gso_size == 0 ? 1
                              : (seg->len + seg->gso_size - 1u) / seg->gso_size;
}

static void
count_input(struct tcp *tcp, const struct segment *seg)
{
    tcp->stats.in_segs += wire_segments(seg);
    tcp->stats.in_bytes += seg->len;
}

enum drop
input_closed(struct tcp *tcp, const struct segment *seg)
{
    if (seg->flags & TCP_RST)
        return DROP_NO_CONNECTION_RST;
    reply_rst(tcp, seg);
    return DROP_NO_LISTENER;
}

static struct listener *
find_listening(struct tcp *tcp, const struct segment *seg)
{
    struct listener *l = tcp_find_listener(tcp, &seg->dst, seg->dst_port);

    return l != NULL && l->backlog > 0 ? l : NULL;
}

static enum drop
dispatch(struct tcp *tcp, struct tcb *tcb, const struct segment *seg,
         instant_t now)
{
    struct segment trimmed;

    tcb->segs_in += wire_segments(seg);
    if (tcb->state == TCB_SYN_SENT)
        return input_syn_sent(tcp, tcb, seg, now);
    if (tcb->state == TCB_TIME_WAIT)
        return input_time_wait(tcp, tcb, seg, now);
    trimmed = *seg;
    return input_synced(tcp, tcb, &trimmed, now);
}

enum drop
tcp_input(struct tcp *tcp, const struct segment *seg, instant_t now)
{
    struct tcb *tcb =
        tcp_find(tcp, &seg->dst, seg->dst_port, &seg->src, seg->src_port);
    struct listener *l = NULL;

    count_input(tcp, seg);
    if (tcb == NULL || time_wait_reopens(tcb, seg, now))
        l = find_listening(tcp, seg);
    if (l != NULL)
        return input_listen(tcp, l, seg, now);
    if (tcb != NULL)
        return dispatch(tcp, tcb, seg, now);
    return input_closed(tcp, seg);
}
