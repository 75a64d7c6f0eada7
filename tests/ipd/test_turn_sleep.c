/* SPDX-License-Identifier: MIT */
/* Tests of when ipd may sleep, whom it wakes, and what it does when rings are
 * full. */
#include "tests/ipd/ipd_world.h"

#include "ipd/turn.h"

static struct world w;
static uint8_t bytes[2048];

static int
quiet_world(void **state)
{
    (void)state;
    ipd_world_open_quiet(&w, 1);
    doorbell_doze(&w.link[0].cnc, INSTANT_NEVER);
    doorbell_doze(&w.tcpd_cnc, INSTANT_NEVER);
    return 0;
}

static int
end(void **state)
{
    (void)state;
    ipd_world_close(&w);
    return 0;
}

static bool
send_in(void)
{
    const struct ether eth = test_ether(ETHER_IPV4);
    const struct ipv4 ip = test_ipv4(IP_PROTO_TCP, 100);

    return ipd_world_send_frame(&w, bytes, put_headers(bytes, &eth, &ip, 100),
                                0, 0);
}

static bool
send_out(void)
{
    const struct packet p = {.src = addr_v4(OURS), .dst = addr_v4(PEER)};

    return ipd_world_send_segment(&w, &p, bytes, 100);
}

/* Fills ip.tx, of which linkd releases nothing, with tcpd's segments, until one
 * stays in tcp.tx. */
static void
fill_ip_tx(void)
{
    do {
        assert_true(send_out());
        ipd_world_turn(&w);
    } while (!w.ipd->waits);
    ipd_world_rung(w.link[0].bell);
    ipd_world_rung(w.tcpd_bell);
}

static void
idle_ipd_may_sleep_until_a_neighbour_is_stale(void **state)
{
    (void)state;
    assert_int_equal(ipd_world_turn(&w), 0);
    assert_true(turn_may_sleep(w.ipd));
    assert_true(instant_before(instant_add(w.now, duration_ms(29000)),
                               turn_deadline(w.ipd)));
}

static void
ipd_with_input_may_not_sleep(void **state)
{
    (void)state;
    assert_true(send_in());
    assert_false(turn_may_sleep(w.ipd));
    ipd_world_turn(&w);
    assert_true(turn_may_sleep(w.ipd));
    assert_true(send_out());
    assert_false(turn_may_sleep(w.ipd));
    ipd_world_turn(&w);
    assert_true(turn_may_sleep(w.ipd));
}

static void
output_wakes_who_takes_it(void **state)
{
    (void)state;
    assert_true(send_in());
    ipd_world_turn(&w);
    assert_true(ipd_world_rung(w.tcpd_bell));
    assert_false(ipd_world_rung(w.link[0].bell));
    assert_true(send_out());
    ipd_world_turn(&w);
    assert_true(ipd_world_rung(w.link[0].bell));
    assert_false(ipd_world_rung(w.tcpd_bell));
    ipd_world_turn(&w);
    assert_false(ipd_world_rung(w.link[0].bell));
    assert_false(ipd_world_rung(w.tcpd_bell));
}

static void
successor_wakes_everybody(void **state)
{
    (void)state;
    ipd_world_restart(&w);
    assert_true(ipd_world_rung(w.link[0].bell));
    assert_true(ipd_world_rung(w.tcpd_bell));
}

static void
released_input_wakes_only_who_waits(void **state)
{
    struct packet p;

    (void)state;
    assert_true(send_in());
    ipd_world_turn(&w);
    assert_true(ipd_world_take_delivery(&w, &p));
    ipd_world_release_all(&w);
    ipd_world_turn(&w);
    assert_false(ipd_world_rung(w.link[0].bell));

    assert_true(send_in());
    ipd_world_turn(&w);
    assert_true(ipd_world_take_delivery(&w, &p));
    ring_want_space(&w.link[0].rx, 1);
    ipd_world_release_all(&w);
    ipd_world_turn(&w);
    assert_true(ipd_world_rung(w.link[0].bell));
}

