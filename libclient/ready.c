/* SPDX-License-Identifier: MIT */
/* Readiness: poll, and waiting for many.
 *
 * A watched sock is on the ready list from the moment that something happened to
 * it until it is found to have nothing to report. What was reported goes to
 * the end of the list, to be looked at again: so skink_wait is level-triggered
 * and fair, and its cost depends on what is ready. */
#include "libclient/client.h"
#include "libclient/instance.h"
#include "libclient/stream.h"

#include <errno.h>

#define ASKABLE (SKINK_IN | SKINK_OUT | SKINK_RDHUP)
#define ALWAYS  (SKINK_ERR | SKINK_HUP)

/* ---- one sock ---- */

static unsigned
stream_mask(const struct skink *s, const struct sock *k)
{
    bool no_more = stream_reading_over(k), no_send = stream_writing_over(k);
    unsigned mask = 0;

    if (no_more || sock_readable(k) >= k->options.lowat)
        mask |= SKINK_IN;
    if (no_more)
        mask |= SKINK_RDHUP;
    if (no_send || stream_writable(s, k))
        mask |= SKINK_OUT;
    if (no_more && no_send)
        mask |= SKINK_HUP;
    return mask;
}

unsigned
sock_mask(const struct skink *s, const struct sock *k)
{
    unsigned error = k->error != 0 ? SKINK_ERR | SKINK_IN | SKINK_RDHUP : 0;

    switch ((enum phase)k->phase) {
    case PHASE_FRESH:
        return error | SKINK_OUT | SKINK_HUP;
    case PHASE_LISTENING:
        if (k->state == SLOT_DEAD && k->renewal == RENEW_NONE)
            error |= SKINK_HUP;
        return error | (list_empty(&k->queue) ? 0 : SKINK_IN);
    case PHASE_FAILED:
    case PHASE_CONNECTED:
        return error | stream_mask(s, k);
    case PHASE_NONE:
    case PHASE_CONNECTING:
    case PHASE_QUEUED:
    case PHASE_CLOSING:
        break;
    }
    return 0;
}

uint64_t
sock_readable(const struct sock *k)
{
    return k->read_limit - k->read_end;
}

int
sock_wait(struct skink *s, int handle, unsigned events, instant_t deadline)
{
    for (;;) {
        struct sock *k = sock_of(s, handle);
        int rc;

        if (k == NULL)
            return -EBADF;
        sock_look(s, k);
        if ((sock_mask(s, k) & (events | SKINK_ERR)) != 0)
            return 0;
        rc = instance_wait(s, deadline);
        if (rc != 0)
            return rc;
    }
}

int
sock_wait_bytes(struct skink *s, int handle, uint64_t n, instant_t deadline)
{
    for (;;) {
        struct sock *k = sock_of(s, handle);
        int rc;

        if (k == NULL)
            return -EBADF;
        sock_look(s, k);
        if (k->phase != PHASE_CONNECTING &&
            (k->phase != PHASE_CONNECTED || k->error != 0 ||
             stream_reading_over(k) || sock_readable(k) >= n))
            return 0;
        rc = instance_wait(s, deadline);
        if (rc != 0)
            return rc;
    }
}

/* ---- poll ---- */

static unsigned
poll_one(struct skink *s, const struct skink_pollfd *p)
{
    struct sock *k = sock_of(s, p->handle);

    if (p->handle < 0)
        return 0;
    if (k == NULL)
        return SKINK_NVAL;
    sock_look(s, k);
    return sock_mask(s, k) & ((unsigned)(unsigned short)p->events | ALWAYS);
}

static int
poll_all(struct skink *s, struct skink_pollfd *fds, unsigned n)
{
    int ready = 0;

    for (unsigned i = 0; i < n; i++) {
        fds[i].revents = (short)poll_one(s, &fds[i]);
        ready += fds[i].revents != 0;
    }
    return ready;
}

static int
poll_wait(struct skink *s, struct skink_pollfd *fds, unsigned n,
          instant_t deadline)
{
    int ready, rc;

    stream_tell_all_read(s);
    instance_pump(s);
    while ((ready = poll_all(s, fds, n)) == 0) {
        rc = instance_wait(s, deadline);
        if (rc != 0)
            return rc == -EAGAIN ? 0 : rc;
    }
    return ready;
}

int
skink_poll(struct skink *s, struct skink_pollfd *fds, unsigned n,
           int timeout_ms)
{
    instant_t deadline = instance_deadline(timeout_ms);
    int rc = instance_enter(s);

    if (rc != 0)
        return rc;
    rc = n > CLIENT_SLOTS ? -EINVAL : poll_wait(s, fds, n, deadline);
    instance_leave(s);
    return rc;
}

/* ---- watch and wait ---- */

static int
watch_sock(struct skink *s, struct sock *k, unsigned events, uint64_t user)
{
    if ((events & ~(unsigned)(ASKABLE | ALWAYS)) != 0)
        return -EINVAL;
    k->user = user;
    k->interest = events == 0 ? 0 : events | ALWAYS;
    if (events == 0)
        list_remove(&k->ready);
    else
        sock_wake(s, k);
    return 0;
}

int
skink_watch(struct skink *s, int handle, unsigned events, uint64_t user)
{
    struct sock *k;
    int rc = instance_enter_sock(s, handle, &k);

    if (rc != 0)
        return rc;
    rc = watch_sock(s, k, events, user);
    instance_leave(s);
    return rc;
}

/* Takes the first of the ready list. False: it had nothing to report. */
static bool
report(struct skink *s, struct sock *k, struct skink_event *e)
{
    sock_look(s, k);
    e->events = sock_mask(s, k) & k->interest;
    e->handle = sock_handle(s, k);
    e->user = k->user;
    list_remove(&k->ready);
    return e->events != 0;
}

static int
gather(struct skink *s, struct skink_event *events, int max)
{
    struct list reported, *l;
    int n = 0;

    list_init(&reported);
    while (n < max && (l = s->ready.next) != &s->ready) {
        struct sock *k = list_item(l, struct sock, ready);

        if (!report(s, k, &events[n]))
            continue;
        list_append(&reported, &k->ready);
        n++;
    }
    while ((l = list_pop(&reported)) != NULL)
        list_append(&s->ready, l);
    return n;
}

static int
wait_events(struct skink *s, struct skink_event *events, int max,
            instant_t deadline)
{
    int n, rc;

    stream_tell_all_read(s);
    instance_pump(s);
    while ((n = gather(s, events, max)) == 0) {
        rc = instance_wait(s, deadline);
        if (rc != 0)
            return rc == -EAGAIN ? 0 : rc;
    }
    return n;
}

int
skink_wait(struct skink *s, struct skink_event *events, int max, int timeout_ms)
{
    instant_t deadline = instance_deadline(timeout_ms);
    int rc = instance_enter(s);

    if (rc != 0)
        return rc;
    rc = max <= 0 ? -EINVAL : wait_events(s, events, max, deadline);
    instance_leave(s);
    return rc;
}

int
skink_fd(struct skink *s)
{
    int rc = instance_enter(s);

    if (rc != 0)
        return rc;
    s->fd_wanted = true;
    rc = s->epoll;
    instance_leave(s);
    return rc;
}
