/* SPDX-License-Identifier: MIT */
/* tcpd's turn: segments, clients, requests and timers go into the core, segments
 * come out; then everything becomes true at once, and only then is shown.
 *
 * Theory of operation. What a turn takes and stages is private: heads of input
 * rings move in this process only, segments and results are written beyond the
 * tails. checkpoint_commit() makes the turn true by one store. After it,
 * publish() shows tails, cursors and events; a successor that finds the turn
 * true shows them again (tcpd_start), one that does not starts before it. So every
 * input is taken and every output published exactly once.
 *
 * A segment's text is copied into its stream in the turn that takes it, so
 * nothing of ip.rx is held past a turn: released is head. Only pulling
 * segments waits for space; input never waits for output. */
#include "tcpd/turn.h"

#include "base/bits.h"
#include "base/os/boot.h"
#include "base/os/log.h"
#include "proto/shm/conf.h"
#include "tcpd/requests.h"

#include <errno.h>
#include <netinet/in.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/random.h>

#define SEGMENT_BATCH 64 /* segments taken a turn */
#define REQUEST_BATCH 32
#define OUTPUT_BATCH  64

#define SEND_BUFFER    (2u << 20) /* bytes; a stream's span is 63 chunks */
#define RECEIVE_BUFFER (1u << 20) /* bytes: what is unread stays near the L2 */
#define IP_TCP_HEADERS 40         /* bytes, IPv4 + TCP without options */
#define TCP_TEXT_MAX   65280 /* text of one descriptor: IPv4's limit, rounded */

/* ---- start ---- */

static void
join_rings(struct tcpd *d)
{
    struct region *r = d->tables.regions;
    struct cnc_shm *ipd = cnc_of(&r[REGION_IPD_CNC]);
    struct cnc_shm *apid = cnc_of(&r[REGION_APID_CNC]);
    struct cnc_shm *own = d->cnc.shm;

    if (ipd == NULL || apid == NULL ||
        !ring_join_consumer(&d->ip_rx, &r[REGION_IP_RX],
                            &own->cursors[RING_IP_RX],
                            &ring_table[RING_IP_RX]) ||
        !ring_join_consumer(&d->api_req, &r[REGION_API_REQ],
                            &own->cursors[RING_API_REQ],
                            &ring_table[RING_API_REQ]) ||
        !ring_join_producer(&d->tcp_tx, &r[REGION_TCP_TX],
                            &ipd->cursors[RING_TCP_TX],
                            &ring_table[RING_TCP_TX]) ||
        !ring_join_producer(&d->api_res, &r[REGION_API_RES],
                            &apid->cursors[RING_API_RES],
                            &ring_table[RING_API_RES]))
        die(EXIT_FAILED, "a ring is missing or of another version");
    d->ipd =
        (struct doorbell){.fd = d->tables.bell_out[DAEMON_IPD], .peer = ipd};
    d->apid =
        (struct doorbell){.fd = d->tables.bell_out[DAEMON_APID], .peer = apid};
}

/* What the last true turn says was taken and published is shown again: a
 * predecessor may have died between commit and publish. */
static void
recover(struct tcpd *d)
{
    struct globals_image *g = &d->globals;

    if (!checkpoint_open(&d->checkpoint, &d->tables.regions[REGION_TCPD_STATE]))
        die(EXIT_FAILED, "tcpd.state is too small");
    if (checkpoint_recover(&d->checkpoint, g)) {
        ring_restore(&d->ip_rx, g->ip_rx_head);
        ring_restore(&d->api_req, g->api_req_head);
        ring_restore(&d->tcp_tx, g->tcp_tx_tail);
        ring_publish_cursor(&d->ip_rx, g->ip_rx_head);
        ring_publish_cursor(&d->api_req, g->api_req_head);
    } else if (getrandom(&g->secret, sizeof g->secret, 0) !=
               (ssize_t)sizeof g->secret) {
        die(EXIT_FAILED, "no random bytes: %s", strerror(errno));
    }
    area_join(&d->area, &d->tables.regions[REGION_TCP_TX], &d->tcp_tx,
              &ring_table[RING_TCP_TX]);
}

static void
start_core(struct tcpd *d)
{
    const struct conf_shm *conf = conf_of(&d->tables.regions[REGION_CONF]);
    struct tcp_config config = {.tcbs = TCPD_TCBS,
                                .listeners = TCPD_LISTENERS,
                                .send_buffer = SEND_BUFFER,
                                .receive_buffer = RECEIVE_BUFFER,
                                .secret = d->globals.secret};
    void *memory;

    if (conf == NULL)
        die(EXIT_FAILED, "conf is missing");
    config.local = conf->net.address;
    config.mtu = conf->net.mtu;
    config.gso_max =
        conf->net.offloads != 0 ? TCP_TEXT_MAX : config.mtu - IP_TCP_HEADERS;
    memory = aligned_alloc(64, bits_round_up(tcp_footprint(&config), 64));
    if (memory == NULL)
        die(EXIT_FAILED, "not enough memory for %u connections", config.tcbs);
    d->tcp = tcp_init(memory, &config);
}

