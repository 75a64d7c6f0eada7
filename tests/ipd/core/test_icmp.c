/* SPDX-License-Identifier: MIT */
/* Tests of ICMP echo, answered and asked. */
#include "tests/ipd/frames.h"

#include "ipd/core/icmp.h"

#define DATA_MAX 65507 /* what one packet without options can carry */
#define HEADERS  (IPV4_HEADER_LEN + ICMP_HEADER_LEN)

static uint8_t frame[ETHER_LEN + IPV4_PACKET_MAX];
static struct outgoing reply;
static struct icmp_message message;
static struct datagram d;

static int
nothing_yet(void **state)
{
    (void)state;
    memset(&reply, 0xaa, sizeof reply);
    memset(&message, 0, sizeof message);
    return 0;
}

/* Takes the message in the frame of `len` bytes, and answers an echo. */
static enum drop
take(uint32_t len)
{
    const struct net net = test_net(1);
    const struct ether eth = test_ether(ETHER_IPV4);
    enum drop why;

    assert_int_equal(ip_input_packet(&net, &eth, frame, IP_INPUT_HEAD, len, &d),
                     DROP_NONE);
    why = icmp_input(frame + d.offset, d.len, &message);
    if (why == DROP_NONE && message.meaning == ICMP_ASKS)
        icmp_reply(&d, &message, 0x0102, &reply);
    return why;
}

/* Puts a message in place of the echo request and takes it. */
static enum drop
take_message(const uint8_t *bytes, uint32_t len)
{
    const struct ether eth = test_ether(ETHER_IPV4);
    const struct ipv4 ip = test_ipv4(IP_PROTO_ICMP, len);

    memcpy(frame + ETHER_LEN + IPV4_HEADER_LEN, bytes, len);
    return take(put_headers(frame, &eth, &ip, len));
}

static void
reply_matches_known_good_bytes(void **state)
{
    /* 10.7.0.2 > 10.7.0.9: echo reply, id 0x4242, seq 7, two bytes 00 01 */
    static const uint8_t expected[HEADERS] = {
        0x45, 0, 0,  30, 0x01, 0x02, 0, 0, 64,   1,    0x65, 0xc5, 10, 7,
        0,    2, 10, 7,  0,    9,    0, 0, 0xbd, 0xb5, 0x42, 0x42, 0,  7,
    };

    (void)state;
    assert_int_equal(take(put_echo(frame, 2)), DROP_NONE);
    assert_int_equal(message.meaning, ICMP_ASKS);
    assert_int_equal(reply.head_len, HEADERS);
    assert_int_equal(reply.len, 2);
    assert_int_equal(reply.kind, OUTGOING_ANSWER);
    assert_memory_equal(reply.head, expected, sizeof expected);
}

/* The headers with their data are what a peer accepts. */
static void
assert_is_valid(const struct outgoing *o, uint8_t type, const uint8_t *data)
{
    struct icmp_echo echo;
    struct ipv4 ip;

    assert_int_equal(o->head_len, HEADERS);
    assert_int_equal(
        ipv4_decode(o->head, o->head_len, o->head_len + o->len, &ip),
        DROP_NONE);
    assert_int_equal(ip.total_len, o->head_len + o->len);
    assert_int_equal(icmp_echo_decode(o->head + IPV4_HEADER_LEN,
                                      ICMP_HEADER_LEN + o->len,
                                      checksum_add(0, data, o->len), &echo),
                     DROP_NONE);
    assert_int_equal(echo.type, type);
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
        assert_int_equal(take(put_echo(frame, sizes[i])), DROP_NONE);
        assert_int_equal(reply.len, sizes[i]);
        assert_is_valid(&reply, ICMP_ECHO_REPLY, frame + ETHER_LEN + HEADERS);
    }
}

static void
request_is_a_valid_echo(void **state)
{
    const struct icmp_echo echo = {ICMP_ECHO_REQUEST, 0x4242, 7};
    const struct ipv4 ip = test_ipv4(IP_PROTO_ICMP, 0);
    static uint8_t data[1001];

    (void)state;
    memset(data, 0x5c, sizeof data);
    icmp_request(&ip, &echo, data, sizeof data, &reply);
    assert_int_equal(reply.len, sizeof data);
    assert_is_valid(&reply, ICMP_ECHO_REQUEST, data);
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
    assert_int_equal(take(len), DROP_NONE);
    assert_int_equal(reply.head[1], 0xb8);
}

static void
message_shorter_than_its_header_is_refused(void **state)
{
    static const uint8_t request[] = {8, 0, 0xf7, 0xff, 0, 0, 0};

    (void)state;
    for (uint32_t len = 0; len <= sizeof request; len++)
        assert_int_equal(take_message(request, len), DROP_ICMP_TRUNCATED);
}

static void
damage_anywhere_is_refused(void **state)
{
    uint32_t len = put_echo(frame, 33);

    (void)state;
    for (uint32_t at = ETHER_LEN + IPV4_HEADER_LEN + 1; at < len; at++) {
        frame[at] ^= 0x10;
        assert_int_equal(take(len), DROP_ICMP_BAD_CHECKSUM);
        frame[at] ^= 0x10;
    }
    assert_int_equal(take(len), DROP_NONE);
}

static void
reply_is_an_answer(void **state)
{
    uint8_t bytes[ICMP_HEADER_LEN];
    const struct icmp_echo echo = {ICMP_ECHO_REPLY, 1, 2};

    (void)state;
    icmp_echo_encode(bytes, &echo, 0);
    assert_int_equal(take_message(bytes, sizeof bytes), DROP_NONE);
    assert_int_equal(message.meaning, ICMP_ANSWERS);
    assert_int_equal(message.echo.id, 1);
    assert_int_equal(message.echo.seq, 2);
}

static void
other_types_are_reports_and_other_codes_are_ignored(void **state)
{
    static const uint8_t redirect[] = {5, 1, 0xfa, 0xfe, 0, 0, 0, 0};
    static const uint8_t odd_code[] = {8, 1, 0xf7, 0xfe, 0, 0, 0, 0};

    (void)state;
    assert_int_equal(take_message(redirect, 8), DROP_NONE);
    assert_int_equal(message.meaning, ICMP_REPORTS);
    assert_int_equal(take_message(odd_code, 8), DROP_ICMP_IGNORED);
}

int
main(void)
{
#define CASE(f) cmocka_unit_test_setup(f, nothing_yet)
    static const struct CMUnitTest tests[] = {
        CASE(reply_matches_known_good_bytes),
        CASE(every_size_is_answered_in_full),
        CASE(request_is_a_valid_echo),
        CASE(reply_carries_the_requests_tos),
        CASE(message_shorter_than_its_header_is_refused),
        CASE(damage_anywhere_is_refused),
        CASE(reply_is_an_answer),
        CASE(other_types_are_reports_and_other_codes_are_ignored),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
