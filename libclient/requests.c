/* SPDX-License-Identifier: MIT */
/* Requests and their results.
 *
 * Requests carry numbers from 1, and tcpd starts them strictly in that order:
 * one that comes out of order is dropped, one that comes again is answered from
 * memory. So all that is needed against loss is to send everything that was not
 * answered again, from the oldest on (go-back-N): after a second, when apid
 * was restarted, or when a result shows a gap. Of any one client at most WINDOW
 * are under way; others wait here for their turn.
 *
 * ZeroMQ sockets belong to one thread at a time, which the instance's mutex
 * sees to. ZMQ_FD tells of changes, not of states: after each wake and each send
 * everything is received until there is nothing more. */
#include "libclient/requests.h"

#include "libclient/calls.h"
#include "libclient/instance.h"

#include <client.pb-c.h>
#include <errno.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <stdlib.h>
#include <string.h>
#include <zmq.h>

#define WINDOW      64   /* requests under way */
#define MESSAGE_MAX 1024 /* bytes of a result: 192 of value and some numbers */
#define AGAIN_MS    1000
#define FIRST_MS    40 /* until anybody has ever answered */

/* ---- the socket ---- */

static bool
set_options(void *socket)
{
    static const struct {
        int name, value;
    } options[] = {{ZMQ_LINGER, 0},
                   {ZMQ_RECONNECT_IVL, 1},
                   {ZMQ_SNDHWM, 4 * WINDOW},
                   {ZMQ_RCVHWM, 4 * WINDOW}};
    const int64_t message_max = MESSAGE_MAX;

    for (size_t i = 0; i < sizeof options / sizeof options[0]; i++)
        if (zmq_setsockopt(socket, options[i].name, &options[i].value,
                           sizeof options[i].value) != 0)
            return false;
    return zmq_setsockopt(socket, ZMQ_MAXMSGSIZE, &message_max,
                          sizeof message_max) == 0;
}

bool
requests_open(struct skink *s, const char *endpoint, const uint8_t token[16],
              const struct cnc_shm *apid)
{
    struct requests *q = &s->requests;
    size_t len = sizeof q->fd;

    list_init(&q->outstanding);
    memcpy(q->token, token, sizeof q->token);
    q->next = q->next_send = 1;
    q->apid = apid;
    q->apid_epoch = client_word_load(&apid->epoch);
    q->context = zmq_ctx_new();
    if (q->context == NULL)
        return false;
    q->socket = zmq_socket(q->context, ZMQ_DEALER);
    return q->socket != NULL && set_options(q->socket) &&
           zmq_connect(q->socket, endpoint) == 0 &&
           zmq_getsockopt(q->socket, ZMQ_FD, &q->fd, &len) == 0;
}

void
requests_close(struct requests *q)
{
    struct list *l;

    if (q->socket != NULL)
        zmq_close(q->socket);
    if (q->context != NULL)
        zmq_ctx_term(q->context);
    if (q->outstanding.next == NULL)
        return; /* it never was opened */
    while ((l = list_pop(&q->outstanding)) != NULL)
        free(list_item(l, struct request, outstanding));
}

/* ---- sending ---- */

/* The parts of which a Request is made. */
struct parts_of_request {
    Skink__Api__Request request;
    Skink__Api__Hello hello;
    Skink__Api__Endpoint endpoint;
    Skink__Api__Bind bind;
    Skink__Api__Listen listen;
    Skink__Api__Connect connect;
    Skink__Api__SetOption option;
};

static void
fill_endpoint(Skink__Api__Endpoint *e, struct request *r)
{
    skink__api__endpoint__init(e);
    e->address.data = r->addr.b;
    e->address.len = sizeof r->addr.b;
    e->port = r->port;
}

static void
fill_hello(struct parts_of_request *p)
{
    skink__api__hello__init(&p->hello);
    p->hello.abi = SHM_ABI;
    p->request.op_case = SKINK__API__REQUEST__OP_HELLO;
    p->request.hello = &p->hello;
}

