/* SPDX-License-Identifier: MIT */
/* ARP packets: what they ask of us and what they teach. */
#ifndef IPD_CORE_ARP_H
#define IPD_CORE_ARP_H

#include "base/time.h"
#include "ipd/core/neigh.h"
#include "proto/drops.h"
#include "proto/wire/arp.h"
#include "proto/wire/ether.h"

#include <stddef.h>
#include <stdint.h>

/* Bytes of an ARP packet in its frame, as we send it. */
#define ARP_FRAME (ETHER_LEN + ARP_LEN)

enum arp_meaning {
    ARP_ASKS_US, /* the answer is written to `reply` */
    ARP_ANSWERS  /* a neighbour answered what we asked */
};

/* Takes the packet of `len` bytes behind the Ethernet header. On DROP_NONE it
 * meant *meaning. */
enum drop arp_input(struct neigh_table *t, const uint8_t *bytes, size_t len,
                    instant_t now, enum arp_meaning *meaning,
                    uint8_t reply[ARP_FRAME])
    __attribute__((warn_unused_result));

void arp_request_frame(const struct ip_config *cfg,
                       const struct neigh_request *r, uint8_t out[ARP_FRAME]);

/* Tells everybody on the link where we are (RFC 5227 2.3). */
void arp_announcement_frame(const struct ip_config *cfg,
                            uint8_t out[ARP_FRAME]);

#endif
