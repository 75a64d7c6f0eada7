/* SPDX-License-Identifier: MIT */
/* TCP segments as bytes of Ethernet frames, for tests. */
#ifndef TESTS_LINKD_SEGMENT_H
#define TESTS_LINKD_SEGMENT_H

#include "proto/shm/packet.h"
#include "proto/wire/be.h"
#include "proto/wire/checksum.h"
#include "proto/wire/ether.h"
#include "proto/wire/ipv4.h"
#include "proto/wire/tcp.h"

#include <stdbool.h>
#include <stdint.h>
#include <string.h>

#define SEGMENT_TCP (ETHER_LEN + IPV4_HEADER_LEN) /* offset of the header */

struct segment {
    uint32_t seq, ack;
    uint32_t len;   /* of the text */
    uint32_t tsval; /* 0: no timestamps */
    uint16_t window, id;
    uint16_t src_port;
    uint8_t flags;
    uint8_t tos, ttl;
    bool fragmentable;
};

/* The text of a connection: what stands at sequence number `seq`. */
static inline uint8_t
segment_text(uint32_t seq)
{
    return (uint8_t)(seq * 2654435761u >> 13);
}

static inline struct segment
segment_of(uint32_t seq, uint32_t len)
{
    return (struct segment){
        .seq = seq,
        .ack = 7000,
        .len = len,
        .tsval = 99,
        .window = 500,
        .id = 300,
        .src_port = 1234,
        .flags = TCP_ACK,
        .ttl = 64,
    };
}

/* Writes the frame with complete checksums; returns its length. */
static inline uint32_t
segment_encode(const struct segment *s, uint8_t *out)
{
    const struct ether e = {.dst = {{2, 0, 0, 0, 0, 1}},
                            .src = {{2, 0, 0, 0, 0, 2}},
                            .type = ETHER_IPV4};
    struct tcp_header h = {.src_port = s->src_port,
                           .dst_port = 80,
                           .seq = s->seq,
                           .ack = s->ack,
                           .window = s->window,
                           .flags = s->flags};
    struct ipv4 ip = {.src = addr_v4(0x0a000002),
                      .dst = addr_v4(0x0a000001),
                      .ttl = s->ttl,
                      .tos = s->tos,
                      .proto = IP_PROTO_TCP,
                      .id = s->id,
                      .dont_fragment = !s->fragmentable};
    uint8_t *tcp = out + SEGMENT_TCP;
    uint32_t header;

    h.opt.has_timestamps = s->tsval != 0;
    h.opt.tsval = s->tsval;
    header = (uint32_t)tcp_encode(tcp, &h);
    for (uint32_t i = 0; i < s->len; i++)
        tcp[header + i] = segment_text(s->seq + i);
    ip.total_len = (uint16_t)(IPV4_HEADER_LEN + header + s->len);
    ether_encode(out, &e);
    ipv4_encode(out + ETHER_LEN, &ip);
    tcp_checksum_complete(tcp, header, ip.src, ip.dst,
                          checksum_add(0, tcp + header, s->len), s->len);
    return ETHER_LEN + ip.total_len;
}

/* What a frame of the wire says, when all of it is right. */
static inline bool
segment_decode(const uint8_t *frame, uint32_t len, struct ipv4 *ip,
               struct tcp_header *tcp)
{
    struct ether e;
    uint32_t tcp_len;

    *ip = (struct ipv4){0};
    *tcp = (struct tcp_header){0};
    if (ether_decode(frame, len, &e) != DROP_NONE || e.type != ETHER_IPV4 ||
        ipv4_decode(frame + ETHER_LEN, len - ETHER_LEN, len - ETHER_LEN, ip) !=
            DROP_NONE)
        return false;
    tcp_len = (uint32_t)ip->total_len - ip->header_len;
    frame += ETHER_LEN + ip->header_len;
    return tcp_checksum_ok(frame, tcp_len, ip->src, ip->dst) &&
           tcp_decode(frame, tcp_len, tcp) == DROP_NONE;
}

/* Makes of a frame what a device with offloads gives: the checksum is left
 * unfinished, and the whole is to be cut into `size` bytes each (0: not). */
static inline void
segment_offload(uint8_t *frame, uint32_t len, uint16_t size, struct packet *p)
{
    struct ipv4 ip;

    (void)!ipv4_decode(frame + ETHER_LEN, len - ETHER_LEN, len - ETHER_LEN,
                       &ip);
    tcp_checksum_partial(frame + SEGMENT_TCP, ip.src, ip.dst,
                         len - SEGMENT_TCP);
    p->flags = PACKET_CSUM_VOUCHED | PACKET_CSUM_PARTIAL;
    if (size > 0)
        p->flags |= PACKET_GSO_TCPV4;
    p->gso_size = size;
    p->csum_start = SEGMENT_TCP;
    p->csum_offset = TCP_CHECKSUM_OFFSET;
}

#endif
