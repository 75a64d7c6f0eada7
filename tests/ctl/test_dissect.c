/* SPDX-License-Identifier: MIT */
/* One line a packet: every kind, and every kind cut off everywhere. */
#include "ctl/dissect.h"

#include "proto/wire/arp.h"
#include "proto/wire/checksum.h"
#include "proto/wire/ether.h"
#include "proto/wire/icmp.h"
#include "proto/wire/ipv4.h"
#include "proto/wire/tcp.h"

#include "base/rng.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>

#include <cmocka.h>

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

struct bytes {
    uint8_t b[2048];
    uint32_t len;
};

/* ---- packets ---- */

static struct ipv4
header(uint8_t proto)
{
    return (struct ipv4){.src = addr_v4(0x0a070001),
                         .dst = addr_v4(0x0a070002),
                         .ttl = 64,
                         .proto = proto};
}

static struct bytes
ip_packet(struct ipv4 ip, const void *inside, uint32_t len)
{
    struct bytes p = {.len = IPV4_HEADER_LEN + len};

    ip.total_len = (uint16_t)p.len;
    ipv4_encode(p.b, &ip);
    memcpy(p.b + IPV4_HEADER_LEN, inside, len);
    return p;
}

static struct bytes
tcp_packet(uint8_t flags, struct tcp_options opt, uint32_t payload)
{
    const struct tcp_header h = {.src_port = 44312,
                                 .dst_port = 80,
                                 .seq = 1000,
                                 .ack = 2000,
                                 .window = 512,
                                 .flags = flags,
                                 .opt = opt};
    uint8_t segment[TCP_HEADER_MAX + 100] = {0};
    uint32_t len = (uint32_t)tcp_encode(segment, &h) + payload;

    return ip_packet(header(IP_PROTO_TCP), segment, len);
}

static struct bytes
icmp_packet(uint8_t type, uint8_t code, uint32_t rest)
{
    const struct icmp_header h = {.type = type, .code = code, .rest = rest};
    uint8_t message[ICMP_HEADER_LEN + 56] = {0};

    icmp_encode(message, &h, 0);
    return ip_packet(header(IP_PROTO_ICMP), message, sizeof message);
}

static struct bytes
frame(uint16_t type, const void *inside, uint32_t len)
{
    const struct ether e = {.type = type};
    struct bytes f = {.len = ETHER_LEN + len};

    ether_encode(f.b, &e);
    memcpy(f.b + ETHER_LEN, inside, len);
    return f;
}

static struct bytes
arp_frame(uint16_t op)
{
    const struct arp a = {.op = op,
                          .sender_mac = {{2, 0, 0, 0, 0, 1}},
                          .sender = addr_v4(0x0a070001),
                          .target = addr_v4(0x0a070002)};
    uint8_t bytes[ARP_LEN];

    arp_encode(bytes, &a);
    return frame(ETHER_ARP, bytes, sizeof bytes);
}

/* ---- checks ---- */

static void
assert_line(const struct bytes *p, bool ethernet, const char *expected)
{
    char text[DISSECT_TEXT];

    assert_string_equal(dissect(text, p->b, p->len, p->len, ethernet),
                        expected);
}

static void
assert_packet(struct bytes p, const char *expected)
{
    assert_line(&p, false, expected);
}

static void
assert_frame(struct bytes p, const char *expected)
{
    assert_line(&p, true, expected);
}

/* Every prefix in memory of exactly its size, so that a sanitizer sees the
 * first byte too many. */
static void
cut_everywhere(struct bytes p, bool ethernet)
{
    for (uint32_t captured = 0; captured <= p.len; captured++) {
        char text[DISSECT_TEXT];
        uint8_t *bytes = malloc(captured > 0 ? captured : 1);

        assert_non_null(bytes);
        memcpy(bytes, p.b, captured);
        dissect(text, bytes, captured, p.len, ethernet);
        assert_true(strlen(text) > 0);
        dissect(text, bytes, captured, captured, ethernet);
        assert_true(strlen(text) > 0);
        free(bytes);
    }
}

/* ---- TCP ---- */

static void
syn_shows_its_options(void **state)
{
    const struct tcp_options opt = {.has_mss = true,
                                    .mss = 1460,
                                    .has_wscale = true,
                                    .wscale = 7,
                                    .sack_permitted = true};

    (void)state;
    assert_packet(tcp_packet(TCP_SYN, opt, 0),
                  "IP 10.7.0.1.44312 > 10.7.0.2.80: Flags [S], seq 1000, win "
                  "512, mss 1460, wscale 7, sackOK, length 0");
}

