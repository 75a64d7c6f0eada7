/* SPDX-License-Identifier: MIT */
/* Tests of the ICMP header and of echo. */
#include "proto/wire/icmp.h"

#include "proto/wire/checksum.h"
#include "tests/proto/wire/fixture.h"

#include <setjmp.h>
#include <stdarg.h>

#include <cmocka.h>

/* Linux pings with the payload "skink": five bytes, an odd number. */
static const uint8_t linux_ping[] = {
    0x08, 0x00, 0x69, 0x95, 0x46, 0x8f, 0x00, 0x01, 's', 'k', 'i', 'n', 'k',
};

static uint64_t
payload_sum(const uint8_t *message, size_t len)
{
    return checksum_add(0, message + ICMP_HEADER_LEN, len - ICMP_HEADER_LEN);
}

/* Mends the checksum first, so that what comes after it is reached. */
static enum drop
decode_mended(uint8_t *message, size_t len, struct icmp_echo *e)
{
    be16_store(message + 2, 0);
    be16_store(message + 2, checksum_fold(checksum_add(0, message, len)));
    return icmp_echo_decode(message, len, payload_sum(message, len), e);
}

static void
linux_ping_is_decoded(void **state)
{
    struct icmp_echo e;

    (void)state;
    assert_int_equal(
        icmp_echo_decode(linux_ping, sizeof linux_ping,
                         payload_sum(linux_ping, sizeof linux_ping), &e),
        DROP_NONE);
    assert_int_equal(e.type, ICMP_ECHO_REQUEST);
    assert_int_equal(e.id, 0x468f);
    assert_int_equal(e.seq, 1);
}

static void
ping_is_encoded_as_linux_does(void **state)
{
    const struct icmp_echo e = {ICMP_ECHO_REQUEST, 0x468f, 1};
    uint8_t header[ICMP_HEADER_LEN];

    (void)state;
    icmp_echo_encode(header, &e, payload_sum(linux_ping, sizeof linux_ping));
    assert_memory_equal(header, linux_ping, ICMP_HEADER_LEN);
}

static void
any_header_comes_back_as_it_was(void **state)
{
    const struct icmp_header in = {ICMP_DEST_UNREACHABLE, ICMP_FRAG_NEEDED,
                                   0x12345678};
    uint8_t message[ICMP_HEADER_LEN + 3] = {[ICMP_HEADER_LEN] = 1, 2, 3};
    static const uint8_t fields[] = {0x12, 0x34, 0x56, 0x78};
    struct icmp_header out;

    (void)state;
    icmp_encode(message, &in, payload_sum(message, sizeof message));
    assert_int_equal(message[0], ICMP_DEST_UNREACHABLE);
    assert_int_equal(message[1], ICMP_FRAG_NEEDED);
    assert_memory_equal(message + 4, fields, sizeof fields);
    assert_int_equal(icmp_decode(message, sizeof message,
                                 payload_sum(message, sizeof message), &out),
                     DROP_NONE);
    assert_int_equal(out.type, in.type);
    assert_int_equal(out.code, in.code);
    assert_int_equal(out.rest, in.rest);
    message[7]++;
    assert_int_equal(icmp_decode(message, sizeof message,
                                 payload_sum(message, sizeof message), &out),
                     DROP_ICMP_BAD_CHECKSUM);
}

static void
every_truncation_is_dropped(void **state)
{
    (void)state;
    for (size_t len = 0; len < ICMP_HEADER_LEN; len++) {
        uint8_t *copy = exact_copy(linux_ping, len);
        struct icmp_echo e;

        assert_int_equal(icmp_echo_decode(copy, len, 0, &e),
                         DROP_ICMP_TRUNCATED);
        free(copy);
    }
}

static void
damage_to_header_or_payload_is_dropped(void **state)
{
    (void)state;
    for (size_t at = 0; at < sizeof linux_ping; at++) {
        uint8_t bytes[sizeof linux_ping];
        struct icmp_echo e;

        memcpy(bytes, linux_ping, sizeof bytes);
        bytes[at] ^= 0x10;
        assert_int_equal(icmp_echo_decode(bytes, sizeof bytes,
                                          payload_sum(bytes, sizeof bytes), &e),
                         DROP_ICMP_BAD_CHECKSUM);
    }
}

static void
other_types_and_codes_are_ignored(void **state)
{
    (void)state;
    for (unsigned type = 0; type < 256; type++) {
        for (unsigned code = 0; code < 256; code++) {
            bool echo = (type == 0 || type == 8) && code == 0;
            uint8_t bytes[sizeof linux_ping];
            struct icmp_echo e;

            memcpy(bytes, linux_ping, sizeof bytes);
            bytes[0] = (uint8_t)type;
            bytes[1] = (uint8_t)code;
            assert_int_equal(decode_mended(bytes, sizeof bytes, &e),
                             echo ? DROP_NONE : DROP_ICMP_IGNORED);
        }
    }
}

static void
random_bytes_decode_to_what_encodes_them(void **state)
{
    struct rng r;
    unsigned taken = 0;

    (void)state;
    seed_from_clock(&r);
    for (int i = 0; i < 100000; i++) {
        uint8_t bytes[40];
        size_t len =
            ICMP_HEADER_LEN + rng_below(&r, sizeof bytes - ICMP_HEADER_LEN + 1);
        uint8_t again[ICMP_HEADER_LEN];
        struct icmp_echo e;

        rng_fill(&r, bytes, sizeof bytes);
        bytes[0] &= 0x08;
        bytes[1] &= 0x01;
        uint8_t *copy = exact_copy(bytes, len);

        if (decode_mended(copy, len, &e) == DROP_NONE) {
            icmp_echo_encode(again, &e, payload_sum(copy, len));
            assert_memory_equal(again, copy, ICMP_HEADER_LEN);
            taken++;
        }
        free(copy);
    }
    assert_true(taken > 0);
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(linux_ping_is_decoded),
        cmocka_unit_test(any_header_comes_back_as_it_was),
        cmocka_unit_test(ping_is_encoded_as_linux_does),
        cmocka_unit_test(every_truncation_is_dropped),
        cmocka_unit_test(damage_to_header_or_payload_is_dropped),
        cmocka_unit_test(other_types_and_codes_are_ignored),
        cmocka_unit_test(random_bytes_decode_to_what_encodes_them),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
