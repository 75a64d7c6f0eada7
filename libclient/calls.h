/* SPDX-License-Identifier: MIT */
/* What the answer to a request means for the socket that it was about. */
#ifndef LIBCLIENT_CALLS_H
#define LIBCLIENT_CALLS_H

#include "libclient/requests.h"

#include <stdbool.h>
#include <sys/socket.h>

/* Called once for each request, when its answer has arrived. */
void call_answered(struct skink *s, const struct request *r);

/* Asks to listen as it did. False: no memory. */
bool call_listen(struct skink *s, struct sock *k)
    __attribute__((warn_unused_result));

/* Asks to connect to `remote`; waits for nothing. */
void call_connect(struct skink *s, struct sock *k);

/* connect.c: the answer to that. */
void connect_answered(struct sock *k, const struct request *r);

/* The address in a sockaddr. 0 or -errno. */
int address_take(const struct sockaddr *from, socklen_t len, struct addr *addr,
                 uint16_t *port);
/* Cut off at *len, which becomes the full length. */
void address_give(struct sockaddr *to, socklen_t *len, const struct addr *addr,
                  uint16_t port);

#endif
