/* SPDX-License-Identifier: MIT */
/* Limits the ACKs that a segment of unknown origin can provoke (RFC 5961 7). */
#include "tcpd/core/challenge.h"

#include "tcpd/core/internal.h"

/* The moment of the last one, in ms and made odd, is kept in `spare`; 0: never
 * yet. It wraps after 49 days, when at worst one challenge is not given. */
bool
challenge_allowed(struct tcb *tcb, instant_t now)
{
    uint32_t ms = (uint32_t)(now.ns / 1000000) | 1;

    if (tcb->spare != 0 && ms - tcb->spare < CHALLENGE_INTERVAL)
        return false;
    tcb->spare = ms;
    return true;
}

void
challenge_ack(struct tcp *tcp, struct tcb *tcb, instant_t now)
{
    if (challenge_allowed(tcb, now))
        reply_ack(tcp, tcb);
}
