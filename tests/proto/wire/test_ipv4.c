/* SPDX-License-Identifier: MIT */
/* Tests of the IPv4 header. */
#include "proto/wire/ipv4.h"

#include "base/bits.h"
#include "proto/wire/checksum.h"
#include "tests/proto/wire/fixture.h"

#include <setjmp.h>
#include <stdarg.h>

#include <cmocka.h>

/* The header of Linux's SYN from 10.7.0.1 to 10.7.0.9. */
static const uint8_t linux_header[IPV4_HEADER_LEN] = {
    0x45, 0x00, 0x00, 0x3c, 0xec, 0x68, 0x40, 0x00, 0x40, 0x06,
    0x3a, 0x3c, 0x0a, 0x07, 0x00, 0x01, 0x0a, 0x07, 0x00, 0x09,
};

#define LINUX_TOTAL_LEN 60

static void
mend_checksum(uint8_t *header)
{
    size_t len = (size_t)(header[0] & 0xf) * 4;

    be16_store(header + 10, 0);
    be16_store(header + 10, checksum_fold(checksum_add(0, header, len)));
}

/* Linux's header with one byte changed and the checksum right again. */
static enum drop
decode_changed(size_t at, uint8_t value, size_t available)
{
    uint8_t bytes[IPV4_HEADER_MAX] = {0};
    struct ipv4 ip;

    memcpy(bytes, linux_header, sizeof linux_header);
    bytes[at] = value;
    mend_checksum(bytes);
    return ipv4_decode(bytes, sizeof bytes, available, &ip);
}

/* A header with these options, padded with zeros to a multiple of 4. */
static enum drop
decode_options(const char *options, size_t len)
{
    uint8_t bytes[IPV4_HEADER_MAX] = {0};
    size_t header_len = IPV4_HEADER_LEN + bits_round_up(len, 4);
    struct ipv4 ip;

    memcpy(bytes, linux_header, sizeof linux_header);
    memcpy(bytes + IPV4_HEADER_LEN, options, len);
    bytes[0] = (uint8_t)(0x40 | header_len / 4);
    mend_checksum(bytes);
    uint8_t *copy = exact_copy(bytes, header_len);
    enum drop why = ipv4_decode(copy, header_len, LINUX_TOTAL_LEN, &ip);

    free(copy);
    if (why == DROP_NONE)
        assert_int_equal(ip.header_len, header_len);
    return why;
}

static void
assert_same(const struct ipv4 *a, const struct ipv4 *b)
{
    assert_true(addr_equal(a->src, b->src));
    assert_true(addr_equal(a->dst, b->dst));
    assert_int_equal(a->ttl, b->ttl);
    assert_int_equal(a->proto, b->proto);
    assert_int_equal(a->tos, b->tos);
    assert_int_equal(a->total_len, b->total_len);
    assert_int_equal(a->id, b->id);
    assert_int_equal(a->frag_offset, b->frag_offset);
    assert_int_equal(a->more, b->more);
    assert_int_equal(a->dont_fragment, b->dont_fragment);
}

static const struct ipv4 linux_fields = {
    .src = {{[10] = 0xff, 0xff, 10, 7, 0, 1}},
    .dst = {{[10] = 0xff, 0xff, 10, 7, 0, 9}},
    .ttl = 64,
    .proto = IP_PROTO_TCP,
    .header_len = IPV4_HEADER_LEN,
    .total_len = LINUX_TOTAL_LEN,
    .id = 0xec68,
    .dont_fragment = true,
};

static void
linux_header_is_decoded(void **state)
{
    struct ipv4 ip;

    (void)state;
    assert_int_equal(
        ipv4_decode(linux_header, sizeof linux_header, LINUX_TOTAL_LEN, &ip),
        DROP_NONE);
    assert_same(&ip, &linux_fields);
    assert_int_equal(ip.header_len, IPV4_HEADER_LEN);
    assert_false(ipv4_is_fragment(&ip));
}

static void
header_is_encoded_as_linux_does(void **state)
{
    uint8_t bytes[IPV4_HEADER_LEN];

    (void)state;
    ipv4_encode(bytes, &linux_fields);
    assert_memory_equal(bytes, linux_header, sizeof bytes);
}

static void
every_truncation_is_dropped(void **state)
{
    uint8_t longest[IPV4_HEADER_MAX] = {0};

    (void)state;
    memcpy(longest, linux_header, sizeof linux_header);
    longest[0] = 0x4f;
    mend_checksum(longest);
    for (size_t len = 0; len < sizeof longest; len++) {
        uint8_t *copy = exact_copy(longest, len);
        struct ipv4 ip;

        assert_int_equal(ipv4_decode(copy, len, len, &ip),
                         len < IPV4_HEADER_LEN ? DROP_IP_TOO_SHORT
                                               : DROP_IP_BAD_HEADER_LENGTH);
        free(copy);
    }
}

