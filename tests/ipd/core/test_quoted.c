/* SPDX-License-Identifier: MIT */
/* Tests of reading the ICMP errors that we receive. */
#include "tests/ipd/core/two_links.h"

#include "base/bits.h"
#include "ipd/core/quoted.h"
#include "proto/wire/checksum.h"
#include "proto/wire/ipv4.h"
#include "tests/proto/wire/fixture.h"

#define MESSAGE (ICMP_HEADER_LEN + IPV4_HEADER_LEN + 8)

static struct net net;
static uint8_t message[128];
static struct quoted got;

/* A TCP segment of ours, as an error would quote it. */
static struct ipv4
ours(void)
{
    return (struct ipv4){
        .src = addr_v4(OURS),
        .dst = addr_v4(FAR),
        .ttl = 1,
        .proto = IP_PROTO_TCP,
        .total_len = 1500,
        .dont_fragment = true,
    };
}

static void
seal(uint8_t type, uint8_t code, uint32_t rest, uint32_t len)
{
    const struct icmp_header h = {type, code, rest};

    icmp_encode(
        message, &h,
        checksum_add(0, message + ICMP_HEADER_LEN, len - ICMP_HEADER_LEN));
}

static void
quote(const struct ipv4 *ip)
{
    static const uint8_t tcp[8] = {0x9c, 0x40, 0, 80, 0x12, 0x34, 0x56, 0x78};

    ipv4_encode(message + ICMP_HEADER_LEN, ip);
    memcpy(message + ICMP_HEADER_LEN + IPV4_HEADER_LEN, tcp, sizeof tcp);
    seal(ICMP_DEST_UNREACHABLE, ICMP_PORT_UNREACHABLE, 0, MESSAGE);
}

static int
segment_quoted(void **state)
{
    const struct ipv4 ip = ours();

    (void)state;
    net = two_links();
    memset(message, 0, sizeof message);
    memset(&got, 0xcc, sizeof got);
    quote(&ip);
    return 0;
}

static enum drop
decode(uint32_t len)
{
    uint8_t *exact = exact_copy(message, len);
    enum drop why = quoted_decode(&net, exact, len, &got);

    free(exact);
    return why;
}

/* ---- errors that count ---- */

static void
error_about_a_segment_names_its_connection(void **state)
{
    (void)state;
    assert_int_equal(decode(MESSAGE), DROP_NONE);
    assert_int_equal(got.type, ICMP_DEST_UNREACHABLE);
    assert_int_equal(got.code, ICMP_PORT_UNREACHABLE);
    assert_int_equal(got.proto, IP_PROTO_TCP);
    assert_true(addr_equal(got.local, addr_v4(OURS)));
    assert_true(addr_equal(got.remote, addr_v4(FAR)));
    assert_int_equal(got.local_port, 40000);
    assert_int_equal(got.remote_port, 80);
    assert_int_equal(got.seq, 0x12345678);
    assert_int_equal(got.packet_len, 1500);
    assert_int_equal(got.mtu, 0);
}

static void
error_about_a_ping_names_it(void **state)
{
    static const uint8_t echo[8] = {8, 0, 1, 1, 0x42, 0x43, 0, 9};
    struct ipv4 ip = ours();

    (void)state;
    ip.proto = IP_PROTO_ICMP;
    ip.src = addr_v4(OUR_SECOND);
    quote(&ip);
    memcpy(message + ICMP_HEADER_LEN + IPV4_HEADER_LEN, echo, sizeof echo);
    seal(ICMP_TIME_EXCEEDED, ICMP_TTL_EXCEEDED, 0, MESSAGE);
    assert_int_equal(decode(MESSAGE), DROP_NONE);
    assert_int_equal(got.type, ICMP_TIME_EXCEEDED);
    assert_int_equal(got.proto, IP_PROTO_ICMP);
    assert_int_equal(got.echo_id, 0x4243);
    assert_int_equal(got.echo_seq, 9);
}

