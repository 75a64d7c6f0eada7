/* SPDX-License-Identifier: MIT */
/* Frames for tests of ipd, as a peer on the link would send them. */
#ifndef TESTS_IPD_FRAMES_H
#define TESTS_IPD_FRAMES_H

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h> /* needs those before it */

#include "proto/wire/arp.h"
#include "proto/wire/checksum.h"
#include "proto/wire/ether.h"
#include "proto/wire/icmp.h"
#include "proto/wire/ipv4.h"
#include "proto/wire/net.h"

#include <string.h>

#define OURS      0x0a070002u /* 10.7.0.2 */
#define GATEWAY   0x0a070001u
#define PEER      0x0a070009u
#define BROADCAST 0x0a0700ffu
#define FAR       0xc6336407u /* 198.51.100.7, behind the gateway */
#define OURS1     0x0a080002u /* 10.8.0.2, on the second link */
#define PEER1     0x0a080009u

static const struct mac our_mac = {{2, 0, 0, 7, 0, 2}};
static const struct mac gateway_mac = {{2, 0, 0, 7, 0, 1}};
static const struct mac peer_mac = {{2, 0, 0, 7, 0, 9}};
static const struct mac our_mac1 = {{2, 0, 0, 8, 0, 2}};
static const struct mac peer_mac1 = {{2, 0, 0, 8, 0, 9}};
static const struct mac evil_mac = {{2, 0xee, 0xee, 0xee, 0xee, 0xee}};

/* One link, one address, one gateway; or two links, the second one narrower. */
static inline struct net
test_net(uint32_t links)
{
    struct net net = {
        .links = links,
        .addresses = links,
        .routes = 1,
        .link[0] = {.name = "net0", .mac = our_mac, .mtu = 1500},
        .address[0] = {.addr = addr_v4(OURS), .prefix_len = 24},
        .route[0] = {.dst = addr_any_v4(),
                     .gateway = addr_v4(GATEWAY),
                     .source = addr_any_v4()},
    };

    if (links > 1) {
        net.link[1] =
            (struct net_link){.name = "net1", .mac = our_mac1, .mtu = 1400};
        net.address[1] = (struct net_address){
            .addr = addr_v4(OURS1), .prefix_len = 24, .link = 1};
    }
    return net;
}

static inline struct ether
test_ether(uint16_t type)
{
    return (struct ether){.dst = our_mac, .src = peer_mac, .type = type};
}

/* From the peer to us; total_len counts `len` bytes of payload. */
static inline struct ipv4
test_ipv4(uint8_t proto, uint32_t len)
{
    return (struct ipv4){
        .src = addr_v4(PEER),
        .dst = addr_v4(OURS),
        .ttl = 64,
        .proto = proto,
        .total_len = (uint16_t)(IPV4_HEADER_LEN + len),
        .id = 0x1234,
    };
}

/* Writes both headers; the frame's length, with `len` bytes of payload that the
 * caller puts behind them. */
static inline uint32_t
put_headers(uint8_t *out, const struct ether *eth, const struct ipv4 *ip,
            uint32_t len)
{
    ether_encode(out, eth);
    ipv4_encode(out + ETHER_LEN, ip);
    return ETHER_LEN + IPV4_HEADER_LEN + len;
}

/* A whole echo request with `len` bytes of data that count upwards. */
static inline uint32_t
put_echo(uint8_t *out, uint32_t len)
{
    const struct ether eth = test_ether(ETHER_IPV4);
    const struct ipv4 ip = test_ipv4(IP_PROTO_ICMP, ICMP_HEADER_LEN + len);
    const struct icmp_echo echo = {ICMP_ECHO_REQUEST, 0x4242, 7};
    uint8_t *message = out + ETHER_LEN + IPV4_HEADER_LEN;

    for (uint32_t i = 0; i < len; i++)
        message[ICMP_HEADER_LEN + i] = (uint8_t)i;
    icmp_echo_encode(message, &echo,
                     checksum_add(0, message + ICMP_HEADER_LEN, len));
    return put_headers(out, &eth, &ip, ICMP_HEADER_LEN + len);
}

/* An ARP packet in its frame. */
static inline uint32_t
put_arp(uint8_t *out, uint16_t op, struct mac mac, uint32_t sender,
        uint32_t target)
{
    const struct ether eth = {
        .dst = op == ARP_REPLY ? our_mac : mac_broadcast(),
        .src = mac,
        .type = ETHER_ARP,
    };
    const struct arp a = {
        .op = op,
        .sender_mac = mac,
        .sender = addr_v4(sender),
        .target_mac = our_mac,
        .target = addr_v4(target),
    };

    ether_encode(out, &eth);
    arp_encode(out + ETHER_LEN, &a);
    return ETHER_LEN + ARP_LEN;
}

#endif
