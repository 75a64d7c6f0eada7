/* SPDX-License-Identifier: MIT */
/* What ipd tells tcpd of a segment that did not arrive: an ICMP error that came
 * in, or that ipd itself would send. It goes through ip.rx as a packet with
 * protocol ICMP, without payload; `src` and `dst` are those of the segment that
 * it is about (so src is ours), and the header is this one:
 *
 *     0  type, code, as in ICMP    2  0
 *     4  MTU of the next hop (FRAG_NEEDED), else 0; big-endian as all
 *     8  the first 8 bytes of the segment: ports, sequence number
 */
#ifndef PROTO_SHM_NOTICE_H
#define PROTO_SHM_NOTICE_H

#include "proto/shm/packet.h"

#include <stdbool.h>
#include <stdint.h>

#define NOTICE_LEN 16 /* bytes of header */

struct notice {
    struct addr local, remote;
    uint16_t local_port, remote_port;
    uint32_t seq; /* of the segment */
    uint32_t mtu;
    uint8_t type, code; /* of proto/wire/icmp.h */
};

/* Fills header, protocol and addresses of an otherwise zero packet. */
void notice_encode(struct packet *p, const struct notice *n);

/* False: it is none. `p` is a private copy. */
bool notice_decode(const struct packet *p, struct notice *n)
    __attribute__((warn_unused_result));

#endif
