/* SPDX-License-Identifier: MIT */
/* Tests of pings for people. */
#include "tests/ipd/ipd_world.h"

#include "ipd/turn.h"

#include <errno.h>

#define DATA     (ETHER_LEN + IPV4_HEADER_LEN)
#define STRANGER 0x0a070033u

static struct world w;
static uint8_t wire[66000];
static uint8_t bytes[66000];

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

/* Asks for it; ipd does not know yet. */
static void
ask(uint64_t serial, uint32_t dst, uint32_t size)
{
    w.tables.ping[serial % CONF_PINGS] = (struct conf_ping){
        .serial = serial,
        .dst = addr_v4(dst),
        .size = size,
        .id = 0x4242,
        .seq = (uint16_t)serial,
    };
    ipd_world_configure(&w);
}

static struct view_ping
look(uint64_t serial)
{
    struct view_ping row = {0};

    assert_true(
        view_read(&w.ipd->view.pings, (uint32_t)(serial % VIEW_PINGS), &row));
    assert_int_equal(row.serial, serial);
    return row;
}

static void
assert_failed(uint64_t serial, uint32_t error)
{
    const struct view_ping row = look(serial);

    assert_int_equal(row.state, VIEW_PING_FAILED);
    assert_int_equal(row.error, error);
}

/* The request that left on `link`, which is the only packet there. */
static void
assert_request(uint32_t link, uint32_t dst, uint16_t seq, uint32_t size)
{
    struct icmp_echo echo;
    struct packet p;
    struct ipv4 ip;
    uint32_t len;

    assert_true(ipd_world_take_on(&w, link, &p));
    len = ipd_world_gather(&w, &p, wire) - (uint32_t)ETHER_LEN;
    assert_int_equal(ipv4_decode(wire + ETHER_LEN, len, len, &ip), DROP_NONE);
    assert_int_equal(addr_to_v4(ip.dst), dst);
    assert_int_equal(addr_to_v4(ip.src), link == 0 ? OURS : OURS1);
    assert_int_equal(ip.total_len, 28 + size);
    assert_int_equal(icmp_echo_decode(wire + DATA, 8 + size,
                                      checksum_add(0, wire + DATA + 8, size),
                                      &echo),
                     DROP_NONE);
    assert_int_equal(echo.type, ICMP_ECHO_REQUEST);
    assert_int_equal(echo.id, 0x4242);
    assert_int_equal(echo.seq, seq);
    for (uint32_t i = 0; i < size; i++)
        assert_int_equal(wire[DATA + 8 + i], i & 0xff);
    assert_false(ipd_world_take_on(&w, link, &p));
}

/* The peer answers with `len` bytes of data. */
static void
answer(uint16_t seq, uint32_t len)
{
    const struct icmp_echo echo = {ICMP_ECHO_REPLY, 0x4242, seq};
    uint32_t frame_len = put_echo(bytes, len);

    icmp_echo_encode(bytes + DATA, &echo,
                     checksum_add(0, bytes + DATA + 8, len));
    assert_true(ipd_world_send_frame(&w, bytes, frame_len, 0, 0));
    ipd_world_turn(&w);
}

static void
ping_is_sent_once_and_its_answer_shown(void **state)
{
    struct view_ping row;
    instant_t sent;
    struct packet p;

    (void)state;
    ask(1, PEER, 56);
    ipd_world_turn(&w);
    sent = w.now;
    assert_request(0, PEER, 1, 56);
    assert_int_equal(look(1).state, VIEW_PING_SENT);
    ipd_world_configure(&w);
    ipd_world_turn(&w);
    assert_false(ipd_world_take_frame(&w, &p));

    answer(1, 56);
    row = look(1);
    assert_int_equal(row.state, VIEW_PING_REPLIED);
    assert_int_equal(addr_to_v4(row.from), PEER);
    assert_int_equal(row.sent_ns, sent.ns);
    assert_int_equal(row.answered_ns, w.now.ns);
    assert_int_equal(row.len, 64);
    assert_int_equal(row.ttl, 64);
    assert_int_equal(ipd_world_count(&w, COUNTER_PING_SENT), 1);
    assert_int_equal(ipd_world_count(&w, COUNTER_PING_ANSWERED), 1);
}

static void
pings_take_the_route_to_their_host(void **state)
{
    (void)state;
    ask(1, PEER1, 10);
    ipd_world_turn(&w);
    assert_request(1, PEER1, 1, 10);
    ask(2, FAR, 10);
    ipd_world_turn(&w);
    assert_request(0, FAR, 2, 10);
    assert_memory_equal(wire, &gateway_mac, sizeof gateway_mac);
}

static void
answer_that_nobody_waits_for_is_dropped(void **state)
{
    (void)state;
    answer(1, 56);
    ask(1, PEER, 56);
    ipd_world_turn(&w);
    answer(2, 56);
    answer(1, 56);
    answer(1, 56);
    assert_int_equal(ipd_world_drops(&w, DROP_ICMP_NO_PING), 3);
}

