/* SPDX-License-Identifier: MIT */
/* What stands before a segment that leaves: Ethernet and IPv4. */
#ifndef IPD_CORE_IP_OUTPUT_H
#define IPD_CORE_IP_OUTPUT_H

#include "ipd/core/config.h"
#include "ipd/core/route.h"
#include "proto/drops.h"
#include "proto/wire/ether.h"
#include "proto/wire/ipv4.h"

#include <stdint.h>

#define IP_OUTPUT_TTL     64
#define IP_OUTPUT_HEADERS (ETHER_LEN + IPV4_HEADER_LEN)

/* A transport's segment, or several that the device cuts. */
struct segment {
    struct addr src, dst;
    uint32_t len;      /* bytes, transport header included */
    uint16_t gso_size; /* bytes of text a segment; 0: it is one segment */
    uint8_t protocol;
};

/* May it leave, and where to? On DROP_NONE *route is ROUTE_SELF or ROUTE_LINK
 * with its *next_hop. */
enum drop ip_output_route(const struct ip_config *cfg, const struct segment *s,
                          enum route *route, struct addr *next_hop)
    __attribute__((warn_unused_result));

/* Writes both headers of a segment that ip_output_route let pass. */
void ip_output_headers(const struct ip_config *cfg, const struct segment *s,
                       struct mac next_hop, uint16_t id,
                       uint8_t out[IP_OUTPUT_HEADERS]);

/* How many packets it is on the wire, each with an identification of its own
 * from `id` on. */
uint16_t ip_output_packets(const struct segment *s);

#endif
