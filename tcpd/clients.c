/* SPDX-License-Identifier: MIT */
/* Clients: what they ask for by their work queues, and their end.
 *
 * Theory of operation. A client attaches (adopt.c), writes cursors and flags
 * into a tx slot and puts the slot's number on its work queue; here the entry is
 * taken and the slot served (slots.c). Before the commit slots follow their
 * connections (settle.c), after it all is shown (publish.c). A broken queue
 * costs the client.
 *
 * The queue's head is shown only after the commit, so a client that writes
 * between our look and that moment believes its old entry is still ahead.
 * Therefore every slot that was taken is looked at once more in the next
 * turn, after the head was shown and a full barrier. */
#include "tcpd/slots.h"

#include "base/os/fdpass.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/socket.h>
#include <unistd.h>

/* Slots of one client a turn: who refills its queue all the time gets no more of
 * tcpd's time than the others. */
#define WORK_BATCH 64
#define RETRY_MS   100 /* until a full socket is tried again */

/* Nobody lives here. */
static void
client_clear(struct client *c, uint32_t number)
{
    memset(c, 0, sizeof *c);
    c->number = number;
    c->connection = -1;
    list_init(&c->again);
    list_init(&c->dirty_slots);
    list_init(&c->due);
}

void
clients_init(struct clients *cs, struct tcp *tcp, struct checkpoint *cp,
             int epoll, int supervisor, uint64_t epoch)
{
    memset(cs, 0, sizeof *cs);
    cs->tcp = tcp;
    cs->checkpoint = cp;
    cs->epoll = epoll;
    cs->supervisor = supervisor;
    cs->epoch = epoch;
    cs->retry = INSTANT_NEVER;
    for (uint32_t i = 0; i < CLIENTS_MAX; i++)
        client_clear(&cs->client[i], i);
}

/* Over all clients of c's uid. */
static void
sum_uses(const struct clients *cs, const struct client *c, uint32_t *slots,
         uint32_t *listeners)
{
    *slots = 0;
    *listeners = 0;
    for (uint32_t i = 0; i < CLIENTS_MAX; i++) {
        const struct client *other = &cs->client[i];

        if (other->used && other->uid == c->uid) {
            *slots += other->attached;
            *listeners += other->listeners;
        }
    }
}

bool
clients_may_attach(const struct clients *cs, const struct client *c)
{
    uint32_t slots, listeners;

    sum_uses(cs, c, &slots, &listeners);
    return slots < UID_SLOTS;
}

bool
clients_may_bind(const struct clients *cs, const struct client *c)
{
    uint32_t slots, listeners;

    sum_uses(cs, c, &slots, &listeners);
    return slots < UID_SLOTS && listeners < UID_LISTENERS;
}

struct client *
clients_find(struct clients *cs, const uint8_t token[TOKEN_SIZE])
{
    for (uint32_t i = 0; i < CLIENTS_MAX; i++) {
        struct client *c = &cs->client[i];
        uint8_t differs = 0;

        for (uint32_t b = 0; b < TOKEN_SIZE; b++)
            differs |= (uint8_t)(c->token[b] ^ token[b]);
        if (c->used && !c->dead && differs == 0)
            return c;
    }
    return NULL;
}

void
clients_touch(struct client *c)
{
    c->dirty = true;
}

/* ---- the end of a client ---- */

/* As a kernel ends a process: unsent bytes still go out, unread ones mean RST.
 * What the client wrote last may not have been taken yet. */
static void
client_die(struct clients *cs, struct client *c, instant_t now)
{
    c->dead = true;
    epoll_ctl(cs->epoll, EPOLL_CTL_DEL, c->connection, NULL);
    close(c->connection);
    c->connection = -1;
    for (uint32_t i = 0; i < c->own_high; i++)
        slot_end(cs, c, i, now);
    for (uint32_t i = 0; i < c->given_high; i++)
        slot_end(cs, c, CLIENT_OWN + i, now);
    clients_touch(c);
}

