/* SPDX-License-Identifier: MIT */
/* The TCP header and its options (RFC 9293 3.1, RFC 2018, RFC 7323). */
#ifndef PROTO_WIRE_TCP_H
#define PROTO_WIRE_TCP_H

#include "proto/drops.h"
#include "proto/wire/addr.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define TCP_HEADER_LEN      20 /* without options */
#define TCP_HEADER_MAX      60
#define TCP_CHECKSUM_OFFSET 16 /* of the checksum field, for csum_offset */
#define TCP_SACK_MAX        4  /* blocks; 3 beside timestamps */
#define TCP_WSCALE_MAX      14 /* RFC 7323 2.3 */

#define TCP_FIN 0x01
#define TCP_SYN 0x02
#define TCP_RST 0x04
#define TCP_PSH 0x08
#define TCP_ACK 0x10
#define TCP_URG 0x20
#define TCP_ECE 0x40
#define TCP_CWR 0x80

struct tcp_sack {
    uint32_t left;  /* first sequence number of the block */
    uint32_t right; /* the one after its last */
};

struct tcp_options {
    bool has_mss;        /* SYN only */
    bool has_wscale;     /* SYN only */
    bool sack_permitted; /* SYN only */
    bool has_timestamps;
    uint16_t mss;   /* not 0 */
    uint8_t wscale; /* at most TCP_WSCALE_MAX */
    uint8_t sack_count;
    uint32_t tsval, tsecr;
    struct tcp_sack sack[TCP_SACK_MAX];
};

/* All in host order. */
struct tcp_header {
    uint16_t src_port, dst_port;
    uint32_t seq, ack;
    uint16_t window; /* as in the header: not scaled */
    uint16_t urgent;
    uint8_t flags;      /* TCP_* */
    uint8_t header_len; /* bytes, options included: where the payload starts */
    struct tcp_options opt;
};

/* Reads the header of a segment of which the first `copied` bytes are at
 * `bytes`: all of it, or at least TCP_HEADER_MAX. The checksum is not looked
 * at. Options never cost the segment; as in Linux a malformed list counts up to
 * the fault, an option of a wrong length or in the wrong kind of segment is
 * passed over, a window scale above 14 counts as 14 (RFC 7323 2.3), an MSS of
 * 0 as none, and of two alike the last holds. On a drop *out holds nothing to
 * rely on. */
enum drop tcp_decode(const uint8_t *bytes, size_t copied,
                     struct tcp_header *out)
    __attribute__((warn_unused_result));

/* The length of the header that tcp_encode writes: a multiple of 4, at most
 * TCP_HEADER_MAX. */
size_t tcp_header_size(uint8_t flags, const struct tcp_options *opt);

/* Writes the header, checksum 0, in Linux's order of options: in a SYN MSS,
 * SACK-permitted, timestamps, NOP, window scale; otherwise NOP NOP timestamps,
 * NOP NOP SACK. Options that do not belong into the kind of segment are left
 * out, and SACK blocks that do not fit. header_len is not looked at. Returns
 * the length written. */
size_t tcp_encode(uint8_t out[TCP_HEADER_MAX], const struct tcp_header *h);

/* Stores in the header what a device that completes checksums expects there
 * (virtio NEEDS_CSUM, GSO too): the sum of the pseudo-header, folded but not
 * complemented. `segment_len` is header and payload together. */
void tcp_checksum_partial(uint8_t *header, struct addr src, struct addr dst,
                          uint32_t segment_len);

/* Stores the full checksum. The header is `header_len` bytes, its checksum field
 * is 0; `payload_sum` is checksum_add over the `payload_len` bytes after it. */
void tcp_checksum_complete(uint8_t *header, size_t header_len, struct addr src,
                           struct addr dst, uint64_t payload_sum,
                           uint32_t payload_len);

/* Is the checksum of the whole segment, header and payload, right? */
bool tcp_checksum_ok(const uint8_t *segment, uint32_t len, struct addr src,
                     struct addr dst) __attribute__((warn_unused_result));

#endif
