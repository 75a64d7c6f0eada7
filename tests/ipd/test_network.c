/* SPDX-License-Identifier: MIT */
/* Tests of a network that changes while ipd runs, and of what people see. */
#include "tests/ipd/ipd_world.h"

#include "ipd/turn.h"

#define ANOTHER 0x0a070003u /* 10.7.0.3 */

static struct world w;
static uint8_t bytes[2048];

static int
quiet_world(void **state)
{
    (void)state;
    ipd_world_open_quiet(&w, 2);
    return 0;
}

static int
end(void **state)
{
    (void)state;
    ipd_world_close(&w);
    return 0;
}

static void
add_address(uint32_t addr, uint32_t link)
{
    struct net *net = &w.tables.net;

    net->address[net->addresses++] = (struct net_address){
        .addr = addr_v4(addr), .prefix_len = 24, .link = link};
    ipd_world_configure(&w);
}

static bool
send_segment(uint32_t src, uint32_t dst)
{
    const struct packet p = {.src = addr_v4(src), .dst = addr_v4(dst)};

    memset(bytes, 0, 100);
    return ipd_world_send_segment(&w, &p, bytes, 100);
}

/* The next frame on `link` announces `addr`. */
static void
assert_announced(uint32_t link, uint32_t addr)
{
    struct packet p;

    assert_true(ipd_world_take_on(&w, link, &p));
    assert_int_equal(be16_load(p.header + 12), ETHER_ARP);
    assert_int_equal(be32_load(p.header + 28), addr);
    assert_int_equal(be32_load(p.header + 38), addr);
}

static void
assert_silent(uint32_t link)
{
    struct packet p;

    assert_false(ipd_world_take_on(&w, link, &p));
}

static bool
is_known(uint32_t link, uint32_t addr)
{
    struct mac mac;

    return neigh_look(&w.ipd->neigh, link, addr_v4(addr), &mac) == NEIGH_KNOWN;
}

static void
new_address_is_announced_and_answers(void **state)
{
    uint8_t frame[64];
    uint32_t len = put_arp(frame, ARP_REQUEST, peer_mac, PEER, ANOTHER);
    struct packet p;

    (void)state;
    add_address(ANOTHER, 0);
    assert_true(ipd_world_turn(&w) > 0);
    assert_announced(0, ANOTHER);
    assert_silent(0);
    assert_silent(1);
    assert_true(ipd_world_send_frame(&w, frame, len, 0, 0));
    ipd_world_turn(&w);
    assert_true(ipd_world_take_frame(&w, &p));
    assert_int_equal(be32_load(p.header + 28), ANOTHER);
    assert_true(send_segment(ANOTHER, PEER));
    ipd_world_turn(&w);
    assert_true(ipd_world_take_frame(&w, &p));
}

static void
removed_address_is_ours_no_longer(void **state)
{
    (void)state;
    w.tables.net.addresses = 1;
    w.tables.net.address[1] = (struct net_address){0};
    ipd_world_configure(&w);
    assert_true(is_known(1, PEER1));
    ipd_world_turn(&w);
    assert_false(is_known(1, PEER1));
    assert_true(is_known(0, PEER));
    assert_true(send_segment(OURS1, PEER));
    ipd_world_turn(&w);
    assert_int_equal(ipd_world_drops(&w, DROP_IP_NO_SOURCE), 1);
}

static void
new_route_takes_effect_at_once(void **state)
{
    struct net *net = &w.tables.net;
    struct packet p;

    (void)state;
    net->route[net->routes++] = (struct net_route){
        .dst = addr_v4(FAR & 0xffffff00),
        .gateway = addr_v4(PEER1),
        .source = addr_any_v4(),
        .prefix_len = 24,
        .link = 1,
    };
    net_sort(net);
    ipd_world_configure(&w);
    assert_true(send_segment(OURS1, FAR));
    ipd_world_turn(&w);
    assert_silent(0);
    assert_true(ipd_world_take_on(&w, 1, &p));
    assert_memory_equal(p.header, &peer_mac1, sizeof peer_mac1);
}

static void
network_that_cannot_be_is_ignored_whole(void **state)
{
    struct packet p;

    (void)state;
    w.tables.net.link[1].mtu = 10;
    add_address(ANOTHER, 0);
    ipd_world_turn(&w);
    assert_silent(0);
    assert_int_equal(w.ipd->net.addresses, 2);
    assert_true(send_segment(OURS, PEER));
    ipd_world_turn(&w);
    assert_true(ipd_world_take_frame(&w, &p));

    w.tables.net.link[1].mtu = 1400;
    ipd_world_configure(&w);
    ipd_world_turn(&w);
    assert_announced(0, ANOTHER);
}

