/* SPDX-License-Identifier: MIT */
/* Tests of packets that ipd passes on from one link to another. */
#include "tests/ipd/ipd_world.h"

#include "ipd/turn.h"
#include "proto/wire/tcp.h"

#define DATA (ETHER_LEN + IPV4_HEADER_LEN) /* where a frame's payload starts */

static struct world w;
static uint8_t frame[66000];
static uint8_t wire[66000];
static struct ipv4 ip;

static int
router(void **state)
{
    (void)state;
    ipd_world_open_quiet(&w, 2);
    w.tables.net.forwarding = 1;
    ipd_world_configure(&w);
    ipd_world_turn(&w);
    ip = test_ipv4(IP_PROTO_UDP, 0);
    ip.dst = addr_v4(PEER1);
    return 0;
}

static int
end(void **state)
{
    (void)state;
    ipd_world_close(&w);
    return 0;
}

static const struct packet plain;

/* From the peer on link 0: `ip` with `len` bytes of payload. */
static void
send(uint32_t len, const struct packet *like)
{
    const struct ether eth = test_ether(ETHER_IPV4);

    ip.total_len = (uint16_t)(IPV4_HEADER_LEN + len);
    for (uint32_t i = 0; i < len; i++)
        frame[DATA + i] = (uint8_t)(i * 3);
    frame[DATA + 12] = 0x80; /* as TCP: a header of 32 bytes */
    put_headers(frame, &eth, &ip, len);
    assert_true(ipd_world_send_on(&w, 0, frame, DATA + len, like));
    ipd_world_turn(&w);
}

/* The next frame on `link`, gathered in wire[]: its header's values. */
static struct ipv4
next_on(uint32_t link, struct packet *p)
{
    struct ipv4 got;
    uint32_t len;

    assert_true(ipd_world_take_on(&w, link, p));
    len = ipd_world_gather(&w, p, wire);
    assert_int_equal(be16_load(wire + 12), ETHER_IPV4);
    assert_int_equal(
        ipv4_decode(wire + ETHER_LEN, len - ETHER_LEN, len - ETHER_LEN, &got),
        DROP_NONE);
    assert_int_equal(got.total_len, len - ETHER_LEN);
    return got;
}

/* The error that came back, about our packet. */
static void
assert_error(uint8_t type, uint8_t code, uint16_t mtu)
{
    struct packet p;
    struct ipv4 got = next_on(0, &p);
    const uint8_t *message = wire + DATA;

    assert_memory_equal(wire, &peer_mac, sizeof peer_mac);
    assert_int_equal(got.proto, IP_PROTO_ICMP);
    assert_int_equal(addr_to_v4(got.dst), PEER);
    assert_int_equal(addr_to_v4(got.src), OURS);
    assert_int_equal(message[0], type);
    assert_int_equal(message[1], code);
    assert_int_equal(be16_load(message + 6), mtu);
    assert_memory_equal(message + 8 + 12, frame + ETHER_LEN + 12, 8);
    assert_int_equal(ipd_world_count(&w, COUNTER_ICMP_OUT_ERRORS), 1);
}

static void
packet_goes_on_with_one_hop_less(void **state)
{
    struct packet p;
    struct ipv4 got;

    (void)state;
    send(1000, &plain);
    got = next_on(1, &p);
    assert_memory_equal(wire, &peer_mac1, sizeof peer_mac1);
    assert_memory_equal(wire + 6, &our_mac1, sizeof our_mac1);
    assert_int_equal(got.ttl, 63);
    assert_int_equal(got.id, 0x1234);
    assert_int_equal(addr_to_v4(got.src), PEER);
    assert_int_equal(addr_to_v4(got.dst), PEER1);
    assert_memory_equal(wire + DATA, frame + DATA, 1000);
    assert_int_equal(p.region, REGION_LINK_RX);
    assert_int_equal(p.origin_ring, RING_LINK_RX);
    assert_int_equal(p.flags, 0);
    assert_int_equal(ipd_world_count(&w, COUNTER_IP_IN_FORWARDED), 1);
    assert_int_equal(ipd_world_count(&w, COUNTER_IP_OUT_FORWARDED), 1);
}