/* linkd waits for ipd, which waits for tcpd: the wish passes through. */
static void
wish_for_space_is_passed_on_before_sleeping(void **state)
{
    struct packet p;

    (void)state;
    assert_true(send_in());
    ipd_world_turn(&w);
    assert_true(turn_may_sleep(w.ipd));
    assert_false(ring_space_wanted(&w.ip_rx));

    ring_want_space(&w.link[0].rx, 1);
    ipd_world_rung(w.tcpd_bell);
    assert_true(turn_may_sleep(w.ipd));
    assert_true(ring_space_wanted(&w.ip_rx));
    assert_true(ipd_world_rung(w.tcpd_bell));

    assert_true(ipd_world_take_delivery(&w, &p));
    ipd_world_release_all(&w);
    assert_false(turn_may_sleep(w.ipd));
    ipd_world_turn(&w);
    assert_true(ipd_world_rung(w.link[0].bell));
    ring_want_space(&w.link[0].rx, 0);
    assert_true(turn_may_sleep(w.ipd));
    assert_false(ring_space_wanted(&w.ip_rx));
}

static void
segments_wait_while_ip_tx_is_full(void **state)
{
    struct packet p;

    (void)state;
    fill_ip_tx();
    assert_true(turn_may_sleep(w.ipd));
    assert_true(ring_space_wanted(&w.link[0].tx));
    assert_true(ipd_world_rung(w.link[0].bell));
    assert_int_equal(ipd_world_drops(&w, DROP_IP_RING_FULL), 0);

    assert_true(ipd_world_take_frame(&w, &p));
    ipd_world_release_all(&w);
    assert_false(turn_may_sleep(w.ipd));
    assert_int_equal(ipd_world_turn(&w), 1);
    assert_true(turn_may_sleep(w.ipd));
    assert_false(ring_space_wanted(&w.link[0].tx));
}

/* A linkd that is down is no reason to take ipd for hung. */
static void
who_waits_for_a_dead_linkd_shows_that_it_lives(void **state)
{
    (void)state;
    fill_ip_tx();
    for (int i = 0; i < 3; i++) {
        ipd_world_turn(&w);
        assert_true(turn_may_sleep(w.ipd));
        assert_int_equal(turn_deadline(w.ipd).ns,
                         instant_add(w.now, duration_ms(100)).ns);
    }
}

static void
answers_have_slots_that_segments_leave_free(void **state)
{
    uint8_t frame[64];
    uint32_t len = put_arp(frame, ARP_REQUEST, peer_mac, PEER, OURS);

    (void)state;
    fill_ip_tx();
    assert_true(ipd_world_send_frame(&w, frame, len, 0, 0));
    ipd_world_turn(&w);
    assert_int_equal(ipd_world_drops(&w, DROP_ARP_REPLY_FULL), 0);
    for (int i = 0; i < 100; i++)
        assert_true(ipd_world_send_frame(&w, frame, len, 0, 0));
    for (int i = 0; i < 10; i++)
        ipd_world_turn(&w);
    assert_true(ipd_world_drops(&w, DROP_ARP_REPLY_FULL) > 0);
    assert_int_equal(ring_released(&w.link[0].rx),
                     ring_position(&w.link[0].rx));
}

static void
echo_that_finds_the_ring_full_is_dropped(void **state)
{
    uint32_t len = put_echo(bytes, 10);

    (void)state;
    fill_ip_tx();
    for (int i = 0; i < 100; i++)
        assert_true(ipd_world_send_frame(&w, bytes, len, 0, 0));
    for (int i = 0; i < 10; i++)
        ipd_world_turn(&w);
    assert_true(ipd_world_drops(&w, DROP_ICMP_REPLY_FULL) > 0);
}

/* linkd releases all of it when the turn has found no room, but is not over:
 * nothing will move any more, so nobody would wake us. */
static void
room_made_during_the_turn_is_not_slept_through(void **state)
{
    (void)state;
    fill_ip_tx();
    assert_int_equal(ipd_world_turn(&w), 0);
    assert_true(turn_may_sleep(w.ipd));
    ipd_world_drain(&w);
    turn_publish(w.ipd);
    assert_false(turn_may_sleep(w.ipd));
    assert_true(ipd_world_turn(&w) > 0);
    assert_false(w.ipd->waits);
}

/* With nobody taking anything, linkd runs out of room before ipd drops. */
static void
full_link_rx_comes_before_a_drop(void **state)
{
    (void)state;
    while (send_in())
        ipd_world_turn(&w);
    assert_int_equal(ipd_world_drops(&w, DROP_IP_RING_FULL), 0);
    assert_int_equal(ring_released(&w.link[0].rx) +
                         ring_table[RING_LINK_RX].slots,
                     ring_position(&w.link[0].rx));
}

