/* SPDX-License-Identifier: MIT */
/* Tests of datagrams that come in fragments, and of answers that leave so. */
#include "tests/ipd/ipd_world.h"

#include "ipd/core/fragment.h"
#include "ipd/turn.h"

#define DATA (ETHER_LEN + IPV4_HEADER_LEN)
#define MAX  65507 /* bytes of data of the largest echo */

static struct world w;
static uint8_t datagram[66000]; /* what is behind its header */
static uint8_t frame[2048];
static uint8_t back[66000];

static int
quiet_world(void **state)
{
    (void)state;
    ipd_world_open_quiet(&w, 1);
    return 0;
}

static int
end(void **state)
{
    (void)state;
    ipd_world_close(&w);
    return 0;
}

static void
send_piece(const struct fragment *piece)
{
    const struct ether eth = test_ether(ETHER_IPV4);

    ether_encode(frame, &eth);
    memcpy(frame + ETHER_LEN, piece->header, IPV4_HEADER_LEN);
    memcpy(frame + DATA, datagram + piece->offset, piece->len);
    assert_true(ipd_world_send_frame(&w, frame, DATA + piece->len, 0, 0));
    ipd_world_turn(&w);
}

/* All of datagram[], or all but its last piece. */
static void
send_in_pieces(uint8_t proto, uint32_t len, bool whole)
{
    const struct ipv4 ip = test_ipv4(proto, len);
    struct fragmentation f;
    struct fragment piece;

    fragment_start(&f, &ip, len, 1500);
    while (fragment_next(&f, &piece)) {
        if (whole || piece.offset + piece.len < len)
            send_piece(&piece);
    }
}

/* An echo request with `len` bytes in datagram[]. */
static uint32_t
make_echo(uint32_t len)
{
    const struct icmp_echo echo = {ICMP_ECHO_REQUEST, 0x4242, 7};

    for (uint32_t i = 0; i < len; i++)
        datagram[ICMP_HEADER_LEN + i] = (uint8_t)(i * 5);
    icmp_echo_encode(datagram, &echo,
                     checksum_add(0, datagram + ICMP_HEADER_LEN, len));
    return ICMP_HEADER_LEN + len;
}

/* Puts the reply's fragments together in back[]; its length. */
static uint32_t
gather_reply(void)
{
    uint32_t len = 0;
    bool more = true;

    while (more) {
        uint8_t wire[2048];
        struct packet p;
        struct ipv4 ip;
        uint32_t got;

        assert_true(ipd_world_take_frame(&w, &p));
        got = ipd_world_gather(&w, &p, wire) - (uint32_t)ETHER_LEN;
        assert_int_equal(ipv4_decode(wire + ETHER_LEN, got, got, &ip),
                         DROP_NONE);
        assert_memory_equal(wire, &peer_mac, sizeof peer_mac);
        assert_true(ip.total_len <= 1500);
        assert_int_equal(ip.frag_offset, len);
        memcpy(back + len, wire + DATA, got - IPV4_HEADER_LEN);
        len += got - (uint32_t)IPV4_HEADER_LEN;
        more = ip.more;
    }
    return len;
}

static void
assert_is_reply(uint32_t len)
{
    struct icmp_echo echo;

    assert_int_equal(icmp_echo_decode(back, len,
                                      checksum_add(0, back + ICMP_HEADER_LEN,
                                                   len - ICMP_HEADER_LEN),
                                      &echo),
                     DROP_NONE);
    assert_int_equal(echo.type, ICMP_ECHO_REPLY);
    assert_memory_equal(back + ICMP_HEADER_LEN, datagram + ICMP_HEADER_LEN,
                        len - ICMP_HEADER_LEN);
}

static void
echo_of_any_size_is_answered(void **state)
{
    static const uint32_t sizes[] = {1473, 1480, 2952, 9000, 40000, MAX};

    (void)state;
    for (size_t i = 0; i < sizeof sizes / sizeof sizes[0]; i++) {
        uint32_t len = make_echo(sizes[i]);

        send_in_pieces(IP_PROTO_ICMP, len, true);
        assert_int_equal(gather_reply(), len);
        assert_is_reply(len);
        ipd_world_release_all(&w);
        ipd_world_turn(&w);
    }
    assert_int_equal(ipd_world_count(&w, COUNTER_IP_REASM_OK), 6);
    assert_int_equal(ipd_world_count(&w, COUNTER_IP_FRAG_OK), 6);
}

