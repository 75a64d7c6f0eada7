/* SPDX-License-Identifier: MIT */
/* ARP for IPv4 over Ethernet (RFC 826). */
#include "proto/wire/arp.h"

#include "proto/wire/be.h"
#include "proto/wire/ether.h"

#include <string.h>

#define HTYPE_ETHERNET 1

/* Where the fields lie. */
enum {
    HTYPE = 0,
    PTYPE = 2,
    HLEN = 4,
    PLEN = 5,
    OPCODE = 6,
    SENDER_MAC = 8,
    SENDER = 14,
    TARGET_MAC = 18,
    TARGET = 24,
};

enum drop
arp_decode(const uint8_t *bytes, size_t len, struct arp *out)
{
    if (len < ARP_LEN)
        return DROP_ARP_TRUNCATED;
    if (be16_load(bytes + HTYPE) != HTYPE_ETHERNET ||
        be16_load(bytes + PTYPE) != ETHER_IPV4 || bytes[HLEN] != 6 ||
        bytes[PLEN] != 4)
        return DROP_ARP_BAD_FORMAT;
    out->op = be16_load(bytes + OPCODE);
    if (out->op != ARP_REQUEST && out->op != ARP_REPLY)
        return DROP_ARP_BAD_OPCODE;
    memcpy(out->sender_mac.b, bytes + SENDER_MAC, sizeof out->sender_mac.b);
    memcpy(out->target_mac.b, bytes + TARGET_MAC, sizeof out->target_mac.b);
    out->sender = addr_v4(be32_load(bytes + SENDER));
    out->target = addr_v4(be32_load(bytes + TARGET));
    return DROP_NONE;
}

void
arp_encode(uint8_t out[ARP_LEN], const struct arp *a)
{
    be16_store(out + HTYPE, HTYPE_ETHERNET);
    be16_store(out + PTYPE, ETHER_IPV4);
    out[HLEN] = 6;
    out[PLEN] = 4;
    be16_store(out + OPCODE, a->op);
    memcpy(out + SENDER_MAC, a->sender_mac.b, sizeof a->sender_mac.b);
    memcpy(out + TARGET_MAC, a->target_mac.b, sizeof a->target_mac.b);
    be32_store(out + SENDER, addr_to_v4(a->sender));
    be32_store(out + TARGET, addr_to_v4(a->target));
}
