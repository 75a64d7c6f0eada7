/* SPDX-License-Identifier: MIT */
/* Tests of what tcpd and other hosts hear when a packet gets no further. */
#include "tests/ipd/ipd_world.h"

#include "ipd/turn.h"
#include "proto/shm/notice.h"
#include "proto/wire/tcp.h"

#define DATA     (ETHER_LEN + IPV4_HEADER_LEN)
#define STRANGER 0x0a070033u

static struct world w;
static uint8_t bytes[2048];

static int
quiet_world(void **state)
{
    (void)state;
    ipd_world_open_quiet(&w, 2);
    return 0;
}

static int
end(void **state)
{
    (void)state;
    ipd_world_close(&w);
    return 0;
}

/* From port 80 to port 4000, sequence number 0x01020304. */
static void
put_tcp(uint8_t *out)
{
    memset(out, 0, TCP_HEADER_LEN);
    be16_store(out, 80);
    be16_store(out + 2, 4000);
    be32_store(out + 4, 0x01020304);
    out[12] = 0x50;
}

static void
send_segment(uint32_t dst, uint32_t len, uint16_t gso_size)
{
    const struct packet p = {
        .flags = gso_size != 0 ? PACKET_CSUM_PARTIAL | PACKET_GSO_TCPV4
                               : PACKET_CSUM_PARTIAL,
        .gso_size = gso_size,
        .src = addr_v4(OURS),
        .dst = addr_v4(dst),
    };

    memset(bytes, 0, len);
    put_tcp(bytes);
    assert_true(ipd_world_send_segment(&w, &p, bytes, len));
    ipd_world_turn(&w);
}

static void
assert_notice(uint32_t dst, uint8_t type, uint8_t code, uint32_t mtu)
{
    struct packet p;
    struct notice n;

    assert_true(ipd_world_take_delivery(&w, &p));
    assert_true(notice_decode(&p, &n));
    assert_int_equal(addr_to_v4(n.local), OURS);
    assert_int_equal(addr_to_v4(n.remote), dst);
    assert_int_equal(n.local_port, 80);
    assert_int_equal(n.remote_port, 4000);
    assert_int_equal(n.seq, 0x01020304);
    assert_int_equal(n.type, type);
    assert_int_equal(n.code, code);
    assert_int_equal(n.mtu, mtu);
}

static void
assert_no_notice(void)
{
    struct packet p;

    assert_false(ipd_world_take_delivery(&w, &p));
}

static void
pass_ms(int64_t ms)
{
    w.now = instant_add(w.now, duration_ms(ms));
    ipd_world_turn(&w);
}

/* ---- segments ---- */

/* Three seconds after the first. */
static void
all_who_waited_for_a_silent_neighbour_are_told(void **state)
{
    (void)state;
    send_segment(STRANGER, 20, 0);
    send_segment(STRANGER, 30, 0);
    ipd_world_turn(&w);
    for (int i = 0; i < 2; i++) {
        pass_ms(1000);
        assert_no_notice();
    }
    pass_ms(1000);
    assert_notice(STRANGER, ICMP_DEST_UNREACHABLE, ICMP_HOST_UNREACHABLE, 0);
    assert_notice(STRANGER, ICMP_DEST_UNREACHABLE, ICMP_HOST_UNREACHABLE, 0);
    assert_no_notice();
    assert_int_equal(ipd_world_drops(&w, DROP_IP_NEIGH_FAILED), 2);
}

static void
segments_to_a_failed_neighbour_are_told_of_once_a_second(void **state)
{
    (void)state;
    all_who_waited_for_a_silent_neighbour_are_told(NULL);
    for (int i = 0; i < 5; i++)
        send_segment(STRANGER, 20, 0);
    assert_no_notice();
    assert_int_equal(ipd_world_drops(&w, DROP_IP_NEIGH_FAILED), 7);
}

static void
segment_beyond_the_mtu_is_told_of_with_it(void **state)
{
    (void)state;
    send_segment(PEER, 1481, 0);
    assert_notice(PEER, ICMP_DEST_UNREACHABLE, ICMP_FRAG_NEEDED, 1500);
    send_segment(PEER1, 1900, 1361);
    assert_notice(PEER1, ICMP_DEST_UNREACHABLE, ICMP_FRAG_NEEDED, 1400);
    send_segment(PEER1, 1900, 1360);
    assert_no_notice();
    assert_int_equal(ipd_world_drops(&w, DROP_IP_TOO_BIG), 2);
}

