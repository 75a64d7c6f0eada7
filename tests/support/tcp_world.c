/* SPDX-License-Identifier: MIT */
/* Peers of a core under test, and what must hold whatever they do. */
#include "tests/support/tcp_world.h"

#include "base/check.h"
#include "tcpd/core/internal.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#define LOCAL      0x0a070002
#define REMOTE     0x0a070009
/* Its numbers wrap early in every connection. */
#define PEER_ISS   0xffffff00
#define TEXT_MAX   65536
#define SLOT_BYTES (TEXT_MAX + 128)

/* ---- the world ---- */

static void *
allocate(size_t bytes)
{
    void *memory = aligned_alloc(64, (bytes + 63) / 64 * 64);

    CHECK(memory != NULL);
    memset(memory, 0xa5, bytes);
    return memory;
}

uint8_t
world_byte(uint64_t offset)
{
    return (uint8_t)(offset * 31 + (offset >> 8));
}

struct net
world_net(struct addr local, uint32_t mtu)
{
    struct net net = {
        .links = 1,
        .addresses = 1,
        .routes = 1,
        .link[0] = {.name = "test0", .mtu = mtu},
        .address[0] = {.addr = local, .prefix_len = 24},
        .route[0] = {.dst = addr_any_v4(),
                     .gateway = addr_any_v4(),
                     .source = addr_any_v4()},
    };

    return net;
}

void
world_setup(struct world *w, uint32_t tcbs, uint32_t receive_buffer)
{
    const size_t region = (size_t)WORLD_CHUNKS * STREAM_CHUNK;

    *w = (struct world){
        .now = {INT64_C(1000000000000)},
        .local = addr_v4(LOCAL),
        .net = world_net(addr_v4(LOCAL), WORLD_MTU),
        .config = {.tcbs = tcbs,
                   .listeners = WORLD_LISTENERS,
                   .send_buffer = WORLD_BUFFER,
                   .receive_buffer = receive_buffer,
                   .secret = {{1, 2}}},
    };
    w->config.net = &w->net;
    w->rx = allocate(region);
    w->tx = allocate(region);
    w->slot = allocate(SLOT_BYTES);
    for (size_t i = 0; i < region; i++)
        w->tx[i] = world_byte(i);
    chunk_pool_init(&w->pool, w->rx, WORLD_CHUNKS);
    w->memory = allocate(tcp_footprint(&w->config));
    w->tcp = tcp_init(w->memory, &w->config);
}

void
world_teardown(struct world *w)
{
    free(w->memory);
    free(w->slot);
    free(w->tx);
    free(w->rx);
}

int
world_fixture(void **state)
{
    struct world *w = malloc(sizeof *w);

    if (w == NULL)
        return -1;
    world_setup(w, 8, WORLD_BUFFER);
    *state = w;
    return 0;
}

int
world_fixture_end(void **state)
{
    world_check(*state);
    world_teardown(*state);
    free(*state);
    return 0;
}

void
world_listen(struct world *w, uint32_t backlog)
{
    struct owner owner = {.client = WORLD_CLIENT, .slot = 0, .generation = 1};
    struct addr any = addr_any_v4();
    enum tcp_error error;

    w->listener = tcp_call_bind(w->tcp, &owner, &any, 80, &error);
    assert_non_null(w->listener);
    tcp_call_listen(w->tcp, w->listener, backlog, NULL, &w->pool);
}

void
world_wait(struct world *w, int64_t ms)
{
    w->now = instant_add(w->now, duration_ms(ms));
    tcp_expire(w->tcp, w->now);
    world_check(w);
}

void
world_drain(struct world *w)
{
    struct tcp_slot slot = {.buf = w->slot, .cap = SLOT_BYTES};

    while (tcp_output(w->tcp, &slot, w->now))
        world_check(w);
}

/* What the shell does at a turn's end: lent memory whose text is acknowledged
 * is given back. */
static void
settle(struct tcb *tcb)
{
    if (tcb->state == TCB_CLOSED || tcb->tx_una == tcb->tx_end)
        tcb->lender.client = OWNER_NONE;
}

