/* SPDX-License-Identifier: MIT */
/* Reassembly: fragments of any offsets and lengths, of a few sources and
 * identifications, and time. After each one all memory is accounted for; a
 * datagram that is complete has, at every offset, the byte that every fragment
 * had there; and in the end all of it times out. */
#include "tests/fuzz/fuzz.h"

#include "ipd/core/frag.h"

static struct frag_table table;
static uint8_t text[IPV4_PACKET_MAX + 8]; /* of every datagram */

static void
check_table(void)
{
    uint32_t blocks = 0, datagrams = 0, of_sources = 0, blocks_of_sources = 0;

    for (uint32_t i = 0; i < FRAG_DATAGRAMS; i++) {
        const struct frag_datagram *d = &table.datagrams[i];

        of_sources += table.sources[i].datagrams;
        if (table.sources[i].datagrams > 0)
            blocks_of_sources += table.sources[i].blocks;
        CHECK(table.sources[i].datagrams <= FRAG_SOURCE_MAX);
        if (d->state == FRAG_FREE)
            continue;
        datagrams++;
        blocks += d->blocks;
        CHECK(d->state <= FRAG_DEAD && d->source < FRAG_DATAGRAMS);
        CHECK(d->held <= d->highest && d->highest <= IPV4_PACKET_MAX);
        CHECK(d->end == 0 || d->highest <= d->end);
    }
    CHECK(blocks + table.free_blocks == FRAG_BLOCKS);
    CHECK(datagrams == of_sources && blocks == blocks_of_sources);
}

static void
check_complete(int32_t complete)
{
    static uint8_t back[IPV4_PACKET_MAX];
    struct ipv4 ip = frag_header(&table, complete);
    uint32_t len = frag_len(&table, complete);

    CHECK(len > 0 && ip.total_len == ip.header_len + len);
    CHECK(!ipv4_is_fragment(&ip));
    frag_read(&table, complete, 0, back, len);
    CHECK(memcmp(back, text, len) == 0);
    frag_free(&table, complete);
}

static void
add(struct fuzz *f, instant_t now)
{
    uint8_t who = fuzz_u8(f), kind = fuzz_u8(f);
    uint32_t offset = fuzz_u8(f) * (kind & 2 ? 8 : kind & 4 ? 256u : 2048u);
    uint32_t len = kind & 8 ? fuzz_u16(f) : fuzz_u8(f) * 8;
    struct ipv4 ip = {
        .src = addr_v4(0x0a070000u + (who & 31)),
        .dst = addr_v4(0x0a070002),
        .ttl = 64,
        .proto = kind & 16 ? IP_PROTO_UDP : IP_PROTO_ICMP,
        .tos = kind >> 6,
        .header_len = IPV4_HEADER_LEN,
        .id = who >> 5,
        .more = kind & 1,
    };
    uint8_t header[IPV4_HEADER_LEN], *payload;
    int32_t complete = -1;

    /* What ipv4_decode and ip_input_packet let pass. */
    len = len == 0 ? 8 : len;
    len = len > IPV4_PACKET_MAX - IPV4_HEADER_LEN
              ? IPV4_PACKET_MAX - IPV4_HEADER_LEN
              : len;
    ip.frag_offset = (uint16_t)(offset & 0xfff8);
    ip.total_len = (uint16_t)(IPV4_HEADER_LEN + len);
    if (!ipv4_is_fragment(&ip))
        return;
    ipv4_encode(header, &ip);
    payload = malloc(len);
    CHECK(payload != NULL);
    for (uint32_t i = 0; i < len; i++)
        payload[i] = text[(ip.frag_offset + i) % sizeof text];
    if (frag_add(&table, &ip, header, payload, 0, now, &complete) ==
            DROP_NONE &&
        complete >= 0)
        check_complete(complete);
    free(payload);
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct fuzz f = {data, size};
    struct frag_expired e;
    instant_t now = {1000};

    for (uint32_t i = 0; text[1] == 0 && i < sizeof text; i++)
        text[i] = (uint8_t)(i * 31 + (i >> 8));
    frag_init(&table);
    while (f.left > 0) {
        uint8_t what = fuzz_u8(&f);

        if (what < 8)
            now = instant_add(now, duration_ms(100 * (int64_t)fuzz_u8(&f)));
        else
            add(&f, now);
        while (frag_expire(&table, now, &e))
            CHECK(!e.answer || e.len <= sizeof e.packet);
        check_table();
        (void)frag_take_given_up(&table);
    }
    now = instant_add(now, FRAG_TIMEOUT);
    while (frag_expire(&table, now, &e))
        check_table();
    CHECK(table.free_blocks == FRAG_BLOCKS);
    CHECK(instant_is_never(frag_deadline(&table)));
    return 0;
}
