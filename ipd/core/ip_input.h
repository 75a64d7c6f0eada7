/* SPDX-License-Identifier: MIT */
/* What a received frame is and whom it concerns. */
#ifndef IPD_CORE_IP_INPUT_H
#define IPD_CORE_IP_INPUT_H

#include "proto/drops.h"
#include "proto/wire/ether.h"
#include "proto/wire/ipv4.h"
#include "proto/wire/net.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* Bytes to copy out of a frame before looking at it: every header that is
 * looked at here. Shorter frames are copied whole. */
#define IP_INPUT_HEAD (ETHER_LEN + IPV4_HEADER_MAX)

/* Is the frame, which came in on `link`, for us, and of a type that we know? On
 * DROP_NONE the type is ETHER_IPV4 or ETHER_ARP. `copied` bytes of it are at
 * `head`. */
enum drop ip_input_frame(const struct net *net, uint32_t link,
                         const uint8_t *head, size_t copied, struct ether *out)
    __attribute__((warn_unused_result));

/* A datagram, or a part of one. */
struct datagram {
    struct ipv4 ip;
    uint32_t offset; /* of its payload, from the frame's first byte */
    uint32_t len;    /* of its payload, without the frame's padding */
    bool to_group;   /* its frame was for everybody on the link */
    bool ours;       /* its destination is our address; else it is one to be
                        passed on, or on a drop anybody's */
};

/* Validates the IPv4 packet in a frame of `frame_len` bytes that ip_input_frame
 * let pass, and decides whose it is (RFC 1122 3.2.1, RFC 1812 5.2.3). DROP_NONE:
 * it is ours, and of TCP or ICMP, or to be passed on. DROP_IP_UNKNOWN_PROTOCOL
 * fills *out too. */
enum drop ip_input_packet(const struct net *net, const struct ether *eth,
                          const uint8_t *head, size_t copied, size_t frame_len,
                          struct datagram *out)
    __attribute__((warn_unused_result));

/* Is the datagram, ours and whole, long enough for its protocol? */
enum drop ip_input_whole(const struct datagram *d)
    __attribute__((warn_unused_result));

#endif
