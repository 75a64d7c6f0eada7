/* SPDX-License-Identifier: MIT */
/* What the core counts, in tcpd.cnc. */
#ifndef TCPD_COUNT_H
#define TCPD_COUNT_H

#include "proto/shm/cnc.h"
#include "tcpd/core/tcp.h"

/* Adds what is new since *counted, which it then becomes: the cnc's counters go on
 * where a predecessor left them, the core's begin at 0. */
void count_turn(struct cnc *cnc, const struct tcp_stats *now,
                struct tcp_stats *counted);

#endif
