/* SPDX-License-Identifier: MIT */
/* Before the commit: slots follow what became of their connections in this turn,
 * and the records of all that changed are written. */
#include "tcpd/slots.h"

/* A slot for an accepted connection; SLOT_UNASSIGNED: all are in use. */
static uint32_t
client_give_slot(struct client *c)
{
    uint32_t number = c->given_free;

    if (number != SLOT_UNASSIGNED) {
        c->given_free = c->slots[number].ref;
        return number;
    }
    if (c->given_high == CLIENT_SLOTS - CLIENT_OWN)
        return SLOT_UNASSIGNED;
    return CLIENT_OWN + c->given_high++;
}

static void
settle_accepted(struct clients *cs, struct client *c, struct tcb *tcb)
{
    uint32_t number =
        clients_may_attach(cs, c) ? client_give_slot(c) : SLOT_UNASSIGNED;

    if (number == SLOT_UNASSIGNED) {
        tcp_call_abort(cs->tcp, tcb, tcb->established_at);
        tcb->owner.client = OWNER_NONE;
        return;
    }
    clients_attach(cs, c, number, SLOT_KIND_TCB, tcb->index);
    tcb->owner = clients_owner(c, number);
    tcb->rx_base = c->slots[number].read_end;
    tcb->tx_base = c->slots[number].write_end;
    tcb->tx.base = (const uint8_t *)c->tx + CLIENT_CHUNK_OFFSET;
}

/* Nobody needs the client's memory for it any more. */
static bool
tcb_drained(const struct tcb *tcb)
{
    return tcb->state == TCB_CLOSED ||
           (tcb->tx_una == tcb->tx_end && tcb->state != TCB_SYN_RECEIVED &&
            tcb->state != TCB_SYN_SENT);
}

/* The owner has let go and the peer has everything: the slot's generation ends. */
static void
settle_lent(struct clients *cs, struct tcb *tcb)
{
    struct client *c = &cs->client[tcb->lender.client];

    slot_free(cs, c, &c->slots[tcb->lender.slot], tcb);
    tcb->lender.client = OWNER_NONE;
    tcb->tx.base = NULL;
}

static void
settle_tcb(struct clients *cs, struct tcb *tcb)
{
    if (tcb->lender.client != OWNER_NONE && tcb_drained(tcb))
        settle_lent(cs, tcb);
    if (tcb->owner.client == OWNER_NONE || tcb->owner.slot != SLOT_UNASSIGNED)
        return;
    if (tcb->state == TCB_CLOSED)
        tcb->owner.client = OWNER_NONE;
    else if ((tcb->flags & TCB_QUEUED) != 0)
        settle_accepted(cs, &cs->client[tcb->owner.client], tcb);
}

static void
record_client(struct clients *cs, struct client *c)
{
    struct list *l;

    if (c->dirty) {
        struct client_image image = {.serial = c->serial,
                                     .next_request = c->next_request,
                                     .own_high = c->own_high,
                                     .given_high = c->given_high};

        checkpoint_client(cs->checkpoint, c->number, &image);
        c->dirty = false;
    }
    for (l = c->dirty_slots.next; l != &c->dirty_slots; l = l->next) {
        const struct slot *s = list_item(l, struct slot, dirty);
        struct slot_image image = {.read_end = s->read_end,
                                   .write_end = s->write_end,
                                   .generation = s->generation,
                                   .kind = s->kind,
                                   .ref = s->ref,
                                   .serial = (uint32_t)c->serial};

        checkpoint_slot(cs->checkpoint, c->number, slot_number(c, s), &image);
    }
}

void
clients_settle(struct clients *cs)
{
    struct list *l;

    for (l = cs->tcp->changed.next; l != &cs->tcp->changed; l = l->next)
        settle_tcb(cs, list_item(l, struct tcb, changed));
    for (l = cs->tcp->changed.next; l != &cs->tcp->changed; l = l->next)
        checkpoint_tcb(cs->checkpoint, list_item(l, struct tcb, changed));
    for (uint32_t i = 0; i < CLIENTS_MAX; i++)
        record_client(cs, &cs->client[i]);
}
