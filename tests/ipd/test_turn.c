/* SPDX-License-Identifier: MIT */
/* Tests of whole turns of ipd, seen from its neighbours. */
#include "tests/ipd/ipd_world.h"

#include "ipd/turn.h"

static struct world w;
static uint8_t bytes[66000];

/* Announced, introduced, nothing in flight. */
static int
quiet_world(void **state)
{
    (void)state;
    ipd_world_open_quiet(&w, 1);
    return 0;
}

static int
new_world(void **state)
{
    (void)state;
    ipd_world_open(&w, 1);
    return 0;
}

static int
end(void **state)
{
    (void)state;
    ipd_world_close(&w);
    return 0;
}

/* A TCP segment of `len` bytes in a frame. */
static uint32_t
put_tcp(uint32_t len)
{
    const struct ether eth = test_ether(ETHER_IPV4);
    const struct ipv4 ip = test_ipv4(IP_PROTO_TCP, len);

    for (uint32_t i = 0; i < len; i++)
        bytes[ETHER_LEN + IPV4_HEADER_LEN + i] = (uint8_t)(i * 7);
    return put_headers(bytes, &eth, &ip, len);
}

static struct packet
segment_to(uint32_t dst, uint8_t flags, uint16_t gso_size)
{
    return (struct packet){
        .flags = flags,
        .gso_size = gso_size,
        .src = addr_v4(OURS),
        .dst = addr_v4(dst),
    };
}

static void
send_segment(uint32_t dst, uint32_t len)
{
    const struct packet p = segment_to(dst, PACKET_CSUM_PARTIAL, 0);

    memset(bytes, 0x5a, len);
    assert_true(ipd_world_send_segment(&w, &p, bytes, len));
}

static uint64_t
released(enum ring_id ring)
{
    const struct ring *r = ring == RING_LINK_RX ? &w.link[0].rx : &w.tcp_tx;

    return ring_observe(r->shm, r->cursor).released;
}

static uint64_t
taken(enum ring_id ring)
{
    const struct ring *r = ring == RING_LINK_RX ? &w.link[0].rx : &w.tcp_tx;

    return ring_observe(r->shm, r->cursor).head;
}

/* ---- in ---- */

static void
segment_reaches_tcpd_where_it_lies(void **state)
{
    uint8_t flags = PACKET_CSUM_VOUCHED | PACKET_GSO_TCPV4;
    uint32_t len = put_tcp(40000);
    uint64_t at = ring_position(&w.link[0].rx);
    struct packet p;

    (void)state;
    assert_true(ipd_world_send_frame(&w, bytes, len, flags, 1448));
    assert_int_equal(ipd_world_turn(&w), 1);
    assert_true(ipd_world_take_delivery(&w, &p));
    assert_int_equal(p.region, REGION_LINK_RX);
    assert_int_equal(p.len, 40000);
    assert_int_equal(p.header_len, 0);
    assert_int_equal(p.flags, flags);
    assert_int_equal(p.gso_size, 1448);
    assert_int_equal(p.protocol, IP_PROTO_TCP);
    assert_int_equal(p.origin_ring, RING_LINK_RX);
    assert_int_equal(p.origin, at);
    assert_int_equal(p.arrival_ns, w.now.ns - 1000);
    assert_int_equal(addr_to_v4(p.src), PEER);
    assert_int_equal(addr_to_v4(p.dst), OURS);
    assert_memory_equal(ipd_world_payload(&w, &p), bytes + 34, p.len);
    assert_false(ipd_world_take_delivery(&w, &p));
}

static void
frame_is_released_when_tcpd_has_released_it(void **state)
{
    uint64_t before = released(RING_LINK_RX);
    struct packet p;

    (void)state;
    assert_true(ipd_world_send_frame(&w, bytes, put_tcp(100), 0, 0));
    ipd_world_turn(&w);
    assert_int_equal(taken(RING_LINK_RX), before + 1);
    assert_int_equal(released(RING_LINK_RX), before);
    assert_true(ipd_world_take_delivery(&w, &p));
    ipd_world_turn(&w);
    assert_int_equal(released(RING_LINK_RX), before);
    ipd_world_release_all(&w);
    ipd_world_turn(&w);
    assert_int_equal(released(RING_LINK_RX), before + 1);
}