static void
fill_bind(struct parts_of_request *p, struct request *r)
{
    fill_endpoint(&p->endpoint, r);
    skink__api__bind__init(&p->bind);
    p->bind.slot = r->slot;
    p->bind.local = &p->endpoint;
    p->request.op_case = SKINK__API__REQUEST__OP_BIND;
    p->request.bind = &p->bind;
}

static void
fill_listen(struct parts_of_request *p, const struct request *r)
{
    skink__api__listen__init(&p->listen);
    p->listen.slot = r->slot;
    p->listen.backlog = r->value;
    p->request.op_case = SKINK__API__REQUEST__OP_LISTEN;
    p->request.listen = &p->listen;
}

static void
fill_connect(struct parts_of_request *p, struct request *r)
{
    fill_endpoint(&p->endpoint, r);
    skink__api__connect__init(&p->connect);
    p->connect.slot = r->slot;
    p->connect.remote = &p->endpoint;
    p->request.op_case = SKINK__API__REQUEST__OP_CONNECT;
    p->request.connect = &p->connect;
}

static void
fill_nodelay(struct parts_of_request *p, struct request *r)
{
    skink__api__set_option__init(&p->option);
    p->option.slot = r->slot;
    p->option.level = IPPROTO_TCP;
    p->option.name = TCP_NODELAY;
    p->option.value.data = (uint8_t *)&r->value;
    p->option.value.len = sizeof r->value;
    p->request.op_case = SKINK__API__REQUEST__OP_SET_OPTION;
    p->request.set_option = &p->option;
}

static void
fill(struct parts_of_request *p, struct request *r)
{
    switch (r->ask) {
    case ASK_HELLO:
        fill_hello(p);
        break;
    case ASK_BIND:
        fill_bind(p, r);
        break;
    case ASK_LISTEN:
        fill_listen(p, r);
        break;
    case ASK_CONNECT:
        fill_connect(p, r);
        break;
    case ASK_NODELAY:
        fill_nodelay(p, r);
        break;
    }
}

/* All requests up to this number were answered. */
static uint64_t
answered(const struct requests *q)
{
    struct list *first = q->outstanding.next;

    if (list_empty(&q->outstanding))
        return q->next - 1;
    return list_item(first, struct request, outstanding)->number - 1;
}

/* False: ZeroMQ does not take it now. */
static bool
send_one(struct requests *q, struct request *r)
{
    struct parts_of_request p;
    uint8_t bytes[256];
    size_t len;

    skink__api__request__init(&p.request);
    p.request.token.data = q->token;
    p.request.token.len = sizeof q->token;
    p.request.number = r->number;
    p.request.acknowledged = answered(q);
    fill(&p, r);
    len = skink__api__request__pack(&p.request, bytes);
    return zmq_send(q->socket, bytes, len, ZMQ_DONTWAIT) == (int)len;
}

/* Sends what was not sent and is within the window. */
static void
flush(struct requests *q)
{
    struct list *l;

    if (list_empty(&q->outstanding))
        return;
    if (q->next_send <= answered(q) + 1)
        q->moved_at = instance_now();
    for (l = q->outstanding.next; l != &q->outstanding; l = l->next) {
        struct request *r = list_item(l, struct request, outstanding);

        if (r->number < q->next_send)
            continue;
        if (r->number - answered(q) > WINDOW || !send_one(q, r))
            return;
        q->next_send = r->number + 1;
    }
}

struct request *
request_start(struct skink *s, struct sock *k, const struct request *what)
{
    struct requests *q = &s->requests;
    struct request *r = malloc(sizeof *r);
    bool was_idle = list_empty(&q->outstanding);

    if (r == NULL)
        return NULL;
    *r = *what;
    r->number = q->next++;
    r->sock = k;
    if (k != NULL) {
        r->slot = sock_slot(s, k);
        k->requests++;
    }
    list_init(&r->outstanding);
    list_append(&q->outstanding, &r->outstanding);
    flush(q);
    /* A leader that sleeps does not look at the clock: this has to be repeated. */
    if (was_idle && s->polling)
        instance_ring(s, BELL_NOW);
    if (requests_receive(s))
        instance_news(s);
    return r;
}

