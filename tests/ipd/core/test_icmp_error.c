/* SPDX-License-Identifier: MIT */
/* Tests of the ICMP errors that we send. */
#include "tests/ipd/core/two_links.h"

#include "ipd/core/icmp_error.h"
#include "proto/wire/checksum.h"
#include "tests/proto/wire/fixture.h"

static const struct hash_key key = {{1, 2}};

static struct net net;
static struct icmp_limits limits;
static uint8_t packet[2048]; /* the culprit */
static uint8_t out[ICMP_ERROR_MAX + 8];
static uint32_t out_len;

static int
calm(void **state)
{
    (void)state;
    net = two_links();
    memset(&limits, 0xcc, sizeof limits);
    icmp_limits_init(&limits, &key);
    for (uint32_t i = 0; i < sizeof packet; i++)
        packet[i] = (uint8_t)(i * 7);
    memset(out, 0xee, sizeof out);
    return 0;
}

/* A packet of `len` bytes from FAR to us, that came in on the first link. */
static struct icmp_error
about(uint8_t type, uint8_t code, uint32_t len)
{
    struct icmp_error e = {
        .type = type,
        .code = code,
        .ip = {.src = addr_v4(FAR),
               .dst = addr_v4(OURS),
               .ttl = 9,
               .proto = IP_PROTO_UDP,
               .header_len = IPV4_HEADER_LEN,
               .total_len = (uint16_t)len},
        .packet = packet,
        .len = len,
    };

    ipv4_encode(packet, &e.ip);
    return e;
}

static struct icmp_error
port_unreachable(void)
{
    return about(ICMP_DEST_UNREACHABLE, ICMP_PORT_UNREACHABLE, 100);
}

static enum drop
write_at(const struct icmp_error *e, instant_t now)
{
    return icmp_error_write(&limits, &net, e, 0x77, now, out, &out_len);
}

/* Writes it and takes it apart; the message starts behind IPv4's header. */
static struct ipv4
written(const struct icmp_error *e, struct icmp_header *h)
{
    const uint8_t *message = out + IPV4_HEADER_LEN;
    struct ipv4 ip;

    assert_true(icmp_error_due(&net, e));
    assert_int_equal(write_at(e, after_ms(0)), DROP_NONE);
    assert_int_equal(ipv4_decode(out, out_len, out_len, &ip), DROP_NONE);
    assert_int_equal(ip.total_len, out_len);
    assert_int_equal(ip.proto, IP_PROTO_ICMP);
    assert_int_equal(ip.id, 0x77);
    assert_true(addr_equal(ip.dst, e->ip.src));
    assert_int_equal(
        icmp_decode(message, out_len - IPV4_HEADER_LEN,
                    checksum_add(0, message + ICMP_HEADER_LEN,
                                 out_len - IPV4_HEADER_LEN - ICMP_HEADER_LEN),
                    h),
        DROP_NONE);
    assert_memory_equal(message + ICMP_HEADER_LEN, packet,
                        out_len - IPV4_HEADER_LEN - ICMP_HEADER_LEN);
    assert_int_equal(out[out_len], 0xee);
    return ip;
}

/* ---- its bytes ---- */

static void
error_quotes_a_short_packet_whole(void **state)
{
    struct icmp_error e = port_unreachable();
    struct icmp_header h;
    struct ipv4 ip;

    (void)state;
    e.ip.tos = 0x12;
    ip = written(&e, &h);
    assert_int_equal(out_len, IPV4_HEADER_LEN + ICMP_HEADER_LEN + 100);
    assert_int_equal(h.type, ICMP_DEST_UNREACHABLE);
    assert_int_equal(h.code, ICMP_PORT_UNREACHABLE);
    assert_int_equal(h.rest, 0);
    assert_true(addr_equal(ip.src, addr_v4(OURS)));
    assert_int_equal(ip.tos, 0xd0);
}

static void
error_is_no_longer_than_576_bytes(void **state)
{
    struct icmp_error e = about(ICMP_TIME_EXCEEDED, ICMP_TTL_EXCEEDED, 1500);
    struct icmp_header h;

    (void)state;
    written(&e, &h);
    assert_int_equal(out_len, 576);
    assert_int_equal(h.type, ICMP_TIME_EXCEEDED);
}

