/* SPDX-License-Identifier: MIT */
/* Smoothed round trip time and retransmission timeout (RFC 6298).
 *
 * Two departures, both Linux's: the initial and maximum timeouts are those of
 * tcp.h, and the term that stands for variation is never below TCP_RTO_MIN.
 * That covers the RFC's granularity G as well as a peer's delayed ACKs, which a
 * floor under the sum would not on a path of long, steady delay.
 *
 * Samples come once in a round trip: output times one segment after the other.
 * Only while segments are sent again do timestamps give more of them. */
#include "tcpd/core/internal.h"

#define ALPHA_DIVISOR 8 /* RFC 6298 2.3 */
#define BETA_DIVISOR  4
#define K             4

void
rtt_init(struct tcb *tcb)
{
    tcb->srtt = (duration_t){0};
    tcb->rttvar = (duration_t){0};
    tcb->rto = duration_ms(TCP_RTO_INITIAL);
}

static int64_t
distance(int64_t a, int64_t b)
{
    return a < b ? b - a : a - b;
}

static int64_t
at_most_rto_max(int64_t ns)
{
    int64_t most = duration_ms(TCP_RTO_MAX).ns;

    return ns < most ? ns : most;
}

/* The timestamp clock ticks in ms, so 0 means "less", while srtt 0 means "no
 * sample yet"; and a peer may echo nonsense. */
static int64_t
believable(duration_t rtt)
{
    return rtt.ns > 0 ? at_most_rto_max(rtt.ns) : duration_us(1).ns;
}

void
rtt_sample(struct tcb *tcb, duration_t rtt)
{
    int64_t sample = believable(rtt);
    int64_t variation;

    if (tcb->min_rtt.ns == 0 || sample < tcb->min_rtt.ns)
        tcb->min_rtt.ns = sample;
    if (tcb->srtt.ns == 0) {
        tcb->srtt.ns = sample;
        tcb->rttvar.ns = sample / 2;
    } else {
        int64_t off = distance(tcb->srtt.ns, sample);

        tcb->rttvar.ns += (off - tcb->rttvar.ns) / BETA_DIVISOR;
        tcb->srtt.ns += (sample - tcb->srtt.ns) / ALPHA_DIVISOR;
    }
    variation = K * tcb->rttvar.ns;
    if (variation < duration_ms(TCP_RTO_MIN).ns)
        variation = duration_ms(TCP_RTO_MIN).ns;
    tcb->rto.ns = at_most_rto_max(tcb->srtt.ns + variation);
}

void
rtt_backoff(struct tcb *tcb)
{
    tcb->rto.ns = at_most_rto_max(2 * tcb->rto.ns);
}
