/* SPDX-License-Identifier: MIT */
/* Tests of reassembly: what is put together, what is refused, and when. */
#include "tests/ipd/core/frag_cuts.h"

#include "base/bits.h"

/* ---- putting together ---- */

static void
two_parts_in_order_make_a_whole(void **state)
{
    (void)state;
    assert_int_equal(ADD(.len = 1480, .more = true), DROP_NONE);
    COMPLETE(1500, .offset = 1480, .len = 20);
    assert_empty();
}

static void
parts_in_reverse_make_a_whole(void **state)
{
    (void)state;
    assert_int_equal(ADD(.offset = 4000, .len = 1), DROP_NONE);
    assert_int_equal(ADD(.offset = 2000, .len = 2000, .more = true), DROP_NONE);
    COMPLETE(4001, .len = 2000, .more = true);
    assert_empty();
}

static void
whole_header_is_the_first_fragments(void **state)
{
    uint8_t header[IPV4_HEADER_MAX] = {0x46};
    struct ipv4 ip = header_of(&(struct cut){.len = 8, .more = true}, header);
    int32_t complete;

    (void)state;
    assert_int_equal(ADD(.offset = 8, .len = 5), DROP_NONE);
    ip.header_len = 24;
    ip.total_len = 32;
    ip.ttl = 3;
    assert_int_equal(
        frag_add(&table, &ip, header, datagram, 0, START, &complete),
        DROP_NONE);
    ip = frag_header(&table, complete);
    assert_int_equal(ip.header_len, 24);
    assert_int_equal(ip.total_len, 24 + 13);
    assert_int_equal(ip.ttl, 3);
    assert_int_equal(frag_len(&table, complete), 13);
    frag_free(&table, complete);
}

static void
source_holds_four_of_the_longest(void **state)
{
    (void)state;
    for (uint16_t id = 0; id < 4; id++)
        assert_int_equal(add_most(PEER, id, BIG), DROP_NONE);
    for (uint16_t id = 0; id < 4; id++)
        complete_most(PEER, id, BIG);
    assert_int_equal(frag_take_given_up(&table), 0);
    assert_empty();
}

static void
smallest_fragments_make_the_longest_datagram(void **state)
{
    (void)state;
    for (uint32_t at = 8; at < BIG; at += 8)
        assert_int_equal(ADD(.offset = at, .len = min_u32(8, BIG - at),
                             .more = at + 8 < BIG),
                         DROP_NONE);
    COMPLETE(BIG, .len = 8, .more = true);
    assert_empty();
}

static void
bytes_are_read_piecewise(void **state)
{
    int32_t complete;

    (void)state;
    assert_int_equal(ADD(.len = 4000, .more = true), DROP_NONE);
    assert_int_equal(
        add_at(&(struct cut){.offset = 4000, .len = 96}, START, &complete),
        DROP_NONE);
    frag_read(&table, complete, 2040, back, 2056);
    assert_memory_equal(back, datagram + 2040, 2056);
    frag_read(&table, complete, 4096, back, 0);
    frag_free(&table, complete);
}

/* RFC 791 3.2: all four together name a datagram. */
static void
datagrams_are_never_spliced(void **state)
{
    (void)state;
    assert_int_equal(ADD(.id = 1, .len = 8, .more = true), DROP_NONE);
    assert_int_equal(ADD(.id = 2, .offset = 8, .len = 8), DROP_NONE);
    assert_int_equal(ADD(.id = 1, .src = FAR, .offset = 8, .len = 8),
                     DROP_NONE);
    assert_int_equal(
        ADD(.id = 1, .proto = IP_PROTO_ICMP, .offset = 8, .len = 8), DROP_NONE);
    COMPLETE(16, .id = 1, .offset = 8, .len = 8);
}

/* ---- congestion marks ---- */

