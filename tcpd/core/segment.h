/* SPDX-License-Identifier: MIT */
/* A received segment in host form: what the RFC calls SEG.SEQ, SEG.ACK ... */
#ifndef TCPD_CORE_SEGMENT_H
#define TCPD_CORE_SEGMENT_H

#include "proto/drops.h"
#include "proto/wire/addr.h"
#include "proto/wire/tcp.h"
#include "tcpd/core/seq.h"

#include <stdbool.h>
#include <stdint.h>

struct segment {
    struct addr src, dst;
    uint16_t src_port, dst_port;
    seq_t seq, ack;
    uint16_t wnd;  /* as on the wire, not scaled */
    uint8_t flags; /* TCP_SYN ... of wire/tcp.h */
    struct tcp_options opt;
    const uint8_t *text; /* in the region it was received in */
    uint32_t len;        /* of text, bytes: SEG.LEN without SYN and FIN */
    uint16_t gso_size;   /* text bytes of one wire segment, 0: it was one */
};

/* Sequence space it occupies: text, SYN and FIN. */
static inline uint32_t
segment_span(const struct segment *seg)
{
    return seg->len + ((seg->flags & TCP_SYN) != 0) +
           ((seg->flags & TCP_FIN) != 0);
}

/* Parses an IP payload. Header bytes are copied out before they are looked at
 * (another process could change them). The checksum is verified unless the device
 * `vouched` for it. */
enum drop segment_parse(struct segment *seg, const struct addr *src,
                        const struct addr *dst, const uint8_t *bytes,
                        uint32_t len, bool vouched);

#endif
