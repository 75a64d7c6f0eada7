/* SPDX-License-Identifier: MIT */
/* Parsing: bytes become a segment or one reason why not. */
#include "tcpd/core/segment.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <string.h>

#include <cmocka.h>

#include "proto/wire/checksum.h"

#define TEXT "hello, world"

/* A segment with timestamps and TEXT, checksum right. */
struct packet {
    struct addr src, dst;
    uint8_t bytes[128];
    uint32_t len, header_len;
};

static void
seal(struct packet *p)
{
    uint32_t text_len = p->len - p->header_len;
    uint64_t sum = checksum_add(0, p->bytes + p->header_len, text_len);

    memset(p->bytes + TCP_CHECKSUM_OFFSET, 0, 2);
    tcp_checksum_complete(p->bytes, p->header_len, p->src, p->dst, sum,
                          text_len);
}

static struct packet
packet(void)
{
    struct tcp_header h = {
        .src_port = 1000,
        .dst_port = 80,
        .seq = 0xfffffff0,
        .ack = 77,
        .window = 4096,
        .flags = TCP_ACK | TCP_PSH,
        .opt = {.has_timestamps = true, .tsval = 5, .tsecr = 6},
    };
    struct packet p = {.src = addr_v4(0x0a000001), .dst = addr_v4(0x0a000002)};

    p.header_len = (uint32_t)tcp_encode(p.bytes, &h);
    memcpy(p.bytes + p.header_len, TEXT, sizeof TEXT);
    p.len = p.header_len + (uint32_t)sizeof TEXT;
    seal(&p);
    return p;
}

static enum drop
parse(const struct packet *p, struct segment *seg)
{
    return segment_parse(seg, &p->src, &p->dst, p->bytes, p->len, false);
}

static void
fields_come_out_in_host_form(void **state)
{
    struct packet p = packet();
    struct segment seg;

    (void)state;
    assert_int_equal(parse(&p, &seg), DROP_NONE);
    assert_true(addr_equal(seg.src, p.src));
    assert_true(addr_equal(seg.dst, p.dst));
    assert_int_equal(seg.src_port, 1000);
    assert_int_equal(seg.dst_port, 80);
    assert_int_equal(seg.seq.v, 0xfffffff0);
    assert_int_equal(seg.ack.v, 77);
    assert_int_equal(seg.wnd, 4096);
    assert_int_equal(seg.flags, TCP_ACK | TCP_PSH);
    assert_true(seg.opt.has_timestamps);
    assert_int_equal(seg.opt.tsval, 5);
    assert_int_equal(seg.gso_size, 0);
    assert_int_equal(seg.len, sizeof TEXT);
    assert_ptr_equal(seg.text, p.bytes + p.header_len);
}

static void
every_damaged_byte_is_found(void **state)
{
    struct packet p = packet();
    struct segment seg;

    (void)state;
    for (uint32_t i = 0; i < p.len; i++) {
        p.bytes[i] ^= 0x10;
        assert_int_not_equal(parse(&p, &seg), DROP_NONE);
        p.bytes[i] ^= 0x10;
    }
    assert_int_equal(parse(&p, &seg), DROP_NONE);
}

static void
vouched_checksum_is_not_looked_at(void **state)
{
    struct packet p = packet();
    struct segment seg;

    (void)state;
    p.bytes[TCP_CHECKSUM_OFFSET] ^= 1;
    assert_int_equal(parse(&p, &seg), DROP_TCP_BAD_CHECKSUM);
    assert_int_equal(segment_parse(&seg, &p.src, &p.dst, p.bytes, p.len, true),
                     DROP_NONE);
}

static void
truncated_header_is_dropped(void **state)
{
    struct packet p = packet();
    struct segment seg;

    (void)state;
    for (p.len = 0; p.len < TCP_HEADER_LEN; p.len++)
        assert_int_equal(parse(&p, &seg), DROP_TCP_TOO_SHORT);
    for (; p.len < p.header_len; p.len++)
        assert_int_equal(parse(&p, &seg), DROP_TCP_BAD_DATA_OFFSET);
}

static void
data_offset_below_the_header_is_dropped(void **state)
{
    struct packet p = packet();
    struct segment seg;

    (void)state;
    p.bytes[12] = 0x40;
    seal(&p);
    assert_int_equal(parse(&p, &seg), DROP_TCP_BAD_DATA_OFFSET);
}

static void
only_single_hosts_speak_tcp(void **state)
{
    static const uint32_t bad[] = {0xe0000001, 0xffffffff, 0};
    struct segment seg;

    (void)state;
    for (size_t i = 0; i < sizeof bad / sizeof bad[0]; i++) {
        struct packet p = packet();

        p.src = addr_v4(bad[i]);
        seal(&p);
        assert_int_equal(parse(&p, &seg), DROP_TCP_NOT_UNICAST);
        p = packet();
        p.dst = addr_v4(bad[i]);
        seal(&p);
        assert_int_equal(parse(&p, &seg), DROP_TCP_NOT_UNICAST);
    }
}

static void
span_counts_text_syn_and_fin(void **state)
{
    struct segment seg = {.len = 10};

    (void)state;
    assert_int_equal(segment_span(&seg), 10);
    seg.flags = TCP_SYN | TCP_FIN | TCP_ACK | TCP_PSH;
    assert_int_equal(segment_span(&seg), 12);
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(fields_come_out_in_host_form),
        cmocka_unit_test(every_damaged_byte_is_found),
        cmocka_unit_test(vouched_checksum_is_not_looked_at),
        cmocka_unit_test(truncated_header_is_dropped),
        cmocka_unit_test(data_offset_below_the_header_is_dropped),
        cmocka_unit_test(only_single_hosts_speak_tcp),
        cmocka_unit_test(span_counts_text_syn_and_fin),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
