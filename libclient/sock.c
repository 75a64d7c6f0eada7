/* SPDX-License-Identifier: MIT */
/* The life of a socket: handle, slot, and what tcpd shows of it.
 *
 * Theory of operation. A handle is a slot's number and a serial of ours. Own
 * slots (below CLIENT_OWN) are taken here without asking; tcpd learns of one
 * by the first request that names it. The others are tcpd's to give: an event
 * for one that is nobody's brings an accepted connection, which waits in its
 * listener's queue. Closing says so in the slot's flags and keeps the
 * slot, with its chunks, until tcpd shows the next generation. Since a request
 * names a slot and no generation, flags are not shown before the last one that
 * is under way was answered.
 *
 * What is read from the rx slot is copied once and checked against what is known;
 * a slot that contradicts itself is lost, as by RST, and nothing else. */
#include "libclient/sock.h"

#include "libclient/calls.h"
#include "libclient/client.h"
#include "libclient/instance.h"
#include "libclient/stream.h"

#include <errno.h>
#include <string.h>

#define SLOT_BITS  14
#define NO_SLOT    UINT32_MAX
#define ERRNO_LAST 4095 /* Linux's largest */
static_assert(CLIENT_SLOTS == 1 << SLOT_BITS, "a handle holds any slot");

void
socks_init(struct skink *s)
{
    list_init(&s->ready);
    list_init(&s->starved);
    list_init(&s->consumed);
    list_init(&s->renewals);
    list_init(&s->held);
    s->own_free = NO_SLOT;
}

uint32_t
sock_slot(const struct skink *s, const struct sock *k)
{
    return (uint32_t)(k - s->socks);
}

int
sock_handle(const struct skink *s, const struct sock *k)
{
    return (int)k->serial << SLOT_BITS | (int)sock_slot(s, k);
}

static bool
is_open(const struct sock *k)
{
    return k->phase != PHASE_NONE && k->phase != PHASE_QUEUED &&
           k->phase != PHASE_CLOSING;
}

struct sock *
sock_of(struct skink *s, int handle)
{
    struct sock *k;

    if (handle < 0)
        return NULL;
    k = &s->socks[handle % CLIENT_SLOTS];
    return is_open(k) && k->serial == handle >> SLOT_BITS ? k : NULL;
}

/* Only the generation, the serial and the queue position outlive a use. */
static void
sock_init(struct sock *k, enum phase phase)
{
    *k = (struct sock){.phase = (uint8_t)phase,
                       .serial = (uint16_t)(k->serial + 1),
                       .generation = k->generation,
                       .last_work = k->last_work,
                       .local = addr_any_v4()};
    list_init(&k->queue);
    list_init(&k->sibling);
    list_init(&k->ready);
    list_init(&k->starved);
    list_init(&k->consumed);
    list_init(&k->held);
    options_init(&k->options);
}

struct sock *
sock_new(struct skink *s)
{
    struct sock *k;

    if (s->own_free != NO_SLOT) {
        k = &s->socks[s->own_free];
        s->own_free = k->next_free;
    } else if (s->own_high < CLIENT_OWN) {
        k = &s->socks[s->own_high++];
    } else {
        return NULL;
    }
    sock_init(k, PHASE_FRESH);
    return k;
}

/* The slot is nobody's again. */
static void
sock_release(struct skink *s, struct sock *k, uint32_t generation)
{
    stream_end(s, k);
    k->phase = PHASE_NONE;
    k->state = SLOT_FREE;
    k->flags = 0;
    k->generation = generation;
    if (sock_slot(s, k) < CLIENT_OWN) {
        k->next_free = s->own_free;
        s->own_free = sock_slot(s, k);
    }
}

int
sock_take_error(struct sock *k)
{
    int error = k->error;

    k->error = 0;
    return error;
}

int
sock_may_send(struct skink *s, struct sock *k)
{
    sock_look(s, k);
    if (k->phase == PHASE_CONNECTING)
        return -EAGAIN;
    if (k->phase == PHASE_CONNECTED || k->phase == PHASE_FAILED)
        return 0;
    return k->error != 0 ? -sock_take_error(k) : -EPIPE;
}

/* A listener's error is for accept. */
int
sock_may_receive(struct skink *s, struct sock *k)
{
    sock_look(s, k);
    if (k->phase == PHASE_CONNECTING)
        return -EAGAIN;
    if (k->phase == PHASE_CONNECTED || k->phase == PHASE_FAILED)
        return 0;
    return k->error != 0 && k->phase != PHASE_LISTENING ? -sock_take_error(k)
                                                        : -ENOTCONN;
}

void
sock_wake(struct skink *s, struct sock *k)
{
    if (k->interest == 0 || !list_empty(&k->ready))
        return;
    list_append(&s->ready, &k->ready);
    instance_news(s);
}

