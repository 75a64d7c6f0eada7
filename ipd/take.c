/* SPDX-License-Identifier: MIT */
/* What becomes of one packet: the core decides, the shell carries it out. */
#include "ipd/take.h"

#include "base/bits.h"
#include "ipd/core/arp.h"
#include "ipd/core/forward.h"
#include "ipd/local.h"
#include "ipd/report.h"
#include "ipd/segment.h"
#include "ipd/send.h"

#include <string.h>

#define POSITION_MASK UINT64_C(0xffffffffffff) /* of a slot, in the cnc */

/* A received frame, and what has been read of it. */
struct frame {
    const struct taken *in;
    uint32_t link;
    uint8_t head[IP_INPUT_HEAD]; /* a copy of its beginning */
    size_t copied;               /* bytes */
    struct ether eth;
};

/* ---- ARP ---- */

static enum drop
take_arp(struct ipd *d, const struct frame *f, instant_t now)
{
    struct arp_result result;
    enum drop why = arp_input(&d->neigh, f->link, f->head + ETHER_LEN,
                              f->copied - ETHER_LEN, now, &result);

    if (why == DROP_ARP_CONFLICT &&
        announce_defend(&d->announce, f->link, result.claimed, now))
        cnc_count(&d->cnc, COUNTER_ARP_DEFENDED, 1);
    if (why != DROP_NONE)
        return why;
    if (result.meaning == ARP_ANSWERS) {
        cnc_count(&d->cnc, COUNTER_ARP_IN_REPLIES, 1);
        return DROP_NONE;
    }
    cnc_count(&d->cnc, COUNTER_ARP_IN_REQUESTS, 1);
    why = transmit_arp(d, f->link, result.reply, DROP_ARP_REPLY_FULL);
    if (why == DROP_NONE)
        cnc_count(&d->cnc, COUNTER_ARP_OUT_REPLIES, 1);
    return why;
}

/* ---- IPv4 ---- */

/* The error about a datagram, but for its type, code and MTU. */
static struct icmp_error
error_about(const struct ipd *d, const struct frame *f,
            const struct datagram *dg)
{
    return (struct icmp_error){
        .to_group = dg->to_group,
        .link = f->link,
        .ip = dg->ip,
        .packet = packet_payload(&f->in->packet, d->regions) + ETHER_LEN,
        .len = dg->ip.total_len,
    };
}

/* RFC 1122 3.2.2.1: nobody listens on UDP's ports; other protocols there are
 * none. */
static void
refuse_protocol(struct ipd *d, const struct frame *f, const struct datagram *dg,
                instant_t now)
{
    struct icmp_error e = error_about(d, f, dg);

    if (!dg->ours)
        return;
    e.type = ICMP_DEST_UNREACHABLE;
    e.code = dg->ip.proto == IP_PROTO_UDP ? ICMP_PORT_UNREACHABLE
                                          : ICMP_PROTOCOL_UNREACHABLE;
    report_error(d, &e, now);
}

/* The frame in the core's words. */
static struct forward_frame
describe(const struct ipd *d, const struct frame *f, const struct datagram *dg)
{
    const struct packet *p = &f->in->packet;
    bool gso = (p->flags & PACKET_GSO_TCPV4) != 0;
    struct forward_frame out = {
        .head = f->head,
        .link = f->link,
        .csum_vouched = (p->flags & PACKET_CSUM_VOUCHED) != 0,
        .csum_partial = (p->flags & PACKET_CSUM_PARTIAL) != 0,
        .csum_start = p->csum_start,
        .csum_offset = p->csum_offset,
        .gso_size = gso ? p->gso_size : 0,
    };

    if (gso && dg->len >= sizeof out.tcp)
        memcpy(out.tcp, packet_payload(p, d->regions) + dg->offset,
               sizeof out.tcp);
    return out;
}

/* Taking input never waits for output: what finds the ring full is dropped. */
static enum drop
pass_on(struct ipd *d, const struct frame *f, const struct outgoing *o,
        instant_t now)
{
    uint32_t offset = ETHER_LEN + (uint32_t)o->head_len;
    const struct payload p = {
        .bytes = packet_payload(&f->in->packet, d->regions) + offset,
        .in = f->in,
        .offset = offset,
    };
    enum drop why;

    if (!transmit_has_room(d, o->path.link))
        return DROP_IP_RING_FULL;
    why = send_packet(d, o, &p, now);
    if (why == DROP_NONE)
        cnc_count(&d->cnc, COUNTER_IP_OUT_FORWARDED, 1);
    return why;
}

static enum drop
take_foreign(struct ipd *d, const struct frame *f, const struct datagram *dg,
             instant_t now)
{
    const struct forward_frame frame = describe(d, f, dg);
    struct icmp_error e = error_about(d, f, dg);
    struct outgoing o = {0};
    enum drop why;

    cnc_count(&d->cnc, COUNTER_IP_IN_FORWARDED, 1);
    why = forward_packet(&d->net, dg, &frame, &o, &e);
    if (why == DROP_NONE)
        return pass_on(d, f, &o, now);
    if (e.type != 0)
        report_error(d, &e, now);
    return why;
}

static enum drop
take_ipv4(struct ipd *d, const struct frame *f, instant_t now)
{
    const struct arrival a = {
        .in = f->in,
        .header = f->head + ETHER_LEN,
        .from = f->eth.src,
        .link = f->link,
    };
    struct datagram dg;
    enum drop why = ip_input_packet(&d->net, &f->eth, f->head, f->copied,
                                    f->in->packet.len, &dg);

    cnc_count(&d->cnc, COUNTER_IP_IN_RECEIVES, 1);
    if (why == DROP_IP_UNKNOWN_PROTOCOL)
        refuse_protocol(d, f, &dg, now);
    if (why != DROP_NONE)
        return why;
    return dg.ours ? local_take(d, &a, &dg, now) : take_foreign(d, f, &dg, now);
}

static enum drop
take_frame(struct ipd *d, const struct taken *in, uint32_t link, instant_t now)
{
    const struct packet *p = &in->packet;
    struct frame f = {.in = in, .link = link};
    enum drop why;

    if (p->region != REGION_LINK_RX + link || p->header_len != 0 || p->len == 0)
        return DROP_IP_BAD_DESCRIPTOR;
    f.copied = min_u64(p->len, sizeof f.head);
    memcpy(f.head, packet_payload(p, d->regions), f.copied);
    why = ip_input_frame(&d->net, link, f.head, f.copied, &f.eth);
    if (why != DROP_NONE)
        return why;
    if (f.eth.type == ETHER_ARP)
        return take_arp(d, &f, now);
    return take_ipv4(d, &f, now);
}

bool
take_packet(struct ipd *d, struct intake *i, instant_t now)
{
    struct taken in = {.ring = i->id, .at = ring_position(&i->ring)};
    enum drop why = DROP_IP_BAD_DESCRIPTOR;

    cnc_working_on(&d->cnc, CNC_WORK_SLOT,
                   (uint64_t)i->id << 48 | (in.at & POSITION_MASK));
    if (packet_copy(&i->ring, 0, &in.packet, d->regions, REGIONS)) {
        if (i->id != RING_TCP_TX)
            why = take_frame(d, &in, i->id - (uint32_t)RING_LINK_RX, now);
        else if (!segment_take(d, &in, now, &why))
            return false;
    }
    cnc_drop(&d->cnc, why);
    ring_take(&i->ring, 1);
    return true;
}
