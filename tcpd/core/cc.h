/* SPDX-License-Identifier: MIT */
/* What a congestion control algorithm decides, and what cc.c, which does what
 * all of them share, gives it. */
#ifndef TCPD_CORE_CC_H
#define TCPD_CORE_CC_H

#include "tcpd/core/tcb.h"

/* Congestion avoidance: `acked` bytes above ssthresh were acknowledged. */
void newreno_avoid(struct tcb *tcb, uint32_t acked);
/* Widens cwnd by `bytes`, up to the largest window there is. */
void cc_grow(struct tcb *tcb, uint32_t bytes);
/* The new ssthresh after a loss with `flight` bytes outstanding. */
uint32_t newreno_ssthresh(const struct tcb *tcb, uint32_t flight);

#endif
