/* SPDX-License-Identifier: MIT */
/* Decoders of headers. Whatever the bytes are, none beyond the given length is
 * read; what was decoded and is encoded again decodes to the same; and sums do
 * not depend on how the bytes are cut. The first byte picks the decoder. */
#include "tests/fuzz/fuzz.h"

#include "proto/wire/arp.h"
#include "proto/wire/checksum.h"
#include "proto/wire/ether.h"
#include "proto/wire/icmp.h"
#include "proto/wire/ipv4.h"
#include "proto/wire/tcp.h"

static void
fuzz_ether(const uint8_t *bytes, size_t len)
{
    uint8_t again[ETHER_LEN];
    struct ether e;

    if (ether_decode(bytes, len, &e) != DROP_NONE)
        return;
    ether_encode(again, &e);
    CHECK(memcmp(again, bytes, sizeof again) == 0);
}

static void
fuzz_arp(const uint8_t *bytes, size_t len)
{
    uint8_t again[ARP_LEN];
    struct arp a;

    if (arp_decode(bytes, len, &a) != DROP_NONE)
        return;
    arp_encode(again, &a);
    CHECK(memcmp(again, bytes, sizeof again) == 0);
}

static void
fuzz_ttl(const uint8_t *bytes, const struct ipv4 *ip)
{
    uint8_t header[IPV4_HEADER_MAX];
    struct ipv4 less;

    memcpy(header, bytes, ip->header_len);
    ipv4_decrement_ttl(header);
    CHECK(ipv4_decode(header, ip->header_len, ip->total_len, &less) ==
              DROP_NONE &&
          less.ttl == ip->ttl - 1);
}

static void
fuzz_ipv4(uint8_t *bytes, size_t len)
{
    uint8_t again[2][IPV4_HEADER_LEN];
    struct ipv4 ip;
    size_t header = len == 0 ? 0 : 4 * (size_t)(bytes[0] & 15);

    if (header >= IPV4_HEADER_LEN && header <= len && bytes[8] % 2 == 0) {
        be16_store(bytes + 10, 0); /* or hardly any sum would be right */
        be16_store(bytes + 10, checksum_fold(checksum_add(0, bytes, header)));
    }
    if (ipv4_decode(bytes, len, len, &ip) != DROP_NONE)
        return;
    CHECK(len >= IPV4_HEADER_LEN && ip.header_len == header &&
          ip.total_len >= header && ip.total_len <= len &&
          ip.frag_offset % 8 == 0);
    ipv4_encode(again[0], &ip);
    CHECK(ipv4_decode(again[0], sizeof again[0], len, &ip) == DROP_NONE);
    CHECK(ip.header_len == IPV4_HEADER_LEN);
    ipv4_encode(again[1], &ip);
    CHECK(memcmp(again[0], again[1], sizeof again[0]) == 0);
    if (bytes[8] > 0 && ipv4_decode(bytes, len, len, &ip) == DROP_NONE)
        fuzz_ttl(bytes, &ip);
}

static void
fuzz_icmp(uint8_t *bytes, size_t len)
{
    uint8_t again[ICMP_HEADER_LEN];
    struct icmp_header h;
    struct icmp_echo echo;
    uint64_t sum;

    if (len < ICMP_HEADER_LEN)
        return;
    sum = checksum_add(0, bytes + ICMP_HEADER_LEN, len - ICMP_HEADER_LEN);
    if (bytes[2] % 2 == 0) {
        h = (struct icmp_header){bytes[0], bytes[1], be32_load(bytes + 4)};
        icmp_encode(bytes, &h, sum);
        CHECK(icmp_decode(bytes, len, sum, &h) == DROP_NONE);
    }
    if (icmp_decode(bytes, len, sum, &h) == DROP_NONE) {
        icmp_encode(again, &h, sum);
        CHECK(icmp_decode(again, len, sum, &h) == DROP_NONE);
        CHECK(h.type == bytes[0] && h.code == bytes[1] &&
              h.rest == be32_load(bytes + 4));
    }
    if (icmp_echo_decode(bytes, len, sum, &echo) == DROP_NONE) {
        icmp_echo_encode(again, &echo, sum);
        CHECK(icmp_echo_decode(again, len, sum, &echo) == DROP_NONE);
        CHECK(echo.type == bytes[0] && echo.id == be16_load(bytes + 4) &&
              echo.seq == be16_load(bytes + 6));
    }
}

static void
fuzz_tcp(const uint8_t *bytes, size_t len)
{
    const struct addr src = addr_v4(0x0a070002), dst = addr_v4(0x0a070009);
    uint8_t again[2][TCP_HEADER_MAX];
    struct tcp_header h;
    size_t size;

    if (tcp_decode(bytes, len, &h) != DROP_NONE)
        return;
    CHECK(h.header_len >= TCP_HEADER_LEN && h.header_len <= len);
    CHECK(h.opt.sack_count <= TCP_SACK_MAX && h.opt.wscale <= TCP_WSCALE_MAX);
    CHECK(!h.opt.has_mss || h.opt.mss != 0);
    size = tcp_header_size(h.flags, &h.opt);
    CHECK(size % 4 == 0 && size <= TCP_HEADER_MAX);
    CHECK(tcp_encode(again[0], &h) == size);
    CHECK(tcp_decode(again[0], size, &h) == DROP_NONE);
    CHECK(h.header_len == size);
    CHECK(tcp_encode(again[1], &h) == size);
    CHECK(memcmp(again[0], again[1], size) == 0);
    tcp_checksum_complete(again[0], size, src, dst, 0, 0);
    CHECK(tcp_checksum_ok(again[0], (uint32_t)size, src, dst));
}

static void
fuzz_checksum(const uint8_t *bytes, size_t len)
{
    size_t cut = len == 0 ? 0 : bytes[0] % (len + 1);
    uint64_t whole = checksum_add(0, bytes, len);
    uint64_t parts =
        checksum_join(checksum_add(0, bytes, cut),
                      checksum_add(0, bytes + cut, len - cut), cut);

    CHECK(checksum_fold(whole) == checksum_fold(parts));
    CHECK(checksum_ok(whole) == (checksum_fold(whole) == 0));
}

static void
fuzz_addr(const uint8_t *bytes, size_t len)
{
    struct fuzz f = {bytes, len};
    char out[ADDR_TEXT], *text = fuzz_text(&f);
    struct addr a, again;

    if (addr_parse_v4(text, &a)) {
        CHECK(addr_is_v4(a) && strcmp(addr_format(out, a), text) == 0);
        CHECK(addr_parse_v4(out, &again) && addr_equal(a, again));
    }
    f = (struct fuzz){bytes, len};
    fuzz_bytes(&f, &a, sizeof a);
    CHECK(strlen(addr_format(out, a)) < sizeof out);
    free(text);
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct fuzz f = {data, size};
    uint32_t which = fuzz_below(&f, 7);
    size_t len;
    uint8_t *bytes = fuzz_rest(&f, &len);

    if (which == 0)
        fuzz_ether(bytes, len);
    else if (which == 1)
        fuzz_arp(bytes, len);
    else if (which == 2)
        fuzz_ipv4(bytes, len);
    else if (which == 3)
        fuzz_icmp(bytes, len);
    else if (which == 4)
        fuzz_tcp(bytes, len);
    else if (which == 5)
        fuzz_checksum(bytes, len);
    else
        fuzz_addr(bytes, len);
    free(bytes);
    return 0;
}
