/* SPDX-License-Identifier: MIT */
/* The window that is advertised to the peer (RFC 9293 3.8.6.2.2, RFC 7323 2).
 *
 * rcv_adv is the right edge that was ever advertised. It moves right only as the
 * client consumes, in steps that are worth a segment, and never left, with one
 * exception that RFC 7323 2.4 knows: a scaled window counts units, and when
 * the buffer is used up to the last unit, an edge that falls between two of
 * them is told as the lower one. What was sent beyond it is still taken. */
#include "base/bits.h"
#include "tcpd/core/output.h"

/* Streams span whole chunks and need not begin at a chunk's start. */
#define BUFFER_MAX ((uint32_t)(STREAM_SPAN - STREAM_CHUNK))

static uint32_t
receive_buffer(const struct tcb *tcb)
{
    return min_u32(tcb->settings.receive_buffer, BUFFER_MAX);
}

/* Bytes beyond rcv_nxt that the buffer has room for. */
static uint32_t
buffer_room(const struct tcb *tcb)
{
    uint64_t unread = tcb->rx_end - tcb->rx_read;

    return unread < receive_buffer(tcb) ? receive_buffer(tcb) - (uint32_t)unread
                                        : 0;
}

/* Bytes beyond rcv_nxt that could be offered anew: the buffer's room, as far as
 * there are chunks for it; nothing when nobody is left to read. */
static uint32_t
offerable(const struct tcb *tcb)
{
    uint32_t room = buffer_room(tcb);

    if (tcb->pool != NULL)
        return min_u32(room, tcb->pool->free_count * STREAM_CHUNK);
    return tcb->owner.client == OWNER_NONE ? 0 : room;
}

bool
output_window_starved(const struct tcb *tcb)
{
    return tcb->pool != NULL && offerable(tcb) < buffer_room(tcb);
}

/* Bytes beyond rcv_nxt that are promised already. */
static uint32_t
promised(const struct tcb *tcb)
{
    return seq_gt(tcb->rcv_adv, tcb->rcv_nxt)
               ? seq_sub(tcb->rcv_adv, tcb->rcv_nxt)
               : 0;
}

/* `window` in whole units of the window scale, rounded up while the buffer
 * bears it. */
static uint32_t
in_units(const struct tcb *tcb, uint32_t window)
{
    uint32_t unit = 1u << tcb->rcv_wscale;
    uint32_t units = (uint32_t)bits_round_up(window, unit);

    if (units == window)
        return window;
    return units >= buffer_room(tcb) + unit ? units - unit : units;
}

uint32_t
output_window(const struct tcb *tcb)
{
    uint32_t most = (uint32_t)UINT16_MAX << tcb->rcv_wscale;
    uint32_t window = promised(tcb);
    uint32_t room = offerable(tcb);
    uint32_t step = min_u32(tcb->rcv_mss, receive_buffer(tcb) / 2);

    /* A SYN's window is not scaled, and the first that anybody promises. */
    if (!output_synchronized(tcb))
        return min_u32(room, UINT16_MAX);
    if (room > window && room - window >= step)
        window = room;
    return min_u32(in_units(tcb, window), most);
}

/* The ACK of its next segment tells the peer of new room anyway, unless it has
 * stopped or is about to stop for want of room. An eighth of the buffer is early
 * enough for it to go on, and enough for large segments: told of every read,
 * the peer of a slow reader would send as little as was read. But when all is
 * read, nothing else will come to be told. */
bool
output_window_worth_telling(const struct tcb *tcb)
{
    uint32_t buffer = receive_buffer(tcb);
    uint32_t told = promised(tcb);
    uint32_t step = min_u32(2 * tcb->rcv_mss, buffer / 2);

    if (tcb->rx_read < tcb->rx_end || told > buffer / 2)
        step = max_u32(step, buffer / 8);
    return !(tcb->flags & TCB_FIN_RECEIVED) &&
           output_window(tcb) >= told + max_u32(step, 1);
}
