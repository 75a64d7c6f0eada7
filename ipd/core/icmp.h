/* SPDX-License-Identifier: MIT */
/* ICMP echo: requests are answered, and sent for people. */
#ifndef IPD_CORE_ICMP_H
#define IPD_CORE_ICMP_H

#include "ipd/core/ip_input.h"
#include "ipd/core/ip_output.h"
#include "proto/drops.h"
#include "proto/wire/icmp.h"

#include <stdint.h>

enum icmp_meaning {
    ICMP_ASKS,    /* an echo request */
    ICMP_ANSWERS, /* an echo reply */
    ICMP_REPORTS  /* an error, or nothing that we know: quoted.h */
};

struct icmp_message {
    enum icmp_meaning meaning;
    struct icmp_echo echo; /* unless it reports */
    uint64_t payload_sum;  /* of an echo's bytes behind its header */
};

/* What a message of `len` bytes means, of an echo also whether it is whole. The
 * bytes may change while they are read: what is decided on is copied first, and
 * a sum over torn bytes is the peer's to find wrong. */
enum drop icmp_input(const uint8_t *message, uint32_t len,
                     struct icmp_message *out)
    __attribute__((warn_unused_result));

/* The answer to the echo request `m` in `d`: both headers are in out->head; the
 * request's bytes from ICMP_HEADER_LEN on follow them as they are. `id` is its
 * identification. out->path is the caller's. */
void icmp_reply(const struct datagram *d, const struct icmp_message *m,
                uint16_t id, struct outgoing *out);

/* An echo request with `len` bytes of payload at `payload`, likewise. */
void icmp_request(const struct ipv4 *ip, const struct icmp_echo *echo,
                  const uint8_t *payload, uint32_t len, struct outgoing *out);

#endif
