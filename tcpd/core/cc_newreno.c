/* SPDX-License-Identifier: MIT */
/* NewReno: one segment more in a round trip, one half less at a loss (RFC 5681,
 * with the byte counting of RFC 3465). */
#include "base/bits.h"
#include "tcpd/core/cc.h"

void
newreno_avoid(struct tcb *tcb, uint32_t acked)
{
    uint64_t credit = (uint64_t)tcb->cwnd_credit + min_u32(acked, tcb->cwnd);

    if (credit < tcb->cwnd) {
        tcb->cwnd_credit = (uint32_t)credit;
        return;
    }
    tcb->cwnd_credit = (uint32_t)(credit - tcb->cwnd);
    cc_grow(tcb, tcb->snd_mss);
}

uint32_t
newreno_ssthresh(const struct tcb *tcb, uint32_t flight)
{
    return max_u32(flight / 2, 2 * tcb->snd_mss);
}