void
world_turn(struct world *w)
{
    world_check(w);
    for (uint32_t i = 0; i < w->config.tcbs; i++)
        settle(&w->tcp->tcbs[i]);
    tcp_changed_clear(w->tcp);
    world_check(w);
}

/* ---- invariants ---- */

static uint32_t
list_length(const struct list *head)
{
    uint32_t n = 0;

    for (const struct list *l = head->next; l != head; l = l->next)
        n++;
    return n;
}

static void
check_tcb(struct world *w, struct tcb *tcb)
{
    const char *broken = tcb_check(tcb);
    bool in_flight = !seq_eq(tcb->snd_una, tcb->snd_max);
    struct tcb *found = tcp_find(w->tcp, &tcb->local, tcb->local_port,
                                 &tcb->remote, tcb->remote_port);

    if (broken != NULL)
        fail_msg("tcb %u, %s: %s", tcb->index, tcb_state_name(tcb->state),
                 broken);
    if ((found == tcb) != (tcb->state != TCB_CLOSED))
        fail_msg("tcb %u, %s: wrong in demux", tcb->index,
                 tcb_state_name(tcb->state));
    if (tcb->state != TCB_CLOSED && in_flight && list_empty(&tcb->output) &&
        !timer_running(tcb, TIMER_RTO) && !timer_running(tcb, TIMER_PERSIST))
        fail_msg("tcb %u, %s: nothing will send again what is in flight",
                 tcb->index, tcb_state_name(tcb->state));
    if (!list_empty(&tcb->starved) && tcb->pool == NULL)
        fail_msg("tcb %u: waits for chunks of no pool", tcb->index);
    if (tcb->state == TCB_CLOSED &&
        (!list_empty(&tcb->output) || !list_empty(&tcb->starved)))
        fail_msg("tcb %u: CLOSED and wants to send", tcb->index);
}

void
world_check(struct world *w)
{
    uint64_t established = 0;

    for (uint32_t i = 0; i < w->config.tcbs; i++) {
        struct tcb *tcb = &w->tcp->tcbs[i];

        check_tcb(w, tcb);
        established +=
            tcb->state == TCB_ESTABLISHED || tcb->state == TCB_CLOSE_WAIT;
    }
    assert_int_equal(w->tcp->stats.curr_estab, established);
    for (uint32_t i = 0; i < w->config.listeners; i++) {
        struct listener *l = &w->tcp->listeners[i];

        assert_int_equal(l->queued, list_length(&l->children));
        assert_true(l->used || l->queued == 0);
    }
}

/* ---- peers ---- */

struct flow
flow_from(struct world *w, uint16_t remote_port)
{
    return (struct flow){
        .w = w,
        .local = w->local,
        .remote = addr_v4(REMOTE),
        .local_port = 80,
        .remote_port = remote_port,
        .irs = PEER_ISS,
        .wnd = UINT16_MAX,
        .syn = {.has_mss = true,
                .mss = 1460,
                .has_timestamps = true,
                .has_wscale = true,
                .wscale = 7},
        .tsval = 5000,
    };
}

/* After a SYN timestamps are in every segment, when they were agreed. */
static struct tcp_options
options_of(const struct flow *f, uint8_t flags)
{
    struct tcp_options opt = {0};
    bool agreed = f->tcb != NULL && f->tcb->flags & TCB_TIMESTAMPS;

    if (flags & TCP_SYN)
        opt = f->syn;
    else
        opt.has_timestamps = agreed && !f->no_timestamps;
    opt.tsval = f->tsval;
    opt.tsecr = f->tsecr;
    return opt;
}

