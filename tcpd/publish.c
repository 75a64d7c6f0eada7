/* SPDX-License-Identifier: MIT */
/* What clients get to see of a turn that has become true: cursors, states,
 * events, and a byte on the doorbell of those that sleep.
 *
 * Everything shown is computed from the committed images, so showing it twice does
 * no harm. An event only says "look": one a slot is outstanding at most. The
 * client shows that it has taken an event, then looks (with a full barrier
 * between); we show the slot, then look whether the last event was taken
 * (with a full barrier between): so nothing is overlooked. */
#include "tcpd/slots.h"

#include "proto/shm/doorbell.h"

#include <errno.h>
#include <sys/socket.h>

static uint32_t
errno_of(enum tcp_error error)
{
    switch (error) {
    case TCP_OK:
        return 0;
    case TCP_REFUSED:
        return ECONNREFUSED;
    case TCP_RESET:
        return ECONNRESET;
    case TCP_TIMED_OUT:
        return ETIMEDOUT;
    case TCP_UNREACHABLE:
        return ENETUNREACH;
    case TCP_HOST_UNREACHABLE:
        return EHOSTUNREACH;
    case TCP_ABORTED:
        return ECONNABORTED;
    case TCP_ADDR_IN_USE:
        return EADDRINUSE;
    case TCP_ADDR_NOT_OURS:
    case TCP_NO_PORT:
        return EADDRNOTAVAIL;
    case TCP_NO_MEMORY:
        return ENOBUFS;
    case TCP_INVALID:
        return EINVAL;
    }
    return EPROTO;
}

static enum slot_state
state_of(const struct tcb *tcb)
{
    switch ((enum tcb_state)tcb->state) {
    case TCB_SYN_SENT:
    case TCB_SYN_RECEIVED:
        return SLOT_CONNECTING;
    case TCB_ESTABLISHED:
    case TCB_FIN_WAIT_1:
    case TCB_FIN_WAIT_2:
    case TCB_CLOSE_WAIT:
    case TCB_CLOSING:
    case TCB_LAST_ACK:
    case TCB_TIME_WAIT:
        return (tcb->flags & TCB_QUEUED) != 0 ? SLOT_QUEUED : SLOT_OPEN;
    case TCB_CLOSED:
    case TCB_STATES:
        break;
    }
    return SLOT_DEAD;
}

static uint32_t
flags_of(const struct tcb *tcb)
{
    uint32_t flags = 0;

    if ((tcb->flags & TCB_FIN_RECEIVED) != 0)
        flags |= SLOT_FIN;
    if (tcb->error == TCP_RESET || tcb->error == TCP_ABORTED)
        flags |= SLOT_RESET;
    if (tcb->state == TCB_CLOSED || (tcb->flags & TCB_SHUT_WR) != 0)
        flags |= SLOT_NO_SEND;
    return flags;
}

static struct slot_view
view_of_tcb(const struct slot *s, const struct tcb *tcb)
{
    uint64_t freed = tcb->tx_base + tcb->tx_una;

    return (struct slot_view){
        .generation = s->generation,
        .state = state_of(tcb),
        .flags = flags_of(tcb),
        .read_limit = tcb->rx_base + tcb->rx_end,
        .freed = tcb->state == TCB_CLOSED ? tcb->tx_base + tcb->tx_end : freed,
        .send_limit = slot_send_limit(s, tcb),
        .error = errno_of((enum tcp_error)tcb->error)};
}

/* Numbers of the chunks that hold what has become readable. */
static void
show_chunks(const struct slot *s, struct client_rx_slot *shm,
            const struct tcb *tcb, uint64_t limit)
{
    for (uint64_t at = s->shown_read & ~(uint64_t)(CHUNK - 1); at < limit;
         at += CHUNK)
        client_chunk_store(
            shm->chunk, at,
            tcb->rx.chunk[(at - tcb->rx_base) / CHUNK % STREAM_CHUNKS]);
}

/* Has the slot changed so that somebody may wait for it? Space to send is news
 * when a third of the buffer is new, or when all is acknowledged. */
static bool
slot_is_news(struct slot *s, const struct tcb *tcb, const struct slot_view *v)
{
    uint64_t status = (uint64_t)v->flags << 8 | (uint64_t)v->state;
    bool news = v->read_limit != s->shown_read || status != s->shown_status;

    if (v->send_limit - s->announced >= tcb->settings.send_buffer / 3 ||
        (tcb->tx_una == tcb->tx_end && v->send_limit != s->announced)) {
        s->announced = v->send_limit;
        news = true;
    }
    s->shown_read = v->read_limit;
    s->shown_limit = v->send_limit;
    s->shown_status = status;
    return news;
}

