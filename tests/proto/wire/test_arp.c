/* SPDX-License-Identifier: MIT */
/* Tests of ARP packets. */
#include "proto/wire/arp.h"

#include "base/bits.h"
#include "tests/proto/wire/fixture.h"

#include <setjmp.h>
#include <stdarg.h>

#include <cmocka.h>

/* Linux asks who has 10.7.0.9. */
static const uint8_t linux_request[ARP_LEN] = {
    0x00, 0x01, 0x08, 0x00, 6,    4, 0x00, 0x01, 0x02, 0, 0,    0, 0, 0x07,
    0x0a, 0x07, 0x00, 0x01, 0x00, 0, 0,    0,    0,    0, 0x0a, 7, 0, 9,
};

static const struct mac linux_mac = {{0x02, 0, 0, 0, 0, 0x07}};

static void
linux_request_is_decoded(void **state)
{
    const struct mac none = {{0}};
    struct arp a;

    (void)state;
    assert_int_equal(arp_decode(linux_request, ARP_LEN, &a), DROP_NONE);
    assert_int_equal(a.op, ARP_REQUEST);
    assert_true(mac_equal(a.sender_mac, linux_mac));
    assert_true(addr_equal(a.sender, addr_v4(0x0a070001)));
    assert_true(mac_equal(a.target_mac, none));
    assert_true(addr_equal(a.target, addr_v4(0x0a070009)));
}

static void
request_is_encoded_as_linux_does(void **state)
{
    const struct arp a = {
        .op = ARP_REQUEST,
        .sender_mac = linux_mac,
        .sender = addr_v4(0x0a070001),
        .target = addr_v4(0x0a070009),
    };
    uint8_t bytes[ARP_LEN];

    (void)state;
    arp_encode(bytes, &a);
    assert_memory_equal(bytes, linux_request, ARP_LEN);
}

static void
every_truncation_is_dropped(void **state)
{
    (void)state;
    for (size_t len = 0; len < ARP_LEN; len++) {
        uint8_t *copy = exact_copy(linux_request, len);
        struct arp a;

        assert_int_equal(arp_decode(copy, len, &a), DROP_ARP_TRUNCATED);
        free(copy);
    }
}

static void
frame_padding_is_ignored(void **state)
{
    uint8_t padded[46] = {0};
    struct arp a;

    (void)state;
    memcpy(padded, linux_request, ARP_LEN);
    assert_int_equal(arp_decode(padded, sizeof padded, &a), DROP_NONE);
}

static void
other_hardware_protocol_or_lengths_are_dropped(void **state)
{
    (void)state;
    for (size_t at = 0; at < 6; at++) { /* htype, ptype, hlen, plen */
        for (unsigned flip = 1; flip < 256; flip++) {
            uint8_t bytes[ARP_LEN];
            struct arp a;

            memcpy(bytes, linux_request, ARP_LEN);
            bytes[at] ^= (uint8_t)flip;
            assert_int_equal(arp_decode(bytes, ARP_LEN, &a),
                             DROP_ARP_BAD_FORMAT);
        }
    }
}

static void
unknown_opcodes_are_dropped(void **state)
{
    (void)state;
    for (uint32_t op = 0; op <= UINT16_MAX; op++) {
        bool known = op == ARP_REQUEST || op == ARP_REPLY;
        uint8_t bytes[ARP_LEN];
        struct arp a;

        memcpy(bytes, linux_request, ARP_LEN);
        be16_store(bytes + 6, (uint16_t)op);
        assert_int_equal(arp_decode(bytes, ARP_LEN, &a),
                         known ? DROP_NONE : DROP_ARP_BAD_OPCODE);
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
        uint8_t bytes[ARP_LEN + 8];
        size_t len = rng_below(&r, sizeof bytes + 1);
        uint8_t again[ARP_LEN];
        struct arp a;

        rng_fill(&r, bytes, sizeof bytes);
        if (rng_below(&r, 2) == 0)
            memcpy(bytes, linux_request, 8);
        uint8_t *copy = exact_copy(bytes, len);

        if (arp_decode(copy, len, &a) == DROP_NONE) {
            arp_encode(again, &a);
            assert_memory_equal(again, bytes, ARP_LEN);
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
        cmocka_unit_test(linux_request_is_decoded),
        cmocka_unit_test(request_is_encoded_as_linux_does),
        cmocka_unit_test(every_truncation_is_dropped),
        cmocka_unit_test(frame_padding_is_ignored),
        cmocka_unit_test(other_hardware_protocol_or_lengths_are_dropped),
        cmocka_unit_test(unknown_opcodes_are_dropped),
        cmocka_unit_test(random_bytes_decode_to_what_encodes_them),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
