/* SPDX-License-Identifier: MIT */
/* A handle that outlives what its slot was.
 *
 * Theory of operation. Three things end the use of a slot and not its handle: a
 * tcpd that took a binding along when it died, an attempt to connect that failed,
 * and shutdown of a listener or of an attempt. The slot is closed like any
 * other; when tcpd shows its next generation, what is left of the old use is done
 * again: the address is bound, the listener listens, and a connect that was called
 * in the meantime is asked for. Requests name slots and no generations, so nothing
 * is closed while one is under way, and nothing is asked before the slot is
 * free. */
#include "libclient/calls.h"
#include "libclient/instance.h"
#include "libclient/stream.h"

#include <errno.h>

static void
due(struct skink *s, struct sock *k, enum renewal step)
{
    k->renewal = (uint8_t)step;
    list_remove(&k->sibling);
    list_append(&s->renewals, &k->sibling);
}

void
renew_start(struct skink *s, struct sock *k)
{
    sock_close_children(s, k);
    due(s, k, RENEW_CLOSE);
}

void
renew_generation(struct skink *s, struct sock *k, uint32_t generation)
{
    stream_end(s, k);
    k->generation = generation;
    k->state = SLOT_FREE;
    k->attached = k->based = false;
    k->flags = k->slot_flags = 0;
    due(s, k, RENEW_FREE);
}

/* The handle is as good as new. */
static void
finish(struct skink *s, struct sock *k)
{
    k->renewal = RENEW_NONE;
    if (k->phase == PHASE_CONNECTING)
        call_connect(s, k);
    sock_wake(s, k);
    instance_news(s);
}

static void
fail(struct skink *s, struct sock *k, int error)
{
    k->renewal = RENEW_NONE;
    k->error = error;
    k->bound = false;
    if (k->phase == PHASE_LISTENING)
        k->state = SLOT_DEAD;
    else
        k->phase = PHASE_FRESH;
    sock_wake(s, k);
    instance_news(s);
}

static void
close_slot(struct skink *s, struct sock *k)
{
    if (!k->attached) {
        renew_generation(s, k, k->generation);
        return;
    }
    k->renewal = RENEW_CLOSING;
    sock_flag(s, k,
              k->state == SLOT_DEAD ? CLIENT_CLOSE
                                    : CLIENT_CLOSE | CLIENT_ABORT);
}

static void
use_again(struct skink *s, struct sock *k)
{
    const struct request bind = {
        .ask = ASK_BIND, .addr = k->local, .port = k->local_port};

    if (!k->bound && k->phase != PHASE_LISTENING) {
        k->local = addr_any_v4();
        k->local_port = 0;
        finish(s, k);
    } else {
        /* Said before it is asked: the answer may be there when that returns. */
        k->renewal = RENEW_ASKED;
        if (request_start(s, k, &bind) == NULL)
            fail(s, k, ENOMEM);
    }
}

void
renew_answered(struct skink *s, struct sock *k, bool listens, int error)
{
    sock_look(s, k);
    if (k->renewal != RENEW_ASKED)
        return; /* lost once more: it has begun again */
    if (error != 0)
        fail(s, k, error);
    else if (listens || k->phase != PHASE_LISTENING)
        finish(s, k);
    else if (!call_listen(s, k))
        fail(s, k, ENOMEM);
}

void
renew_all(struct skink *s)
{
    struct list later, *l;

    if (list_empty(&s->renewals))
        return;
    list_init(&later);
    while ((l = list_pop(&s->renewals)) != NULL) {
        struct sock *k = list_item(l, struct sock, sibling);

        if (k->requests > 0)
            list_append(&later, l); /* one that names the slot is under way */
        else if (k->renewal == RENEW_CLOSE)
            close_slot(s, k);
        else
            use_again(s, k);
    }
    while ((l = list_pop(&later)) != NULL)
        list_append(&s->renewals, l);
}

int
renew_wait(struct skink *s, int handle)
{
    for (;;) {
        struct sock *k = sock_of(s, handle);
        int rc;

        if (k == NULL)
            return -EBADF;
        sock_look(s, k);
        renew_all(s);
        if (k->renewal == RENEW_NONE)
            return 0;
        rc = instance_wait(s, INSTANT_NEVER);
        if (rc != 0)
            return rc;
    }
}
