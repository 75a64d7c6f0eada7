/* SPDX-License-Identifier: MIT */
/* What active and passive opens share; input_adopt_options() is here too. */
#ifndef TCPD_CORE_OPEN_H
#define TCPD_CORE_OPEN_H

#include "tcpd/core/tcp.h"

/* The 4-tuple stands: chooses all that follows from it, puts the tcb into demux
 * and sends the first segment. The state is the caller's to enter. */
void open_begin(struct tcp *tcp, struct tcb *tcb, instant_t now);

/* What a SYN of ours to `remote` says of our side. */
void open_offer(const struct tcp *tcp, const struct tcp_settings *settings,
                struct addr remote, struct tcp_options *opt);

/* The peer's SYN is `s`: our receive sequence space begins behind it. */
void open_take_syn(struct tcb *tcb, const struct segment *s);

/* Our SYN is acknowledged: ESTABLISHED, or FIN-WAIT-1 when there has been a
 * shutdown meanwhile. */
void open_complete(struct tcp *tcp, struct tcb *tcb, instant_t now);

#endif
