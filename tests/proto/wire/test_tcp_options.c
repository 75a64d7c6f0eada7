/* SPDX-License-Identifier: MIT */
/* Tests of TCP's option list. */
#include "proto/wire/tcp_options.h"

#include "base/bits.h"
#include "tests/proto/wire/fixture.h"

#include <setjmp.h>
#include <stdarg.h>

#include <cmocka.h>

/* From a heap copy without a byte more. String literals' NULs count not. */
static struct tcp_options
decode(const char *bytes, size_t len, uint8_t flags)
{
    uint8_t *copy = exact_copy(bytes, len);
    struct tcp_options opt;

    memset(&opt, 0xee, sizeof opt);
    tcp_options_decode(copy, len, flags, &opt);
    free(copy);
    return opt;
}

#define DECODE(literal, flags) decode(literal, sizeof(literal) - 1, flags)

static void
assert_same(const struct tcp_options *a, const struct tcp_options *b)
{
    assert_int_equal(a->has_mss, b->has_mss);
    assert_int_equal(a->mss, b->mss);
    assert_int_equal(a->has_wscale, b->has_wscale);
    assert_int_equal(a->wscale, b->wscale);
    assert_int_equal(a->sack_permitted, b->sack_permitted);
    assert_int_equal(a->has_timestamps, b->has_timestamps);
    assert_int_equal(a->tsval, b->tsval);
    assert_int_equal(a->tsecr, b->tsecr);
    assert_int_equal(a->sack_count, b->sack_count);
    for (unsigned i = 0; i < a->sack_count; i++) {
        assert_int_equal(a->sack[i].left, b->sack[i].left);
        assert_int_equal(a->sack[i].right, b->sack[i].right);
    }
}

static void
assert_none(struct tcp_options opt)
{
    assert_same(&opt, &(struct tcp_options){0});
}

static void
assert_encodes(const struct tcp_options *opt, uint8_t flags,
               const char *expected, size_t len)
{
    uint8_t bytes[TCP_OPTIONS_MAX];

    assert_int_equal(tcp_options_size(flags, opt), len);
    assert_int_equal(tcp_options_encode(bytes, flags, opt), len);
    assert_memory_equal(bytes, expected, len);
}

#define ASSERT_ENCODES(opt, flags, literal)                                    \
    assert_encodes(opt, flags, literal, sizeof(literal) - 1)

static const struct tcp_options full_syn = {
    .has_mss = true,
    .mss = 1460,
    .sack_permitted = true,
    .has_timestamps = true,
    .tsval = 0x01020304,
    .tsecr = 0x05060708,
    .has_wscale = true,
    .wscale = 7,
};

static const struct tcp_options four_blocks = {
    .sack_count = 4,
    .sack = {{1, 2}, {3, 4}, {5, 6}, {0xfffffff0, 8}},
};

static void
empty_list_is_no_options(void **state)
{
    (void)state;
    assert_none(DECODE("", TCP_SYN));
    assert_none(DECODE("\0\0\0\0", TCP_SYN));
    assert_none(DECODE("\1\1\1\1", TCP_SYN));
}

static void
syn_options_come_in_linux_order(void **state)
{
    struct tcp_options opt = full_syn;

    (void)state;
    ASSERT_ENCODES(&opt, TCP_SYN,
                   "\2\4\5\xb4\4\2\x08\x0a\1\2\3\4\5\6\7\x08\1\3\3\7");
    opt.sack_permitted = false;
    ASSERT_ENCODES(&opt, TCP_SYN | TCP_ACK,
                   "\2\4\5\xb4\1\1\x08\x0a\1\2\3\4\5\6\7\x08\1\3\3\7");
    opt.has_timestamps = false;
    ASSERT_ENCODES(&opt, TCP_SYN, "\2\4\5\xb4\1\3\3\7");
    opt.sack_permitted = true;
    ASSERT_ENCODES(&opt, TCP_SYN, "\2\4\5\xb4\1\1\4\2\1\3\3\7");
    opt.has_mss = false;
    opt.has_wscale = false;
    ASSERT_ENCODES(&opt, TCP_SYN, "\1\1\4\2");
    opt.sack_permitted = false;
    ASSERT_ENCODES(&opt, TCP_SYN, "");
}

static void
timestamps_and_sack_are_padded_in_front(void **state)
{
    struct tcp_options opt = {
        .has_timestamps = true,
        .tsval = 0x01020304,
        .tsecr = 0x05060708,
    };

    (void)state;
    ASSERT_ENCODES(&opt, TCP_ACK, "\1\1\x08\x0a\1\2\3\4\5\6\7\x08");
    opt.sack_count = 1;
    opt.sack[0] = (struct tcp_sack){0x0a0b0c0d, 0x0e0f1011};
    ASSERT_ENCODES(&opt, TCP_ACK,
                   "\1\1\x08\x0a\1\2\3\4\5\6\7\x08"
                   "\1\1\5\x0a\x0a\x0b\x0c\x0d\x0e\x0f\x10\x11");
    opt.has_timestamps = false;
    ASSERT_ENCODES(&opt, TCP_ACK, "\1\1\5\x0a\x0a\x0b\x0c\x0d\x0e\x0f\x10\x11");
}

