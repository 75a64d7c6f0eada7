/* SPDX-License-Identifier: MIT */
/* A core whose peers, user and clock follow a fuzzer's input, and what must hold
 * after every step of theirs. One world is made once and begun anew for each
 * input: its memory is large. */
#ifndef TESTS_FUZZ_FUZZ_TCP_H
#define TESTS_FUZZ_FUZZ_TCP_H

#include "tests/fuzz/fuzz.h"

#include "base/bits.h"
#include "proto/wire/icmp.h"
#include "proto/wire/ipv4.h"
#include "tcpd/core/internal.h"
#include "tests/support/tcp_world.h"

#define FUZZ_TCBS  8
#define FUZZ_SLOT  65664 /* bytes of a segment's slot in the world */
#define FUZZ_DRAIN 20000 /* segments in a row: more means never */

static inline struct world *
fuzz_world(uint32_t gso_max)
{
    static struct world w;

    if (w.memory == NULL)
        world_setup(&w, FUZZ_TCBS, WORLD_BUFFER);
    w.config.gso_max = gso_max;
    w.now = (instant_t){INT64_C(1000000000000)};
    w.net = world_net(w.local, WORLD_MTU);
    w.listener = NULL;
    chunk_pool_init(&w.pool, w.rx, WORLD_CHUNKS);
    w.tcp = tcp_init(w.memory, &w.config);
    return &w;
}

/* The text of a stream is world_byte() of its offset, both ways. */
static inline void
fuzz_check_text(struct world *w, const struct tcp_slot *slot,
                const struct tcp_header *h)
{
    const struct tcb *tcb;
    uint32_t len = slot->len - h->header_len;

    if (slot->tcb == UINT32_MAX) {
        CHECK(len == 0 && slot->gso_size == 0);
        return;
    }
    tcb = &w->tcp->tcbs[slot->tcb];
    for (uint32_t i = 0; i < len; i++)
        CHECK(slot->buf[h->header_len + i] ==
              world_byte(h->seq - tcb->iss.v - 1 + i));
}

/* A segment that comes out can be sent as it is. */
static inline void
fuzz_check_segment(struct world *w, const struct tcp_slot *slot,
                   struct tcp_header *h)
{
    uint8_t header[TCP_HEADER_MAX];
    uint32_t packet = IPV4_HEADER_LEN + slot->len;

    CHECK(slot->len <= slot->cap);
    CHECK(tcp_decode(slot->buf, slot->len, h) == DROP_NONE);
    CHECK(net_own(&w->net, slot->src) != NULL && !addr_is_group(slot->dst));
    CHECK(h->src_port != 0);
    memcpy(header, slot->buf, h->header_len);
    tcp_checksum_partial(header, slot->src, slot->dst, slot->len);
    CHECK(memcmp(header, slot->buf, h->header_len) == 0);
    if (slot->gso_size == 0) {
        CHECK(packet <= WORLD_MTU);
    } else {
        CHECK(slot->len - h->header_len <= w->config.gso_max);
        CHECK(slot->len - h->header_len > slot->gso_size);
        CHECK(IPV4_HEADER_LEN + h->header_len + slot->gso_size <= WORLD_MTU);
        CHECK(!(h->flags & (TCP_SYN | TCP_RST)));
    }
    fuzz_check_text(w, slot, h);
}

/* The next segment, checked. */
static inline bool
fuzz_send(struct world *w, struct tcp_slot *slot, struct tcp_header *h)
{
    *slot = (struct tcp_slot){.buf = w->slot, .cap = FUZZ_SLOT};
    if (!tcp_output(w->tcp, slot, w->now))
        return false;
    fuzz_check_segment(w, slot, h);
    world_check(w);
    return true;
}

static inline void
fuzz_drain(struct world *w)
{
    struct tcp_slot slot;
    struct tcp_header h;
    uint32_t n = 0;

    while (fuzz_send(w, &slot, &h))
        CHECK(++n < FUZZ_DRAIN);
    CHECK(!tcp_wants_output(w->tcp));
}

