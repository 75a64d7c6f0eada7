/* SPDX-License-Identifier: MIT */
/* Tests of the Internet checksum against the RFCs' examples and a plain sum of
 * 16-bit words. */
#include "proto/wire/checksum.h"

#include "base/bits.h"
#include "tests/proto/wire/fixture.h"

#include <setjmp.h>
#include <stdarg.h>

#include <cmocka.h>

#define PROTO_TCP 6

/* RFC 1071 section 4.1, word by word. */
static uint16_t
plain_checksum(const uint8_t *p, size_t len)
{
    uint64_t sum = 0;

    for (size_t i = 0; i < len; i += 2)
        sum += (uint64_t)p[i] << 8 | (i + 1 < len ? p[i + 1] : 0);
    while (sum >> 16 != 0)
        sum = (sum & 0xffff) + (sum >> 16);
    return (uint16_t)~sum;
}

static uint16_t
checksum(const void *p, size_t len)
{
    return checksum_fold(checksum_add(0, p, len));
}

static void
rfc_1071_example_sums_to_ddf2(void **state)
{
    static const uint8_t bytes[] = {0x00, 0x01, 0xf2, 0x03,
                                    0xf4, 0xf5, 0xf6, 0xf7};

    (void)state;
    assert_int_equal(checksum(bytes, sizeof bytes), (uint16_t)~0xddf2);
    /* Its odd split: 0001 f2 and then 03f4 f5f6 f700, bytes swapped. */
    uint64_t sum = checksum_add(0, bytes, 3);
    uint64_t piece = checksum_add(0, bytes + 3, 5);
    assert_int_equal(checksum_fold(checksum_join(sum, piece, 3)),
                     (uint16_t)~0xddf2);
}

static void
no_bytes_and_zero_bytes_give_ffff(void **state)
{
    static const uint8_t zeros[100];

    (void)state;
    assert_int_equal(checksum(zeros, 0), 0xffff);
    assert_int_equal(checksum(zeros, sizeof zeros), 0xffff);
}

static void
every_length_and_alignment_agrees_with_the_plain_sum(void **state)
{
    uint8_t bytes[400];
    struct rng r;

    (void)state;
    seed_from_clock(&r);
    rng_fill(&r, bytes, sizeof bytes);
    for (size_t at = 0; at < 17; at++) {
        for (size_t len = 0; len + at <= sizeof bytes; len++)
            assert_int_equal(checksum(bytes + at, len),
                             plain_checksum(bytes + at, len));
    }
}

static void
no_length_reads_behind_its_end(void **state)
{
    uint8_t bytes[200];

    (void)state;
    memset(bytes, 0xa5, sizeof bytes);
    for (size_t len = 0; len <= sizeof bytes; len++) {
        uint8_t *copy = exact_copy(bytes, len);

        assert_int_equal(checksum(copy, len), plain_checksum(copy, len));
        free(copy);
    }
}

static void
no_carry_is_lost(void **state)
{
    static uint8_t bytes[65535];

    (void)state;
    memset(bytes, 0xff, sizeof bytes);
    for (size_t len = sizeof bytes; len > sizeof bytes - 70; len--)
        assert_int_equal(checksum(bytes, len), plain_checksum(bytes, len));
    /* Each step of the fold carries in one of these. */
    static const uint64_t sums[] = {
        UINT64_MAX, 0x00010000ffffffff, 0xffffffff00000001, 0x1fffe,
        0x1ffff,    0xffffffff00010000, 0xfffe0001ffff0001, 0xffff0000ffff,
    };
    for (size_t i = 0; i < ARRAY_LEN(sums); i++) {
        uint8_t word[sizeof sums[i]];

        memcpy(word, &sums[i], sizeof word);
        assert_int_equal(checksum_fold(sums[i]),
                         plain_checksum(word, sizeof word));
    }
    /* A running sum that is about to overflow. */
    assert_int_equal(checksum_fold(checksum_add(UINT64_MAX, bytes, 2)), 0);
    assert_int_equal(checksum_fold(checksum_add(UINT64_MAX, "\0\1", 2)),
                     0xfffe);
}