static void
arp_request_is_due_without_a_bell(void **state)
{
    const struct packet p = {.src = addr_v4(OURS), .dst = addr_v4(0x0a070044)};

    (void)state;
    assert_true(ipd_world_send_segment(&w, &p, bytes, 100));
    ipd_world_turn(&w);
    assert_true(instant_due(turn_deadline(w.ipd), w.now));
    ipd_world_turn(&w);
    assert_int_equal(turn_deadline(w.ipd).ns,
                     instant_add(w.now, duration_ms(1000)).ns);
    assert_true(turn_may_sleep(w.ipd));
}

/* A peer that breaks its ring stops that ring alone. */
static void
broken_ring_stops_nobody_else(void **state)
{
    struct packet p;

    (void)state;
    w.tcp_tx.shm->tail = UINT64_MAX / 2;
    assert_true(send_in());
    ipd_world_turn(&w);
    assert_true(ipd_world_take_delivery(&w, &p));
    assert_true(ring_broken(&w.ipd->tcp_tx.ring));
    assert_true(turn_may_sleep(w.ipd));
}

/* ---- several links ---- */

static int
two_links(void **state)
{
    (void)state;
    ipd_world_open_quiet(&w, 2);
    for (uint32_t k = 0; k < 2; k++)
        doorbell_doze(&w.link[k].cnc, INSTANT_NEVER);
    doorbell_doze(&w.tcpd_cnc, INSTANT_NEVER);
    return 0;
}

static bool
send_out_by(uint32_t link)
{
    const struct packet p = {.src = addr_v4(OURS),
                             .dst = addr_v4(link == 0 ? PEER : PEER1)};

    return ipd_world_send_segment(&w, &p, bytes, 100);
}

static void
each_link_wakes_its_own_linkd(void **state)
{
    (void)state;
    assert_true(send_out_by(1));
    ipd_world_turn(&w);
    assert_true(ipd_world_rung(w.link[1].bell));
    assert_false(ipd_world_rung(w.link[0].bell));
    assert_true(send_out_by(0));
    ipd_world_turn(&w);
    assert_false(ipd_world_rung(w.link[1].bell));
    assert_true(ipd_world_rung(w.link[0].bell));
}

static void
input_of_any_link_keeps_ipd_awake(void **state)
{
    const struct packet p = {0};
    uint8_t frame[64];
    uint32_t len = put_arp(frame, ARP_REQUEST, peer_mac1, PEER1, OURS1);

    (void)state;
    assert_true(turn_may_sleep(w.ipd));
    assert_true(ipd_world_send_on(&w, 1, frame, len, &p));
    assert_false(turn_may_sleep(w.ipd));
}

/* The other link's segments wait a tenth of a second, no longer. */
static void
full_link_holds_the_others_up_for_a_moment_only(void **state)
{
    struct packet p;
    instant_t full;

    (void)state;
    do {
        assert_true(send_out_by(1));
        ipd_world_turn(&w);
    } while (!w.ipd->waits);
    full = w.now;
    assert_true(send_out_by(0));
    ipd_world_turn(&w);
    assert_false(ipd_world_take_on(&w, 0, &p));
    assert_true(turn_may_sleep(w.ipd));
    assert_int_equal(turn_deadline(w.ipd).ns,
                     instant_add(full, duration_ms(100)).ns);
    w.now = turn_deadline(w.ipd);
    ipd_world_turn(&w);
    assert_true(ipd_world_take_on(&w, 0, &p));
    assert_int_equal(ipd_world_drops(&w, DROP_IP_RING_FULL), 1);
    assert_true(send_out_by(1)); /* now it is known */
    assert_true(send_out_by(0));
    ipd_world_turn(&w);
    assert_true(ipd_world_take_on(&w, 0, &p));
    assert_int_equal(ipd_world_drops(&w, DROP_IP_RING_FULL), 2);
}

/* `stranger` answers when link 0 is full: a segment has waited for that. */
static void
answer_into_full_link(uint32_t stranger)
{
    const struct packet plain = {0};
    struct ring *tx = &w.ipd->link[0].tx.ring;
    uint8_t arp[64];
    uint32_t len = put_arp(arp, ARP_REPLY, peer_mac, stranger, OURS);

    while (ring_stage(tx, 0) != NULL)
        ring_publish(tx, 1);
    assert_true(ipd_world_send_on(&w, 0, arp, len, &plain));
    ipd_world_turn(&w);
    assert_true(w.ipd->waits);
    tx = &w.link[0].tx;
    ring_take(tx, ring_ready(tx));
    ring_publish_cursor(tx, ring_position(tx));
    ipd_world_turn(&w);
}

