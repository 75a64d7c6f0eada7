/* SPDX-License-Identifier: MIT */
/* Plays everybody around ipd. */
#include "tests/ipd/ipd_world.h"

#include "ipd/join.h"
#include "ipd/turn.h"
#include "proto/shm/conf.h"

#include <stdlib.h>
#include <sys/eventfd.h>
#include <unistd.h>

static void
open_region(struct world *w, uint32_t id, uint64_t size)
{
    int fd = region_create(id, size, 1);

    assert_true(fd >= 0);
    assert_true(region_map(&w->regions[id], fd, id, true));
    close(fd);
}

static void
open_ring(struct world *w, uint32_t ring)
{
    const struct ring_row *row = &ring_table[ring];

    open_region(w, row->region,
                ring_region_size(row->slots, row->slot_size, row->area));
    ring_create(&w->regions[row->region], row);
}

static void
join_end(struct world *w, struct ring *r, struct area *a, uint32_t ring)
{
    const struct ring_row *row = &ring_table[ring];
    const struct region *region = &w->regions[row->region];
    struct ring_cursor *cursor =
        cnc_cursor(&w->regions[REGION_CNC(row->consumer)], (enum ring_id)ring);

    if (a == NULL) {
        assert_true(ring_join_consumer(r, region, cursor, row));
        return;
    }
    assert_true(ring_join_producer(r, region, cursor, row));
    area_join(a, region, r, row);
}

static void
open_link(struct world *w, uint32_t k)
{
    struct world_link *link = &w->link[k];

    open_ring(w, RING_LINK_RX + k);
    open_ring(w, RING_IP_TX + k);
    cnc_start(&link->cnc, &w->regions[REGION_LINKD_CNC + k], 1, w->now);
    join_end(w, &link->rx, &link->frames, RING_LINK_RX + k);
    join_end(w, &link->tx, NULL, RING_IP_TX + k);
    link->bell = eventfd(0, EFD_NONBLOCK);
}

static void
open_tcpd(struct world *w)
{
    open_ring(w, RING_IP_RX);
    open_ring(w, RING_TCP_TX);
    cnc_start(&w->tcpd_cnc, &w->regions[REGION_TCPD_CNC], 1, w->now);
    join_end(w, &w->tcp_tx, &w->segments, RING_TCP_TX);
    join_end(w, &w->ip_rx, NULL, RING_IP_RX);
    w->tcpd_bell = eventfd(0, EFD_NONBLOCK);
}

void
ipd_world_open(struct world *w, uint32_t links)
{
    *w = (struct world){.now = {1000000000000}, .links = links};
    open_region(w, REGION_CONF, sizeof(struct conf_shm));
    open_region(w, REGION_IPD_STATE, IPD_STATE_SIZE);
    open_region(w, REGION_IPD_VIEW, IPD_VIEW_SIZE);
    for (uint32_t d = 0; d < DAEMONS; d++)
        open_region(w, REGION_CNC(d), sizeof(struct cnc_shm));
    conf_of(&w->regions[REGION_CONF])->links = links;
    w->tables.net = test_net(links);
    ipd_world_configure(w);
    for (uint32_t k = 0; k < links; k++)
        open_link(w, k);
    open_tcpd(w);
    w->ipd = malloc(sizeof *w->ipd);
    assert_non_null(w->ipd);
    ipd_world_restart(w);
}

/* Past the second announcement, which comes two seconds after the first. */
void
ipd_world_open_quiet(struct world *w, uint32_t links)
{
    ipd_world_open(w, links);
    ipd_world_turn(w);
    w->now = instant_add(w->now, duration_ms(2000));
    ipd_world_turn(w);
    ipd_world_turn(w);
    ipd_world_drain(w);
    ipd_world_introduce(w);
    ipd_world_turn(w);
    for (uint32_t k = 0; k < links; k++)
        ipd_world_rung(w->link[k].bell);
    ipd_world_rung(w->tcpd_bell);
}

void
ipd_world_close(struct world *w)
{
    for (uint32_t i = 0; i < REGIONS; i++)
        region_unmap(&w->regions[i]);
    for (uint32_t k = 0; k < w->links; k++)
        close(w->link[k].bell);
    close(w->tcpd_bell);
    free(w->ipd);
}

void
ipd_world_configure(struct world *w)
{
    conf_show(conf_of(&w->regions[REGION_CONF]), &w->tables);
}

void
ipd_world_restart(struct world *w)
{
    struct ipd *d = w->ipd;

    memset(d, 0, sizeof *d);
    cnc_start(&d->cnc, &w->regions[REGION_IPD_CNC], 1, w->now);
    d->regions = w->regions;
    d->secret = (struct hash_key){{1, 2}};
    d->links = w->links;
    for (uint32_t k = 0; k < w->links; k++)
        d->link[k].bell =
            (struct doorbell){w->link[k].bell, w->link[k].cnc.shm};
    d->tcpd = (struct doorbell){w->tcpd_bell, w->tcpd_cnc.shm};
    assert_true(join_all(d, w->now));
}

