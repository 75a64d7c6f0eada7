/* SPDX-License-Identifier: MIT */
/* SYN cookies: how a listener answers a flood of SYNs without remembering
 * them. */
#ifndef TCPD_CORE_INPUT_COOKIE_H
#define TCPD_CORE_INPUT_COOKIE_H

#include "tcpd/core/tcp.h"

/* Answers the SYN; all there is to know of it is in the answer. */
void cookie_answer(struct tcp *tcp, struct listener *l,
                   const struct segment *syn, instant_t now);

/* May an ACK that no connection knows be the third of such a handshake? */
bool cookie_is_recent(const struct listener *l, instant_t now);

/* The SYN that `ack` says it sent, as far as the cookie kept it. False: this is no
 * answer to a cookie of ours. */
bool cookie_recover(const struct tcp *tcp, const struct segment *ack,
                    instant_t now, struct segment *syn)
    __attribute__((warn_unused_result));

#endif
