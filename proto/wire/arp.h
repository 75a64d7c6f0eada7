/* SPDX-License-Identifier: MIT */
/* ARP for IPv4 over Ethernet (RFC 826). */
#ifndef PROTO_WIRE_ARP_H
#define PROTO_WIRE_ARP_H

#include "proto/drops.h"
#include "proto/wire/addr.h"

#include <stddef.h>
#include <stdint.h>

#define ARP_LEN 28

#define ARP_REQUEST 1
#define ARP_REPLY   2

struct arp {
    uint16_t op; /* ARP_* */
    struct mac sender_mac;
    struct addr sender;
    struct mac target_mac; /* means nothing in a request */
    struct addr target;
};

/* Reads a packet of `len` bytes, frame padding included. Decides only whether
 * it is ARP for IPv4 over Ethernet with a known opcode: whether its sender can
 * be believed is the caller's. On a drop *out holds nothing to rely on. */
enum drop arp_decode(const uint8_t *bytes, size_t len, struct arp *out)
    __attribute__((warn_unused_result));

/* Both addresses are IPv4. */
void arp_encode(uint8_t out[ARP_LEN], const struct arp *a);

#endif