void
sock_flag(struct skink *s, struct sock *k, uint32_t flags)
{
    k->flags |= flags;
    client_set_flags(&s->tx->slot[sock_slot(s, k)], k->generation, k->flags);
    instance_work(s, k);
}

/* ---- what tcpd shows ---- */

/* Has it an address, and no connection? */
static bool
is_bound(const struct sock *k)
{
    return k->phase == PHASE_FRESH || k->phase == PHASE_LISTENING;
}

static bool
has_streams(const struct sock *k, const struct slot_view *v)
{
    if (is_bound(k))
        return false;
    return v->state == SLOT_CONNECTING || v->state == SLOT_QUEUED ||
           v->state == SLOT_OPEN || v->state == SLOT_DEAD;
}

/* Below it no sum of offsets wraps. No connection gets there. */
#define BASE_MOST (UINT64_MAX / 2)

/* False: a stream cannot begin there. */
static bool
take_identity(struct skink *s, struct sock *k)
{
    const struct client_rx_slot *shm = &s->rx->slot[sock_slot(s, k)];
    uint64_t read_base = shm->read_base;
    uint64_t write_base = shm->write_base;

    if ((read_base | write_base) % CHUNK != 0 || read_base > BASE_MOST ||
        write_base > BASE_MOST)
        return false;
    k->based = true;
    k->epoch = client_word_load(&s->rx->epoch);
    stream_begin(k, read_base, write_base);
    k->local = shm->local;
    k->local_port = shm->local_port;
    k->remote = shm->remote;
    k->remote_port = shm->remote_port;
    return true;
}

/* Did the connection end with a tcpd rather than by TCP? Then its chunks may
 * hold other bytes: what was not read is gone. Such a slot is shown with no room
 * to send, as is one that ended by TCP when all of its room was used: those
 * are told apart by who ran it. */
static bool
is_lost(const struct skink *s, const struct sock *k, const struct slot_view *v)
{
    return v->state == SLOT_DEAD && v->send_limit == v->freed &&
           (k->write_end < v->send_limit ||
            client_word_load(&s->rx->epoch) != k->epoch);
}

/* False: the cursors move backwards, or further than a stream may. */
static bool
take_cursors(struct skink *s, struct sock *k, const struct slot_view *v)
{
    uint64_t freed = v->freed < k->write_end ? v->freed : k->write_end;

    if (is_lost(s, k, v)) {
        k->read_limit = k->read_end;
    } else {
        if (v->read_limit < k->read_limit ||
            v->read_limit - k->read_end > (uint64_t)SLOT_CHUNKS * CHUNK)
            return false;
        k->read_limit = v->read_limit;
    }
    if (freed < k->freed)
        return false;
    k->freed = freed;
    k->send_limit = v->send_limit;
    stream_release(s, k);
    return true;
}

/* The first time that it is seen dead brings its error. */
static void
take_state(struct sock *k, const struct slot_view *v)
{
    if (v->state == SLOT_DEAD && k->state != SLOT_DEAD)
        k->error = v->error <= ERRNO_LAST ? (int)v->error : EPROTO;
    k->state = (uint8_t)v->state;
    k->slot_flags = v->flags;
    if (k->phase != PHASE_CONNECTING)
        return;
    if (v->state == SLOT_OPEN)
        k->phase = PHASE_CONNECTED;
    else if (v->state == SLOT_DEAD)
        k->phase =
            k->read_limit != k->read_end ? PHASE_CONNECTED : PHASE_FAILED;
}

/* Believed no longer, whatever comes. */
static void
sock_break(struct sock *k)
{
    if (k->state != SLOT_DEAD)
        k->error = ECONNRESET;
    k->state = SLOT_DEAD;
    k->slot_flags = SLOT_RESET | SLOT_NO_SEND;
    k->read_limit = k->read_end;
    if (k->phase == PHASE_CONNECTING)
        k->phase = PHASE_FAILED;
}

/* tcpd has let go of the slot. Answers that are still to come name it. */
static void
generation_over(struct skink *s, struct sock *k, uint32_t now)
{
    if (k->phase == PHASE_CLOSING && k->requests > 0) {
        k->generation = now;
        k->gone = true;
    } else if (k->phase == PHASE_CLOSING)
        sock_release(s, k, now);
    else if (k->renewal == RENEW_CLOSE || k->renewal == RENEW_CLOSING)
        renew_generation(s, k, now);
    else
        sock_break(k);
}

