/* SPDX-License-Identifier: MIT */
/* Tests of what stands before a segment. */
#include "tests/ipd/frames.h"

#include "ipd/core/ip_output.h"

static const instant_t now = {1000000000000};

static struct net net;
static struct pmtu_table pmtu;
static struct segment s;
static enum net_found found;
static struct net_path path;

static int
segment_to_the_peer(void **state)
{
    (void)state;
    net = test_net(2);
    pmtu_init(&pmtu);
    s = (struct segment){
        .src = addr_v4(OURS),
        .dst = addr_v4(PEER),
        .len = 1480,
        .header_len = 32,
        .protocol = IP_PROTO_TCP,
    };
    return 0;
}

static enum drop
find_route(void)
{
    return ip_output_route(&net, &pmtu, &s, now, &found, &path);
}

static void
header_matches_known_good_bytes(void **state)
{
    /* 10.7.0.2 > 10.7.0.9: TCP, DF, TTL 64, id 0xbeef, 1480 bytes behind it */
    static const uint8_t expected[IPV4_HEADER_LEN] = {
        0x45, 0,    0x05, 0xdc, 0xbe, 0xef, 0x40, 0, 64, 6,
        0x62, 0x14, 10,   7,    0,    2,    10,   7, 0,  9,
    };
    struct outgoing out;

    (void)state;
    assert_int_equal(find_route(), DROP_NONE);
    ip_output_segment(&s, &path, 0xbeef, &out);
    assert_memory_equal(out.head, expected, sizeof expected);
    assert_int_equal(out.head_len, IPV4_HEADER_LEN);
    assert_int_equal(out.len, 1480);
    assert_int_equal(out.kind, OUTGOING_SEGMENT);
}

static void
segment_finds_its_next_hop(void **state)
{
    (void)state;
    assert_int_equal(find_route(), DROP_NONE);
    assert_int_equal(found, NET_LINK);
    assert_int_equal(addr_to_v4(path.next_hop), PEER);
    s.dst = addr_v4(FAR);
    assert_int_equal(find_route(), DROP_NONE);
    assert_int_equal(addr_to_v4(path.next_hop), GATEWAY);
    s.dst = addr_v4(PEER1);
    s.len = 1000;
    assert_int_equal(find_route(), DROP_NONE);
    assert_int_equal(path.link, 1);
}

static void
foreign_source_is_refused(void **state)
{
    (void)state;
    s.src = addr_v4(PEER);
    assert_int_equal(find_route(), DROP_IP_NO_SOURCE);
    s.src = addr_v4(OURS1); /* ours, though on another link */
    assert_int_equal(find_route(), DROP_NONE);
}

static void
unroutable_destination_is_refused(void **state)
{
    static const uint32_t dst[] = {BROADCAST, 0xe0000001, 0x7f000001};

    (void)state;
    for (size_t i = 0; i < sizeof dst / sizeof dst[0]; i++) {
        s.dst = addr_v4(dst[i]);
        assert_int_equal(find_route(), DROP_IP_NO_ROUTE);
    }
}

static void
segment_beyond_the_mtu_is_refused(void **state)
{
    (void)state;
    s.len = 1481;
    assert_int_equal(find_route(), DROP_IP_TOO_BIG);
    assert_int_equal(path.mtu, 1500);
}

static void
segment_beyond_the_known_path_mtu_is_refused(void **state)
{
    (void)state;
    assert_true(pmtu_learn(&pmtu, addr_v4(PEER), 1200, 1500, 1500, now));
    assert_int_equal(find_route(), DROP_IP_TOO_BIG);
    assert_int_equal(path.mtu, 1200);
    s.len = 1180;
    assert_int_equal(find_route(), DROP_NONE);
}

static void
what_the_device_cuts_may_be_large(void **state)
{
    (void)state;
    s.len = IPV4_PACKET_MAX - IPV4_HEADER_LEN;
    s.gso_size = 1448;
    assert_int_equal(find_route(), DROP_NONE);
    s.gso_size = 1449;
    assert_int_equal(find_route(), DROP_IP_TOO_BIG);
    s.gso_size = 1448;
    s.len++;
    assert_int_equal(find_route(), DROP_IP_TOO_BIG);
    s.gso_size = 60000; /* which is never reached */
    s.len = 1480;
    assert_int_equal(find_route(), DROP_NONE);
}

static void
own_address_knows_no_mtu(void **state)
{
    (void)state;
    s.dst = addr_v4(OURS1);
    s.len = 60000;
    assert_int_equal(find_route(), DROP_NONE);
    assert_int_equal(found, NET_SELF);
}

static void
packet_is_too_long_beyond_its_paths_mtu(void **state)
{
    struct outgoing o = {.path.mtu = 1500, .head_len = 28, .len = 1472};

    (void)state;
    assert_false(ip_output_too_long(&o));
    o.len++;
    assert_true(ip_output_too_long(&o));
    o.gso_size = 100;
    assert_false(ip_output_too_long(&o));
}

int
main(void)
{
#define CASE(f) cmocka_unit_test_setup(f, segment_to_the_peer)
    static const struct CMUnitTest tests[] = {
        CASE(header_matches_known_good_bytes),
        CASE(segment_finds_its_next_hop),
        CASE(foreign_source_is_refused),
        CASE(unroutable_destination_is_refused),
        CASE(segment_beyond_the_mtu_is_refused),
        CASE(segment_beyond_the_known_path_mtu_is_refused),
        CASE(what_the_device_cuts_may_be_large),
        CASE(own_address_knows_no_mtu),
        CASE(packet_is_too_long_beyond_its_paths_mtu),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