/* Each time that a link is full, what waits has the whole of its patience. */
static void
room_in_between_renews_the_patience(void **state)
{
    struct packet p = {.src = addr_v4(OURS)};

    (void)state;
    for (uint32_t i = 1; i <= 2; i++) {
        p.dst = addr_v4(PEER + i);
        assert_true(ipd_world_send_segment(&w, &p, bytes, 100));
    }
    ipd_world_turn(&w);
    ipd_world_turn(&w);
    for (uint32_t i = 1; i <= 2; i++) {
        answer_into_full_link(PEER + i);
        assert_int_equal(w.ipd->pending.count, 2 - i);
        w.now = instant_add(w.now, duration_ms(200));
    }
    assert_int_equal(ipd_world_drops(&w, DROP_IP_RING_FULL), 0);
}

/* The supervisor says in conf that linkd1 has failed, and rings nobody. */
static void
failure_of_who_holds_an_input_is_found_out(void **state)
{
    struct conf_shm *conf = conf_of(&w.regions[REGION_CONF]);

    (void)state;
    assert_true(send_out_by(1));
    ipd_world_turn(&w);
    assert_true(ring_released(&w.tcp_tx) < ring_position(&w.tcp_tx));
    ring_want_space(&w.tcp_tx, 1);
    ipd_world_turn(&w);
    assert_true(turn_may_sleep(w.ipd));
    conf->daemons[DAEMON_LINKD + 1].state = CONF_DAEMON_FAILED;
    assert_true(instant_due(turn_deadline(w.ipd),
                            instant_add(w.now, duration_ms(100))));
    ipd_world_turn(&w);
    assert_int_equal(ring_released(&w.tcp_tx), ring_position(&w.tcp_tx));
    assert_true(ipd_world_rung(w.tcpd_bell));
}

static void
wish_for_space_reaches_every_consumer(void **state)
{
    (void)state;
    assert_true(send_out_by(1));
    ipd_world_turn(&w);
    ring_want_space(&w.tcp_tx, 1);
    assert_true(turn_may_sleep(w.ipd));
    assert_true(ring_space_wanted(&w.link[0].tx));
    assert_true(ring_space_wanted(&w.link[1].tx));
    assert_true(ring_space_wanted(&w.ip_rx));
    assert_true(ipd_world_rung(w.link[1].bell));
    ipd_world_drain(&w);
    assert_false(turn_may_sleep(w.ipd));
    ipd_world_turn(&w);
    assert_true(ipd_world_rung(w.tcpd_bell));
}

int
main(void)
{
#define CASE2(f) cmocka_unit_test_setup_teardown(f, two_links, end)
#define CASE(f)  cmocka_unit_test_setup_teardown(f, quiet_world, end)
    static const struct CMUnitTest tests[] = {
        CASE(idle_ipd_may_sleep_until_a_neighbour_is_stale),
        CASE(ipd_with_input_may_not_sleep),
        CASE(output_wakes_who_takes_it),
        CASE(successor_wakes_everybody),
        CASE(released_input_wakes_only_who_waits),
        CASE(wish_for_space_is_passed_on_before_sleeping),
        CASE(segments_wait_while_ip_tx_is_full),
        CASE(who_waits_for_a_dead_linkd_shows_that_it_lives),
        CASE(answers_have_slots_that_segments_leave_free),
        CASE(echo_that_finds_the_ring_full_is_dropped),
        CASE(room_made_during_the_turn_is_not_slept_through),
        CASE(full_link_rx_comes_before_a_drop),
        CASE(arp_request_is_due_without_a_bell),
        CASE(broken_ring_stops_nobody_else),
        CASE2(each_link_wakes_its_own_linkd),
        CASE2(input_of_any_link_keeps_ipd_awake),
        CASE2(full_link_holds_the_others_up_for_a_moment_only),
        CASE2(room_in_between_renews_the_patience),
        CASE2(failure_of_who_holds_an_input_is_found_out),
        CASE2(wish_for_space_reaches_every_consumer),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