static void
as_many_sack_blocks_are_sent_as_fit(void **state)
{
    struct tcp_options opt = four_blocks;
    uint8_t bytes[TCP_OPTIONS_MAX];
    struct tcp_options again;

    (void)state;
    assert_int_equal(tcp_options_encode(bytes, TCP_ACK, &opt), 36);
    tcp_options_decode(bytes, 36, TCP_ACK, &again);
    assert_same(&again, &four_blocks);

    opt.has_timestamps = true;
    assert_int_equal(tcp_options_encode(bytes, TCP_ACK, &opt), 40);
    tcp_options_decode(bytes, 40, TCP_ACK, &again);
    opt.sack_count = 3;
    assert_same(&again, &opt);
}

static void
options_of_the_other_kind_of_segment_are_not_sent(void **state)
{
    struct tcp_options opt = full_syn;

    (void)state;
    opt.has_timestamps = false;
    ASSERT_ENCODES(&opt, TCP_ACK, "");
    ASSERT_ENCODES(&four_blocks, TCP_SYN, "");
}

static void
options_of_the_other_kind_of_segment_are_passed_over(void **state)
{
    struct tcp_options opt =
        DECODE("\2\4\5\xb4\4\2\x08\x0a\1\2\3\4\5\6\7\x08\1\3\3\7", TCP_ACK);

    (void)state;
    assert_true(opt.has_timestamps);
    assert_false(opt.has_mss || opt.has_wscale || opt.sack_permitted);
    assert_none(DECODE("\5\x0a\1\2\3\4\5\6\7\x08", TCP_SYN));
}

static void
window_scale_above_14_counts_as_14(void **state)
{
    (void)state;
    for (unsigned shift = 0; shift < 256; shift++) {
        const char bytes[] = {3, 3, (char)shift};
        struct tcp_options opt = decode(bytes, sizeof bytes, TCP_SYN);

        assert_true(opt.has_wscale);
        assert_int_equal(opt.wscale, min_u32(shift, 14));
    }
}

static void
mss_of_0_counts_as_none(void **state)
{
    struct tcp_options opt = DECODE("\2\4\0\0", TCP_SYN);

    (void)state;
    assert_none(opt);
    opt = DECODE("\2\4\0\1", TCP_SYN);
    assert_true(opt.has_mss);
    assert_int_equal(opt.mss, 1);
}

static void
wrong_fixed_lengths_are_passed_over(void **state)
{
    (void)state;
    assert_none(DECODE("\2\3\5", TCP_SYN));
    assert_none(DECODE("\2\5\5\xb4\1", TCP_SYN));
    assert_none(DECODE("\3\2", TCP_SYN));
    assert_none(DECODE("\3\4\7\7", TCP_SYN));
    assert_none(DECODE("\4\3\1", TCP_SYN));
    assert_none(DECODE("\x08\x09\1\2\3\4\5\6\7", TCP_SYN));
    assert_none(DECODE("\x08\x0b\1\2\3\4\5\6\7\x08\x09", TCP_ACK));
    assert_none(DECODE("\5\2", TCP_ACK));
    assert_none(DECODE("\5\x09\1\2\3\4\5\6\7", TCP_ACK));
    assert_none(DECODE("\5\x0b\1\2\3\4\5\6\7\x08\x09", TCP_ACK));
    /* and what follows them still counts */
    assert_true(DECODE("\2\3\5\4\2", TCP_SYN).sack_permitted);
}

static void
unknown_options_are_passed_over(void **state)
{
    (void)state;
    assert_true(DECODE("\xfe\4\xf9\x89\4\2", TCP_SYN).sack_permitted);
    assert_true(DECODE("\x22\2\4\2", TCP_SYN).sack_permitted);
}

/* tcp_parse_options() of Linux returns at the fault and keeps what it has. */
static void
fault_ends_the_list_and_keeps_what_came_before(void **state)
{
    static const struct {
        const char *bytes;
        size_t len;
    } faulty[] = {
        {"\4\2\3\0\3\7", 6},         /* length 0 */
        {"\4\2\3\1\3\3\7", 7},       /* length 1 */
        {"\4\2\3", 3},               /* no length */
        {"\4\2\3\3", 4},             /* no value */
        {"\4\2\x08\x0a\1\2\3\4", 8}, /* past the end */
        {"\4\2\xfd\xff\3\3\7", 7},   /* far past the end */
        {"\4\2\0\3\3\7", 6},         /* end of list */
    };

    (void)state;
    for (size_t i = 0; i < ARRAY_LEN(faulty); i++) {
        struct tcp_options opt =
            decode(faulty[i].bytes, faulty[i].len, TCP_SYN);

        assert_true(opt.sack_permitted);
        assert_false(opt.has_wscale || opt.has_timestamps);
    }
}

