/* SPDX-License-Identifier: MIT */
/* ICMP echo (RFC 792, RFC 1122 3.2.2.6). */
#include "ipd/core/icmp.h"

#include "ipd/core/quoted.h"
#include "proto/wire/checksum.h"

#include <string.h>

enum drop
icmp_input(const uint8_t *message, uint32_t len, struct icmp_message *out)
{
    uint8_t head[ICMP_HEADER_LEN];
    enum drop why;

    if (len < ICMP_HEADER_LEN)
        return DROP_ICMP_TRUNCATED;
    memcpy(head, message, sizeof head);
    out->meaning = ICMP_REPORTS;
    if (quoted_is_error(head[0]))
        return DROP_NONE;
    out->payload_sum =
        checksum_add(0, message + ICMP_HEADER_LEN, len - ICMP_HEADER_LEN);
    why = icmp_echo_decode(head, len, out->payload_sum, &out->echo);
    if (why != DROP_NONE)
        return why;
    out->meaning =
        out->echo.type == ICMP_ECHO_REQUEST ? ICMP_ASKS : ICMP_ANSWERS;
    return DROP_NONE;
}

/* Both headers of an echo whose `len` bytes of payload add up to `sum`. */
static void
write_echo(const struct ipv4 *ip, const struct icmp_echo *echo, uint64_t sum,
           uint32_t len, struct outgoing *out)
{
    ip_output_packet(ip, ICMP_HEADER_LEN + len, out);
    icmp_echo_encode(out->head + IPV4_HEADER_LEN, echo, sum);
    out->head_len += ICMP_HEADER_LEN;
    out->len = len;
}

/* Its TOS is the request's, and routers may fragment it. */
void
icmp_reply(const struct datagram *d, const struct icmp_message *m, uint16_t id,
           struct outgoing *out)
{
    const struct ipv4 ip = {
        .src = d->ip.dst,
        .dst = d->ip.src,
        .ttl = IP_OUTPUT_TTL,
        .proto = IP_PROTO_ICMP,
        .tos = d->ip.tos,
        .id = id,
    };
    struct icmp_echo echo = m->echo;

    echo.type = ICMP_ECHO_REPLY;
    out->kind = OUTGOING_ANSWER;
    write_echo(&ip, &echo, m->payload_sum, d->len - ICMP_HEADER_LEN, out);
}

void
icmp_request(const struct ipv4 *ip, const struct icmp_echo *echo,
             const uint8_t *payload, uint32_t len, struct outgoing *out)
{
    write_echo(ip, echo, checksum_add(0, payload, len), len, out);
}
