/* SPDX-License-Identifier: MIT */
/* Reads ICMP errors (RFC 792, RFC 1122 3.2.2).
 *
 * An error is a stranger's claim about a packet of ours: anybody can send one
 * (RFC 5927). Here is decided what can be decided without connections: that the
 * message is whole, of a kind that means something, and quotes the start of a
 * packet that is like those we send. Source quench is ignored (RFC 6633), and
 * so are redirects: routes are the configuration's alone. */
#include "ipd/core/quoted.h"

#include "base/bits.h"
#include "proto/wire/be.h"
#include "proto/wire/checksum.h"
#include "proto/wire/ipv4.h"

#include <stdbool.h>
#include <stddef.h>
#include <string.h>

#define TRANSPORT    8  /* bytes behind the quoted header that all must quote */
#define UNREACHABLES 16 /* codes: RFC 792, RFC 1122 3.2.2.1, RFC 1812 5.2.7.1 */
#define EXCEEDEDS    2
#define PROBLEMS     3
#define HEAD_MAX     (ICMP_HEADER_LEN + IPV4_HEADER_MAX + TRANSPORT)

#define OFFSET_MASK 0x1fff
#define MTU_MASK    0xffff

/* Where the fields of the quoted IPv4 header lie. */
enum {
    VERSION_IHL = 0,
    TOTAL_LEN = 2,
    FLAGS_OFFSET = 6,
    PROTO = 9,
    SRC = 12,
    DST = 16,
};

static bool
is_known(const struct icmp_header *h)
{
    switch (h->type) {
    case ICMP_DEST_UNREACHABLE:
        return h->code < UNREACHABLES;
    case ICMP_TIME_EXCEEDED:
        return h->code < EXCEEDEDS;
    case ICMP_PARAMETER_PROBLEM:
        return h->code < PROBLEMS;
    default:
        return false;
    }
}

/* The 8 bytes that follow the quoted header. */
static enum drop
take_transport(const uint8_t *p, struct quoted *out)
{
    switch (out->proto) {
    case IP_PROTO_TCP:
        out->local_port = be16_load(p);
        out->remote_port = be16_load(p + 2);
        out->seq = be32_load(p + 4);
        return DROP_NONE;
    case IP_PROTO_ICMP:
        if (p[0] != ICMP_ECHO_REQUEST || p[1] != 0)
            return DROP_ICMP_IGNORED; /* nobody waits for our replies */
        out->echo_id = be16_load(p + 4);
        out->echo_seq = be16_load(p + 6);
        return DROP_NONE;
    default:
        return DROP_ICMP_BAD_QUOTE;
    }
}

/* The quoted packet, of which `len` bytes are at `p`. Its checksum is not looked
 * at: TTL and more changed on its way, and some who quote do not mend it. */
static enum drop
take_packet(const struct net *net, const uint8_t *p, size_t len,
            struct quoted *out)
{
    size_t header_len;

    if (len < IPV4_HEADER_LEN)
        return DROP_ICMP_TRUNCATED;
    header_len = (size_t)(p[VERSION_IHL] & 0xf) * 4;
    if (p[VERSION_IHL] >> 4 != 4 || header_len < IPV4_HEADER_LEN)
        return DROP_ICMP_BAD_QUOTE;
    if (len < header_len + TRANSPORT)
        return DROP_ICMP_TRUNCATED;
    out->packet_len = be16_load(p + TOTAL_LEN);
    out->proto = p[PROTO];
    out->local = addr_v4(be32_load(p + SRC));
    out->remote = addr_v4(be32_load(p + DST));
    if (out->packet_len < header_len + TRANSPORT ||
        net_own(net, out->local) == NULL || net_own(net, out->remote) != NULL ||
        !net_is_host(net, out->remote))
        return DROP_ICMP_BAD_QUOTE;
    if ((be16_load(p + FLAGS_OFFSET) & OFFSET_MASK) != 0)
        return DROP_ICMP_IGNORED; /* no transport header in it */
    return take_transport(p + header_len, out);
}

enum drop
quoted_decode(const struct net *net, const uint8_t *message, uint32_t len,
              struct quoted *out)
{
    uint8_t head[HEAD_MAX];
    uint32_t copied = min_u32(len, sizeof head);
    struct icmp_header h;
    uint64_t sum;
    enum drop why;

    if (len < ICMP_HEADER_LEN)
        return DROP_ICMP_TRUNCATED;
    memcpy(head, message, copied);
    /* An even number of bytes, or all: a sum may go on behind it. */
    sum = checksum_add(0, head + ICMP_HEADER_LEN, copied - ICMP_HEADER_LEN);
    sum = checksum_add(sum, message + copied, len - copied);
    why = icmp_decode(head, len, sum, &h);
    if (why != DROP_NONE)
        return why;
    if (!is_known(&h))
        return DROP_ICMP_IGNORED;
    *out = (struct quoted){.type = h.type, .code = h.code};
    if (h.type == ICMP_DEST_UNREACHABLE && h.code == ICMP_FRAG_NEEDED)
        out->mtu = h.rest & MTU_MASK;
    return take_packet(net, head + ICMP_HEADER_LEN, copied - ICMP_HEADER_LEN,
                       out);
}