static void
pieces_cut_anywhere_sum_to_the_whole(void **state)
{
    uint8_t bytes[1500];
    struct rng r;

    (void)state;
    seed_from_clock(&r);
    for (int round = 0; round < 2000; round++) {
        uint64_t sum = 0;

        rng_fill(&r, bytes, sizeof bytes);
        for (size_t at = 0; at < sizeof bytes;) {
            size_t len = 1 + rng_below(&r, sizeof bytes - at);

            sum = checksum_join(sum, checksum_add(0, bytes + at, len), at);
            at += len;
        }
        assert_int_equal(checksum_fold(sum),
                         plain_checksum(bytes, sizeof bytes));
    }
}

static void
even_pieces_continue_a_running_sum(void **state)
{
    uint8_t bytes[301];
    struct rng r;

    (void)state;
    seed_from_clock(&r);
    rng_fill(&r, bytes, sizeof bytes);
    for (size_t cut = 0; cut <= sizeof bytes; cut += 2) {
        uint64_t sum = checksum_add(0, bytes, cut);

        sum = checksum_add(sum, bytes + cut, sizeof bytes - cut);
        assert_int_equal(checksum_fold(sum),
                         plain_checksum(bytes, sizeof bytes));
    }
}

static void
data_with_its_checksum_is_ok_and_any_flipped_bit_is_not(void **state)
{
    uint8_t bytes[61];
    struct rng r;

    (void)state;
    seed_from_clock(&r);
    rng_fill(&r, bytes, sizeof bytes);
    be16_store(bytes + 10, 0);
    be16_store(bytes + 10, checksum(bytes, sizeof bytes));
    assert_true(checksum_ok(checksum_add(0, bytes, sizeof bytes)));
    for (size_t bit = 0; bit < 8 * sizeof bytes; bit++) {
        bytes[bit / 8] ^= (uint8_t)(1 << bit % 8);
        assert_false(checksum_ok(checksum_add(0, bytes, sizeof bytes)));
        bytes[bit / 8] ^= (uint8_t)(1 << bit % 8);
    }
    memset(bytes, 0, sizeof bytes);
    assert_false(checksum_ok(checksum_add(0, bytes, sizeof bytes)));
}

static void
pseudo_header_is_addresses_protocol_and_length(void **state)
{
    static const uint8_t pseudo[] = {10, 7, 0, 1, 10,   7,
                                     0,  9, 0, 6, 0xff, 0xeb};
    struct addr src = addr_v4(0x0a070001);
    struct addr dst = addr_v4(0x0a070009);

    (void)state;
    assert_int_equal(
        checksum_fold(checksum_pseudo_v4(src, dst, PROTO_TCP, 0xffeb)),
        plain_checksum(pseudo, sizeof pseudo));
}

static void
rfc_1624_example_updates_to_0000(void **state)
{
    (void)state;
    assert_int_equal(checksum_update16(0xdd2f, 0x5555, 0x3285), 0x0000);
}

static void
updates_agree_with_computing_anew(void **state)
{
    uint8_t bytes[20];
    struct rng r;

    (void)state;
    seed_from_clock(&r);
    for (int i = 0; i < 100000; i++) {
        rng_fill(&r, bytes, sizeof bytes);
        uint16_t check = checksum(bytes, sizeof bytes);
        uint16_t before = be16_load(bytes + 8);
        uint16_t after = rng_below(&r, 4) == 0 ? 0 : random16(&r);

        be16_store(bytes + 8, after);
        check = checksum_update16(check, before, after);
        assert_int_equal(check, plain_checksum(bytes, sizeof bytes));

        uint32_t before32 = be32_load(bytes + 12);
        uint32_t after32 = random32(&r);

        be32_store(bytes + 12, after32);
        check = checksum_update32(check, before32, after32);
        assert_int_equal(check, plain_checksum(bytes, sizeof bytes));
    }
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(rfc_1071_example_sums_to_ddf2),
        cmocka_unit_test(no_bytes_and_zero_bytes_give_ffff),
        cmocka_unit_test(every_length_and_alignment_agrees_with_the_plain_sum),
        cmocka_unit_test(no_length_reads_behind_its_end),
        cmocka_unit_test(no_carry_is_lost),
        cmocka_unit_test(pieces_cut_anywhere_sum_to_the_whole),
        cmocka_unit_test(even_pieces_continue_a_running_sum),
        cmocka_unit_test(
            data_with_its_checksum_is_ok_and_any_flipped_bit_is_not),
        cmocka_unit_test(pseudo_header_is_addresses_protocol_and_length),
        cmocka_unit_test(rfc_1624_example_updates_to_0000),
        cmocka_unit_test(updates_agree_with_computing_anew),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
