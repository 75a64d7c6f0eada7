/* SPDX-License-Identifier: MIT */
/* The IPv4 header (RFC 791). */
#include "proto/wire/ipv4.h"

#include "proto/wire/be.h"
#include "proto/wire/checksum.h"

/* Where the fields lie. */
enum {
    VERSION_IHL = 0,
    TOS = 1,
    TOTAL_LEN = 2,
    ID = 4,
    FLAGS_OFFSET = 6,
    TTL = 8,
    PROTO = 9,
    CHECK = 10,
    SRC = 12,
    DST = 16,
};

#define FLAG_DONT_FRAGMENT 0x4000
#define FLAG_MORE          0x2000
#define OFFSET_MASK        0x1fff /* in units of 8 bytes */

#define OPTION_END          0
#define OPTION_NOP          1
#define OPTION_LOOSE_SOURCE 131
#define OPTION_STRICT       137

/* Walks the options, `len` bytes at `p`, which all pass unused: only their form
 * and the two that would redirect the packet matter. */
static enum drop
check_options(const uint8_t *p, size_t len)
{
    size_t at = 0;

    while (at < len && p[at] != OPTION_END) {
        if (p[at] == OPTION_NOP) {
            at++;
            continue;
        }
        if (len - at < 2 || p[at + 1] < 2 || p[at + 1] > len - at)
            return DROP_IP_BAD_OPTIONS;
        if (p[at] == OPTION_LOOSE_SOURCE || p[at] == OPTION_STRICT)
            return DROP_IP_SOURCE_ROUTE;
        at += p[at + 1];
    }
    return DROP_NONE;
}

static void
take_fields(const uint8_t *bytes, struct ipv4 *out)
{
    uint16_t fragment = be16_load(bytes + FLAGS_OFFSET);

    out->src = addr_v4(be32_load(bytes + SRC));
    out->dst = addr_v4(be32_load(bytes + DST));
    out->ttl = bytes[TTL];
    out->proto = bytes[PROTO];
    out->tos = bytes[TOS];
    out->id = be16_load(bytes + ID);
    out->frag_offset = (uint16_t)((fragment & OFFSET_MASK) * 8);
    out->more = (fragment & FLAG_MORE) != 0;
    out->dont_fragment = (fragment & FLAG_DONT_FRAGMENT) != 0;
}

enum drop
ipv4_decode(const uint8_t *bytes, size_t copied, size_t available,
            struct ipv4 *out)
{
    if (copied < IPV4_HEADER_LEN)
        return DROP_IP_TOO_SHORT;
    if (bytes[VERSION_IHL] >> 4 != 4)
        return DROP_IP_BAD_VERSION;
    out->header_len = (uint8_t)((bytes[VERSION_IHL] & 0xf) * 4);
    if (out->header_len < IPV4_HEADER_LEN || out->header_len > copied)
        return DROP_IP_BAD_HEADER_LENGTH;
    /* Before the lengths: damage to them is better called damage. */
    if (!checksum_ok(checksum_add(0, bytes, out->header_len)))
        return DROP_IP_BAD_CHECKSUM;
    out->total_len = be16_load(bytes + TOTAL_LEN);
    if (out->total_len < out->header_len || out->total_len > available)
        return DROP_IP_BAD_TOTAL_LENGTH;
    take_fields(bytes, out);
    return check_options(bytes + IPV4_HEADER_LEN,
                         (size_t)out->header_len - IPV4_HEADER_LEN);
}

void
ipv4_encode(uint8_t out[IPV4_HEADER_LEN], const struct ipv4 *ip)
{
    unsigned fragment = ip->frag_offset / 8;

    if (ip->more)
        fragment |= FLAG_MORE;
    if (ip->dont_fragment)
        fragment |= FLAG_DONT_FRAGMENT;
    out[VERSION_IHL] = 4 << 4 | IPV4_HEADER_LEN / 4;
    out[TOS] = ip->tos;
    be16_store(out + TOTAL_LEN, ip->total_len);
    be16_store(out + ID, ip->id);
    be16_store(out + FLAGS_OFFSET, (uint16_t)fragment);
    out[TTL] = ip->ttl;
    out[PROTO] = ip->proto;
    be16_store(out + CHECK, 0);
    be32_store(out + SRC, addr_to_v4(ip->src));
    be32_store(out + DST, addr_to_v4(ip->dst));
    be16_store(out + CHECK,
               checksum_fold(checksum_add(0, out, IPV4_HEADER_LEN)));
}

void
ipv4_decrement_ttl(uint8_t *header)
{
    uint16_t check = be16_load(header + CHECK);
    uint16_t before = be16_load(header + TTL);

    header[TTL]--;
    be16_store(header + CHECK,
               checksum_update16(check, before, be16_load(header + TTL)));
}
