/* SPDX-License-Identifier: MIT */
/* A core with one connection in ESTABLISHED that never had a handshake. */
#include "tests/support/lone_tcb.h"

#include "base/check.h"
#include "tests/support/tcp_world.h"

#include <stdlib.h>
#include <string.h>

#define CHUNKS 64
#define REGION ((size_t)CHUNKS * STREAM_CHUNK)
#define MTU    (LONE_MSS + 40)
#define START  1000 /* ms on the clock */

static const struct tcp_config defaults = {
    .tcbs = 4,
    .listeners = 2,
    .send_buffer = 1 << 20,
    .receive_buffer = LONE_WINDOW,
    .gso_max = LONE_GSO,
    .secret = {{1, 2}},
};

static void *
allocate(size_t size)
{
    void *p = aligned_alloc(64, (size + 63) / 64 * 64);

    CHECK(p != NULL);
    return p;
}

static void
establish(struct lone *l)
{
    struct tcb *tcb = tcb_new(l->tcp);

    CHECK(tcb != NULL);
    tcb->local = addr_v4(0x0a000001);
    tcb->remote = addr_v4(0x0a000002);
    tcb->local_port = 1234;
    tcb->remote_port = 80;
    tcb->owner = (struct owner){.client = 1, .slot = 1};
    tcb->iss = seq(LONE_ISS);
    tcb->snd_una = tcb->snd_nxt = tcb->snd_max = seq(LONE_ISS + 1);
    tcb->snd_sml = tcb->iss;
    tcb->snd_wnd = tcb->max_snd_wnd = LONE_WINDOW;
    tcb->snd_mss = tcb->rcv_mss = tcb->peer_mss = LONE_MSS;
    tcb->pmtu = MTU;
    tcb->irs = seq(500);
    tcb->rcv_nxt = tcb->last_ack_sent = seq(501);
    tcb->rcv_adv = seq(501 + LONE_WINDOW);
    tcb->flags = TCB_SYN_ACKED;
    tcb->pool = &l->pool;
    tcb->tx.base = l->tx;
    for (uint16_t i = 0; i < STREAM_CHUNKS; i++)
        tcb->tx.chunk[i] = i;
    rtt_init(tcb);
    cc_init(tcb);
    tcb_hash(l->tcp, tcb);
    tcb_enter(l->tcp, tcb, TCB_SYN_SENT, l->now);
    tcb_enter(l->tcp, tcb, TCB_ESTABLISHED, l->now);
    l->tcb = tcb;
}

int
lone_setup(void **state)
{
    struct tcp_config config = defaults;
    struct lone *l = calloc(1, sizeof *l);

    CHECK(l != NULL);
    l->now = (instant_t){duration_ms(START).ns};
    l->rx = allocate(REGION);
    l->tx = allocate(REGION);
    for (size_t i = 0; i < REGION; i++)
        l->tx[i] = (uint8_t)(i * 31 + i / 251);
    chunk_pool_init(&l->pool, l->rx, CHUNKS);
    l->slot.cap = TCP_HEADER_MAX + LONE_GSO;
    l->slot.buf = allocate(l->slot.cap);
    l->net = world_net(addr_v4(0x0a000001), MTU);
    config.net = &l->net;
    l->tcp = tcp_init(allocate(tcp_footprint(&config)), &config);
    establish(l);
    *state = l;
    return 0;
}

int
lone_teardown(void **state)
{
    struct lone *l = *state;

    free(l->slot.buf);
    free(l->rx);
    free(l->tx);
    free(l->tcp);
    free(l);
    return 0;
}

void
lone_unsynchronize(struct lone *l, enum tcb_state state)
{
    struct tcb *tcb = l->tcb;

    tcb->snd_una = tcb->snd_nxt = tcb->snd_max = tcb->iss;
    tcb->flags &= ~(uint32_t)TCB_SYN_ACKED;
    tcb->rcv_adv = tcb->rcv_nxt;
    tcb_enter(l->tcp, tcb, state, l->now);
    tcb_want_output(l->tcp, tcb);
}

void
lone_write(struct lone *l, uint32_t len)
{
    l->tcb->tx_end += len;
    tcb_want_output(l->tcp, l->tcb);
}

void
lone_acked(struct lone *l, uint32_t len)
{
    struct tcb *tcb = l->tcb;

    tcb->snd_una = seq_add(tcb->snd_una, len);
    tcb->snd_nxt = seq_max(tcb->snd_nxt, tcb->snd_una);
    tcb->tx_una += len;
    tcb->bytes_acked += len;
    if (seq_eq(tcb->snd_una, tcb->snd_max))
        timer_stop(l->tcp, tcb, TIMER_RTO);
    tcb_want_output(l->tcp, tcb);
}

bool
lone_send(struct lone *l)
{
    enum drop why;

    if (!tcp_output(l->tcp, &l->slot, l->now))
        return false;
    why = tcp_decode(l->slot.buf, l->slot.len, &l->sent);
    CHECK(why == DROP_NONE);
    l->text = l->slot.buf + l->sent.header_len;
    l->len = l->slot.len - l->sent.header_len;
    return true;
}

uint32_t
lone_drain(struct lone *l)
{
    uint32_t sum = 0;

    while (lone_send(l))
        sum += l->len;
    return sum;
}

void
lone_expire(struct lone *l)
{
    instant_t next = tcp_next_deadline(l->tcp);

    CHECK(!instant_is_never(next));
    l->now = next;
    tcp_expire(l->tcp, l->now);
}

uint64_t
lone_offset(const struct lone *l)
{
    return l->sent.seq - (uint32_t)(LONE_ISS + 1);
}
