/* SPDX-License-Identifier: MIT */
/* What the tests of reassembly share: a table, a datagram, and its fragments. */
#ifndef TESTS_IPD_CORE_FRAG_CUTS_H
#define TESTS_IPD_CORE_FRAG_CUTS_H

#include "tests/ipd/core/two_links.h"

#include "ipd/core/frag.h"
#include "tests/proto/wire/fixture.h"

#define START    after_ms(0)
#define BIG      65515 /* the longest payload behind a header of 20 bytes */
#define ETHERNET 1480  /* bytes of payload a fragment */

static struct frag_table table;
static uint8_t datagram[IPV4_PACKET_MAX + 1]; /* what the sender cut */
static uint8_t back[IPV4_PACKET_MAX + 1];

static inline int
nothing_held(void **state)
{
    struct rng r;

    (void)state;
    memset(&table, 0xcc, sizeof table);
    frag_init(&table);
    rng_seed(&r, 7);
    rng_fill(&r, datagram, sizeof datagram);
    return 0;
}

/* What a sender says of a fragment. */
struct cut {
    uint32_t src;
    uint16_t id;
    uint8_t proto; /* 0: UDP */
    uint8_t tos;
    uint32_t offset, len;
    bool more;
};

static inline struct ipv4
header_of(const struct cut *c, uint8_t bytes[IPV4_HEADER_LEN])
{
    struct ipv4 ip = {
        .src = addr_v4(c->src == 0 ? PEER : c->src),
        .dst = addr_v4(OURS),
        .ttl = 60,
        .proto = c->proto == 0 ? IP_PROTO_UDP : c->proto,
        .tos = c->tos,
        .header_len = IPV4_HEADER_LEN,
        .total_len = (uint16_t)(IPV4_HEADER_LEN + c->len),
        .id = c->id,
        .frag_offset = (uint16_t)c->offset,
        .more = c->more,
    };

    ipv4_encode(bytes, &ip);
    return ip;
}

static inline enum drop
add_at(const struct cut *c, instant_t now, int32_t *complete)
{
    uint8_t header[IPV4_HEADER_LEN];
    struct ipv4 ip = header_of(c, header);
    uint8_t *payload = exact_copy(datagram + c->offset, c->len);
    enum drop why = frag_add(&table, &ip, header, payload, 1, now, complete);

    free(payload);
    return why;
}

static inline enum drop
add(const struct cut *c)
{
    int32_t complete;
    enum drop why = add_at(c, START, &complete);

    assert_int_equal(complete, -1);
    return why;
}

#define ADD(...) add(&(const struct cut){__VA_ARGS__})

/* The datagram comes back as it was cut. */
static inline void
take_back(int32_t complete, uint32_t len)
{
    struct ipv4 ip;

    assert_in_range(complete, 0, FRAG_DATAGRAMS - 1);
    ip = frag_header(&table, complete);
    assert_int_equal(frag_len(&table, complete), len);
    assert_int_equal(ip.total_len, IPV4_HEADER_LEN + len);
    assert_false(ipv4_is_fragment(&ip));
    memset(back, 0, sizeof back);
    frag_read(&table, complete, 0, back, len);
    assert_memory_equal(back, datagram, len);
    frag_free(&table, complete);
}

static inline void
assert_empty(void)
{
    assert_int_equal(table.free_blocks, FRAG_BLOCKS);
    for (uint32_t i = 0; i < FRAG_DATAGRAMS; i++) {
        assert_int_equal(table.datagrams[i].state, FRAG_FREE);
        assert_int_equal(table.sources[i].datagrams, 0);
    }
}

/* Adds what completes a datagram. */
static inline void
complete_with(const struct cut *c, uint32_t len)
{
    int32_t complete;

    assert_int_equal(add_at(c, START, &complete), DROP_NONE);
    take_back(complete, len);
}

#define COMPLETE(len, ...) complete_with(&(const struct cut){__VA_ARGS__}, len)

/* All but the last fragment of a datagram of `len` bytes. */
static inline enum drop
add_most(uint32_t src, uint16_t id, uint32_t len)
{
    uint32_t at = 0;
    enum drop why = DROP_NONE;

    for (; why == DROP_NONE && at + ETHERNET < len; at += ETHERNET)
        why = ADD(.src = src, .id = id, .offset = at, .len = ETHERNET,
                  .more = true);
    return why;
}

static inline void
complete_most(uint32_t src, uint16_t id, uint32_t len)
{
    uint32_t at = (len - 1) / ETHERNET * ETHERNET;

    COMPLETE(len, .src = src, .id = id, .offset = at, .len = len - at);
}

#endif
