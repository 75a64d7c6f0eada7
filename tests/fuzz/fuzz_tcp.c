/* SPDX-License-Identifier: MIT */
/* A live connection, in the state that the first byte picks, between a hostile
 * peer, a user and the clock: segments with fields near the window, calls,
 * timers, ICMP. After every step all invariants hold, what comes out can be
 * sent, received text is what was sent at its place, and in the end everything
 * ends. */
#include "tests/fuzz/fuzz_tcp.h"

static uint32_t
seq_near(struct fuzz *f, const struct tcb *tcb)
{
    const seq_t place[] = {tcb->rcv_nxt, tcb->rcv_adv, tcb->irs,
                           tcb->last_ack_sent};
    uint32_t at = place[fuzz_below(f, 4)].v;

    return fuzz_below(f, 2) ? at + fuzz_near(f)
                            : at + (uint32_t)(int32_t)(int16_t)fuzz_u16(f);
}

static uint32_t
ack_near(struct fuzz *f, const struct tcb *tcb)
{
    const seq_t place[] = {tcb->snd_una, tcb->snd_nxt, tcb->snd_max, tcb->iss};

    return place[fuzz_below(f, 4)].v + fuzz_near(f);
}

static void
step_segment(struct fuzz *f, struct flow *flow)
{
    struct tcb *tcb = flow->tcb;
    struct tcp_header h = {.src_port = flow->remote_port,
                           .dst_port = flow->local_port,
                           .flags = fuzz_u8(f),
                           .window = fuzz_u16(f)};
    uint32_t len = fuzz_len(f);
    uint64_t offset;

    h.seq = seq_near(f, tcb);
    h.ack = ack_near(f, tcb);
    fuzz_options(f, tcb, &h.opt);
    offset = (uint32_t)(h.seq + ((h.flags & TCP_SYN) != 0) - tcb->irs.v - 1);
    if (tcb->state == TCB_SYN_SENT)
        offset = 0; /* the SYN says where it begins */
    fuzz_input(flow->w, &h, flow->remote, offset, len, len > 1448 ? 1448 : 0);
}

static void
step_icmp(struct fuzz *f, struct flow *flow)
{
    struct tcp_icmp icmp = {
        .local = flow->local,
        .remote = flow->remote,
        .local_port = flow->local_port,
        .remote_port = flow->remote_port,
        .seq = seq(ack_near(f, flow->tcb)),
        .type = fuzz_below(f, 2) ? ICMP_DEST_UNREACHABLE : fuzz_u8(f),
        .code = fuzz_u8(f) & 31,
        .mtu = fuzz_below(f, 2) ? fuzz_u16(f) : fuzz_u32(f)};

    (void)tcp_input_icmp(flow->w->tcp, &icmp, flow->w->now);
}

static void
step_settings(struct fuzz *f, struct flow *flow)
{
    struct tcp_settings s;

    tcp_settings_default(flow->w->tcp, &s);
    s.flags = fuzz_below(f, 8);
    switch (fuzz_below(f, 4)) {
    case 0:
        fuzz_bytes(f, &s, sizeof s);
        break;
    case 1:
        s.keep_idle_ms = fuzz_u16(f);
        s.keep_interval_ms = fuzz_u16(f);
        s.keep_count = fuzz_u8(f);
        break;
    case 2:
        s.send_buffer = fuzz_u32(f) >> 8;
        s.receive_buffer = fuzz_u32(f) >> 8;
        break;
    default:
        s.user_timeout_ms = fuzz_u16(f);
        s.mss_limit = fuzz_u16(f);
    }
    /* The regions of this client are smaller than a stream may be. */
    s.send_buffer = min_u32(s.send_buffer, WORLD_BUFFER);
    s.receive_buffer = min_u32(s.receive_buffer, WORLD_BUFFER);
    tcp_call_configure(flow->w->tcp, flow->tcb, &s, flow->w->now);
}

static void
step_write(struct fuzz *f, struct flow *flow)
{
    struct tcb *tcb = flow->tcb;
    uint64_t held = tcb->tx_end - tcb->tx_una;
    uint32_t limit = tcb->settings.send_buffer;

    if (tcb->flags & TCB_SHUT_WR || tcb->state == TCB_CLOSED)
        return;
    if (held < limit)
        flow_write(flow, min_u32(fuzz_len(f), limit - (uint32_t)held));
}

/* Calls of a client that has not yet let go. */
static void
step_call(struct fuzz *f, struct flow *flow)
{
    struct tcp *tcp = flow->w->tcp;
    struct tcb *tcb = flow->tcb;

    if (tcb->owner.client == OWNER_NONE)
        return;
    switch (fuzz_below(f, 12)) {
    case 0:
        tcp_call_shutdown(tcp, tcb, flow->w->now);
        return;
    case 1:
        if (fuzz_below(f, 4) == 0)
            tcp_call_close(tcp, tcb, flow->w->now);
        return;
    case 2:
        if (fuzz_below(f, 8) == 0)
            tcp_call_abort(tcp, tcb, flow->w->now);
        return;
    case 3:
        tcp_call_quick_ack(tcp, tcb, fuzz_below(f, 2) != 0, flow->w->now);
        return;
    case 4:
        step_settings(f, flow);
        return;
    case 5:
    case 6:
    case 7:
        flow_read(flow);
        return;
    default:
        step_write(f, flow);
    }
}

static void
step_time(struct fuzz *f, struct world *w)
{
    static const int64_t ms[] = {1, 5, 40, 200, 1000, 3000, 60000, 7200000};

    fuzz_wait(w, instant_add(w->now, duration_ms(ms[fuzz_below(f, 8)])), 200);
}

static void
step(struct fuzz *f, struct flow *flow)
{
    uint32_t what = fuzz_below(f, 16);

    if (what < 8)
        step_segment(f, flow);
    else if (what < 12)
        step_call(f, flow);
    else if (what < 13)
        step_icmp(f, flow);
    else if (what < 14)
        step_time(f, flow->w);
    else
        fuzz_drain(flow->w);
    world_check(flow->w);
}

static struct flow
begin(struct fuzz *f)
{
    struct world *w = fuzz_world(fuzz_below(f, 2) ? 65000 : 0);
    uint32_t state = fuzz_below(f, TCB_STATES + 1);
    struct flow flow;

    if (state == TCB_CLOSED || state == TCB_STATES) {
        world_listen(w, 4);
        flow = flow_accepted(w, 4000);
        if (state == TCB_CLOSED)
            tcp_call_claim(w->tcp, flow.tcb);
    } else {
        flow = flow_in(w, (enum tcb_state)state);
    }
    return flow;
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct fuzz f = {data, size};
    struct flow flow = begin(&f);

    for (uint32_t i = 0; f.left > 0 && i < 200; i++) {
        step(&f, &flow);
        if (fuzz_below(&f, 4) == 0) {
            fuzz_drain(flow.w);
            world_turn(flow.w);
        }
        /* Freed, or somebody else's by now? */
        flow.tcb = tcp_find(flow.w->tcp, &flow.local, flow.local_port,
                            &flow.remote, flow.remote_port);
        if (flow.tcb == NULL)
            break;
    }
    fuzz_end(flow.w);
    return 0;
}
