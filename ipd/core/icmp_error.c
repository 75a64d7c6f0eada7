/* SPDX-License-Identifier: MIT */
/* ICMP errors that we send.
 *
 * An error quotes the packet that it is about, as much as makes a packet of 576
 * bytes (RFC 1812 4.3.2.3): what every host takes. It comes from the address
 * that the packet was sent to when that is ours, else from the link that it came
 * in on (RFC 1812 4.3.2.4). Its type of service is the packet's with the
 * precedence of network control (RFC 1812 4.3.2.5), as Linux has it.
 *
 * Errors are limited, in all and for each host (RFC 1812 4.3.2.8), by buckets
 * that fill with time. A bucket is one moment: that at which it will be full;
 * an answer moves it into the future by what one answer costs, and may not
 * move it further than the burst. Hosts share buckets by a keyed hash. What
 * path MTU discovery waits for is limited in all only, as in Linux. */
#include "ipd/core/icmp_error.h"

#include "base/bits.h"
#include "proto/wire/checksum.h"

#include <stddef.h>
#include <string.h>

#define TTL           64
#define QUOTE_MAX     (ICMP_ERROR_MAX - IPV4_HEADER_LEN - ICMP_HEADER_LEN)
#define TOS_CONTROL   0xc0 /* precedence: internetwork control */
#define TOS_KEPT      0x1c /* of the packet; its ECN codepoint is its own */
#define NS_PER_SECOND 1000000000

/* ---- how often ---- */

void
icmp_limits_init(struct icmp_limits *l, const struct hash_key *key)
{
    memset(l, 0, sizeof *l);
    l->key = *key;
}

static duration_t
cost_of(int64_t rate)
{
    return (duration_t){NS_PER_SECOND / rate};
}

static bool
bucket_has(const struct icmp_bucket *b, int64_t rate, int64_t burst,
           instant_t now)
{
    return instant_sub(b->full_at, now).ns <= (burst - 1) * cost_of(rate).ns;
}

static void
bucket_take(struct icmp_bucket *b, int64_t rate, instant_t now)
{
    instant_t from = instant_before(b->full_at, now) ? now : b->full_at;

    b->full_at = instant_add(from, cost_of(rate));
}

static bool
within_limits(struct icmp_limits *l, const struct icmp_error *e, instant_t now)
{
    uint64_t hash = hash_keyed(&l->key, e->ip.src.b, sizeof e->ip.src.b);
    struct icmp_bucket *host = &l->hosts[hash % ICMP_LIMIT_HOSTS];
    bool free_for_host =
        e->type == ICMP_DEST_UNREACHABLE && e->code == ICMP_FRAG_NEEDED;

    if (!bucket_has(&l->all, ICMP_LIMIT_RATE, ICMP_LIMIT_BURST, now))
        return false;
    if (!free_for_host) {
        if (!bucket_has(host, ICMP_LIMIT_HOST_RATE, ICMP_LIMIT_HOST_BURST, now))
            return false;
        bucket_take(host, ICMP_LIMIT_HOST_RATE, now);
    }
    bucket_take(&l->all, ICMP_LIMIT_RATE, now);
    return true;
}

/* ---- whether at all ---- */

/* Only questions and answers; what is unknown may be an error. */
static bool
is_query(uint8_t type)
{
    switch (type) {
    case ICMP_ECHO_REPLY:
    case ICMP_ECHO_REQUEST:
    case ICMP_TIMESTAMP:
    case ICMP_TIMESTAMP_REPLY:
    case ICMP_INFO_REQUEST:
    case ICMP_INFO_REPLY:
    case ICMP_MASK_REQUEST:
    case ICMP_MASK_REPLY:
        return true;
    default:
        return false;
    }
}

bool
icmp_error_due(const struct net *net, const struct icmp_error *e)
{
    const struct ipv4 *ip = &e->ip;

    if (e->to_group || ip->frag_offset != 0)
        return false;
    if (!net_is_host(net, ip->src) || net_own(net, ip->src) != NULL ||
        !net_is_host(net, ip->dst))
        return false;
    return ip->proto != IP_PROTO_ICMP ||
           (e->len > ip->header_len && is_query(e->packet[ip->header_len]));
}

/* ---- its bytes ---- */

/* Any: we have no address. */
static struct addr
source_of(const struct net *net, const struct icmp_error *e)
{
    const struct net_address *ours = net_own(net, e->ip.dst);

    if (ours == NULL)
        ours = net_first(net, e->link);
    if (ours == NULL && net->addresses > 0)
        ours = &net->address[0];
    return ours == NULL ? addr_any_v4() : ours->addr;
}

static uint32_t
rest_of(const struct icmp_error *e)
{
    if (e->type == ICMP_PARAMETER_PROBLEM)
        return (uint32_t)e->pointer << 24;
    if (e->type == ICMP_DEST_UNREACHABLE && e->code == ICMP_FRAG_NEEDED)
        return e->mtu;
    return 0;
}

enum drop
icmp_error_write(struct icmp_limits *l, const struct net *net,
                 const struct icmp_error *e, uint16_t id, instant_t now,
                 uint8_t out[ICMP_ERROR_MAX], uint32_t *len)
{
    const struct icmp_header h = {e->type, e->code, rest_of(e)};
    uint32_t quoted = min_u32(min_u32(e->len, e->ip.total_len), QUOTE_MAX);
    const struct ipv4 ip = {
        .src = source_of(net, e),
        .dst = e->ip.src,
        .ttl = TTL,
        .proto = IP_PROTO_ICMP,
        .tos = (uint8_t)(TOS_CONTROL | (e->ip.tos & TOS_KEPT)),
        .total_len = (uint16_t)(IPV4_HEADER_LEN + ICMP_HEADER_LEN + quoted),
        .id = id,
    };
    uint8_t *message = out + IPV4_HEADER_LEN;

    if (addr_is_any(ip.src))
        return DROP_IP_NO_SOURCE;
    if (!within_limits(l, e, now))
        return DROP_ICMP_RATE_LIMITED;
    ipv4_encode(out, &ip);
    /* Copied before it is summed: the packet may change. */
    memcpy(message + ICMP_HEADER_LEN, e->packet, quoted);
    icmp_encode(message, &h,
                checksum_add(0, message + ICMP_HEADER_LEN, quoted));
    *len = ip.total_len;
    return DROP_NONE;
}
