/* SPDX-License-Identifier: MIT */
/* ICMP: echo requests are answered, everything else is not acted on. */
#ifndef IPD_CORE_ICMP_H
#define IPD_CORE_ICMP_H

#include "ipd/core/config.h"
#include "ipd/core/ip_input.h"
#include "proto/drops.h"
#include "proto/wire/ether.h"
#include "proto/wire/icmp.h"

#include <stdint.h>

/* Bytes of headers of an echo reply; the request's bytes from ICMP_HEADER_LEN
 * on follow them as they are. */
#define ICMP_REPLY_HEADERS (ETHER_LEN + IPV4_HEADER_LEN + ICMP_HEADER_LEN)

/* Takes the ICMP message `d`, whose d->len bytes are at `message`. DROP_NONE:
 * it is to be answered with the headers written to `reply`, `id` their IPv4
 * identification. The bytes at `message` may change while they are read: what
 * is decided on is copied first, and a sum over torn bytes is the peer's to
 * find wrong. */
enum drop icmp_input(const struct ip_config *cfg, const struct ether *eth,
                     const struct datagram *d, const uint8_t *message,
                     uint16_t id, uint8_t reply[ICMP_REPLY_HEADERS])
    __attribute__((warn_unused_result));

#endif
