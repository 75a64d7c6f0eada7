/* SPDX-License-Identifier: MIT */
/* Tests of answering echo requests. */
#include "tests/ipd/frames.h"

#include "ipd/core/icmp.h"

#define DATA_MAX 65507 /* what one packet without options can carry */

static uint8_t frame[ETHER_LEN + IPV4_PACKET_MAX];
static uint8_t reply[ICMP_REPLY_HEADERS];
static struct ip_config cfg;

static int
large_link(void **state)
{
    (void)state;
    cfg = test_config();
    cfg.mtu = IPV4_PACKET_MAX;
    memset(reply, 0xaa, sizeof reply);
    return 0;
}

static enum drop
answer(uint32_t len)
{
    const struct ether eth = test_ether(ETHER_IPV4);
    struct datagram d;

    assert_int_equal(ip_input_packet(&cfg, &eth, frame, IP_INPUT_HEAD, len, &d),
                     DROP_NONE);
    return icmp_input(&cfg, &eth, &d, frame + d.offset, 0x0102, reply);
}

/* Puts a message in place of the echo request and takes it. */
static enum drop
answer_message(const uint8_t *message, uint32_t len)
{
    const struct ether eth = test_ether(ETHER_IPV4);
    const struct ipv4 ip = test_ipv4(IP_PROTO_ICMP, len);

    memcpy(frame + ETHER_LEN + IPV4_HEADER_LEN, message, len);
    return answer(put_headers(frame, &eth, &ip, len));
}

static void
reply_matches_known_good_bytes(void **state)
{
    /* 10.7.0.2 > 10.7.0.9: echo reply, id 0x4242, seq 7, two bytes 00 01 */
    static const uint8_t expected[ICMP_REPLY_HEADERS] = {
        2,    0, 0,  7,  0,    9,    2, 0, 0,    7,    0,    2,    0x08, 0x00,
        0x45, 0, 0,  30, 0x01, 0x02, 0, 0, 64,   1,    0x65, 0xc5, 10,   7,
        0,    2, 10, 7,  0,    9,    0, 0, 0xbd, 0xb5, 0x42, 0x42, 0,    7,
    };

    (void)state;
    assert_int_equal(answer(put_echo(frame, 2)), DROP_NONE);
    assert_memory_equal(reply, expected, sizeof expected);
}

/* The reply's headers with the request's data are what a peer accepts. */
static void
assert_reply_is_valid(uint32_t data_len)
{
    static uint8_t whole[ETHER_LEN + IPV4_PACKET_MAX];
    uint32_t len = ICMP_REPLY_HEADERS + data_len;
    uint8_t *message = whole + ETHER_LEN + IPV4_HEADER_LEN;
    struct icmp_echo echo;
    struct ipv4 ip;

    memcpy(whole, reply, sizeof reply);
    memcpy(whole + sizeof reply, frame + sizeof reply, data_len);
    assert_int_equal(
        ipv4_decode(whole + ETHER_LEN, len - ETHER_LEN, len - ETHER_LEN, &ip),
        DROP_NONE);
    assert_int_equal(ip.total_len, len - ETHER_LEN);
    assert_int_equal(
        icmp_echo_decode(message, ICMP_HEADER_LEN + data_len,
                         checksum_add(0, message + ICMP_HEADER_LEN, data_len),
                         &echo),
        DROP_NONE);
    assert_int_equal(echo.type, ICMP_ECHO_REPLY);
    assert_int_equal(echo.id, 0x4242);
    assert_int_equal(echo.seq, 7);
}

static void
every_size_is_answered_in_full(void **state)
{
    static const uint32_t sizes[] = {
        0, 1, 2, 55, 56, 1471, 1472, 1473, 9000, 32767, 65505, 65506, DATA_MAX};

    (void)state;
    for (size_t i = 0; i < sizeof sizes / sizeof sizes[0]; i++) {
        assert_int_equal(answer(put_echo(frame, sizes[i])), DROP_NONE);
        assert_reply_is_valid(sizes[i]);
    }
}

static void
reply_beyond_the_mtu_is_refused(void **state)
{
    (void)state;
    cfg.mtu = 1500;
    assert_int_equal(answer(put_echo(frame, 1472)), DROP_NONE);
    assert_int_equal(answer(put_echo(frame, 1473)), DROP_IP_TOO_BIG);
}

static void
reply_carries_the_requests_tos(void **state)
{
    const struct ether eth = test_ether(ETHER_IPV4);
    uint32_t len = put_echo(frame, 4);
    struct ipv4 ip = test_ipv4(IP_PROTO_ICMP, ICMP_HEADER_LEN + 4);

    (void)state;
    ip.tos = 0xb8;
    put_headers(frame, &eth, &ip, 0);
    assert_int_equal(answer(len), DROP_NONE);
    assert_int_equal(reply[ETHER_LEN + 1], 0xb8);
}

static void
message_shorter_than_its_header_is_refused(void **state)
{
    static const uint8_t request[] = {8, 0, 0xf7, 0xff, 0, 0, 0};

    (void)state;
    for (uint32_t len = 0; len <= sizeof request; len++)
        assert_int_equal(answer_message(request, len), DROP_ICMP_TRUNCATED);
}

static void
damage_anywhere_is_refused(void **state)
{
    uint32_t len = put_echo(frame, 33);

    (void)state;
    for (uint32_t at = ETHER_LEN + IPV4_HEADER_LEN; at < len; at++) {
        frame[at] ^= 0x10;
        assert_int_equal(answer(len), DROP_ICMP_BAD_CHECKSUM);
        frame[at] ^= 0x10;
    }
    assert_int_equal(answer(len), DROP_NONE);
}

static void
reply_that_nobody_waits_for_is_refused(void **state)
{
    uint8_t message[ICMP_HEADER_LEN];
    const struct icmp_echo echo = {ICMP_ECHO_REPLY, 1, 1};

    (void)state;
    icmp_echo_encode(message, &echo, 0);
    assert_int_equal(answer_message(message, sizeof message),
                     DROP_ICMP_NO_PING);
}

static void
other_types_are_ignored(void **state)
{
    static const uint8_t redirect[] = {5, 1, 0xfa, 0xfe, 0, 0, 0, 0};
    static const uint8_t odd_code[] = {8, 1, 0xf7, 0xfe, 0, 0, 0, 0};

    (void)state;
    assert_int_equal(answer_message(redirect, 8), DROP_ICMP_IGNORED);
    assert_int_equal(answer_message(odd_code, 8), DROP_ICMP_IGNORED);
}

int
main(void)
{
#define CASE(f) cmocka_unit_test_setup(f, large_link)
    static const struct CMUnitTest tests[] = {
        CASE(reply_matches_known_good_bytes),
        CASE(every_size_is_answered_in_full),
        CASE(reply_beyond_the_mtu_is_refused),
        CASE(reply_carries_the_requests_tos),
        CASE(message_shorter_than_its_header_is_refused),
        CASE(damage_anywhere_is_refused),
        CASE(reply_that_nobody_waits_for_is_refused),
        CASE(other_types_are_ignored),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