static void
dropped_frame_is_released_at_once(void **state)
{
    uint64_t before = released(RING_LINK_RX);
    uint32_t len = put_tcp(100);

    (void)state;
    bytes[ETHER_LEN + 8] ^= 1;
    assert_true(ipd_world_send_frame(&w, bytes, len, 0, 0));
    ipd_world_turn(&w);
    assert_int_equal(released(RING_LINK_RX), before + 1);
    assert_int_equal(ipd_world_drops(&w, DROP_IP_BAD_CHECKSUM), 1);
}

static void
frame_behind_a_held_one_is_held_too(void **state)
{
    uint64_t before = released(RING_LINK_RX);
    uint8_t junk[ETHER_LEN] = {0};

    (void)state;
    assert_true(ipd_world_send_frame(&w, bytes, put_tcp(100), 0, 0));
    assert_true(ipd_world_send_frame(&w, junk, sizeof junk, 0, 0));
    ipd_world_turn(&w);
    assert_int_equal(taken(RING_LINK_RX), before + 2);
    assert_int_equal(released(RING_LINK_RX), before);
}

static void
echo_reply_refers_to_the_request(void **state)
{
    uint64_t before = released(RING_LINK_RX);
    uint32_t len = put_echo(bytes, 500);
    struct packet p;

    (void)state;
    assert_true(ipd_world_send_frame(&w, bytes, len, 0, 0));
    ipd_world_turn(&w);
    assert_true(ipd_world_take_frame(&w, &p));
    assert_int_equal(p.header_len, 42);
    assert_int_equal(p.region, REGION_LINK_RX);
    assert_int_equal(p.len, 500);
    assert_memory_equal(ipd_world_payload(&w, &p), bytes + 42, 500);
    assert_int_equal(p.flags, 0);
    assert_memory_equal(p.header, &peer_mac, sizeof peer_mac);
    assert_int_equal(released(RING_LINK_RX), before);
    ipd_world_release_all(&w);
    ipd_world_turn(&w);
    assert_int_equal(released(RING_LINK_RX), before + 1);
}

static void
echo_without_data_holds_nothing(void **state)
{
    uint64_t before = released(RING_LINK_RX);
    struct packet p;

    (void)state;
    assert_true(ipd_world_send_frame(&w, bytes, put_echo(bytes, 0), 0, 0));
    ipd_world_turn(&w);
    assert_true(ipd_world_take_frame(&w, &p));
    assert_int_equal(p.header_len, 42);
    assert_int_equal(p.len, 0);
    assert_int_equal(released(RING_LINK_RX), before + 1);
}

static void
arp_request_is_answered_inline(void **state)
{
    uint8_t frame[64];
    uint32_t len = put_arp(frame, ARP_REQUEST, peer_mac, PEER, OURS);
    struct packet p;

    (void)state;
    assert_true(ipd_world_send_frame(&w, frame, len, 0, 0));
    ipd_world_turn(&w);
    assert_true(ipd_world_take_frame(&w, &p));
    assert_int_equal(p.header_len, 42);
    assert_int_equal(p.len, 0);
    assert_int_equal(be16_load(p.header + 12), ETHER_ARP);
    assert_int_equal(be16_load(p.header + 20), ARP_REPLY);
}

/* Publishes a descriptor as linkd, whatever it says. */
static void
send_descriptor(const struct packet *p)
{
    struct packet *slot = ring_stage(&w.link[0].rx, 0);

    assert_non_null(slot);
    memcpy(slot, p, sizeof *p);
    ring_publish(&w.link[0].rx, 1);
}

static void
hostile_descriptors_from_linkd_are_dropped(void **state)
{
    static const struct packet hostile[] = {
        {.region = REGION_LINK_RX, .offset = UINT32_MAX - 9, .len = 100},
        {.region = REGION_TCP_TX, .offset = 4096, .len = 100}, /* not linkd's */
        {.header_len = 50},                                    /* no payload */
    };

    (void)state;
    for (size_t i = 0; i < sizeof hostile / sizeof hostile[0]; i++)
        send_descriptor(&hostile[i]);
    ipd_world_turn(&w);
    assert_int_equal(ipd_world_drops(&w, DROP_IP_BAD_DESCRIPTOR), 3);
    assert_int_equal(released(RING_LINK_RX), ring_position(&w.link[0].rx));
}

/* ---- out ---- */

