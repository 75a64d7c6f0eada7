/* SPDX-License-Identifier: MIT */
/* Ethernet demultiplexing, IPv4 validation and the decision to deliver.
 *
 * A packet passes if every field allows it, from the outside in: frame, header,
 * source, destination, protocol. Each test that fails has a drop reason of its
 * own. Nothing is answered here and nothing kept. Any of our addresses is ours on
 * any link (RFC 1122 3.3.4.2, the weak model, as Linux's). IP options are
 * checked for form and otherwise ignored. */
#include "ipd/core/ip_input.h"

#include "ipd/core/forward.h"
#include "proto/wire/icmp.h"
#include "proto/wire/tcp.h"

enum drop
ip_input_frame(const struct net *net, uint32_t link, const uint8_t *head,
               size_t copied, struct ether *out)
{
    const struct mac *own = &net->link[link].mac;
    enum drop why = ether_decode(head, copied, out);

    if (why != DROP_NONE)
        return why;
    if (mac_is_group(out->src) || mac_equal(out->src, *own))
        return DROP_ETH_BAD_SOURCE;
    if (!mac_is_group(out->dst) && !mac_equal(out->dst, *own))
        return DROP_ETH_NOT_FOR_US;
    if (out->type != ETHER_IPV4 && out->type != ETHER_ARP)
        return DROP_ETH_UNKNOWN_TYPE;
    return DROP_NONE;
}

/* RFC 1122 3.2.1.3, RFC 1812 5.3.7: a source is one host, and one that is not
 * us. */
static enum drop
check_source(const struct net *net, struct addr src)
{
    if (!net_is_host(net, src) || net_own(net, src) != NULL)
        return DROP_IP_MARTIAN;
    return DROP_NONE;
}

/* Both protocols answer one host only: neither a group address nor a frame that
 * everybody on the link got may make us speak (RFC 1122 3.2.2.6, 3.3.6,
 * 4.2.3.10). */
static enum drop
check_protocol(const struct datagram *d)
{
    bool unicast = d->ours && !d->to_group;

    switch (d->ip.proto) {
    case IP_PROTO_TCP:
        return unicast ? DROP_NONE : DROP_TCP_NOT_UNICAST;
    case IP_PROTO_ICMP:
        return unicast ? DROP_NONE : DROP_ICMP_NOT_UNICAST;
    default:
        return DROP_IP_UNKNOWN_PROTOCOL;
    }
}

enum drop
ip_input_packet(const struct net *net, const struct ether *eth,
                const uint8_t *head, size_t copied, size_t frame_len,
                struct datagram *out)
{
    enum drop why = ipv4_decode(head + ETHER_LEN, copied - ETHER_LEN,
                                frame_len - ETHER_LEN, &out->ip);

    if (why != DROP_NONE)
        return why;
    if ((why = check_source(net, out->ip.src)) != DROP_NONE)
        return why;
    out->offset = ETHER_LEN + (uint32_t)out->ip.header_len;
    out->len = (uint32_t)out->ip.total_len - out->ip.header_len;
    out->to_group = mac_is_group(eth->dst);
    out->ours = net_own(net, out->ip.dst) != NULL;
    if (out->ours || addr_is_group(out->ip.dst) ||
        net_is_broadcast(net, out->ip.dst))
        return check_protocol(out);
    return forward_may(net, out);
}

enum drop
ip_input_whole(const struct datagram *d)
{
    if (d->ip.proto == IP_PROTO_TCP && d->len < TCP_HEADER_LEN)
        return DROP_TCP_TOO_SHORT;
    if (d->ip.proto == IP_PROTO_ICMP && d->len < ICMP_HEADER_LEN)
        return DROP_ICMP_TRUNCATED;
    return DROP_NONE;
}
