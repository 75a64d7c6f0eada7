/* SPDX-License-Identifier: MIT */
/* Capture files, read back block by block as draft-ietf-opsawg-pcapng says. */
#include "ctl/pcapng.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>

#include <cmocka.h>

#include <errno.h>
#include <stdlib.h>
#include <string.h>

/* A file, and how far it was read. */
struct file {
    char *bytes;
    size_t len, at;
    FILE *out;
};

struct block {
    uint32_t type, len;
    const uint8_t *body;
};

struct option {
    uint16_t code, len;
    const uint8_t *value;
};

static void
open_file(struct file *f)
{
    *f = (struct file){.bytes = NULL};
    f->out = open_memstream(&f->bytes, &f->len);
    assert_non_null(f->out);
}

static void
end_writing(struct file *f)
{
    assert_int_equal(fclose(f->out), 0);
}

static uint32_t
get32(const uint8_t *p)
{
    uint32_t v;

    memcpy(&v, p, sizeof v);
    return v;
}

static uint16_t
get16(const uint8_t *p)
{
    uint16_t v;

    memcpy(&v, p, sizeof v);
    return v;
}

/* Both lengths agree, and it ends on a word. */
static struct block
read_block(struct file *f)
{
    const uint8_t *p = (const uint8_t *)f->bytes + f->at;
    struct block b;

    assert_true(f->len - f->at >= 12);
    b = (struct block){.type = get32(p), .len = get32(p + 4), .body = p + 8};
    assert_int_equal(b.len % 4, 0);
    assert_true(b.len >= 12 && b.len <= f->len - f->at);
    assert_int_equal(get32(p + b.len - 4), b.len);
    f->at += b.len;
    return b;
}

static void
assert_end(struct file *f)
{
    assert_int_equal(f->at, f->len);
    free(f->bytes);
}

/* The option at *at of the block's body, which moves behind it and its zeros. */
static struct option
read_option(const struct block *b, uint32_t *at)
{
    const uint8_t *p = b->body + *at;
    struct option o = {.code = get16(p), .len = get16(p + 2), .value = p + 4};
    uint32_t padded = (o.len + 3u) & ~3u;

    assert_true(*at + 4 + padded <= b->len - 12);
    for (uint32_t i = o.len; i < padded; i++)
        assert_int_equal(o.value[i], 0);
    *at += 4 + padded;
    return o;
}

static void
assert_option(const struct block *b, uint32_t *at, uint16_t code,
              const void *value, uint16_t len)
{
    struct option o = read_option(b, at);

    assert_int_equal(o.code, code);
    assert_int_equal(o.len, len);
    if (len > 0)
        assert_memory_equal(o.value, value, len);
}

static struct block
only_packet(struct file *f, const struct pcapng_packet *p)
{
    open_file(f);
    assert_true(pcapng_packet(f->out, p));
    end_writing(f);
    return read_block(f);
}

/* ---- blocks ---- */

static void
section_says_byte_order_and_version(void **state)
{
    struct file f;
    struct block b;

    (void)state;
    open_file(&f);
    assert_true(pcapng_begin(f.out));
    end_writing(&f);
    b = read_block(&f);
    assert_int_equal(b.type, 0x0a0d0d0a);
    assert_int_equal(b.len, 28);
    assert_int_equal(get32(b.body), 0x1a2b3c4d);
    assert_int_equal(get16(b.body + 4), 1);
    assert_int_equal(get16(b.body + 6), 0);
    assert_int_equal(get32(b.body + 8), UINT32_MAX);
    assert_int_equal(get32(b.body + 12), UINT32_MAX);
    assert_end(&f);
}

static void
interface_says_type_snap_name_and_nanoseconds(void **state)
{
    struct file f;
    struct block b;
    uint32_t at = 8;

    (void)state;
    open_file(&f);
    assert_true(pcapng_interface(f.out, "ipd>tcpd", PCAPNG_RAW, 4711));
    end_writing(&f);
    b = read_block(&f);
    assert_int_equal(b.type, 1);
    assert_int_equal(get16(b.body), PCAPNG_RAW);
    assert_int_equal(get16(b.body + 2), 0);
    assert_int_equal(get32(b.body + 4), 4711);
    assert_option(&b, &at, 2, "ipd>tcpd", 8);
    assert_option(&b, &at, 9, "\x09", 1);
    assert_option(&b, &at, 0, NULL, 0);
    assert_int_equal(at, b.len - 12);
    assert_end(&f);
}

