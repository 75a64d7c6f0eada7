/* SPDX-License-Identifier: MIT */
/* Tests of finding TCP segments in frames. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h> /* needs those before it */

#include "linkd/tcpv4.h"
#include "tests/linkd/segment.h"

static uint8_t frame[2000];
static uint32_t len;
static struct tcpv4 at;

static int
make_frame(void **state)
{
    struct segment s = segment_of(1, 1000);

    (void)state;
    len = segment_encode(&s, frame);
    return 0;
}

static bool
found(void)
{
    return tcpv4_find(frame, len, len, &at);
}

static void
headers_and_end_are_found(void **state)
{
    (void)state;
    assert_true(found());
    assert_int_equal(at.tcp, 34);
    assert_int_equal(at.payload, 34 + 32);
    assert_int_equal(at.end, len);
    assert_true(tcpv4_ip_ok(frame + TCPV4_IP));
}

static void
padding_is_not_the_packets(void **state)
{
    (void)state;
    assert_true(tcpv4_find(frame, len, len + 10, &at));
    assert_int_equal(at.end, len);
}

static void
all_headers_have_to_be_there(void **state)
{
    (void)state;
    for (uint32_t n = 0; n < len; n++)
        assert_int_equal(tcpv4_find(frame, n, len, &at), n >= 34 + 32);
}

static void
packet_cut_short_is_none(void **state)
{
    (void)state;
    len--;
    assert_false(found());
}

static void
options_move_the_segment(void **state)
{
    (void)state;
    frame[TCPV4_IP] = 0x46;
    frame[TCPV4_IP + 24 + TCP_DATA_OFFSET] = 5 << 4;
    assert_true(found());
    assert_int_equal(at.tcp, 38);
    assert_int_equal(at.payload, 58);
}

static void
others_are_none(void **state)
{
    static const struct {
        uint32_t at;
        uint8_t value;
    } changes[] = {{13, 6}, {14, 0x65}, {14, 0x44}, {20, 0x20}, {20, 0x80},
                   {21, 1}, {23, 17},   {46, 0x40}, {16, 0},    {16, 0xff}};

    (void)state;
    for (size_t i = 0; i < sizeof changes / sizeof changes[0]; i++) {
        uint8_t before = frame[changes[i].at];

        assert_true(found());
        frame[changes[i].at] = changes[i].value;
        if (changes[i].at == 16 && changes[i].value == 0)
            frame[17] = 40; /* an IPv4 packet that ends within TCP's options */
        assert_false(found());
        make_frame(state);
        assert_int_equal(frame[changes[i].at], before);
    }
}

static void
sealed_header_is_right(void **state)
{
    (void)state;
    tcpv4_seal_ip(frame + TCPV4_IP, 777);
    assert_int_equal(be16_load(frame + TCPV4_IP + 2), 777);
    assert_true(tcpv4_ip_ok(frame + TCPV4_IP));
    frame[TCPV4_IP + 8]++;
    assert_false(tcpv4_ip_ok(frame + TCPV4_IP));
}

int
main(void)
{
#define CASE(f) cmocka_unit_test_setup(f, make_frame)
    static const struct CMUnitTest tests[] = {
        CASE(headers_and_end_are_found),    CASE(padding_is_not_the_packets),
        CASE(all_headers_have_to_be_there), CASE(packet_cut_short_is_none),
        CASE(options_move_the_segment),     CASE(others_are_none),
        CASE(sealed_header_is_right),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
