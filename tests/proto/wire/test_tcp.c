/* SPDX-License-Identifier: MIT */
/* Tests of the TCP header and its checksum; the option list has its own file. */
#include "proto/wire/tcp.h"

#include "proto/wire/be.h"
#include "proto/wire/checksum.h"
#include "tests/proto/wire/fixture.h"

#include <setjmp.h>
#include <stdarg.h>

#include <cmocka.h>

/* What Linux 6.18 sent from 10.7.0.1 to 10.7.0.9. */
static const uint8_t linux_syn[] = {
    0xd9, 0x8a, 0x1f, 0x90, 0x6b, 0x85, 0x9a, 0xbf, 0x00, 0x00,
    0x00, 0x00, 0xa0, 0x02, 0xfa, 0xf0, 0x0b, 0x58, 0x00, 0x00,
    0x02, 0x04, 0x05, 0xb4, 0x04, 0x02, 0x08, 0x0a, 0x3d, 0x7b,
    0xf0, 0xc1, 0x00, 0x00, 0x00, 0x00, 0x01, 0x03, 0x03, 0x0a,
};

/* Linux's first five bytes of text on its loopback device, which leaves the
 * checksum to the receiver: the field holds the pseudo-header's sum. */
static const uint8_t linux_text[] = {
    0x84, 0x90, 0x1f, 0x91, 0xbe, 0x96, 0x6b, 0xee, 0x19, 0x48,
    0x94, 0x6c, 0x80, 0x18, 0x00, 0x40, 0xfe, 0x2d, 0x00, 0x00,
    0x01, 0x01, 0x08, 0x0a, 0x9c, 0x92, 0x0b, 0xab, 0xbd, 0x76,
    0xf8, 0x6d, 'h',  'e',  'l',  'l',  'o',
};

#define LOOPBACK (addr_v4(0x7f000001))

static const struct tcp_header syn_fields = {
    .src_port = 0xd98a,
    .dst_port = 8080,
    .seq = 0x6b859abf,
    .window = 64240,
    .flags = TCP_SYN,
    .opt = {.has_mss = true,
            .mss = 1460,
            .sack_permitted = true,
            .has_timestamps = true,
            .tsval = 0x3d7bf0c1,
            .has_wscale = true,
            .wscale = 10},
};

static void
linux_syn_is_decoded(void **state)
{
    struct tcp_header h;

    (void)state;
    assert_int_equal(tcp_decode(linux_syn, sizeof linux_syn, &h), DROP_NONE);
    assert_int_equal(h.src_port, 0xd98a);
    assert_int_equal(h.dst_port, 8080);
    assert_int_equal(h.seq, 0x6b859abf);
    assert_int_equal(h.ack, 0);
    assert_int_equal(h.flags, TCP_SYN);
    assert_int_equal(h.window, 64240);
    assert_int_equal(h.urgent, 0);
    assert_int_equal(h.header_len, 40);
    assert_true(h.opt.has_mss && h.opt.sack_permitted && h.opt.has_wscale);
    assert_int_equal(h.opt.mss, 1460);
    assert_int_equal(h.opt.wscale, 10);
    assert_true(h.opt.has_timestamps);
    assert_int_equal(h.opt.tsval, 0x3d7bf0c1);
    assert_int_equal(h.opt.tsecr, 0);
    assert_int_equal(h.opt.sack_count, 0);
}

static void
syn_is_encoded_and_summed_as_linux_does(void **state)
{
    struct addr src = addr_v4(0x0a070001);
    struct addr dst = addr_v4(0x0a070009);
    uint8_t bytes[TCP_HEADER_MAX];

    (void)state;
    assert_int_equal(tcp_encode(bytes, &syn_fields), sizeof linux_syn);
    assert_int_equal(be16_load(bytes + TCP_CHECKSUM_OFFSET), 0);
    tcp_checksum_complete(bytes, sizeof linux_syn, src, dst, 0, 0);
    assert_memory_equal(bytes, linux_syn, sizeof linux_syn);
    assert_true(tcp_checksum_ok(bytes, sizeof linux_syn, src, dst));
}

