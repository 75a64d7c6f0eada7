/* SPDX-License-Identifier: MIT */
/* Forwarding (RFC 1812 5.2, 5.3).
 *
 * Only the first 20 bytes of the IPv4 header change, and they are written anew;
 * whatever follows them, options too, stays where it was received. Options
 * that a router would fill in are passed on as they are, source routes were
 * refused before. Redirects are not sent.
 *
 * Offloaded packets stay offloaded. A checksum that is not complete is left to
 * the device, whose offsets do not change since the headers' lengths do not. Of
 * several segments in one whose checksum was verified and is complete, only
 * TCP's header can be what it is for all of them: the field has to be made
 * partial again, so the header up to there is written anew too. Of several that
 * are too long but may be fragmented, smaller segments are made: whoever sends
 * without DF does not listen to what would be answered. */
#include "ipd/core/forward.h"

#include "base/bits.h"
#include "proto/wire/be.h"
#include "proto/wire/tcp.h"

#include <string.h>

/* RFC 3927 2.6.2, 7: never passed on, in either field. */
static bool
is_link_local(struct addr a)
{
    return addr_to_v4(a) >> 16 == 0xa9fe;
}

enum drop
forward_may(const struct net *net, const struct datagram *d)
{
    if (!net->forwarding || !net_is_host(net, d->ip.dst))
        return DROP_IP_NOT_FOR_US;
    if (d->to_group || is_link_local(d->ip.src) || is_link_local(d->ip.dst))
        return DROP_IP_NOT_FORWARDED;
    return DROP_NONE;
}

static enum drop
refuse(struct icmp_error *error, uint8_t type, uint8_t code, enum drop why)
{
    error->type = type;
    error->code = code;
    return why;
}

static uint32_t
headers_len(const struct datagram *d, const struct forward_frame *f)
{
    return d->ip.header_len + ip_output_header_len(f->tcp);
}

static uint32_t
wire_len(const struct datagram *d, const struct forward_frame *f)
{
    uint32_t one = headers_len(d, f) + f->gso_size;

    return f->gso_size == 0 || d->ip.total_len < one ? d->ip.total_len : one;
}

/* Only what is one packet, whose header is ours to write, can be cut. */
static bool
may_fragment(const struct datagram *d, const struct forward_frame *f)
{
    return !d->ip.dont_fragment && f->gso_size == 0 &&
           d->ip.header_len == IPV4_HEADER_LEN;
}

/* Does what the frame says of its checksum and segments fit its packet? */
static bool
offload_fits(const struct datagram *d, const struct forward_frame *f)
{
    if (f->gso_size != 0 &&
        (d->ip.proto != IP_PROTO_TCP || d->len < TCP_HEADER_LEN ||
         ipv4_is_fragment(&d->ip) || !(f->csum_partial || f->csum_vouched)))
        return false;
    return !f->csum_partial ||
           (f->csum_start >= d->offset &&
            (uint32_t)f->csum_start + f->csum_offset + 2 <= d->offset + d->len);
}

/* Nobody completes the checksum of every segment unless it is partial. */
static bool
make_partial(const struct datagram *d, const struct forward_frame *f,
             struct outgoing *out)
{
    uint8_t *header = out->head + IPV4_HEADER_LEN;

    if (d->ip.header_len != IPV4_HEADER_LEN)
        return false;
    memcpy(header, f->tcp, FORWARD_TCP);
    tcp_checksum_partial(header, d->ip.src, d->ip.dst, d->len);
    out->head_len = IPV4_HEADER_LEN + FORWARD_TCP;
    out->len -= FORWARD_TCP;
    out->csum_partial = true;
    out->csum_start = (uint16_t)d->offset;
    out->csum_offset = TCP_CHECKSUM_OFFSET;
    return true;
}

/* The size of several segments that leave; 0 stays 0. */
static uint16_t
segment_size(const struct datagram *d, const struct forward_frame *f,
             uint32_t mtu)
{
    if (d->ip.dont_fragment)
        return f->gso_size;
    return (uint16_t)min_u32(f->gso_size, mtu - headers_len(d, f));
}

static bool
write_head(const struct datagram *d, const struct forward_frame *f,
           struct outgoing *out)
{
    memcpy(out->head, f->head + ETHER_LEN, IPV4_HEADER_LEN);
    ipv4_decrement_ttl(out->head);
    out->src = d->ip.src;
    out->dst = d->ip.dst;
    out->kind = OUTGOING_FORWARD;
    out->from_link = (uint8_t)f->link;
    out->head_len = IPV4_HEADER_LEN;
    out->len = (uint32_t)d->ip.total_len - IPV4_HEADER_LEN;
    out->gso_size = f->gso_size;
    out->csum_partial = f->csum_partial;
    out->csum_start = f->csum_start;
    out->csum_offset = f->csum_offset;
    return f->gso_size == 0 || f->csum_partial || make_partial(d, f, out);
}

enum drop
forward_packet(const struct net *net, const struct datagram *d,
               const struct forward_frame *f, struct outgoing *out,
               struct icmp_error *error)
{
    struct forward_frame fit = *f;

    error->type = 0;
    if (!offload_fits(d, f))
        return DROP_IP_BAD_DESCRIPTOR;
    if (d->ip.ttl <= 1)
        return refuse(error, ICMP_TIME_EXCEEDED, ICMP_TTL_EXCEEDED,
                      DROP_IP_TTL);
    if (net_path(net, d->ip.dst, &out->path) != NET_LINK)
        return refuse(error, ICMP_DEST_UNREACHABLE, ICMP_NET_UNREACHABLE,
                      DROP_IP_NO_ROUTE);
    fit.gso_size = segment_size(d, f, out->path.mtu);
    if (wire_len(d, &fit) > out->path.mtu && !may_fragment(d, f)) {
        error->mtu = (uint16_t)out->path.mtu;
        return refuse(error, ICMP_DEST_UNREACHABLE, ICMP_FRAG_NEEDED,
                      DROP_IP_TOO_BIG);
    }
    return write_head(d, &fit, out) ? DROP_NONE : DROP_IP_BAD_DESCRIPTOR;
}
