/* SPDX-License-Identifier: MIT */
/* The turn of ipd.
 *
 * Frames come from the linkds, segments from tcpd; datagrams go to tcpd, frames
 * to the linkds. Payload never moves, except into the bounded memory of what has
 * to wait: for ARP, or for its other fragments. A packet becomes true, and
 * visible, with the turn (checkpoint.c); within a turn it meets either outlets,
 * that memory, or one drop reason.
 *
 * Who waits for whom. Taking frames never waits: what finds ip.rx or an ip.tx
 * full, be it a datagram, an answer or a packet that is passed on, is dropped and
 * counted. For ip.rx that is rare: most of its packets hold another slot of a
 * link.rx (or, turned round, of tcp.tx) unreleased, so linkd stops reading its
 * device first. Segments wait in tcp.tx while their link's ip.tx is full, for
 * they are tcpd's pull from the streams and dropping them would only make TCP
 * send them again. This cannot deadlock: ip.tx is emptied by linkd, which waits
 * for its device 10 ms at most and for nobody else, and tcpd takes from ip.rx
 * whether tcp.tx has room or not. A linkd that does not run holds the other
 * links' segments up for a moment only, then its own are dropped; one that has
 * failed holds no memory either (abandon.c). A few slots of
 * each ip.tx are out of bulk's reach, so that a busy link still answers ARP.
 *
 * What is released is read off the outlets each turn (packet.h). ipd is woken
 * for it only while a producer waits; it then passes the wish on. */
#include "ipd/turn.h"

#include "base/bits.h"
#include "ipd/abandon.h"
#include "ipd/local.h"
#include "ipd/network.h"
#include "ipd/ping.h"
#include "ipd/send.h"
#include "ipd/show.h"
#include "ipd/take.h"

#define BATCH      32 /* packets a turn from one input */
#define LOOK_AGAIN duration_ms(100)

/* ---- inputs ---- */

/* Not past packets that still wait for room: segments stay in order. */
static uint32_t
take_from(struct ipd *d, struct intake *i, instant_t now)
{
    uint32_t ready = min_u32(ring_ready(&i->ring), BATCH);
    uint32_t n = 0;

    while (n < ready && take_packet(d, i, now))
        n++;
    return n;
}

static uint32_t
take_frames(struct ipd *d, instant_t now)
{
    uint32_t n = 0;

    for (uint32_t k = 0; k < d->links; k++)
        n += take_from(d, &d->link[k].rx, now);
    return n;
}

static uint32_t
take_segments(struct ipd *d, instant_t now)
{
    return d->waits ? 0 : take_from(d, &d->tcp_tx, now);
}

/* ---- commit, publish, ring ---- */

static void
commit(struct ipd *d)
{
    struct positions p = {
        .tcp_tx = ring_position(&d->tcp_tx.ring),
        .ip_rx = ring_position(&d->ip_rx.ring) + d->ip_rx.staged,
        .announced = d->net_sum,
        .pinged = d->pinged,
    };

    for (uint32_t k = 0; k < d->links; k++) {
        const struct ipd_link *link = &d->link[k];

        p.link_rx[k] = ring_position(&link->rx.ring);
        p.ip_tx[k] = ring_position(&link->tx.ring) + link->tx.staged;
    }
    checkpoint_commit(&d->checkpoint, &d->neigh, &p);
}

static bool
publish_outlet(struct outlet *o)
{
    bool any = o->staged > 0;

    if (any)
        ring_publish(&o->ring, o->staged);
    o->staged = 0;
    return any;
}

/* True: its producer has more room than before. */
static bool
publish_intake(struct ipd *d, struct intake *i)
{
    uint64_t released =
        packet_released(i->id, ring_position(&i->ring), i->held, d->links + 1);
    bool moved = released != i->released;

    ring_publish_cursor(&i->ring, released);
    i->released = released;
    return moved;
}

