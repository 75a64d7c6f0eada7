/* SPDX-License-Identifier: MIT */
/* An apid that the test plays: request by request, or by a thread of its own that
 * answers everything while the test waits in a call. */
#ifndef TESTS_LIBCLIENT_APID_H
#define TESTS_LIBCLIENT_APID_H

#include "tests/libclient/fixture.h"

#include <client.pb-c.h>
#include <pthread.h>
#include <zmq.h>

/* A ROUTER where the fixture's instance looks for apid. */
struct apid {
    void *context, *router;
    uint8_t identity[256];
    int identity_len;
};

static inline void
apid_open(struct apid *a, const struct fake *f)
{
    a->context = zmq_ctx_new();
    a->router = zmq_socket(a->context, ZMQ_ROUTER);
    assert_int_equal(zmq_bind(a->router, f->endpoint), 0);
}

static inline void
apid_close(struct apid *a)
{
    zmq_close(a->router);
    zmq_ctx_term(a->context);
}

/* The next request, to be freed; NULL: none comes within `ms`. */
static inline Skink__Api__Request *
apid_take(struct apid *a, long ms)
{
    zmq_pollitem_t item = {.socket = a->router, .events = ZMQ_POLLIN};
    uint8_t body[1024];
    int len;

    if (zmq_poll(&item, 1, ms) != 1)
        return NULL;
    a->identity_len = zmq_recv(a->router, a->identity, sizeof a->identity, 0);
    len = zmq_recv(a->router, body, sizeof body, 0);
    assert_true(len > 0);
    return skink__api__request__unpack(NULL, (size_t)len, body);
}

/* The next request, which has to come. */
static inline Skink__Api__Request *
apid_expect(struct apid *a)
{
    Skink__Api__Request *q = apid_take(a, 5000);

    if (q == NULL) {
        fail_msg("no request came");
        abort(); /* not reached, which gcc cannot know */
    }
    return q;
}

static inline void
apid_drop(struct apid *a)
{
    skink__api__request__free_unpacked(apid_expect(a), NULL);
}

static inline void
apid_give(struct apid *a, uint64_t number, uint64_t next, int32_t error,
          const void *value, size_t value_len)
{
    Skink__Api__Result r;
    Skink__Api__Endpoint local;
    struct addr addr = addr_v4(0x0a070002);
    uint8_t body[512], copy[256];
    size_t len;

    assert_true(value_len <= sizeof copy);
    if (value_len > 0)
        memcpy(copy, value, value_len);

    skink__api__result__init(&r);
    skink__api__endpoint__init(&local);
    local.address.data = addr.b;
    local.address.len = sizeof addr.b;
    local.port = 99;
    r.number = number;
    r.next = next;
    r.error = error;
    r.local = &local;
    r.value.data = copy;
    r.value.len = value_len;
    len = skink__api__result__pack(&r, body);
    assert_true(zmq_send(a->router, a->identity, (size_t)a->identity_len,
                         ZMQ_SNDMORE) >= 0);
    assert_true(zmq_send(a->router, body, len, 0) >= 0);
}

static inline void
apid_answer(struct apid *a, uint64_t number, uint64_t next, int32_t error)
{
    apid_give(a, number, next, error, NULL, 0);
}

/* The next request but HELLO, which has to come, answered without error. To be
 * freed. */
static inline Skink__Api__Request *
apid_next(struct apid *a)
{
    for (;;) {
        Skink__Api__Request *q = apid_expect(a);
        bool hello = q->op_case == SKINK__API__REQUEST__OP_HELLO;

        apid_answer(a, q->number, q->number + 1, 0);
        if (!hello)
            return q;
        skink__api__request__free_unpacked(q, NULL);
    }
}

/* ---- by itself ---- */

/* What it answers: an error for bind, listen and connect, values for the rest. */
struct desk {
    struct apid apid;
    pthread_t thread;
    int quit[2]; /* a pipe; closed: leave */
    int32_t error;
    uint8_t value[256];
    size_t value_len;
};

static inline void
desk_answer(struct desk *d, uint64_t *next)
{
    Skink__Api__Request *q = apid_take(&d->apid, 0);
    bool calls;

    if (q == NULL)
        return;
    if (q->number == *next)
        (*next)++;
    calls = q->op_case == SKINK__API__REQUEST__OP_BIND ||
            q->op_case == SKINK__API__REQUEST__OP_LISTEN ||
            q->op_case == SKINK__API__REQUEST__OP_CONNECT;
    if (q->number < *next)
        apid_give(&d->apid, q->number, *next, calls ? d->error : 0, d->value,
                  d->value_len);
    skink__api__request__free_unpacked(q, NULL);
}

static inline void *
desk_run(void *arg)
{
    struct desk *d = arg;
    zmq_pollitem_t items[] = {{.socket = d->apid.router, .events = ZMQ_POLLIN},
                              {.fd = d->quit[0], .events = ZMQ_POLLIN}};
    uint64_t next = 1;

    while (zmq_poll(items, 2, -1) >= 0 && items[1].revents == 0)
        desk_answer(d, &next);
    return NULL;
}

static inline void
desk_open(struct desk *d, const struct fake *f)
{
    apid_open(&d->apid, f);
    assert_int_equal(pipe(d->quit), 0);
    assert_int_equal(pthread_create(&d->thread, NULL, desk_run, d), 0);
}

static inline void
desk_close(struct desk *d)
{
    close(d->quit[1]);
    pthread_join(d->thread, NULL);
    close(d->quit[0]);
    apid_close(&d->apid);
}

#endif
