/* SPDX-License-Identifier: MIT */
/* What every server goes on with. */
#ifndef LIBCLIENT_EXAMPLES_LISTEN_H
#define LIBCLIENT_EXAMPLES_LISTEN_H

#include <skink/client.h>

/* A non-blocking listener on all addresses, watched for SKINK_IN with user 0; its
 * connections have TCP_NODELAY. Its handle or -errno. */
int listen_on(struct skink *s, uint16_t port, int backlog);

#endif
