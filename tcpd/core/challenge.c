/* SPDX-License-Identifier: MIT */
/* Limits the ACKs that a segment of unknown origin can provoke (RFC 5961 7). */
#include "tcpd/core/challenge.h"

#include "tcpd/core/internal.h"

/* Made odd, no moment looks like "none yet". Milliseconds wrap after 49 days,
 * when at worst one challenge is not given. */
bool
challenge_allowed(struct tcb *tcb, instant_t now)
{
    uint32_t ms = (uint32_t)(now.ns / 1000000) | 1;

    if (tcb->challenged_ms != 0 && ms - tcb->challenged_ms < CHALLENGE_INTERVAL)
        return false;
    tcb->challenged_ms = ms;
    return true;
}

void
challenge_ack(struct tcp *tcp, struct tcb *tcb, instant_t now)
{
    if (challenge_allowed(tcb, now))
        reply_ack(tcp, tcb);
}
