/* SPDX-License-Identifier: MIT */
/* Tests of segmentation and checksums in software. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h> /* needs those before it */

#include "base/rng.h"
#include "linkd/gso.h"
#include "tests/linkd/segment.h"

#include <stdlib.h>
#include <string.h>

static uint8_t whole[PACKET_MAX];
static uint8_t wire[PACKET_MAX];
static uint32_t len;
static struct packet packet;
static struct gso gso;
static struct frame piece;

/* A large packet as a device gives it, in one piece. */
static struct frame
make_whole(struct segment s, uint16_t size)
{
    packet = (struct packet){0};
    len = segment_encode(&s, whole);
    segment_offload(whole, len, size, &packet);
    return frame_received(&packet, whole, len);
}

/* The same with the IP header inline, as ipd stages it. */
static struct frame
make_gathered(struct segment s, uint16_t size)
{
    make_whole(s, size);
    packet.header_len = SEGMENT_TCP;
    packet.len = len - SEGMENT_TCP;
    memcpy(packet.header, whole, SEGMENT_TCP);
    return frame_of(&packet, whole + SEGMENT_TCP);
}

/* The next frame of the wire; its checksums are right. */
static uint32_t
next(struct ipv4 *ip, struct tcp_header *tcp)
{
    assert_true(gso_next(&gso, &piece));
    assert_int_equal(piece.flags, 0);
    memcpy(wire, piece.header, piece.header_len);
    if (piece.len > 0)
        memcpy(wire + piece.header_len, piece.payload, piece.len);
    assert_true(segment_decode(wire, frame_size(&piece), ip, tcp));
    return frame_size(&piece);
}

static void
assert_text(uint32_t seq, uint32_t at, uint32_t n)
{
    for (uint32_t i = 0; i < n; i++)
        assert_int_equal(wire[at + i], segment_text(seq + i));
}

/* Cuts a packet of `n` bytes and looks at every frame. */
static void
check_cut(const struct frame *f, const struct segment *s, uint32_t size)
{
    uint32_t done = 0, count = 0;
    uint32_t header = len - s->len;
    struct ipv4 ip;
    struct tcp_header tcp;

    assert_true(gso_start(&gso, f));
    do {
        uint32_t n = s->len - done < size ? s->len - done : size;
        bool last = done + n == s->len;
        uint8_t flags = s->flags;

        if (!last)
            flags &= (uint8_t) ~(TCP_FIN | TCP_PSH);
        if (count > 0)
            flags &= (uint8_t)~TCP_CWR;
        assert_int_equal(next(&ip, &tcp), header + n);
        assert_int_equal(ip.total_len, header - ETHER_LEN + n);
        assert_int_equal(ip.id, (uint16_t)(s->id + count));
        assert_true(ip.dont_fragment);
        assert_int_equal(tcp.seq, s->seq + done);
        assert_int_equal(tcp.flags, flags);
        assert_int_equal(tcp.window, s->window);
        assert_int_equal(tcp.ack, s->ack);
        assert_text(s->seq + done, header, n);
        done += n;
        count++;
    } while (done < s->len);
    assert_false(gso_next(&gso, &piece));
}

static void
large_packet_becomes_segments(void **state)
{
    struct segment s = segment_of(1000, 5000);
    struct frame f;

    (void)state;
    f = make_whole(s, 1448);
    check_cut(&f, &s, 1448);
    f = make_gathered(s, 1448);
    check_cut(&f, &s, 1448);
}

static void
fin_and_psh_come_last_and_cwr_first(void **state)
{
    struct segment s = segment_of(UINT32_MAX - 2000, 4344);
    struct frame f;

    (void)state;
    s.flags = TCP_ACK | TCP_PSH | TCP_FIN | TCP_CWR | TCP_ECE;
    s.id = 65535;
    f = make_gathered(s, 1448);
    check_cut(&f, &s, 1448);
}

static void
packet_of_one_segment_is_one_frame(void **state)
{
    struct segment s = segment_of(5, 100);
    struct frame f;

    (void)state;
    s.flags = TCP_ACK | TCP_PSH;
    f = make_whole(s, 1448);
    check_cut(&f, &s, 1448);
    s.len = 0;
    f = make_gathered(s, 1448);
    check_cut(&f, &s, 1448);
}

static void
payload_is_not_copied(void **state)
{
    struct frame f = make_gathered(segment_of(5, 3000), 1000);

    (void)state;
    assert_true(gso_start(&gso, &f));
    for (uint32_t i = 0; i < 3; i++) {
        assert_true(gso_next(&gso, &piece));
        assert_ptr_equal(piece.payload, whole + len - 3000 + i * 1000);
    }
}

static void
random_packets_are_cut_right(void **state)
{
    struct rng rng;
    uint64_t seed = 20261;

    (void)state;
    print_message("seed %llu\n", (unsigned long long)seed);
    rng_seed(&rng, seed);
    for (int i = 0; i < 300; i++) {
        struct segment s = segment_of((uint32_t)rng_next(&rng),
                                      (uint32_t)rng_below(&rng, 65535 - 52));
        uint32_t size = 1 + (uint32_t)rng_below(&rng, i < 20 ? 60 : 65000);
        struct frame f;

        s.tsval = (uint32_t)rng_below(&rng, 2);
        s.id = (uint16_t)rng_next(&rng);
        if (i < 20)
            s.len %= 3000;
        f = i % 2 == 0 ? make_whole(s, (uint16_t)size)
                       : make_gathered(s, (uint16_t)size);
        check_cut(&f, &s, size);
    }
}