void
tcpd_start(struct tcpd *d)
{
    join_rings(d);
    recover(d);
    start_core(d);
    d->epoll = epoll_create1(EPOLL_CLOEXEC);
    if (d->epoll < 0)
        die(EXIT_FAILED, "epoll: %s", strerror(errno));
    clients_init(&d->clients, d->tcp, &d->checkpoint, d->epoll, BOOT_SOCKET,
                 cnc_look(d->cnc.shm).epoch);
}

/* A turn without input, so that the globals stay what they were. Results come
 * last: a slot is shown before the result that names it. */
void
tcpd_resume(struct tcpd *d)
{
    clients_settle(&d->clients);
    checkpoint_commit(&d->checkpoint, &d->globals);
    clients_publish(&d->clients);
    ring_restore(&d->api_res, d->globals.api_res_tail);
}

/* ---- take ---- */

static enum drop
take_segment(struct tcpd *d, uint32_t n, instant_t now)
{
    struct packet p;
    struct segment seg;
    enum drop why;

    cnc_working_on(&d->cnc, CNC_WORK_SLOT, ring_position(&d->ip_rx) + n);
    if (!packet_copy(&d->ip_rx, n, &p, d->tables.regions, REGIONS) ||
        p.len == 0)
        return DROP_TCP_BAD_DESCRIPTOR;
    why = segment_parse(&seg, &p.src, &p.dst,
                        packet_payload(&p, d->tables.regions), p.len,
                        (p.flags & PACKET_CSUM_VOUCHED) != 0);
    if (why != DROP_NONE)
        return why;
    seg.gso_size = p.gso_size;
    return tcp_input(d->tcp, &seg, now);
}

static unsigned
take_segments(struct tcpd *d, instant_t now)
{
    uint32_t n = min_u32(ring_ready(&d->ip_rx), SEGMENT_BATCH);

    for (uint32_t i = 0; i < n; i++)
        cnc_drop(&d->cnc, take_segment(d, i, now));
    ring_take(&d->ip_rx, n);
    return n;
}

static unsigned
take_requests(struct tcpd *d, instant_t now)
{
    uint32_t n = min_u32(ring_ready(&d->api_req), REQUEST_BATCH);

    for (uint32_t i = 0; i < n; i++) {
        struct api_request request;
        struct api_result result;
        enum drop why;
        void *slot;

        cnc_working_on(&d->cnc, CNC_WORK_REQUEST,
                       ring_position(&d->api_req) + i);
        memcpy(&request, ring_peek(&d->api_req, i), sizeof request);
        why = request_serve(&d->clients, &request, &result, now);
        cnc_drop(&d->cnc, why);
        if (why != DROP_NONE)
            continue;
        slot = ring_stage(&d->api_res, d->staged_results);
        if (slot == NULL) {
            /* The result is kept; the client asks again. */
            cnc_drop(&d->cnc, DROP_API_RING_FULL);
            continue;
        }
        memcpy(slot, &result, sizeof result);
        d->staged_results++;
    }
    ring_take(&d->api_req, n);
    return n;
}

/* ---- stage ---- */

static void
describe(struct packet *p, const struct tcp_slot *out)
{
    memset(p, 0, sizeof *p);
    p->protocol = IPPROTO_TCP;
    p->origin_ring = RINGS;
    p->flags = PACKET_CSUM_PARTIAL;
    p->csum_offset = TCP_CHECKSUM_OFFSET;
    p->src = out->src;
    p->dst = out->dst;
    if (out->gso_size != 0) {
        p->flags |= PACKET_GSO_TCPV4;
        p->gso_size = out->gso_size;
    }
}

/* Pulls one segment from the core; false when it has none or there is no room. */
static bool
stage_segment(struct tcpd *d, instant_t now)
{
    struct packet *p = ring_stage(&d->tcp_tx, d->staged_segments);
    struct tcp_slot out = {.cap = TCP_HEADER_MAX + TCP_TEXT_MAX};

    if (p == NULL)
        return false;
    out.buf = area_reserve(&d->area, d->staged_segments, out.cap);
    if (out.buf == NULL || !tcp_output(d->tcp, &out, now))
        return false;
    describe(p, &out);
    area_commit(&d->area, p, out.len);
    d->staged_segments++;
    return true;
}

static unsigned
stage_segments(struct tcpd *d, instant_t now)
{
    unsigned n = 0;

    cnc_working_on(&d->cnc, CNC_WORK_OUTPUT, 0);
    while (n < OUTPUT_BATCH && tcp_wants_output(d->tcp) &&
           stage_segment(d, now))
        n++;
    return n;
}

/* ---- commit and publish ---- */