enum drop
flow_put(struct flow *f, uint8_t flags, uint32_t seq_, uint32_t ack,
         uint32_t len)
{
    static uint8_t text[TEXT_MAX];
    struct segment seg = {
        .src = f->remote,
        .dst = f->local,
        .src_port = f->remote_port,
        .dst_port = f->local_port,
        .seq = seq(f->irs + seq_),
        .ack = seq(flags & TCP_ACK ? f->iss + ack : 0),
        .wnd = f->wnd,
        .flags = flags,
        .opt = options_of(f, flags),
        .text = text,
        .len = len,
    };
    enum drop why;

    CHECK(len <= sizeof text);
    for (uint32_t i = 0; i < len; i++)
        text[i] = world_byte((uint64_t)seq_ - 1 + i);
    why = tcp_input(f->w->tcp, &seg, f->w->now);
    memset(text, 0xee, len); /* it was read before the call returned */
    if (f->tcb == NULL)
        f->tcb = tcp_find(f->w->tcp, &f->local, f->local_port, &f->remote,
                          f->remote_port);
    world_check(f->w);
    return why;
}

static const char *
flags_text(uint8_t flags, char out[8])
{
    static const char letters[] = "FSRPAUEC";
    static const uint8_t order[] = {TCP_SYN, TCP_FIN, TCP_RST, TCP_PSH,
                                    TCP_ACK};
    size_t n = 0;

    for (size_t i = 0; i < sizeof order; i++)
        if (flags & order[i])
            out[n++] = letters[__builtin_ctz(order[i])];
    out[n] = '\0';
    return out;
}

static void
describe(struct flow *f, const struct tcp_header *h, uint32_t len)
{
    char flags[8];
    char *at = f->sent;
    char *end = f->sent + sizeof f->sent;

    at += snprintf(at, (size_t)(end - at), "%s %u:%u",
                   flags_text(h->flags, flags), h->seq - f->iss, len);
    if (h->flags & TCP_ACK)
        at += snprintf(at, (size_t)(end - at), " ack %u", h->ack - f->irs);
    if (!(h->flags & TCP_RST))
        at += snprintf(at, (size_t)(end - at), " win %u", h->window);
    if (h->opt.has_mss)
        at += snprintf(at, (size_t)(end - at), " mss %u", h->opt.mss);
    if (h->opt.has_timestamps && h->flags & TCP_SYN)
        at += snprintf(at, (size_t)(end - at), " ts");
    if (h->opt.has_wscale)
        at += snprintf(at, (size_t)(end - at), " ws %u", h->opt.wscale);
    if (h->opt.sack_permitted)
        at += snprintf(at, (size_t)(end - at), " sack");
    for (uint8_t i = 0; i < h->opt.sack_count; i++)
        at += snprintf(at, (size_t)(end - at), " sack %u-%u",
                       h->opt.sack[i].left - f->irs,
                       h->opt.sack[i].right - f->irs);
}

static void
compare_text(const struct flow *f, const struct tcp_header *h,
             const uint8_t *text, uint32_t len)
{
    for (uint32_t i = 0; i < len; i++)
        assert_int_equal(text[i], world_byte(h->seq - f->iss - 1 + i));
}

const char *
flow_get(struct flow *f)
{
    struct tcp_slot slot = {.buf = f->w->slot, .cap = SLOT_BYTES};
    struct tcp_header h;
    uint32_t len;

    world_check(f->w);
    f->sent[0] = '\0';
    if (!tcp_output(f->w->tcp, &slot, f->w->now))
        return f->sent;
    world_check(f->w);
    assert_int_equal(tcp_decode(slot.buf, slot.len, &h), DROP_NONE);
    assert_true(addr_equal(slot.src, f->local));
    assert_true(addr_equal(slot.dst, f->remote));
    assert_int_equal(h.src_port, f->local_port);
    assert_int_equal(h.dst_port, f->remote_port);
    len = slot.len - h.header_len;
    if (h.flags & TCP_SYN)
        f->iss = h.seq;
    if (h.opt.has_timestamps)
        f->tsecr = h.opt.tsval;
    compare_text(f, &h, slot.buf + h.header_len, len);
    describe(f, &h, len);
    return f->sent;
}

void
flow_drain(struct flow *f)
{
    while (flow_get(f)[0] != '\0')
        continue;
}

