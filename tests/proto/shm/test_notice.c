/* SPDX-License-Identifier: MIT */
/* Tests of notices about segments that did not arrive. */
#include "tests/proto/shm/fixture.h"

#include "proto/shm/notice.h"

#include <string.h>

static const uint8_t local[] = {10, 7, 0, 2};
static const uint8_t remote[] = {198, 51, 100, 7};

static struct packet packet;

static struct notice
frag_needed(void)
{
    return (struct notice){
        .local = addr_v4(0x0a070002),
        .remote = addr_v4(0xc6336407),
        .local_port = 0x9c40,
        .remote_port = 0x0050,
        .seq = 0x12345678,
        .mtu = 0x00010578,
        .type = 3,
        .code = 4,
    };
}

static int
encoded(void **state)
{
    const struct notice n = frag_needed();

    (void)state;
    memset(&packet, 0, sizeof packet);
    notice_encode(&packet, &n);
    return 0;
}

static void
header_is_as_promised(void **state)
{
    static const uint8_t header[NOTICE_LEN] = {
        3,    4,    0,    0,    0,    1,    0x05, 0x78,
        0x9c, 0x40, 0x00, 0x50, 0x12, 0x34, 0x56, 0x78,
    };

    (void)state;
    assert_int_equal(packet.header_len, NOTICE_LEN);
    assert_memory_equal(packet.header, header, sizeof header);
    assert_int_equal(packet.protocol, 1);
    assert_int_equal(packet.len, 0);
    assert_memory_equal(packet.src.b + 12, local, sizeof local);
    assert_memory_equal(packet.dst.b + 12, remote, sizeof remote);
}

static void
notice_comes_back_as_it_was(void **state)
{
    const struct notice in = frag_needed();
    struct notice out;

    (void)state;
    assert_true(notice_decode(&packet, &out));
    assert_true(addr_equal(out.local, in.local));
    assert_true(addr_equal(out.remote, in.remote));
    assert_int_equal(out.local_port, in.local_port);
    assert_int_equal(out.remote_port, in.remote_port);
    assert_int_equal(out.seq, in.seq);
    assert_int_equal(out.mtu, in.mtu);
    assert_int_equal(out.type, in.type);
    assert_int_equal(out.code, in.code);
}

static void
segment_is_no_notice(void **state)
{
    struct notice out;

    (void)state;
    packet.protocol = 6;
    assert_false(notice_decode(&packet, &out));
}

static void
packet_of_another_shape_is_no_notice(void **state)
{
    struct notice out;

    (void)state;
    packet.len = 1;
    assert_false(notice_decode(&packet, &out));
    packet.len = 0;
    packet.header_len = NOTICE_LEN - 1;
    assert_false(notice_decode(&packet, &out));
    packet.header_len = NOTICE_LEN + 1;
    assert_false(notice_decode(&packet, &out));
    packet.header_len = NOTICE_LEN;
    assert_true(notice_decode(&packet, &out));
}

int
main(void)
{
    static const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup(header_is_as_promised, encoded),
        cmocka_unit_test_setup(notice_comes_back_as_it_was, encoded),
        cmocka_unit_test_setup(segment_is_no_notice, encoded),
        cmocka_unit_test_setup(packet_of_another_shape_is_no_notice, encoded),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
