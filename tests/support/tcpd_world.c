/* SPDX-License-Identifier: MIT */
/* The regions of a tcpd, its neighbours on the other sides of its rings, and its
 * deaths. All share one mapping of each region, as nobody here needs another. */
#include "tests/support/tcpd_world.h"

#include "base/check.h"
#include "base/os/fdpass.h"
#include "tests/support/tcpd_ends.h"

#include <netinet/in.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>
#include <sys/socket.h>
#include <unistd.h>

#include <cmocka.h>

#define EPOCH     7
#define TURNS_MAX 20000 /* more until everybody sleeps means: never */

/* ---- regions ---- */

static size_t
region_bytes(uint32_t id)
{
    for (uint32_t i = 0; i < RINGS; i++)
        if (ring_table[i].region == id)
            return ring_region_size(ring_table[i].slots,
                                    ring_table[i].slot_size,
                                    ring_table[i].area);
    if (id == REGION_TCPD_STATE)
        return TCPD_STATE_SIZE;
    if (id == REGION_CONF)
        return sizeof(struct conf_shm);
    return id == REGION_TCPD_VIEW ? TCPD_VIEW_SIZE : sizeof(struct cnc_shm);
}

static void
region_new(struct tcpd_world *w, uint32_t id)
{
    int fd = region_create(id, region_bytes(id), EPOCH);

    assert_true(fd >= 0);
    assert_true(region_map(&w->region[id], fd, id, true));
    close(fd);
}

/* Of a link that this instance was not started with? */
static bool
is_absent(uint32_t region)
{
    return (region >= REGION_LINKD_CNC + TCPD_WORLD_LINKS &&
            region < REGION_LINK_RX) ||
           (region >= REGION_LINK_RX + TCPD_WORLD_LINKS &&
            region < REGION_IP_TX) ||
           (region >= REGION_IP_TX + TCPD_WORLD_LINKS && region < REGION_IP_RX);
}

static void
regions_new(struct tcpd_world *w)
{
    for (uint32_t id = REGION_NONE + 1; id < REGIONS; id++)
        if (!is_absent(id))
            region_new(w, id);
    for (uint32_t i = 0; i < RINGS; i++)
        if (!is_absent(ring_table[i].region))
            ring_create(&w->region[ring_table[i].region], &ring_table[i]);
}

static void
tables_new(struct tcpd_world *w)
{
    struct net *net = &w->conf.net;

    net->links = TCPD_WORLD_LINKS;
    for (uint32_t i = 0; i < TCPD_WORLD_LINKS; i++) {
        net->link[i] = (struct net_link){.kind = NET_TAP, .mtu = 1500};
        memcpy(net->link[i].name, "link", sizeof "link");
        net->link[i].name[4] = (char)('0' + i);
    }
    net->addresses = 1;
    net->address[0] = (struct net_address){.addr = addr_v4(TCPD_WORLD_LOCAL),
                                           .prefix_len = 24};
    tcpd_world_configure(w);
}

void
tcpd_world_configure(struct tcpd_world *w)
{
    conf_show(conf_of(&w->region[REGION_CONF]), &w->conf);
}

static struct ring_cursor *
cursor_of(struct tcpd_world *w, enum ring_id ring)
{
    return cnc_cursor(&w->region[REGION_CNC(ring_table[ring].consumer)], ring);
}

static void
produce(struct tcpd_world *w, struct ring *r, enum ring_id ring)
{
    CHECK(ring_join_producer(r, &w->region[ring_table[ring].region],
                             cursor_of(w, ring), &ring_table[ring]));
}

static void
consume(struct tcpd_world *w, struct ring *r, enum ring_id ring)
{
    CHECK(ring_join_consumer(r, &w->region[ring_table[ring].region],
                             cursor_of(w, ring), &ring_table[ring]));
}

/* ---- tcpd's lives ---- */