static void
names_of_every_length_are_padded(void **state)
{
    char name[101] = "";

    (void)state;
    for (uint16_t len = 0; len < 100; len++) {
        struct file f;
        struct block b;
        uint32_t at = 8;

        open_file(&f);
        assert_true(pcapng_interface(f.out, name, PCAPNG_ETHERNET, 0));
        end_writing(&f);
        b = read_block(&f);
        assert_option(&b, &at, 2, name, len < 64 ? len : 64);
        assert_end(&f);
        name[len] = 'n';
    }
}

static void
packet_says_when_where_and_how_much(void **state)
{
    const uint8_t bytes[5] = {1, 2, 3, 4, 5};
    const struct pcapng_packet p = {
        .interface = 3,
        .unix_ns = 0x123456789abcdef,
        .bytes = bytes,
        .captured = 5,
        .len = 1500,
    };
    struct file f;
    struct block b = only_packet(&f, &p);

    (void)state;
    assert_int_equal(b.type, 6);
    assert_int_equal(get32(b.body), 3);
    assert_int_equal(get32(b.body + 4), 0x1234567);
    assert_int_equal(get32(b.body + 8), 0x89abcdef);
    assert_int_equal(get32(b.body + 12), 5);
    assert_int_equal(get32(b.body + 16), 1500);
    assert_memory_equal(b.body + 20, "\1\2\3\4\5\0\0\0", 8);
    assert_int_equal(b.len, 12 + 20 + 8); /* and no options */
    assert_end(&f);
}

static void
packets_of_every_length_are_padded(void **state)
{
    uint8_t bytes[64];

    (void)state;
    memset(bytes, 0xee, sizeof bytes);
    for (uint32_t len = 0; len <= sizeof bytes; len++) {
        const struct pcapng_packet p = {
            .bytes = bytes, .captured = len, .len = len};
        struct file f;
        struct block b = only_packet(&f, &p);

        assert_memory_equal(b.body + 20, bytes, len);
        for (uint32_t i = len; i % 4 != 0; i++)
            assert_int_equal(b.body[20 + i], 0);
        assert_end(&f);
    }
}

static void
comment_comes_before_the_way(void **state)
{
    const struct pcapng_packet p = {
        .bytes = (const uint8_t *)"abc",
        .captured = 3,
        .len = 3,
        .way = PCAPNG_OUTBOUND,
        .comment = "dropped by ipd: ip.drop.ttl",
    };
    const uint32_t outbound = 2;
    struct file f;
    struct block b = only_packet(&f, &p);
    uint32_t at = 24;

    (void)state;
    assert_option(&b, &at, 1, p.comment, (uint16_t)strlen(p.comment));
    assert_option(&b, &at, 2, &outbound, 4);
    assert_option(&b, &at, 0, NULL, 0);
    assert_int_equal(at, b.len - 12);
    assert_end(&f);
}

static void
long_comments_are_cut(void **state)
{
    char comment[2000];
    const struct pcapng_packet p = {.bytes = (const uint8_t *)"",
                                    .comment = comment};
    struct file f;
    struct block b;
    uint32_t at = 20;

    (void)state;
    memset(comment, 'c', sizeof comment - 1);
    comment[sizeof comment - 1] = '\0';
    b = only_packet(&f, &p);
    assert_option(&b, &at, 1, comment, 512);
    assert_end(&f);
}

static void
full_disk_is_told(void **state)
{
    FILE *full = fopen("/dev/full", "we");
    const struct pcapng_packet p = {.bytes = (const uint8_t *)"abc",
                                    .captured = 3};

    (void)state;
    if (full == NULL)
        skip();
    setvbuf(full, NULL, _IONBF, 0);
    errno = 0;
    assert_false(pcapng_begin(full));
    assert_int_equal(errno, ENOSPC);
    assert_false(pcapng_interface(full, "tap0", PCAPNG_ETHERNET, 0));
    assert_false(pcapng_packet(full, &p));
    fclose(full);
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(section_says_byte_order_and_version),
        cmocka_unit_test(interface_says_type_snap_name_and_nanoseconds),
        cmocka_unit_test(names_of_every_length_are_padded),
        cmocka_unit_test(packet_says_when_where_and_how_much),
        cmocka_unit_test(packets_of_every_length_are_padded),
        cmocka_unit_test(comment_comes_before_the_way),
        cmocka_unit_test(long_comments_are_cut),
        cmocka_unit_test(full_disk_is_told),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
