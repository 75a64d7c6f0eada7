/* SPDX-License-Identifier: MIT */
/* Congestion control: what every algorithm does (RFC 5681, RFC 6928).
 *
 * cwnd and ssthresh are bytes. Slow start counts all acknowledged bytes (RFC
 * 3465 without its limit L): a peer that receives with GRO answers 64 KiB with
 * one ACK, and output spreads over as many segments as it acknowledged. */
#include "tcpd/core/cc.h"

#include "base/bits.h"
#include "tcpd/core/internal.h"

#define CWND_MAX       (1u << 30) /* the largest window of RFC 7323 */
#define SSTHRESH_START UINT32_MAX /* RFC 5681 3.1: arbitrarily high */

/* Segments that dup ACKs say have left the network when recovery starts. */
#define DUPLICATES_SEEN 3

static uint32_t
initial_window(const struct tcb *tcb)
{
    return TCP_INITIAL_CWND * tcb->snd_mss;
}

/* RFC 5681 3.1 wants one segment after a lost SYN; as Linux does, one loss is
 * forgiven, because SYNs get lost for other reasons than congestion. */
void
cc_init(struct tcb *tcb)
{
    tcb->cwnd = tcb->backoff > 1 ? tcb->snd_mss : initial_window(tcb);
    tcb->ssthresh = SSTHRESH_START;
    tcb->cwnd_credit = 0;
    tcb->recover = tcb->iss;
}

/* RFC 7661 4.3: a window of which less than half was in use proves nothing
 * about the path, so it does not grow. */
static bool
cwnd_was_in_use(const struct tcb *tcb, uint32_t acked)
{
    uint64_t flight = (uint64_t)output_in_flight(tcb) + acked;

    return flight * 2 >= tcb->cwnd;
}

void
cc_grow(struct tcb *tcb, uint32_t bytes)
{
    tcb->cwnd = (uint32_t)min_u64((uint64_t)tcb->cwnd + bytes, CWND_MAX);
}

void
cc_acked(struct tcb *tcb, uint32_t acked)
{
    if (!cwnd_was_in_use(tcb, acked))
        return;
    if (tcb->cwnd < tcb->ssthresh) {
        uint32_t step = min_u32(acked, tcb->ssthresh - tcb->cwnd);

        cc_grow(tcb, step);
        acked -= step;
    }
    if (acked > 0)
        newreno_avoid(tcb, acked);
}

void
cc_enter_recovery(struct tcb *tcb)
{
    tcb->ssthresh = newreno_ssthresh(tcb, output_in_flight(tcb));
    tcb->cwnd = tcb->ssthresh + DUPLICATES_SEEN * tcb->snd_mss;
    tcb->cwnd_credit = 0;
}

/* RFC 5681 3.2, last paragraph: no more segments can have left the network than
 * were outstanding when recovery began, whatever a peer that makes up duplicate
 * ACKs says. They were at most twice ssthresh (and a byte), which unlike
 * `recover` - snd_una does not shrink with every hole that is filled. */
void
cc_inflate(struct tcb *tcb)
{
    uint64_t outstanding = 2 * (uint64_t)tcb->ssthresh;
    uint64_t most =
        tcb->ssthresh + outstanding + (uint64_t)DUPLICATES_SEEN * tcb->snd_mss;

    if (tcb->cwnd < most)
        cc_grow(tcb, (uint32_t)min_u64(tcb->snd_mss, most - tcb->cwnd));
}

/* RFC 6582 3.2 step 3, the option that cannot burst. */
void
cc_leave_recovery(struct tcb *tcb)
{
    uint32_t flight = max_u32(output_in_flight(tcb), tcb->snd_mss);

    tcb->cwnd = min_u32(tcb->ssthresh, flight + tcb->snd_mss);
    tcb->cwnd_credit = 0;
}

/* RFC 5681 3.1, equation 4; the flight of a second expiry is the same one. */
void
cc_timeout(struct tcb *tcb)
{
    if (tcb->backoff <= 1)
        tcb->ssthresh = newreno_ssthresh(tcb, output_in_flight(tcb));
    tcb->cwnd = tcb->snd_mss;
    tcb->cwnd_credit = 0;
}

void
cc_idle(struct tcb *tcb)
{
    tcb->cwnd = min_u32(tcb->cwnd, initial_window(tcb));
    tcb->cwnd_credit = 0;
}
