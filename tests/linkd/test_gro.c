/* SPDX-License-Identifier: MIT */
/* Tests of receive coalescing. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h> /* needs those before it */

#include "base/rng.h"
#include "linkd/gro.h"
#include "linkd/gso.h"
#include "tests/linkd/segment.h"

#include <stdlib.h>
#include <string.h>

static uint8_t grown[2 * PACKET_MAX];
static uint8_t frame[PACKET_MAX];
static struct gro gro;
static struct packet packet;

static bool
start(const struct segment *s)
{
    packet = (struct packet){0};
    return gro_start(&gro, grown, segment_encode(s, grown), &packet);
}

static bool
add(const struct segment *s)
{
    const struct packet p = {0};

    return gro_add(&gro, frame, segment_encode(s, frame), &p);
}

/* Would it be joined to a first segment of 1000 bytes at 1? */
static bool
joins(struct segment s)
{
    struct segment first = segment_of(1, 1000);

    assert_true(start(&first));
    return add(&s);
}

static void
next_segments_are_joined(void **state)
{
    struct segment s = segment_of(1, 1000);
    struct ipv4 ip;
    struct tcp_header tcp;

    (void)state;
    assert_true(start(&s));
    s.seq = 1001;
    assert_true(add(&s));
    s.seq = 2001;
    s.ack = 7100;
    s.window = 600;
    s.flags = TCP_ACK | TCP_PSH;
    assert_true(add(&s));
    assert_false(gro.open);
    gro_finish(&gro, &packet);
    assert_int_equal(packet.flags, PACKET_CSUM_VOUCHED | PACKET_CSUM_PARTIAL |
                                       PACKET_GSO_TCPV4);
    assert_int_equal(packet.gso_size, 1000);
    assert_int_equal(packet.csum_start, SEGMENT_TCP);
    assert_int_equal(packet.csum_offset, TCP_CHECKSUM_OFFSET);
    assert_int_equal(gro.len, SEGMENT_TCP + 32 + 3000);
    assert_int_equal(ipv4_decode(grown + ETHER_LEN, gro.len - ETHER_LEN,
                                 gro.len - ETHER_LEN, &ip),
                     DROP_NONE);
    assert_int_equal(ip.total_len, gro.len - ETHER_LEN);
    assert_int_equal(tcp_decode(grown + SEGMENT_TCP, 60, &tcp), DROP_NONE);
    assert_int_equal(tcp.seq, 1);
    assert_int_equal(tcp.ack, 7100);
    assert_int_equal(tcp.window, 600);
    assert_int_equal(tcp.flags, TCP_ACK | TCP_PSH);
    for (uint32_t i = 0; i < 3000; i++)
        assert_int_equal(grown[SEGMENT_TCP + 32 + i], segment_text(1 + i));
}

static void
only_what_could_be_cut_again_is_joined(void **state)
{
    struct segment s = segment_of(1001, 1000), t;

    (void)state;
    assert_true(joins(s));
    t = s;
    t.seq++;
    assert_false(joins(t));
    t = s;
    t.len = 1001;
    assert_false(joins(t));
    t = s;
    t.len = 0;
    assert_false(joins(t));
    t = s;
    t.ack--;
    assert_false(joins(t));
    t = s;
    t.src_port++;
    assert_false(joins(t));
    t = s;
    t.tsval++;
    assert_false(joins(t));
    t.tsval = 0;
    assert_false(joins(t));
    t = s;
    t.ttl--;
    assert_false(joins(t));
    t = s;
    t.tos = 3;
    assert_false(joins(t));
    t = s;
    t.fragmentable = true;
    assert_false(joins(t));
}

static void
other_flags_stand_alone(void **state)
{
    static const uint8_t others[] = {TCP_FIN, TCP_SYN, TCP_RST,
                                     TCP_URG, TCP_ECE, TCP_CWR};
    struct segment s = segment_of(1001, 1000);

    (void)state;
    for (size_t i = 0; i < sizeof others; i++) {
        s.flags = TCP_ACK | others[i];
        assert_false(joins(s));
        assert_false(start(&s));
        assert_int_equal(packet.flags, 0);
    }
}