static void
text_is_encoded_with_linux_partial_sum(void **state)
{
    const struct tcp_header h = {
        .src_port = 0x8490,
        .dst_port = 8081,
        .seq = 0xbe966bee,
        .ack = 0x1948946c,
        .window = 64,
        .flags = TCP_PSH | TCP_ACK,
        .opt = {.has_timestamps = true,
                .tsval = 0x9c920bab,
                .tsecr = 0xbd76f86d},
    };
    uint8_t bytes[TCP_HEADER_MAX];

    (void)state;
    assert_int_equal(tcp_encode(bytes, &h), 32);
    tcp_checksum_partial(bytes, LOOPBACK, LOOPBACK, sizeof linux_text);
    assert_memory_equal(bytes, linux_text, 32);
}

/* What a device does with a partial sum is what makes the segment right. */
static void
device_completes_a_partial_sum(void **state)
{
    uint8_t bytes[sizeof linux_text];

    (void)state;
    memcpy(bytes, linux_text, sizeof bytes);
    be16_store(bytes + TCP_CHECKSUM_OFFSET,
               checksum_fold(checksum_add(0, bytes, sizeof bytes)));
    assert_true(tcp_checksum_ok(bytes, sizeof bytes, LOOPBACK, LOOPBACK));
}

static void
complete_checksum_covers_a_payload_elsewhere(void **state)
{
    uint8_t bytes[sizeof linux_text];
    uint64_t payload = checksum_add(0, linux_text + 32, 5);

    (void)state;
    memcpy(bytes, linux_text, sizeof bytes);
    be16_store(bytes + TCP_CHECKSUM_OFFSET, 0);
    tcp_checksum_complete(bytes, 32, LOOPBACK, LOOPBACK, payload, 5);
    assert_true(tcp_checksum_ok(bytes, sizeof bytes, LOOPBACK, LOOPBACK));
}

static void
checksum_covers_segment_addresses_and_length(void **state)
{
    struct addr src = addr_v4(0x0a070001);
    struct addr dst = addr_v4(0x0a070009);
    uint8_t bytes[sizeof linux_syn + 1] = {0};

    (void)state;
    memcpy(bytes, linux_syn, sizeof linux_syn);
    assert_true(tcp_checksum_ok(bytes, sizeof linux_syn, src, dst));
    assert_false(tcp_checksum_ok(bytes, sizeof linux_syn + 1, src, dst));
    assert_false(
        tcp_checksum_ok(bytes, sizeof linux_syn, src, addr_v4(0x0a070008)));
    for (size_t at = 0; at < sizeof linux_syn; at++) {
        bytes[at] ^= 1;
        assert_false(tcp_checksum_ok(bytes, sizeof linux_syn, src, dst));
        bytes[at] ^= 1;
    }
}

static void
every_truncation_is_dropped(void **state)
{
    (void)state;
    for (size_t len = 0; len < sizeof linux_syn; len++) {
        uint8_t *copy = exact_copy(linux_syn, len);
        struct tcp_header h;

        assert_int_equal(tcp_decode(copy, len, &h),
                         len < TCP_HEADER_LEN ? DROP_TCP_TOO_SHORT
                                              : DROP_TCP_BAD_DATA_OFFSET);
        free(copy);
    }
}

static void
data_offset_lies_between_5_words_and_the_segment_end(void **state)
{
    (void)state;
    for (unsigned words = 0; words < 16; words++) {
        uint8_t bytes[sizeof linux_syn];
        bool fits = words >= 5 && words <= sizeof bytes / 4;
        struct tcp_header h;

        memcpy(bytes, linux_syn, sizeof bytes);
        bytes[12] = (uint8_t)(words << 4);
        assert_int_equal(tcp_decode(bytes, sizeof bytes, &h),
                         fits ? DROP_NONE : DROP_TCP_BAD_DATA_OFFSET);
        if (fits)
            assert_int_equal(h.header_len, words * 4);
    }
}