static void
start(struct tcpd_world *w)
{
    struct tcpd *d = calloc(1, sizeof *d);

    CHECK(d != NULL);
    w->d = d;
    tables_init(&d->tables);
    memcpy(d->tables.regions, w->region, sizeof w->region);
    cnc_start(&d->cnc, &w->region[REGION_TCPD_CNC], 1, w->now);
    tcpd_start(d);
    d->clients.supervisor = w->supervisor[0];
    for (uint32_t i = 0; i < CLIENTS_MAX; i++)
        if (w->end[i] != NULL)
            CHECK(end_hand_over(w->end[i]));
    if (w->api_res.shm != NULL)
        w->early_results = ring_ready(&w->api_res);
    tcpd_resume(d, w->now);
}

/* What the kernel does to the memory of a process that is gone. */
static void
kill_tcpd(struct tcpd_world *w)
{
    struct tcpd *d = w->d;

    for (uint32_t i = 0; i < CLIENTS_MAX; i++) {
        struct client *c = &d->clients.client[i];

        region_unmap(&c->tx_region);
        region_unmap(&c->rx_region);
        free(c->slots);
        if (c->connection >= 0)
            close(c->connection);
    }
    close(d->epoll);
    free(d->tcp);
    free(d);
    w->d = NULL;
}

void
tcpd_world_restart(struct tcpd_world *w)
{
    kill_tcpd(w);
    start(w);
}

/* What a turn shows, as it was before. */
struct shown {
    struct ring_cursor ip_rx, api_req;
    uint64_t turn, tcp_tx, api_res;
    struct client_rx_shm *rx[CLIENTS_MAX];
};

static struct ring_shm *
ring_of(struct tcpd_world *w, enum ring_id ring)
{
    return (void *)(w->region[ring_table[ring].region].base + RING_OFFSET);
}

static struct state_shm *
state_of(struct tcpd_world *w)
{
    return (void *)(w->region[REGION_TCPD_STATE].base + STATE_OFFSET);
}

static void
remember(struct tcpd_world *w, struct shown *s)
{
    *s = (struct shown){
        .turn = state_of(w)->turn,
        .tcp_tx = ring_of(w, RING_TCP_TX)->tail,
        .api_res = ring_of(w, RING_API_RES)->tail,
    };
    memcpy(&s->ip_rx, cursor_of(w, RING_IP_RX), sizeof s->ip_rx);
    memcpy(&s->api_req, cursor_of(w, RING_API_REQ), sizeof s->api_req);
    for (uint32_t i = 0; i < CLIENTS_MAX; i++) {
        if (w->end[i] == NULL)
            continue;
        s->rx[i] = malloc(sizeof *s->rx[i]);
        CHECK(s->rx[i] != NULL);
        memcpy(s->rx[i], w->end[i]->rx_region.base, sizeof *s->rx[i]);
    }
}

static void
unshow(struct tcpd_world *w, const struct shown *s)
{
    ring_of(w, RING_TCP_TX)->tail = s->tcp_tx;
    ring_of(w, RING_API_RES)->tail = s->api_res;
    memcpy(cursor_of(w, RING_IP_RX), &s->ip_rx, sizeof s->ip_rx);
    memcpy(cursor_of(w, RING_API_REQ), &s->api_req, sizeof s->api_req);
    for (uint32_t i = 0; i < CLIENTS_MAX; i++)
        if (s->rx[i] != NULL)
            memcpy(w->end[i]->rx_region.base, s->rx[i], sizeof *s->rx[i]);
}

void
tcpd_world_turn_and_kill(struct tcpd_world *w, enum cut cut)
{
    struct shown before;

    remember(w, &before);
    tcpd_world_turn(w);
    if (cut == CUT_BEFORE_COMMIT)
        state_of(w)->turn = before.turn;
    if (cut != CUT_NONE)
        unshow(w, &before);
    for (uint32_t i = 0; i < CLIENTS_MAX; i++)
        free(before.rx[i]);
    tcpd_world_restart(w);
}

/* ---- the fixture ---- */