void
clients_connection(struct clients *cs, uint32_t number)
{
    struct client *c = &cs->client[number];
    uint8_t bytes[64];

    if (!c->used || c->dead || c->gone)
        return;
    /* A bounded number of doorbell bytes a turn: more are found by the next. */
    for (int i = 0; i < 16; i++) {
        ssize_t n = recv(c->connection, bytes, sizeof bytes, MSG_DONTWAIT);

        if (n < 0 && (errno == EAGAIN || errno == EINTR))
            return;
        if (n <= 0) { /* the end, or ECONNRESET: it left our bytes unread */
            c->gone = true;
            return;
        }
    }
}

/* Dead, and the last orphan gone: nothing refers to the regions any more. */
static bool
client_is_over(const struct client *c)
{
    return c->dead && c->attached == 0;
}

static void
client_forget(struct clients *cs, struct client *c, instant_t now)
{
    struct handover gone = {.kind = HANDOVER_CLIENT_GONE, .id = c->number};

    if (!fdpass_send(cs->supervisor, &gone, sizeof gone, NULL, 0)) {
        cs->retry = instant_add(now, duration_ms(RETRY_MS));
        return;
    }
    region_unmap(&c->tx_region);
    region_unmap(&c->rx_region);
    free(c->slots);
    client_clear(c, c->number);
    c->dirty = true; /* the record says: nobody */
}

/* ---- taking ---- */

static unsigned
client_take_again(struct clients *cs, struct client *c, instant_t now)
{
    struct list todo;
    struct list *l;
    unsigned work = 0;

    if (list_empty(&c->again))
        return 0;
    todo = c->again;
    todo.next->prev = &todo;
    todo.prev->next = &todo;
    list_init(&c->again);
    while ((l = list_pop(&todo)) != NULL) {
        struct slot *s = list_item(l, struct slot, again);

        slot_serve(cs, c, slot_number(c, s), now);
        work++;
    }
    return work;
}

static unsigned
client_take(struct clients *cs, struct client *c, instant_t now)
{
    unsigned work = client_take_again(cs, c, now);
    int64_t ready = client_queue_ready(&c->tx->work, c->work_head);

    if (c->gone || ready < 0) {
        client_die(cs, c, now);
        return 1;
    }
    if (ready > WORK_BATCH)
        ready = WORK_BATCH;
    for (int64_t i = 0; i < ready; i++) {
        uint32_t number =
            client_queue_entry(&c->tx->work, c->work_head) % CLIENT_SLOTS;
        struct slot *s = &c->slots[number];

        c->work_head++;
        slot_serve(cs, c, number, now);
        list_remove(&s->again);
        list_append(&c->again, &s->again);
    }
    return work + (unsigned)ready;
}

unsigned
clients_take(struct clients *cs, instant_t now)
{
    bool waits = !instant_is_never(cs->retry) && !instant_due(cs->retry, now);
    unsigned work = 0;

    if (!waits)
        cs->retry = INSTANT_NEVER;
    cs->first = (cs->first + 1) % CLIENTS_MAX;
    for (uint32_t i = 0; i < CLIENTS_MAX; i++) {
        struct client *c = &cs->client[(cs->first + i) % CLIENTS_MAX];

        if (c->used && !c->dead)
            work += client_take(cs, c, now);
        else if (client_is_over(c) && !waits)
            client_forget(cs, c, now);
        work += c->dirty; /* adopted or forgotten: the record must say so */
    }
    return work;
}

bool
clients_waiting(const struct clients *cs)
{
    for (uint32_t i = 0; i < CLIENTS_MAX; i++) {
        const struct client *c = &cs->client[i];

        if (c->dirty || (client_is_over(c) && instant_is_never(cs->retry)))
            return true;
        if (c->used && !c->dead &&
            (c->gone || !list_empty(&c->again) ||
             client_queue_ready(&c->tx->work, c->work_head) != 0))
            return true;
    }
    return false;
}
