/* SPDX-License-Identifier: MIT */
/* Plays everybody around ipd. */
#include "tests/ipd/ipd_world.h"

#include "ipd/join.h"
#include "ipd/turn.h"
#include "proto/shm/conf.h"

#include <stdlib.h>
#include <sys/eventfd.h>
#include <unistd.h>

#define STATE_SIZE (64 * 1024)

static void
open_region(struct world *w, uint32_t id, uint64_t size)
{
    int fd = region_create(id, size, 1);

    assert_true(fd >= 0);
    assert_true(region_map(&w->regions[id], fd, id, true));
    close(fd);
}

static void
open_ring(struct world *w, enum ring_id ring)
{
    const struct ring_row *row = &ring_table[ring];

    open_region(w, row->region,
                ring_region_size(row->slots, row->slot_size, row->area));
    ring_create(&w->regions[row->region], row);
}

static void
configure(struct world *w)
{
    const struct ip_config cfg = test_config();
    struct conf_shm *conf = conf_of(&w->regions[REGION_CONF]);

    conf->net.address = cfg.address;
    conf->net.gateway = cfg.gateway;
    conf->net.prefix_len = cfg.prefix_len;
    conf->net.mtu = cfg.mtu;
    conf->net.mac = cfg.mac;
}

static void
join_end(struct world *w, struct ring *r, struct area *a, enum ring_id ring)
{
    const struct ring_row *row = &ring_table[ring];
    const struct region *region = &w->regions[row->region];
    struct ring_cursor *cursor =
        cnc_cursor(&w->regions[REGION_CNC(row->consumer)], ring);

    if (a == NULL) {
        assert_true(ring_join_consumer(r, region, cursor, row));
        return;
    }
    assert_true(ring_join_producer(r, region, cursor, row));
    area_join(a, region, r, row);
}

void
ipd_world_open(struct world *w)
{
    *w = (struct world){.now = {1000000000000}};
    open_region(w, REGION_CONF, sizeof(struct conf_shm));
    for (uint32_t d = 0; d < DAEMONS; d++)
        open_region(w, REGION_CNC(d), sizeof(struct cnc_shm));
    open_ring(w, RING_LINK_RX);
    open_ring(w, RING_IP_RX);
    open_ring(w, RING_TCP_TX);
    open_ring(w, RING_IP_TX);
    open_region(w, REGION_IPD_STATE, STATE_SIZE);
    configure(w);
    cnc_start(&w->linkd_cnc, &w->regions[REGION_LINKD_CNC], 1, w->now);
    cnc_start(&w->tcpd_cnc, &w->regions[REGION_TCPD_CNC], 1, w->now);
    join_end(w, &w->link_rx, &w->frames, RING_LINK_RX);
    join_end(w, &w->ip_tx, NULL, RING_IP_TX);
    join_end(w, &w->tcp_tx, &w->segments, RING_TCP_TX);
    join_end(w, &w->ip_rx, NULL, RING_IP_RX);
    w->linkd_bell = eventfd(0, EFD_NONBLOCK);
    w->tcpd_bell = eventfd(0, EFD_NONBLOCK);
    w->ipd = malloc(sizeof *w->ipd);
    assert_non_null(w->ipd);
    ipd_world_restart(w);
}

void
ipd_world_close(struct world *w)
{
    for (uint32_t i = 0; i < REGIONS; i++)
        region_unmap(&w->regions[i]);
    close(w->linkd_bell);
    close(w->tcpd_bell);
    free(w->ipd);
}

void
ipd_world_restart(struct world *w)
{
    struct ipd *d = w->ipd;

    memset(d, 0, sizeof *d);
    cnc_start(&d->cnc, &w->regions[REGION_IPD_CNC], 1, w->now);
    d->regions = w->regions;
    d->linkd = (struct doorbell){w->linkd_bell, w->linkd_cnc.shm};
    d->tcpd = (struct doorbell){w->tcpd_bell, w->tcpd_cnc.shm};
    assert_true(join_all(d));
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
ipd_world_send_frame(struct world *w, const uint8_t *bytes, uint32_t len,
                     uint8_t flags, uint16_t gso_size)
{
    const struct packet p = {
        .flags = flags,
        .gso_size = gso_size,
        .origin_ring = RINGS,
        .arrival_ns = w->now.ns,
    };

    return send(&w->link_rx, &w->frames, &p, bytes, len);
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

void
ipd_world_introduce(struct world *w)
{
    uint8_t frame[ETHER_LEN + ARP_LEN];
    uint32_t len = put_arp(frame, ARP_REQUEST, peer_mac, PEER, OURS);

    assert_true(ipd_world_send_frame(w, frame, len, 0, 0));
    put_arp(frame, ARP_REQUEST, gateway_mac, GATEWAY, OURS);
    assert_true(ipd_world_send_frame(w, frame, len, 0, 0));
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
ipd_world_take_frame(struct world *w, struct packet *p)
{
    return take(w, &w->ip_tx, p);
}

bool
ipd_world_take_delivery(struct world *w, struct packet *p)
{
    return take(w, &w->ip_rx, p);
}

void
ipd_world_release_all(struct world *w)
{
    ring_publish_cursor(&w->ip_tx, ring_position(&w->ip_tx));
    ring_publish_cursor(&w->ip_rx, ring_position(&w->ip_rx));
}

void
ipd_world_drain(struct world *w)
{
    struct packet p;

    while (ipd_world_take_frame(w, &p))
        continue;
    ipd_world_release_all(w);
}

const uint8_t *
ipd_world_payload(const struct world *w, const struct packet *p)
{
    return packet_payload(p, w->regions);
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
