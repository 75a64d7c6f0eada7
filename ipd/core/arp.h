/* SPDX-License-Identifier: MIT */
/* ARP packets: what they ask of us and what they teach. */
#ifndef IPD_CORE_ARP_H
#define IPD_CORE_ARP_H

#include "base/time.h"
#include "ipd/core/neigh.h"
#include "proto/drops.h"
#include "proto/wire/arp.h"
#include "proto/wire/ether.h"
#include "proto/wire/net.h"

#include <stddef.h>
#include <stdint.h>

/* Bytes of an ARP packet in its frame, as we send it. */
#define ARP_FRAME (ETHER_LEN + ARP_LEN)

enum arp_meaning {
    ARP_ASKS_US, /* the answer is written to `reply` */
    ARP_ANSWERS  /* a neighbour answered what we asked */
};

struct arp_result {
    enum arp_meaning meaning;
    uint8_t reply[ARP_FRAME];
    struct addr claimed; /* with DROP_ARP_CONFLICT: our address */
};

/* Takes the packet of `len` bytes behind the Ethernet header of a frame that
 * came in on `link`. On DROP_NONE it meant what *out says. */
enum drop arp_input(struct neigh_table *t, uint32_t link, const uint8_t *bytes,
                    size_t len, instant_t now, struct arp_result *out)
    __attribute__((warn_unused_result));

void arp_request_frame(const struct net *net, const struct neigh_request *r,
                       uint8_t out[ARP_FRAME]);

/* Tells everybody on the link that `addr` is ours (RFC 5227 2.3). */
void arp_announcement_frame(const struct net *net, uint32_t link,
                            struct addr addr, uint8_t out[ARP_FRAME]);

#endif
