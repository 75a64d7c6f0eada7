/* SPDX-License-Identifier: MIT */
/* A listener under fire: SYNs, ACKs and RSTs of many peers, with and without
 * the numbers that they were given, cookies among them; accept, a new backlog,
 * the clock. After every step all invariants hold, and what comes out can be
 * sent. */
#include "tests/fuzz/fuzz_tcp.h"

#define PEERS 64

/* What each peer was last told. */
struct peer {
    uint32_t seq, ack;
    uint32_t tsval;
};

static struct peer peers[PEERS];

static void
hear(struct world *w)
{
    struct tcp_slot slot;
    struct tcp_header h;
    uint32_t n = 0;

    while (fuzz_send(w, &slot, &h)) {
        CHECK(++n < FUZZ_DRAIN);
        peers[h.dst_port % PEERS] = (struct peer){h.seq, h.ack, h.opt.tsval};
    }
}

static void
step_segment(struct fuzz *f, struct world *w)
{
    static const uint8_t usual[] = {
        TCP_SYN,           TCP_ACK, TCP_RST, TCP_ACK | TCP_PSH,
        TCP_FIN | TCP_ACK, TCP_SYN, TCP_ACK, TCP_SYN};
    uint8_t port = fuzz_u8(f) % PEERS;
    uint32_t flags = fuzz_below(f, 9);
    struct tcp_header h = {.src_port = 4096 + port,
                           .dst_port = 80,
                           .flags = flags < 8 ? usual[flags] : fuzz_u8(f),
                           .window = 65535};
    struct addr src = addr_v4(0x0a070000u + fuzz_below(f, 4) % 3 + 9);
    uint32_t len = fuzz_len(f);

    h.seq = peers[port].ack + (fuzz_below(f, 4) ? 0 : fuzz_near(f));
    h.ack = peers[port].seq + 1 + (fuzz_below(f, 4) ? 0 : fuzz_near(f));
    fuzz_options(f, NULL, &h.opt);
    if (fuzz_below(f, 4))
        h.opt.tsecr = peers[port].tsval;
    fuzz_input(w, &h, src, 0, len % 2000, 0);
}

static void
step_accept(struct fuzz *f, struct world *w)
{
    struct tcb *tcb = &w->tcp->tcbs[fuzz_below(f, FUZZ_TCBS)];

    if (!(tcb->flags & TCB_QUEUED) || tcb->owner.client == OWNER_NONE)
        return;
    tcp_call_claim(w->tcp, tcb);
    tcb->owner.slot = 3;
    tcb->tx.base = w->tx;
    if (fuzz_below(f, 2))
        tcp_call_close(w->tcp, tcb, w->now);
}

static void
step(struct fuzz *f, struct world *w)
{
    uint32_t what = fuzz_below(f, 16);

    if (what < 11) {
        step_segment(f, w);
    } else if (what == 11) {
        step_accept(f, w);
    } else if (what == 12) {
        tcp_call_listen(w->tcp, w->listener, fuzz_u8(f), NULL, &w->pool);
    } else if (what == 13) {
        /* Not past its second deadline, so that numbers stay known. */
        w->now = instant_add(w->now, duration_ms(fuzz_u8(f)));
        tcp_expire(w->tcp, w->now);
    } else if (what == 14) {
        fuzz_wait(w, instant_add(w->now, duration_ms(64000)), 500);
    } else {
        hear(w);
        world_turn(w);
    }
    world_check(w);
    if (what % 2 == 0)
        hear(w);
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct fuzz f = {data, size};
    struct world *w = fuzz_world(0);

    memset(peers, 0, sizeof peers);
    world_listen(w, 1 + fuzz_below(&f, 8));
    for (uint32_t i = 0; f.left > 0 && i < 400; i++)
        step(&f, w);
    fuzz_end(w);
    return 0;
}
