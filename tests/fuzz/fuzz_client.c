/* SPDX-License-Identifier: MIT */
/* A client that writes what it likes into its region, and asks what it likes,
 * beside one that keeps to the rules. tcpd goes on and comes to rest; every byte
 * of the honest client arrives as it was sent, both ways. The hostile one has a
 * connection, a listener and a connection that waits for accept. */
#include "tests/fuzz/fuzz.h"

#include "base/bits.h"
#include "tests/support/tcpd_ends.h"

#define HOSTILE 1
#define HONEST  2
#define SLOTS   8 /* of the hostile one's that are mostly written to */

struct scene {
    struct tcpd_world *w;
    struct sock honest, hostile;
    struct peer *peer, *victim, *visitor;
    uint64_t wrote; /* by the honest one */
};

/* Its slot: mostly one that is in use. */
static uint32_t
some_slot(struct fuzz *f)
{
    uint8_t which = fuzz_u8(f);

    if (which < 200)
        return which % 4 == 3 ? CLIENT_OWN : which % 4;
    return which < 250 ? which % SLOTS : fuzz_u16(f) % CLIENT_SLOTS;
}

static void
scribble_slot(struct fuzz *f, struct end *e)
{
    uint32_t n = some_slot(f);
    struct client_tx_slot *slot = &e->tx->slot[n];

    switch (fuzz_below(f, 6)) {
    case 0:
        slot->write_end = fuzz_scribble(f, slot->write_end);
        break;
    case 1:
        slot->write_end += fuzz_u16(f);
        break;
    case 2:
        slot->read_end = fuzz_scribble(f, slot->read_end);
        break;
    case 3:
        slot->flags =
            (uint64_t)(e->rx->slot[n].status >> 32) << 32 | (fuzz_u8(f) & 31);
        break;
    case 4:
        slot->flags = fuzz_u64(f);
        break;
    default:
        slot->chunk[fuzz_below(f, SLOT_CHUNKS)] = fuzz_u16(f);
    }
    if (fuzz_below(f, 4))
        end_work(e, n);
}

static void
scribble_queue(struct fuzz *f, struct end *e)
{
    struct client_tx_shm *tx = e->tx;

    switch (fuzz_below(f, 6)) {
    case 0:
        tx->work.tail = fuzz_scribble(f, tx->work.tail);
        break;
    case 1:
        tx->event_head = fuzz_scribble(f, tx->event_head);
        break;
    case 2:
        tx->work.entry[fuzz_below(f, 64)] = fuzz_u32(f);
        break;
    case 3:
        tx->sleeping = fuzz_u32(f);
        break;
    case 4:
        fuzz_bytes(f, (uint8_t *)tx + fuzz_u8(f), fuzz_below(f, 16));
        break;
    default:
        end_work(e, some_slot(f));
    }
}

static void
ask(struct fuzz *f, struct end *e)
{
    struct api_request q = {.op = fuzz_u8(f) % (API_OPS + 1),
                            .slot = some_slot(f),
                            .addr = addr_v4(TCPD_WORLD_REMOTE),
                            .port = fuzz_u8(f),
                            .backlog = fuzz_u8(f),
                            .level = fuzz_below(f, 2) ? 6 : 1,
                            .name = fuzz_below(f, 24),
                            .value_len = fuzz_below(f, 70)};
    struct api_result r;

    fuzz_bytes(f, q.value, fuzz_below(f, sizeof q.value));
    if (q.op == API_BIND)
        q.addr = addr_any_v4();
    memcpy(q.token, e->token, sizeof q.token);
    q.number = e->requests + 1 + (fuzz_below(f, 8) ? 0 : fuzz_u8(f));
    q.acknowledged = fuzz_below(f, 8) ? e->requests : fuzz_u64(f);
    if (q.number == e->requests + 1)
        e->requests++;
    tcpd_world_ask(e->w, &q);
    tcpd_world_turn(e->w);
    while (tcpd_world_answer(e->w, &r))
        continue;
}

/* The honest one sends and takes, as much as there is room for. */
static void
exchange(struct fuzz *f, struct scene *s)
{
    uint64_t len = fuzz_u16(f) % 8000;
    struct slot_view v = sock_view(&s->honest);

    CHECK(v.state == SLOT_OPEN);
    if (s->honest.write_base + s->honest.written + len <= v.send_limit) {
        sock_write(&s->honest, len);
        s->wrote += len;
    }
    peer_send(s->peer, TCP_ACK, fuzz_u16(f) % 4000);
}

static void
come_to_rest(struct scene *s)
{
    tcpd_world_run(s->w);
    sock_read(&s->honest);
    tcpd_world_run(s->w);
    CHECK(s->peer->got == s->wrote && s->honest.read == s->peer->put);
}

static void
step(struct fuzz *f, struct scene *s)
{
    uint32_t what = fuzz_below(f, 16);
    struct end *e;

    tcpd_world_hear(s->w);
    e = s->w->end[HOSTILE]; /* NULL: tcpd has had enough */
    if (what < 7 && e != NULL)
        scribble_slot(f, e);
    else if (what < 9 && e != NULL)
        scribble_queue(f, e);
    else if (what < 11 && e != NULL)
        ask(f, e);
    else if (what < 12)
        peer_send(s->victim, fuzz_u8(f) | TCP_ACK, fuzz_u16(f) % 3000);
    else if (what < 14)
        exchange(f, s);
    else if (what < 15)
        tcpd_world_turn(s->w);
    else
        come_to_rest(s);
}

static void
begin(struct scene *s)
{
    struct end *hostile, *honest;
    void *state;

    CHECK(tcpd_world_setup(&state) == 0);
    *s = (struct scene){.w = state};
    hostile = end_attach(s->w, HOSTILE);
    honest = end_attach(s->w, HONEST);
    s->peer = peer_new(s->w, 4000);
    s->victim = peer_new(s->w, 4001);
    s->visitor = peer_new(s->w, 4002);
    s->victim->credulous = s->visitor->credulous = true;
    s->honest = connect_to(honest, 0, s->peer);
    s->hostile = connect_to(hostile, 0, s->victim);
    (void)listen_at(hostile, 1, 80);
    peer_connect(s->visitor, 80);
    sock_write(&s->hostile, 5000);
    tcpd_world_run(s->w);
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct fuzz f = {data, size};
    struct scene s;

    begin(&s);
    for (uint32_t i = 0; f.left > 0 && i < 60; i++)
        step(&f, &s);
    come_to_rest(&s);
    CHECK(tcpd_world_teardown((void **)&s.w) == 0);
    return 0;
}
