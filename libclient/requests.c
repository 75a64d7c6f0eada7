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

#include <errno.h>
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
send_one(const struct requests *q, const struct request *r)
{
    uint8_t bytes[REQUEST_MOST];
    size_t len = request_encode(r, q->token, answered(q), bytes);

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
request_wait(struct skink *s, struct request *r, struct request *out)
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
    if (out != NULL)
        *out = *r;
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
answer(struct skink *s, struct request *r, const struct result *result)
{
    r->error = result->error;
    r->value_len = result->value_len;
    memcpy(r->value, result->value, sizeof r->value);
    if (result->placed) {
        r->addr = result->addr;
        r->port = result->port;
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
take_hint(struct requests *q, const struct result *result)
{
    if (result->number >= result->next && find(q, result->next) != NULL)
        q->next_send = result->next;
}

static void
take_result(struct skink *s, const uint8_t *bytes, size_t len)
{
    struct requests *q = &s->requests;
    struct result result;
    struct request *r;

    if (!result_decode(bytes, len, &result))
        return;
    r = result.number < result.next && result.number < q->next_send
            ? find(q, result.number)
            : NULL;
    if (r != NULL) {
        q->answers++;
        q->moved_at = instance_now();
        answer(s, r, &result);
    } else {
        take_hint(q, &result);
    }
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