static void
fragmentation_needed_tells_the_mtu(void **state)
{
    (void)state;
    seal(ICMP_DEST_UNREACHABLE, ICMP_FRAG_NEEDED, 0xbeef0578, MESSAGE);
    assert_int_equal(decode(MESSAGE), DROP_NONE);
    assert_int_equal(got.mtu, 1400);
    seal(ICMP_DEST_UNREACHABLE, ICMP_FRAG_NEEDED, 0, MESSAGE);
    assert_int_equal(decode(MESSAGE), DROP_NONE);
    assert_int_equal(got.mtu, 0); /* a router older than RFC 1191 */
    seal(ICMP_DEST_UNREACHABLE, ICMP_HOST_UNREACHABLE, 1400, MESSAGE);
    assert_int_equal(decode(MESSAGE), DROP_NONE);
    assert_int_equal(got.mtu, 0);
}

static void
quoted_options_are_passed_over(void **state)
{
    uint8_t *ip = message + ICMP_HEADER_LEN;

    (void)state;
    memmove(ip + 60, ip + IPV4_HEADER_LEN, 8);
    memset(ip + IPV4_HEADER_LEN, 1, 40);
    ip[0] = 0x4f;
    seal(ICMP_DEST_UNREACHABLE, ICMP_PORT_UNREACHABLE, 0, 76);
    assert_int_equal(decode(76), DROP_NONE);
    assert_int_equal(got.local_port, 40000);
    seal(ICMP_DEST_UNREACHABLE, ICMP_PORT_UNREACHABLE, 0, 75);
    assert_int_equal(decode(75), DROP_ICMP_TRUNCATED);
}

static void
longer_quotes_are_checked_to_their_end(void **state)
{
    (void)state;
    message[120] = 0x55;
    seal(ICMP_DEST_UNREACHABLE, ICMP_PORT_UNREACHABLE, 0, 121);
    assert_int_equal(decode(121), DROP_NONE);
    message[120] ^= 1;
    assert_int_equal(decode(121), DROP_ICMP_BAD_CHECKSUM);
}

static void
all_kinds_of_errors_are_known(void **state)
{
    (void)state;
    for (unsigned type = 0; type < 256; type++) {
        for (unsigned code = 0; code < 20; code++) {
            bool known = (type == 3 && code < 16) || (type == 11 && code < 2) ||
                         (type == 12 && code < 3);

            seal((uint8_t)type, (uint8_t)code, 0, MESSAGE);
            assert_int_equal(decode(MESSAGE),
                             known ? DROP_NONE : DROP_ICMP_IGNORED);
        }
    }
}

/* ---- errors that do not ---- */

static void
short_message_is_truncated(void **state)
{
    (void)state;
    for (uint32_t len = 0; len < MESSAGE; len++) {
        if (len >= ICMP_HEADER_LEN)
            seal(ICMP_DEST_UNREACHABLE, ICMP_PORT_UNREACHABLE, 0, len);
        assert_int_equal(decode(len), DROP_ICMP_TRUNCATED);
    }
}

static void
damaged_message_is_dropped(void **state)
{
    (void)state;
    for (uint32_t i = 0; i < MESSAGE * 8; i++) {
        message[i / 8] ^= (uint8_t)(1u << i % 8);
        assert_int_equal(decode(MESSAGE), DROP_ICMP_BAD_CHECKSUM);
        message[i / 8] ^= (uint8_t)(1u << i % 8);
    }
}

static void
packet_of_another_is_not_ours(void **state)
{
    static const uint32_t remotes[] = {OURS, OUR_SECOND, 0, 0xe0000001,
                                       0x7f000001};
    struct ipv4 ip = ours();

    (void)state;
    ip.src = addr_v4(PEER);
    quote(&ip);
    assert_int_equal(decode(MESSAGE), DROP_ICMP_BAD_QUOTE);
    for (uint32_t i = 0; i < ARRAY_LEN(remotes); i++) {
        ip = ours();
        ip.dst = addr_v4(remotes[i]);
        quote(&ip);
        assert_int_equal(decode(MESSAGE), DROP_ICMP_BAD_QUOTE);
    }
}