static void
commit(struct tcpd *d)
{
    struct globals_image *g = &d->globals;

    clients_settle(&d->clients);
    g->ip_rx_head = ring_position(&d->ip_rx);
    g->api_req_head = ring_position(&d->api_req);
    g->tcp_tx_tail = ring_position(&d->tcp_tx) + d->staged_segments;
    g->api_res_tail = ring_position(&d->api_res) + d->staged_results;
    checkpoint_commit(&d->checkpoint, g);
}

static void
publish(struct tcpd *d)
{
    bool segments = d->staged_segments != 0;
    bool results = d->staged_results != 0;

    ring_publish(&d->tcp_tx, d->staged_segments);
    clients_publish(&d->clients);
    ring_publish(&d->api_res, d->staged_results);
    d->staged_segments = 0;
    d->staged_results = 0;
    ring_publish_cursor(&d->ip_rx, ring_position(&d->ip_rx));
    ring_publish_cursor(&d->api_req, ring_position(&d->api_req));
    tcp_changed_clear(d->tcp);
    /* Between our cursors and a look at who waits for them (doorbell.h). */
    doorbell_barrier();
    if (segments || ring_space_wanted(&d->ip_rx))
        doorbell_ring(&d->ipd);
    if (results || ring_space_wanted(&d->api_req))
        doorbell_ring(&d->apid);
}

static const struct {
    enum counter counter;
    size_t at; /* of a uint64_t */
} counted[] = {
    {COUNTER_TCP_ACTIVE_OPENS, offsetof(struct tcp_stats, active_opens)},
    {COUNTER_TCP_PASSIVE_OPENS, offsetof(struct tcp_stats, passive_opens)},
    {COUNTER_TCP_ATTEMPT_FAILS, offsetof(struct tcp_stats, attempt_fails)},
    {COUNTER_TCP_ESTAB_RESETS, offsetof(struct tcp_stats, estab_resets)},
    {COUNTER_TCP_IN_SEGS, offsetof(struct tcp_stats, in_segs)},
    {COUNTER_TCP_OUT_SEGS, offsetof(struct tcp_stats, out_segs)},
    {COUNTER_TCP_IN_BYTES, offsetof(struct tcp_stats, in_bytes)},
    {COUNTER_TCP_OUT_BYTES, offsetof(struct tcp_stats, out_bytes)},
    {COUNTER_TCP_RETRANS_SEGS, offsetof(struct tcp_stats, retrans_segs)},
    {COUNTER_TCP_RETRANS_TIMEOUT, offsetof(struct tcp_stats, retrans_timeout)},
    {COUNTER_TCP_RETRANS_FAST, offsetof(struct tcp_stats, retrans_fast)},
    {COUNTER_TCP_OUT_RSTS, offsetof(struct tcp_stats, out_rsts)},
    {COUNTER_TCP_OOO_QUEUED, offsetof(struct tcp_stats, ooo_queued)},
};

static uint64_t
stat_at(const struct tcp_stats *stats, size_t at)
{
    uint64_t value;

    memcpy(&value, (const uint8_t *)stats + at, sizeof value);
    return value;
}

/* Adds what is new since the last turn: the cnc's counters go on where a
 * predecessor left them, the core's begin at 0. */
static void
count(struct tcpd *d)
{
    const struct tcp_stats *now = &d->tcp->stats;

    for (size_t i = 0; i < ARRAY_LEN(counted); i++) {
        uint64_t more =
            stat_at(now, counted[i].at) - stat_at(&d->counted, counted[i].at);

        if (more != 0)
            cnc_count(&d->cnc, counted[i].counter, more);
    }
    cnc_set(&d->cnc, COUNTER_TCP_CURR_ESTAB, now->curr_estab);
    for (uint64_t n = d->counted.reply_drops; n < now->reply_drops; n++)
        cnc_drop(&d->cnc, DROP_TCP_REPLY_FULL);
    d->counted = *now;
}

unsigned
tcpd_turn(struct tcpd *d, instant_t now)
{
    unsigned work = 0;

    work += take_segments(d, now);
    work += clients_take(&d->clients, now);
    work += take_requests(d, now);
    tcp_expire(d->tcp, now);
    work += stage_segments(d, now);
    if (work != 0 || !list_empty(&d->tcp->changed)) {
        commit(d);
        publish(d);
        count(d);
    }
    cnc_working_on(&d->cnc, CNC_WORK_NONE, 0);
    cnc_heartbeat(&d->cnc);
    return work;
}

/* Segments that wait for room in tcp.tx say so first, then look again. */
bool
tcpd_waiting(struct tcpd *d)
{
    bool wants = tcp_wants_output(d->tcp);

    ring_want_space(&d->tcp_tx, wants);
    if (wants) {
        doorbell_ring(&d->ipd);
        if (ring_stage(&d->tcp_tx, 0) != NULL &&
            area_reserve(&d->area, 0, TCP_HEADER_MAX + TCP_TEXT_MAX) != NULL)
            return true;
    }
    return ring_ready(&d->ip_rx) != 0 || ring_ready(&d->api_req) != 0 ||
           clients_waiting(&d->clients);
}