static void
other_versions_are_dropped(void **state)
{
    (void)state;
    for (unsigned version = 0; version < 16; version++) {
        assert_int_equal(
            decode_changed(0, (uint8_t)(version << 4 | 5), LINUX_TOTAL_LEN),
            version == 4 ? DROP_NONE : DROP_IP_BAD_VERSION);
    }
}

static void
header_length_below_20_is_dropped(void **state)
{
    (void)state;
    for (unsigned ihl = 0; ihl < 16; ihl++) {
        assert_int_equal(
            decode_changed(0, (uint8_t)(0x40 | ihl), LINUX_TOTAL_LEN),
            ihl < 5 ? DROP_IP_BAD_HEADER_LENGTH : DROP_NONE);
    }
}

static void
total_length_lies_between_header_and_frame(void **state)
{
    (void)state;
    for (unsigned total = 0; total < 256; total++) {
        bool fits = total >= IPV4_HEADER_LEN && total <= 100;

        assert_int_equal(decode_changed(3, (uint8_t)total, 100),
                         fits ? DROP_NONE : DROP_IP_BAD_TOTAL_LENGTH);
    }
}

static void
gso_packet_of_65535_bytes_is_taken(void **state)
{
    struct ipv4 ip = linux_fields;
    uint8_t bytes[IPV4_HEADER_LEN];

    (void)state;
    ip.total_len = IPV4_PACKET_MAX;
    ipv4_encode(bytes, &ip);
    assert_int_equal(ipv4_decode(bytes, sizeof bytes, IPV4_PACKET_MAX, &ip),
                     DROP_NONE);
    assert_int_equal(ip.total_len, IPV4_PACKET_MAX);
    assert_int_equal(ipv4_decode(bytes, sizeof bytes, IPV4_PACKET_MAX - 1, &ip),
                     DROP_IP_BAD_TOTAL_LENGTH);
}

static void
damage_is_dropped(void **state)
{
    (void)state;
    for (size_t bit = 8; bit < 8 * sizeof linux_header; bit++) {
        uint8_t bytes[IPV4_HEADER_LEN];
        struct ipv4 ip;

        memcpy(bytes, linux_header, sizeof bytes);
        bytes[bit / 8] ^= (uint8_t)(1 << bit % 8);
        assert_int_equal(ipv4_decode(bytes, sizeof bytes, LINUX_TOTAL_LEN, &ip),
                         DROP_IP_BAD_CHECKSUM);
    }
}

static void
fragments_are_told_with_their_offset_in_bytes(void **state)
{
    struct ipv4 ip = linux_fields;
    uint8_t bytes[IPV4_HEADER_LEN];

    (void)state;
    ip.dont_fragment = false;
    ip.frag_offset = 1480;
    ipv4_encode(bytes, &ip);
    assert_int_equal(be16_load(bytes + 6), 185);
    assert_int_equal(ipv4_decode(bytes, sizeof bytes, 60, &ip), DROP_NONE);
    assert_int_equal(ip.frag_offset, 1480);
    assert_true(ipv4_is_fragment(&ip));

    ip.frag_offset = 0;
    ip.more = true;
    ipv4_encode(bytes, &ip);
    assert_int_equal(be16_load(bytes + 6), 0x2000);
    assert_int_equal(ipv4_decode(bytes, sizeof bytes, 60, &ip), DROP_NONE);
    assert_true(ip.more);
    assert_true(ipv4_is_fragment(&ip));
}

static void
well_formed_options_are_passed_over(void **state)
{
    (void)state;
    assert_int_equal(decode_options("\1\1\1\1", 4), DROP_NONE);
    assert_int_equal(decode_options("\x94\4\0\0", 4), DROP_NONE);
    assert_int_equal(decode_options("\1\7\7\4\0\0\0\0", 8), DROP_NONE);
    assert_int_equal(decode_options("\x44\2", 2), DROP_NONE);
    /* Behind the end of the list lies nothing that counts. */
    assert_int_equal(decode_options("\0\x83\1\1", 4), DROP_NONE);
}

static void
options_without_room_or_length_are_dropped(void **state)
{
    (void)state;
    assert_int_equal(decode_options("\1\1\1\7", 4), DROP_IP_BAD_OPTIONS);
    assert_int_equal(decode_options("\7\0\0\0", 4), DROP_IP_BAD_OPTIONS);
    assert_int_equal(decode_options("\7\1\0\0", 4), DROP_IP_BAD_OPTIONS);
    assert_int_equal(decode_options("\7\5\0\0", 4), DROP_IP_BAD_OPTIONS);
    assert_int_equal(decode_options("\1\1\7\3", 4), DROP_IP_BAD_OPTIONS);
}

static void
source_routes_are_dropped(void **state)
{
    (void)state;
    assert_int_equal(decode_options("\x83\7\4\1\2\3\4", 7),
                     DROP_IP_SOURCE_ROUTE);
    assert_int_equal(decode_options("\1\x89\7\4\1\2\3\4", 8),
                     DROP_IP_SOURCE_ROUTE);
}

