/* SPDX-License-Identifier: MIT */
/* ICMP errors that we send: when they are due, at what rate, and their bytes
 * (RFC 792, RFC 1122 3.2.2, RFC 1812 4.3.2). */
#ifndef IPD_CORE_ICMP_ERROR_H
#define IPD_CORE_ICMP_ERROR_H

#include "base/hash.h"
#include "base/time.h"
#include "proto/drops.h"
#include "proto/wire/icmp.h"
#include "proto/wire/ipv4.h"
#include "proto/wire/net.h"

#include <stdbool.h>
#include <stdint.h>

#define ICMP_ERROR_MAX 576 /* bytes, IPv4 header included */

#define ICMP_LIMIT_RATE       1000 /* errors a second in all */
#define ICMP_LIMIT_BURST      50
#define ICMP_LIMIT_HOSTS      256 /* power of two; hosts share a bucket */
#define ICMP_LIMIT_HOST_RATE  1   /* a second */
#define ICMP_LIMIT_HOST_BURST 6

/* What is wrong, and with which packet. */
struct icmp_error {
    uint8_t type, code; /* DEST_UNREACHABLE, TIME_EXCEEDED, PARAMETER_PROBLEM */
    uint8_t pointer;    /* PARAMETER_PROBLEM: the byte of the header */
    bool to_group;      /* its frame's destination was a group's MAC address */
    uint16_t mtu;       /* FRAG_NEEDED: of the next hop */
    uint32_t link;      /* where it came in */
    struct ipv4 ip;     /* its header's values */
    const uint8_t *packet; /* from its header on; may change at any time */
    uint32_t len;          /* bytes there, header included */
};

/* Emptied by answering, filled by time. */
struct icmp_bucket {
    instant_t full_at; /* the moment at which nothing is missing */
};

struct icmp_limits {
    struct hash_key key;
    struct icmp_bucket all;
    struct icmp_bucket hosts[ICMP_LIMIT_HOSTS];
};

/* `key` is a secret, so that nobody can aim at another host's bucket. */
void icmp_limits_init(struct icmp_limits *l, const struct hash_key *key);

/* May this packet be answered with an error at all? Not an ICMP error, nothing
 * sent to a group, no fragment but the first, nothing that no single host sent
 * (RFC 1122 3.2.2), and not what we sent ourselves. */
bool icmp_error_due(const struct net *net, const struct icmp_error *e)
    __attribute__((warn_unused_result));

/* Writes the IPv4 packet, header `id` and all, that answers a packet for which
 * icmp_error_due() holds; *len is its length. Its destination is e->ip.src.
 * Otherwise DROP_ICMP_RATE_LIMITED, or DROP_IP_NO_SOURCE when we have no
 * address to send it from. */
enum drop icmp_error_write(struct icmp_limits *l, const struct net *net,
                           const struct icmp_error *e, uint16_t id,
                           instant_t now, uint8_t out[ICMP_ERROR_MAX],
                           uint32_t *len) __attribute__((warn_unused_result));

#endif
