/* SPDX-License-Identifier: MIT */
/* The way to the peer as far as TCP cares: which local address, and how large a
 * segment may be (RFC 9293 3.7.1, RFC 1191). */
#ifndef TCPD_CORE_PATH_H
#define TCPD_CORE_PATH_H

#include "tcpd/core/tcp.h"

/* Headers that an MSS does not count (RFC 9293 3.7.1). */
#define PATH_HEADERS 40

/* The local address that packets to `remote` carry. False: no way to it. */
bool path_source(const struct tcp *tcp, struct addr remote, struct addr *local)
    __attribute__((warn_unused_result));

/* The MSS that our SYN to `remote` offers. */
uint16_t path_offered_mss(const struct tcp *tcp,
                          const struct tcp_settings *settings,
                          struct addr remote);

/* The 4-tuple stands: takes the route's MTU. */
void path_begin(const struct tcp *tcp, struct tcb *tcb);

/* snd_mss from all that limits it. Something sent in larger segments counts as
 * it was sent; what is sent from now on is of the new size. */
void path_apply(const struct tcp *tcp, struct tcb *tcb);

/* The path takes packets of no more than `mtu` bytes (0: it did not say). Is that
 * less than before? */
bool path_lower(const struct tcp *tcp, struct tcb *tcb, uint32_t mtu);

/* The route may be another one: the path takes no more than it does. Did it take
 * more before? */
bool path_follow_route(const struct tcp *tcp, struct tcb *tcb);

#endif
