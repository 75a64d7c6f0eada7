/* SPDX-License-Identifier: MIT */
/* tcpd between a hostile ipd and a hostile apid: descriptors and requests of any
 * bytes, near what would be right, and cursors that move as they like, while a
 * connection and a listener live. tcpd goes on, its connections stay sound, and
 * all that it publishes is a segment that can be sent. */
#include "tests/fuzz/fuzz.h"

#include "base/bits.h"
#include "tests/support/tcpd_ends.h"

#define NUMBER 1

static void
bring_packet(struct fuzz *f, struct tcpd_world *w, const struct peer *peer)
{
    struct tcp_header h = {.src_port = fuzz_below(f, 4) ? 4000 : 4001,
                           .dst_port = fuzz_below(f, 2) ? peer->local_port : 80,
                           .seq = peer->snd_nxt + fuzz_near(f),
                           .ack = peer->rcv_nxt + fuzz_near(f),
                           .flags = fuzz_u8(f),
                           .window = fuzz_u16(f)};
    uint32_t len = fuzz_u16(f) % 3000;
    struct packet *p = ring_stage(&w->ip_rx, 0);
    uint8_t *room = area_reserve(&w->area, 0, TCP_HEADER_MAX + len);
    uint32_t header;

    if (p == NULL || room == NULL)
        return;
    *p = (struct packet){.origin_ring = RINGS,
                         .protocol = 6,
                         .flags = fuzz_u8(f) & 7,
                         .gso_size = fuzz_u16(f),
                         .src = addr_v4(TCPD_WORLD_REMOTE),
                         .dst = addr_v4(TCPD_WORLD_LOCAL)};
    header = (uint32_t)tcp_encode(room, &h);
    memset(room + header, 0x5a, len);
    area_commit(&w->area, p, header + len);
    for (uint32_t n = fuzz_below(f, 6); n > 0; n--)
        ((uint8_t *)p)[fuzz_u8(f) % sizeof *p] = fuzz_u8(f);
    for (uint32_t n = fuzz_below(f, 6); n > 0; n--)
        room[fuzz_u8(f) % header] = fuzz_u8(f);
    ring_publish(&w->ip_rx, 1);
}

static void
bring_notice(struct fuzz *f, struct tcpd_world *w, const struct peer *peer)
{
    struct notice n = {.local = addr_v4(TCPD_WORLD_LOCAL),
                       .remote = addr_v4(TCPD_WORLD_REMOTE),
                       .local_port = peer->local_port,
                       .remote_port = peer->port,
                       .seq = peer->rcv_nxt + fuzz_near(f),
                       .mtu = fuzz_u32(f),
                       .type = fuzz_below(f, 16),
                       .code = fuzz_below(f, 16)};
    struct packet p = {.origin_ring = RINGS};

    if (ring_stage(&w->ip_rx, 0) == NULL)
        return;
    notice_encode(&p, &n);
    for (uint32_t i = fuzz_below(f, 4); i > 0; i--)
        ((uint8_t *)&p)[fuzz_u8(f) % sizeof p] = fuzz_u8(f);
    tcpd_world_bring_packet(w, &p);
}

static void
ask(struct fuzz *f, struct tcpd_world *w, struct end *e)
{
    struct api_request q = {.number = e->requests + 1,
                            .acknowledged = e->requests,
                            .route = 9,
                            .op = fuzz_u8(f) % API_OPS,
                            .slot = fuzz_below(f, 4),
                            .addr = addr_v4(TCPD_WORLD_REMOTE),
                            .port = fuzz_u8(f),
                            .backlog = fuzz_u8(f),
                            .level = fuzz_below(f, 2) ? 6 : 1,
                            .name = fuzz_below(f, 24),
                            .value_len = 4};

    if (ring_stage(&w->api_req, 0) == NULL)
        return;
    memcpy(q.token, e->token, sizeof q.token);
    fuzz_bytes(f, q.value, fuzz_below(f, 48));
    for (uint32_t n = fuzz_below(f, 6); n > 0; n--)
        ((uint8_t *)&q)[fuzz_u8(f) % sizeof q] = fuzz_u8(f);
    if (q.number == e->requests + 1)
        e->requests++;
    tcpd_world_ask(w, &q);
}

static void
scribble(struct fuzz *f, struct tcpd_world *w)
{
    struct ring *taken = fuzz_below(f, 2) ? &w->tcp_tx : &w->api_res;
    struct ring *given = fuzz_below(f, 2) ? &w->ip_rx : &w->api_req;

    switch (fuzz_below(f, 3)) {
    case 0:
        taken->cursor->head = fuzz_scribble(f, taken->cursor->head);
        return;
    case 1:
        taken->cursor->released = fuzz_scribble(f, taken->cursor->released);
        return;
    default:
        given->shm->tail = fuzz_scribble(f, given->shm->tail);
    }
}

static void
take_all(struct tcpd_world *w)
{
    static struct sent s;
    struct api_result r;

    /* Whether the source is ours is ipd's to know, who named it. */
    while (tcpd_world_sent(w, &s))
        CHECK(!addr_is_group(s.src) && !addr_is_group(s.dst));
    while (tcpd_world_answer(w, &r))
        CHECK(r.error <= 0 && r.value_len <= sizeof r.value);
}

static void
step(struct fuzz *f, struct tcpd_world *w, struct end *e,
     const struct peer *peer)
{
    uint32_t what = fuzz_below(f, 16);

    if (what < 5)
        bring_packet(f, w, peer);
    else if (what < 6)
        bring_notice(f, w, peer);
    else if (what < 10)
        ask(f, w, e);
    else if (what < 11)
        scribble(f, w);
    else if (what < 12)
        w->now = instant_add(w->now, duration_ms(fuzz_u16(f)));
    else if (what < 13)
        take_all(w);
    else
        tcpd_world_turn(w);
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct fuzz f = {data, size};
    struct tcpd_world *w;
    struct peer *peer;
    struct end *e;
    struct sock k;
    void *state;

    CHECK(tcpd_world_setup(&state) == 0);
    w = state;
    e = end_attach(w, NUMBER);
    peer = peer_new(w, 4000);
    k = connect_to(e, 0, peer);
    (void)listen_at(e, 1, 80);
    sock_write(&k, 3000);
    for (uint32_t i = 0; f.left > 0 && i < 60; i++)
        step(&f, w, e, peer);
    for (int i = 0; i < 3; i++) {
        tcpd_world_turn(w);
        take_all(w);
    }
    CHECK(tcpd_world_teardown(&state) == 0);
    return 0;
}