int
tcpd_world_setup(void **state)
{
    struct tcpd_world *w = calloc(1, sizeof *w);

    CHECK(w != NULL);
    w->now = (instant_t){INT64_C(1000000000000)};
    CHECK(socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_NONBLOCK | SOCK_CLOEXEC, 0,
                     w->supervisor) == 0);
    regions_new(w);
    tables_new(w);
    start(w);
    produce(w, &w->ip_rx, RING_IP_RX);
    produce(w, &w->api_req, RING_API_REQ);
    consume(w, &w->tcp_tx, RING_TCP_TX);
    consume(w, &w->api_res, RING_API_RES);
    area_join(&w->area, &w->region[REGION_IP_RX], &w->ip_rx,
              &ring_table[RING_IP_RX]);
    *state = w;
    return 0;
}

int
tcpd_world_teardown(void **state)
{
    struct tcpd_world *w = *state;

    kill_tcpd(w);
    for (uint32_t i = 0; i < CLIENTS_MAX; i++)
        if (w->end[i] != NULL)
            end_discard(w->end[i]);
    for (uint32_t i = 0; i < TCPD_WORLD_PEERS; i++)
        free(w->peer[i]);
    for (uint32_t id = 0; id < REGIONS; id++)
        region_unmap(&w->region[id]);
    close(w->supervisor[0]);
    close(w->supervisor[1]);
    free(w);
    return 0;
}

/* ---- turns ---- */

static void
check_tcbs(const struct tcpd_world *w)
{
    for (uint32_t i = 0; i < TCPD_TCBS; i++) {
        const struct tcb *tcb = &w->d->tcp->tcbs[i];
        const char *broken;

        if (tcb->state == TCB_CLOSED && tcb->owner.client == OWNER_NONE)
            continue;
        if ((broken = tcb_check(tcb)) != NULL)
            fail_msg("tcb %u: %s", i, broken);
    }
}

unsigned
tcpd_world_turn(struct tcpd_world *w)
{
    unsigned work;

    w->now = instant_add(w->now, duration_ms(1));
    work = tcpd_turn(w->d, w->now);
    check_tcbs(w);
    return work;
}

static unsigned
peers_take(struct tcpd_world *w)
{
    struct sent *s = malloc(sizeof *s);
    unsigned n = 0;

    CHECK(s != NULL);
    for (; tcpd_world_sent(w, s); n++)
        for (uint32_t i = 0; i < TCPD_WORLD_PEERS; i++)
            if (w->peer[i] != NULL && w->peer[i]->port == s->h.dst_port)
                peer_take(w->peer[i], s);
    free(s);
    return n;
}

void
tcpd_world_run(struct tcpd_world *w)
{
    for (int i = 0; i < TURNS_MAX; i++) {
        unsigned work = tcpd_world_turn(w) + peers_take(w);

        if (work == 0 && !tcpd_waiting(w->d))
            return;
    }
    fail_msg("tcpd never sleeps");
}

void
tcpd_world_wait(struct tcpd_world *w, int64_t ms)
{
    instant_t until = instant_add(w->now, duration_ms(ms));

    while (instant_before(w->now, until)) {
        instant_t next = tcpd_next_deadline(w->d);

        if (instant_before(w->now, next))
            w->now = instant_min(next, until);
        tcpd_world_run(w);
    }
}

/* ---- the neighbours ---- */

void
tcpd_world_ask(struct tcpd_world *w, const struct api_request *q)
{
    void *slot = ring_stage(&w->api_req, 0);

    CHECK(slot != NULL);
    memcpy(slot, q, sizeof *q);
    ring_publish(&w->api_req, 1);
}

bool
tcpd_world_answer(struct tcpd_world *w, struct api_result *r)
{
    if (ring_ready(&w->api_res) == 0)
        return false;
    memcpy(r, ring_peek(&w->api_res, 0), sizeof *r);
    ring_take(&w->api_res, 1);
    ring_publish_cursor(&w->api_res, ring_position(&w->api_res));
    return true;
}

