/* SPDX-License-Identifier: MIT */
/* A host of the simulation: one core, and a seeded application. */
#include "tests/sim/host.h"

#include "base/bits.h"
#include "base/check.h"
#include "tests/support/tcp_world.h"

#include <stdlib.h>

#define TX_REGION ((uint64_t)STREAM_CHUNKS * STREAM_CHUNK)
#define SLOT_CAP  (TCP_HEADER_MAX + 65535)
#define BACKLOG   4

#define KEEP_INTERVAL 2000 /* ms: no path here is as slow */

/* The byte at `offset` of the stream that host `writer` writes. */
static uint8_t
pattern(uint32_t writer, uint64_t offset)
{
    return (uint8_t)(offset * 131 + (offset >> 9) * 7 + writer * 77);
}

static void *
allocate(size_t size)
{
    void *p = aligned_alloc(64, bits_round_up(size, 64));

    CHECK(p != NULL);
    return p;
}

struct host *
host_create(uint32_t number, struct rng *rng, const struct tcp_config *config,
            uint32_t mtu, uint32_t chunks, const struct host_plan *plan)
{
    struct host *h = calloc(1, sizeof *h);
    struct tcp_config mine = *config;

    CHECK(h != NULL);
    h->number = number;
    h->plan = *plan;
    h->rng = rng;
    h->chunks = chunks;
    h->rx = allocate((size_t)chunks * STREAM_CHUNK);
    h->tx = allocate(TX_REGION);
    h->slot.buf = allocate(SLOT_CAP);
    h->slot.cap = SLOT_CAP;
    h->net = world_net(host_addr(number), mtu);
    mine.net = &h->net;
    h->tcp = tcp_init(allocate(tcp_footprint(&mine)), &mine);
    h->act_at = INSTANT_NEVER;
    chunk_pool_init(&h->pool, h->rx, chunks);
    return h;
}

void
host_destroy(struct host *h)
{
    free(h->rx);
    free(h->tx);
    free(h->slot.buf);
    free(h->tcp);
    free(h);
}

struct addr
host_addr(uint32_t number)
{
    return addr_v4(0x0a000001 + number);
}

static struct owner
owner_of(const struct host *h, uint32_t slot)
{
    return (struct owner){.client = h->number + 1, .slot = slot};
}

static void
complain(struct host *h, const char *what)
{
    if (h->complaint == NULL)
        h->complaint = what;
}

/* ---- opening ---- */

static void
adopt(struct host *h, struct tcb *tcb, instant_t now)
{
    struct tcp_settings s = tcb->settings;

    h->tcb = tcb;
    tcb->owner = owner_of(h, 1);
    tcb->tx.base = h->tx;
    for (uint16_t i = 0; i < STREAM_CHUNKS; i++)
        tcb->tx.chunk[i] = i;
    s.flags = h->plan.nodelay ? TCP_SET_NODELAY : 0;
    if (h->plan.keep_idle_ms != 0)
        s.flags |= TCP_SET_KEEPALIVE;
    s.keep_idle_ms = h->plan.keep_idle_ms;
    s.keep_interval_ms = KEEP_INTERVAL;
    tcp_call_configure(h->tcp, tcb, &s, now);
}

static struct listener *
bind_port(struct host *h, uint16_t port)
{
    struct owner owner = owner_of(h, 2);
    struct addr any = addr_any_v4();
    enum tcp_error error;
    struct listener *l = tcp_call_bind(h->tcp, &owner, &any, port, &error);

    CHECK(l != NULL);
    return l;
}

void
host_listen(struct host *h, instant_t now)
{
    h->listener = bind_port(h, HOST_PORT);
    tcp_call_listen(h->tcp, h->listener, BACKLOG, NULL, &h->pool);
    h->act_at = now;
}

void
host_connect(struct host *h, uint16_t port, uint16_t to, instant_t now)
{
    struct owner owner = owner_of(h, 1);
    struct addr remote = host_addr(1 - h->number);
    struct listener *bound = port != 0 ? bind_port(h, port) : NULL;
    enum tcp_error error;
    struct tcb *tcb = tcp_call_connect(h->tcp, &owner, bound, NULL, &remote, to,
                                       &h->pool, h->tx, now, &error);

    CHECK(tcb != NULL);
    adopt(h, tcb, now);
    h->act_at = now;
}

/* As accept: the first child that is established. */
static void
try_accept(struct host *h, instant_t now)
{
    struct list *head = &h->listener->children;

    for (struct list *l = head->next; l != head; l = l->next) {
        struct tcb *tcb = list_item(l, struct tcb, siblings);

        if (!(tcb->flags & TCB_QUEUED))
            continue;
        adopt(h, tcb, now);
        tcp_call_claim(h->tcp, tcb);
        return;
    }
}

/* ---- bytes ---- */

static uint64_t
some(struct host *h, uint64_t most)
{
    return most == 0 ? 0 : 1 + rng_below(h->rng, most);
}

static void
write_some(struct host *h, instant_t now)
{
    struct tcb *tcb = h->tcb;
    uint64_t used = tcb->tx_end - tcb->tx_una;
    uint64_t room = h->tcp->config.send_buffer - used;
    uint64_t left = h->plan.to_send - h->written;
    uint64_t len = some(h, min_u64(min_u64(room, left), h->plan.write_most));

    for (uint64_t i = 0; i < len; i++, h->written++)
        h->tx[h->written % TX_REGION] = pattern(h->number, h->written);
    tcp_call_send(h->tcp, tcb, h->written, now);
}