static enum drop
ecn_of_parts(uint8_t first, uint8_t second, int32_t *complete)
{
    const struct cut a = {.tos = first, .len = 8, .more = true};
    const struct cut b = {.tos = second, .offset = 8, .len = 8};

    assert_int_equal(add_at(&a, START, complete), DROP_NONE);
    return add_at(&b, START, complete);
}

static void
one_congestion_mark_marks_all(void **state)
{
    int32_t complete;

    (void)state;
    assert_int_equal(ecn_of_parts(0xb2, 0xb3, &complete), DROP_NONE);
    assert_int_equal(frag_header(&table, complete).tos, 0xb3);
    frag_free(&table, complete);
    assert_int_equal(ecn_of_parts(0xb1, 0xb2, &complete), DROP_NONE);
    assert_int_equal(frag_header(&table, complete).tos, 0xb1);
    frag_free(&table, complete);
}

static void
mark_among_unmarkable_parts_costs_the_datagram(void **state)
{
    int32_t complete;

    (void)state;
    assert_int_equal(ecn_of_parts(0, 3, &complete), DROP_IP_FRAG_BAD);
    assert_int_equal(complete, -1);
    assert_int_equal(table.free_blocks, FRAG_BLOCKS);
}

/* ---- hostile fragments ---- */

static void
malformed_fragment_is_not_held(void **state)
{
    (void)state;
    assert_int_equal(ADD(.len = 0, .more = true), DROP_IP_FRAG_BAD);
    assert_int_equal(ADD(.offset = 8, .len = 0), DROP_IP_FRAG_BAD);
    assert_int_equal(ADD(.len = 12, .more = true), DROP_IP_FRAG_BAD);
    assert_int_equal(ADD(.offset = 65512, .len = 4), DROP_IP_FRAG_BAD);
    assert_int_equal(ADD(.offset = 65504, .len = 16, .more = true),
                     DROP_IP_FRAG_BAD);
    assert_empty();
}

static void
tiny_first_fragment_of_tcp_is_refused(void **state)
{
    (void)state;
    assert_int_equal(ADD(.proto = IP_PROTO_TCP, .len = 16, .more = true),
                     DROP_IP_FRAG_BAD);
    assert_int_equal(
        ADD(.proto = IP_PROTO_TCP, .offset = 8, .len = 16, .more = true),
        DROP_IP_FRAG_BAD);
    assert_int_equal(ADD(.proto = IP_PROTO_TCP, .offset = 16, .len = 16),
                     DROP_IP_FRAG_BAD);
    assert_empty();
    assert_int_equal(ADD(.proto = IP_PROTO_TCP, .len = 24, .more = true),
                     DROP_NONE);
    COMPLETE(30, .proto = IP_PROTO_TCP, .offset = 24, .len = 6);
}

static void
overlap_kills_the_datagram(void **state)
{
    static const struct cut overlaps[] = {
        {.offset = 72, .len = 16, .more = true},  /* the start */
        {.offset = 120, .len = 80, .more = true}, /* the end */
        {.offset = 88, .len = 8, .more = true},   /* inside */
        {.offset = 72, .len = 64, .more = true},  /* around */
        {.offset = 80, .len = 40, .more = true},  /* as far from the start */
        {.offset = 88, .len = 40, .more = true},  /* as far to the end */
    };

    (void)state;
    for (uint32_t i = 0; i < ARRAY_LEN(overlaps); i++) {
        struct cut c = overlaps[i];

        c.src = PEER + i;
        assert_int_equal(
            ADD(.src = c.src, .offset = 80, .len = 48, .more = true),
            DROP_NONE);
        assert_int_equal(add(&c), DROP_IP_FRAG_OVERLAP);
        assert_int_equal(
            ADD(.src = c.src, .offset = 80, .len = 48, .more = true),
            DROP_IP_FRAG_OVERLAP);
        assert_int_equal(table.free_blocks, FRAG_BLOCKS);
    }
}