void
sock_look(struct skink *s, struct sock *k)
{
    struct slot_view v;

    client_slot_look(&s->rx->slot[sock_slot(s, k)], &v);
    if (v.generation != k->generation) {
        generation_over(s, k, v.generation);
        return;
    }
    if (v.state == SLOT_FREE || k->state == SLOT_DEAD)
        return;
    k->attached = true;
    if (k->renewal == RENEW_CLOSE || k->renewal == RENEW_CLOSING) {
        k->state = (uint8_t)v.state;
        return;
    }
    if (v.state == SLOT_DEAD && is_bound(k)) {
        k->state = SLOT_DEAD;
        renew_start(s, k); /* lost with a tcpd: it is bound again */
        return;
    }
    if ((!k->based && has_streams(k, &v) && !take_identity(s, k)) ||
        (k->based && !take_cursors(s, k, &v)))
        sock_break(k);
    else
        take_state(k, &v);
}

/* ---- connections that tcpd accepted ---- */

static struct sock *
parent_of(struct skink *s, const struct sock *k)
{
    uint32_t parent = s->rx->slot[sock_slot(s, k)].parent;
    struct sock *l = parent < CLIENT_OWN ? &s->socks[parent] : NULL;

    return l != NULL && l->phase == PHASE_LISTENING ? l : NULL;
}

/* A slot that is nobody's: free, or a connection that we hear of now. One whose
 * listener was closed, or that is over already, goes back at once. */
static void
sock_adopt(struct skink *s, struct sock *k)
{
    struct slot_view v;
    struct sock *listener;

    client_slot_look(&s->rx->slot[sock_slot(s, k)], &v);
    k->generation = v.generation;
    if (v.state == SLOT_FREE)
        return;
    sock_init(k, PHASE_QUEUED);
    sock_look(s, k);
    listener = parent_of(s, k);
    if (k->state != SLOT_QUEUED || listener == NULL) {
        k->abort_on_close = true;
        sock_close(s, k);
        return;
    }
    list_append(&listener->queue, &k->sibling);
    sock_wake(s, listener);
}

void
sock_close_children(struct skink *s, struct sock *listener)
{
    struct list *l;

    while ((l = list_pop(&listener->queue)) != NULL) {
        struct sock *child = list_item(l, struct sock, sibling);

        child->abort_on_close = true;
        sock_close(s, child);
    }
}

struct sock *
sock_accept(struct skink *s, struct sock *listener)
{
    struct list *l = list_pop(&listener->queue);
    struct sock *k;

    if (l == NULL)
        return NULL;
    k = list_item(l, struct sock, sibling);
    k->phase = PHASE_CONNECTED;
    k->outcome_told = true;
    sock_flag(s, k, CLIENT_CLAIMED);
    sock_look(s, k);
    return k;
}

void
sock_event(struct skink *s, struct sock *k)
{
    if (k->phase != PHASE_NONE) {
        sock_look(s, k);
        sock_wake(s, k);
    }
    if (k->phase == PHASE_NONE && sock_slot(s, k) >= CLIENT_OWN)
        sock_adopt(s, k);
    /* A successor of tcpd shows what its predecessor left: it has not heard
     * of the closing, and the entry that said so may have been taken. */
    else if ((k->flags & CLIENT_CLOSE) != 0 && k->state == SLOT_DEAD)
        instance_work(s, k);
}

/* ---- the end ---- */

/* A request that puts the slot to use must not come behind the close. One that
 * has done so shows in the slot before its answer, and to wait for that would
 * leave it to chance what tcpd makes of a process that ends now. Slots that tcpd
 * gives are used again without asking us. */
static bool
may_show_close(const struct skink *s, const struct sock *k)
{
    return k->requests == 0 || (k->based && sock_slot(s, k) < CLIENT_OWN);
}

static void
show_close(struct skink *s, struct sock *k)
{
    if (!k->attached && sock_slot(s, k) < CLIENT_OWN)
        sock_release(s, k, k->generation);
    else
        sock_flag(s, k,
                  k->abort_on_close ? CLIENT_CLOSE | CLIENT_ABORT
                                    : CLIENT_CLOSE);
}

void
sock_close(struct skink *s, struct sock *k)
{
    sock_close_children(s, k);
    list_remove(&k->sibling);
    list_remove(&k->ready);
    list_remove(&k->starved);
    list_remove(&k->consumed);
    if (k->based)
        stream_finish(s, k);
    k->interest = 0;
    k->renewal = RENEW_NONE;
    k->phase = PHASE_CLOSING;
    if (may_show_close(s, k))
        show_close(s, k);
    instance_news(s);
}

void
sock_answered(struct skink *s, struct sock *k, bool works)
{
    k->requests--;
    k->attached |= works;
    if (k->phase == PHASE_CLOSING) {
        if (k->requests == 0 && k->gone)
            sock_release(s, k, k->generation);
        else if (k->requests == 0 && !(k->flags & CLIENT_CLOSE))
            show_close(s, k);
        return;
    }
    sock_look(s, k);
    sock_wake(s, k);
}
