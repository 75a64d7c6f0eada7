/* SPDX-License-Identifier: MIT */
/* Blocks of pcapng: type, length, body, options, length again, all in the
 * writer's byte order and padded to words. */
#include "ctl/pcapng.h"

#include "base/bits.h"
#include "base/check.h"

#include <string.h>

#define SECTION_HEADER   0x0a0d0d0a
#define INTERFACE        1
#define ENHANCED_PACKET  6
#define BYTE_ORDER_MAGIC 0x1a2b3c4d

#define OPTION_END     0
#define OPTION_COMMENT 1
#define OPTION_NAME    2 /* of an interface */
#define OPTION_FLAGS   2 /* of a packet */
#define OPTION_TSRESOL 9
#define NANOSECONDS    9 /* 10^-9 s */

#define BLOCK_MAX    1024 /* bytes of a block without packet data */
#define NAME_MAX_LEN 64   /* what is longer is cut off */
#define COMMENT_MAX  512

/* A block while it is put together. */
struct block {
    uint32_t len;
    uint8_t bytes[BLOCK_MAX];
};

static void
put(struct block *b, const void *bytes, size_t len)
{
    CHECK(len <= BLOCK_MAX - b->len);
    memcpy(b->bytes + b->len, bytes, len);
    b->len += (uint32_t)len;
}

static void
put32(struct block *b, uint32_t v)
{
    put(b, &v, sizeof v);
}

static void
put16(struct block *b, uint16_t v)
{
    put(b, &v, sizeof v);
}

static uint32_t
padding(uint32_t len)
{
    return (4 - len % 4) % 4;
}

static void
put_option(struct block *b, uint16_t code, const void *value, uint32_t len)
{
    put16(b, code);
    put16(b, (uint16_t)len);
    put(b, value, len);
    put(b, "\0\0\0", padding(len));
}

static bool
write_block(FILE *out, uint32_t type, const struct block *head,
            const uint8_t *data, uint32_t len, const struct block *tail)
{
    uint32_t pad = padding(len);
    uint32_t total = 12 + head->len + len + pad + tail->len;

    return fwrite(&type, sizeof type, 1, out) == 1 &&
           fwrite(&total, sizeof total, 1, out) == 1 &&
           fwrite(head->bytes, 1, head->len, out) == head->len &&
           fwrite(data, 1, len, out) == len &&
           fwrite("\0\0\0", 1, pad, out) == pad &&
           fwrite(tail->bytes, 1, tail->len, out) == tail->len &&
           fwrite(&total, sizeof total, 1, out) == 1;
}

bool
pcapng_begin(FILE *out)
{
    struct block head = {.len = 0}, none = {.len = 0};

    put32(&head, BYTE_ORDER_MAGIC);
    put16(&head, 1); /* version 1.0 */
    put16(&head, 0);
    put32(&head, UINT32_MAX); /* the section's length is not known */
    put32(&head, UINT32_MAX);
    return write_block(out, SECTION_HEADER, &head, (const uint8_t *)"", 0,
                       &none);
}

bool
pcapng_interface(FILE *out, const char *name, uint16_t link_type, uint32_t snap)
{
    struct block head = {.len = 0}, options = {.len = 0};
    const uint8_t resolution = NANOSECONDS;

    put16(&head, link_type);
    put16(&head, 0);
    put32(&head, snap);
    put_option(&options, OPTION_NAME, name,
               (uint32_t)min_u64(strlen(name), NAME_MAX_LEN));
    put_option(&options, OPTION_TSRESOL, &resolution, 1);
    put_option(&options, OPTION_END, "", 0);
    return write_block(out, INTERFACE, &head, (const uint8_t *)"", 0, &options);
}

bool
pcapng_packet(FILE *out, const struct pcapng_packet *p)
{
    struct block head = {.len = 0}, options = {.len = 0};
    uint64_t when = (uint64_t)p->unix_ns;
    uint32_t flags = (uint32_t)p->way;

    put32(&head, p->interface);
    put32(&head, (uint32_t)(when >> 32));
    put32(&head, (uint32_t)when);
    put32(&head, p->captured);
    put32(&head, p->len);
    if (p->comment != NULL)
        put_option(&options, OPTION_COMMENT, p->comment,
                   (uint32_t)min_u64(strlen(p->comment), COMMENT_MAX));
    if (p->way != PCAPNG_UNKNOWN)
        put_option(&options, OPTION_FLAGS, &flags, sizeof flags);
    if (options.len > 0)
        put_option(&options, OPTION_END, "", 0);
    return write_block(out, ENHANCED_PACKET, &head, p->bytes, p->captured,
                       &options);
}