static void
padding_of_the_frame_is_not_quoted(void **state)
{
    struct icmp_error e = about(ICMP_TIME_EXCEEDED, ICMP_TTL_EXCEEDED, 28);
    struct icmp_header h;

    (void)state;
    e.len = 46;
    written(&e, &h);
    assert_int_equal(out_len, IPV4_HEADER_LEN + ICMP_HEADER_LEN + 28);
}

static void
only_what_is_there_is_quoted(void **state)
{
    struct icmp_error e =
        about(ICMP_TIME_EXCEEDED, ICMP_REASSEMBLY_EXCEEDED, 1500);
    struct icmp_header h;

    (void)state;
    e.packet = exact_copy(packet, 28);
    e.len = 28;
    written(&e, &h);
    assert_int_equal(out_len, IPV4_HEADER_LEN + ICMP_HEADER_LEN + 28);
    free((void *)(uintptr_t)e.packet);
}

static void
fragmentation_needed_names_the_mtu(void **state)
{
    struct icmp_error e = about(ICMP_DEST_UNREACHABLE, ICMP_FRAG_NEEDED, 1500);
    struct icmp_header h;

    (void)state;
    e.mtu = 1400;
    written(&e, &h);
    assert_int_equal(h.rest, 1400);
}

static void
parameter_problem_points_at_the_byte(void **state)
{
    struct icmp_error e = about(ICMP_PARAMETER_PROBLEM, 0, 60);
    struct icmp_header h;

    (void)state;
    e.pointer = 20;
    e.mtu = 1400;
    written(&e, &h);
    assert_int_equal(h.rest, 20u << 24);
}

/* RFC 1812 4.3.2.4. */
static void
error_about_anothers_packet_comes_from_the_link(void **state)
{
    struct icmp_error e = about(ICMP_TIME_EXCEEDED, ICMP_TTL_EXCEEDED, 60);
    struct icmp_header h;

    (void)state;
    e.ip.dst = addr_v4(0x08080808);
    e.link = 1;
    assert_true(addr_equal(written(&e, &h).src, addr_v4(OUR_SECOND)));
    e.link = 0;
    assert_true(addr_equal(written(&e, &h).src, addr_v4(OURS)));
    e.ip.dst = addr_v4(OUR_SECOND);
    assert_true(addr_equal(written(&e, &h).src, addr_v4(OUR_SECOND)));
    net.addresses = 1;
    e.link = 1; /* has none of its own now */
    assert_true(addr_equal(written(&e, &h).src, addr_v4(OURS)));
    net.addresses = 0;
    assert_int_equal(write_at(&e, after_ms(0)), DROP_IP_NO_SOURCE);
}

/* ---- whether at all ---- */

static void
error_is_never_answered_with_an_error(void **state)
{
    struct icmp_error e = port_unreachable();

    (void)state;
    e.ip.proto = IP_PROTO_ICMP;
    for (unsigned type = 0; type < 256; type++) {
        bool query = type == 0 || type == 8 || (type >= 13 && type <= 18);

        packet[IPV4_HEADER_LEN] = (uint8_t)type;
        assert_int_equal(icmp_error_due(&net, &e), query);
    }
    packet[IPV4_HEADER_LEN] = ICMP_ECHO_REQUEST;
    e.len = IPV4_HEADER_LEN; /* says nothing of its type */
    assert_false(icmp_error_due(&net, &e));
}

static void
what_went_to_a_group_is_not_answered(void **state)
{
    static const uint32_t groups[] = {0xe0000001, UINT32_MAX, 0x0a0700ff,
                                      0xf0000001};
    struct icmp_error e = port_unreachable();

    (void)state;
    assert_true(icmp_error_due(&net, &e));
    for (uint32_t i = 0; i < 4; i++) {
        e.ip.dst = addr_v4(groups[i]);
        assert_false(icmp_error_due(&net, &e));
    }
    e = port_unreachable();
    e.to_group = true;
    assert_false(icmp_error_due(&net, &e));
}

static void
only_a_single_other_host_is_answered(void **state)
{
    static const uint32_t none[] = {0,          0x7f000001, 0xe0000001,
                                    UINT32_MAX, 0x0a0700ff, OURS,
                                    OUR_SECOND, 0xf0000001};
    struct icmp_error e = port_unreachable();

    (void)state;
    for (uint32_t i = 0; i < 8; i++) {
        e.ip.src = addr_v4(none[i]);
        assert_false(icmp_error_due(&net, &e));
    }
}

