/* SPDX-License-Identifier: MIT */
/* From tcpd's descriptor to a packet with a way to go. */
#include "ipd/segment.h"

#include "ipd/deliver.h"
#include "ipd/report.h"
#include "ipd/send.h"

#include <string.h>

/* The segment in tcpd's words, and the beginning of its header; false: they
 * contradict each other. */
static bool
read_segment(const struct ipd *d, const struct packet *p, struct segment *s,
             uint8_t head[SEGMENT_HEAD])
{
    bool gso = (p->flags & PACKET_GSO_TCPV4) != 0;

    if (p->region != REGION_TCP_TX || p->header_len != 0 ||
        p->len < SEGMENT_HEAD || p->protocol != IP_PROTO_TCP)
        return false;
    if (gso && !(p->flags & PACKET_CSUM_PARTIAL))
        return false;
    memcpy(head, packet_payload(p, d->regions), SEGMENT_HEAD);
    *s = (struct segment){
        .src = p->src,
        .dst = p->dst,
        .len = p->len,
        .header_len = ip_output_header_len(head),
        .gso_size = gso ? p->gso_size : 0,
        .protocol = p->protocol,
    };
    return true;
}

static enum drop
send_segment(struct ipd *d, const struct taken *in, const struct segment *s,
             const struct net_path *path, instant_t now)
{
    const struct ipv4 like = {
        .src = s->src,
        .dst = s->dst,
        .proto = s->protocol,
        .dont_fragment = true,
    };
    const struct payload p = {
        .bytes = packet_payload(&in->packet, d->regions),
        .in = in,
    };
    struct outgoing o = {0};

    ip_output_segment(s, path, ident_choose(&d->ident, &like), &o);
    o.csum_partial = (in->packet.flags & PACKET_CSUM_PARTIAL) != 0;
    return send_packet(d, &o, &p, now);
}

/* What of its fate tcpd can act on. */
static void
tell_tcpd(struct ipd *d, const struct segment *s, const uint8_t *head,
          const struct net_path *path, enum drop why)
{
    if (why == DROP_IP_TOO_BIG)
        report_segment(d, s->src, s->dst, head, ICMP_FRAG_NEEDED, path->mtu);
    else if (why == DROP_IP_NO_ROUTE)
        report_segment(d, s->src, s->dst, head, ICMP_NET_UNREACHABLE, 0);
}

bool
segment_take(struct ipd *d, const struct taken *in, instant_t now,
             enum drop *why)
{
    uint8_t head[SEGMENT_HEAD];
    struct net_path path = {0};
    enum net_found found;
    struct segment s;

    *why = DROP_IP_BAD_DESCRIPTOR;
    if (!read_segment(d, &in->packet, &s, head))
        return true;
    *why = ip_output_route(&d->net, &d->pmtu, &s, now, &found, &path);
    if (*why == DROP_NONE && found == NET_LINK) {
        enum transmit_room room = transmit_room(d, path.link, now);

        if (room == TRANSMIT_WAIT)
            return false;
        *why = room == TRANSMIT_ROOM ? send_segment(d, in, &s, &path, now)
                                     : DROP_IP_RING_FULL;
    } else if (*why == DROP_NONE) {
        *why = deliver_turned_round(d, in);
    } else {
        tell_tcpd(d, &s, head, &path, *why);
    }
    cnc_count(&d->cnc, COUNTER_IP_OUT_REQUESTS, 1);
    return true;
}