static void
segment_shows_flags_numbers_and_length(void **state)
{
    (void)state;
    assert_packet(tcp_packet(TCP_ACK | TCP_PSH, (struct tcp_options){0}, 100),
                  "IP 10.7.0.1.44312 > 10.7.0.2.80: Flags [P.], seq 1000, ack "
                  "2000, win 512, length 100");
    assert_packet(tcp_packet(0xff, (struct tcp_options){0}, 0),
                  "IP 10.7.0.1.44312 > 10.7.0.2.80: Flags [SFRP.UEW], seq "
                  "1000, ack 2000, win 512, length 0");
}

static void
sack_blocks_are_shown(void **state)
{
    const struct tcp_options opt = {.sack_count = 2,
                                    .sack = {{3000, 4000}, {5000, 6000}}};

    (void)state;
    assert_packet(tcp_packet(TCP_ACK, opt, 0),
                  "IP 10.7.0.1.44312 > 10.7.0.2.80: Flags [.], seq 1000, ack "
                  "2000, win 512, sack 3000:4000, sack 5000:6000, length 0");
}

/* As of a capture with --snap. */
static void
length_is_of_the_whole_segment(void **state)
{
    struct bytes p = tcp_packet(TCP_ACK, (struct tcp_options){0}, 100);
    char text[DISSECT_TEXT];

    (void)state;
    dissect(text, p.b, 40, p.len, false);
    assert_string_equal(text, "IP 10.7.0.1.44312 > 10.7.0.2.80: Flags [.], seq "
                              "1000, ack 2000, win 512, length 100");
    dissect(text, p.b, 39, p.len, false);
    assert_string_equal(text, "IP 10.7.0.1 > 10.7.0.2: TCP, cut off or broken, "
                              "length 120");
}

static void
padding_of_a_frame_is_no_payload(void **state)
{
    struct bytes p = tcp_packet(TCP_ACK, (struct tcp_options){0}, 0);

    (void)state;
    p.len += 6;
    assert_frame(frame(ETHER_IPV4, p.b, p.len),
                 "IP 10.7.0.1.44312 > 10.7.0.2.80: Flags [.], seq 1000, ack "
                 "2000, win 512, length 0");
}

/* ---- ICMP, ARP, others ---- */

static void
icmp_messages_have_names(void **state)
{
    static const struct {
        uint8_t type, code;
        const char *text;
    } known[] = {
        {ICMP_DEST_UNREACHABLE, 0, "net unreachable"},
        {ICMP_DEST_UNREACHABLE, 1, "host unreachable"},
        {ICMP_DEST_UNREACHABLE, 2, "protocol unreachable"},
        {ICMP_DEST_UNREACHABLE, 3, "port unreachable"},
        {ICMP_DEST_UNREACHABLE, 4, "fragmentation needed, mtu 1400"},
        {ICMP_DEST_UNREACHABLE, 13, "unreachable"},
        {ICMP_TIME_EXCEEDED, 0, "time exceeded in transit"},
        {ICMP_TIME_EXCEEDED, 1, "reassembly time exceeded"},
        {ICMP_PARAMETER_PROBLEM, 0, "parameter problem"},
        {ICMP_REDIRECT, 0, "of another type"},
        {ICMP_ECHO_REQUEST, 0, "echo request, id 0, seq 1400"},
        {ICMP_ECHO_REPLY, 0, "echo reply, id 0, seq 1400"},
    };

    (void)state;
    for (size_t i = 0; i < sizeof known / sizeof known[0]; i++) {
        char expected[128];

        snprintf(expected, sizeof expected,
                 "IP 10.7.0.1 > 10.7.0.2: ICMP %s, length 64", known[i].text);
        assert_packet(icmp_packet(known[i].type, known[i].code, 1400),
                      expected);
    }
}

static void
arp_asks_and_answers(void **state)
{
    (void)state;
    assert_frame(arp_frame(ARP_REQUEST),
                 "ARP, Request who-has 10.7.0.2 tell 10.7.0.1");
    assert_frame(arp_frame(ARP_REPLY),
                 "ARP, Reply 10.7.0.1 is-at 02:00:00:00:00:01");
}

