/* SPDX-License-Identifier: MIT */
/* Tests of what stands before a segment. */
#include "tests/ipd/frames.h"

#include "ipd/core/ip_output.h"

static struct ip_config cfg;
static struct segment s;
static enum route route;
static struct addr hop;

static int
segment_to_the_peer(void **state)
{
    (void)state;
    cfg = test_config();
    s = (struct segment){
        .src = addr_v4(OURS),
        .dst = addr_v4(PEER),
        .len = 1480,
        .protocol = IP_PROTO_TCP,
    };
    return 0;
}

static enum drop
find_route(void)
{
    return ip_output_route(&cfg, &s, &route, &hop);
}

static void
headers_match_known_good_bytes(void **state)
{
    /* 10.7.0.2 > 10.7.0.9: TCP, DF, TTL 64, id 0xbeef, 1480 bytes behind it */
    static const uint8_t expected[IP_OUTPUT_HEADERS] = {
        2,    0,    0,    7, 0,    9,    2,    0,    0,    7, 0,  2,
        0x08, 0x00, 0x45, 0, 0x05, 0xdc, 0xbe, 0xef, 0x40, 0, 64, 6,
        0x62, 0x14, 10,   7, 0,    2,    10,   7,    0,    9,
    };
    uint8_t out[IP_OUTPUT_HEADERS];

    (void)state;
    ip_output_headers(&cfg, &s, peer_mac, 0xbeef, out);
    assert_memory_equal(out, expected, sizeof expected);
}

static void
segment_finds_its_next_hop(void **state)
{
    (void)state;
    assert_int_equal(find_route(), DROP_NONE);
    assert_int_equal(route, ROUTE_LINK);
    assert_int_equal(addr_to_v4(hop), PEER);
    s.dst = addr_v4(FAR);
    assert_int_equal(find_route(), DROP_NONE);
    assert_int_equal(addr_to_v4(hop), GATEWAY);
}

static void
foreign_source_is_refused(void **state)
{
    (void)state;
    s.src = addr_v4(PEER);
    assert_int_equal(find_route(), DROP_IP_NO_SOURCE);
}

static void
unroutable_destination_is_refused(void **state)
{
    (void)state;
    s.dst = addr_v4(BROADCAST);
    assert_int_equal(find_route(), DROP_IP_NO_ROUTE);
    s.dst = addr_v4(0xe0000001);
    assert_int_equal(find_route(), DROP_IP_NO_ROUTE);
}

static void
segment_beyond_the_mtu_is_refused(void **state)
{
    (void)state;
    s.len = 1481;
    assert_int_equal(find_route(), DROP_IP_TOO_BIG);
}

static void
what_the_device_cuts_may_be_large(void **state)
{
    (void)state;
    s.len = IPV4_PACKET_MAX - IPV4_HEADER_LEN;
    s.gso_size = 1460;
    assert_int_equal(find_route(), DROP_NONE);
    s.gso_size = 1461;
    assert_int_equal(find_route(), DROP_IP_TOO_BIG);
    s.gso_size = 1460;
    s.len++;
    assert_int_equal(find_route(), DROP_IP_TOO_BIG);
}

static void
own_address_knows_no_mtu(void **state)
{
    (void)state;
    s.dst = addr_v4(OURS);
    s.len = 60000;
    assert_int_equal(find_route(), DROP_NONE);
    assert_int_equal(route, ROUTE_SELF);
}

static void
packets_on_the_wire_are_counted(void **state)
{
    (void)state;
    assert_int_equal(ip_output_packets(&s), 1);
    s.gso_size = 1000;
    s.len = 3000;
    assert_int_equal(ip_output_packets(&s), 3);
    s.len = 3001;
    assert_int_equal(ip_output_packets(&s), 4);
}

int
main(void)
{
#define CASE(f) cmocka_unit_test_setup(f, segment_to_the_peer)
    static const struct CMUnitTest tests[] = {
        CASE(headers_match_known_good_bytes),
        CASE(segment_finds_its_next_hop),
        CASE(foreign_source_is_refused),
        CASE(unroutable_destination_is_refused),
        CASE(segment_beyond_the_mtu_is_refused),
        CASE(what_the_device_cuts_may_be_large),
        CASE(own_address_knows_no_mtu),
        CASE(packets_on_the_wire_are_counted),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
