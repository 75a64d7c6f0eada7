/* SPDX-License-Identifier: MIT */
/* How long a silent peer is believed in: keep-alive (RFC 9293 3.8.4) and the user
 * timeout (RFC 5482). */
#ifndef TCPD_CORE_KEEPALIVE_H
#define TCPD_CORE_KEEPALIVE_H

#include "tcpd/core/tcp.h"

/* The connection is synchronized, or the settings have changed. */
void keepalive_changed(struct tcp *tcp, struct tcb *tcb, instant_t now);
/* Anything acceptable came from the peer. */
void keepalive_heard(struct tcp *tcp, struct tcb *tcb, instant_t now);
void keepalive_timeout(struct tcp *tcp, struct tcb *tcb, instant_t now);

/* The peer owes us an answer from now on, if it did not already. */
void user_timeout_start(struct tcp *tcp, struct tcb *tcb, instant_t now);
/* It gave one: and owes another, or nothing. */
void user_timeout_progress(struct tcp *tcp, struct tcb *tcb, instant_t now);
void user_timeout_changed(struct tcp *tcp, struct tcb *tcb, instant_t now);

#endif
