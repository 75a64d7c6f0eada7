/* SPDX-License-Identifier: MIT */
/* The steps of RFC 9293 3.10.7, one file a state or step; see input.c. */
#ifndef TCPD_CORE_INPUT_H
#define TCPD_CORE_INPUT_H

#include "tcpd/core/tcp.h"

/* 3.10.7.1: no connection and no listener: RST, but never for a RST. */
enum drop input_closed(struct tcp *tcp, const struct segment *seg);
/* 3.10.7.2 */
enum drop input_listen(struct tcp *tcp, struct listener *l,
                       const struct segment *seg, instant_t now);
/* 3.10.7.3 */
enum drop input_syn_sent(struct tcp *tcp, struct tcb *tcb,
                         const struct segment *seg, instant_t now);
/* 3.10.7.4: SYN-RECEIVED and all later states. `seg` is trimmed on the way. */
enum drop input_synced(struct tcp *tcp, struct tcb *tcb, struct segment *seg,
                       instant_t now);

/* 3.10.7.4, fifth: the ACK field: input_ack.c. */
enum drop input_ack(struct tcp *tcp, struct tcb *tcb, const struct segment *seg,
                    instant_t now);
/* So many chunks of a pool are left to text in order by what is not. */
#define CHUNKS_FOR_ORDER 4
/* 3.10.7.4, seventh and eighth: text and FIN: input_text.c. */
enum drop input_text(struct tcp *tcp, struct tcb *tcb, struct segment *seg,
                     instant_t now);

/* What SYN and SYN-ACK agreed on, put into the tcb; shared by both opens. */
void input_adopt_options(struct tcp *tcp, struct tcb *tcb,
                         const struct tcp_options *opt, instant_t now);

#endif
