/* SPDX-License-Identifier: MIT */
/* A client as any language could be one, and a TCP that only knows what it must. */
#include "tests/support/tcpd_ends.h"

#include "base/check.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>
#include <sys/socket.h>
#include <unistd.h>

#include <cmocka.h>

#define EPOCH   7
#define PEER_WS 7 /* window scale: the peer takes whatever comes */

/* ---- a client's process ---- */

struct handover
end_message(const struct end *e, enum handover_kind kind)
{
    struct handover h = {.kind = (uint32_t)kind,
                         .id = e->number,
                         .writable = kind == HANDOVER_CLIENT_RX,
                         .uid = 1000,
                         .serial = e->serial};

    memcpy(h.token, e->token, sizeof h.token);
    return h;
}

static bool
give(const struct end *e, enum handover_kind kind, int fd)
{
    struct handover h = end_message(e, kind);

    return clients_adopt(&e->w->d->clients, &h, dup(fd));
}

bool
end_hand_over(const struct end *e)
{
    return give(e, HANDOVER_CLIENT_TX, e->tx_fd) &&
           give(e, HANDOVER_CLIENT_RX, e->rx_fd) &&
           give(e, HANDOVER_CLIENT, e->kept);
}

struct end *
end_attach(struct tcpd_world *w, uint32_t number)
{
    static uint64_t serials = 1000;
    struct end *e = calloc(1, sizeof *e);
    int pair[2];

    CHECK(e != NULL && w->end[number] == NULL);
    *e = (struct end){.w = w, .number = number, .serial = ++serials};
    memset(e->token, (int)serials, sizeof e->token);
    CHECK(socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_NONBLOCK | SOCK_CLOEXEC, 0,
                     pair) == 0);
    e->connection = pair[0];
    e->kept = pair[1];
    e->tx_fd =
        region_create(REGION_CLIENT_TX(number), CLIENT_REGION_SIZE, EPOCH);
    e->rx_fd =
        region_create(REGION_CLIENT_RX(number), CLIENT_REGION_SIZE, EPOCH);
    CHECK(region_map(&e->tx_region, e->tx_fd, REGION_CLIENT_TX(number), true));
    CHECK(region_map(&e->rx_region, e->rx_fd, REGION_CLIENT_RX(number), true));
    e->tx = (void *)e->tx_region.base;
    e->rx = (void *)e->rx_region.base;
    w->end[number] = e;
    assert_true(end_hand_over(e));
    tcpd_world_run(w);
    return e;
}

void
end_die(struct end *e)
{
    close(e->connection);
    e->connection = -1;
    clients_connection(&e->w->d->clients, e->number);
}

void
end_discard(struct end *e)
{
    region_unmap(&e->tx_region);
    region_unmap(&e->rx_region);
    close(e->tx_fd);
    close(e->rx_fd);
    close(e->kept);
    if (e->connection >= 0)
        close(e->connection);
    free(e);
}

struct api_result
end_ask(struct end *e, struct api_request q)
{
    struct api_result r = {.number = 0};

    memcpy(q.token, e->token, sizeof q.token);
    q.number = ++e->requests;
    q.acknowledged = q.number - 1;
    q.route = q.number ^ 0x5555;
    tcpd_world_ask(e->w, &q);
    tcpd_world_turn(e->w);
    assert_true(tcpd_world_answer(e->w, &r));
    assert_int_equal(r.number, q.number);
    assert_int_equal(r.route, q.route);
    return r;
}

struct api_result
end_op(struct end *e, enum api_op op, uint32_t slot, uint16_t port)
{
    struct api_request q = {.op = op, .slot = slot, .port = port, .backlog = 4};

    q.addr = op == API_CONNECT ? addr_v4(TCPD_WORLD_REMOTE) : addr_any_v4();
    return end_ask(e, q);
}

void
end_work(struct end *e, uint32_t slot)
{
    client_queue_add(&e->tx->work, &e->work_tail, slot);
}

unsigned
end_events(struct end *e, uint32_t slot)
{
    int64_t ready = client_queue_ready(&e->rx->event, e->event_head);
    unsigned n = 0;

    assert_true(ready >= 0);
    while (ready-- > 0)
        n += client_queue_entry(&e->rx->event, e->event_head++) == slot;
    client_word_store(&e->tx->event_head, e->event_head);
    return n;
}

