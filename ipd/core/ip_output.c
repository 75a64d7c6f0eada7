/* SPDX-License-Identifier: MIT */
/* IPv4 output (RFC 791, RFC 1122 3.2.1): every packet leaves with DF set, so
 * that path MTU discovery (RFC 1191) works and identifications need not be
 * unique (RFC 6864 4.1). */
#include "ipd/core/ip_output.h"

#include "proto/wire/tcp.h"

/* The longest packet on the wire. How many options TCP's header has is TCP's
 * affair: what it says it cuts is only held against the shortest one. */
static uint32_t
wire_len(const struct segment *s)
{
    if (s->gso_size == 0)
        return IPV4_HEADER_LEN + s->len;
    return IPV4_HEADER_LEN + TCP_HEADER_LEN + (uint32_t)s->gso_size;
}

enum drop
ip_output_route(const struct ip_config *cfg, const struct segment *s,
                enum route *route, struct addr *next_hop)
{
    if (!addr_equal(s->src, cfg->address))
        return DROP_IP_NO_SOURCE;
    *route = route_lookup(cfg, s->dst, next_hop);
    if (*route == ROUTE_NONE)
        return DROP_IP_NO_ROUTE;
    if (s->len > IPV4_PACKET_MAX - IPV4_HEADER_LEN)
        return DROP_IP_TOO_BIG;
    if (*route == ROUTE_LINK && wire_len(s) > cfg->mtu)
        return DROP_IP_TOO_BIG;
    return DROP_NONE;
}

void
ip_output_headers(const struct ip_config *cfg, const struct segment *s,
                  struct mac next_hop, uint16_t id,
                  uint8_t out[IP_OUTPUT_HEADERS])
{
    const struct ether link = {
        .dst = next_hop,
        .src = cfg->mac,
        .type = ETHER_IPV4,
    };
    const struct ipv4 ip = {
        .src = s->src,
        .dst = s->dst,
        .ttl = IP_OUTPUT_TTL,
        .proto = s->protocol,
        .total_len = (uint16_t)(IPV4_HEADER_LEN + s->len),
        .id = id,
        .dont_fragment = true,
    };

    ether_encode(out, &link);
    ipv4_encode(out + ETHER_LEN, &ip);
}

uint16_t
ip_output_packets(const struct segment *s)
{
    if (s->gso_size == 0)
        return 1;
    return (uint16_t)((s->len + s->gso_size - 1) / s->gso_size);
}
