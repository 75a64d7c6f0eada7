/* SPDX-License-Identifier: MIT */
/* Tests of the decision where a packet for others goes, and of its new header.
 * What leaves then, byte for byte, is tests/ipd/test_forwarding.c's. */
#include "tests/ipd/frames.h"

#include "ipd/core/forward.h"

static struct net net;
static struct datagram d;
static struct forward_frame f;
static struct outgoing out;
static struct icmp_error error;
static uint8_t head[ETHER_LEN + IPV4_HEADER_MAX];

static int
router(void **state)
{
    (void)state;
    net = test_net(2);
    net.forwarding = 1;
    d = (struct datagram){
        .ip = test_ipv4(IP_PROTO_TCP, 1000),
        .offset = ETHER_LEN + IPV4_HEADER_LEN,
        .len = 1000,
    };
    d.ip.dst = addr_v4(PEER1);
    d.ip.header_len = IPV4_HEADER_LEN;
    f = (struct forward_frame){.head = head, .link = 0};
    memset(&out, 0, sizeof out);
    memset(&error, 0, sizeof error);
    return 0;
}

static enum drop
decide(void)
{
    const struct ether eth = test_ether(ETHER_IPV4);

    d.ip.total_len = (uint16_t)(d.ip.header_len + d.len);
    put_headers(head, &eth, &d.ip, 0);
    return forward_packet(&net, &d, &f, &out, &error);
}

static void
header_is_the_same_but_for_ttl_and_checksum(void **state)
{
    struct ipv4 ip;

    (void)state;
    assert_int_equal(decide(), DROP_NONE);
    assert_int_equal(out.path.link, 1);
    assert_int_equal(addr_to_v4(out.path.next_hop), PEER1);
    assert_int_equal(out.kind, OUTGOING_FORWARD);
    assert_int_equal(out.head_len, IPV4_HEADER_LEN);
    assert_int_equal(out.len, 1000);
    assert_int_equal(ipv4_decode(out.head, 20, 1020, &ip), DROP_NONE);
    assert_int_equal(ip.ttl, 63);
    out.head[8]++;
    memcpy(out.head + 10, head + ETHER_LEN + 10, 2);
    assert_memory_equal(out.head, head + ETHER_LEN, IPV4_HEADER_LEN);
}

static void
ttl_of_one_goes_no_further(void **state)
{
    (void)state;
    for (uint8_t ttl = 0; ttl <= 1; ttl++) {
        d.ip.ttl = ttl;
        assert_int_equal(decide(), DROP_IP_TTL);
        assert_int_equal(error.type, ICMP_TIME_EXCEEDED);
        assert_int_equal(error.code, ICMP_TTL_EXCEEDED);
    }
    d.ip.ttl = 2;
    assert_int_equal(decide(), DROP_NONE);
}

static void
dont_fragment_is_kept_to(void **state)
{
    (void)state;
    d.len = 1381;
    assert_int_equal(decide(), DROP_NONE); /* in two fragments */
    d.ip.dont_fragment = true;
    assert_int_equal(decide(), DROP_IP_TOO_BIG);
    assert_int_equal(error.type, ICMP_DEST_UNREACHABLE);
    assert_int_equal(error.code, ICMP_FRAG_NEEDED);
    assert_int_equal(error.mtu, 1400);
    d.len = 1380;
    assert_int_equal(decide(), DROP_NONE);
}

static void
routes_mtu_counts(void **state)
{
    (void)state;
    d.ip.dst = addr_v4(FAR);
    d.ip.dont_fragment = true;
    net.route[0].mtu = 1000;
    assert_int_equal(decide(), DROP_IP_TOO_BIG);
    assert_int_equal(error.mtu, 1000);
}

/* Device and header do not agree on what the packet is. */
static void
offload_that_does_not_fit_is_refused(void **state)
{
    (void)state;
    f.csum_partial = true;
    f.csum_start = ETHER_LEN + IPV4_HEADER_LEN - 1; /* in the IPv4 header */
    f.csum_offset = 16;
    assert_int_equal(decide(), DROP_IP_BAD_DESCRIPTOR);
    f.csum_start++;
    assert_int_equal(decide(), DROP_NONE);
    f.csum_offset = 999; /* its last byte is behind the packet */
    assert_int_equal(decide(), DROP_IP_BAD_DESCRIPTOR);
    f.csum_offset = 998;
    assert_int_equal(decide(), DROP_NONE);
    f.gso_size = 500;
    d.ip.proto = IP_PROTO_UDP;
    assert_int_equal(decide(), DROP_IP_BAD_DESCRIPTOR);
    d.ip.proto = IP_PROTO_TCP;
    assert_int_equal(decide(), DROP_NONE);
    d.ip.more = true;
    assert_int_equal(decide(), DROP_IP_BAD_DESCRIPTOR);
    d.ip.more = false;
    f.csum_partial = false; /* nobody knows the checksums */
    assert_int_equal(decide(), DROP_IP_BAD_DESCRIPTOR);
    f.csum_vouched = true;
    assert_int_equal(decide(), DROP_NONE);
    assert_true(out.csum_partial);
    assert_int_equal(out.head_len, IPV4_HEADER_LEN + FORWARD_TCP);
    assert_int_equal(out.len, 1000 - FORWARD_TCP);
}

static void
sizes_of_segments_are_held_against_the_mtu(void **state)
{
    (void)state;
    d.len = 60000;
    f.csum_partial = true;
    f.csum_start = ETHER_LEN + IPV4_HEADER_LEN;
    f.csum_offset = 16;
    f.tcp[12] = 0x80; /* 32 bytes of header */
    f.gso_size = 1348;
    assert_int_equal(decide(), DROP_NONE);
    f.gso_size = 1349;
    d.ip.dont_fragment = true;
    assert_int_equal(decide(), DROP_IP_TOO_BIG);
    d.len = 1380; /* one segment all the same */
    assert_int_equal(decide(), DROP_NONE);
}

/* A sender that does not set DF would not hear that they are too long. */
static void
segments_that_may_be_fragmented_become_smaller(void **state)
{
    (void)state;
    d.len = 60000;
    f.csum_vouched = true;
    f.tcp[12] = 0xf0; /* 60 bytes of header */
    f.gso_size = 1400;
    assert_int_equal(decide(), DROP_NONE);
    assert_int_equal(out.gso_size, 1400 - 20 - 60);
    assert_true(out.csum_partial);
    f.gso_size = 1320;
    assert_int_equal(decide(), DROP_NONE);
    assert_int_equal(out.gso_size, 1320);
}

int
main(void)
{
#define CASE(t) cmocka_unit_test_setup(t, router)
    static const struct CMUnitTest tests[] = {
        CASE(header_is_the_same_but_for_ttl_and_checksum),
        CASE(ttl_of_one_goes_no_further),
        CASE(dont_fragment_is_kept_to),
        CASE(routes_mtu_counts),
        CASE(offload_that_does_not_fit_is_refused),
        CASE(sizes_of_segments_are_held_against_the_mtu),
        CASE(segments_that_may_be_fragmented_become_smaller),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
