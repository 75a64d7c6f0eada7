/* SPDX-License-Identifier: MIT */
/* Slots: what a client says of one socket becomes calls of the core.
 *
 * A client writes cursors and flags into its tx slot; slot_serve() compares
 * them with the core's image and turns the difference into calls. Everything
 * read there is hostile: it is copied once, and a cursor that moves back or too
 * far costs that connection (RST).
 *
 * A slot outlives close() until the peer has everything that was written, since
 * the bytes lie in the client's memory; only then its generation ends. */
#include "tcpd/slots.h"

#include "base/bits.h"
#include "tcpd/options.h"

static_assert(STREAM_CHUNK == CHUNK, "core and regions cut streams alike");
static_assert(STREAM_CHUNKS == SLOT_CHUNKS, "core and regions agree");
static_assert(POOL_CHUNKS == CLIENT_CHUNKS, "core and regions agree");

/* ---- a generation begins and ends ---- */

struct owner
clients_owner(const struct client *c, uint32_t slot)
{
    return (struct owner){
        .client = c->number,
        .slot = slot,
        .generation = slot == SLOT_UNASSIGNED ? 0 : c->slots[slot].generation};
}

struct slot *
clients_own_slot(struct client *c, uint32_t slot)
{
    return slot < CLIENT_OWN ? &c->slots[slot] : NULL;
}

void
slot_touch(struct client *c, struct slot *s)
{
    if (list_empty(&s->dirty))
        list_append(&c->dirty_slots, &s->dirty);
}

/* Streams begin at a whole chunk behind all that was written before. */
void
clients_attach(struct clients *cs, struct client *c, uint32_t slot,
               enum slot_kind kind, uint32_t ref)
{
    struct slot *s = &c->slots[slot];

    cs->bound |= s->kind == SLOT_KIND_LISTENER || kind == SLOT_KIND_LISTENER;
    c->attached += s->kind == SLOT_KIND_FREE;
    c->listeners -= s->kind == SLOT_KIND_LISTENER;
    c->listeners += kind == SLOT_KIND_LISTENER;
    s->kind = kind;
    s->ref = ref;
    s->read_end = bits_round_up(s->read_end, CHUNK);
    s->write_end = bits_round_up(s->write_end, CHUNK);
    s->shown_read = s->read_end;
    s->shown_limit = s->write_end;
    s->shown_status = 0;
    s->announced = s->write_end;
    if (slot < CLIENT_OWN)
        c->own_high = max_u32(c->own_high, slot + 1);
    clients_touch(c);
    slot_touch(c, s);
}

void
slot_set_ends(struct slot *s, const struct tcb *tcb)
{
    s->read_end = tcb->rx_base + tcb->rx_end;
    s->write_end = tcb->tx_base + tcb->tx_una + BUFFER_MAX;
}

uint64_t
slot_send_limit(const struct slot *s, const struct tcb *tcb)
{
    uint64_t limit = tcb->tx_base + tcb->tx_una + tcb->settings.send_buffer;

    return max_u64(limit, s->shown_limit);
}

void
slot_free(struct clients *cs, struct client *c, struct slot *s,
          const struct tcb *tcb)
{
    if (tcb != NULL)
        slot_set_ends(s, tcb);
    cs->bound |= s->kind == SLOT_KIND_LISTENER;
    c->listeners -= s->kind == SLOT_KIND_LISTENER;
    s->kind = SLOT_KIND_FREE;
    s->generation++;
    s->ref = SLOT_UNASSIGNED;
    if (slot_number(c, s) >= CLIENT_OWN) {
        s->ref = c->given_free;
        c->given_free = slot_number(c, s);
    }
    c->attached--;
    slot_touch(c, s);
}

/* ---- what a client says of one socket ---- */

/* Copies the numbers of the chunks that hold [from, to) of the client's stream
 * into the core's table. False: a number that no chunk has. */
static bool
slot_take_chunks(const struct client_tx_slot *shm, struct tcb *tcb,
                 uint64_t from, uint64_t to)
{
    for (uint64_t at = from & ~(uint64_t)(CHUNK - 1); at < to; at += CHUNK) {
        uint16_t n = client_chunk_load(shm->chunk, tcb->tx_base + at);

        if (n >= CLIENT_CHUNKS)
            return false;
        tcb->tx.chunk[at / CHUNK % SLOT_CHUNKS] = n;
    }
    return true;
}

/* False: the client lies. A cursor below the base is one of an earlier
 * generation: this one has nothing to say yet. */