static void
several_pings_leave_in_their_order(void **state)
{
    struct packet p;

    (void)state;
    for (uint64_t serial = 70; serial > 60; serial--)
        ask(serial, PEER, 0);
    ipd_world_turn(&w);
    for (uint16_t seq = 61; seq <= 70; seq++) {
        assert_true(ipd_world_take_frame(&w, &p));
        ipd_world_gather(&w, &p, wire);
        assert_int_equal(be16_load(wire + DATA + 6), seq);
    }
}

static void
large_ping_leaves_in_fragments(void **state)
{
    struct packet p;
    uint32_t fragments = 0;

    (void)state;
    ask(1, PEER, 65507);
    ipd_world_turn(&w);
    while (ipd_world_take_frame(&w, &p))
        fragments++;
    assert_int_equal(fragments, 45);
    assert_int_equal(look(1).state, VIEW_PING_SENT);
}

static void
ping_to_ourselves_is_answered_at_once(void **state)
{
    struct packet p;

    (void)state;
    ask(1, OURS1, 56);
    ipd_world_turn(&w);
    assert_int_equal(look(1).state, VIEW_PING_REPLIED);
    assert_int_equal(addr_to_v4(look(1).from), OURS1);
    assert_false(ipd_world_take_on(&w, 1, &p));
}

static void
ping_that_cannot_be_sent_fails(void **state)
{
    (void)state;
    ask(1, 0x7f000001, 56);
    ipd_world_turn(&w);
    assert_failed(1, ENETUNREACH);
    ask(2, BROADCAST, 56);
    ipd_world_turn(&w);
    assert_failed(2, ENETUNREACH);
    ask(3, PEER, 65508);
    ipd_world_turn(&w);
    assert_failed(3, EMSGSIZE);
    assert_int_equal(ipd_world_count(&w, COUNTER_PING_FAILED), 3);
}

static void
ping_to_a_silent_neighbour_fails_after_three_seconds(void **state)
{
    (void)state;
    ask(1, STRANGER, 56);
    ipd_world_turn(&w);
    ipd_world_turn(&w);
    for (int i = 0; i < 3; i++) {
        assert_int_equal(look(1).state, VIEW_PING_SENT);
        w.now = instant_add(w.now, duration_ms(1000));
        ipd_world_turn(&w);
    }
    assert_failed(1, EHOSTUNREACH);
    ask(2, STRANGER, 56);
    ipd_world_turn(&w);
    assert_failed(2, EHOSTUNREACH);
}

static void
error_about_a_ping_is_shown(void **state)
{
    const struct ether eth = test_ether(ETHER_IPV4);
    struct ipv4 ip = test_ipv4(IP_PROTO_ICMP, 36);
    struct view_ping row;

    (void)state;
    ask(1, FAR, 56);
    ipd_world_turn(&w);
    assert_request(0, FAR, 1, 56);
    ip.src = addr_v4(GATEWAY);
    memset(bytes + DATA, 0, 8);
    bytes[DATA] = ICMP_TIME_EXCEEDED;
    memcpy(bytes + DATA + 8, wire + ETHER_LEN, 28);
    be16_store(bytes + DATA + 2,
               checksum_fold(checksum_add(0, bytes + DATA, 36)));
    assert_true(ipd_world_send_frame(&w, bytes,
                                     put_headers(bytes, &eth, &ip, 36), 0, 0));
    ipd_world_turn(&w);
    row = look(1);
    assert_int_equal(row.state, VIEW_PING_ERROR);
    assert_int_equal(row.type, ICMP_TIME_EXCEEDED);
    assert_int_equal(row.code, ICMP_TTL_EXCEEDED);
    assert_int_equal(addr_to_v4(row.from), GATEWAY);
}

static void
successor_repeats_no_ping_and_takes_its_answer(void **state)
{
    struct packet p;

    (void)state;
    ask(1, PEER, 56);
    ipd_world_turn(&w);
    assert_request(0, PEER, 1, 56);
    ipd_world_restart(&w);
    ipd_world_turn(&w);
    assert_false(ipd_world_take_frame(&w, &p));
    assert_int_equal(look(1).state, VIEW_PING_SENT);
    answer(1, 56);
    assert_int_equal(look(1).state, VIEW_PING_REPLIED);
    ask(2, PEER, 56);
    ipd_world_restart(&w);
    ipd_world_turn(&w);
    assert_true(ipd_world_take_frame(&w, &p));
    ipd_world_gather(&w, &p, wire);
    assert_int_equal(be16_load(wire + DATA + 6), 2);
}

int
main(void)
{
#define CASE(f) cmocka_unit_test_setup_teardown(f, quiet_world, end)
    static const struct CMUnitTest tests[] = {
        CASE(ping_is_sent_once_and_its_answer_shown),
        CASE(pings_take_the_route_to_their_host),
        CASE(answer_that_nobody_waits_for_is_dropped),
        CASE(several_pings_leave_in_their_order),
        CASE(large_ping_leaves_in_fragments),
        CASE(ping_to_ourselves_is_answered_at_once),
        CASE(ping_that_cannot_be_sent_fails),
        CASE(ping_to_a_silent_neighbour_fails_after_three_seconds),
        CASE(error_about_a_ping_is_shown),
        CASE(successor_repeats_no_ping_and_takes_its_answer),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