/* Time passes until `until`, or for `most` deadlines; nothing stays due. */
static inline void
fuzz_wait(struct world *w, instant_t until, uint32_t most)
{
    for (uint32_t n = 0; n < most; n++) {
        instant_t next = tcp_next_deadline(w->tcp);

        if (instant_before(until, next))
            break;
        if (instant_before(w->now, next))
            w->now = next;
        tcp_expire(w->tcp, w->now);
        world_check(w);
        fuzz_drain(w);
        CHECK(!instant_due(tcp_next_deadline(w->tcp), w->now));
    }
    if (instant_before(w->now, until) &&
        instant_before(until, tcp_next_deadline(w->tcp)))
        w->now = until;
}

/* All let go. What is left ends by itself, in bounded time, and gives all of its
 * memory back. */
static inline void
fuzz_end(struct world *w)
{
    uint32_t free = 0;

    if (w->listener != NULL)
        tcp_call_unbind(w->tcp, w->listener, w->now);
    for (uint32_t i = 0; i < FUZZ_TCBS; i++) {
        struct tcb *tcb = &w->tcp->tcbs[i];

        if (tcb->state != TCB_CLOSED && tcb->owner.client != OWNER_NONE)
            tcp_call_abort(w->tcp, tcb, w->now);
        else if (tcb->state == TCB_CLOSED)
            tcb->owner.client = OWNER_NONE;
        tcb_touch(w->tcp, tcb);
    }
    fuzz_drain(w);
    fuzz_wait(w, instant_add(w->now, duration_ms(4000000)), 10000);
    world_turn(w);
    CHECK(instant_is_never(tcp_next_deadline(w->tcp)));
    for (const struct list *l = w->tcp->free.next; l != &w->tcp->free;
         l = l->next)
        free++;
    for (uint32_t i = 0; i < FUZZ_TCBS; i++)
        CHECK(w->tcp->tcbs[i].state == TCB_CLOSED);
    CHECK(list_empty(&w->tcp->time_wait) && list_empty(&w->tcp->output));
    (void)free;
}

/* ---- segments ---- */

static inline void
fuzz_options(struct fuzz *f, const struct tcb *tcb, struct tcp_options *opt)
{
    uint8_t kinds = fuzz_u8(f);

    *opt = (struct tcp_options){
        .has_mss = (kinds & 1) != 0,
        .has_wscale = (kinds & 2) != 0,
        .sack_permitted = (kinds & 4) != 0,
        .has_timestamps = (kinds & 8) != 0,
        .sack_count = kinds & 16 ? 1 + kinds / 64 : 0,
        .mss = 1460,
    };
    if (opt->has_mss)
        opt->mss = max_u32(fuzz_u16(f), 1) & UINT16_MAX;
    if (opt->has_wscale)
        opt->wscale = fuzz_below(f, TCP_WSCALE_MAX + 1) & 15;
    if (opt->has_timestamps) {
        opt->tsval = (tcb != NULL ? tcb->ts_recent : 5000) + fuzz_near(f);
        opt->tsecr =
            (tcb != NULL ? tcb->ts_offset + 1000000 : 0) + fuzz_near(f);
    }
    for (uint8_t i = 0; i < opt->sack_count; i++) {
        uint32_t una = tcb != NULL ? tcb->snd_una.v : 0;

        opt->sack[i].left = una + fuzz_near(f) * 100;
        opt->sack[i].right = opt->sack[i].left + fuzz_near(f) * 100;
    }
}

/* A length as segments have it: none, small, a full one, or a large packet's. */
static inline uint32_t
fuzz_len(struct fuzz *f)
{
    uint8_t kind = fuzz_u8(f);

    if (kind < 96)
        return 0;
    if (kind < 160)
        return fuzz_u8(f);
    return kind < 240 ? 1448 : fuzz_u16(f) % 65000;
}

/* The header as bytes, then text that belongs at `offset`, is parsed and taken. */
static inline void
fuzz_input(struct world *w, const struct tcp_header *h, struct addr src,
           uint64_t offset, uint32_t len, uint16_t gso_size)
{
    static uint8_t bytes[TCP_HEADER_MAX + 65536];
    size_t header = tcp_encode(bytes, h);
    struct segment seg;

    for (uint32_t i = 0; i < len; i++)
        bytes[header + i] = world_byte(offset + i);
    if (segment_parse(&seg, &src, &w->local, bytes, (uint32_t)header + len,
                      true) != DROP_NONE)
        return;
    seg.gso_size = gso_size;
    (void)tcp_input(w->tcp, &seg, w->now);
    memset(bytes, 0xee,
           header + len); /* it was read before the call returned */
    world_check(w);
}

#endif
