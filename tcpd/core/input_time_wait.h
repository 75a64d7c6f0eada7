/* SPDX-License-Identifier: MIT */
/* TIME-WAIT, where a connection only guards its 4-tuple; and PAWS. */
#ifndef TCPD_CORE_INPUT_TIME_WAIT_H
#define TCPD_CORE_INPUT_TIME_WAIT_H

#include "tcpd/core/tcp.h"

/* Is it older than what the connection has seen (RFC 7323 5, PAWS)? */
bool paws_rejects(const struct tcb *tcb, const struct segment *seg,
                  instant_t now);

/* May this segment begin a new connection in place of `tcb`: a SYN in TIME-WAIT
 * that cannot be an old duplicate (RFC 9293 3.6.1, RFC 6191)? */
bool time_wait_reopens(const struct tcb *tcb, const struct segment *seg,
                       instant_t now);

enum drop input_time_wait(struct tcp *tcp, struct tcb *tcb,
                          const struct segment *seg, instant_t now);

#endif