static void
shorter_or_pushed_segment_is_the_last(void **state)
{
    struct segment s = segment_of(1001, 999);

    (void)state;
    assert_true(joins(s));
    assert_false(gro.open);
    s.seq = 2000;
    assert_false(add(&s));
    s = segment_of(1, 1000);
    s.flags = TCP_ACK | TCP_PSH;
    assert_false(start(&s));
    assert_int_equal(packet.flags, PACKET_CSUM_VOUCHED);
}

static void
identification_counts_without_df(void **state)
{
    struct segment s = segment_of(1, 1000);

    (void)state;
    s.fragmentable = true;
    assert_true(start(&s));
    s.seq = 1001;
    assert_false(add(&s));
    s.id++;
    assert_true(add(&s));
    s.seq = 2001;
    assert_false(add(&s));
}

static void
wrong_checksum_is_neither_joined_nor_vouched_for(void **state)
{
    struct segment s = segment_of(1, 1000);
    const struct packet p = {0};
    uint32_t len;

    (void)state;
    assert_true(start(&s));
    s.seq = 1001;
    len = segment_encode(&s, frame);
    frame[500] ^= 1;
    assert_false(gro_add(&gro, frame, len, &p));
    packet = (struct packet){0};
    assert_false(gro_start(&gro, frame, len, &packet));
    assert_int_equal(packet.flags, 0);
    frame[500] ^= 1;
    frame[ETHER_LEN + 8] ^= 4; /* the TTL */
    assert_false(gro_start(&gro, frame, len, &packet));
    assert_int_equal(packet.flags, 0);
}

static void
vouched_segment_is_joined_unseen(void **state)
{
    struct segment s = segment_of(1, 1000);
    struct packet p = {0};
    uint32_t len = segment_encode(&s, grown);

    (void)state;
    segment_offload(grown, len, 0, &packet);
    assert_true(gro_start(&gro, grown, len, &packet));
    s.seq = 1001;
    len = segment_encode(&s, frame);
    segment_offload(frame, len, 0, &p);
    assert_true(gro_add(&gro, frame, len, &p));
}

static void
large_packet_is_left_alone(void **state)
{
    struct segment s = segment_of(1, 5000);
    uint32_t len = segment_encode(&s, grown);

    (void)state;
    segment_offload(grown, len, 1000, &packet);
    assert_false(gro_start(&gro, grown, len, &packet));
    assert_true(packet.flags & PACKET_GSO_TCPV4);
}

static void
one_segment_stays_as_it_was(void **state)
{
    struct segment s = segment_of(1, 1000);
    uint32_t len = segment_encode(&s, frame);

    (void)state;
    assert_true(start(&s));
    gro_finish(&gro, &packet);
    assert_int_equal(packet.flags, PACKET_CSUM_VOUCHED);
    assert_int_equal(packet.gso_size, 0);
    assert_memory_equal(grown, frame, len);
}

static void
packet_ends_before_it_is_too_long(void **state)
{
    struct segment s = segment_of(1, 1448);
    uint32_t joined = 1;

    (void)state;
    assert_true(start(&s));
    for (s.seq += s.len; add(&s); s.seq += s.len)
        joined++;
    assert_int_equal(joined, (65535 - 52) / 1448);
    assert_true(gro.len < PACKET_MAX);
}

