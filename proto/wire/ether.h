/* SPDX-License-Identifier: MIT */
/* The Ethernet II header. */
#ifndef PROTO_WIRE_ETHER_H
#define PROTO_WIRE_ETHER_H

#include "proto/drops.h"
#include "proto/wire/addr.h"

#include <stddef.h>
#include <stdint.h>

#define ETHER_LEN 14

#define ETHER_IPV4 0x0800
#define ETHER_ARP  0x0806
#define ETHER_IPV6 0x86dd

struct ether {
    struct mac dst, src;
    uint16_t type; /* ETHER_*; below 0x0600 it is an 802.3 length */
};

/* Reads the header of a frame of which `len` bytes are at `bytes`. On a drop
 * *out holds nothing to rely on. */
enum drop ether_decode(const uint8_t *bytes, size_t len, struct ether *out)
    __attribute__((warn_unused_result));

void ether_encode(uint8_t out[ETHER_LEN], const struct ether *e);

#endif
