/* SPDX-License-Identifier: MIT */
/* What a received frame is and whom it concerns. */
#ifndef IPD_CORE_IP_INPUT_H
#define IPD_CORE_IP_INPUT_H

#include "ipd/core/config.h"
#include "proto/drops.h"
#include "proto/wire/ether.h"
#include "proto/wire/ipv4.h"

#include <stddef.h>
#include <stdint.h>

/* Bytes to copy out of a frame before looking at it: every header that is
 * looked at here. Shorter frames are copied whole. */
#define IP_INPUT_HEAD (ETHER_LEN + IPV4_HEADER_MAX)

/* Is the frame for us, and of a type that we know? On DROP_NONE the type is
 * ETHER_IPV4 or ETHER_ARP. `copied` bytes of it are at `head`. */
enum drop ip_input_frame(const struct ip_config *cfg, const uint8_t *head,
                         size_t copied, struct ether *out)
    __attribute__((warn_unused_result));

/* A whole datagram for us. */
struct datagram {
    struct ipv4 ip;  /* proto is TCP or ICMP, src and dst single hosts */
    uint32_t offset; /* of its payload, from the frame's first byte */
    uint32_t len;    /* of its payload, without the frame's padding; of TCP at
                        least a header */
};

/* Validates and accepts the IPv4 packet in a frame of `frame_len` bytes that
 * ip_input_frame let pass (RFC 1122 3.2.1). */
enum drop ip_input_packet(const struct ip_config *cfg, const struct ether *eth,
                          const uint8_t *head, size_t copied, size_t frame_len,
                          struct datagram *out)
    __attribute__((warn_unused_result));

#endif
