/* SPDX-License-Identifier: MIT */
/* ZeroMQ ends here. A message is one identity and one body; anything else is
 * read to its end and refused. Sizes, parts kept and queues are bounded;
 * what libzmq itself does not bound is by apid's memory limit, and apid's
 * death loses nothing.
 *
 * The ROUTER takes messages from its peers in turns, so a peer that floods waits
 * for itself. Nor can it drive out the routes of others: a request's route is
 * needed only while the request and its result are in the two rings between
 * apid and tcpd, and there are more routes than both have slots. */
#include "tcpd/api/server.h"

#include "base/os/log.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <zmq.h>

#define IDENTITY 255 /* bytes, ZeroMQ's limit */

struct route {
    uint64_t number; /* 0: none */
    uint8_t len;
    uint8_t identity[IDENTITY];
};

struct server {
    void *context, *router;
    uint64_t last_route;
    struct route routes[SERVER_ROUTES]; /* by number % SERVER_ROUTES */
};

static void
set(void *socket, int option, int value)
{
    if (zmq_setsockopt(socket, option, &value, sizeof value) != 0)
        die(EXIT_FAILED, "ZeroMQ option %d: %s", option, zmq_strerror(errno));
}

struct server *
server_open(int fd, uint64_t epoch)
{
    struct server *s = calloc(1, sizeof *s);
    int64_t max = API_MESSAGE_MAX;

    if (s == NULL)
        die(EXIT_FAILED, "not enough memory");
    s->last_route = epoch << 40;
    s->context = zmq_ctx_new();
    s->router = s->context == NULL ? NULL : zmq_socket(s->context, ZMQ_ROUTER);
    if (s->router == NULL)
        die(EXIT_FAILED, "ZeroMQ: %s", zmq_strerror(errno));
    set(s->router, ZMQ_LINGER, 0);
    set(s->router, ZMQ_RCVHWM, 1024);
    set(s->router, ZMQ_SNDHWM, 1024);
    set(s->router, ZMQ_USE_FD, fd);
    set(s->router, ZMQ_ROUTER_MANDATORY, 1); /* server_send hears of the gone */
    if (zmq_setsockopt(s->router, ZMQ_MAXMSGSIZE, &max, sizeof max) != 0 ||
        zmq_bind(s->router, "ipc://skink-tcpd") != 0)
        die(EXIT_FAILED, "ZeroMQ: %s", zmq_strerror(errno));
    return s;
}

void *
server_socket(const struct server *s)
{
    return s->router;
}

static bool
more_parts(const struct server *s)
{
    int more = 0;
    size_t size = sizeof more;

    return zmq_getsockopt(s->router, ZMQ_RCVMORE, &more, &size) == 0 &&
           more != 0;
}

/* Reads the rest of a message that has more parts than it may. */
static void
discard_parts(const struct server *s)
{
    uint8_t byte;

    while (more_parts(s))
        if (zmq_recv(s->router, &byte, sizeof byte, ZMQ_DONTWAIT) < 0)
            return;
}

bool
server_receive(struct server *s, struct api_request *request, enum drop *why)
{
    struct route *route = &s->routes[(s->last_route + 1) % SERVER_ROUTES];
    uint8_t body[API_MESSAGE_MAX];
    int len = zmq_recv(s->router, route->identity, IDENTITY, ZMQ_DONTWAIT);

    if (len < 0)
        return false;
    route->number = 0;
    *why = DROP_API_BAD_REQUEST;
    if (len > IDENTITY || !more_parts(s))
        return true;
    route->len = (uint8_t)len;
    len = zmq_recv(s->router, body, sizeof body, ZMQ_DONTWAIT);
    if (more_parts(s))
        discard_parts(s);
    else if (len > (int)sizeof body)
        *why = DROP_API_OVERSIZE;
    else if (len >= 0)
        *why = request_decode(body, (size_t)len, request);
    if (*why == DROP_NONE) {
        route->number = ++s->last_route;
        request->route = route->number;
    }
    return true;
}

bool
server_send(struct server *s, const struct api_result *result)
{
    const struct route *route = &s->routes[result->route % SERVER_ROUTES];
    uint8_t body[API_MESSAGE_MAX];
    size_t len;

    if (result->route == 0 || route->number != result->route)
        return false;
    len = result_encode(result, body);
    return zmq_send(s->router, route->identity, route->len,
                    ZMQ_SNDMORE | ZMQ_DONTWAIT) >= 0 &&
           zmq_send(s->router, body, len, ZMQ_DONTWAIT) >= 0;
}
