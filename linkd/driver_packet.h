/* SPDX-License-Identifier: MIT */
/* A packet socket's receive ring, packet(7): slots that the kernel fills and
 * linkd empties, one after the other. */
#ifndef LINKD_DRIVER_PACKET_H
#define LINKD_DRIVER_PACKET_H

#include "linkd/driver.h"

#include <stdbool.h>
#include <stdint.h>

#define PACKET_SLOT  69632 /* bytes, 17 pages: the longest frame and headers */
#define PACKET_SLOTS 240

struct packet_slots {
    uint8_t *base; /* PACKET_SLOTS of PACKET_SLOT bytes */
    uint32_t next; /* to be filled or emptied */
    bool lost; /* a predecessor may have emptied some: `next` says nothing */
};

/* Boot only. Asks the socket for its ring, or finds the one that a predecessor
 * asked for, and maps it. False: errno says why. */
bool packet_slots_map(struct packet_slots *slots, int fd)
    __attribute__((warn_unused_result));

/* A packet socket, SOCK_RAW, bound to one interface and every protocol, with
 * PACKET_VNET_HDR and PACKET_IGNORE_OUTGOING. `slots` stays where it is. */
struct driver driver_packet(int fd, struct packet_slots *slots);

#endif
