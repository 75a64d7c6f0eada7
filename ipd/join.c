/* SPDX-License-Identifier: MIT */
/* Joins the rings and goes on where the predecessor ended. */
#include "ipd/join.h"

#include "ipd/network.h"
#include "ipd/ping.h"
#include "ipd/show.h"
#include "ipd/turn.h"

/* ---- rings ---- */

static bool
join_intake(struct ipd *d, struct intake *i, enum ring_id id)
{
    const struct ring_row *row = &ring_table[id];

    i->id = id;
    i->held[0] = (struct held){.out = &d->ip_rx.ring};
    for (uint32_t k = 0; k < d->links; k++)
        i->held[k + 1] = (struct held){.out = &d->link[k].tx.ring};
    return ring_join_consumer(&i->ring, &d->regions[row->region],
                              cnc_cursor(&d->regions[REGION_IPD_CNC], id), row);
}

static bool
join_outlet(struct ipd *d, struct outlet *o, enum ring_id id)
{
    const struct ring_row *row = &ring_table[id];
    const struct region *cnc = &d->regions[REGION_CNC(row->consumer)];

    o->full_since = INSTANT_NEVER;
    return ring_join_producer(&o->ring, &d->regions[row->region],
                              cnc_cursor(cnc, id), row);
}

static bool
join_rings(struct ipd *d)
{
    for (uint32_t k = 0; k < d->links; k++) {
        if (!join_intake(d, &d->link[k].rx, RING_LINK_RX + k) ||
            !join_outlet(d, &d->link[k].tx, RING_IP_TX + k))
            return false;
    }
    return join_intake(d, &d->tcp_tx, RING_TCP_TX) &&
           join_outlet(d, &d->ip_rx, RING_IP_RX);
}

/* Behind what the rings still hold. */
static void
join_areas(struct ipd *d)
{
    for (uint32_t k = 0; k < d->links; k++)
        area_join(&d->link[k].tx.made, &d->regions[REGION_IP_TX + k],
                  &d->link[k].tx.ring, &ring_table[RING_IP_TX + k]);
    area_join(&d->ip_rx.made, &d->regions[REGION_IP_RX], &d->ip_rx.ring,
              &ring_table[RING_IP_RX]);
}

/* ---- recovery ---- */

/* In the order of publishing. */
static void
restore(struct ipd *d, const struct positions *p)
{
    ring_restore(&d->ip_rx.ring, p->ip_rx);
    for (uint32_t k = 0; k < d->links; k++)
        ring_restore(&d->link[k].tx.ring, p->ip_tx[k]);
    for (uint32_t k = 0; k < d->links; k++)
        ring_restore(&d->link[k].rx.ring, p->link_rx[k]);
    ring_restore(&d->tcp_tx.ring, p->tcp_tx);
}

/* Stores the committed positions again, and rings everyone: the predecessor may
 * have died before it did. Of corrupt ones, the published ones are the next
 * best. */
static void
recover(struct ipd *d, instant_t now)
{
    struct positions p;

    if (checkpoint_recover(&d->checkpoint, &d->neigh, now, &p) ==
        RECORD_FOUND) {
        restore(d, &p);
        if (p.announced == d->net_sum)
            network_is_announced(d);
    }
    ping_resume(d, p.pinged);
    join_areas(d);
    turn_publish(d);
    ring_want_space(&d->ip_rx.ring, 0);
    doorbell_ring(&d->tcpd);
    for (uint32_t k = 0; k < d->links; k++) {
        ring_want_space(&d->link[k].tx.ring, 0);
        doorbell_ring(&d->link[k].bell);
    }
}

static void
init_cores(struct ipd *d)
{
    network_init(d);
    pending_init(&d->pending);
    pmtu_init(&d->pmtu);
    frag_init(&d->frags);
    ident_init(&d->ident, &d->secret);
    icmp_limits_init(&d->icmp_limits, &d->secret);
}

bool
join_all(struct ipd *d, instant_t now)
{
    d->conf = conf_of(&d->regions[REGION_CONF]);
    if (d->conf == NULL || d->links == 0 || d->links > LINKS_MAX ||
        !join_rings(d) ||
        !checkpoint_join(&d->checkpoint, &d->regions[REGION_IPD_STATE]) ||
        !ipd_view_join(&d->view, &d->regions[REGION_IPD_VIEW]))
        return false;
    init_cores(d);
    network_look(d, now);
    recover(d, now);
    show_all(d, now);
    return true;
}