static void
duplicate_is_dropped_alone(void **state)
{
    (void)state;
    assert_int_equal(ADD(.len = 48, .more = true), DROP_NONE);
    assert_int_equal(ADD(.len = 48, .more = true), DROP_IP_FRAG_DUPLICATE);
    assert_int_equal(ADD(.offset = 80, .len = 3), DROP_NONE);
    assert_int_equal(ADD(.offset = 80, .len = 3), DROP_IP_FRAG_DUPLICATE);
    COMPLETE(83, .offset = 48, .len = 32, .more = true);
}

static void
two_held_as_one_are_an_overlap(void **state)
{
    (void)state;
    assert_int_equal(ADD(.offset = 8, .len = 8, .more = true), DROP_NONE);
    assert_int_equal(ADD(.offset = 16, .len = 8, .more = true), DROP_NONE);
    assert_int_equal(ADD(.offset = 8, .len = 16, .more = true),
                     DROP_IP_FRAG_OVERLAP);
}

static void
contradicting_ends_kill_the_datagram(void **state)
{
    static const struct cut pairs[][2] = {
        {{.offset = 80, .len = 8}, {.offset = 160, .len = 8}},
        {{.offset = 80, .len = 8}, {.offset = 40, .len = 8}},
        {{.offset = 80, .len = 8}, {.offset = 88, .len = 8, .more = true}},
        {{.offset = 80, .len = 8}, {.offset = 80, .len = 8, .more = true}},
        {{.offset = 80, .len = 8, .more = true}, {.offset = 80, .len = 8}},
        {{.offset = 80, .len = 8, .more = true}, {.offset = 40, .len = 8}},
        {{.offset = 80, .len = 5}, {.offset = 80, .len = 8, .more = true}},
        {{.offset = 80, .len = 5}, {.offset = 80, .len = 4}},
    };

    (void)state;
    for (uint32_t i = 0; i < ARRAY_LEN(pairs); i++) {
        struct cut a = pairs[i][0];
        struct cut b = pairs[i][1];

        a.src = b.src = PEER + i;
        assert_int_equal(add(&a), DROP_NONE);
        assert_int_equal(add(&b), DROP_IP_FRAG_OVERLAP);
        assert_int_equal(add(&a), DROP_IP_FRAG_OVERLAP);
    }
}

/* Each fragment fits, but not all behind the first one's longer header. */
static void
datagram_beyond_65535_with_its_header_is_not_whole(void **state)
{
    uint8_t header[IPV4_HEADER_MAX] = {0};
    struct ipv4 ip = header_of(&(struct cut){.len = 8, .more = true}, header);
    int32_t complete;

    (void)state;
    for (uint32_t at = 8; at < BIG; at += ETHERNET)
        assert_int_equal(ADD(.offset = at, .len = min_u32(ETHERNET, BIG - at),
                             .more = at + ETHERNET < BIG),
                         DROP_NONE);
    ip.header_len = IPV4_HEADER_MAX;
    ip.total_len = IPV4_HEADER_MAX + 8;
    assert_int_equal(
        frag_add(&table, &ip, header, datagram, 0, START, &complete),
        DROP_IP_FRAG_BAD);
    assert_int_equal(complete, -1);
    assert_int_equal(table.free_blocks, FRAG_BLOCKS);
}

/* ---- time ---- */

static void
unfinished_datagram_expires_with_its_first_fragment(void **state)
{
    struct frag_expired e;
    uint8_t header[IPV4_HEADER_LEN];

    (void)state;
    assert_true(instant_is_never(frag_deadline(&table)));
    header_of(&(struct cut){.id = 5, .len = 16, .more = true}, header);
    assert_int_equal(ADD(.id = 5, .len = 16, .more = true), DROP_NONE);
    assert_int_equal(frag_deadline(&table).ns, after_ms(30000).ns);
    assert_false(frag_expire(&table, after_ms(29999), &e));
    assert_true(frag_expire(&table, after_ms(30000), &e));
    assert_true(e.answer);
    assert_int_equal(e.link, 1);
    assert_int_equal(e.ip.id, 5);
    assert_int_equal(e.len, IPV4_HEADER_LEN + 8);
    assert_memory_equal(e.packet, header, IPV4_HEADER_LEN);
    assert_memory_equal(e.packet + IPV4_HEADER_LEN, datagram, 8);
    assert_false(frag_expire(&table, after_ms(30000), &e));
    assert_true(instant_is_never(frag_deadline(&table)));
    assert_empty();
}

