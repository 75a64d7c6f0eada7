/* SPDX-License-Identifier: MIT */
/* Ethernet demultiplexing, IPv4 validation and the decision to deliver.
 *
 * A packet passes if every field allows it, from the outside in: frame, header,
 * source, destination, whole datagram, protocol. Each test that fails has a
 * drop reason of its own. Nothing is answered here and nothing kept; fragments
 * and packets for other hosts are discarded, since there is neither reassembly
 * nor forwarding. IP options are checked for form and otherwise ignored. */
#include "ipd/core/ip_input.h"

#include "ipd/core/route.h"
#include "proto/wire/tcp.h"

enum drop
ip_input_frame(const struct ip_config *cfg, const uint8_t *head, size_t copied,
               struct ether *out)
{
    enum drop why = ether_decode(head, copied, out);

    if (why != DROP_NONE)
        return why;
    if (mac_is_group(out->src) || mac_equal(out->src, cfg->mac))
        return DROP_ETH_BAD_SOURCE;
    if (!mac_is_group(out->dst) && !mac_equal(out->dst, cfg->mac))
        return DROP_ETH_NOT_FOR_US;
    if (out->type != ETHER_IPV4 && out->type != ETHER_ARP)
        return DROP_ETH_UNKNOWN_TYPE;
    return DROP_NONE;
}

/* RFC 1122 3.2.1.3: a source is one host, and one that is not us. */
static enum drop
check_source(const struct ip_config *cfg, struct addr src)
{
    if (!route_is_host(cfg, src) || addr_equal(src, cfg->address))
        return DROP_IP_MARTIAN;
    return DROP_NONE;
}

static enum drop
check_destination(const struct ip_config *cfg, struct addr dst)
{
    if (addr_equal(dst, cfg->address) || addr_is_group(dst) ||
        route_is_broadcast(cfg, dst))
        return DROP_NONE;
    return DROP_IP_NOT_FOR_US;
}

/* Both protocols answer one host only: neither a group address nor a frame that
 * everybody on the link got may make us speak (RFC 1122 3.2.2.6, 3.3.6,
 * 4.2.3.10). */
static enum drop
check_protocol(const struct ip_config *cfg, const struct ether *eth,
               const struct ipv4 *ip)
{
    bool unicast = addr_equal(ip->dst, cfg->address) && !mac_is_group(eth->dst);

    switch (ip->proto) {
    case IP_PROTO_TCP:
        return unicast ? DROP_NONE : DROP_TCP_NOT_UNICAST;
    case IP_PROTO_ICMP:
        return unicast ? DROP_NONE : DROP_ICMP_NOT_UNICAST;
    default:
        return DROP_IP_UNKNOWN_PROTOCOL;
    }
}

enum drop
ip_input_packet(const struct ip_config *cfg, const struct ether *eth,
                const uint8_t *head, size_t copied, size_t frame_len,
                struct datagram *out)
{
    enum drop why = ipv4_decode(head + ETHER_LEN, copied - ETHER_LEN,
                                frame_len - ETHER_LEN, &out->ip);

    if (why != DROP_NONE)
        return why;
    if ((why = check_source(cfg, out->ip.src)) != DROP_NONE)
        return why;
    if ((why = check_destination(cfg, out->ip.dst)) != DROP_NONE)
        return why;
    if (ipv4_is_fragment(&out->ip))
        return DROP_IP_FRAGMENT;
    if ((why = check_protocol(cfg, eth, &out->ip)) != DROP_NONE)
        return why;
    out->offset = ETHER_LEN + (uint32_t)out->ip.header_len;
    out->len = (uint32_t)out->ip.total_len - out->ip.header_len;
    if (out->ip.proto == IP_PROTO_TCP && out->len < TCP_HEADER_LEN)
        return DROP_TCP_TOO_SHORT;
    return DROP_NONE;
}
