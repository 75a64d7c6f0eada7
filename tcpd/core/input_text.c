/* SPDX-License-Identifier: MIT */
/* Text and FIN (RFC 9293 3.10.7.4, seventh and eighth).
 *
 * Text goes straight to its place in the stream of the client, in order or not;
 * only the numbers say what is there. FIN counts when all text before it has
 * come: one that is out of order is not remembered, since the peer sends it
 * again. It needs no buffer, so no window keeps it out. */
#include "base/bits.h"
#include "tcpd/core/ack_policy.h"
#include "tcpd/core/input.h"
#include "tcpd/core/internal.h"
#include "tcpd/core/path.h"
#include "tcpd/core/starved.h"

/* How Linux guesses the peer's segment size: the largest seen. */
static void
estimate_rcv_mss(struct tcp *tcp, struct tcb *tcb, const struct segment *seg)
{
    uint32_t size = seg->gso_size != 0 ? seg->gso_size : seg->len;

    if (size > tcb->rcv_mss)
        tcb->rcv_mss =
            min_u32(size, path_offered_mss(tcp, &tcb->settings, tcb->remote));
}

/* Cuts off what was received before. */
static void
trim_front(const struct tcb *tcb, struct segment *seg)
{
    uint32_t old;

    if (!seq_lt(seg->seq, tcb->rcv_nxt))
        return;
    old = min_u32(seq_sub(tcb->rcv_nxt, seg->seq), seg->len);
    seg->seq = seq_add(seg->seq, old);
    seg->text += old;
    seg->len -= old;
}

/* Cuts off what the window has no room for; a FIN behind it goes too. */
static enum drop
trim_back(const struct tcb *tcb, struct segment *seg)
{
    uint32_t room =
        seq_lt(seg->seq, tcb->rcv_adv) ? seq_sub(tcb->rcv_adv, seg->seq) : 0;

    if (seg->len <= room)
        return DROP_NONE;
    seg->len = room;
    seg->flags &= (uint8_t)~TCP_FIN;
    return DROP_RCVBUF_FULL;
}

/* Without a pool the text is read by nobody. */
static uint32_t
room_for(const struct tcb *tcb, uint64_t offset, uint32_t len, uint32_t spare)
{
    if (tcb->pool == NULL)
        return len;
    return rx_stream_room(&tcb->rx, tcb->pool, offset, len, spare);
}

static void
store(struct tcb *tcb, uint64_t offset, const uint8_t *text, uint32_t len)
{
    if (tcb->pool != NULL)
        rx_stream_write(&tcb->rx, tcb->pool, offset, text, len);
}

/* None of it was acknowledged. That it was reported does not matter: a sender
 * keeps what is SACKed until it is acknowledged (RFC 2018 8). */
static void
forget_out_of_order(struct tcb *tcb)
{
    tcb->ooo_count = 0;
    if (tcb->pool != NULL)
        rx_stream_cut(&tcb->rx, tcb->pool, tcb->rx_end);
}

/* What lies beyond a gap must not hold the chunks that the gap needs: then
 * neither would ever be read. */
static uint32_t
room_in_order(struct tcb *tcb, uint32_t len)
{
    uint32_t room = room_for(tcb, tcb->rx_end, len, 0);

    if (room == len || tcb->ooo_count == 0)
        return room;
    forget_out_of_order(tcb);
    return room_for(tcb, tcb->rx_end, len, 0);
}

static void
move_rcv_nxt(struct tcb *tcb, uint32_t text)
{
    tcb->rcv_nxt = seq_add(tcb->rcv_nxt, text);
    tcb->rx_end += text;
    tcb->bytes_received += text;
}

/* As much as there are chunks for, so that one is enough to get on. */
static enum drop
take_in_order(struct tcb *tcb, const struct segment *seg)
{
    uint32_t len = room_in_order(tcb, seg->len);

    store(tcb, tcb->rx_end, seg->text, len);
    move_rcv_nxt(tcb, len);
    if (tcb->ooo_count > 0)
        move_rcv_nxt(tcb, ooo_reach(tcb));
    if (tcb->pool == NULL)
        tcb->rx_read = tcb->rx_end;
    return len == seg->len ? DROP_NONE : DROP_RCVBUF_FULL;
}