static void
of_two_alike_the_last_holds(void **state)
{
    (void)state;
    assert_int_equal(DECODE("\2\4\5\xb4\2\4\2\x18", TCP_SYN).mss, 536);
    assert_int_equal(DECODE("\3\3\7\3\3\2", TCP_SYN).wscale, 2);
}

static void
any_truncation_of_a_list_is_a_prefix_of_it(void **state)
{
    static const char list[] =
        "\2\4\5\xb4\4\2\x08\x0a\1\2\3\4\5\6\7\x08\1\3\3\7";

    (void)state;
    for (size_t len = 0; len < sizeof list; len++) {
        struct tcp_options opt = decode(list, len, TCP_SYN);

        assert_int_equal(opt.has_mss, len >= 4);
        assert_int_equal(opt.sack_permitted, len >= 6);
        assert_int_equal(opt.has_timestamps, len >= 16);
        assert_int_equal(opt.has_wscale, len >= 20);
    }
}

/* Random lists, made of kinds and lengths that are worth trying. */
static size_t
random_list(struct rng *r, char bytes[TCP_OPTIONS_MAX])
{
    static const uint8_t kinds[] = {0, 1, 1, 2, 3, 4, 5, 8, 8, 254};
    static const uint8_t lens[] = {0, 1, 2, 3, 4, 10, 10, 18, 26, 34, 40, 255};
    size_t len = rng_below(r, TCP_OPTIONS_MAX + 1);

    rng_fill(r, bytes, TCP_OPTIONS_MAX);
    for (size_t at = 0; at + 1 < len && rng_below(r, 8) != 0;) {
        uint8_t opt_len = lens[rng_below(r, sizeof lens)];

        bytes[at] = (char)kinds[rng_below(r, sizeof kinds)];
        bytes[at + 1] = (char)opt_len;
        at += opt_len > 1 ? opt_len : 1;
    }
    return len;
}

static void
random_lists_decode_to_what_round_trips(void **state)
{
    unsigned timestamps = 0;
    unsigned sacks = 0;
    struct rng r;

    (void)state;
    seed_from_clock(&r);
    for (int i = 0; i < 300000; i++) {
        char bytes[TCP_OPTIONS_MAX];
        uint8_t again[TCP_OPTIONS_MAX];
        uint8_t flags = random8(&r);
        size_t len = random_list(&r, bytes);
        struct tcp_options opt = decode(bytes, len, flags);
        struct tcp_options back;

        assert_in_range(opt.sack_count, 0, TCP_SACK_MAX);
        assert_in_range(opt.wscale, 0, TCP_WSCALE_MAX);
        assert_int_equal(opt.has_mss, opt.mss != 0);
        assert_false(opt.sack_count > 0 && flags & TCP_SYN);

        size_t size = tcp_options_encode(again, flags, &opt);

        assert_int_equal(size, tcp_options_size(flags, &opt));
        assert_int_equal(size % 4, 0);
        assert_in_range(size, 0, TCP_OPTIONS_MAX);
        tcp_options_decode(again, size, flags, &back);
        assert_same(&back, &opt);
        timestamps += opt.has_timestamps;
        sacks += opt.sack_count > 0;
    }
    assert_true(timestamps > 0);
    assert_true(sacks > 0);
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(empty_list_is_no_options),
        cmocka_unit_test(syn_options_come_in_linux_order),
        cmocka_unit_test(timestamps_and_sack_are_padded_in_front),
        cmocka_unit_test(as_many_sack_blocks_are_sent_as_fit),
        cmocka_unit_test(options_of_the_other_kind_of_segment_are_not_sent),
        cmocka_unit_test(options_of_the_other_kind_of_segment_are_passed_over),
        cmocka_unit_test(window_scale_above_14_counts_as_14),
        cmocka_unit_test(mss_of_0_counts_as_none),
        cmocka_unit_test(wrong_fixed_lengths_are_passed_over),
        cmocka_unit_test(unknown_options_are_passed_over),
        cmocka_unit_test(fault_ends_the_list_and_keeps_what_came_before),
        cmocka_unit_test(of_two_alike_the_last_holds),
        cmocka_unit_test(any_truncation_of_a_list_is_a_prefix_of_it),
        cmocka_unit_test(random_lists_decode_to_what_round_trips),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