unsigned
end_rung(struct end *e)
{
    uint8_t bytes[64];
    unsigned n = 0;

    while (recv(e->connection, bytes, sizeof bytes, MSG_DONTWAIT) > 0)
        n++;
    return n;
}

/* ---- a socket of it ---- */

uint8_t
stream_byte(uint8_t salt, uint64_t offset)
{
    return (uint8_t)(offset * 31 + (offset >> 8) + (offset >> 16) * 7 + salt);
}

struct slot_view
sock_view(const struct sock *k)
{
    struct slot_view v;

    client_slot_look(&k->e->rx->slot[k->slot], &v);
    return v;
}

struct sock
sock_at(struct end *e, uint32_t slot, uint8_t salt)
{
    struct sock k = {.e = e,
                     .slot = slot,
                     .salt = salt,
                     .read_base = e->rx->slot[slot].read_base,
                     .write_base = e->rx->slot[slot].write_base};

    k.generation = sock_view(&k).generation;
    assert_int_equal(k.read_base % CHUNK, 0);
    assert_int_equal(k.write_base % CHUNK, 0);
    return k;
}

/* Each of the first slots of either half has its own chunks. */
static uint16_t
chunk_of(const struct sock *k, uint64_t at)
{
    uint32_t which = k->slot % 6 + (k->slot >= CLIENT_OWN ? 6 : 0);

    return (uint16_t)(which * SLOT_CHUNKS + at / CHUNK % SLOT_CHUNKS);
}

void
sock_store(struct sock *k, uint64_t len)
{
    struct client_tx_slot *slot = &k->e->tx->slot[k->slot];
    uint64_t from = k->write_base + k->written;

    for (uint64_t at = from; at < from + len; at++) {
        uint16_t n = chunk_of(k, at);

        client_chunk_store(slot->chunk, at, n);
        k->e->tx_region
            .base[CLIENT_CHUNK_OFFSET + n * (size_t)CHUNK + at % CHUNK] =
            stream_byte(k->salt, at - k->write_base);
    }
    k->written += len;
    client_set_write_end(slot, from + len);
}

void
sock_write(struct sock *k, uint64_t len)
{
    sock_store(k, len);
    end_work(k->e, k->slot);
}

uint64_t
sock_read(struct sock *k)
{
    const struct client_rx_slot *slot = &k->e->rx->slot[k->slot];
    uint64_t limit = sock_view(k).read_limit;
    uint64_t from = k->read_base + k->read;

    assert_true(limit >= from);
    for (uint64_t at = from; at < limit; at++) {
        uint16_t n = client_chunk_load(slot->chunk, at);

        assert_true(n < CLIENT_CHUNKS);
        assert_int_equal(k->e->rx_region.base[CLIENT_CHUNK_OFFSET +
                                              n * (size_t)CHUNK + at % CHUNK],
                         stream_byte(k->salt, at - k->read_base));
    }
    k->read += limit - from;
    client_set_read_end(&k->e->tx->slot[k->slot], limit);
    end_work(k->e, k->slot);
    return limit - from;
}

void
sock_tell(struct sock *k, uint32_t flags)
{
    k->flags |= flags;
    client_set_flags(&k->e->tx->slot[k->slot], k->generation, k->flags);
    end_work(k->e, k->slot);
}

struct tcb *
sock_tcb(const struct sock *k)
{
    struct tcpd *d = k->e->w->d;
    const struct slot *s = &d->clients.client[k->e->number].slots[k->slot];

    CHECK(s->kind == SLOT_KIND_TCB);
    return &d->tcp->tcbs[s->ref];
}

void
sock_assert_freed(const struct sock *k)
{
    assert_int_equal(sock_view(k).state, SLOT_FREE);
    assert_int_equal(sock_view(k).generation, k->generation + 1);
}

/* ---- a remote TCP ---- */

