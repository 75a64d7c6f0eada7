/* SPDX-License-Identifier: MIT */
/* Tests of ipd among neighbours that say anything: frames, descriptors and
 * networks at random. It neither dies nor keeps anybody's memory. */
#include "tests/ipd/ipd_world.h"

#include "ipd/turn.h"
#include "tests/proto/wire/fixture.h"

#define DATA   (ETHER_LEN + IPV4_HEADER_LEN)
#define ROUNDS 30000

static struct world w;
static struct rng rng;
static uint8_t bytes[4096];

static int
router(void **state)
{
    (void)state;
    seed_from_clock(&rng);
    ipd_world_open_quiet(&w, 2);
    w.tables.net.forwarding = 1;
    ipd_world_configure(&w);
    ipd_world_turn(&w);
    return 0;
}

static int
end(void **state)
{
    (void)state;
    ipd_world_close(&w);
    return 0;
}

static uint32_t
below(uint32_t n)
{
    return (uint32_t)rng_below(&rng, n);
}

static uint32_t
any_address(void)
{
    static const uint32_t known[] = {OURS,    OURS1,     PEER,       PEER1, FAR,
                                     GATEWAY, BROADCAST, 0xe0000001, 0};

    return below(4) == 0 ? (uint32_t)rng_next(&rng) : known[below(9)];
}

/* A packet whose header is well-formed as often as not, and its checksums. */
static uint32_t
put_some_packet(void)
{
    static const uint8_t protos[] = {IP_PROTO_ICMP, IP_PROTO_TCP, IP_PROTO_UDP};
    const struct ether eth = test_ether(ETHER_IPV4);
    uint32_t len = below(2000);
    struct ipv4 ip = test_ipv4(protos[below(3)], len);

    rng_fill(&rng, bytes, sizeof bytes);
    ip.src = addr_v4(any_address());
    ip.dst = addr_v4(any_address());
    ip.ttl = (uint8_t)below(66);
    ip.id = (uint16_t)below(16);
    ip.dont_fragment = below(2) == 0;
    ip.more = below(4) == 0;
    if (below(4) == 0)
        ip.frag_offset = (uint16_t)(below(300) * 8);
    if (ip.proto == IP_PROTO_ICMP && len >= 36) {
        bytes[DATA] = (uint8_t)below(13);
        bytes[DATA + 1] = (uint8_t)below(5);
        ipv4_encode(bytes + DATA + 8, &ip);
        be16_store(bytes + DATA + 2, 0);
        be16_store(bytes + DATA + 2,
                   checksum_fold(checksum_add(0, bytes + DATA, len)));
    }
    return put_headers(bytes, &eth, &ip, len);
}

static uint32_t
put_some_frame(void)
{
    static const struct mac macs[] = {{{2, 0, 0, 7, 0, 9}}, {{2, 9, 9, 9, 9}}};
    uint32_t len = below(4) == 0
                       ? put_arp(bytes, (uint16_t)(1 + below(2)),
                                 macs[below(2)], any_address(), any_address())
                       : put_some_packet();

    if (below(3) == 0)
        bytes[below(len)] ^= (uint8_t)(1u << below(8));
    return below(8) == 0 ? 1 + below(len) : len;
}

static struct packet
some_offload(void)
{
    return (struct packet){
        .flags = below(3) == 0 ? (uint8_t)below(8) : 0,
        .gso_size = (uint16_t)below(2000),
        .csum_start = (uint16_t)below(80),
        .csum_offset = (uint16_t)below(20),
    };
}

/* The second link's MAC address is not the first one's. */
static void
send_some_frame(void)
{
    uint32_t link = below(2);
    uint32_t len = put_some_frame();
    const struct packet like = some_offload();

    if (link == 1 && len >= sizeof our_mac1)
        memcpy(bytes, &our_mac1, sizeof our_mac1);
    (void)!ipd_world_send_on(&w, link, bytes, len, &like);
}

static void
send_some_segment(void)
{
    struct packet p = some_offload();

    rng_fill(&rng, bytes, 64);
    p.src = addr_v4(any_address());
    p.dst = addr_v4(any_address());
    (void)!ipd_world_send_segment(&w, &p, bytes, 1 + below(2000));
}

/* Nothing that a checked packet could hold. */
static void
send_some_descriptor(struct ring *r)
{
    struct packet *slot = ring_stage(r, 0);

    if (slot == NULL)
        return;
    rng_fill(&rng, slot, sizeof *slot);
    slot->region = (uint16_t)below(REGIONS + 2);
    slot->header_len = (uint8_t)below(2);
    slot->len = below(100);
    slot->offset = below(1 << 20);
    slot->flags = (uint8_t)below(8);
    ring_publish(r, 1);
}

static void
change_network(void)
{
    w.tables.net = test_net(2);
    w.tables.net.forwarding = below(2);
    if (below(2) == 0)
        w.tables.net.addresses = 1 + below(2);
    w.tables.net.link[1].mtu = below(3000);
    w.tables.ping[below(CONF_PINGS)] = (struct conf_ping){
        .serial = below(100000),
        .dst = addr_v4(any_address()),
        .size = below(70000),
    };
    ipd_world_configure(&w);
}

static void
do_something(void)
{
    switch (below(16)) {
    case 0:
        send_some_descriptor(&w.link[below(2)].rx);
        break;
    case 1:
        send_some_descriptor(&w.tcp_tx);
        break;
    case 2:
    case 3:
        send_some_segment();
        break;
    case 4:
        if (below(20) == 0)
            change_network();
        break;
    default:
        send_some_frame();
        break;
    }
}

/* Whatever comes out is what its taker accepts. */
static void
take_all(void)
{
    struct packet p;

    for (uint32_t k = 0; k < 2; k++) {
        while (ipd_world_take_on(&w, k, &p))
            assert_true(p.header_len >= ETHER_LEN);
    }
    while (ipd_world_take_delivery(&w, &p))
        assert_true(p.protocol == IP_PROTO_TCP || p.protocol == IP_PROTO_ICMP);
    ipd_world_release_all(&w);
}

static void
nothing_that_is_said_harms_ipd(void **state)
{
    (void)state;
    for (int i = 0; i < ROUNDS; i++) {
        do_something();
        if (below(4) == 0)
            ipd_world_turn(&w);
        if (below(16) == 0)
            take_all();
        if (below(64) == 0)
            w.now = instant_add(w.now, duration_ms(below(3000)));
        if (below(2000) == 0)
            ipd_world_restart(&w);
    }
    for (int i = 0; i < 200; i++) {
        ipd_world_turn(&w);
        take_all();
    }
    ipd_world_turn(&w);
    assert_int_equal(ring_released(&w.tcp_tx), ring_position(&w.tcp_tx));
    for (uint32_t k = 0; k < 2; k++)
        assert_int_equal(ring_released(&w.link[k].rx),
                         ring_position(&w.link[k].rx));
    assert_true(ipd_world_count(&w, COUNTER_IP_OUT_FORWARDED) > 0);
    assert_true(ipd_world_count(&w, COUNTER_IP_REASM_REQDS) > 0);
    assert_true(ipd_world_count(&w, COUNTER_ICMP_OUT_ERRORS) > 0);
}

int
main(void)
{
    static const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(nothing_that_is_said_harms_ipd, router,
                                        end),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