/* ---- one frame ---- */

static void
unfinished_checksum_is_completed(void **state)
{
    struct ipv4 ip;
    struct tcp_header tcp;

    (void)state;
    for (uint32_t n = 0; n < 200; n++) {
        struct frame f = make_gathered(segment_of(n, n), 0);

        assert_true(gso_start(&gso, &f));
        assert_int_equal(next(&ip, &tcp), len);
        assert_text(n, len - n, n);
        assert_false(gso_next(&gso, &piece));
        f = make_whole(segment_of(n, n), 0);
        assert_true(gso_start(&gso, &f));
        assert_int_equal(next(&ip, &tcp), len);
    }
}

static void
complete_frame_passes_as_it_is(void **state)
{
    struct frame f = frame_plain(whole, 60);

    (void)state;
    f.flags = PACKET_CSUM_VOUCHED;
    assert_true(gso_start(&gso, &f));
    assert_true(gso_next(&gso, &piece));
    assert_ptr_equal(piece.header, whole);
    assert_int_equal(frame_size(&piece), 60);
    assert_int_equal(piece.flags, 0);
    assert_false(gso_next(&gso, &piece));
}

/* ---- contradictions ---- */

static void
checksum_beyond_the_frame_is_refused(void **state)
{
    struct frame f = make_gathered(segment_of(1, 0), 0);

    (void)state;
    f.csum_start = (uint16_t)(len - f.csum_offset - 1);
    assert_false(gso_start(&gso, &f));
    f = make_gathered(segment_of(1, 1000), 0);
    f.csum_start = 500;
    assert_false(gso_start(&gso, &f));
}

static void
what_is_not_tcp_is_not_cut(void **state)
{
    struct frame f = make_whole(segment_of(1, 3000), 1448);

    (void)state;
    whole[ETHER_LEN + 9] = IP_PROTO_UDP;
    assert_false(gso_start(&gso, &f));
    f = make_whole(segment_of(1, 3000), 1448);
    whole[ETHER_LEN + 6] |= 0x20; /* more fragments */
    assert_false(gso_start(&gso, &f));
    f = make_whole(segment_of(1, 3000), 1448);
    f.len--; /* shorter than its IPv4 header says */
    assert_false(gso_start(&gso, &f));
    f = make_whole(segment_of(1, 3000), 1448);
    f.gso_size = 0;
    assert_false(gso_start(&gso, &f));
}

static void
text_may_not_begin_inline(void **state)
{
    struct segment s = segment_of(1, 3000);
    struct frame f;

    (void)state;
    s.tsval = 0;
    make_whole(s, 1000);
    packet.header_len = 55; /* headers are 54 */
    packet.len = len - 55;
    memcpy(packet.header, whole, 55);
    f = frame_of(&packet, whole + 55);
    assert_false(gso_start(&gso, &f));
}

/* A frame of random bytes in memory of exactly its size, so that the address
 * sanitizer sees a step beyond; what comes out lies in it. */
static void
hostile_frames_are_not_read_beyond(void **state)
{
    struct rng rng;
    uint64_t seed = 4242;

    (void)state;
    print_message("seed %llu\n", (unsigned long long)seed);
    rng_seed(&rng, seed);
    for (int i = 0; i < 20000; i++) {
        uint32_t n = 14 + (uint32_t)rng_below(&rng, 200);
        uint8_t *bytes = malloc(n);
        struct frame f = {.header = bytes,
                          .payload = bytes,
                          .len = n,
                          .flags = (uint8_t)(rng_next(&rng) & 7),
                          .gso_size = (uint16_t)(1 + rng_below(&rng, 50)),
                          .csum_start = (uint16_t)rng_below(&rng, 220),
                          .csum_offset = (uint16_t)rng_below(&rng, 20)};
        uint32_t total = 0;

        assert_non_null(bytes);
        make_whole(segment_of(1, 200), 10);
        memcpy(bytes, whole, n);
        for (uint64_t j = rng_below(&rng, 4); j > 0; j--)
            bytes[rng_below(&rng, n)] = (uint8_t)rng_next(&rng);
        if (n > 18)
            be16_store(bytes + ETHER_LEN + 2, (uint16_t)rng_below(&rng, n));
        if (gso_start(&gso, &f)) {
            while (gso_next(&gso, &piece))
                total += piece.len;
        }
        assert_true(total <= n);
        free(bytes);
    }
}

int
main(void)
{
    static const struct CMUnitTest tests[] = {
        cmocka_unit_test(large_packet_becomes_segments),
        cmocka_unit_test(fin_and_psh_come_last_and_cwr_first),
        cmocka_unit_test(packet_of_one_segment_is_one_frame),
        cmocka_unit_test(payload_is_not_copied),
        cmocka_unit_test(random_packets_are_cut_right),
        cmocka_unit_test(unfinished_checksum_is_completed),
        cmocka_unit_test(complete_frame_passes_as_it_is),
        cmocka_unit_test(checksum_beyond_the_frame_is_refused),
        cmocka_unit_test(what_is_not_tcp_is_not_cut),
        cmocka_unit_test(text_may_not_begin_inline),
        cmocka_unit_test(hostile_frames_are_not_read_beyond),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