static void
fragments_say_which(void **state)
{
    struct ipv4 ip = header(IP_PROTO_ICMP);
    uint8_t inside[64] = {ICMP_ECHO_REQUEST};

    (void)state;
    ip.id = 77;
    ip.more = true;
    assert_packet(ip_packet(ip, inside, sizeof inside),
                  "IP 10.7.0.1 > 10.7.0.2: ICMP echo request, id 0, seq 0, "
                  "length 64, more fragments follow");
    ip.frag_offset = 1480;
    ip.more = false;
    assert_packet(ip_packet(ip, inside, sizeof inside),
                  "IP 10.7.0.1 > 10.7.0.2: fragment of id 77 at 1480, length "
                  "64");
}

static void
what_is_not_known_is_named_by_number(void **state)
{
    (void)state;
    assert_packet(ip_packet(header(IP_PROTO_UDP), "abcdefgh", 8),
                  "IP 10.7.0.1 > 10.7.0.2: protocol 17, length 8");
    assert_frame(frame(ETHER_IPV6, "abcdefgh", 8),
                 "a frame of type 0x86dd, length 8");
    assert_frame((struct bytes){.len = 13}, "a frame of 13 bytes, cut off");
}

/* ---- hostile bytes ---- */

static void
everything_may_be_cut_off_everywhere(void **state)
{
    const struct tcp_options opt = {.has_timestamps = true,
                                    .sack_count = 3,
                                    .sack = {{1, 2}, {3, 4}, {5, 6}}};
    struct bytes tcp = tcp_packet(TCP_ACK, opt, 30);

    (void)state;
    cut_everywhere(tcp, false);
    cut_everywhere(frame(ETHER_IPV4, tcp.b, tcp.len), true);
    cut_everywhere(icmp_packet(ICMP_DEST_UNREACHABLE, 4, 1400), false);
    cut_everywhere(icmp_packet(ICMP_ECHO_REPLY, 0, 1), false);
    cut_everywhere(arp_frame(ARP_REQUEST), true);
    cut_everywhere(arp_frame(ARP_REPLY), true);
    cut_everywhere(ip_packet(header(IP_PROTO_UDP), "abcdefgh", 8), false);
}

static void
longest_line_fits(void **state)
{
    const struct tcp_options opt = {.sack_count = 4,
                                    .sack = {{UINT32_MAX, UINT32_MAX},
                                             {UINT32_MAX, UINT32_MAX},
                                             {UINT32_MAX, UINT32_MAX},
                                             {UINT32_MAX, UINT32_MAX}}};
    struct bytes p = tcp_packet(TCP_ACK, opt, 100);
    char text[DISSECT_TEXT];

    (void)state;
    dissect(text, p.b, p.len, p.len, false);
    assert_non_null(strstr(text, ", length 100"));
}

/* What begins like a packet and is noise from some byte on. */
static void
noise_is_survived(void **state)
{
    uint64_t seed = (uint64_t)time(NULL);
    struct bytes valid = tcp_packet(TCP_ACK, (struct tcp_options){0}, 40);
    struct rng rng;

    (void)state;
    print_message("seed %llu\n", (unsigned long long)seed);
    rng_seed(&rng, seed);
    for (int i = 0; i < 20000; i++) {
        struct bytes p = frame(ETHER_IPV4, valid.b, valid.len);
        uint32_t from = (uint32_t)(rng_next(&rng) % p.len);

        for (uint32_t at = from; at < p.len; at++)
            p.b[at] = (uint8_t)rng_next(&rng);
        char text[DISSECT_TEXT];
        uint32_t len = (uint32_t)(rng_next(&rng) % (p.len + 1));
        uint8_t *exact = malloc(len > 0 ? len : 1);

        assert_non_null(exact);
        memcpy(exact, p.b, len);
        dissect(text, exact, len, p.len, true);
        assert_true(strlen(text) < DISSECT_TEXT);
        free(exact);
    }
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(syn_shows_its_options),
        cmocka_unit_test(segment_shows_flags_numbers_and_length),
        cmocka_unit_test(sack_blocks_are_shown),
        cmocka_unit_test(length_is_of_the_whole_segment),
        cmocka_unit_test(padding_of_a_frame_is_no_payload),
        cmocka_unit_test(icmp_messages_have_names),
        cmocka_unit_test(arp_asks_and_answers),
        cmocka_unit_test(fragments_say_which),
        cmocka_unit_test(what_is_not_known_is_named_by_number),
        cmocka_unit_test(everything_may_be_cut_off_everywhere),
        cmocka_unit_test(longest_line_fits),
        cmocka_unit_test(noise_is_survived),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