/* RFC 9293 3.1: the reserved bits are ignored when received, 0 when sent. */
static void
reserved_bits_are_ignored(void **state)
{
    uint8_t bytes[sizeof linux_syn];
    struct tcp_header h;

    (void)state;
    memcpy(bytes, linux_syn, sizeof bytes);
    bytes[12] |= 0x0f;
    assert_int_equal(tcp_decode(bytes, sizeof bytes, &h), DROP_NONE);
    assert_int_equal(h.flags, TCP_SYN);
    assert_int_equal(h.header_len, 40);
}

static void
any_fixed_fields_round_trip(void **state)
{
    struct rng r;

    (void)state;
    seed_from_clock(&r);
    for (int i = 0; i < 50000; i++) {
        const struct tcp_header h = {
            .src_port = random16(&r),
            .dst_port = random16(&r),
            .seq = random32(&r),
            .ack = random32(&r),
            .window = random16(&r),
            .urgent = random16(&r),
            .flags = random8(&r),
        };
        uint8_t bytes[TCP_HEADER_MAX];
        struct tcp_header again;

        assert_int_equal(tcp_encode(bytes, &h), TCP_HEADER_LEN);
        assert_int_equal(tcp_decode(bytes, TCP_HEADER_LEN, &again), DROP_NONE);
        assert_int_equal(again.src_port, h.src_port);
        assert_int_equal(again.dst_port, h.dst_port);
        assert_int_equal(again.seq, h.seq);
        assert_int_equal(again.ack, h.ack);
        assert_int_equal(again.window, h.window);
        assert_int_equal(again.urgent, h.urgent);
        assert_int_equal(again.flags, h.flags);
        assert_int_equal(again.header_len, TCP_HEADER_LEN);
    }
}

static void
random_bytes_never_pass_unless_lengths_agree(void **state)
{
    unsigned met[DROPS] = {0};
    struct rng r;

    (void)state;
    seed_from_clock(&r);
    for (int i = 0; i < 200000; i++) {
        uint8_t bytes[TCP_HEADER_MAX];
        size_t len = rng_below(&r, sizeof bytes + 1);
        struct tcp_header h;

        rng_fill(&r, bytes, sizeof bytes);
        uint8_t *copy = exact_copy(bytes, len);
        enum drop why = tcp_decode(copy, len, &h);

        met[why]++;
        if (why == DROP_NONE)
            assert_in_range(h.header_len, TCP_HEADER_LEN, len);
        free(copy);
    }
    assert_true(met[DROP_NONE] > 0);
    assert_true(met[DROP_TCP_TOO_SHORT] > 0);
    assert_true(met[DROP_TCP_BAD_DATA_OFFSET] > 0);
    assert_int_equal(met[DROP_NONE] + met[DROP_TCP_TOO_SHORT] +
                         met[DROP_TCP_BAD_DATA_OFFSET],
                     200000);
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(linux_syn_is_decoded),
        cmocka_unit_test(syn_is_encoded_and_summed_as_linux_does),
        cmocka_unit_test(text_is_encoded_with_linux_partial_sum),
        cmocka_unit_test(device_completes_a_partial_sum),
        cmocka_unit_test(complete_checksum_covers_a_payload_elsewhere),
        cmocka_unit_test(checksum_covers_segment_addresses_and_length),
        cmocka_unit_test(every_truncation_is_dropped),
        cmocka_unit_test(data_offset_lies_between_5_words_and_the_segment_end),
        cmocka_unit_test(reserved_bits_are_ignored),
        cmocka_unit_test(any_fixed_fields_round_trip),
        cmocka_unit_test(random_bytes_never_pass_unless_lengths_agree),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