static void
impossible_packet_is_not_ours(void **state)
{
    static const uint8_t version_ihl[] = {0x65, 0x44, 0x40, 0x00};
    struct ipv4 ip = ours();

    (void)state;
    for (uint32_t i = 0; i < ARRAY_LEN(version_ihl); i++) {
        message[ICMP_HEADER_LEN] = version_ihl[i];
        seal(ICMP_DEST_UNREACHABLE, ICMP_PORT_UNREACHABLE, 0, MESSAGE);
        assert_int_equal(decode(MESSAGE), DROP_ICMP_BAD_QUOTE);
    }
    ip.total_len = 27;
    quote(&ip);
    assert_int_equal(decode(MESSAGE), DROP_ICMP_BAD_QUOTE);
    ip = ours();
    ip.proto = IP_PROTO_UDP;
    quote(&ip);
    assert_int_equal(decode(MESSAGE), DROP_ICMP_BAD_QUOTE);
}

static void
error_about_an_echo_reply_interests_nobody(void **state)
{
    struct ipv4 ip = ours();

    (void)state;
    ip.proto = IP_PROTO_ICMP;
    quote(&ip);
    message[ICMP_HEADER_LEN + IPV4_HEADER_LEN] = ICMP_ECHO_REPLY;
    seal(ICMP_DEST_UNREACHABLE, ICMP_PORT_UNREACHABLE, 0, MESSAGE);
    assert_int_equal(decode(MESSAGE), DROP_ICMP_IGNORED);
}

static void
later_fragment_names_no_connection(void **state)
{
    struct ipv4 ip = ours();

    (void)state;
    ip.more = true;
    quote(&ip);
    assert_int_equal(decode(MESSAGE), DROP_NONE);
    ip.frag_offset = 8;
    quote(&ip);
    assert_int_equal(decode(MESSAGE), DROP_ICMP_IGNORED);
}

static void
random_messages_never_overrun(void **state)
{
    struct rng r;
    uint32_t taken = 0;

    (void)state;
    seed_from_clock(&r);
    for (uint32_t i = 0; i < 200000; i++) {
        uint32_t len = MESSAGE + (uint32_t)rng_below(&r, 60);
        const struct ipv4 ip = ours();

        quote(&ip);
        for (uint64_t n = rng_below(&r, 4); n > 0; n--)
            message[ICMP_HEADER_LEN + rng_below(&r, len - ICMP_HEADER_LEN)] =
                random8(&r);
        seal(3, 4, random32(&r), len);
        taken += decode(len) == DROP_NONE;
    }
    assert_in_range(taken, 1, 199999);
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup(error_about_a_segment_names_its_connection,
                               segment_quoted),
        cmocka_unit_test_setup(error_about_a_ping_names_it, segment_quoted),
        cmocka_unit_test_setup(fragmentation_needed_tells_the_mtu,
                               segment_quoted),
        cmocka_unit_test_setup(quoted_options_are_passed_over, segment_quoted),
        cmocka_unit_test_setup(longer_quotes_are_checked_to_their_end,
                               segment_quoted),
        cmocka_unit_test_setup(all_kinds_of_errors_are_known, segment_quoted),
        cmocka_unit_test_setup(short_message_is_truncated, segment_quoted),
        cmocka_unit_test_setup(damaged_message_is_dropped, segment_quoted),
        cmocka_unit_test_setup(packet_of_another_is_not_ours, segment_quoted),
        cmocka_unit_test_setup(impossible_packet_is_not_ours, segment_quoted),
        cmocka_unit_test_setup(error_about_an_echo_reply_interests_nobody,
                               segment_quoted),
        cmocka_unit_test_setup(later_fragment_names_no_connection,
                               segment_quoted),
        cmocka_unit_test_setup(random_messages_never_overrun, segment_quoted),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
