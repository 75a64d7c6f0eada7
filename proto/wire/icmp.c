/* SPDX-License-Identifier: MIT */
/* The ICMP header, and echo (RFC 792). */
#include "proto/wire/icmp.h"

#include "proto/wire/be.h"
#include "proto/wire/checksum.h"

/* Where the fields lie. */
enum {
    TYPE = 0,
    CODE = 1,
    CHECK = 2,
    REST = 4,
};

enum drop
icmp_decode(const uint8_t *bytes, size_t len, uint64_t payload_sum,
            struct icmp_header *out)
{
    if (len < ICMP_HEADER_LEN)
        return DROP_ICMP_TRUNCATED;
    if (!checksum_ok(checksum_add(payload_sum, bytes, ICMP_HEADER_LEN)))
        return DROP_ICMP_BAD_CHECKSUM;
    out->type = bytes[TYPE];
    out->code = bytes[CODE];
    out->rest = be32_load(bytes + REST);
    return DROP_NONE;
}

void
icmp_encode(uint8_t out[ICMP_HEADER_LEN], const struct icmp_header *h,
            uint64_t payload_sum)
{
    out[TYPE] = h->type;
    out[CODE] = h->code;
    be16_store(out + CHECK, 0);
    be32_store(out + REST, h->rest);
    be16_store(out + CHECK,
               checksum_fold(checksum_add(payload_sum, out, ICMP_HEADER_LEN)));
}

enum drop
icmp_echo_decode(const uint8_t *bytes, size_t len, uint64_t payload_sum,
                 struct icmp_echo *out)
{
    struct icmp_header h;
    enum drop why = icmp_decode(bytes, len, payload_sum, &h);

    if (why != DROP_NONE)
        return why;
    if ((h.type != ICMP_ECHO_REQUEST && h.type != ICMP_ECHO_REPLY) ||
        h.code != 0)
        return DROP_ICMP_IGNORED;
    out->type = h.type;
    out->id = (uint16_t)(h.rest >> 16);
    out->seq = (uint16_t)h.rest;
    return DROP_NONE;
}

void
icmp_echo_encode(uint8_t out[ICMP_HEADER_LEN], const struct icmp_echo *e,
                 uint64_t payload_sum)
{
    const struct icmp_header h = {
        .type = e->type,
        .rest = (uint32_t)e->id << 16 | e->seq,
    };

    icmp_encode(out, &h, payload_sum);
}
