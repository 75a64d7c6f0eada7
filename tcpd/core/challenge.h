/* SPDX-License-Identifier: MIT */
/* ACKs that answer a suspicious segment (RFC 5961). */
#ifndef TCPD_CORE_CHALLENGE_H
#define TCPD_CORE_CHALLENGE_H

#include "tcpd/core/tcp.h"

/* An ACK that tells a true peer where we are, and a false one nothing. At most
 * one in CHALLENGE_INTERVAL ms a connection: a limit shared by connections
 * would let one who floods learn about the others (CVE-2016-5696). */
#define CHALLENGE_INTERVAL 500
void challenge_ack(struct tcp *tcp, struct tcb *tcb, instant_t now);

/* The same limit for another answer: may it be given now? Uses it up. */
bool challenge_allowed(struct tcb *tcb, instant_t now);

#endif