void
turn_publish(struct ipd *d)
{
    bool to_link[LINKS_MAX] = {false};
    bool from_link[LINKS_MAX] = {false};
    bool to_tcpd = publish_outlet(&d->ip_rx);
    bool from_tcpd;

    /* All outputs before any input: released is read off them. */
    for (uint32_t k = 0; k < d->links; k++)
        to_link[k] = publish_outlet(&d->link[k].tx);
    for (uint32_t k = 0; k < d->links; k++)
        from_link[k] = publish_intake(d, &d->link[k].rx);
    from_tcpd = publish_intake(d, &d->tcp_tx);

    /* Between our cursors and a look at who waits for them (doorbell.h). */
    doorbell_barrier();
    for (uint32_t k = 0; k < d->links; k++) {
        struct ipd_link *link = &d->link[k];

        if (to_link[k] || (from_link[k] && ring_space_wanted(&link->rx.ring)))
            doorbell_ring(&link->bell);
    }
    if (to_tcpd || (from_tcpd && ring_space_wanted(&d->tcp_tx.ring)))
        doorbell_ring(&d->tcpd);
}

/* Does its producer wait for what this input has not released? */
static bool
is_waited_for(const struct intake *i)
{
    return i->released < ring_position(&i->ring) && ring_space_wanted(&i->ring);
}

static bool
any_input_is_waited_for(const struct ipd *d)
{
    bool waited = is_waited_for(&d->tcp_tx);

    for (uint32_t k = 0; k < d->links; k++)
        waited = waited || is_waited_for(&d->link[k].rx);
    return waited;
}

/* Before anything is found full: what moves afterwards is a reason not to
 * sleep, whatever was decided without it. */
static void
begin(struct ipd *d)
{
    d->waits = false;
    d->retry = INSTANT_NEVER;
    d->ip_rx.released = ring_released(&d->ip_rx.ring);
    for (uint32_t k = 0; k < d->links; k++)
        d->link[k].tx.released = ring_released(&d->link[k].tx.ring);
}

uint32_t
turn_run(struct ipd *d, instant_t now)
{
    uint32_t work = 0;

    begin(d);
    work += network_look(d, now);
    work += network_announce(d, now);
    work += ping_send_new(d, now);
    work += take_frames(d, now);
    work += local_expire(d, now);
    work += send_requests(d, now);
    work += send_pending(d, now);
    work += take_segments(d, now);
    cnc_working_on(&d->cnc, CNC_WORK_NONE, 0);
    commit(d);
    abandon_failed(d);
    turn_publish(d);
    show_changes(d, now);
    /* Nobody rings when a consumer that holds us up has failed; and who takes
     * no input for long has to show that it lives. */
    if (d->waits || any_input_is_waited_for(d))
        d->retry = instant_min(d->retry, instant_add(now, LOOK_AGAIN));
    cnc_heartbeat(&d->cnc);
    return work;
}

instant_t
turn_deadline(const struct ipd *d)
{
    instant_t first =
        instant_min(neigh_deadline(&d->neigh), announce_deadline(&d->announce));

    first = instant_min(first, frag_deadline(&d->frags));
    return instant_min(first, d->retry);
}

/* ---- before sleeping ---- */

/* Says to all consumers whether we are to be rung when they release. */
static bool
pass_wish_on(struct ipd *d)
{
    bool wanted = d->waits || any_input_is_waited_for(d);

    if (wanted == d->space_wanted)
        return wanted;
    d->space_wanted = wanted;
    ring_want_space(&d->ip_rx.ring, wanted);
    for (uint32_t k = 0; k < d->links; k++)
        ring_want_space(&d->link[k].tx.ring, wanted);
    /* Who sleeps on our packets must see it; and between saying it and looking
     * once more there must be a barrier. */
    doorbell_ring(&d->tcpd);
    for (uint32_t k = 0; k < d->links; k++)
        doorbell_ring(&d->link[k].bell);
    return wanted;
}

static bool
outlet_moved(struct outlet *o)
{
    return ring_released(&o->ring) != o->released;
}

static bool
any_outlet_moved(struct ipd *d)
{
    bool moved = outlet_moved(&d->ip_rx);

    for (uint32_t k = 0; k < d->links; k++)
        moved = outlet_moved(&d->link[k].tx) || moved;
    return moved;
}

bool
turn_may_sleep(struct ipd *d)
{
    if (pass_wish_on(d) && any_outlet_moved(d))
        return false;
    for (uint32_t k = 0; k < d->links; k++) {
        if (ring_ready(&d->link[k].rx.ring) > 0)
            return false;
    }
    return d->waits || ring_ready(&d->tcp_tx.ring) == 0;
}