static void
frame_is_released_when_the_other_linkd_has_released_it(void **state)
{
    struct packet p;

    (void)state;
    send(100, &plain);
    ipd_world_turn(&w);
    assert_int_equal(ring_released(&w.link[0].rx) + 1,
                     ring_position(&w.link[0].rx));
    (void)next_on(1, &p);
    ipd_world_release_all(&w);
    ipd_world_turn(&w);
    assert_int_equal(ring_released(&w.link[0].rx),
                     ring_position(&w.link[0].rx));
}

static void
nothing_is_passed_on_unless_asked(void **state)
{
    struct packet p;

    (void)state;
    w.tables.net.forwarding = 0;
    ipd_world_configure(&w);
    ipd_world_turn(&w);
    send(100, &plain);
    assert_false(ipd_world_take_on(&w, 1, &p));
    assert_int_equal(ipd_world_drops(&w, DROP_IP_NOT_FOR_US), 1);
}

/* Of the options only their place matters: they stay where they are. */
static void
options_go_on_as_they_came(void **state)
{
    const struct ether eth = test_ether(ETHER_IPV4);
    uint8_t *header = frame + ETHER_LEN;
    struct packet p;

    (void)state;
    ip.total_len = 60 + 100;
    put_headers(frame, &eth, &ip, 140);
    header[0] = 0x4f;
    memset(header + 20, 1, 40); /* no-operations */
    memset(header + 60, 0x77, 100);
    be16_store(header + 10, 0);
    be16_store(header + 10, checksum_fold(checksum_add(0, header, 60)));
    assert_true(ipd_world_send_on(&w, 0, frame, ETHER_LEN + 160, &plain));
    ipd_world_turn(&w);
    assert_int_equal(next_on(1, &p).header_len, 60);
    assert_memory_equal(wire + DATA, frame + DATA, 140);
}

static void
last_hop_is_answered(void **state)
{
    (void)state;
    ip.ttl = 1;
    send(100, &plain);
    assert_int_equal(ipd_world_drops(&w, DROP_IP_TTL), 1);
    assert_error(ICMP_TIME_EXCEEDED, ICMP_TTL_EXCEEDED, 0);
}

static void
packet_without_a_route_is_answered(void **state)
{
    (void)state;
    w.tables.net.routes = 0;
    memset(w.tables.net.route, 0, sizeof w.tables.net.route);
    ipd_world_configure(&w);
    ip.dst = addr_v4(FAR);
    send(100, &plain);
    assert_int_equal(ipd_world_drops(&w, DROP_IP_NO_ROUTE), 1);
    assert_error(ICMP_DEST_UNREACHABLE, ICMP_NET_UNREACHABLE, 0);
}

static void
too_long_and_not_to_be_cut_is_answered_with_the_mtu(void **state)
{
    struct packet p;

    (void)state;
    ip.dont_fragment = true;
    send(1380, &plain);
    (void)next_on(1, &p);
    send(1381, &plain);
    assert_false(ipd_world_take_on(&w, 1, &p));
    assert_int_equal(ipd_world_drops(&w, DROP_IP_TOO_BIG), 1);
    assert_error(ICMP_DEST_UNREACHABLE, ICMP_FRAG_NEEDED, 1400);
}

/* Takes all fragments on link 1 and puts them together in frame order. */
static uint32_t
gather_fragments(uint8_t *out, uint32_t expected)
{
    struct packet p;
    uint32_t len = 0;

    for (uint32_t i = 0; i < expected; i++) {
        struct ipv4 got = next_on(1, &p);

        assert_int_equal(got.frag_offset, len);
        assert_int_equal(got.more, i + 1 < expected);
        assert_int_equal(got.id, 0x1234);
        assert_true(got.total_len <= 1400);
        memcpy(out + len, wire + DATA, got.total_len - IPV4_HEADER_LEN);
        len += got.total_len - (uint32_t)IPV4_HEADER_LEN;
    }
    assert_false(ipd_world_take_on(&w, 1, &p));
    return len;
}

static void
too_long_is_cut_where_it_lies(void **state)
{
    static uint8_t whole[2000];

    (void)state;
    send(1480, &plain);
    assert_int_equal(gather_fragments(whole, 2), 1480);
    assert_memory_equal(whole, frame + DATA, 1480);
    assert_int_equal(ipd_world_count(&w, COUNTER_IP_FRAG_OK), 1);
    assert_int_equal(ipd_world_count(&w, COUNTER_IP_FRAG_CREATES), 2);
    ipd_world_release_all(&w);
    ipd_world_turn(&w);
    assert_int_equal(ring_released(&w.link[0].rx),
                     ring_position(&w.link[0].rx));
}