static void
only_the_first_fragment_is_answered(void **state)
{
    struct icmp_error e = port_unreachable();

    (void)state;
    e.ip.more = true;
    assert_true(icmp_error_due(&net, &e));
    e.ip.frag_offset = 8;
    assert_false(icmp_error_due(&net, &e));
    e.ip.more = false;
    assert_false(icmp_error_due(&net, &e));
}

/* ---- how often ---- */

/* How many of `n` errors to FAR leave at that moment. */
static uint32_t
pass_at(const struct icmp_error *e, instant_t now, uint32_t n)
{
    uint32_t passed = 0;

    while (n-- > 0) {
        enum drop why = write_at(e, now);

        assert_true(why == DROP_NONE || why == DROP_ICMP_RATE_LIMITED);
        passed += why == DROP_NONE;
    }
    return passed;
}

static void
host_gets_six_at_once_and_one_a_second(void **state)
{
    const struct icmp_error e = port_unreachable();

    (void)state;
    assert_int_equal(pass_at(&e, after_ms(0), 20), 6);
    assert_int_equal(pass_at(&e, after_ms(999), 20), 0);
    assert_int_equal(pass_at(&e, after_ms(1000), 20), 1);
    assert_int_equal(pass_at(&e, after_ms(3500), 20), 2);
    assert_int_equal(pass_at(&e, after_ms(3999), 20), 0);
    assert_int_equal(pass_at(&e, after_ms(100000), 20), 6);
}

static void
limited_host_does_not_silence_others(void **state)
{
    struct icmp_error e = port_unreachable();

    (void)state;
    assert_int_equal(pass_at(&e, after_ms(0), 1000), 6);
    e.ip.src = addr_v4(PEER);
    assert_int_equal(pass_at(&e, after_ms(0), 6), 6);
}

static void
all_hosts_together_get_fifty_at_once(void **state)
{
    struct icmp_error e = port_unreachable();
    uint32_t passed = 0;

    (void)state;
    for (uint32_t i = 0; i < 1000; i++) {
        e.ip.src = addr_v4(0x01010101 + i * 977);
        passed += pass_at(&e, after_ms(0), 1);
    }
    assert_int_equal(passed, 50);
    for (uint32_t i = 0; i < 1000; i++) {
        e.ip.src = addr_v4(0x02010101 + i * 977);
        passed += pass_at(&e, after_ms(10), 1);
    }
    assert_int_equal(passed, 60);
}

/* Path MTU discovery cannot wait for a second (RFC 1191). */
static void
fragmentation_needed_is_limited_in_all_only(void **state)
{
    const struct icmp_error e =
        about(ICMP_DEST_UNREACHABLE, ICMP_FRAG_NEEDED, 1500);

    (void)state;
    assert_int_equal(pass_at(&e, after_ms(0), 100), 50);
    assert_int_equal(pass_at(&e, after_ms(1), 100), 1);
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup(error_quotes_a_short_packet_whole, calm),
        cmocka_unit_test_setup(error_is_no_longer_than_576_bytes, calm),
        cmocka_unit_test_setup(padding_of_the_frame_is_not_quoted, calm),
        cmocka_unit_test_setup(only_what_is_there_is_quoted, calm),
        cmocka_unit_test_setup(fragmentation_needed_names_the_mtu, calm),
        cmocka_unit_test_setup(parameter_problem_points_at_the_byte, calm),
        cmocka_unit_test_setup(error_about_anothers_packet_comes_from_the_link,
                               calm),
        cmocka_unit_test_setup(error_is_never_answered_with_an_error, calm),
        cmocka_unit_test_setup(what_went_to_a_group_is_not_answered, calm),
        cmocka_unit_test_setup(only_a_single_other_host_is_answered, calm),
        cmocka_unit_test_setup(only_the_first_fragment_is_answered, calm),
        cmocka_unit_test_setup(host_gets_six_at_once_and_one_a_second, calm),
        cmocka_unit_test_setup(limited_host_does_not_silence_others, calm),
        cmocka_unit_test_setup(all_hosts_together_get_fifty_at_once, calm),
        cmocka_unit_test_setup(fragmentation_needed_is_limited_in_all_only,
                               calm),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