int
request_wait(struct skink *s, struct request *r)
{
    int error;

    while (!r->answered) {
        error = instance_wait(s, INSTANT_NEVER);
        if (error != 0 && !r->answered) {
            r->awaited = false; /* freed with the others */
            return error;
        }
    }
    error = r->error;
    free(r);
    return error;
}

/* ---- receiving ---- */

static struct request *
find(const struct requests *q, uint64_t number)
{
    for (struct list *l = q->outstanding.next; l != &q->outstanding;
         l = l->next) {
        struct request *r = list_item(l, struct request, outstanding);

        if (r->number == number)
            return r;
    }
    return NULL;
}

/* The answer to `r`: its address is where the socket is now. */
static void
answer(struct skink *s, struct request *r, const Skink__Api__Result *result)
{
    const Skink__Api__Endpoint *local = result->local;

    r->error =
        result->error > 0 || result->error < -4095 ? -EPROTO : result->error;
    if (local != NULL && local->address.len == sizeof r->addr.b &&
        local->port <= UINT16_MAX) {
        memcpy(r->addr.b, local->address.data, sizeof r->addr.b);
        r->port = (uint16_t)local->port;
    }
    list_remove(&r->outstanding);
    r->answered = true;
    call_answered(s, r);
    if (!r->awaited)
        free(r);
}

/* A result that was not due: asked for again and answered twice, or, with a
 * number that tcpd has not reached yet, the report of a gap. */
static void
take_hint(struct requests *q, const Skink__Api__Result *result)
{
    if (result->number >= result->next && find(q, result->next) != NULL)
        q->next_send = result->next;
}

static void
take_result(struct skink *s, const uint8_t *bytes, size_t len)
{
    Skink__Api__Result *result = skink__api__result__unpack(NULL, len, bytes);
    struct requests *q = &s->requests;
    struct request *r;

    if (result == NULL)
        return;
    r = result->number < result->next && result->number < q->next_send
            ? find(q, result->number)
            : NULL;
    if (r != NULL) {
        q->answers++;
        q->moved_at = instance_now();
        answer(s, r, result);
    } else {
        take_hint(q, result);
    }
    skink__api__result__free_unpacked(result, NULL);
}

/* One message. A Result has one part: of a longer message nothing is used. False:
 * there is none. */
static bool
receive_one(struct skink *s)
{
    void *socket = s->requests.socket;
    bool alone = true;
    zmq_msg_t msg;

    for (;;) {
        bool more;

        zmq_msg_init(&msg);
        if (zmq_msg_recv(&msg, socket, ZMQ_DONTWAIT) < 0) {
            zmq_msg_close(&msg);
            return false;
        }
        more = zmq_msg_more(&msg) != 0;
        if (alone && !more)
            take_result(s, zmq_msg_data(&msg), zmq_msg_size(&msg));
        zmq_msg_close(&msg);
        if (!more)
            return true;
        alone = false;
    }
}

/* Is it time to send everything again? */
static bool
overdue(struct requests *q)
{
    uint64_t epoch = client_word_load(&q->apid->epoch);
    int64_t ms = q->answers == 0 ? FIRST_MS : AGAIN_MS;

    if (list_empty(&q->outstanding))
        return false;
    if (epoch != q->apid_epoch) {
        q->apid_epoch = epoch;
        return true;
    }
    return instant_due(instant_add(q->moved_at, duration_ms(ms)),
                       instance_now());
}

bool
requests_receive(struct skink *s)
{
    struct requests *q = &s->requests;
    uint64_t answers = q->answers;

    if (list_empty(&q->outstanding) && !q->signalled)
        return false;
    q->signalled = false;
    for (int i = 0; i < 4 * WINDOW && receive_one(s); i++)
        continue;
    if (overdue(q))
        q->next_send = answered(q) + 1;
    flush(q);
    return q->answers != answers;
}
