/* SPDX-License-Identifier: MIT */
/* The way through the neighbour table. */
#include "ipd/send.h"

#include "ipd/ping.h"
#include "ipd/report.h"

#include <errno.h>

/* Tells whoever the packet is from that its next hop does not answer. */
static void
tell(struct ipd *d, const struct outgoing *o, const uint8_t *bytes,
     instant_t now)
{
    switch ((enum outgoing_kind)o->kind) {
    case OUTGOING_SEGMENT:
        report_segment(d, o->src, o->dst, bytes, ICMP_HOST_UNREACHABLE, 0);
        break;
    case OUTGOING_PING:
        ping_failed(d, o->serial, EHOSTUNREACH);
        break;
    case OUTGOING_FORWARD:
        report_unreachable(d, o, bytes, now);
        break;
    case OUTGOING_ANSWER:
        break;
    }
}

enum drop
send_packet(struct ipd *d, const struct outgoing *o, const struct payload *p,
            instant_t now)
{
    const struct net_path *path = &o->path;
    struct mac mac;

    switch (neigh_resolve(&d->neigh, path->link, path->next_hop, now, &mac)) {
    case NEIGH_KNOWN:
        return transmit_packet(d, o, mac, p) ? DROP_NONE : DROP_IP_RING_FULL;
    case NEIGH_ASKED:
        return pending_keep(&d->pending, o, p->bytes)
                   ? DROP_NONE
                   : DROP_IP_NEIGH_PENDING_FULL;
    case NEIGH_DEAD:
        if (neigh_gave_up(&d->neigh, path->link, path->next_hop, now))
            tell(d, o, p->bytes, now);
        return DROP_IP_NEIGH_FAILED;
    case NEIGH_NO_ROOM:
        break;
    }
    return DROP_IP_NEIGH_TABLE_FULL;
}

uint32_t
send_requests(struct ipd *d, instant_t now)
{
    struct neigh_request request;
    uint8_t frame[ARP_FRAME];
    uint32_t n = 0;

    for (; neigh_pull_request(&d->neigh, now, &request); n++) {
        arp_request_frame(&d->net, &request, frame);
        cnc_drop(&d->cnc,
                 transmit_arp(d, request.link, frame, DROP_IP_RING_FULL));
        cnc_count(&d->cnc, COUNTER_ARP_OUT_REQUESTS, 1);
    }
    return n;
}

/* All who waited are told, whenever somebody was told before. */
static void
give_up(struct ipd *d, uint32_t i, instant_t now)
{
    const struct outgoing *o = &d->pending.packets[i].out;

    pending_read(&d->pending, i, d->scratch);
    (void)!neigh_gave_up(&d->neigh, o->path.link, o->path.next_hop, now);
    tell(d, o, d->scratch, now);
    cnc_drop(&d->cnc, DROP_IP_NEIGH_FAILED);
}

/* The way is known: does packet i take it? */
static bool
set_out(struct ipd *d, uint32_t i, struct mac to, instant_t now)
{
    const struct outgoing *o = &d->pending.packets[i].out;
    const struct payload p = {.bytes = d->scratch};

    pending_read(&d->pending, i, d->scratch);
    if (transmit_packet(d, o, to, &p)) {
        d->link[o->path.link].tx.full_since = INSTANT_NEVER;
        return true;
    }
    if (transmit_patience(d, o->path.link, now) == TRANSMIT_WAIT)
        return false;
    cnc_drop(&d->cnc, DROP_IP_RING_FULL);
    return true;
}

/* True: packet i waits no longer. */
static bool
settle(struct ipd *d, uint32_t i, instant_t now)
{
    const struct net_path *path = &d->pending.packets[i].out.path;
    struct mac mac;

    switch (neigh_look(&d->neigh, path->link, path->next_hop, &mac)) {
    case NEIGH_ASKED:
        return false;
    case NEIGH_KNOWN:
        return set_out(d, i, mac, now);
    case NEIGH_DEAD:
    case NEIGH_NO_ROOM:
        break;
    }
    give_up(d, i, now);
    return true;
}

/* Oldest first; once one finds no room, the younger ones do not overtake it. */
uint32_t
send_pending(struct ipd *d, instant_t now)
{
    uint32_t n = 0;

    for (uint32_t i = 0; i < d->pending.count && !d->waits;) {
        if (settle(d, i, now)) {
            pending_remove(&d->pending, i);
            n++;
        } else {
            i++;
        }
    }
    return n;
}
