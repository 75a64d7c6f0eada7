/* SPDX-License-Identifier: MIT */
/* What a congestion control algorithm decides; cc.c does what all of them
 * share. */
#ifndef TCPD_CORE_CC_H
#define TCPD_CORE_CC_H

#include "tcpd/core/tcb.h"

/* Congestion avoidance: `acked` bytes above ssthresh were acknowledged. */
void newreno_avoid(struct tcb *tcb, uint32_t acked);
/* The new ssthresh after a loss with `flight` bytes outstanding. */
uint32_t newreno_ssthresh(const struct tcb *tcb, uint32_t flight);

#endif
