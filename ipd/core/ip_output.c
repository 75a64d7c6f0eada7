/* SPDX-License-Identifier: MIT */
/* IPv4 output (RFC 791, RFC 1122 3.2.1): a segment leaves with DF set, so that
 * path MTU discovery (RFC 1191) works and identifications need not be unique
 * (RFC 6864 4.1). Everything else of ours may be fragmented. */
#include "ipd/core/ip_output.h"

#include "base/check.h"
#include "proto/wire/be.h"
#include "proto/wire/checksum.h"

/* The data offset is TCP's own word; less than a header is no header. */
uint32_t
ip_output_header_len(const uint8_t head[SEGMENT_HEAD])
{
    uint32_t len = (uint32_t)(head[12] >> 4) * 4;

    return len < TCP_HEADER_LEN ? TCP_HEADER_LEN : len;
}

/* The longest packet on the wire. */
static uint32_t
wire_len(const struct segment *s)
{
    if (s->gso_size == 0 || s->len <= s->header_len + s->gso_size)
        return IPV4_HEADER_LEN + s->len;
    return IPV4_HEADER_LEN + s->header_len + s->gso_size;
}

enum drop
ip_output_route(const struct net *net, const struct pmtu_table *t,
                const struct segment *s, instant_t now, enum net_found *found,
                struct net_path *path)
{
    if (net_own(net, s->src) == NULL)
        return DROP_IP_NO_SOURCE;
    *found = net_path(net, s->dst, path);
    if (*found == NET_NONE)
        return DROP_IP_NO_ROUTE;
    if (*found == NET_LINK)
        path->mtu = pmtu_look(t, s->dst, path->mtu, now);
    if (s->len > IPV4_PACKET_MAX - IPV4_HEADER_LEN ||
        (*found == NET_LINK && wire_len(s) > path->mtu))
        return DROP_IP_TOO_BIG;
    return DROP_NONE;
}

void
ip_output_segment(const struct segment *s, const struct net_path *path,
                  uint16_t id, struct outgoing *out)
{
    const struct ipv4 ip = {
        .src = s->src,
        .dst = s->dst,
        .ttl = IP_OUTPUT_TTL,
        .proto = s->protocol,
        .id = id,
        .dont_fragment = true,
    };

    out->path = *path;
    out->kind = OUTGOING_SEGMENT;
    ip_output_packet(&ip, s->len, out);
    out->gso_size = s->gso_size;
    out->csum_start = IP_OUTPUT_HEADERS;
    out->csum_offset = TCP_CHECKSUM_OFFSET;
}

void
ip_output_packet(const struct ipv4 *ip, uint32_t len, struct outgoing *out)
{
    struct ipv4 whole = *ip;

    whole.total_len = (uint16_t)(IPV4_HEADER_LEN + len);
    ipv4_encode(out->head, &whole);
    out->src = ip->src;
    out->dst = ip->dst;
    out->head_len = IPV4_HEADER_LEN;
    out->len = len;
    out->gso_size = 0;
    out->csum_partial = false;
    out->csum_start = 0;
    out->csum_offset = 0;
}

/* The field holds the sum of the pseudo-header, so it counts like any other
 * bytes. Of UDP, 0 would say that there is none. */
void
ip_output_complete(struct outgoing *o, uint8_t *payload)
{
    uint32_t start = o->csum_start - (uint32_t)IP_OUTPUT_HEADERS;
    uint16_t check;

    CHECK(o->head_len == IPV4_HEADER_LEN && start < o->len);
    check = checksum_fold(checksum_add(0, payload + start, o->len - start));
    be16_store(payload + start + o->csum_offset, check == 0 ? 0xffff : check);
    o->csum_partial = false;
}

bool
ip_output_too_long(const struct outgoing *o)
{
    return o->gso_size == 0 && o->head_len + o->len > o->path.mtu;
}