static void
any_fields_round_trip(void **state)
{
    struct rng r;

    (void)state;
    seed_from_clock(&r);
    for (int i = 0; i < 50000; i++) {
        const struct ipv4 ip = {
            .src = addr_v4(random32(&r)),
            .dst = addr_v4(random32(&r)),
            .ttl = random8(&r),
            .proto = random8(&r),
            .tos = random8(&r),
            .total_len = (uint16_t)(20 + rng_below(&r, 65516)),
            .id = random16(&r),
            .frag_offset = (uint16_t)(random16(&r) & ~7),
            .more = rng_below(&r, 2) == 0,
            .dont_fragment = rng_below(&r, 2) == 0,
        };
        uint8_t bytes[IPV4_HEADER_LEN];
        struct ipv4 again;

        ipv4_encode(bytes, &ip);
        assert_int_equal(ipv4_decode(bytes, sizeof bytes, ip.total_len, &again),
                         DROP_NONE);
        assert_same(&again, &ip);
    }
}

static void
decremented_ttl_keeps_the_checksum_right(void **state)
{
    struct rng r;

    (void)state;
    seed_from_clock(&r);
    for (int i = 0; i < 50000; i++) {
        uint8_t bytes[IPV4_HEADER_LEN];
        struct ipv4 ip = linux_fields;
        struct ipv4 after;

        ip.id = random16(&r);
        ip.ttl = (uint8_t)(1 + rng_below(&r, 255));
        ipv4_encode(bytes, &ip);
        ipv4_decrement_ttl(bytes);
        assert_int_equal(ipv4_decode(bytes, sizeof bytes, 60, &after),
                         DROP_NONE);
        ip.ttl--;
        assert_same(&after, &ip);
    }
}

/* Random bytes alone would end at the version or the checksum. */
static void
make_plausible(struct rng *r, uint8_t bytes[IPV4_HEADER_MAX])
{
    static const uint8_t kinds[] = {0, 1, 7, 131, 137};

    bytes[0] = (uint8_t)(0x40 | (4 + rng_below(r, 12)));
    be16_store(bytes + 2, (uint16_t)rng_below(r, 200));
    bytes[IPV4_HEADER_LEN] = kinds[rng_below(r, sizeof kinds)];
    bytes[IPV4_HEADER_LEN + 1] = (uint8_t)rng_below(r, 8);
    mend_checksum(bytes);
}

static void
random_bytes_never_pass_unless_lengths_agree(void **state)
{
    static const enum drop possible[] = {
        DROP_NONE,
        DROP_IP_TOO_SHORT,
        DROP_IP_BAD_VERSION,
        DROP_IP_BAD_OPTIONS,
        DROP_IP_BAD_HEADER_LENGTH,
        DROP_IP_BAD_CHECKSUM,
        DROP_IP_SOURCE_ROUTE,
        DROP_IP_BAD_TOTAL_LENGTH,
    };
    unsigned met[DROPS] = {0};
    struct rng r;

    (void)state;
    seed_from_clock(&r);
    for (int i = 0; i < 200000; i++) {
        uint8_t bytes[IPV4_HEADER_MAX];
        size_t len = rng_below(&r, sizeof bytes + 1);
        struct ipv4 ip;

        rng_fill(&r, bytes, sizeof bytes);
        if (rng_below(&r, 2) == 0)
            make_plausible(&r, bytes);
        size_t available = len < sizeof bytes ? len : rng_below(&r, 1000) + len;
        uint8_t *copy = exact_copy(bytes, len);
        enum drop why = ipv4_decode(copy, len, available, &ip);

        met[why]++;
        if (why == DROP_NONE) {
            assert_in_range(ip.header_len, IPV4_HEADER_LEN, len);
            assert_in_range(ip.total_len, ip.header_len, available);
        }
        free(copy);
    }
    for (size_t i = 0; i < ARRAY_LEN(possible); i++) {
        assert_true(met[possible[i]] > 0);
        met[possible[i]] = 0;
    }
    for (size_t why = 0; why < DROPS; why++)
        assert_int_equal(met[why], 0);
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(linux_header_is_decoded),
        cmocka_unit_test(header_is_encoded_as_linux_does),
        cmocka_unit_test(every_truncation_is_dropped),
        cmocka_unit_test(other_versions_are_dropped),
        cmocka_unit_test(header_length_below_20_is_dropped),
        cmocka_unit_test(total_length_lies_between_header_and_frame),
        cmocka_unit_test(gso_packet_of_65535_bytes_is_taken),
        cmocka_unit_test(damage_is_dropped),
        cmocka_unit_test(fragments_are_told_with_their_offset_in_bytes),
        cmocka_unit_test(well_formed_options_are_passed_over),
        cmocka_unit_test(options_without_room_or_length_are_dropped),
        cmocka_unit_test(source_routes_are_dropped),
        cmocka_unit_test(any_fields_round_trip),
        cmocka_unit_test(decremented_ttl_keeps_the_checksum_right),
        cmocka_unit_test(random_bytes_never_pass_unless_lengths_agree),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
