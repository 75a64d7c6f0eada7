/* SPDX-License-Identifier: MIT */
/* Tests of what a received frame is taken for. */
#include "tests/ipd/frames.h"

#include "ipd/core/ip_input.h"

#define TCP_LEN 20

static uint8_t frame[2048];
static struct net net;
static struct ether eth;
static struct ipv4 ip;

/* A TCP segment without text from the peer. */
static int
good_packet(void **state)
{
    (void)state;
    memset(frame, 0, sizeof frame);
    net = test_net(2);
    eth = test_ether(ETHER_IPV4);
    ip = test_ipv4(IP_PROTO_TCP, TCP_LEN);
    return 0;
}

/* Takes the frame built from eth and ip with that much payload. */
static enum drop
take(uint32_t payload, struct datagram *out)
{
    uint32_t len = put_headers(frame, &eth, &ip, payload);
    size_t copied = len < IP_INPUT_HEAD ? len : IP_INPUT_HEAD;
    struct ether seen;
    enum drop why = ip_input_frame(&net, 0, frame, copied, &seen);

    memset(out, 0, sizeof *out);
    if (why != DROP_NONE)
        return why;
    assert_int_equal(seen.type, ETHER_IPV4);
    return ip_input_packet(&net, &seen, frame, copied, len, out);
}

static enum drop
take_good_length(void)
{
    struct datagram out;

    return take(TCP_LEN, &out);
}

static void
tcp_for_us_is_delivered_without_its_headers(void **state)
{
    struct datagram out;

    (void)state;
    assert_int_equal(take(TCP_LEN, &out), DROP_NONE);
    assert_int_equal(out.ip.proto, IP_PROTO_TCP);
    assert_int_equal(out.offset, 34);
    assert_int_equal(out.len, TCP_LEN);
    assert_int_equal(addr_to_v4(out.ip.src), PEER);
    assert_int_equal(addr_to_v4(out.ip.dst), OURS);
}

static void
frame_padding_is_not_payload(void **state)
{
    struct datagram out;

    (void)state;
    assert_int_equal(take(TCP_LEN + 6, &out), DROP_NONE);
    assert_int_equal(out.len, TCP_LEN);
}

static void
options_are_skipped(void **state)
{
    struct datagram out;
    uint32_t len;

    (void)state;
    ip.total_len = 24 + TCP_LEN;
    len = put_headers(frame, &eth, &ip, 4 + TCP_LEN);
    frame[ETHER_LEN] = 0x46;
    memset(frame + 34, 1, 4); /* four no-operations */
    be16_store(frame + ETHER_LEN + 10, 0);
    be16_store(frame + ETHER_LEN + 10,
               checksum_fold(checksum_add(0, frame + ETHER_LEN, 24)));
    assert_int_equal(ip_input_packet(&net, &eth, frame, len, len, &out),
                     DROP_NONE);
    assert_int_equal(out.offset, 38);
    assert_int_equal(out.len, TCP_LEN);
}

static void
short_frame_is_no_ethernet(void **state)
{
    (void)state;
    put_headers(frame, &eth, &ip, 0);
    assert_int_equal(ip_input_frame(&net, 0, frame, 13, &eth),
                     DROP_ETH_TRUNCATED);
}

static void
group_source_is_refused(void **state)
{
    (void)state;
    eth.src = mac_broadcast();
    assert_int_equal(take_good_length(), DROP_ETH_BAD_SOURCE);
}

static void
own_frame_is_refused(void **state)
{
    (void)state;
    eth.src = our_mac;
    assert_int_equal(take_good_length(), DROP_ETH_BAD_SOURCE);
}

static void
other_hosts_frame_is_refused(void **state)
{
    (void)state;
    eth.dst = gateway_mac;
    assert_int_equal(take_good_length(), DROP_ETH_NOT_FOR_US);
}

static void
unknown_type_is_refused(void **state)
{
    (void)state;
    eth.type = ETHER_IPV6;
    assert_int_equal(take_good_length(), DROP_ETH_UNKNOWN_TYPE);
}

static void
broadcast_arp_passes(void **state)
{
    struct ether seen;
    uint32_t len = put_arp(frame, ARP_REQUEST, peer_mac, PEER, OURS);

    (void)state;
    assert_int_equal(ip_input_frame(&net, 0, frame, len, &seen), DROP_NONE);
    assert_int_equal(seen.type, ETHER_ARP);
}

static void
packet_shorter_than_a_header_is_refused(void **state)
{
    struct datagram out;

    (void)state;
    put_headers(frame, &eth, &ip, 0);
    for (size_t len = ETHER_LEN; len < ETHER_LEN + IPV4_HEADER_LEN; len++)
        assert_int_equal(ip_input_packet(&net, &eth, frame, len, len, &out),
                         DROP_IP_TOO_SHORT);
}

static void
damaged_header_is_refused(void **state)
{
    struct datagram out;
    uint32_t len = put_headers(frame, &eth, &ip, TCP_LEN);

    (void)state;
    frame[ETHER_LEN + 8] ^= 1;
    assert_int_equal(ip_input_packet(&net, &eth, frame, len, len, &out),
                     DROP_IP_BAD_CHECKSUM);
}

static void
total_length_beyond_the_frame_is_refused(void **state)
{
    (void)state;
    ip.total_len++;
    assert_int_equal(take_good_length(), DROP_IP_BAD_TOTAL_LENGTH);
}

static void
source_of_no_single_host_is_a_martian(void **state)
{
    static const uint32_t src[] = {
        0, 0x7f000001, 0xe0000001, 0xffffffff, BROADCAST, OURS, OURS1,
    };

    (void)state;
    for (size_t i = 0; i < sizeof src / sizeof src[0]; i++) {
        ip.src = addr_v4(src[i]);
        assert_int_equal(take_good_length(), DROP_IP_MARTIAN);
    }
}

