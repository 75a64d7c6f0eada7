/* SPDX-License-Identifier: MIT */
/* How an owner lets go of a connection. */
#ifndef TCPD_CORE_RELEASE_H
#define TCPD_CORE_RELEASE_H

#include "tcpd/core/tcp.h"

/* Nobody will read or claim it any more: its text goes back to the pool, and it
 * leaves its listener. When it is CLOSED it is freed with the turn. */
void tcb_release(struct tcp *tcp, struct tcb *tcb);

/* Ends it at once and releases it; the peer learns by RST, where RFC 9293
 * 3.10.5 wants one. */
void tcb_abandon(struct tcp *tcp, struct tcb *tcb, instant_t now);

#endif
