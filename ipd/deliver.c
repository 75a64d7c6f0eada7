/* SPDX-License-Identifier: MIT */
/* The shapes of the packets that go to tcpd. A descriptor that points into an
 * input's data names that input as its origin, which is what keeps the data
 * from being released; one that points nowhere, or at ipd's own copies, has
 * none. */
#include "ipd/deliver.h"

#include <string.h>

static struct packet *
next_slot(struct ipd *d)
{
    return ring_stage(&d->ip_rx.ring, d->ip_rx.staged);
}

enum drop
deliver_received(struct ipd *d, const struct taken *in,
                 const struct datagram *dg)
{
    const struct packet *p = &in->packet;
    struct packet *out = next_slot(d);

    if (out == NULL)
        return DROP_IP_RING_FULL;
    *out = (struct packet){
        .region = p->region,
        .flags = p->flags & (PACKET_CSUM_VOUCHED | PACKET_GSO_TCPV4),
        .offset = p->offset + dg->offset,
        .len = dg->len,
        .gso_size = p->gso_size,
        .origin_ring = (uint8_t)in->ring,
        .origin = in->at,
        .protocol = dg->ip.proto,
        .arrival_ns = p->arrival_ns,
        .src = dg->ip.src,
        .dst = dg->ip.dst,
    };
    d->ip_rx.staged++;
    return DROP_NONE;
}

enum drop
deliver_copy(struct ipd *d, const struct datagram *dg, const uint8_t *payload)
{
    struct packet *out = next_slot(d);
    uint8_t *room;

    if (out == NULL)
        return DROP_IP_RING_FULL;
    room = area_reserve(&d->ip_rx.made, d->ip_rx.staged, dg->len);
    if (room == NULL)
        return DROP_IP_RING_FULL;
    *out = (struct packet){
        .origin_ring = RINGS,
        .protocol = dg->ip.proto,
        .src = dg->ip.src,
        .dst = dg->ip.dst,
    };
    memcpy(room, payload, dg->len);
    area_commit(&d->ip_rx.made, out, dg->len);
    d->ip_rx.staged++;
    return DROP_NONE;
}

/* No wire is crossed, so a checksum that a device was to complete is as good as
 * vouched for. */
enum drop
deliver_turned_round(struct ipd *d, const struct taken *in)
{
    const struct packet *p = &in->packet;
    struct packet *out = next_slot(d);

    if (out == NULL)
        return DROP_IP_RING_FULL;
    *out = (struct packet){
        .region = p->region,
        .flags = p->flags & PACKET_GSO_TCPV4,
        .offset = p->offset,
        .len = p->len,
        .gso_size = p->gso_size,
        .origin_ring = (uint8_t)in->ring,
        .origin = in->at,
        .protocol = p->protocol,
        .src = p->src,
        .dst = p->dst,
    };
    if (p->flags & PACKET_CSUM_PARTIAL)
        out->flags |= PACKET_CSUM_VOUCHED;
    d->ip_rx.staged++;
    return DROP_NONE;
}

void
deliver_notice(struct ipd *d, const struct notice *n)
{
    struct packet *out = next_slot(d);

    if (out == NULL)
        return;
    *out = (struct packet){.origin_ring = RINGS};
    notice_encode(out, n);
    d->ip_rx.staged++;
    cnc_count(&d->cnc, COUNTER_IP_OUT_NOTICES, 1);
}
