/* SPDX-License-Identifier: MIT */
/* Errors for those who caused them. An error needs a neighbour that is known and
 * asks for none: or strangers could fill the table by what is wrong with their
 * packets. */
#include "ipd/report.h"

#include "base/bits.h"
#include "ipd/deliver.h"
#include "ipd/transmit.h"

#include <string.h>

void
report_segment(struct ipd *d, struct addr src, struct addr dst,
               const uint8_t *bytes, uint8_t code, uint32_t mtu)
{
    const struct notice n = {
        .local = src,
        .remote = dst,
        .local_port = be16_load(bytes),
        .remote_port = be16_load(bytes + 2),
        .seq = be32_load(bytes + 4),
        .mtu = mtu,
        .type = ICMP_DEST_UNREACHABLE,
        .code = code,
    };

    deliver_notice(d, &n);
}

/* The IPv4 packet of `len` bytes, header first. */
static void
transmit_error(struct ipd *d, const struct icmp_error *e,
               const struct net_path *path, struct mac to,
               const uint8_t *packet, uint32_t len)
{
    struct outgoing o = {
        .path = *path,
        .dst = e->ip.src,
        .len = len - IPV4_HEADER_LEN,
        .kind = OUTGOING_ANSWER,
        .head_len = IPV4_HEADER_LEN,
    };
    const struct payload p = {.bytes = packet + IPV4_HEADER_LEN};

    memcpy(o.head, packet, IPV4_HEADER_LEN);
    if (transmit_packet(d, &o, to, &p))
        cnc_count(&d->cnc, COUNTER_ICMP_OUT_ERRORS, 1);
}

void
report_error(struct ipd *d, const struct icmp_error *e, instant_t now)
{
    const struct ipv4 like = {.dst = e->ip.src, .proto = IP_PROTO_ICMP};
    uint8_t packet[ICMP_ERROR_MAX];
    struct net_path path;
    struct mac mac;
    uint32_t len;

    if (!icmp_error_due(&d->net, e) ||
        net_path(&d->net, e->ip.src, &path) != NET_LINK ||
        neigh_look(&d->neigh, path.link, path.next_hop, &mac) != NEIGH_KNOWN)
        return;
    if (icmp_error_write(&d->icmp_limits, &d->net, e,
                         ident_choose(&d->ident, &like), now, packet,
                         &len) == DROP_NONE)
        transmit_error(d, e, &path, mac, packet, len);
}

void
report_unreachable(struct ipd *d, const struct outgoing *o,
                   const uint8_t *bytes, instant_t now)
{
    uint8_t packet[ICMP_ERROR_MAX];
    uint32_t tail = min_u32(o->len, (uint32_t)sizeof packet - o->head_len);
    struct icmp_error e = {
        .type = ICMP_DEST_UNREACHABLE,
        .code = ICMP_HOST_UNREACHABLE,
        .link = o->from_link,
        .packet = packet,
        .len = o->head_len + tail,
    };

    memcpy(packet, o->head, o->head_len);
    memcpy(packet + o->head_len, bytes, tail);
    if (ipv4_decode(packet, e.len, IPV4_PACKET_MAX, &e.ip) == DROP_NONE)
        report_error(d, &e, now);
}