static bool
slot_take_written(struct clients *cs, const struct slot *s, struct tcb *tcb,
                  const struct client_tx_slot *shm, uint64_t cursor,
                  instant_t now)
{
    if (cursor <= tcb->tx_base + tcb->tx_end)
        return cursor <= tcb->tx_base || cursor == tcb->tx_base + tcb->tx_end;

    uint64_t end = cursor - tcb->tx_base;
    if (cursor > slot_send_limit(s, tcb) || (tcb->flags & TCB_SHUT_WR) != 0 ||
        !slot_take_chunks(shm, tcb, tcb->tx_end, end))
        return false;
    tcp_call_send(cs->tcp, tcb, end, now);
    return true;
}

static bool
slot_take_read(struct clients *cs, struct tcb *tcb, uint64_t cursor,
               instant_t now)
{
    if (cursor <= tcb->rx_base + tcb->rx_read)
        return cursor <= tcb->rx_base || cursor == tcb->rx_base + tcb->rx_read;
    if (cursor - tcb->rx_base > tcb->rx_end)
        return false;
    tcp_call_received(cs->tcp, tcb, cursor - tcb->rx_base, now);
    return true;
}

static void
slot_serve_tcb(struct clients *cs, const struct client *c, struct slot *s,
               const struct client_tx_slot *shm, const struct work_view *v,
               instant_t now)
{
    struct tcb *tcb = &cs->tcp->tcbs[s->ref];

    if (tcb->owner.client != c->number)
        return; /* closed: it only lends us its bytes */
    if (!slot_take_read(cs, tcb, v->read_end, now) ||
        !slot_take_written(cs, s, tcb, shm, v->write_end, now)) {
        tcp_call_abort(cs->tcp, tcb, now);
        return;
    }
    if (v->generation != s->generation)
        return; /* the flags are still those of the last generation */
    if ((v->flags & CLIENT_CLAIMED) != 0 && (tcb->flags & TCB_QUEUED) != 0)
        tcp_call_claim(cs->tcp, tcb);
    if ((v->flags & CLIENT_SHUT_WR) != 0 && (tcb->flags & TCB_SHUT_WR) == 0)
        tcp_call_shutdown(cs->tcp, tcb, now);
    if ((v->flags & CLIENT_ABORT) != 0)
        tcp_call_abort(cs->tcp, tcb, now);
    else if ((v->flags & CLIENT_CLOSE) != 0)
        tcp_call_close(cs->tcp, tcb, now);
}

/* What was claimed before the listener was closed is not the listener's any
 * more, also when the entry that says so lies behind. */
static void
take_claims(struct clients *cs, struct client *c, const struct listener *l,
            instant_t now)
{
    struct list *next;

    for (struct list *at = l->children.next; at != &l->children; at = next) {
        const struct tcb *tcb = list_item(at, struct tcb, siblings);
        uint32_t number = tcb->owner.slot;
        struct work_view v;

        next = at->next;
        if (number == SLOT_UNASSIGNED)
            continue;
        client_work_look(&c->tx->slot[number], &v);
        slot_serve_tcb(cs, c, &c->slots[number], &c->tx->slot[number], &v, now);
    }
}

/* Of what has no streams. */
static void
slot_close(struct clients *cs, struct client *c, struct slot *s, instant_t now)
{
    if (s->kind == SLOT_KIND_LISTENER) {
        take_claims(cs, c, &cs->tcp->listeners[s->ref], now);
        tcp_call_unbind(cs->tcp, &cs->tcp->listeners[s->ref], now);
    }
    slot_free(cs, c, s, NULL);
}

void
slot_serve(struct clients *cs, struct client *c, uint32_t number, instant_t now)
{
    struct slot *s = &c->slots[number];
    struct work_view v;

    client_work_look(&c->tx->slot[number], &v);
    if (s->kind == SLOT_KIND_TCB)
        slot_serve_tcb(cs, c, s, &c->tx->slot[number], &v, now);
    else if (s->kind != SLOT_KIND_FREE && v.generation == s->generation &&
             (v.flags & CLIENT_CLOSE) != 0)
        slot_close(cs, c, s, now);
}

void
slot_end(struct clients *cs, struct client *c, uint32_t number, instant_t now)
{
    struct slot *s = &c->slots[number];

    slot_serve(cs, c, number, now);
    if (s->kind == SLOT_KIND_TCB) {
        struct tcb *tcb = &cs->tcp->tcbs[s->ref];

        if (tcb->owner.client == c->number)
            tcp_call_close(cs->tcp, tcb, now);
    } else if (s->kind != SLOT_KIND_FREE) {
        slot_close(cs, c, s, now);
    }
}
