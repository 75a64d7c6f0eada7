/* SPDX-License-Identifier: MIT */
/* The ROUTER that clients' DEALERs connect to, and the way back to each. */
#ifndef TCPD_API_SERVER_H
#define TCPD_API_SERVER_H

#include "tcpd/api/requests.h"

#include <stdbool.h>
#include <stdint.h>

/* Requests whose way back is known at once: the latest ones, whoever sent them. */
#define SERVER_ROUTES 4096

struct server;

/* Boot only. Serves on the supervisor's listening socket `fd`, so that a client
 * reaches a restarted apid within milliseconds. `epoch` keeps routes of a
 * predecessor from being taken for ours. Dies on failure. */
struct server *server_open(int fd, uint64_t epoch);

/* The socket, for zmq_poll. */
void *server_socket(const struct server *s);

/* One message, if there is one. False: none. *why is DROP_NONE when *request is
 * complete, with its route. */
bool server_receive(struct server *s, struct api_request *request,
                    enum drop *why);

/* Sends a result the way its request came. False: nobody is there any more. */
bool server_send(struct server *s, const struct api_result *result);

#endif
