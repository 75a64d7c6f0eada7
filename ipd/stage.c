/* SPDX-License-Identifier: MIT */
/* The shapes of the packets that leave ipd. A descriptor that points into an
 * input's data names that input as its origin, which is what keeps the data
 * from being released; one that points nowhere, or at ipd's own copies, has
 * none. */
#include "ipd/stage.h"

#include "base/check.h"

#include <string.h>

#define ANSWER_SLOTS 64 /* of ip.tx, that tcpd's segments leave free */

/* Where TCP's checksum lies behind our headers. */
#define TCP_CSUM_START  IP_OUTPUT_HEADERS
#define TCP_CSUM_OFFSET 16

static struct packet *
next_slot(struct outlet *o)
{
    return ring_stage(&o->ring, o->staged);
}

bool
stage_has_bulk_room(struct ipd *d)
{
    return ring_stage(&d->ip_tx.ring, d->ip_tx.staged + ANSWER_SLOTS) != NULL;
}

enum drop
stage_delivery(struct ipd *d, const struct taken *in, const struct datagram *dg)
{
    const struct packet *p = &in->packet;
    struct packet *out = next_slot(&d->ip_rx);

    if (out == NULL)
        return DROP_IP_RING_FULL;
    *out = (struct packet){
        .region = p->region,
        .flags = p->flags & (PACKET_CSUM_VOUCHED | PACKET_GSO_TCPV4),
        .offset = p->offset + dg->offset,
        .len = dg->len,
        .gso_size = p->gso_size,
        .origin_ring = RING_LINK_RX,
        .origin = in->at,
        .protocol = dg->ip.proto,
        .arrival_ns = p->arrival_ns,
        .src = dg->ip.src,
        .dst = dg->ip.dst,
    };
    d->ip_rx.staged++;
    return DROP_NONE;
}

/* No wire is crossed, so a checksum that a device was to complete is as good as
 * vouched for. */
enum drop
stage_turned_round(struct ipd *d, const struct taken *in)
{
    const struct packet *p = &in->packet;
    struct packet *out = next_slot(&d->ip_rx);

    if (out == NULL)
        return DROP_IP_RING_FULL;
    *out = (struct packet){
        .region = p->region,
        .flags = p->flags & PACKET_GSO_TCPV4,
        .offset = p->offset,
        .len = p->len,
        .gso_size = p->gso_size,
        .origin_ring = RING_TCP_TX,
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

/* Everything but where the payload lies. */
static void
fill_segment(struct ipd *d, struct packet *out, const struct segment *s,
             uint8_t flags, struct mac next_hop)
{
    *out = (struct packet){
        .header_len = IP_OUTPUT_HEADERS,
        .flags = flags & (PACKET_CSUM_PARTIAL | PACKET_GSO_TCPV4),
        .gso_size = s->gso_size,
        .origin_ring = RINGS,
        .protocol = s->protocol,
    };
    if (flags & PACKET_CSUM_PARTIAL) {
        out->csum_start = TCP_CSUM_START;
        out->csum_offset = TCP_CSUM_OFFSET;
    }
    ip_output_headers(&d->cfg, s, next_hop, d->next_id, out->header);
    d->next_id = (uint16_t)(d->next_id + ip_output_packets(s));
}

void
stage_segment(struct ipd *d, const struct taken *in, const struct segment *s,
              struct mac next_hop)
{
    struct packet *out = next_slot(&d->ip_tx);

    CHECK(out != NULL);
    fill_segment(d, out, s, in->packet.flags, next_hop);
    out->region = in->packet.region;
    out->offset = in->packet.offset;
    out->len = in->packet.len;
    out->origin_ring = RING_TCP_TX;
    out->origin = in->at;
    d->ip_tx.staged++;
}

enum drop
stage_echo(struct ipd *d, const struct taken *in, const struct datagram *dg,
           const uint8_t headers[ICMP_REPLY_HEADERS])
{
    struct packet *out = next_slot(&d->ip_tx);

    if (out == NULL)
        return DROP_ICMP_REPLY_FULL;
    *out = (struct packet){
        .header_len = ICMP_REPLY_HEADERS,
        .origin_ring = RINGS,
        .protocol = dg->ip.proto,
    };
    memcpy(out->header, headers, ICMP_REPLY_HEADERS);
    if (dg->len > ICMP_HEADER_LEN) {
        out->region = in->packet.region;
        out->offset = in->packet.offset + dg->offset + ICMP_HEADER_LEN;
        out->len = dg->len - ICMP_HEADER_LEN;
        out->origin_ring = RING_LINK_RX;
        out->origin = in->at;
    }
    d->ip_tx.staged++;
    return DROP_NONE;
}

enum drop
stage_arp(struct ipd *d, const uint8_t frame[ARP_FRAME], enum drop full)
{
    struct packet *out = next_slot(&d->ip_tx);

    if (out == NULL)
        return full;
    *out = (struct packet){.header_len = ARP_FRAME, .origin_ring = RINGS};
    memcpy(out->header, frame, ARP_FRAME);
    d->ip_tx.staged++;
    return DROP_NONE;
}

bool
stage_pending(struct ipd *d, uint32_t i, struct mac next_hop)
{
    const struct pending_packet *p = &d->pending.packets[i];
    struct packet *out = next_slot(&d->ip_tx);
    uint8_t *room;

    if (out == NULL)
        return false;
    room = area_reserve(&d->made, d->ip_tx.staged, p->segment.len);
    if (room == NULL)
        return false;
    pending_read(&d->pending, i, room);
    fill_segment(d, out, &p->segment, p->flags, next_hop);
    area_commit(&d->made, out, p->segment.len);
    d->ip_tx.staged++;
    return true;
}
