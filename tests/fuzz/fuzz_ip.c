/* SPDX-License-Identifier: MIT */
/* Frames of any bytes through ipd's core: what is ours, what they ask, what they
 * quote, where they are passed on to, which error they deserve. Nothing beyond
 * the frame is read, what is decided lies within it, and what is written is
 * right. The first byte picks the link and whether sums are mended, as hardly
 * any would be right. */
#include "tests/fuzz/fuzz.h"

#include "base/bits.h"
#include "ipd/core/arp.h"
#include "ipd/core/forward.h"
#include "ipd/core/fragment.h"
#include "ipd/core/icmp.h"
#include "ipd/core/icmp_error.h"
#include "ipd/core/quoted.h"
#include "tests/ipd/frames.h"

#define NOW ((instant_t){INT64_C(1000000000000)})

static struct net net;

static void
mend(uint8_t *bytes, size_t len)
{
    uint8_t *ip = bytes + ETHER_LEN;
    size_t header, total;

    if (len < ETHER_LEN + IPV4_HEADER_LEN)
        return;
    header = 4 * (size_t)(ip[0] & 15);
    total = be16_load(ip + 2);
    if (header < IPV4_HEADER_LEN || header > len - ETHER_LEN)
        return;
    be16_store(ip + 10, 0);
    be16_store(ip + 10, checksum_fold(checksum_add(0, ip, header)));
    if (ip[9] != IP_PROTO_ICMP || total > len - ETHER_LEN ||
        total < header + ICMP_HEADER_LEN)
        return;
    be16_store(ip + header + 2, 0);
    be16_store(ip + header + 2,
               checksum_fold(checksum_add(0, ip + header, total - header)));
}

/* What we send is whole and right. */
static void
check_ipv4(const uint8_t *packet, size_t copied, size_t len)
{
    struct ipv4 ip;

    CHECK(ipv4_decode(packet, copied, len, &ip) == DROP_NONE);
    CHECK(ip.total_len == len);
}

static void
fuzz_error(struct fuzz *f, const struct datagram *d, const uint8_t *packet,
           uint32_t link)
{
    static struct icmp_limits limits;
    const struct hash_key key = {{1, 2}};
    struct icmp_error e = {
        .type =
            fuzz_below(f, 2) ? ICMP_DEST_UNREACHABLE : ICMP_PARAMETER_PROBLEM,
        .code = fuzz_below(f, 2) ? ICMP_FRAG_NEEDED : 0,
        .pointer = fuzz_u8(f),
        .mtu = fuzz_u16(f),
        .to_group = d->to_group,
        .link = link,
        .ip = d->ip,
        .packet = packet,
        .len = d->ip.total_len,
    };
    uint8_t out[ICMP_ERROR_MAX];
    uint32_t len;

    if (!icmp_error_due(&net, &e))
        return;
    CHECK(net_is_host(&net, e.ip.src) && net_own(&net, e.ip.src) == NULL);
    icmp_limits_init(&limits, &key);
    if (icmp_error_write(&limits, &net, &e, 7, NOW, out, &len) != DROP_NONE)
        return;
    CHECK(len <= ICMP_ERROR_MAX && len >= IPV4_HEADER_LEN + 8u + 20u);
    check_ipv4(out, len, len);
    CHECK(checksum_ok(
        checksum_add(0, out + IPV4_HEADER_LEN, len - IPV4_HEADER_LEN)));
}

static void
fuzz_local(const struct datagram *d, const uint8_t *payload)
{
    struct icmp_message m;
    struct outgoing out;
    struct quoted q;

    if (ip_input_whole(d) != DROP_NONE || d->ip.proto != IP_PROTO_ICMP)
        return;
    if (d->len > 0 && quoted_is_error(payload[0]) &&
        quoted_decode(&net, payload, d->len, &q) == DROP_NONE)
        CHECK(net_own(&net, q.local) != NULL);
    if (icmp_input(payload, d->len, &m) != DROP_NONE || m.meaning != ICMP_ASKS)
        return;
    icmp_reply(d, &m, 9, &out);
    check_ipv4(out.head, out.head_len, IPV4_HEADER_LEN + d->len);
}

static void
fuzz_forward(struct fuzz *f, const struct datagram *d, const uint8_t *head,
             const uint8_t *bytes, uint32_t link)
{
    struct forward_frame frame = {
        .head = head,
        .link = link,
        .csum_vouched = fuzz_below(f, 2),
        .csum_partial = fuzz_below(f, 2),
        .csum_start = fuzz_u16(f),
        .csum_offset = fuzz_u16(f),
        .gso_size = fuzz_below(f, 2) ? fuzz_u16(f) : 0,
    };
    struct icmp_error error = {.type = 0};
    struct outgoing out;

    if (forward_may(&net, d) != DROP_NONE)
        return;
    if (frame.gso_size > 0 && d->len >= sizeof frame.tcp)
        memcpy(frame.tcp, bytes + d->offset, sizeof frame.tcp);
    if (forward_packet(&net, d, &frame, &out, &error) == DROP_NONE)
        CHECK(out.head_len <= sizeof out.head && out.path.link < net.links);
}

static void
fuzz_arp(uint32_t link, const uint8_t *bytes, size_t len)
{
    static struct neigh_table table;
    struct arp_result result;
    struct ether eth;
    struct arp a;

    neigh_init(&table, &net);
    if (arp_input(&table, link, bytes, len, NOW, &result) != DROP_NONE ||
        result.meaning != ARP_ASKS_US)
        return;
    CHECK(ether_decode(result.reply, ARP_FRAME, &eth) == DROP_NONE &&
          !mac_is_group(eth.dst));
    CHECK(arp_decode(result.reply + ETHER_LEN, ARP_LEN, &a) == DROP_NONE &&
          net_own(&net, a.sender) != NULL);
}

static void
fuzz_frame(struct fuzz *f, uint32_t link, const uint8_t *bytes, size_t len)
{
    size_t copied = min_u64(len, IP_INPUT_HEAD);
    uint8_t *head = fuzz_exact(bytes, copied);
    struct datagram d;
    struct ether eth;
    enum drop why;

    if (ip_input_frame(&net, link, head, copied, &eth) != DROP_NONE) {
        free(head);
        return;
    }
    if (eth.type == ETHER_ARP) {
        fuzz_arp(link, head + ETHER_LEN, copied - ETHER_LEN);
        free(head);
        return;
    }
    why = ip_input_packet(&net, &eth, head, copied, len, &d);
    if (why == DROP_NONE || why == DROP_IP_UNKNOWN_PROTOCOL) {
        CHECK(d.offset + d.len <= len &&
              d.offset >= ETHER_LEN + IPV4_HEADER_LEN);
        fuzz_error(f, &d, bytes + ETHER_LEN, link);
        if (why == DROP_NONE && d.ours && !ipv4_is_fragment(&d.ip))
            fuzz_local(&d, bytes + d.offset);
        if (why == DROP_NONE && !d.ours)
            fuzz_forward(f, &d, head, bytes, link);
    }
    free(head);
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct fuzz f = {data, size}, choices;
    uint8_t how = fuzz_u8(&f), chosen[16];
    uint8_t *bytes;
    size_t len;

    fuzz_bytes(&f, chosen, sizeof chosen);
    choices = (struct fuzz){chosen, sizeof chosen};
    net = test_net(2);
    net.forwarding = how & 2 ? 1 : 0;
    bytes = fuzz_rest(&f, &len);
    if (how & 4)
        mend(bytes, len);
    fuzz_frame(&choices, how & 1, bytes, len);
    free(bytes);
    return 0;
}
