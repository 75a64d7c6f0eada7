/* SPDX-License-Identifier: MIT */
/* The steps of sending: what may go next, what it looks like on the wire, and
 * what is different once it has gone; see output.c. */
#ifndef TCPD_CORE_OUTPUT_H
#define TCPD_CORE_OUTPUT_H

#include "tcpd/core/internal.h"

/* One segment that is to be sent. */
struct piece {
    seq_t seq;
    uint64_t offset; /* of its text in the stream */
    uint32_t len;    /* of its text, bytes */
    uint8_t flags;   /* TCP_SYN ... of wire/tcp.h */
};

/* Sequence space it occupies. */
static inline uint32_t
piece_span(const struct piece *p)
{
    return p->len + ((p->flags & TCP_SYN) != 0) + ((p->flags & TCP_FIN) != 0);
}

/* Both SYNs have been exchanged: text and FIN may flow, snd_una is text. */
static inline bool
output_synchronized(const struct tcb *tcb)
{
    return tcb->state != TCB_CLOSED && tcb->state != TCB_SYN_SENT &&
           tcb->state != TCB_SYN_RECEIVED;
}

/* output_plan.c: the next piece with at most `most` bytes of text, at least a
 * segment's worth. False: nothing may be sent now. */
bool output_plan(const struct tcb *tcb, uint32_t most, instant_t now,
                 struct piece *p) __attribute__((warn_unused_result));

/* output_plan.c: is there text or a FIN at snd_nxt, allowed or not? */
bool output_pending(const struct tcb *tcb);

/* output_plan.c: the persist timer has expired and its probe is still owed. */
bool output_probe_due(const struct tcb *tcb, instant_t now);

/* output_plan.c: a short segment waits because the connection is corked, and for
 * nothing else. */
bool output_corked(const struct tcb *tcb, instant_t now);

/* output_window.c: the buffer has room that the pool has no chunks for. */
bool output_window_starved(const struct tcb *tcb);

/* output_window.c: would an ACK for its own sake tell the peer of enough room? */
bool output_window_worth_telling(const struct tcb *tcb);

/* output_segment.c: writes the segment into the slot and takes note that it is
 * sent. */
void output_segment(struct tcp *tcp, struct tcb *tcb, const struct piece *p,
                    struct tcp_slot *slot, instant_t now);

/* output_segment.c: the same for an answer without a tcb. */
void output_reply(struct tcp *tcp, const struct reply *r,
                  struct tcp_slot *slot);

#endif