static void
look_at(struct host *h, uint64_t offset)
{
    uint16_t chunk = h->tcb->rx.chunk[offset / STREAM_CHUNK % STREAM_CHUNKS];
    uint64_t at = (uint64_t)chunk * STREAM_CHUNK + offset % STREAM_CHUNK;

    if (chunk == STREAM_NONE)
        complain(h, "a received byte has no chunk");
    else if (h->rx[at] != pattern(1 - h->number, offset))
        complain(h, "a received byte is not what was sent");
}

static void
read_some(struct host *h, instant_t now)
{
    struct tcb *tcb = h->tcb;
    uint64_t len =
        some(h, min_u64(tcb->rx_end - tcb->rx_read, h->plan.read_most));

    if (len == 0)
        return;
    for (uint64_t i = 0; i < len; i++)
        look_at(h, h->read++);
    tcp_call_received(h->tcp, tcb, h->read, now);
}

/* ---- letting go ---- */

static void
let_go(struct host *h, instant_t now)
{
    if (h->tcb != NULL) {
        h->error = h->tcb->error;
        if (h->plan.manners == HOST_ABORT)
            tcp_call_abort(h->tcp, h->tcb, now);
        else
            tcp_call_close(h->tcp, h->tcb, now);
    }
    if (h->listener != NULL)
        tcp_call_unbind(h->tcp, h->listener, now);
    h->tcb = NULL;
    h->done = true;
    h->act_at = INSTANT_NEVER;
}

static bool
at_peers_end(const struct host *h)
{
    return (h->tcb->flags & TCB_FIN_RECEIVED) != 0 && h->read == h->tcb->rx_end;
}

static bool
is_dead(const struct host *h)
{
    return h->tcb->state == TCB_CLOSED && h->read == h->tcb->rx_end;
}

static void
maybe_end(struct host *h, instant_t now)
{
    bool all_written = h->written == h->plan.to_send;
    bool peer_ended = at_peers_end(h);

    if (is_dead(h)) {
        let_go(h, now);
        return;
    }
    switch (h->plan.manners) {
    case HOST_EAGER:
        if (all_written)
            tcp_call_shutdown(h->tcp, h->tcb, now);
        if (all_written && peer_ended)
            let_go(h, now);
        break;
    case HOST_PATIENT:
        if (all_written && peer_ended)
            let_go(h, now);
        break;
    case HOST_VANISH:
        if (all_written)
            let_go(h, now);
        break;
    case HOST_ABORT:
        if (rng_below(h->rng, 50) == 0)
            let_go(h, now);
        break;
    }
}

/* Sometimes the application changes its mind. */
static void
change_settings(struct host *h, instant_t now)
{
    struct tcp_settings s = h->tcb->settings;
    uint32_t whole = h->tcp->config.receive_buffer;

    s.flags ^= (uint32_t)rng_below(h->rng, 8);
    s.keep_idle_ms = 500 + (uint32_t)rng_below(h->rng, 20000);
    s.mss_limit =
        rng_below(h->rng, 4) == 0 ? 300 + (uint32_t)rng_below(h->rng, 1200) : 0;
    s.receive_buffer = whole - (uint32_t)rng_below(h->rng, whole / 2);
    tcp_call_configure(h->tcp, h->tcb, &s, now);
    tcp_call_quick_ack(h->tcp, h->tcb, rng_below(h->rng, 2) == 0, now);
}

void
host_act(struct host *h, instant_t now)
{
    duration_t most =
        rng_below(h->rng, 32) == 0 ? h->plan.long_pause : h->plan.pause;
    int64_t pause = (int64_t)rng_below(h->rng, (uint64_t)most.ns + 1);

    h->act_at = instant_add(now, (duration_t){pause + 1});
    if (h->tcb == NULL && h->listener != NULL && !h->done)
        try_accept(h, now);
    if (h->tcb == NULL)
        return;
    if (h->tcb->state != TCB_CLOSED && rng_below(h->rng, 2) == 0)
        write_some(h, now);
    else
        read_some(h, now);
    if (h->plan.fickle && rng_below(h->rng, 30) == 0)
        change_settings(h, now);
    maybe_end(h, now);
}

void
host_give_up(struct host *h, instant_t now)
{
    h->plan.manners = HOST_ABORT;
    let_go(h, now);
}

void
host_reclaim(struct host *h)
{
    for (uint32_t i = 0; i < h->tcp->config.tcbs; i++) {
        struct tcb *tcb = &h->tcp->tcbs[i];

        if (tcb->lender.client == OWNER_NONE ||
            (tcb->state != TCB_CLOSED && tcb->tx_una < tcb->tx_end))
            continue;
        tcb->lender.client = OWNER_NONE;
        tcb_touch(h->tcp, tcb);
    }
}

/* ---- checks ---- */

void
host_check(struct host *h)
{
    for (uint32_t i = 0; i < h->tcp->config.tcbs; i++) {
        const char *why;

        if (h->tcp->tcbs[i].state == TCB_CLOSED)
            continue;
        why = tcb_check(&h->tcp->tcbs[i]);
        if (why != NULL)
            complain(h, why);
    }
}

void
host_check_empty(struct host *h)
{
    uint32_t free_tcbs = 0;

    for (struct list *l = h->tcp->free.next; l != &h->tcp->free; l = l->next)
        free_tcbs++;
    if (free_tcbs != h->tcp->config.tcbs)
        complain(h, "a connection is left");
    if (!instant_is_never(tcp_next_deadline(h->tcp)))
        complain(h, "a timer is left");
    if (tcp_wants_output(h->tcp))
        complain(h, "a segment is left");
    if (h->pool.free_count != h->chunks)
        complain(h, "a chunk is left");
}
