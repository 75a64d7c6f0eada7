/* SPDX-License-Identifier: MIT */
/* Tests of ARP packets, honest and hostile. */
#include "tests/ipd/frames.h"

#include "ipd/core/arp.h"

static const instant_t now = {1000000000000};

static struct net net;
static struct neigh_table table;
static uint8_t frame[ARP_FRAME];
static struct arp_result result;

static int
empty_table(void **state)
{
    (void)state;
    net = test_net(2);
    neigh_init(&table, &net);
    memset(&result, 0, sizeof result);
    return 0;
}

static enum drop
take_on(uint32_t link, uint16_t op, struct mac mac, uint32_t sender,
        uint32_t target)
{
    put_arp(frame, op, mac, sender, target);
    return arp_input(&table, link, frame + ETHER_LEN, ARP_LEN, now, &result);
}

static enum drop
take(uint16_t op, struct mac mac, uint32_t sender, uint32_t target)
{
    return take_on(0, op, mac, sender, target);
}

static enum neigh_found
look(uint32_t addr, struct mac *mac)
{
    return neigh_look(&table, 0, addr_v4(addr), mac);
}

static void
assert_unknown(uint32_t addr)
{
    struct mac mac;

    assert_int_equal(look(addr, &mac), NEIGH_DEAD);
}

static void
assert_known(uint32_t addr, struct mac expected)
{
    struct mac mac;

    assert_int_equal(look(addr, &mac), NEIGH_KNOWN);
    assert_memory_equal(&mac, &expected, sizeof mac);
}

/* We want to send to `addr`, and have asked. */
static void
ask_for(uint32_t addr)
{
    struct neigh_request r;
    struct mac mac;

    assert_int_equal(neigh_resolve(&table, 0, addr_v4(addr), now, &mac),
                     NEIGH_ASKED);
    assert_true(neigh_pull_request(&table, now, &r));
}

static void
request_for_us_is_answered_byte_for_byte(void **state)
{
    static const uint8_t expected[ARP_FRAME] = {
        2, 0, 0, 7, 0, 9, 2,  0, 0, 7, 0, 2, 0x08, 0x06, /* Ethernet */
        0, 1, 8, 0, 6, 4, 0,  2,                         /* a reply */
        2, 0, 0, 7, 0, 2, 10, 7, 0, 2,                   /* from us */
        2, 0, 0, 7, 0, 9, 10, 7, 0, 9,                   /* to the peer */
    };

    (void)state;
    assert_int_equal(take(ARP_REQUEST, peer_mac, PEER, OURS), DROP_NONE);
    assert_int_equal(result.meaning, ARP_ASKS_US);
    assert_memory_equal(result.reply, expected, sizeof expected);
}

static void
who_asks_for_us_is_learnt(void **state)
{
    (void)state;
    assert_int_equal(take(ARP_REQUEST, peer_mac, PEER, OURS), DROP_NONE);
    assert_known(PEER, peer_mac);
}

static void
answer_that_we_asked_for_is_learnt(void **state)
{
    (void)state;
    ask_for(PEER);
    assert_int_equal(take(ARP_REPLY, peer_mac, PEER, OURS), DROP_NONE);
    assert_int_equal(result.meaning, ARP_ANSWERS);
    assert_known(PEER, peer_mac);
}

static void
request_frame_matches_known_good_bytes(void **state)
{
    static const uint8_t expected[ARP_FRAME] = {
        255, 255,  255,  255, 255, 255, 2,  0, 0, 7, 0,
        2,   0x08, 0x06, 0,   1,   8,   0,  6, 4, 0, 1, /* a request */
        2,   0,    0,    7,   0,   2,   10, 7, 0, 2,    /* from us */
        0,   0,    0,    0,   0,   0,   10, 7, 0, 9,    /* for the peer */
    };
    const struct neigh_request r = {addr_v4(PEER), mac_broadcast(), 0};

    (void)state;
    arp_request_frame(&net, &r, frame);
    assert_memory_equal(frame, expected, sizeof expected);
}

static void
announcement_asks_everybody_for_ourselves(void **state)
{
    struct ether eth;
    struct arp a;

    (void)state;
    arp_announcement_frame(&net, 0, addr_v4(OURS), frame);
    assert_int_equal(ether_decode(frame, sizeof frame, &eth), DROP_NONE);
    assert_true(mac_equal(eth.dst, mac_broadcast()));
    assert_int_equal(arp_decode(frame + ETHER_LEN, ARP_LEN, &a), DROP_NONE);
    assert_int_equal(a.op, ARP_REQUEST);
    assert_int_equal(addr_to_v4(a.sender), OURS);
    assert_int_equal(addr_to_v4(a.target), OURS);
}