static void
other_hosts_packet_is_not_for_us(void **state)
{
    (void)state;
    ip.dst = addr_v4(FAR);
    assert_int_equal(take_good_length(), DROP_IP_NOT_FOR_US);
    ip.dst = addr_v4(0x7f000001);
    assert_int_equal(take_good_length(), DROP_IP_NOT_FOR_US);
}

static void
our_other_address_is_ours_on_any_link(void **state)
{
    struct datagram out;

    (void)state;
    ip.dst = addr_v4(OURS1);
    assert_int_equal(take(TCP_LEN, &out), DROP_NONE);
    assert_true(out.ours);
}

static void
fragment_of_ours_passes(void **state)
{
    struct datagram out;

    (void)state;
    ip.more = true;
    assert_int_equal(take(TCP_LEN, &out), DROP_NONE);
    assert_true(out.ours);
    assert_true(ipv4_is_fragment(&out.ip));
}

static void
packet_for_others_passes_a_router(void **state)
{
    struct datagram out;

    (void)state;
    net.forwarding = 1;
    ip.dst = addr_v4(FAR);
    assert_int_equal(take(TCP_LEN, &out), DROP_NONE);
    assert_false(out.ours);
    ip.proto = IP_PROTO_UDP;
    assert_int_equal(take(TCP_LEN, &out), DROP_NONE);
}

static void
router_passes_nothing_to_no_host(void **state)
{
    (void)state;
    net.forwarding = 1;
    ip.dst = addr_v4(0x7f000001);
    assert_int_equal(take_good_length(), DROP_IP_NOT_FOR_US);
    ip.dst = addr_v4(0xf0000001);
    assert_int_equal(take_good_length(), DROP_IP_NOT_FOR_US);
}

static void
router_passes_no_link_local_packet_and_no_broadcast_frame(void **state)
{
    (void)state;
    net.forwarding = 1;
    ip.dst = addr_v4(0xa9fe0101);
    assert_int_equal(take_good_length(), DROP_IP_NOT_FORWARDED);
    ip.dst = addr_v4(FAR);
    ip.src = addr_v4(0xa9fe0101);
    assert_int_equal(take_good_length(), DROP_IP_NOT_FORWARDED);
    ip.src = addr_v4(PEER);
    eth.dst = mac_broadcast();
    assert_int_equal(take_good_length(), DROP_IP_NOT_FORWARDED);
}

static void
other_protocols_are_refused(void **state)
{
    (void)state;
    ip.proto = IP_PROTO_UDP;
    assert_int_equal(take_good_length(), DROP_IP_UNKNOWN_PROTOCOL);
}

static void
datagram_shorter_than_its_header_is_refused(void **state)
{
    struct datagram d = {.ip.proto = IP_PROTO_TCP, .len = 19};

    (void)state;
    assert_int_equal(ip_input_whole(&d), DROP_TCP_TOO_SHORT);
    d.len = 20;
    assert_int_equal(ip_input_whole(&d), DROP_NONE);
    d = (struct datagram){.ip.proto = IP_PROTO_ICMP, .len = 7};
    assert_int_equal(ip_input_whole(&d), DROP_ICMP_TRUNCATED);
}

static void
group_destination_reaches_no_protocol(void **state)
{
    static const uint32_t dst[] = {BROADCAST, 0xffffffff, 0xe0000001};

    (void)state;
    for (size_t i = 0; i < sizeof dst / sizeof dst[0]; i++) {
        ip.dst = addr_v4(dst[i]);
        ip.proto = IP_PROTO_TCP;
        assert_int_equal(take_good_length(), DROP_TCP_NOT_UNICAST);
        ip.proto = IP_PROTO_ICMP;
        assert_int_equal(take_good_length(), DROP_ICMP_NOT_UNICAST);
    }
}

/* RFC 1122 3.3.6: a frame to everybody with a packet to us alone. */
static void
group_frame_reaches_no_protocol(void **state)
{
    (void)state;
    eth.dst = mac_broadcast();
    assert_int_equal(take_good_length(), DROP_TCP_NOT_UNICAST);
    ip.proto = IP_PROTO_ICMP;
    assert_int_equal(take_good_length(), DROP_ICMP_NOT_UNICAST);
}

int
main(void)
{
#define CASE(f) cmocka_unit_test_setup(f, good_packet)
    static const struct CMUnitTest tests[] = {
        CASE(tcp_for_us_is_delivered_without_its_headers),
        CASE(frame_padding_is_not_payload),
        CASE(options_are_skipped),
        CASE(short_frame_is_no_ethernet),
        CASE(group_source_is_refused),
        CASE(own_frame_is_refused),
        CASE(other_hosts_frame_is_refused),
        CASE(unknown_type_is_refused),
        CASE(broadcast_arp_passes),
        CASE(packet_shorter_than_a_header_is_refused),
        CASE(damaged_header_is_refused),
        CASE(total_length_beyond_the_frame_is_refused),
        CASE(source_of_no_single_host_is_a_martian),
        CASE(other_hosts_packet_is_not_for_us),
        CASE(our_other_address_is_ours_on_any_link),
        CASE(fragment_of_ours_passes),
        CASE(packet_for_others_passes_a_router),
        CASE(router_passes_nothing_to_no_host),
        CASE(router_passes_no_link_local_packet_and_no_broadcast_frame),
        CASE(other_protocols_are_refused),
        CASE(datagram_shorter_than_its_header_is_refused),
        CASE(group_destination_reaches_no_protocol),
        CASE(group_frame_reaches_no_protocol),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
