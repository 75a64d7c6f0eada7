/* SPDX-License-Identifier: MIT */
/* When to acknowledge text (RFC 9293 3.8.6.3). */
#ifndef TCPD_CORE_ACK_POLICY_H
#define TCPD_CORE_ACK_POLICY_H

#include "tcpd/core/tcp.h"

/* Text or FIN came. `at_once`: the peer waits for this ACK, because it tells of a
 * gap, of one that was filled, or of something that came twice. */
void ack_received(struct tcp *tcp, struct tcb *tcb, bool at_once,
                  instant_t now);

/* Something was lost or sent twice: the next ACKs help the peer to recover. */
void ack_quickly(struct tcb *tcb);

/* A segment leaves, and with it an ACK; `text`: it answers what came. */
void ack_sent(struct tcp *tcp, struct tcb *tcb, bool text, instant_t now);

void ack_timeout(struct tcp *tcp, struct tcb *tcb);

#endif