static void
segment_without_a_route_is_told_of(void **state)
{
    (void)state;
    w.tables.net.routes = 0;
    memset(w.tables.net.route, 0, sizeof w.tables.net.route);
    ipd_world_configure(&w);
    send_segment(FAR, 20, 0);
    assert_notice(FAR, ICMP_DEST_UNREACHABLE, ICMP_NET_UNREACHABLE, 0);
    assert_int_equal(ipd_world_drops(&w, DROP_IP_NO_ROUTE), 1);
}

static void
loopback_is_not_ours(void **state)
{
    (void)state;
    send_segment(0x7f000001, 20, 0);
    assert_int_equal(ipd_world_drops(&w, DROP_IP_NO_ROUTE), 1);
}

/* ---- errors that come in ---- */

/* From the gateway, about `quoted` of ours, of which 8 bytes are at `data`. */
static void
send_error(uint8_t type, uint8_t code, uint16_t mtu, const struct ipv4 *quoted,
           const uint8_t *data)
{
    const struct ether eth = test_ether(ETHER_IPV4);
    struct ipv4 ip = test_ipv4(IP_PROTO_ICMP, 8 + 28);
    uint8_t *message = bytes + DATA;

    ip.src = addr_v4(GATEWAY);
    memset(message, 0, 8);
    message[0] = type;
    message[1] = code;
    be16_store(message + 6, mtu);
    ipv4_encode(message + 8, quoted);
    memcpy(message + 28, data, 8);
    be16_store(message + 2, checksum_fold(checksum_add(0, message, 36)));
    assert_true(ipd_world_send_frame(&w, bytes,
                                     put_headers(bytes, &eth, &ip, 36), 0, 0));
    ipd_world_turn(&w);
}

static struct ipv4
segment_to_far(void)
{
    return (struct ipv4){
        .src = addr_v4(OURS),
        .dst = addr_v4(FAR),
        .ttl = 60,
        .proto = IP_PROTO_TCP,
        .total_len = 1500,
        .dont_fragment = true,
    };
}

static void
error_about_a_segment_reaches_tcpd(void **state)
{
    const struct ipv4 quoted = segment_to_far();
    uint8_t head[TCP_HEADER_LEN];

    (void)state;
    put_tcp(head);
    send_error(ICMP_DEST_UNREACHABLE, ICMP_PORT_UNREACHABLE, 0, &quoted, head);
    assert_notice(FAR, ICMP_DEST_UNREACHABLE, ICMP_PORT_UNREACHABLE, 0);
    send_error(ICMP_TIME_EXCEEDED, ICMP_TTL_EXCEEDED, 0, &quoted, head);
    assert_notice(FAR, ICMP_TIME_EXCEEDED, ICMP_TTL_EXCEEDED, 0);
    assert_int_equal(ipd_world_count(&w, COUNTER_ICMP_IN_ERRORS), 2);
}

/* Anybody can send one about a connection whose ports he guesses. */
static void
narrow_path_of_a_segment_is_for_tcpd_to_believe(void **state)
{
    const struct ipv4 quoted = segment_to_far();
    uint8_t head[TCP_HEADER_LEN];
    struct view_path row;

    (void)state;
    put_tcp(head);
    send_error(ICMP_DEST_UNREACHABLE, ICMP_FRAG_NEEDED, 1280, &quoted, head);
    assert_notice(FAR, ICMP_DEST_UNREACHABLE, ICMP_FRAG_NEEDED, 1280);
    send_segment(FAR, 1261, 0);
    assert_no_notice();
    for (uint32_t i = 0; i < VIEW_PATHS; i++)
        assert_false(view_read(&w.ipd->view.paths, i, &row) &&
                     addr_to_v4(row.dst) == FAR);
}

static void
error_about_a_packet_that_is_not_ours_is_refused(void **state)
{
    struct ipv4 quoted = segment_to_far();
    uint8_t head[TCP_HEADER_LEN];

    (void)state;
    put_tcp(head);
    quoted.src = addr_v4(PEER);
    send_error(ICMP_DEST_UNREACHABLE, ICMP_PORT_UNREACHABLE, 0, &quoted, head);
    assert_no_notice();
    assert_int_equal(ipd_world_drops(&w, DROP_ICMP_BAD_QUOTE), 1);
}

/* ---- errors that go out ---- */