static void
segment_leaves_behind_headers(void **state)
{
    uint8_t flags = PACKET_CSUM_PARTIAL | PACKET_GSO_TCPV4;
    struct packet p = segment_to(FAR, flags, 1460);
    uint64_t at = ring_position(&w.tcp_tx);
    struct ipv4 ip;

    (void)state;
    memset(bytes, 0x77, 30000);
    bytes[12] = 0x50; /* a header of 20 bytes */
    assert_true(ipd_world_send_segment(&w, &p, bytes, 30000));
    ipd_world_turn(&w);
    assert_true(ipd_world_take_frame(&w, &p));
    assert_int_equal(p.region, REGION_TCP_TX);
    assert_int_equal(p.len, 30000);
    assert_memory_equal(ipd_world_payload(&w, &p), bytes, 30000);
    assert_int_equal(p.flags, flags);
    assert_int_equal(p.gso_size, 1460);
    assert_int_equal(p.csum_start, 34);
    assert_int_equal(p.csum_offset, 16);
    assert_int_equal(p.origin_ring, RING_TCP_TX);
    assert_int_equal(p.origin, at);
    assert_int_equal(p.header_len, 34);
    assert_memory_equal(p.header, &gateway_mac, sizeof gateway_mac);
    assert_int_equal(ipv4_decode(p.header + 14, 20, 20 + 30000, &ip),
                     DROP_NONE);
    assert_int_equal(addr_to_v4(ip.dst), FAR);
    assert_int_equal(ip.total_len, 30020);
    assert_true(ip.dont_fragment);
    assert_int_equal(ip.ttl, 64);
}

static void
segment_is_released_when_linkd_has_released_it(void **state)
{
    uint64_t before = released(RING_TCP_TX);
    struct packet p;

    (void)state;
    send_segment(PEER, 100);
    ipd_world_turn(&w);
    assert_int_equal(released(RING_TCP_TX), before);
    assert_true(ipd_world_take_frame(&w, &p));
    ipd_world_release_all(&w);
    ipd_world_turn(&w);
    assert_int_equal(released(RING_TCP_TX), before + 1);
}

static void
segment_to_ourselves_is_turned_round(void **state)
{
    struct packet p =
        segment_to(OURS, PACKET_CSUM_PARTIAL | PACKET_GSO_TCPV4, 1460);
    uint64_t before = released(RING_TCP_TX);

    (void)state;
    memset(bytes, 0x11, 5000);
    assert_true(ipd_world_send_segment(&w, &p, bytes, 5000));
    ipd_world_turn(&w);
    assert_false(ipd_world_take_frame(&w, &p));
    assert_true(ipd_world_take_delivery(&w, &p));
    assert_int_equal(p.region, REGION_TCP_TX);
    assert_int_equal(p.len, 5000);
    assert_int_equal(p.flags, PACKET_CSUM_VOUCHED | PACKET_GSO_TCPV4);
    assert_int_equal(p.origin_ring, RING_TCP_TX);
    assert_int_equal(released(RING_TCP_TX), before);
    ipd_world_release_all(&w);
    ipd_world_turn(&w);
    assert_int_equal(released(RING_TCP_TX), before + 1);
}

static void
hostile_segments_are_dropped(void **state)
{
    struct packet p = segment_to(PEER, 0, 0);

    (void)state;
    memset(bytes, 0, 100);
    assert_true(ipd_world_send_segment(&w, &p, bytes, 19)); /* no TCP header */
    p = segment_to(PEER, PACKET_GSO_TCPV4, 1000); /* sums unfinished */
    assert_true(ipd_world_send_segment(&w, &p, bytes, 100));
    ipd_world_turn(&w);
    assert_int_equal(ipd_world_drops(&w, DROP_IP_BAD_DESCRIPTOR), 2);
    p = segment_to(PEER, 0, 0);
    p.src = addr_v4(GATEWAY);
    assert_true(ipd_world_send_segment(&w, &p, bytes, 100));
    ipd_world_turn(&w);
    assert_int_equal(ipd_world_drops(&w, DROP_IP_NO_SOURCE), 1);
    assert_false(ipd_world_take_frame(&w, &p));
    assert_int_equal(released(RING_TCP_TX), ring_position(&w.tcp_tx));
}

/* ---- ARP ---- */

#define STRANGER 0x0a070033u

static void
answer_arp(uint32_t addr)
{
    uint8_t frame[64];
    uint32_t len = put_arp(frame, ARP_REPLY, evil_mac, addr, OURS);

    assert_true(ipd_world_send_frame(&w, frame, len, 0, 0));
}

