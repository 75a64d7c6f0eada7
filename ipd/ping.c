/* SPDX-License-Identifier: MIT */
/* Pings. One is known by its serial, which only grows: the highest that was sent
 * is committed with the turn that sent it, so that each is sent once, and a
 * successor finds in ipd.view which of them still wait. */
#include "ipd/ping.h"

#include "ipd/core/icmp.h"
#include "ipd/send.h"

#include <errno.h>

#define PAYLOAD_MAX (IPV4_PACKET_MAX - IPV4_HEADER_LEN - ICMP_HEADER_LEN)

static void
show(struct ipd *d, uint64_t serial)
{
    uint32_t i = (uint32_t)(serial % VIEW_PINGS);

    view_write(&d->view.pings, i, &d->pings[i]);
}

void
ping_resume(struct ipd *d, uint64_t pinged)
{
    d->pinged = pinged;
    for (uint32_t i = 0; i < VIEW_PINGS; i++) {
        if (!view_read(&d->view.pings, i, &d->pings[i]) ||
            d->pings[i].serial > pinged)
            d->pings[i] = (struct view_ping){0};
    }
}

/* ---- sending ---- */

void
ping_failed(struct ipd *d, uint64_t serial, int error)
{
    struct view_ping *row = &d->pings[serial % VIEW_PINGS];

    if (row->serial != serial || row->state != VIEW_PING_SENT)
        return;
    row->state = VIEW_PING_FAILED;
    row->error = (uint32_t)error;
    cnc_count(&d->cnc, COUNTER_PING_FAILED, 1);
    show(d, serial);
}

/* To ourselves: the answer is known without asking. */
static void
answer_own(struct ipd *d, const struct conf_ping *ping, instant_t now)
{
    struct view_ping *row = &d->pings[ping->serial % VIEW_PINGS];

    row->state = VIEW_PING_REPLIED;
    row->from = ping->dst;
    row->answered_ns = now.ns;
    row->len = ICMP_HEADER_LEN + ping->size;
    row->ttl = IP_OUTPUT_TTL;
    cnc_count(&d->cnc, COUNTER_PING_ANSWERED, 1);
    show(d, ping->serial);
}

/* 0, or what to call it. */
static int
send_request(struct ipd *d, const struct conf_ping *ping,
             const struct net_path *path, instant_t now)
{
    const struct icmp_echo echo = {ICMP_ECHO_REQUEST, ping->id, ping->seq};
    const struct payload p = {.bytes = d->scratch};
    struct outgoing o = {.kind = OUTGOING_PING, .serial = ping->serial};
    struct ipv4 ip = {
        .src = path->source,
        .dst = ping->dst,
        .ttl = IP_OUTPUT_TTL,
        .proto = IP_PROTO_ICMP,
    };
    enum drop why;

    for (uint32_t i = 0; i < ping->size; i++)
        d->scratch[i] = (uint8_t)i;
    ip.id = ident_choose(&d->ident, &ip);
    icmp_request(&ip, &echo, d->scratch, ping->size, &o);
    o.path = *path;
    o.path.mtu = pmtu_look(&d->pmtu, ping->dst, path->mtu, now);
    why = send_packet(d, &o, &p, now);
    cnc_drop(&d->cnc, why);
    cnc_count(&d->cnc, COUNTER_IP_OUT_REQUESTS, 1);
    cnc_count(&d->cnc, COUNTER_ICMP_OUT_ECHOS, why == DROP_NONE);
    if (why == DROP_NONE)
        return 0;
    return why == DROP_IP_NEIGH_FAILED ? EHOSTUNREACH : ENOBUFS;
}

static int
route_request(struct ipd *d, const struct conf_ping *ping, instant_t now)
{
    struct net_path path;

    if (ping->size > PAYLOAD_MAX)
        return EMSGSIZE;
    switch (net_path(&d->net, ping->dst, &path)) {
    case NET_NONE:
        return ENETUNREACH;
    case NET_SELF:
        answer_own(d, ping, now);
        return 0;
    case NET_LINK:
        break;
    }
    return addr_is_any(path.source) ? EADDRNOTAVAIL
                                    : send_request(d, ping, &path, now);
}

static void
start(struct ipd *d, const struct conf_ping *ping, instant_t now)
{
    int error;

    d->pinged = ping->serial;
    d->pings[ping->serial % VIEW_PINGS] = (struct view_ping){
        .serial = ping->serial,
        .sent_ns = now.ns,
        .state = VIEW_PING_SENT,
    };
    cnc_count(&d->cnc, COUNTER_PING_SENT, 1);
    show(d, ping->serial);
    error = route_request(d, ping, now);
    if (error != 0)
        ping_failed(d, ping->serial, error);
}

/* The lowest serial above those that were sent, or NULL. */
static const struct conf_ping *
next_ping(const struct ipd *d)
{
    const struct conf_ping *next = NULL;

    for (uint32_t i = 0; i < CONF_PINGS; i++) {
        const struct conf_ping *p = &d->tables.ping[i];

        if (p->serial > d->pinged && (next == NULL || p->serial < next->serial))
            next = p;
    }
    return next;
}

uint32_t
ping_send_new(struct ipd *d, instant_t now)
{
    const struct conf_ping *ping;
    uint32_t n = 0;

    if (!d->ping_due)
        return 0;
    for (; (ping = next_ping(d)) != NULL; n++)
        start(d, ping, now);
    d->ping_due = false;
    return n;
}

/* ---- answers ---- */

/* The ping that still waits and is what the echo's fields say, or NULL. */
static struct view_ping *
find(struct ipd *d, struct addr dst, uint16_t id, uint16_t seq)
{
    for (uint32_t i = 0; i < CONF_PINGS; i++) {
        const struct conf_ping *p = &d->tables.ping[i];
        struct view_ping *row = &d->pings[p->serial % VIEW_PINGS];

        if (row->state == VIEW_PING_SENT && row->serial == p->serial &&
            p->id == id && p->seq == seq && addr_equal(p->dst, dst))
            return row;
    }
    return NULL;
}

enum drop
ping_answered(struct ipd *d, const struct ipv4 *ip,
              const struct icmp_echo *echo, uint32_t len, instant_t now)
{
    struct view_ping *row = find(d, ip->src, echo->id, echo->seq);

    if (row == NULL)
        return DROP_ICMP_NO_PING;
    row->state = VIEW_PING_REPLIED;
    row->from = ip->src;
    row->answered_ns = now.ns;
    row->len = len;
    row->ttl = ip->ttl;
    cnc_count(&d->cnc, COUNTER_ICMP_IN_ECHO_REPS, 1);
    cnc_count(&d->cnc, COUNTER_PING_ANSWERED, 1);
    show(d, row->serial);
    return DROP_NONE;
}

enum drop
ping_refused(struct ipd *d, struct addr from, const struct quoted *q,
             instant_t now)
{
    struct view_ping *row = find(d, q->remote, q->echo_id, q->echo_seq);

    if (row == NULL)
        return DROP_ICMP_NO_PING;
    row->state = VIEW_PING_ERROR;
    row->from = from;
    row->answered_ns = now.ns;
    row->type = q->type;
    row->code = q->code;
    row->mtu = q->mtu;
    cnc_count(&d->cnc, COUNTER_PING_FAILED, 1);
    show(d, row->serial);
    return DROP_NONE;
}