static enum drop
take_out_of_order(struct tcp *tcp, struct tcb *tcb, const struct segment *seg)
{
    seq_t right = seq_add(seg->seq, seg->len);
    uint64_t offset = tcb->rx_end + seq_sub(seg->seq, tcb->rcv_nxt);

    if (!ooo_fits(tcb, seg->seq, right))
        return DROP_OOO_FULL;
    if (room_for(tcb, offset, seg->len, CHUNKS_FOR_ORDER) < seg->len)
        return DROP_RCVBUF_FULL;
    store(tcb, offset, seg->text, seg->len);
    ooo_add(tcb, seg->seq, right);
    tcp->stats.ooo_queued++;
    return DROP_NONE;
}

static enum drop
seventh_take_text(struct tcp *tcp, struct tcb *tcb, struct segment *seg)
{
    enum drop cut, why = DROP_NONE;

    estimate_rcv_mss(tcp, tcb, seg);
    cut = trim_back(tcb, seg);
    if (seg->len > 0)
        why = seq_eq(seg->seq, tcb->rcv_nxt) ? take_in_order(tcb, seg)
                                             : take_out_of_order(tcp, tcb, seg);
    return why != DROP_NONE ? why : cut;
}

static void
eighth_take_fin(struct tcp *tcp, struct tcb *tcb, instant_t now)
{
    tcb->rcv_nxt = seq_add(tcb->rcv_nxt, 1);
    tcb->rcv_adv = seq_max(tcb->rcv_adv, tcb->rcv_nxt);
    tcb->flags |= TCB_FIN_RECEIVED;
    forget_out_of_order(tcb); /* nothing can follow */
    starved_wake(tcp, tcb->pool);
    if (tcb->state == TCB_ESTABLISHED)
        tcb_enter(tcp, tcb, TCB_CLOSE_WAIT, now);
    else if (tcb->state == TCB_FIN_WAIT_1)
        tcb_enter(tcp, tcb, TCB_CLOSING, now);
    else if (tcb->state == TCB_FIN_WAIT_2)
        tcb_enter(tcp, tcb, TCB_TIME_WAIT, now);
}

/* RFC 2525 2.17: nobody will ever read it, and the peer shall know that. */
static enum drop
refuse_text(struct tcp *tcp, struct tcb *tcb, instant_t now)
{
    reply_abort(tcp, tcb);
    tcb_end(tcp, tcb, TCP_ABORTED, now);
    return DROP_AFTER_CLOSE;
}

/* Something before it was lost or late, or it came twice. */
static void
note_disorder(struct tcb *tcb, const struct segment *seg)
{
    ack_quickly(tcb);
    if (seg->len > 0)
        ooo_note_duplicate(tcb, seg->seq, seq_add(seg->seq, seg->len));
}

enum drop
input_text(struct tcp *tcp, struct tcb *tcb, struct segment *seg, instant_t now)
{
    enum drop why = DROP_NONE;
    bool gap = tcb->ooo_count > 0 || seq_gt(seg->seq, tcb->rcv_nxt);
    bool twice = seq_lt(seg->seq, tcb->rcv_nxt);

    if (segment_span(seg) == 0)
        return DROP_NONE;
    if (tcb->flags & TCB_FIN_RECEIVED)
        return DROP_AFTER_FIN;
    if (gap || twice)
        note_disorder(tcb, seg);
    trim_front(tcb, seg);
    if (seg->len > 0 && tcb->flags & TCB_CLOSED_BY_OWNER)
        return refuse_text(tcp, tcb, now);
    if (seg->len > 0)
        why = seventh_take_text(tcp, tcb, seg);
    ack_received(tcp, tcb,
                 gap || twice || why != DROP_NONE || seg->flags & TCP_FIN, now);
    /* Text that could not be taken leaves the FIN above rcv_nxt. */
    if (seg->flags & TCP_FIN &&
        seq_eq(seq_add(seg->seq, seg->len), tcb->rcv_nxt))
        eighth_take_fin(tcp, tcb, now);
    return why;
}