/* ---- states ---- */

struct flow
flow_connect(struct world *w, uint16_t remote_port)
{
    struct owner owner = {.client = WORLD_CLIENT, .slot = 1, .generation = 1};
    struct flow f = flow_from(w, remote_port);
    enum tcp_error error;

    f.tcb = tcp_call_connect(w->tcp, &owner, NULL, NULL, &f.remote, remote_port,
                             &w->pool, w->tx, w->now, &error);
    assert_non_null(f.tcb);
    f.local_port = f.tcb->local_port;
    assert_int_equal(flow_get(&f)[0], 'S');
    return f;
}

struct flow
flow_accepted(struct world *w, uint16_t remote_port)
{
    struct flow f = flow_from(w, remote_port);

    assert_int_equal(flow_put(&f, TCP_SYN, 0, 0, 0), DROP_NONE);
    assert_int_equal(flow_get(&f)[0], 'S');
    assert_int_equal(flow_put(&f, TCP_ACK, 1, 1, 0), DROP_NONE);
    assert_int_equal(f.tcb->state, TCB_ESTABLISHED);
    f.tcb->owner.slot = 2;
    f.tcb->tx.base = w->tx;
    return f;
}

struct flow
flow_in(struct world *w, enum tcb_state state)
{
    struct flow f = flow_connect(w, 80);
    bool shut = state == TCB_FIN_WAIT_1 || state == TCB_FIN_WAIT_2 ||
                state == TCB_CLOSING || state == TCB_TIME_WAIT;

    if (state == TCB_SYN_SENT)
        return f;
    if (state == TCB_SYN_RECEIVED) {
        flow_put(&f, TCP_SYN, 0, 0, 0);
        flow_drain(&f);
        return f;
    }
    flow_put(&f, TCP_SYN | TCP_ACK, 0, 1, 0);
    if (state == TCB_CLOSED)
        flow_put(&f, TCP_RST, 1, 0, 0);
    if (shut)
        tcp_call_shutdown(w->tcp, f.tcb, w->now);
    flow_drain(&f);
    if (state == TCB_FIN_WAIT_2 || state == TCB_TIME_WAIT)
        flow_put(&f, TCP_ACK, 1, 2, 0);
    if (state == TCB_CLOSE_WAIT || state == TCB_LAST_ACK ||
        state == TCB_CLOSING || state == TCB_TIME_WAIT)
        flow_put(&f, TCP_FIN | TCP_ACK, 1, state == TCB_TIME_WAIT ? 2 : 1, 0);
    if (state == TCB_LAST_ACK)
        tcp_call_shutdown(w->tcp, f.tcb, w->now);
    flow_drain(&f);
    assert_string_equal(tcb_state_name(f.tcb->state), tcb_state_name(state));
    return f;
}

/* ---- the client ---- */

void
flow_write(struct flow *f, uint32_t len)
{
    /* The regions repeat, and so must the bytes. */
    static_assert(WORLD_CHUNKS * STREAM_CHUNK % 65536 == 0, "world_byte");
    for (uint16_t i = 0; i < STREAM_CHUNKS; i++)
        f->tcb->tx.chunk[i] = i % WORLD_CHUNKS;
    tcp_call_send(f->w->tcp, f->tcb, f->tcb->tx_end + len, f->w->now);
    world_check(f->w);
}

uint64_t
flow_read(struct flow *f)
{
    struct tcb *tcb = f->tcb;
    uint64_t from = tcb->rx_read;

    for (uint64_t o = from; o < tcb->rx_end; o++) {
        uint16_t chunk = tcb->rx.chunk[o / STREAM_CHUNK % STREAM_CHUNKS];

        assert_int_not_equal(chunk, STREAM_NONE);
        assert_int_equal(f->w->rx[chunk * STREAM_CHUNK + o % STREAM_CHUNK],
                         world_byte(o));
    }
    tcp_call_received(f->w->tcp, tcb, tcb->rx_end, f->w->now);
    world_check(f->w);
    return tcb->rx_end - from;
}