static void
send_protocol(uint8_t proto, struct mac to)
{
    struct ether eth = test_ether(ETHER_IPV4);
    const struct ipv4 ip = test_ipv4(proto, 40);

    eth.dst = to;
    memset(bytes + DATA, 0x21, 40);
    assert_true(ipd_world_send_frame(&w, bytes,
                                     put_headers(bytes, &eth, &ip, 40), 0, 0));
    ipd_world_turn(&w);
}

static void
assert_error(uint8_t type, uint8_t code)
{
    uint8_t wire[2048];
    struct packet p;
    struct ipv4 ip;
    uint32_t len;

    assert_true(ipd_world_take_frame(&w, &p));
    len = ipd_world_gather(&w, &p, wire);
    assert_memory_equal(wire, &peer_mac, sizeof peer_mac);
    assert_int_equal(
        ipv4_decode(wire + ETHER_LEN, len - ETHER_LEN, len - ETHER_LEN, &ip),
        DROP_NONE);
    assert_int_equal(addr_to_v4(ip.dst), PEER);
    assert_int_equal(ip.proto, IP_PROTO_ICMP);
    assert_true(checksum_ok(checksum_add(0, wire + DATA, len - DATA)));
    assert_int_equal(wire[DATA], type);
    assert_int_equal(wire[DATA + 1], code);
    assert_memory_equal(wire + DATA + 8, bytes + ETHER_LEN, 28);
}

static void
unknown_protocols_are_answered(void **state)
{
    (void)state;
    send_protocol(IP_PROTO_UDP, our_mac);
    assert_error(ICMP_DEST_UNREACHABLE, ICMP_PORT_UNREACHABLE);
    send_protocol(132, our_mac);
    assert_error(ICMP_DEST_UNREACHABLE, ICMP_PROTOCOL_UNREACHABLE);
    assert_int_equal(ipd_world_drops(&w, DROP_IP_UNKNOWN_PROTOCOL), 2);
}

static void
frame_to_everybody_is_not_answered(void **state)
{
    struct packet p;

    (void)state;
    send_protocol(IP_PROTO_UDP, mac_broadcast());
    assert_false(ipd_world_take_frame(&w, &p));
    assert_int_equal(ipd_world_drops(&w, DROP_IP_UNKNOWN_PROTOCOL), 1);
}

static void
errors_to_one_host_are_few(void **state)
{
    struct packet p;
    int errors = 0;

    (void)state;
    for (int i = 0; i < 100; i++)
        send_protocol(IP_PROTO_UDP, our_mac);
    while (ipd_world_take_frame(&w, &p))
        errors++;
    assert_true(errors > 0 && errors <= ICMP_LIMIT_HOST_BURST);
    assert_int_equal(ipd_world_count(&w, COUNTER_ICMP_OUT_ERRORS), errors);
}

/* ---- conflicts ---- */

static void
conflict_is_counted_and_our_address_defended(void **state)
{
    uint8_t frame[64];
    uint32_t len = put_arp(frame, ARP_REQUEST, evil_mac, OURS, OURS);
    struct packet p;

    (void)state;
    for (int i = 0; i < 3; i++) {
        assert_true(ipd_world_send_frame(&w, frame, len, 0, 0));
        ipd_world_turn(&w);
        ipd_world_turn(&w);
    }
    assert_int_equal(ipd_world_drops(&w, DROP_ARP_CONFLICT), 3);
    assert_true(ipd_world_take_frame(&w, &p));
    assert_int_equal(be32_load(p.header + 28), OURS);
    assert_int_equal(be32_load(p.header + 38), OURS);
    assert_false(ipd_world_take_frame(&w, &p));
    assert_int_equal(ipd_world_count(&w, COUNTER_ARP_DEFENDED), 1);
}

int
main(void)
{
#define CASE(f) cmocka_unit_test_setup_teardown(f, quiet_world, end)
    static const struct CMUnitTest tests[] = {
        CASE(all_who_waited_for_a_silent_neighbour_are_told),
        CASE(segments_to_a_failed_neighbour_are_told_of_once_a_second),
        CASE(segment_beyond_the_mtu_is_told_of_with_it),
        CASE(segment_without_a_route_is_told_of),
        CASE(loopback_is_not_ours),
        CASE(error_about_a_segment_reaches_tcpd),
        CASE(narrow_path_of_a_segment_is_for_tcpd_to_believe),
        CASE(error_about_a_packet_that_is_not_ours_is_refused),
        CASE(unknown_protocols_are_answered),
        CASE(frame_to_everybody_is_not_answered),
        CASE(errors_to_one_host_are_few),
        CASE(conflict_is_counted_and_our_address_defended),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
