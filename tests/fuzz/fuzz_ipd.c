/* SPDX-License-Identifier: MIT */
/* ipd between hostile neighbours: descriptors of any 128 bytes, and frames and
 * segments of any bytes, from both linkds and from tcpd; cursors and tails that
 * move as they like. ipd goes on, and all that it publishes lies where packets
 * lie and is what a wire takes. */
#include "tests/fuzz/fuzz.h"

#include "base/bits.h"
#include "tests/ipd/ipd_world.h"

#define LINKS 2

/* A producer's ends. */
struct side {
    struct ring *ring;
    struct area *area;
    enum region_id region;
};

static struct side
side_of(struct world *w, uint32_t who)
{
    if (who >= LINKS)
        return (struct side){&w->tcp_tx, &w->segments, REGION_TCP_TX};
    return (struct side){&w->link[who].rx, &w->link[who].frames,
                         REGION_LINK_RX + who};
}

/* A frame or segment that is nearly right. */
static uint32_t
some_bytes(struct fuzz *f, uint32_t who, uint8_t *out)
{
    uint32_t len = 0;
    uint32_t kind = fuzz_below(f, 6);
    struct ether eth = test_ether(ETHER_IPV4);
    struct ipv4 ip = test_ipv4(fuzz_u8(f), 0);
    uint32_t payload = fuzz_u16(f) % 3000;

    if (who == LINKS || kind == 5) {
        fuzz_bytes(f, out, 64);
        return 1 + fuzz_u16(f) % 3000;
    }
    if (kind == 0) {
        len = put_echo(out, payload);
    } else if (kind == 1) {
        len = put_arp(out, fuzz_below(f, 2) ? ARP_REPLY : ARP_REQUEST,
                      who ? peer_mac1 : peer_mac, who ? PEER1 : PEER,
                      who ? OURS1 : OURS);
    } else {
        ip.total_len = (uint16_t)(IPV4_HEADER_LEN + payload);
        ip.ttl = fuzz_u8(f);
        ip.id = fuzz_u8(f);
        ip.frag_offset = fuzz_u8(f) * 8u * (kind & 1);
        ip.more = kind & 1;
        ip.dont_fragment = fuzz_below(f, 2);
        ip.dst = addr_v4(fuzz_below(f, 2) ? who ? OURS1 : OURS
                         : who            ? PEER
                                          : PEER1);
        eth.dst = who ? our_mac1 : our_mac;
        len = put_headers(out, &eth, &ip, payload);
    }
    for (uint32_t n = fuzz_below(f, 8); n > 0; n--)
        out[fuzz_u8(f) % min_u32(len, 90)] = fuzz_u8(f);
    return len;
}

static void
step_packet(struct fuzz *f, struct world *w)
{
    static uint8_t bytes[4096];
    uint32_t who = fuzz_below(f, LINKS + 1);
    struct side side = side_of(w, who);
    struct packet *slot = ring_stage(side.ring, 0);
    uint32_t len = some_bytes(f, who, bytes);
    uint8_t *room;

    if (slot == NULL || (room = area_reserve(side.area, 0, len)) == NULL)
        return;
    memcpy(room, bytes, len);
    *slot = (struct packet){
        .origin_ring = RINGS,
        .flags = fuzz_u8(f) & 7,
        .gso_size = fuzz_u16(f),
        .csum_start = fuzz_u8(f),
        .csum_offset = fuzz_u8(f),
        .protocol = IP_PROTO_TCP,
        .src = addr_v4(OURS),
        .dst = addr_v4(fuzz_below(f, 4) ? PEER : fuzz_u32(f)),
    };
    area_commit(side.area, slot, len);
    for (uint32_t n = fuzz_below(f, 4); n > 0; n--)
        ((uint8_t *)slot)[fuzz_u8(f) % sizeof *slot] = fuzz_u8(f);
    ring_publish(side.ring, 1);
}

static void
step_scribble(struct fuzz *f, struct world *w)
{
    uint32_t who = fuzz_below(f, LINKS + 1);
    enum daemon_id daemon = who == LINKS ? DAEMON_TCPD : DAEMON_LINKD + who;
    enum ring_id out = who == LINKS ? RING_IP_RX : RING_IP_TX + who;
    struct ring_cursor *cursor =
        cnc_cursor(&w->regions[REGION_CNC(daemon)], out);
    struct cnc_shm *cnc = cnc_of(&w->regions[REGION_CNC(daemon)]);

    switch (fuzz_below(f, 4)) {
    case 0:
        cursor->head = fuzz_scribble(f, cursor->head);
        return;
    case 1:
        cursor->released = fuzz_scribble(f, cursor->released);
        return;
    case 2:
        cnc->sleeping = fuzz_u32(f);
        return;
    default: {
        struct ring_shm *shm = side_of(w, who).ring->shm;

        shm->tail = fuzz_scribble(f, shm->tail);
    }
    }
}

/* What is published to a linkd can be put on a wire, or cut for it. */
static void
check_frame(struct world *w, uint32_t link, const struct packet *p)
{
    static uint8_t frame[PACKET_HEADER + PACKET_MAX];
    uint32_t len = ipd_world_gather(w, p, frame);
    struct ether eth;
    struct ipv4 ip;

    CHECK(ether_decode(frame, len, &eth) == DROP_NONE);
    CHECK(mac_equal(eth.src, link == 0 ? our_mac : our_mac1));
    if (eth.type == ETHER_ARP)
        return;
    CHECK(eth.type == ETHER_IPV4 && !mac_is_group(eth.dst));
    CHECK(ipv4_decode(frame + ETHER_LEN, len - ETHER_LEN, len - ETHER_LEN,
                      &ip) == DROP_NONE);
    CHECK(p->flags & PACKET_GSO_TCPV4 ||
          ip.total_len <= w->tables.net.link[link].mtu);
}

static void
take_all(struct world *w)
{
    struct packet p;

    for (uint32_t k = 0; k < LINKS; k++)
        while (ipd_world_take_on(w, k, &p))
            check_frame(w, k, &p);
    while (ipd_world_take_delivery(w, &p))
        CHECK(p.header_len > 0 || p.protocol == IP_PROTO_TCP);
    for (uint32_t k = 0; k < LINKS; k++)
        if (!ring_broken(&w->link[k].tx))
            ring_publish_cursor(&w->link[k].tx, ring_position(&w->link[k].tx));
    if (!ring_broken(&w->ip_rx))
        ring_publish_cursor(&w->ip_rx, ring_position(&w->ip_rx));
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    static struct world w;
    struct fuzz f = {data, size};
    bool forwards = fuzz_below(&f, 2) != 0;

    ipd_world_open(&w, LINKS);
    w.tables.net.forwarding = forwards;
    ipd_world_configure(&w);
    ipd_world_turn(&w);
    ipd_world_drain(&w);
    ipd_world_introduce(&w);
    for (uint32_t i = 0; f.left > 0 && i < 100; i++) {
        uint32_t what = fuzz_below(&f, 16);

        if (what < 9)
            step_packet(&f, &w);
        else if (what == 9)
            step_scribble(&f, &w);
        else if (what == 10)
            w.now = instant_add(w.now, duration_ms(fuzz_u16(&f)));
        else if (what == 11)
            take_all(&w);
        else
            ipd_world_turn(&w);
    }
    for (int i = 0; i < 4; i++) {
        ipd_world_turn(&w);
        take_all(&w);
    }
    ipd_world_close(&w);
    return 0;
}
