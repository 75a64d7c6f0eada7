/* SPDX-License-Identifier: MIT */
/* The turn of ipd.
 *
 * Frames come from linkd, segments from tcpd; datagrams go to tcpd, frames to
 * linkd. Payload never moves, except into the bounded memory of packets that
 * wait for ARP. A packet becomes true, and visible, with the turn
 * (checkpoint.c); within a turn it meets either one outlet, the pending
 * memory, or one drop reason.
 *
 * Who waits for whom. Taking frames never waits: a datagram that finds ip.rx
 * full and an answer that finds ip.tx full are dropped and counted. For ip.rx
 * that is rare: each of its packets holds another slot of link.rx (or, turned
 * round, of tcp.tx) unreleased, so linkd stops reading its device first.
 * Segments wait in tcp.tx while ip.tx is full, for they are tcpd's pull from
 * the streams and dropping them would only make TCP send them again. This
 * cannot deadlock: ip.tx is emptied by linkd, which waits for its device 10 ms
 * at most and for nobody else, and tcpd takes from ip.rx whether tcp.tx has
 * room or not. A few slots of ip.tx are out of bulk's reach, so that a busy
 * link still answers ARP.
 *
 * What is released is read off the outlets each turn (packet.h). ipd is woken
 * for it only while a producer waits; it then passes the wish on. */
#include "ipd/turn.h"

#include "base/bits.h"
#include "ipd/core/arp.h"
#include "ipd/stage.h"
#include "ipd/take.h"

#define BATCH 32 /* packets a turn from one input */

/* ---- inputs ---- */

static uint32_t
take_frames(struct ipd *d, instant_t now)
{
    uint32_t n = min_u32(ring_ready(&d->link_rx.ring), BATCH);

    for (uint32_t i = 0; i < n; i++)
        take_packet(d, &d->link_rx, now);
    return n;
}

/* Not past packets that still wait for room: segments stay in order. */
static uint32_t
take_segments(struct ipd *d, instant_t now)
{
    uint32_t n = min_u32(ring_ready(&d->tcp_tx.ring), BATCH);

    for (uint32_t i = 0; i < n; i++) {
        d->waits = d->waits || !stage_has_bulk_room(d);
        if (d->waits)
            return i;
        take_packet(d, &d->tcp_tx, now);
    }
    return n;
}

/* ---- what time and answers bring ---- */

static uint32_t
send_announcement(struct ipd *d)
{
    uint8_t frame[ARP_FRAME];

    if (!d->announce)
        return 0;
    arp_announcement_frame(&d->cfg, frame);
    cnc_drop(&d->cnc, stage_arp(d, frame, DROP_IP_RING_FULL));
    d->announce = false;
    return 1;
}

static uint32_t
send_requests(struct ipd *d, instant_t now)
{
    struct neigh_request request;
    uint8_t frame[ARP_FRAME];
    uint32_t n = 0;

    for (; neigh_pull_request(&d->neigh, now, &request); n++) {
        arp_request_frame(&d->cfg, &request, frame);
        cnc_drop(&d->cnc, stage_arp(d, frame, DROP_IP_RING_FULL));
        cnc_count(&d->cnc, COUNTER_ARP_OUT_REQUESTS, 1);
    }
    return n;
}

/* True: packet i waits no longer. */
static bool
settle_pending(struct ipd *d, uint32_t i)
{
    struct mac mac;
    enum neigh_found found =
        neigh_look(&d->neigh, d->pending.packets[i].next_hop, &mac);

    if (found == NEIGH_ASKED)
        return false;
    if (found != NEIGH_KNOWN) {
        cnc_drop(&d->cnc, DROP_IP_NEIGH_FAILED);
        return true;
    }
    if (!stage_pending(d, i, mac)) {
        d->waits = true;
        return false;
    }
    cnc_count(&d->cnc, COUNTER_IP_OUT_TRANSMITS, 1);
    return true;
}

