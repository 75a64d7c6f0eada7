/* SPDX-License-Identifier: MIT */
/* Finds TCP segments over IPv4 in Ethernet frames. */
#include "linkd/tcpv4.h"

#include "proto/wire/be.h"
#include "proto/wire/checksum.h"
#include "proto/wire/ipv4.h"
#include "proto/wire/tcp.h"

#define NOT_WHOLE 0xbfff /* more fragments, the offset and the reserved bit */

static uint32_t
ip_header_len(const uint8_t *ip)
{
    return (uint32_t)(ip[0] & 0xf) * 4;
}

bool
tcpv4_find(const uint8_t *bytes, uint32_t copied, uint32_t len,
           struct tcpv4 *out)
{
    const uint8_t *ip = bytes + TCPV4_IP;

    if (copied < TCPV4_IP + IPV4_HEADER_LEN + TCP_HEADER_LEN || copied > len ||
        be16_load(bytes + TCPV4_IP - 2) != ETHER_IPV4)
        return false;
    if (ip[0] >> 4 != 4 || ip_header_len(ip) < IPV4_HEADER_LEN ||
        ip[IPV4_PROTO] != IP_PROTO_TCP ||
        (be16_load(ip + IPV4_FRAGMENT) & NOT_WHOLE) != 0)
        return false;
    out->tcp = TCPV4_IP + ip_header_len(ip);
    out->end = TCPV4_IP + be16_load(ip + IPV4_TOTAL_LEN);
    if (out->tcp + TCP_HEADER_LEN > copied || out->end > len)
        return false;

    uint32_t header = (uint32_t)(bytes[out->tcp + TCP_DATA_OFFSET] >> 4) * 4;

    out->payload = out->tcp + header;
    return header >= TCP_HEADER_LEN && out->payload <= copied &&
           out->payload <= out->end;
}

void
tcpv4_seal_ip(uint8_t *ip, uint32_t total_len)
{
    be16_store(ip + IPV4_TOTAL_LEN, (uint16_t)total_len);
    be16_store(ip + IPV4_CHECK, 0);
    be16_store(ip + IPV4_CHECK,
               checksum_fold(checksum_add(0, ip, ip_header_len(ip))));
}

bool
tcpv4_ip_ok(const uint8_t *ip)
{
    return checksum_ok(checksum_add(0, ip, ip_header_len(ip)));
}

struct addr
tcpv4_src(const uint8_t *ip)
{
    return addr_v4(be32_load(ip + IPV4_ADDRESSES));
}

struct addr
tcpv4_dst(const uint8_t *ip)
{
    return addr_v4(be32_load(ip + IPV4_ADDRESSES + 4));
}