void
tcpd_world_bring(struct tcpd_world *w, const struct tcp_header *h,
                 const uint8_t *text, uint32_t len)
{
    uint8_t *room = area_reserve(&w->area, 0, TCP_HEADER_MAX + len);
    struct packet *p;
    size_t header;

    if (room == NULL) { /* tcpd has not yet taken what was brought before */
        tcpd_world_turn(w);
        room = area_reserve(&w->area, 0, TCP_HEADER_MAX + len);
    }
    p = ring_stage(&w->ip_rx, 0);
    CHECK(p != NULL && room != NULL);
    memset(p, 0, sizeof *p);
    p->origin_ring = RINGS;
    p->protocol = IPPROTO_TCP;
    p->flags = PACKET_CSUM_VOUCHED;
    p->src = addr_v4(TCPD_WORLD_REMOTE);
    p->dst = addr_v4(TCPD_WORLD_LOCAL);
    header = tcp_encode(room, h);
    if (len > 0)
        memcpy(room + header, text, len);
    area_commit(&w->area, p, (uint32_t)header + len);
    ring_publish(&w->ip_rx, 1);
}

bool
tcpd_world_sent(struct tcpd_world *w, struct sent *s)
{
    struct packet p;
    const uint8_t *bytes;

    if (ring_ready(&w->tcp_tx) == 0)
        return false;
    assert_true(packet_copy(&w->tcp_tx, 0, &p, w->region, REGIONS));
    bytes = packet_payload(&p, w->region);
    s->src = p.src;
    s->dst = p.dst;
    assert_int_equal(tcp_decode(bytes, p.len, &s->h), DROP_NONE);
    s->len = p.len - s->h.header_len;
    CHECK(s->len <= sizeof s->text);
    memcpy(s->text, bytes + s->h.header_len, s->len);
    ring_take(&w->tcp_tx, 1);
    ring_publish_cursor(&w->tcp_tx, ring_position(&w->tcp_tx));
    return true;
}

void
tcpd_world_bring_packet(struct tcpd_world *w, const struct packet *p)
{
    void *slot = ring_stage(&w->ip_rx, 0);

    CHECK(slot != NULL);
    memcpy(slot, p, sizeof *p);
    ring_publish(&w->ip_rx, 1);
}

void
tcpd_world_notice(struct tcpd_world *w, const struct notice *n)
{
    struct packet p = {.origin_ring = RINGS};

    notice_encode(&p, n);
    tcpd_world_bring_packet(w, &p);
}

bool
tcpd_world_conn(const struct tcpd_world *w, uint32_t i, struct view_conn *row)
{
    struct tcpd_view v;

    CHECK(tcpd_view_join(&v, &w->region[REGION_TCPD_VIEW]));
    return view_read(&v.conns, i, row) && row->info.state != VIEW_CLOSED;
}

bool
tcpd_world_listener(const struct tcpd_world *w, uint32_t i,
                    struct view_listener *row)
{
    struct tcpd_view v;

    CHECK(tcpd_view_join(&v, &w->region[REGION_TCPD_VIEW]));
    return view_read(&v.listeners, i, row) && row->used;
}

uint64_t
tcpd_world_drops(const struct tcpd_world *w, enum drop why)
{
    return cnc_drops(w->d->cnc.shm, why);
}

void
tcpd_world_hear(struct tcpd_world *w)
{
    struct handover h;
    size_t no_fds = 0;

    while (fdpass_receive(w->supervisor[1], &h, sizeof h, NULL, &no_fds,
                          MSG_DONTWAIT) == (ssize_t)sizeof h) {
        no_fds = 0;
        assert_int_equal(h.kind, HANDOVER_CLIENT_GONE);
        assert_non_null(w->end[h.id]);
        end_discard(w->end[h.id]);
        w->end[h.id] = NULL;
        w->forgotten++;
    }
}