/* Oldest first; once one finds no room, the younger ones do not overtake it. */
static uint32_t
settle_all_pending(struct ipd *d)
{
    uint32_t n = 0;

    for (uint32_t i = 0; i < d->pending.count && !d->waits;) {
        if (settle_pending(d, i)) {
            pending_remove(&d->pending, i);
            n++;
        } else {
            i++;
        }
    }
    return n;
}

/* ---- commit, publish, ring ---- */

static void
commit(struct ipd *d)
{
    const struct positions p = {
        .link_rx = ring_position(&d->link_rx.ring),
        .tcp_tx = ring_position(&d->tcp_tx.ring),
        .ip_rx = ring_position(&d->ip_rx.ring) + d->ip_rx.staged,
        .ip_tx = ring_position(&d->ip_tx.ring) + d->ip_tx.staged,
    };

    checkpoint_commit(&d->checkpoint, &d->neigh, &p);
}

static bool
publish_outlet(struct outlet *o)
{
    bool any = o->staged > 0;

    if (any)
        ring_publish(&o->ring, o->staged);
    o->staged = 0;
    o->released = ring_released(&o->ring);
    return any;
}

static bool
publish_intake(struct intake *i)
{
    uint64_t released = packet_released(i->id, ring_position(&i->ring), i->held,
                                        ARRAY_LEN(i->held));
    bool moved = released != i->released;

    ring_publish_cursor(&i->ring, released);
    i->released = released;
    return moved;
}

void
turn_publish(struct ipd *d)
{
    bool to_tcpd = publish_outlet(&d->ip_rx);
    bool to_linkd = publish_outlet(&d->ip_tx);
    bool from_linkd = publish_intake(&d->link_rx);
    bool from_tcpd = publish_intake(&d->tcp_tx);

    /* Between our cursors and a look at who waits for them (doorbell.h). */
    doorbell_barrier();
    if (to_linkd || (from_linkd && ring_space_wanted(&d->link_rx.ring)))
        doorbell_ring(&d->linkd);
    if (to_tcpd || (from_tcpd && ring_space_wanted(&d->tcp_tx.ring)))
        doorbell_ring(&d->tcpd);
}

uint32_t
turn_run(struct ipd *d, instant_t now)
{
    uint32_t work = 0;

    d->waits = false;
    work += send_announcement(d);
    work += take_frames(d, now);
    work += send_requests(d, now);
    work += settle_all_pending(d);
    work += take_segments(d, now);
    cnc_working_on(&d->cnc, CNC_WORK_NONE, 0);
    commit(d);
    turn_publish(d);
    cnc_heartbeat(&d->cnc);
    return work;
}

instant_t
turn_deadline(const struct ipd *d)
{
    return neigh_deadline(&d->neigh);
}

/* ---- before sleeping ---- */

/* Does its producer wait for what this input has not released? */
static bool
is_waited_for(const struct intake *i)
{
    return i->released < ring_position(&i->ring) && ring_space_wanted(&i->ring);
}

/* Says to both consumers whether we are to be rung when they release. */
static bool
pass_wish_on(struct ipd *d)
{
    bool wanted =
        d->waits || is_waited_for(&d->link_rx) || is_waited_for(&d->tcp_tx);

    if (wanted != d->space_wanted) {
        ring_want_space(&d->ip_rx.ring, wanted);
        ring_want_space(&d->ip_tx.ring, wanted);
        d->space_wanted = wanted;
        /* Who sleeps on our packets must see it; and between saying it and
         * looking once more there must be a barrier. */
        doorbell_ring(&d->tcpd);
        doorbell_ring(&d->linkd);
    }
    return wanted;
}

static bool
outlet_moved(struct outlet *o)
{
    return ring_released(&o->ring) != o->released;
}

bool
turn_may_sleep(struct ipd *d)
{
    if (pass_wish_on(d) && (outlet_moved(&d->ip_rx) || outlet_moved(&d->ip_tx)))
        return false;
    if (ring_ready(&d->link_rx.ring) > 0)
        return false;
    return d->waits || ring_ready(&d->tcp_tx.ring) == 0;
}
