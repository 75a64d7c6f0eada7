/* SPDX-License-Identifier: MIT */
/* What becomes of one packet: the core decides, the stage takes it. */
#include "ipd/take.h"

#include "base/bits.h"
#include "ipd/core/arp.h"
#include "ipd/core/icmp.h"
#include "ipd/stage.h"

#include <string.h>

/* A TCP header's length, and so the least that can be a segment. */
#define SEGMENT_MIN 20

#define POSITION_MASK UINT64_C(0xffffffffffff) /* of a slot, in the cnc */

/* ---- taking frames ---- */

static enum drop
take_arp(struct ipd *d, const uint8_t *head, size_t copied, instant_t now)
{
    enum arp_meaning meaning;
    uint8_t reply[ARP_FRAME];
    enum drop why = arp_input(&d->neigh, head + ETHER_LEN, copied - ETHER_LEN,
                              now, &meaning, reply);

    if (why != DROP_NONE)
        return why;
    if (meaning == ARP_ANSWERS) {
        cnc_count(&d->cnc, COUNTER_ARP_IN_REPLIES, 1);
        return DROP_NONE;
    }
    cnc_count(&d->cnc, COUNTER_ARP_IN_REQUESTS, 1);
    why = stage_arp(d, reply, DROP_ARP_REPLY_FULL);
    if (why == DROP_NONE)
        cnc_count(&d->cnc, COUNTER_ARP_OUT_REPLIES, 1);
    return why;
}

static enum drop
take_icmp(struct ipd *d, const struct taken *in, const struct ether *eth,
          const struct datagram *dg)
{
    const uint8_t *frame = packet_payload(&in->packet, d->regions);
    uint8_t headers[ICMP_REPLY_HEADERS];
    enum drop why =
        icmp_input(&d->cfg, eth, dg, frame + dg->offset, d->next_id, headers);

    if (why != DROP_NONE)
        return why;
    d->next_id++;
    cnc_count(&d->cnc, COUNTER_ICMP_IN_ECHOS, 1);
    cnc_count(&d->cnc, COUNTER_IP_OUT_REQUESTS, 1);
    why = stage_echo(d, in, dg, headers);
    if (why == DROP_NONE) {
        cnc_count(&d->cnc, COUNTER_ICMP_OUT_ECHO_REPS, 1);
        cnc_count(&d->cnc, COUNTER_IP_OUT_TRANSMITS, 1);
    }
    return why;
}

static enum drop
take_ipv4(struct ipd *d, const struct taken *in, const struct ether *eth,
          const uint8_t *head, size_t copied)
{
    struct datagram dg;
    enum drop why =
        ip_input_packet(&d->cfg, eth, head, copied, in->packet.len, &dg);

    cnc_count(&d->cnc, COUNTER_IP_IN_RECEIVES, 1);
    if (why != DROP_NONE)
        return why;
    if (dg.ip.proto == IP_PROTO_ICMP)
        why = take_icmp(d, in, eth, &dg);
    else
        why = stage_delivery(d, in, &dg);
    if (why == DROP_NONE)
        cnc_count(&d->cnc, COUNTER_IP_IN_DELIVERS, 1);
    return why;
}

static enum drop
take_frame(struct ipd *d, const struct taken *in, instant_t now)
{
    const struct packet *p = &in->packet;
    uint8_t head[IP_INPUT_HEAD];
    size_t copied = min_u64(p->len, sizeof head);
    struct ether eth;
    enum drop why;

    if (p->region != REGION_LINK_RX || p->header_len != 0 || p->len == 0)
        return DROP_IP_BAD_DESCRIPTOR;
    memcpy(head, packet_payload(p, d->regions), copied);
    why = ip_input_frame(&d->cfg, head, copied, &eth);
    if (why != DROP_NONE)
        return why;
    if (eth.type == ETHER_ARP)
        return take_arp(d, head, copied, now);
    return take_ipv4(d, in, &eth, head, copied);
}

/* ---- taking segments ---- */

/* The segment in tcpd's words; false: they contradict each other. */
static bool
read_segment(const struct packet *p, struct segment *s)
{
    bool gso = (p->flags & PACKET_GSO_TCPV4) != 0;

    if (p->region != REGION_TCP_TX || p->header_len != 0 ||
        p->len < SEGMENT_MIN || p->protocol != IP_PROTO_TCP)
        return false;
    if (gso && !(p->flags & PACKET_CSUM_PARTIAL))
        return false;
    *s = (struct segment){
        .src = p->src,
        .dst = p->dst,
        .len = p->len,
        .gso_size = gso ? p->gso_size : 0,
        .protocol = p->protocol,
    };
    return true;
}

static enum drop
send_to_link(struct ipd *d, const struct taken *in, const struct segment *s,
             struct addr next_hop, instant_t now)
{
    struct mac mac;

    switch (neigh_resolve(&d->neigh, next_hop, now, &mac)) {
    case NEIGH_KNOWN:
        cnc_count(&d->cnc, COUNTER_IP_OUT_TRANSMITS, 1);
        stage_segment(d, in, s, mac);
        return DROP_NONE;
    case NEIGH_ASKED:
        if (pending_keep(&d->pending, next_hop, s, in->packet.flags,
                         packet_payload(&in->packet, d->regions)))
            return DROP_NONE;
        return DROP_IP_NEIGH_PENDING_FULL;
    case NEIGH_DEAD:
        return DROP_IP_NEIGH_FAILED;
    case NEIGH_NO_ROOM:
        return DROP_IP_NEIGH_TABLE_FULL;
    }
    return DROP_IP_NEIGH_FAILED;
}

static enum drop
take_segment(struct ipd *d, const struct taken *in, instant_t now)
{
    struct segment s;
    enum route route;
    struct addr next_hop;
    enum drop why;

    if (!read_segment(&in->packet, &s))
        return DROP_IP_BAD_DESCRIPTOR;
    cnc_count(&d->cnc, COUNTER_IP_OUT_REQUESTS, 1);
    why = ip_output_route(&d->cfg, &s, &route, &next_hop);
    if (why != DROP_NONE)
        return why;
    if (route == ROUTE_SELF)
        return stage_turned_round(d, in);
    return send_to_link(d, in, &s, next_hop, now);
}

void
take_packet(struct ipd *d, struct intake *i, instant_t now)
{
    struct taken in = {.at = ring_position(&i->ring)};
    enum drop why = DROP_IP_BAD_DESCRIPTOR;

    cnc_working_on(&d->cnc, CNC_WORK_SLOT,
                   (uint64_t)i->id << 48 | (in.at & POSITION_MASK));
    if (packet_copy(&i->ring, 0, &in.packet, d->regions, REGIONS))
        why = i->id == RING_LINK_RX ? take_frame(d, &in, now)
                                    : take_segment(d, &in, now);
    cnc_drop(&d->cnc, why);
    ring_take(&i->ring, 1);
}