/* A device that gives large frames, and a path that does not take them. */
static void
whole_echo_beyond_the_mtu_is_cut_where_it_lies(void **state)
{
    uint32_t len = put_echo(back, 3000);

    (void)state;
    memcpy(datagram, back + DATA, len - DATA);
    assert_true(ipd_world_send_frame(&w, back, len, 0, 0));
    ipd_world_turn(&w);
    assert_int_equal(ring_released(&w.link[0].rx) + 1,
                     ring_position(&w.link[0].rx));
    assert_int_equal(gather_reply(), 3000 + ICMP_HEADER_LEN);
    assert_is_reply(3000 + ICMP_HEADER_LEN);
}

/* Answers that do not fit as a whole are not begun. */
static void
answer_without_room_leaves_nothing_behind(void **state)
{
    uint32_t len = make_echo(MAX);
    struct packet p;

    (void)state;
    for (int i = 0; i < 5; i++)
        send_in_pieces(IP_PROTO_ICMP, len, true);
    assert_int_equal(ipd_world_drops(&w, DROP_ICMP_REPLY_FULL), 2);
    for (int i = 0; i < 3; i++) {
        assert_int_equal(gather_reply(), len);
        assert_is_reply(len);
    }
    assert_false(ipd_world_take_frame(&w, &p));
}

static void
segment_in_pieces_reaches_tcpd_whole(void **state)
{
    struct packet p;

    (void)state;
    for (uint32_t i = 0; i < 5000; i++)
        datagram[i] = (uint8_t)(i * 11);
    send_in_pieces(IP_PROTO_TCP, 5000, true);
    assert_true(ipd_world_take_delivery(&w, &p));
    assert_int_equal(p.region, REGION_IP_RX);
    assert_int_equal(p.len, 5000);
    assert_int_equal(p.flags, 0); /* nobody vouches for its checksum */
    assert_int_equal(p.protocol, IP_PROTO_TCP);
    assert_int_equal(p.origin_ring, RINGS);
    assert_int_equal(addr_to_v4(p.src), PEER);
    assert_int_equal(addr_to_v4(p.dst), OURS);
    assert_memory_equal(ipd_world_payload(&w, &p), datagram, 5000);
    assert_int_equal(ring_released(&w.link[0].rx),
                     ring_position(&w.link[0].rx));
}

static void
segments_beyond_ip_rxs_memory_are_dropped(void **state)
{
    (void)state;
    for (int i = 0; i < 6; i++)
        send_in_pieces(IP_PROTO_TCP, 60000, true);
    assert_int_equal(ipd_world_drops(&w, DROP_IP_RING_FULL), 2);
    assert_int_equal(ipd_world_count(&w, COUNTER_IP_REASM_OK), 6);
}

static void
datagram_that_stays_unfinished_is_given_up_and_answered(void **state)
{
    uint8_t wire[2048];
    struct packet p;

    (void)state;
    send_in_pieces(IP_PROTO_ICMP, make_echo(3000), false);
    assert_false(instant_is_never(frag_deadline(&w.ipd->frags)));
    w.now = frag_deadline(&w.ipd->frags);
    ipd_world_turn(&w);
    assert_int_equal(ipd_world_drops(&w, DROP_IP_FRAG_TIMEOUT), 1);
    assert_int_equal(ipd_world_count(&w, COUNTER_IP_REASM_FAIL), 1);
    assert_true(ipd_world_take_frame(&w, &p));
    ipd_world_gather(&w, &p, wire);
    /* An ICMP echo request may be answered by an error. */
    assert_int_equal(wire[DATA], ICMP_TIME_EXCEEDED);
    assert_int_equal(wire[DATA + 1], ICMP_REASSEMBLY_EXCEEDED);
}

static void
crowd_of_first_fragments_is_counted(void **state)
{
    const struct ether eth = test_ether(ETHER_IPV4);
    uint64_t gone;

    (void)state;
    for (uint32_t i = 0; i < 300; i++) {
        struct ipv4 ip = test_ipv4(IP_PROTO_ICMP, 1480);

        ip.id = (uint16_t)i;
        ip.more = true;
        assert_true(ipd_world_send_frame(
            &w, frame, put_headers(frame, &eth, &ip, 1480), 0, 0));
        ipd_world_turn(&w);
    }
    gone = ipd_world_drops(&w, DROP_IP_FRAG_QUOTA);
    assert_true(gone >= 300 - FRAG_SOURCE_MAX);
}

int
main(void)
{
#define CASE(f) cmocka_unit_test_setup_teardown(f, quiet_world, end)
    static const struct CMUnitTest tests[] = {
        CASE(echo_of_any_size_is_answered),
        CASE(whole_echo_beyond_the_mtu_is_cut_where_it_lies),
        CASE(answer_without_room_leaves_nothing_behind),
        CASE(segment_in_pieces_reaches_tcpd_whole),
        CASE(segments_beyond_ip_rxs_memory_are_dropped),
        CASE(datagram_that_stays_unfinished_is_given_up_and_answered),
        CASE(crowd_of_first_fragments_is_counted),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