/* Joining and cutting again gives the same frames. */
static void
round_trip(struct rng *rng)
{
    uint32_t size = 1 + (uint32_t)rng_below(rng, 9000);
    uint32_t max = 1 + (uint32_t)rng_below(rng, 60);
    struct segment s = segment_of((uint32_t)rng_next(rng), size), t;
    struct frame whole, piece;
    struct gso gso;

    s.tsval = (uint32_t)rng_below(rng, 2);
    s.fragmentable = rng_below(rng, 2) == 0;
    s.id = (uint16_t)rng_next(rng);
    assert_true(start(&s));
    t = s;
    while (gro.open && gro.segments < max) {
        t.seq += size;
        t.id++;
        if (rng_below(rng, 20) == 0)
            t.len = 1 + (uint32_t)rng_below(rng, size);
        if (rng_below(rng, 20) == 0)
            t.flags |= TCP_PSH;
        if (!add(&t))
            break;
        s.len += t.len;
        s.flags |= t.flags;
    }
    gro_finish(&gro, &packet);
    if (gro.segments == 1)
        return;
    whole = frame_received(&packet, grown, gro.len);
    assert_true(gso_start(&gso, &whole));
    t = s;
    t.flags = TCP_ACK;
    for (uint32_t done = 0; done < s.len; done += t.len) {
        uint8_t wire[10000];

        t.seq = s.seq + done;
        t.len = s.len - done < size ? s.len - done : size;
        if (done + t.len == s.len)
            t.flags = s.flags;
        assert_true(gso_next(&gso, &piece));
        assert_int_equal(segment_encode(&t, frame), frame_size(&piece));
        memcpy(wire, piece.header, piece.header_len);
        memcpy(wire + piece.header_len, piece.payload, piece.len);
        assert_memory_equal(wire, frame, frame_size(&piece));
        t.id++;
    }
    assert_false(gso_next(&gso, &piece));
}

static void
cutting_again_gives_the_same_frames(void **state)
{
    struct rng rng;
    uint64_t seed = 77;

    (void)state;
    print_message("seed %llu\n", (unsigned long long)seed);
    rng_seed(&rng, seed);
    for (int i = 0; i < 300; i++)
        round_trip(&rng);
}

/* Damaged frames in memory of exactly their size. */
static void
hostile_frames_are_not_read_beyond(void **state)
{
    struct rng rng;
    uint64_t seed = 99;

    (void)state;
    print_message("seed %llu\n", (unsigned long long)seed);
    rng_seed(&rng, seed);
    for (int i = 0; i < 20000; i++) {
        struct segment s = segment_of(1, 100);
        uint32_t n = 14 + (uint32_t)rng_below(&rng, 153);
        uint8_t *bytes = malloc(n);
        struct packet p = {.flags = PACKET_CSUM_VOUCHED};

        assert_non_null(bytes);
        assert_true(start(&s));
        s.seq += 100;
        segment_encode(&s, frame);
        memcpy(bytes, frame, n);
        for (uint64_t j = rng_below(&rng, 4); j > 0; j--)
            bytes[rng_below(&rng, n)] = (uint8_t)rng_next(&rng);
        if (gro_add(&gro, bytes, n, &p))
            assert_int_equal(gro.segments, 2);
        if (gro_start(&gro, bytes, n, &p))
            assert_int_equal(gro.len, n);
        free(bytes);
    }
}

int
main(void)
{
    static const struct CMUnitTest tests[] = {
        cmocka_unit_test(next_segments_are_joined),
        cmocka_unit_test(only_what_could_be_cut_again_is_joined),
        cmocka_unit_test(other_flags_stand_alone),
        cmocka_unit_test(shorter_or_pushed_segment_is_the_last),
        cmocka_unit_test(identification_counts_without_df),
        cmocka_unit_test(wrong_checksum_is_neither_joined_nor_vouched_for),
        cmocka_unit_test(vouched_segment_is_joined_unseen),
        cmocka_unit_test(large_packet_is_left_alone),
        cmocka_unit_test(one_segment_stays_as_it_was),
        cmocka_unit_test(packet_ends_before_it_is_too_long),
        cmocka_unit_test(cutting_again_gives_the_same_frames),
        cmocka_unit_test(hostile_frames_are_not_read_beyond),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