static void
network_with_other_links_is_ignored(void **state)
{
    (void)state;
    w.tables.net = test_net(1);
    ipd_world_configure(&w);
    ipd_world_turn(&w);
    assert_int_equal(w.ipd->net.links, 2);
}

static void
successor_announces_only_what_is_new(void **state)
{
    (void)state;
    ipd_world_restart(&w);
    ipd_world_turn(&w);
    assert_silent(0);
    assert_silent(1);
    add_address(ANOTHER, 0); /* while ipd is dead */
    ipd_world_restart(&w);
    ipd_world_turn(&w);
    assert_announced(0, OURS); /* it cannot tell old from new */
    assert_announced(0, ANOTHER);
    assert_announced(1, OURS1);
}

/* ---- what people see ---- */

static bool
find_row(uint32_t addr, struct view_neigh *row)
{
    for (uint32_t i = 0; i < VIEW_NEIGHBOURS; i++) {
        if (view_read(&w.ipd->view.neighbours, i, row) &&
            addr_equal(row->addr, addr_v4(addr)))
            return true;
    }
    return false;
}

static void
neighbours_are_shown_with_their_link(void **state)
{
    struct view_neigh row;

    (void)state;
    assert_true(find_row(PEER1, &row));
    assert_int_equal(row.state, VIEW_NEIGH_REACHABLE);
    assert_int_equal(row.link, 1);
    assert_memory_equal(&row.mac, &peer_mac1, sizeof peer_mac1);
    assert_true(row.confirmed_ns > 0);
    w.now = instant_add(w.now, duration_ms(30000));
    ipd_world_turn(&w);
    assert_true(find_row(PEER1, &row));
    assert_int_equal(row.state, VIEW_NEIGH_STALE);
}

static void
silent_neighbour_is_shown_with_its_probes_and_drops(void **state)
{
    struct view_neigh row;

    (void)state;
    assert_true(send_segment(OURS, 0x0a070033));
    ipd_world_turn(&w);
    ipd_world_turn(&w);
    assert_true(find_row(0x0a070033, &row));
    assert_int_equal(row.state, VIEW_NEIGH_INCOMPLETE);
    assert_int_equal(row.probes, 1);
    for (int i = 0; i < 3; i++) {
        w.now = instant_add(w.now, duration_ms(1000));
        ipd_world_turn(&w);
    }
    assert_true(find_row(0x0a070033, &row));
    assert_int_equal(row.state, VIEW_NEIGH_FAILED);
    assert_int_equal(row.probes, 3);
    assert_int_equal(row.dropped, 1);
    assert_int_equal(row.deadline_ns, instant_add(w.now, duration_ms(1000)).ns);
}

static void
neighbour_that_is_gone_is_shown_no_longer(void **state)
{
    struct view_neigh row;

    (void)state;
    w.tables.net.addresses = 1;
    w.tables.net.address[1] = (struct net_address){0};
    ipd_world_configure(&w);
    ipd_world_turn(&w);
    assert_false(find_row(PEER1, &row));
    assert_true(find_row(PEER, &row));
}

static void
successor_shows_what_it_restored(void **state)
{
    struct view_neigh row;

    (void)state;
    ipd_world_restart(&w);
    assert_true(find_row(PEER1, &row));
    assert_int_equal(row.state, VIEW_NEIGH_STALE);
    assert_int_equal(row.link, 1);
}

int
main(void)
{
#define CASE(f) cmocka_unit_test_setup_teardown(f, quiet_world, end)
    static const struct CMUnitTest tests[] = {
        CASE(new_address_is_announced_and_answers),
        CASE(removed_address_is_ours_no_longer),
        CASE(new_route_takes_effect_at_once),
        CASE(network_that_cannot_be_is_ignored_whole),
        CASE(network_with_other_links_is_ignored),
        CASE(successor_announces_only_what_is_new),
        CASE(neighbours_are_shown_with_their_link),
        CASE(silent_neighbour_is_shown_with_its_probes_and_drops),
        CASE(neighbour_that_is_gone_is_shown_no_longer),
        CASE(successor_shows_what_it_restored),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
