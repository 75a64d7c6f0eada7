/* SPDX-License-Identifier: MIT */
/* The TCP header and its checksum (RFC 9293 3.1); options are tcp_options.c's. */
#include "proto/wire/tcp.h"

#include "proto/wire/be.h"
#include "proto/wire/checksum.h"
#include "proto/wire/ipv4.h"
#include "proto/wire/tcp_options.h"

/* Where the fields lie. */
enum {
    SRC_PORT = 0,
    DST_PORT = 2,
    SEQ = 4,
    ACK = 8,
    DATA_OFFSET = 12,
    FLAGS = 13,
    WINDOW = 14,
    CHECK = TCP_CHECKSUM_OFFSET,
    URGENT = 18,
};

enum drop
tcp_decode(const uint8_t *bytes, size_t copied, struct tcp_header *out)
{
    if (copied < TCP_HEADER_LEN)
        return DROP_TCP_TOO_SHORT;
    out->header_len = (uint8_t)((bytes[DATA_OFFSET] >> 4) * 4);
    if (out->header_len < TCP_HEADER_LEN || out->header_len > copied)
        return DROP_TCP_BAD_DATA_OFFSET;
    out->src_port = be16_load(bytes + SRC_PORT);
    out->dst_port = be16_load(bytes + DST_PORT);
    out->seq = be32_load(bytes + SEQ);
    out->ack = be32_load(bytes + ACK);
    out->flags = bytes[FLAGS];
    out->window = be16_load(bytes + WINDOW);
    out->urgent = be16_load(bytes + URGENT);
    tcp_options_decode(bytes + TCP_HEADER_LEN,
                       (size_t)out->header_len - TCP_HEADER_LEN, out->flags,
                       &out->opt);
    return DROP_NONE;
}

size_t
tcp_header_size(uint8_t flags, const struct tcp_options *opt)
{
    return TCP_HEADER_LEN + tcp_options_size(flags, opt);
}

size_t
tcp_encode(uint8_t out[TCP_HEADER_MAX], const struct tcp_header *h)
{
    size_t len = TCP_HEADER_LEN +
                 tcp_options_encode(out + TCP_HEADER_LEN, h->flags, &h->opt);

    be16_store(out + SRC_PORT, h->src_port);
    be16_store(out + DST_PORT, h->dst_port);
    be32_store(out + SEQ, h->seq);
    be32_store(out + ACK, h->ack);
    out[DATA_OFFSET] = (uint8_t)(len / 4 << 4);
    out[FLAGS] = h->flags;
    be16_store(out + WINDOW, h->window);
    be16_store(out + CHECK, 0);
    be16_store(out + URGENT, h->urgent);
    return len;
}

void
tcp_checksum_partial(uint8_t *header, struct addr src, struct addr dst,
                     uint32_t segment_len)
{
    uint64_t sum = checksum_pseudo_v4(src, dst, IP_PROTO_TCP, segment_len);

    be16_store(header + CHECK, (uint16_t)~checksum_fold(sum));
}

void
tcp_checksum_complete(uint8_t *header, size_t header_len, struct addr src,
                      struct addr dst, uint64_t payload_sum,
                      uint32_t payload_len)
{
    uint64_t sum = checksum_pseudo_v4(src, dst, IP_PROTO_TCP,
                                      (uint32_t)header_len + payload_len);

    sum = checksum_add(sum, header, header_len);
    be16_store(header + CHECK,
               checksum_fold(checksum_join(sum, payload_sum, header_len)));
}

bool
tcp_checksum_ok(const uint8_t *segment, uint32_t len, struct addr src,
                struct addr dst)
{
    uint64_t sum = checksum_pseudo_v4(src, dst, IP_PROTO_TCP, len);

    return checksum_ok(checksum_add(sum, segment, len));
}
