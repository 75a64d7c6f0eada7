/* SPDX-License-Identifier: MIT */
/* SipHash against its authors' vectors, and what the checksum must find. */
#include "base/hash.h"

#include "base/bits.h"
#include "base/rng.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include <time.h>

#include <cmocka.h>

#define RECORD 400 /* bytes, about a connection's image */

static const struct hash_key reference_key = {
    {UINT64_C(0x0706050403020100), UINT64_C(0x0f0e0d0c0b0a0908)}};

/* Input 00, 01, 02... of length n; from the authors' reference code, where
 * length 15 is the example of the paper's appendix A. */
static void
keyed_hash_gives_the_reference_vectors(void **state)
{
    static const struct {
        size_t len;
        uint64_t hash;
    } vectors[] = {
        {0, UINT64_C(0x726fdb47dd0e0e31)},  {1, UINT64_C(0x74f839c593dc67fd)},
        {2, UINT64_C(0x0d6c8009d9a94f5a)},  {3, UINT64_C(0x85676696d7fb7e2d)},
        {7, UINT64_C(0xab0200f58b01d137)},  {8, UINT64_C(0x93f5f5799a932462)},
        {15, UINT64_C(0xa129ca6149be45e5)}, {63, UINT64_C(0x958a324ceb064572)},
    };
    unsigned char input[64];

    (void)state;
    for (unsigned i = 0; i < sizeof input; i++)
        input[i] = (unsigned char)i;
    for (size_t i = 0; i < ARRAY_LEN(vectors); i++)
        assert_true(hash_keyed(&reference_key, input, vectors[i].len) ==
                    vectors[i].hash);
}

static void
other_key_gives_another_hash(void **state)
{
    struct hash_key other = reference_key;

    (void)state;
    other.k[1] ^= 1;
    assert_true(hash_keyed(&other, "x", 1) !=
                hash_keyed(&reference_key, "x", 1));
}

static void
zeros_of_each_length_have_their_own_checksum(void **state)
{
    static const unsigned char zeros[128];
    uint64_t sums[sizeof zeros + 1];

    (void)state;
    for (size_t len = 0; len <= sizeof zeros; len++) {
        sums[len] = hash_checksum(zeros, len);
        assert_true(sums[len] != 0);
        for (size_t i = 0; i < len; i++)
            assert_true(sums[i] != sums[len]);
    }
}

static void
every_flipped_bit_changes_the_checksum(void **state)
{
    unsigned char record[RECORD + 3];
    struct rng r;
    uint64_t sum;

    (void)state;
    rng_seed(&r, 1);
    rng_fill(&r, record, sizeof record);
    sum = hash_checksum(record, sizeof record);
    for (size_t bit = 0; bit < 8 * sizeof record; bit++) {
        record[bit / 8] ^= (unsigned char)(1U << bit % 8);
        assert_true(hash_checksum(record, sizeof record) != sum);
        record[bit / 8] ^= (unsigned char)(1U << bit % 8);
    }
    assert_true(hash_checksum(record, sizeof record) == sum);
}

/* A writer killed at any byte: new bytes up to there, old ones behind. */
static void
record_torn_at_any_byte_is_found(void **state)
{
    unsigned char before[RECORD], after[RECORD], torn[RECORD];
    uint64_t seed = (uint64_t)time(NULL);
    struct rng r;

    (void)state;
    print_message("seed %llu\n", (unsigned long long)seed);
    rng_seed(&r, seed);
    rng_fill(&r, before, sizeof before);
    rng_fill(&r, after, sizeof after);
    before[0] = (unsigned char)~after[0];
    before[RECORD - 1] = (unsigned char)~after[RECORD - 1];
    for (size_t cut = 1; cut < RECORD; cut++) {
        memcpy(torn, after, cut);
        memcpy(torn + cut, before + cut, RECORD - cut);
        assert_true(hash_checksum(torn, RECORD) !=
                    hash_checksum(after, RECORD));
        assert_true(hash_checksum(torn, RECORD) !=
                    hash_checksum(before, RECORD));
    }
}

static void
swapped_words_are_found(void **state)
{
    uint64_t words[16], sum;
    struct rng r;

    (void)state;
    rng_seed(&r, 2);
    rng_fill(&r, words, sizeof words);
    sum = hash_checksum(words, sizeof words);
    for (size_t i = 0; i < 16; i++) {
        for (size_t j = i + 1; j < 16; j++) {
            uint64_t swapped[16];

            memcpy(swapped, words, sizeof words);
            swapped[i] = words[j];
            swapped[j] = words[i];
            assert_true(hash_checksum(swapped, sizeof swapped) != sum);
        }
    }
}

static void
checksum_does_not_depend_on_alignment(void **state)
{
    unsigned char buf[RECORD + 8];
    struct rng r;
    uint64_t sum;

    (void)state;
    rng_seed(&r, 3);
    rng_fill(&r, buf, RECORD);
    sum = hash_checksum(buf, RECORD);
    for (size_t shift = 1; shift < 8; shift++) {
        memmove(buf + shift, buf + shift - 1, RECORD);
        assert_true(hash_checksum(buf + shift, RECORD) == sum);
    }
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(keyed_hash_gives_the_reference_vectors),
        cmocka_unit_test(other_key_gives_another_hash),
        cmocka_unit_test(zeros_of_each_length_have_their_own_checksum),
        cmocka_unit_test(every_flipped_bit_changes_the_checksum),
        cmocka_unit_test(record_torn_at_any_byte_is_found),
        cmocka_unit_test(swapped_words_are_found),
        cmocka_unit_test(checksum_does_not_depend_on_alignment),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