/* The words that never change within a generation; before its first status. */
static void
show_identity(const struct clients *cs, const struct client *c,
              struct client_rx_slot *shm, const struct tcb *tcb)
{
    shm->read_base = tcb->rx_base;
    shm->write_base = tcb->tx_base;
    shm->local = tcb->local;
    shm->remote = tcb->remote;
    shm->local_port = tcb->local_port;
    shm->remote_port = tcb->remote_port;
    shm->parent = SLOT_UNASSIGNED;
    if (tcb->listener != LISTENER_NONE &&
        cs->tcp->listeners[tcb->listener].owner.client == c->number)
        shm->parent = cs->tcp->listeners[tcb->listener].owner.slot;
}

static void
event_due(struct client *c, struct slot *s)
{
    if (list_empty(&s->due))
        list_append(&c->due, &s->due);
}

static void
show_tcb(struct clients *cs, struct client *c, struct slot *s, struct tcb *tcb)
{
    struct client_rx_slot *shm = &c->rx->slot[slot_number(c, s)];
    struct slot_view v = view_of_tcb(s, tcb);

    if (!list_empty(&s->dirty))
        show_identity(cs, c, shm, tcb);
    show_chunks(s, shm, tcb, v.read_limit);
    client_slot_publish(shm, &v);
    if (slot_is_news(s, tcb, &v))
        event_due(c, s);
}

static void
show_other(struct clients *cs, struct client *c, struct slot *s)
{
    struct client_rx_slot *shm = &c->rx->slot[slot_number(c, s)];
    struct slot_view v = {.generation = s->generation,
                          .state = SLOT_FREE,
                          .read_limit = s->read_end,
                          .freed = s->write_end,
                          .send_limit = s->write_end};

    if (s->kind == SLOT_KIND_LOST) {
        v.state = SLOT_DEAD;
        v.flags = SLOT_RESET | SLOT_NO_SEND;
        v.error = ECONNRESET;
    } else if (s->kind == SLOT_KIND_LISTENER) {
        const struct listener *l = &cs->tcp->listeners[s->ref];

        v.state = l->backlog == 0 ? SLOT_BOUND : SLOT_LISTEN;
        shm->local = l->addr;
        shm->local_port = l->port;
    }
    client_slot_publish(shm, &v);
}

/* Shows a client's slots that changed hands and are no connections. */
static void
publish_dirty(struct clients *cs, struct client *c)
{
    struct list *l;

    while ((l = list_pop(&c->dirty_slots)) != NULL) {
        struct slot *s = list_item(l, struct slot, dirty);

        if (s->kind == SLOT_KIND_TCB || c->dead)
            continue;
        show_other(cs, c, s);
        event_due(c, s);
    }
}

/* The slot of a connection that a client can see, or NULL. */
static struct slot *
slot_of(struct clients *cs, const struct tcb *tcb, struct client **client)
{
    const struct owner *o =
        tcb->owner.client != OWNER_NONE ? &tcb->owner : &tcb->lender;

    if (o->client == OWNER_NONE || o->slot == SLOT_UNASSIGNED)
        return NULL;
    *client = &cs->client[o->client];
    return (*client)->dead ? NULL : &(*client)->slots[o->slot];
}

static void
publish_tcbs(struct clients *cs)
{
    struct client *c;
    struct slot *s;

    for (struct list *l = cs->tcp->changed.next; l != &cs->tcp->changed;
         l = l->next) {
        struct tcb *tcb = list_item(l, struct tcb, changed);

        if ((s = slot_of(cs, tcb, &c)) != NULL)
            show_tcb(cs, c, s, tcb);
    }
}

/* After the barrier: an event for each slot that is due one and whose last event
 * the client has taken. */
static void
publish_events(struct client *c)
{
    struct list *l;

    while ((l = list_pop(&c->due)) != NULL) {
        struct slot *s = list_item(l, struct slot, due);

        if (client_word_load(&c->tx->event_head) < s->last_event)
            continue;
        client_queue_add(&c->rx->event, &c->event_tail, slot_number(c, s));
        s->last_event = c->event_tail;
        c->news = true;
    }
}

static void
ring_client(struct client *c)
{
    static const uint8_t byte = 0;

    c->news = false;
    if (client_flag_load(&c->tx->sleeping) != 0)
        (void)!send(c->connection, &byte, 1, MSG_DONTWAIT | MSG_NOSIGNAL);
}

void
clients_publish(struct clients *cs)
{
    publish_tcbs(cs);
    for (uint32_t i = 0; i < CLIENTS_MAX; i++)
        publish_dirty(cs, &cs->client[i]);
    doorbell_barrier();
    for (uint32_t i = 0; i < CLIENTS_MAX; i++) {
        struct client *c = &cs->client[i];

        publish_events(c);
        if (c->used)
            client_word_store(&c->rx->work_head, c->work_head);
    }
    /* Orders the events before the sleeping flags, and the heads before the
     * second look at the slots taken in this turn. */
    doorbell_barrier();
    for (uint32_t i = 0; i < CLIENTS_MAX; i++)
        if (cs->client[i].news && cs->client[i].connection >= 0)
            ring_client(&cs->client[i]);
}