struct peer *
peer_new(struct tcpd_world *w, uint16_t port)
{
    for (uint32_t i = 0; i < TCPD_WORLD_PEERS; i++) {
        if (w->peer[i] != NULL)
            continue;
        w->peer[i] = calloc(1, sizeof *w->peer[i]);
        CHECK(w->peer[i] != NULL);
        *w->peer[i] = (struct peer){.w = w,
                                    .port = port,
                                    .iss = 0xfffff000u + port,
                                    .salt = (uint8_t)port};
        w->peer[i]->snd_nxt = w->peer[i]->iss;
        return w->peer[i];
    }
    fail_msg("too many peers");
    return NULL;
}

void
peer_send(struct peer *p, uint8_t flags, uint64_t len)
{
    static uint8_t text[TCPD_WORLD_TEXT];
    struct tcp_header h = {.src_port = p->port,
                           .dst_port = p->local_port,
                           .seq = p->snd_nxt,
                           .ack = flags & TCP_ACK ? p->rcv_nxt : 0,
                           .flags = flags,
                           .window = UINT16_MAX};

    CHECK(len <= 65000);
    for (uint64_t i = 0; i < len; i++)
        text[i] = stream_byte(p->salt, p->put + i);
    if (flags & TCP_SYN)
        h.opt = (struct tcp_options){.has_mss = true,
                                     .mss = 1460,
                                     .has_wscale = true,
                                     .wscale = PEER_WS};
    p->put += len;
    p->snd_nxt +=
        (uint32_t)len + ((flags & TCP_SYN) != 0) + ((flags & TCP_FIN) != 0);
    tcpd_world_bring(p->w, &h, text, (uint32_t)len);
}

static void
take_syn(struct peer *p, const struct sent *s)
{
    p->rcv_nxt = s->h.seq + 1;
    p->local_port = s->h.src_port;
    p->syn = true;
}

static void
take_text(struct peer *p, const struct sent *s)
{
    bool fin = (s->h.flags & TCP_FIN) != 0;

    if (s->h.seq == p->rcv_nxt) {
        for (uint32_t i = 0; i < s->len && !p->credulous; i++)
            assert_int_equal(s->text[i], stream_byte(p->salt, p->got + i));
        p->got += s->len;
        p->rcv_nxt += s->len + fin;
        p->fin |= fin;
    }
    if (!p->silent)
        peer_send(p, TCP_ACK, 0);
}

void
peer_take(struct peer *p, const struct sent *s)
{
    p->window = s->h.window;
    if (s->h.flags & TCP_RST)
        p->rst = true;
    else if (s->h.flags & TCP_SYN)
        take_syn(p, s);
    else if (s->len > 0 || s->h.flags & TCP_FIN)
        take_text(p, s);
}

/* ---- both, in one go ---- */

struct sock
connect_to(struct end *e, uint32_t slot, struct peer *p)
{
    struct sock k;

    assert_int_equal(end_op(e, API_CONNECT, slot, p->port).error, 0);
    tcpd_world_run(e->w);
    assert_true(p->syn);
    peer_send(p, TCP_SYN | TCP_ACK, 0);
    tcpd_world_run(e->w);
    k = sock_at(e, slot, p->salt);
    assert_int_equal(sock_view(&k).state, SLOT_OPEN);
    return k;
}

struct sock
listen_at(struct end *e, uint32_t slot, uint16_t port)
{
    assert_int_equal(end_op(e, API_BIND, slot, port).error, 0);
    assert_int_equal(end_op(e, API_LISTEN, slot, 0).error, 0);

    struct sock k = {.e = e, .slot = slot};

    k.generation = sock_view(&k).generation;
    assert_int_equal(sock_view(&k).state, SLOT_LISTEN);
    return k;
}

void
peer_connect(struct peer *p, uint16_t port)
{
    p->local_port = port;
    peer_send(p, TCP_SYN, 0);
    tcpd_world_run(p->w);
    assert_true(p->syn);
    peer_send(p, TCP_ACK, 0);
    tcpd_world_run(p->w);
}

void
sock_assert_works(struct sock *k, const struct peer *p)
{
    uint64_t got = p->got;

    sock_write(k, 100);
    tcpd_world_run(k->e->w);
    assert_int_equal(p->got, got + 100);
}
