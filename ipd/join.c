/* SPDX-License-Identifier: MIT */
/* Joins the rings and goes on where the predecessor ended. */
#include "ipd/join.h"

#include "ipd/turn.h"
#include "proto/shm/conf.h"

static bool
join_intake(struct ipd *d, struct intake *i, enum ring_id id)
{
    const struct ring_row *row = &ring_table[id];

    i->id = id;
    return ring_join_consumer(&i->ring, &d->regions[row->region],
                              cnc_cursor(&d->regions[REGION_IPD_CNC], id), row);
}

static bool
join_outlet(struct ipd *d, struct outlet *o, enum ring_id id)
{
    const struct ring_row *row = &ring_table[id];
    const struct region *cnc = &d->regions[REGION_CNC(row->consumer)];

    return ring_join_producer(&o->ring, &d->regions[row->region],
                              cnc_cursor(cnc, id), row);
}

static bool
read_config(struct ipd *d)
{
    const struct conf_shm *conf = conf_of(&d->regions[REGION_CONF]);

    if (conf == NULL)
        return false;
    d->cfg = (struct ip_config){
        .address = conf->net.address,
        .gateway = conf->net.gateway,
        .prefix_len = conf->net.prefix_len,
        .mtu = conf->net.mtu,
        .mac = conf->net.mac,
    };
    return d->cfg.prefix_len <= 32;
}

/* Stores the committed positions again, in the order of publishing, and rings
 * everyone: the predecessor may have died before it did. */
static void
recover(struct ipd *d)
{
    struct positions p;

    switch (checkpoint_recover(&d->checkpoint, &d->neigh, &p)) {
    case RECORD_NONE:
        d->announce = true;
        break;
    case RECORD_FOUND:
        ring_restore(&d->ip_rx.ring, p.ip_rx);
        ring_restore(&d->ip_tx.ring, p.ip_tx);
        ring_restore(&d->link_rx.ring, p.link_rx);
        ring_restore(&d->tcp_tx.ring, p.tcp_tx);
        break;
    case RECORD_CORRUPT: /* the published positions are the next best */
        break;
    }
    area_join(&d->made, &d->regions[REGION_IP_TX], &d->ip_tx.ring,
              &ring_table[RING_IP_TX]);
    turn_publish(d);
    ring_want_space(&d->ip_rx.ring, 0);
    ring_want_space(&d->ip_tx.ring, 0);
    doorbell_ring(&d->linkd);
    doorbell_ring(&d->tcpd);
}

bool
join_all(struct ipd *d)
{
    if (!read_config(d) || !join_intake(d, &d->link_rx, RING_LINK_RX) ||
        !join_intake(d, &d->tcp_tx, RING_TCP_TX) ||
        !join_outlet(d, &d->ip_rx, RING_IP_RX) ||
        !join_outlet(d, &d->ip_tx, RING_IP_TX) ||
        !checkpoint_join(&d->checkpoint, &d->regions[REGION_IPD_STATE]))
        return false;
    for (uint32_t i = 0; i < 2; i++) {
        struct ring *out = i == 0 ? &d->ip_rx.ring : &d->ip_tx.ring;

        d->link_rx.held[i] = (struct held){.out = out};
        d->tcp_tx.held[i] = (struct held){.out = out};
    }
    neigh_init(&d->neigh, &d->cfg);
    pending_init(&d->pending);
    recover(d);
    return true;
}
