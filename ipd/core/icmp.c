/* SPDX-License-Identifier: MIT */
/* ICMP echo (RFC 792, RFC 1122 3.2.2.6). */
#include "ipd/core/icmp.h"

#include "ipd/core/ip_output.h"
#include "proto/wire/checksum.h"

#include <string.h>

/* The reply goes back to the MAC address that the request came from: it needs
 * no neighbour, so an echo never waits for ARP and fills no table. Its TOS is
 * the request's, and routers may fragment it. */
static void
write_reply(const struct ip_config *cfg, const struct ether *eth,
            const struct datagram *d, uint16_t id, uint8_t *reply)
{
    const struct ether link = {
        .dst = eth->src,
        .src = cfg->mac,
        .type = ETHER_IPV4,
    };
    const struct ipv4 ip = {
        .src = cfg->address,
        .dst = d->ip.src,
        .ttl = IP_OUTPUT_TTL,
        .proto = IP_PROTO_ICMP,
        .tos = d->ip.tos,
        .total_len = (uint16_t)(IPV4_HEADER_LEN + d->len),
        .id = id,
    };

    ether_encode(reply, &link);
    ipv4_encode(reply + ETHER_LEN, &ip);
}

enum drop
icmp_input(const struct ip_config *cfg, const struct ether *eth,
           const struct datagram *d, const uint8_t *message, uint16_t id,
           uint8_t reply[ICMP_REPLY_HEADERS])
{
    uint8_t head[ICMP_HEADER_LEN];
    struct icmp_echo echo;
    uint64_t sum;
    enum drop why;

    if (d->len < ICMP_HEADER_LEN)
        return DROP_ICMP_TRUNCATED;
    memcpy(head, message, sizeof head);
    sum = checksum_add(0, message + ICMP_HEADER_LEN, d->len - ICMP_HEADER_LEN);
    why = icmp_echo_decode(head, d->len, sum, &echo);
    if (why != DROP_NONE)
        return why;
    if (echo.type == ICMP_ECHO_REPLY)
        return DROP_ICMP_NO_PING;
    if (IPV4_HEADER_LEN + d->len > cfg->mtu)
        return DROP_IP_TOO_BIG;
    echo.type = ICMP_ECHO_REPLY;
    write_reply(cfg, eth, d, id, reply);
    icmp_echo_encode(reply + ETHER_LEN + IPV4_HEADER_LEN, &echo, sum);
    return DROP_NONE;
}