static void
unasked_reply_is_refused(void **state)
{
    (void)state;
    assert_int_equal(take(ARP_REPLY, evil_mac, GATEWAY, OURS),
                     DROP_ARP_NOT_FOR_US);
    assert_unknown(GATEWAY);
    assert_int_equal(take(ARP_REQUEST, gateway_mac, GATEWAY, OURS), DROP_NONE);
    assert_int_equal(take(ARP_REPLY, evil_mac, GATEWAY, OURS),
                     DROP_ARP_NOT_FOR_US);
    assert_known(GATEWAY, gateway_mac);
}

static void
reply_to_somebody_else_is_refused(void **state)
{
    (void)state;
    ask_for(PEER);
    assert_int_equal(take(ARP_REPLY, evil_mac, PEER, GATEWAY),
                     DROP_ARP_NOT_FOR_US);
    assert_int_equal(take(ARP_REPLY, peer_mac, PEER, OURS), DROP_NONE);
    assert_known(PEER, peer_mac);
}

static void
reply_for_another_address_is_refused(void **state)
{
    (void)state;
    ask_for(PEER);
    assert_int_equal(take(ARP_REPLY, evil_mac, GATEWAY, OURS),
                     DROP_ARP_NOT_FOR_US);
    assert_unknown(GATEWAY);
}

static void
announcement_of_a_stranger_teaches_nothing(void **state)
{
    (void)state;
    assert_int_equal(take(ARP_REQUEST, evil_mac, GATEWAY, GATEWAY),
                     DROP_ARP_NOT_FOR_US);
    assert_unknown(GATEWAY);
}

static void
announcement_of_a_neighbour_that_moved_makes_us_ask(void **state)
{
    struct neigh_request r;

    (void)state;
    assert_int_equal(take(ARP_REQUEST, gateway_mac, GATEWAY, OURS), DROP_NONE);
    assert_int_equal(take(ARP_REQUEST, evil_mac, GATEWAY, GATEWAY),
                     DROP_ARP_NOT_FOR_US);
    assert_known(GATEWAY, gateway_mac);
    assert_true(neigh_pull_request(&table, now, &r));
    assert_int_equal(addr_to_v4(r.addr), GATEWAY);
    assert_true(mac_equal(r.mac, mac_broadcast()));
}

static void
request_for_somebody_else_is_refused(void **state)
{
    (void)state;
    assert_int_equal(take(ARP_REQUEST, peer_mac, PEER, GATEWAY),
                     DROP_ARP_NOT_FOR_US);
    assert_unknown(PEER);
}

static void
claim_to_our_address_is_a_conflict(void **state)
{
    (void)state;
    assert_int_equal(take(ARP_REQUEST, evil_mac, OURS, OURS),
                     DROP_ARP_CONFLICT);
    assert_int_equal(addr_to_v4(result.claimed), OURS);
    assert_int_equal(take(ARP_REPLY, evil_mac, OURS, OURS), DROP_ARP_CONFLICT);
    assert_unknown(OURS);
}

/* RFC 5227 2.1.1: somebody looks whether our address is free. */
static void
probe_is_answered_and_teaches_nothing(void **state)
{
    struct arp a;

    (void)state;
    assert_int_equal(take(ARP_REQUEST, peer_mac, 0, OURS), DROP_NONE);
    assert_int_equal(arp_decode(result.reply + ETHER_LEN, ARP_LEN, &a),
                     DROP_NONE);
    assert_int_equal(addr_to_v4(a.sender), OURS);
    assert_int_equal(addr_to_v4(a.target), 0);
    assert_unknown(0);
}

static void
reply_from_no_address_is_refused(void **state)
{
    (void)state;
    assert_int_equal(take(ARP_REPLY, peer_mac, 0, OURS), DROP_ARP_BAD_SENDER);
}

