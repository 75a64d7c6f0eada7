/* SPDX-License-Identifier: MIT */
/* Receive coalescing, by Linux's rules (tcp_gro_receive, inet_gro_receive) but
 * for one: an acknowledgement that moves on does not end a packet.
 *
 * Segments are joined when cutting the whole again would give the same ones:
 * same flow, Ethernet header, TOS, TTL and DF, same TCP options, timestamps
 * included, no flag but ACK, and PSH on the last; the same length, only the
 * last one shorter; right checksums. What the whole says of itself is what a
 * kernel says of its own large packets: the checksum is unfinished and vouched
 * for, so that it can be forwarded as it is. A segment with a wrong checksum is
 * nobody's but its own: the receiver counts it. */
#include "linkd/gro.h"

#include "proto/wire/be.h"
#include "proto/wire/checksum.h"
#include "proto/wire/ipv4.h"
#include "proto/wire/tcp.h"

#include <string.h>

/* The only place of the TCP header: IPv4 options are not joined. */
#define TCP_AT (TCPV4_IP + IPV4_HEADER_LEN)

/* A segment with text, of the kind that is joined? */
static bool
is_text(const uint8_t *frame, uint32_t len, const struct packet *p,
        struct tcpv4 *at)
{
    if ((p->flags & PACKET_GSO_TCPV4) || !tcpv4_find(frame, len, len, at))
        return false;
    if ((p->flags & PACKET_CSUM_PARTIAL) &&
        (p->csum_start != TCP_AT || p->csum_offset != TCP_CHECKSUM_OFFSET))
        return false;
    return at->tcp == TCP_AT && at->end == len && at->payload < len &&
           (frame[TCP_AT + TCP_FLAGS] & ~TCP_PSH) == TCP_ACK;
}

static bool
sums_ok(const uint8_t *frame, uint32_t len, const struct packet *p)
{
    const uint8_t *ip = frame + TCPV4_IP;

    if (!tcpv4_ip_ok(ip))
        return false;
    return (p->flags & PACKET_CSUM_VOUCHED) ||
           tcp_checksum_ok(frame + TCP_AT, len - TCP_AT, tcpv4_src(ip),
                           tcpv4_dst(ip));
}

bool
gro_start(struct gro *g, uint8_t *bytes, uint32_t len, struct packet *p)
{
    if (!is_text(bytes, len, p, &g->at) || !sums_ok(bytes, len, p))
        return false;
    p->flags |= PACKET_CSUM_VOUCHED;
    g->bytes = bytes;
    g->len = len;
    g->size = len - g->at.payload;
    g->segments = 1;
    g->open = !(bytes[TCP_AT + TCP_FLAGS] & TCP_PSH);
    return g->open;
}

/* The identification says nothing with DF set (RFC 6864 4.1); else it
 * counts. */
static bool
id_fits(const struct gro *g, const uint8_t *ip)
{
    const uint8_t *first = g->bytes + TCPV4_IP;
    uint16_t expected = (uint16_t)(be16_load(first + IPV4_ID) + g->segments);

    return (be16_load(ip + IPV4_FRAGMENT) & IPV4_DF) != 0 ||
           be16_load(ip + IPV4_ID) == expected;
}

static bool
same_path(const struct gro *g, const uint8_t *frame)
{
    const uint8_t *ip = frame + TCPV4_IP;
    const uint8_t *first = g->bytes + TCPV4_IP;

    return memcmp(frame, g->bytes, ETHER_LEN) == 0 &&
           ip[IPV4_TOS] == first[IPV4_TOS] && ip[IPV4_TTL] == first[IPV4_TTL] &&
           memcmp(ip + IPV4_FRAGMENT, first + IPV4_FRAGMENT, 2) == 0 &&
           memcmp(ip + IPV4_ADDRESSES, first + IPV4_ADDRESSES,
                  IPV4_ADDRESSES_LEN) == 0 &&
           id_fits(g, ip);
}

/* An older acknowledgement is that of a segment which was overtaken. */
static bool
continues(const struct gro *g, const uint8_t *frame)
{
    const uint8_t *tcp = frame + TCP_AT;
    const uint8_t *first = g->bytes + TCP_AT;
    uint32_t next = be32_load(first + TCP_SEQ) + (g->len - g->at.payload);
    uint32_t newer =
        be32_load(tcp + TCP_ACK_NUMBER) - be32_load(first + TCP_ACK_NUMBER);

    return memcmp(tcp, first, 4) == 0 && /* the ports */
           be32_load(tcp + TCP_SEQ) == next && newer <= INT32_MAX &&
           tcp[TCP_DATA_OFFSET] == first[TCP_DATA_OFFSET] &&
           memcmp(tcp + TCP_HEADER_LEN, first + TCP_HEADER_LEN,
                  g->at.payload - TCP_AT - TCP_HEADER_LEN) == 0;
}

static bool
has_room(const struct gro *g, uint32_t len)
{
    return len <= g->size && g->len + len <= TCPV4_IP + IPV4_PACKET_MAX;
}

static void
append(struct gro *g, const uint8_t *frame, uint32_t len)
{
    const uint8_t *tcp = frame + TCP_AT;
    uint8_t *first = g->bytes + TCP_AT;

    memcpy(first + TCP_ACK_NUMBER, tcp + TCP_ACK_NUMBER, 4);
    memcpy(first + TCP_WINDOW, tcp + TCP_WINDOW, 2);
    first[TCP_FLAGS] |= tcp[TCP_FLAGS];
    g->open = len == g->size && !(tcp[TCP_FLAGS] & TCP_PSH);
    memmove(g->bytes + g->len, frame + g->at.payload, len);
    g->len += len;
    g->segments++;
}

bool
gro_add(struct gro *g, const uint8_t *frame, uint32_t len,
        const struct packet *p)
{
    struct tcpv4 at;

    if (!g->open || !is_text(frame, len, p, &at) || !same_path(g, frame) ||
        !continues(g, frame) || !has_room(g, len - at.payload) ||
        !sums_ok(frame, len, p))
        return false;
    append(g, frame, len - at.payload);
    return true;
}

void
gro_finish(struct gro *g, struct packet *p)
{
    uint8_t *ip = g->bytes + TCPV4_IP;

    if (g->segments == 1)
        return;
    tcpv4_seal_ip(ip, g->len - TCPV4_IP);
    tcp_checksum_partial(g->bytes + TCP_AT, tcpv4_src(ip), tcpv4_dst(ip),
                         g->len - TCP_AT);
    p->flags = PACKET_CSUM_VOUCHED | PACKET_CSUM_PARTIAL | PACKET_GSO_TCPV4;
    p->gso_size = (uint16_t)g->size;
    p->csum_start = TCP_AT;
    p->csum_offset = TCP_CHECKSUM_OFFSET;
}