/* No device completes a checksum across fragments. */
static void
unfinished_checksum_is_completed_before_cutting(void **state)
{
    const struct packet partial = {
        .flags = PACKET_CSUM_VOUCHED | PACKET_CSUM_PARTIAL,
        .csum_start = DATA,
        .csum_offset = 16,
    };
    static uint8_t whole[2000];

    (void)state;
    send(1481, &partial);
    assert_int_equal(gather_fragments(whole, 2), 1481);
    /* The sum over all of it, the field included, was the field's own. */
    frame[DATA + 16] = whole[16];
    frame[DATA + 17] = whole[17];
    assert_memory_equal(whole, frame + DATA, 1481);
    memset(frame + DATA + 16, 0, 2);
    for (uint32_t i = 16; i < 18; i++)
        frame[DATA + i] = (uint8_t)(i * 3); /* as it was sent */
    assert_int_equal(be16_load(whole + 16),
                     checksum_fold(checksum_add(0, frame + DATA, 1481)));
}

static void
unfinished_checksum_is_left_to_the_device(void **state)
{
    const struct packet partial = {
        .flags = PACKET_CSUM_VOUCHED | PACKET_CSUM_PARTIAL,
        .csum_start = DATA,
        .csum_offset = 6,
    };
    struct packet p;

    (void)state;
    send(1000, &partial);
    (void)next_on(1, &p);
    assert_int_equal(p.flags, PACKET_CSUM_PARTIAL);
    assert_int_equal(p.csum_start, DATA);
    assert_int_equal(p.csum_offset, 6);
}

static void
several_segments_in_one_stay_one(void **state)
{
    const struct packet gso = {
        .flags = PACKET_CSUM_VOUCHED | PACKET_CSUM_PARTIAL | PACKET_GSO_TCPV4,
        .gso_size = 1348,
        .csum_start = DATA,
        .csum_offset = 16,
    };
    struct packet p;

    (void)state;
    ip.proto = IP_PROTO_TCP;
    send(30000, &gso);
    (void)next_on(1, &p);
    assert_int_equal(p.flags, PACKET_CSUM_PARTIAL | PACKET_GSO_TCPV4);
    assert_int_equal(p.gso_size, 1348);
    assert_memory_equal(wire + DATA, frame + DATA, 30000);
}

static void
segments_that_were_put_together_leave_with_a_partial_checksum(void **state)
{
    const struct packet gro = {.flags = PACKET_CSUM_VOUCHED | PACKET_GSO_TCPV4,
                               .gso_size = 1348};
    uint8_t header[TCP_HEADER_LEN] = {0};
    struct packet p;

    (void)state;
    ip.proto = IP_PROTO_TCP;
    send(30000, &gro);
    (void)next_on(1, &p);
    assert_int_equal(p.flags, PACKET_CSUM_PARTIAL | PACKET_GSO_TCPV4);
    assert_int_equal(p.csum_start, DATA);
    assert_int_equal(p.csum_offset, 16);
    tcp_checksum_partial(header, ip.src, ip.dst, 30000);
    assert_memory_equal(wire + DATA, frame + DATA, 16);
    assert_memory_equal(wire + DATA + 16, header + 16, 2);
    assert_memory_equal(wire + DATA + 18, frame + DATA + 18, 30000 - 18);
}

static void
segments_beyond_the_mtu_are_answered(void **state)
{
    const struct packet gso = {
        .flags = PACKET_CSUM_VOUCHED | PACKET_CSUM_PARTIAL | PACKET_GSO_TCPV4,
        .gso_size = 1349,
        .csum_start = DATA,
        .csum_offset = 16,
    };

    (void)state;
    ip.proto = IP_PROTO_TCP;
    ip.dont_fragment = true;
    send(30000, &gso);
    assert_int_equal(ipd_world_drops(&w, DROP_IP_TOO_BIG), 1);
    assert_error(ICMP_DEST_UNREACHABLE, ICMP_FRAG_NEEDED, 1400);
}

static void
checksum_outside_the_packet_is_refused(void **state)
{
    struct packet partial = {.flags = PACKET_CSUM_PARTIAL, .csum_start = 14};

    (void)state;
    send(1000, &partial);
    assert_int_equal(ipd_world_drops(&w, DROP_IP_BAD_DESCRIPTOR), 1);
}