/* RFC 792: no time exceeded without fragment zero. */
static void
expiry_without_the_first_fragment_is_not_answered(void **state)
{
    struct frag_expired e;

    (void)state;
    assert_int_equal(ADD(.offset = 8, .len = 16, .more = true), DROP_NONE);
    assert_true(frag_expire(&table, after_ms(30000), &e));
    assert_false(e.answer);
    assert_empty();
}

static void
dead_datagram_is_forgotten_in_silence(void **state)
{
    struct frag_expired e;

    (void)state;
    assert_int_equal(ADD(.len = 16, .more = true), DROP_NONE);
    assert_int_equal(ADD(.len = 24, .more = true), DROP_IP_FRAG_OVERLAP);
    assert_false(frag_expire(&table, after_ms(30000), &e));
    assert_empty();
    assert_int_equal(ADD(.len = 16, .more = true), DROP_NONE);
}

static void
deadline_is_that_of_the_oldest_left(void **state)
{
    const struct cut later = {.id = 2, .len = 16, .more = true};
    struct frag_expired e;
    int32_t complete;

    (void)state;
    assert_int_equal(ADD(.id = 1, .len = 16, .more = true), DROP_NONE);
    assert_int_equal(add_at(&later, after_ms(70), &complete), DROP_NONE);
    assert_true(frag_expire(&table, after_ms(30010), &e));
    assert_int_equal(e.ip.id, 1);
    assert_false(frag_expire(&table, after_ms(30010), &e));
    assert_int_equal(frag_deadline(&table).ns, after_ms(30070).ns);
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup(two_parts_in_order_make_a_whole, nothing_held),
        cmocka_unit_test_setup(parts_in_reverse_make_a_whole, nothing_held),
        cmocka_unit_test_setup(whole_header_is_the_first_fragments,
                               nothing_held),
        cmocka_unit_test_setup(source_holds_four_of_the_longest, nothing_held),
        cmocka_unit_test_setup(smallest_fragments_make_the_longest_datagram,
                               nothing_held),
        cmocka_unit_test_setup(bytes_are_read_piecewise, nothing_held),
        cmocka_unit_test_setup(datagrams_are_never_spliced, nothing_held),
        cmocka_unit_test_setup(one_congestion_mark_marks_all, nothing_held),
        cmocka_unit_test_setup(mark_among_unmarkable_parts_costs_the_datagram,
                               nothing_held),
        cmocka_unit_test_setup(malformed_fragment_is_not_held, nothing_held),
        cmocka_unit_test_setup(tiny_first_fragment_of_tcp_is_refused,
                               nothing_held),
        cmocka_unit_test_setup(overlap_kills_the_datagram, nothing_held),
        cmocka_unit_test_setup(duplicate_is_dropped_alone, nothing_held),
        cmocka_unit_test_setup(two_held_as_one_are_an_overlap, nothing_held),
        cmocka_unit_test_setup(contradicting_ends_kill_the_datagram,
                               nothing_held),
        cmocka_unit_test_setup(
            datagram_beyond_65535_with_its_header_is_not_whole, nothing_held),
        cmocka_unit_test_setup(
            unfinished_datagram_expires_with_its_first_fragment, nothing_held),
        cmocka_unit_test_setup(
            expiry_without_the_first_fragment_is_not_answered, nothing_held),
        cmocka_unit_test_setup(dead_datagram_is_forgotten_in_silence,
                               nothing_held),
        cmocka_unit_test_setup(deadline_is_that_of_the_oldest_left,
                               nothing_held),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
