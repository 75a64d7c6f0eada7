/* SPDX-License-Identifier: MIT */
/* tcpd's turn: segments, clients, requests and timers go into the core, segments
 * come out; then everything becomes true at once, and only then is shown.
 *
 * Theory of operation. What a turn takes and stages is private: heads of input
 * rings move in this process only, segments and results are written beyond the
 * tails. checkpoint_commit() makes the turn true by one store. After it,
 * publish() shows tails, cursors and events; a successor that finds the turn
 * true shows them again (join.c), one that does not starts before it. So every
 * input is taken and every output published exactly once.
 *
 * A segment's text is copied into its stream in the turn that takes it, so
 * nothing of ip.rx is held past a turn: released is head. Only pulling
 * segments waits for space; input never waits for output. */
#include "tcpd/turn.h"

#include "base/bits.h"
#include "proto/shm/notice.h"
#include "tcpd/count.h"
#include "tcpd/requests.h"

#include <netinet/in.h>
#include <string.h>

#define SEGMENT_BATCH 64 /* segments taken a turn */
#define REQUEST_BATCH 32
#define OUTPUT_BATCH  64

#define POSITION_MASK ((UINT64_C(1) << 48) - 1)

/* ---- take ---- */

/* The supervisor rings when it has shown other tables. */
static void
take_network(struct tcpd *d, instant_t now)
{
    if (network_look(&d->network, d->conf, &d->tcp->config))
        tcp_net_changed(d->tcp, now);
}

/* ipd's word on a segment that did not arrive. */
static enum drop
take_notice(struct tcpd *d, const struct packet *p, instant_t now)
{
    struct notice n;
    struct tcp_icmp icmp;

    if (!notice_decode(p, &n))
        return DROP_TCP_BAD_DESCRIPTOR;
    icmp = (struct tcp_icmp){.local = n.local,
                             .remote = n.remote,
                             .local_port = n.local_port,
                             .remote_port = n.remote_port,
                             .seq = {n.seq},
                             .type = n.type,
                             .code = n.code,
                             .mtu = n.mtu};
    return tcp_input_icmp(d->tcp, &icmp, now);
}

static enum drop
take_segment(struct tcpd *d, const struct packet *p, instant_t now)
{
    struct segment seg;
    enum drop why = segment_parse(&seg, &p->src, &p->dst,
                                  packet_payload(p, d->tables.regions), p->len,
                                  (p->flags & PACKET_CSUM_VOUCHED) != 0);

    if (why != DROP_NONE)
        return why;
    seg.gso_size = p->gso_size;
    return tcp_input(d->tcp, &seg, now);
}

/* The packet lies in link.rx of any link, or in ip.rx when ipd has put it together
 * from fragments. */
static enum drop
take_packet(struct tcpd *d, uint32_t n, instant_t now)
{
    struct packet p;

    cnc_working_on(&d->cnc, CNC_WORK_SLOT,
                   (uint64_t)RING_IP_RX << 48 |
                       ((ring_position(&d->ip_rx) + n) & POSITION_MASK));
    if (!packet_copy(&d->ip_rx, n, &p, d->tables.regions, REGIONS))
        return DROP_TCP_BAD_DESCRIPTOR;
    if (p.protocol == IPPROTO_ICMP)
        return take_notice(d, &p, now);
    return p.len == 0 ? DROP_TCP_BAD_DESCRIPTOR : take_segment(d, &p, now);
}

static unsigned
take_packets(struct tcpd *d, instant_t now)
{
    uint32_t n = min_u32(ring_ready(&d->ip_rx), SEGMENT_BATCH);

    for (uint32_t i = 0; i < n; i++)
        cnc_drop(&d->cnc, take_packet(d, i, now));
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
        region_copy_once(&request, ring_peek(&d->api_req, i), sizeof request);
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

/* Everybody is rung before what is shown to people is written. */
static void
publish(struct tcpd *d, instant_t now)
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
    /* Between our cursors and a look at who waits for them (doorbell.h). */
    doorbell_barrier();
    if (segments || ring_space_wanted(&d->ip_rx))
        doorbell_ring(&d->ipd);
    if (results || ring_space_wanted(&d->api_req))
        doorbell_ring(&d->apid);
    views_commit(&d->views, d->clients.bound, now);
    d->clients.bound = false;
    tcp_changed_clear(d->tcp);
}

unsigned
tcpd_turn(struct tcpd *d, instant_t now)
{
    unsigned work = 0;

    take_network(d, now);
    work += take_packets(d, now);
    work += clients_take(&d->clients, now);
    work += take_requests(d, now);
    tcp_expire(d->tcp, now);
    work += stage_segments(d, now);
    if (work != 0 || !list_empty(&d->tcp->changed)) {
        commit(d);
        publish(d, now);
        count_turn(&d->cnc, &d->tcp->stats, &d->counted);
    }
    views_expire(&d->views, now);
    cnc_working_on(&d->cnc, CNC_WORK_NONE, 0);
    cnc_heartbeat(&d->cnc);
    return work;
}

instant_t
tcpd_next_deadline(const struct tcpd *d)
{
    return instant_min(instant_min(tcp_next_deadline(d->tcp), d->views.due),
                       d->clients.retry);
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