uint32_t
ipd_world_turn(struct world *w)
{
    w->now = instant_add(w->now, duration_us(1));
    return turn_run(w->ipd, w->now);
}

/* Publishes `bytes` as the payload of `p` from `a`. */
static bool
send(struct ring *r, struct area *a, const struct packet *p,
     const uint8_t *bytes, uint32_t len)
{
    struct packet *slot = ring_stage(r, 0);
    uint8_t *room;

    if (slot == NULL || (room = area_reserve(a, 0, len)) == NULL)
        return false;
    memcpy(room, bytes, len);
    *slot = *p;
    area_commit(a, slot, len);
    ring_publish(r, 1);
    return true;
}

bool
ipd_world_send_on(struct world *w, uint32_t link, const uint8_t *bytes,
                  uint32_t len, const struct packet *like)
{
    struct packet p = *like;

    p.origin_ring = RINGS;
    p.arrival_ns = w->now.ns;
    return send(&w->link[link].rx, &w->link[link].frames, &p, bytes, len);
}

bool
ipd_world_send_frame(struct world *w, const uint8_t *bytes, uint32_t len,
                     uint8_t flags, uint16_t gso_size)
{
    const struct packet p = {.flags = flags, .gso_size = gso_size};

    return ipd_world_send_on(w, 0, bytes, len, &p);
}

bool
ipd_world_send_segment(struct world *w, const struct packet *p,
                       const uint8_t *bytes, uint32_t len)
{
    struct packet whole = *p;

    whole.origin_ring = RINGS;
    whole.protocol = IP_PROTO_TCP;
    whole.csum_offset = 16;
    return send(&w->tcp_tx, &w->segments, &whole, bytes, len);
}

static void
introduce(struct world *w, uint32_t link, struct mac mac, uint32_t addr,
          uint32_t to)
{
    const struct packet p = {0};
    uint8_t frame[ETHER_LEN + ARP_LEN];
    uint32_t len = put_arp(frame, ARP_REQUEST, mac, addr, to);

    assert_true(ipd_world_send_on(w, link, frame, len, &p));
}

void
ipd_world_introduce(struct world *w)
{
    introduce(w, 0, peer_mac, PEER, OURS);
    introduce(w, 0, gateway_mac, GATEWAY, OURS);
    if (w->links > 1)
        introduce(w, 1, peer_mac1, PEER1, OURS1);
    ipd_world_turn(w);
    ipd_world_drain(w);
}

static bool
take(const struct world *w, struct ring *r, struct packet *p)
{
    if (ring_ready(r) == 0)
        return false;
    assert_true(packet_copy(r, 0, p, w->regions, REGIONS));
    ring_take(r, 1);
    return true;
}

bool
ipd_world_take_on(struct world *w, uint32_t link, struct packet *p)
{
    return take(w, &w->link[link].tx, p);
}

bool
ipd_world_take_frame(struct world *w, struct packet *p)
{
    return ipd_world_take_on(w, 0, p);
}

bool
ipd_world_take_delivery(struct world *w, struct packet *p)
{
    return take(w, &w->ip_rx, p);
}

void
ipd_world_release_all(struct world *w)
{
    for (uint32_t k = 0; k < w->links; k++)
        ring_publish_cursor(&w->link[k].tx, ring_position(&w->link[k].tx));
    ring_publish_cursor(&w->ip_rx, ring_position(&w->ip_rx));
}

void
ipd_world_drain(struct world *w)
{
    struct packet p;

    for (uint32_t k = 0; k < w->links; k++) {
        while (ipd_world_take_on(w, k, &p))
            continue;
    }
    ipd_world_release_all(w);
}

const uint8_t *
ipd_world_payload(const struct world *w, const struct packet *p)
{
    return packet_payload(p, w->regions);
}

uint32_t
ipd_world_gather(const struct world *w, const struct packet *p, uint8_t *out)
{
    memcpy(out, p->header, p->header_len);
    if (p->len > 0)
        memcpy(out + p->header_len, ipd_world_payload(w, p), p->len);
    return p->header_len + p->len;
}

bool
ipd_world_rung(int bell)
{
    uint64_t rings;

    return read(bell, &rings, sizeof rings) == (ssize_t)sizeof rings;
}

uint64_t
ipd_world_drops(const struct world *w, enum drop why)
{
    return cnc_drops(w->ipd->cnc.shm, why);
}

uint64_t
ipd_world_count(const struct world *w, enum counter what)
{
    return cnc_counter(w->ipd->cnc.shm, what);
}