static void
segments_wait_for_arp_in_ipds_own_memory(void **state)
{
    struct packet p;

    (void)state;
    send_segment(STRANGER, 100);
    send_segment(STRANGER, 200);
    ipd_world_turn(&w);
    ipd_world_turn(&w);
    assert_int_equal(released(RING_TCP_TX), ring_position(&w.tcp_tx));
    assert_true(ipd_world_take_frame(&w, &p)); /* the request */
    assert_int_equal(be16_load(p.header + 12), ETHER_ARP);
    assert_false(ipd_world_take_frame(&w, &p));

    answer_arp(STRANGER);
    ipd_world_turn(&w);
    assert_true(ipd_world_take_frame(&w, &p));
    assert_int_equal(p.region, REGION_IP_TX);
    assert_int_equal(p.len, 100);
    assert_int_equal(p.flags, PACKET_CSUM_PARTIAL);
    assert_int_equal(p.csum_start, 34);
    assert_memory_equal(p.header, &evil_mac, sizeof evil_mac);
    assert_memory_equal(ipd_world_payload(&w, &p), bytes, 100);
    assert_true(ipd_world_take_frame(&w, &p));
    assert_int_equal(p.len, 200);
    assert_int_equal(w.ipd->pending.count, 0);
}

static void
fifth_segment_that_waits_for_arp_is_dropped(void **state)
{
    (void)state;
    for (int i = 0; i < 5; i++)
        send_segment(STRANGER, 100);
    ipd_world_turn(&w);
    assert_int_equal(ipd_world_drops(&w, DROP_IP_NEIGH_PENDING_FULL), 1);
    assert_int_equal(w.ipd->pending.count, 4);
}

static void
unanswered_arp_drops_what_waits(void **state)
{
    (void)state;
    send_segment(STRANGER, 100);
    ipd_world_turn(&w);
    for (int i = 0; i < 4; i++) {
        ipd_world_turn(&w);
        assert_int_equal(w.ipd->pending.count, i < 3 ? 1 : 0);
        w.now = turn_deadline(w.ipd);
    }
    assert_int_equal(ipd_world_drops(&w, DROP_IP_NEIGH_FAILED), 1);
}

static void
large_segments_that_waited_leave_as_room_allows(void **state)
{
    struct packet p =
        segment_to(STRANGER, PACKET_CSUM_PARTIAL | PACKET_GSO_TCPV4, 1460);

    (void)state;
    memset(bytes, 0x3c, 60000);
    for (int i = 0; i < 4; i++)
        assert_true(ipd_world_send_segment(&w, &p, bytes, 60000));
    ipd_world_turn(&w);
    ipd_world_turn(&w);
    ipd_world_drain(&w);
    answer_arp(STRANGER);
    ipd_world_turn(&w);
    for (int i = 0; i < 4; i++) {
        while (!ipd_world_take_frame(&w, &p))
            ipd_world_turn(&w);
        assert_int_equal(p.len, 60000);
        assert_memory_equal(ipd_world_payload(&w, &p), bytes, p.len);
        ipd_world_release_all(&w);
    }
    assert_int_equal(w.ipd->pending.count, 0);
}

static void
new_ipd_announces_itself_once(void **state)
{
    struct packet p;

    (void)state;
    ipd_world_turn(&w);
    assert_true(ipd_world_take_frame(&w, &p));
    assert_int_equal(be16_load(p.header + 12), ETHER_ARP);
    assert_int_equal(be32_load(p.header + 28), OURS); /* sender */
    assert_int_equal(be32_load(p.header + 38), OURS); /* target */
    ipd_world_restart(&w);
    ipd_world_turn(&w);
    assert_false(ipd_world_take_frame(&w, &p));
}

int
main(void)
{
#define CASE(f) cmocka_unit_test_setup_teardown(f, quiet_world, end)
    static const struct CMUnitTest tests[] = {
        CASE(segment_reaches_tcpd_where_it_lies),
        CASE(frame_is_released_when_tcpd_has_released_it),
        CASE(dropped_frame_is_released_at_once),
        CASE(frame_behind_a_held_one_is_held_too),
        CASE(echo_reply_refers_to_the_request),
        CASE(echo_without_data_holds_nothing),
        CASE(arp_request_is_answered_inline),
        CASE(hostile_descriptors_from_linkd_are_dropped),
        CASE(segment_leaves_behind_headers),
        CASE(segment_is_released_when_linkd_has_released_it),
        CASE(segment_to_ourselves_is_turned_round),
        CASE(hostile_segments_are_dropped),
        CASE(segments_wait_for_arp_in_ipds_own_memory),
        CASE(fifth_segment_that_waits_for_arp_is_dropped),
        CASE(unanswered_arp_drops_what_waits),
        CASE(large_segments_that_waited_leave_as_room_allows),
        cmocka_unit_test_setup_teardown(new_ipd_announces_itself_once,
                                        new_world, end),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
