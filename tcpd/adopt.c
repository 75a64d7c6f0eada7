/* SPDX-License-Identifier: MIT */
/* How a client becomes known to tcpd: three handover messages, and for a
 * successor the records that its predecessor left. */
#include "tcpd/slots.h"

#include "base/bits.h"

#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <unistd.h>

static void
slots_init(struct client *c)
{
    for (uint32_t i = 0; i < CLIENT_SLOTS; i++) {
        list_init(&c->slots[i].dirty);
        list_init(&c->slots[i].again);
        list_init(&c->slots[i].due);
        c->slots[i].ref = SLOT_UNASSIGNED;
    }
}

static void
slot_recover_ends(struct clients *cs, struct slot *s, uint32_t ref)
{
    struct tcb tcb;

    if (ref < TCPD_TCBS && checkpoint_recover_tcb(cs->checkpoint, ref, &tcb))
        slot_set_ends(s, &tcb);
}

/* A slot as a predecessor left it. Its connection died with the predecessor, which
 * the client is told by ECONNRESET. It is shown in any case: the predecessor may
 * have died before it did that. And it is looked at: the client may have closed
 * it, and its entry be taken. */
static void
slot_recover(struct clients *cs, struct client *c, uint32_t number)
{
    struct slot *s = &c->slots[number];
    struct slot_image image;

    if (!checkpoint_recover_slot(cs->checkpoint, c->number, number, &image) ||
        image.serial != (uint32_t)c->serial)
        return; /* never used, or by an earlier client of this number */
    s->generation = image.generation;
    s->read_end = image.read_end;
    s->write_end = image.write_end;
    if (image.kind == SLOT_KIND_TCB)
        slot_recover_ends(cs, s, image.ref);
    if (image.kind != SLOT_KIND_FREE) {
        s->kind = SLOT_KIND_LOST;
        c->attached++;
        list_append(&c->again, &s->again);
    } else if (number >= CLIENT_OWN) {
        s->ref = c->given_free;
        c->given_free = number;
    }
    slot_touch(c, s);
}

static void
client_recover(struct clients *cs, struct client *c)
{
    struct client_image image;

    c->next_request = 1;
    if (!checkpoint_recover_client(cs->checkpoint, c->number, &image) ||
        image.serial != c->serial)
        return;
    c->next_request = image.next_request;
    c->own_high = min_u32(image.own_high, CLIENT_OWN);
    c->given_high = min_u32(image.given_high, CLIENT_SLOTS - CLIENT_OWN);
    for (uint32_t i = 0; i < c->own_high; i++)
        slot_recover(cs, c, i);
    for (uint32_t i = 0; i < c->given_high; i++)
        slot_recover(cs, c, CLIENT_OWN + i);
}

/* Its queues go on where the regions say: our own head as last shown, our own tail.
 * A client that changed them has only itself to confuse. */
static bool
client_start(struct clients *cs, struct client *c, const struct handover *h,
             int fd)
{
    struct epoll_event ev = {.events = EPOLLIN, .data.u32 = c->number};

    c->slots = calloc(CLIENT_SLOTS, sizeof *c->slots);
    if (c->slots == NULL || epoll_ctl(cs->epoll, EPOLL_CTL_ADD, fd, &ev) != 0) {
        free(c->slots);
        c->slots = NULL;
        return false;
    }
    c->used = true;
    c->connection = fd;
    c->uid = h->uid;
    c->serial = h->serial;
    memcpy(c->token, h->token, TOKEN_SIZE);
    c->tx = (const struct client_tx_shm *)(const void *)c->tx_region.base;
    c->rx = (struct client_rx_shm *)(void *)c->rx_region.base;
    c->work_head = client_word_load(&c->rx->work_head);
    c->event_tail = client_word_load(&c->rx->event.tail);
    c->given_free = SLOT_UNASSIGNED;
    chunk_pool_init(&c->pool, c->rx_region.base + CLIENT_CHUNK_OFFSET,
                    CLIENT_CHUNKS);
    slots_init(c);
    client_recover(cs, c);
    client_word_store(&c->rx->epoch, cs->epoch);
    c->news = true; /* the epoch is */
    clients_touch(c);
    return true;
}

static bool
adopt_region(struct region *r, uint32_t id, int fd, bool writable)
{
    region_unmap(r);
    if (!region_map(r, fd, id, writable))
        return false;
    if (r->size >= CLIENT_REGION_SIZE)
        return true;
    region_unmap(r);
    return false;
}

bool
clients_adopt(struct clients *cs, const struct handover *h, int fd)
{
    struct client *c = &cs->client[h->id % CLIENTS_MAX];
    bool ok = false;

    if (h->id >= CLIENTS_MAX || c->used || fd < 0) {
        if (fd >= 0)
            close(fd);
        return false;
    }
    if (h->kind == HANDOVER_CLIENT_TX)
        ok = adopt_region(&c->tx_region, REGION_CLIENT_TX(h->id), fd, false);
    else if (h->kind == HANDOVER_CLIENT_RX)
        ok = adopt_region(&c->rx_region, REGION_CLIENT_RX(h->id), fd, true);
    else if (h->kind == HANDOVER_CLIENT && c->tx_region.base != NULL &&
             c->rx_region.base != NULL && client_start(cs, c, h, fd))
        return true; /* the connection stays open */
    close(fd);
    return ok;
}