static void
senders_of_no_single_host_are_refused(void **state)
{
    static const uint32_t sender[] = {
        0x7f000001, 0xe0000001, 0xffffffff, BROADCAST, OURS1,
    };
    static const struct mac none;

    (void)state;
    for (size_t i = 0; i < sizeof sender / sizeof sender[0]; i++)
        assert_int_equal(take(ARP_REQUEST, evil_mac, sender[i], OURS),
                         DROP_ARP_BAD_SENDER);
    assert_int_equal(take(ARP_REQUEST, mac_broadcast(), PEER, OURS),
                     DROP_ARP_BAD_SENDER);
    assert_int_equal(take(ARP_REQUEST, none, PEER, OURS), DROP_ARP_BAD_SENDER);
    assert_int_equal(take(ARP_REQUEST, our_mac, PEER, OURS),
                     DROP_ARP_BAD_SENDER);
    assert_unknown(PEER);
}

static void
sender_from_another_network_is_answered_but_not_learnt(void **state)
{
    (void)state;
    assert_int_equal(take(ARP_REQUEST, evil_mac, FAR, OURS), DROP_NONE);
    assert_unknown(FAR);
}

static void
only_the_links_own_addresses_are_answered(void **state)
{
    (void)state;
    assert_int_equal(take_on(1, ARP_REQUEST, peer_mac1, PEER1, OURS1),
                     DROP_NONE);
    assert_memory_equal(result.reply + 6, &our_mac1, sizeof our_mac1);
    assert_int_equal(be32_load(result.reply + 28), OURS1);
    assert_int_equal(take(ARP_REQUEST, peer_mac, PEER, OURS1),
                     DROP_ARP_NOT_FOR_US);
    assert_int_equal(take_on(1, ARP_REQUEST, peer_mac1, PEER1, OURS),
                     DROP_ARP_NOT_FOR_US);
}

static void
neighbour_is_one_of_its_link_alone(void **state)
{
    (void)state;
    assert_int_equal(take_on(1, ARP_REQUEST, evil_mac, PEER, OURS1), DROP_NONE);
    assert_unknown(PEER);
    ask_for(PEER);
    assert_int_equal(take_on(1, ARP_REPLY, evil_mac, PEER, OURS),
                     DROP_ARP_NOT_FOR_US);
    assert_int_equal(look(PEER, &(struct mac){{0}}), NEIGH_ASKED);
}

static void
link_without_an_address_asks_with_anothers(void **state)
{
    const struct neigh_request r = {addr_v4(PEER1), mac_broadcast(), 1};

    (void)state;
    net.addresses = 1;
    arp_request_frame(&net, &r, frame);
    assert_memory_equal(frame + 6, &our_mac1, sizeof our_mac1);
    assert_int_equal(be32_load(frame + 28), OURS);
}

static void
malformed_packets_are_refused(void **state)
{
    (void)state;
    put_arp(frame, ARP_REQUEST, peer_mac, PEER, OURS);
    for (size_t len = 0; len < ARP_LEN; len++)
        assert_int_equal(
            arp_input(&table, 0, frame + ETHER_LEN, len, now, &result),
            DROP_ARP_TRUNCATED);
    frame[ETHER_LEN + 4] = 8;
    assert_int_equal(
        arp_input(&table, 0, frame + ETHER_LEN, ARP_LEN, now, &result),
        DROP_ARP_BAD_FORMAT);
    assert_int_equal(take(3, peer_mac, PEER, OURS), DROP_ARP_BAD_OPCODE);
    assert_unknown(PEER);
}

int
main(void)
{
#define CASE(f) cmocka_unit_test_setup(f, empty_table)
    static const struct CMUnitTest tests[] = {
        CASE(request_for_us_is_answered_byte_for_byte),
        CASE(who_asks_for_us_is_learnt),
        CASE(answer_that_we_asked_for_is_learnt),
        CASE(request_frame_matches_known_good_bytes),
        CASE(announcement_asks_everybody_for_ourselves),
        CASE(unasked_reply_is_refused),
        CASE(reply_to_somebody_else_is_refused),
        CASE(reply_for_another_address_is_refused),
        CASE(announcement_of_a_stranger_teaches_nothing),
        CASE(announcement_of_a_neighbour_that_moved_makes_us_ask),
        CASE(request_for_somebody_else_is_refused),
        CASE(claim_to_our_address_is_a_conflict),
        CASE(probe_is_answered_and_teaches_nothing),
        CASE(reply_from_no_address_is_refused),
        CASE(senders_of_no_single_host_are_refused),
        CASE(sender_from_another_network_is_answered_but_not_learnt),
        CASE(only_the_links_own_addresses_are_answered),
        CASE(neighbour_is_one_of_its_link_alone),
        CASE(link_without_an_address_asks_with_anothers),
        CASE(malformed_packets_are_refused),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
