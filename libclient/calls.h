/* SPDX-License-Identifier: MIT */
/* What the answer to a request means for the socket that it was about. */
#ifndef LIBCLIENT_CALLS_H
#define LIBCLIENT_CALLS_H

#include "libclient/requests.h"

/* Called once for each request, when its answer has arrived. */
void call_answered(struct skink *s, const struct request *r);

/* Asks for the binding that the sock had, and to listen if it did. */
void call_bind_again(struct skink *s, struct sock *k);

/* Tells tcpd what TCP_NODELAY is now; waits for nothing. */
void call_nodelay(struct skink *s, struct sock *k);

#endif
