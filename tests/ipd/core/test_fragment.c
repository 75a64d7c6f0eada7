/* SPDX-License-Identifier: MIT */
/* Tests of cutting datagrams into fragments. */
#include "tests/ipd/core/two_links.h"

#include "ipd/core/frag.h"
#include "ipd/core/fragment.h"
#include "tests/proto/wire/fixture.h"

static struct ipv4
original(void)
{
    return (struct ipv4){
        .src = addr_v4(OURS),
        .dst = addr_v4(PEER),
        .ttl = 64,
        .proto = IP_PROTO_UDP,
        .tos = 0x10,
        .id = 0x4321,
    };
}

/* The header says what the piece says. */
static struct ipv4
decoded(const struct fragment *piece)
{
    struct ipv4 ip;

    assert_int_equal(ipv4_decode(piece->header, IPV4_HEADER_LEN,
                                 IPV4_HEADER_LEN + piece->len, &ip),
                     DROP_NONE);
    assert_int_equal(ip.total_len, IPV4_HEADER_LEN + piece->len);
    assert_int_equal(ip.id, 0x4321);
    assert_int_equal(ip.ttl, 64);
    assert_int_equal(ip.tos, 0x10);
    assert_int_equal(ip.proto, IP_PROTO_UDP);
    assert_true(addr_equal(ip.src, addr_v4(OURS)));
    assert_true(addr_equal(ip.dst, addr_v4(PEER)));
    return ip;
}

static void
assert_next(struct fragmentation *f, uint32_t offset, uint32_t len, bool more)
{
    struct fragment piece;
    struct ipv4 ip;

    assert_true(fragment_next(f, &piece));
    assert_int_equal(piece.offset, offset);
    assert_int_equal(piece.len, len);
    ip = decoded(&piece);
    assert_int_equal(ip.frag_offset, f->ip.frag_offset + offset);
    assert_int_equal(ip.more, more);
}

static void
assert_no_more(struct fragmentation *f)
{
    struct fragment piece;

    assert_false(fragment_next(f, &piece));
    assert_false(fragment_next(f, &piece));
}

static void
datagram_that_fits_stays_whole(void **state)
{
    static const uint32_t len[] = {0, 1, 1480};
    struct ipv4 ip = original();
    struct fragmentation f;

    (void)state;
    ip.dont_fragment = true;
    for (uint32_t i = 0; i < 3; i++) {
        fragment_start(&f, &ip, len[i], 1500);
        assert_next(&f, 0, len[i], false);
        assert_no_more(&f);
    }
}

static void
pieces_are_multiples_of_eight_bytes(void **state)
{
    struct ipv4 ip = original();
    struct fragmentation f;

    (void)state;
    fragment_start(&f, &ip, 1481, 1500);
    assert_next(&f, 0, 1480, true);
    assert_next(&f, 1480, 1, false);
    assert_no_more(&f);
    fragment_start(&f, &ip, 1200, 579); /* 559 bytes would fit */
    assert_next(&f, 0, 552, true);
    assert_next(&f, 552, 552, true);
    assert_next(&f, 1104, 96, false);
    assert_no_more(&f);
}

static void
longest_datagram_passes_the_smallest_link(void **state)
{
    struct ipv4 ip = original();
    struct fragmentation f;

    (void)state;
    fragment_start(&f, &ip, 65515, 68);
    for (uint32_t at = 0; at + 48 < 65515; at += 48)
        assert_next(&f, at, 48, true);
    assert_next(&f, 65515 / 48 * 48, 65515 % 48, false);
    assert_no_more(&f);
}

static void
fragment_is_cut_further_in_its_place(void **state)
{
    struct ipv4 ip = original();
    struct fragmentation f;

    (void)state;
    ip.frag_offset = 1480;
    ip.more = true;
    fragment_start(&f, &ip, 1480, 1400);
    assert_next(&f, 0, 1376, true);
    assert_next(&f, 1376, 104, true);
    assert_no_more(&f);
}

/* As a forwarder meets them: offsets must not wrap round. */
static void
fragment_beyond_the_end_is_cut_there(void **state)
{
    struct ipv4 ip = original();
    struct fragmentation f;

    (void)state;
    ip.frag_offset = 65528;
    fragment_start(&f, &ip, 1480, 1400);
    assert_next(&f, 0, 7, false);
    assert_no_more(&f);
    ip.frag_offset = 64000;
    ip.more = true;
    fragment_start(&f, &ip, 65000, 1020);
    assert_next(&f, 0, 1000, true);
    assert_next(&f, 1000, 535, true);
    assert_no_more(&f);
}

static struct frag_table table;

/* Cuts `whole` and hands the pieces to reassembly. */
static int32_t
send_in_pieces(const uint8_t *whole, uint32_t len, uint32_t mtu)
{
    struct ipv4 ip = original();
    struct fragmentation f;
    struct fragment piece;
    int32_t complete = -1;

    fragment_start(&f, &ip, len, mtu);
    while (fragment_next(&f, &piece)) {
        ip = decoded(&piece);
        assert_true(ip.total_len <= mtu);
        assert_int_equal(complete, -1);
        assert_int_equal(frag_add(&table, &ip, piece.header,
                                  whole + piece.offset, 0, after_ms(0),
                                  &complete),
                         DROP_NONE);
    }
    return complete;
}

static void
what_is_cut_is_put_together_again(void **state)
{
    static uint8_t whole[65515];
    static uint8_t back[65515];
    struct rng r;

    (void)state;
    seed_from_clock(&r);
    rng_fill(&r, whole, sizeof whole);
    frag_init(&table);
    for (uint32_t round = 0; round < 2000; round++) {
        uint32_t mtu = 68 + (uint32_t)rng_below(&r, 9000);
        uint32_t len = mtu + (uint32_t)rng_below(&r, sizeof whole - mtu);
        int32_t complete = send_in_pieces(whole, len, mtu);

        assert_int_not_equal(complete, -1);
        assert_int_equal(frag_len(&table, complete), len);
        frag_read(&table, complete, 0, back, len);
        assert_memory_equal(back, whole, len);
        frag_free(&table, complete);
    }
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(datagram_that_fits_stays_whole),
        cmocka_unit_test(pieces_are_multiples_of_eight_bytes),
        cmocka_unit_test(longest_datagram_passes_the_smallest_link),
        cmocka_unit_test(fragment_is_cut_further_in_its_place),
        cmocka_unit_test(fragment_beyond_the_end_is_cut_there),
        cmocka_unit_test(what_is_cut_is_put_together_again),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
