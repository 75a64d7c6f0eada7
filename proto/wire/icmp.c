/* SPDX-License-Identifier: MIT */
/* ICMP echo (RFC 792). */
#include "proto/wire/icmp.h"

#include "proto/wire/be.h"
#include "proto/wire/checksum.h"

/* Where the fields lie. */
enum {
    TYPE = 0,
    CODE = 1,
    CHECK = 2,
    ID = 4,
    SEQ = 6,
};

enum drop
icmp_echo_decode(const uint8_t *bytes, size_t len, uint64_t payload_sum,
                 struct icmp_echo *out)
{
    if (len < ICMP_HEADER_LEN)
        return DROP_ICMP_TRUNCATED;
    if (!checksum_ok(checksum_add(payload_sum, bytes, ICMP_HEADER_LEN)))
        return DROP_ICMP_BAD_CHECKSUM;
    if (bytes[TYPE] != ICMP_ECHO_REQUEST && bytes[TYPE] != ICMP_ECHO_REPLY)
        return DROP_ICMP_IGNORED;
    if (bytes[CODE] != 0)
        return DROP_ICMP_IGNORED;
    out->type = bytes[TYPE];
    out->id = be16_load(bytes + ID);
    out->seq = be16_load(bytes + SEQ);
    return DROP_NONE;
}

void
icmp_echo_encode(uint8_t out[ICMP_HEADER_LEN], const struct icmp_echo *e,
                 uint64_t payload_sum)
{
    out[TYPE] = e->type;
    out[CODE] = 0;
    be16_store(out + CHECK, 0);
    be16_store(out + ID, e->id);
    be16_store(out + SEQ, e->seq);
    be16_store(out + CHECK,
               checksum_fold(checksum_add(payload_sum, out, ICMP_HEADER_LEN)));
}