static void
full_ring_drops_and_takes_on(void **state)
{
    (void)state;
    for (int i = 0; i < 1000; i++)
        send(20, &plain);
    assert_true(ipd_world_drops(&w, DROP_IP_RING_FULL) > 0);
    assert_int_equal(ring_observe(w.link[0].rx.shm, w.link[0].rx.cursor).head,
                     ring_position(&w.link[0].rx));
}

/* The supervisor has given linkd1 up: link 0 goes on. */
static void
failed_linkd_holds_up_nobody_else(void **state)
{
    struct conf_shm *conf = conf_of(&w.regions[REGION_CONF]);
    struct packet p;

    (void)state;
    for (int i = 0; i < 20; i++)
        send(1000, &plain);
    assert_true(ring_released(&w.link[0].rx) < ring_position(&w.link[0].rx));
    conf->daemons[DAEMON_LINKD + 1].state = CONF_DAEMON_FAILED;
    for (int i = 0; i < 3000; i++)
        send(1000, &plain);
    ipd_world_turn(&w);
    assert_int_equal(ring_released(&w.link[0].rx),
                     ring_position(&w.link[0].rx));
    assert_true(ring_ready(&w.link[1].tx) > 0);
    assert_false(
        packet_copy(&w.link[1].tx, 0, &p, w.regions, REGIONS)); /* empty */
    ip = test_ipv4(IP_PROTO_UDP, 0);
    send(100, &plain);
    assert_error(ICMP_DEST_UNREACHABLE, ICMP_PORT_UNREACHABLE, 0);
}

#define STRANGER1 0x0a080033u

static void
packet_waits_for_arp_on_its_link(void **state)
{
    uint8_t arp[64];
    uint32_t len = put_arp(arp, ARP_REPLY, evil_mac, STRANGER1, OURS1);
    struct packet p;

    (void)state;
    memcpy(arp, &our_mac1, sizeof our_mac1);
    ip.dst = addr_v4(STRANGER1);
    send(700, &plain);
    ipd_world_turn(&w);
    assert_true(ipd_world_take_on(&w, 1, &p));
    assert_int_equal(be16_load(p.header + 12), ETHER_ARP);
    assert_true(ipd_world_send_on(&w, 1, arp, len, &plain));
    ipd_world_turn(&w);
    assert_int_equal(next_on(1, &p).ttl, 63);
    assert_memory_equal(wire, &evil_mac, sizeof evil_mac);
    assert_memory_equal(wire + DATA, frame + DATA, 700);
    assert_int_equal(p.region, REGION_IP_TX + 1);
}

static void
silent_next_hop_is_answered(void **state)
{
    (void)state;
    ip.dst = addr_v4(STRANGER1);
    send(700, &plain);
    for (int i = 0; i < 4; i++) {
        ipd_world_turn(&w);
        w.now = instant_add(w.now, duration_ms(1000));
    }
    ipd_world_turn(&w);
    assert_int_equal(ipd_world_drops(&w, DROP_IP_NEIGH_FAILED), 1);
    assert_error(ICMP_DEST_UNREACHABLE, ICMP_HOST_UNREACHABLE, 0);
}

int
main(void)
{
#define CASE(f) cmocka_unit_test_setup_teardown(f, router, end)
    static const struct CMUnitTest tests[] = {
        CASE(packet_goes_on_with_one_hop_less),
        CASE(frame_is_released_when_the_other_linkd_has_released_it),
        CASE(nothing_is_passed_on_unless_asked),
        CASE(options_go_on_as_they_came),
        CASE(last_hop_is_answered),
        CASE(packet_without_a_route_is_answered),
        CASE(too_long_and_not_to_be_cut_is_answered_with_the_mtu),
        CASE(too_long_is_cut_where_it_lies),
        CASE(unfinished_checksum_is_completed_before_cutting),
        CASE(unfinished_checksum_is_left_to_the_device),
        CASE(several_segments_in_one_stay_one),
        CASE(segments_that_were_put_together_leave_with_a_partial_checksum),
        CASE(segments_beyond_the_mtu_are_answered),
        CASE(checksum_outside_the_packet_is_refused),
        CASE(full_ring_drops_and_takes_on),
        CASE(failed_linkd_holds_up_nobody_else),
        CASE(packet_waits_for_arp_on_its_link),
        CASE(silent_next_hop_is_answered),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
