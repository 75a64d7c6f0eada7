/* SPDX-License-Identifier: MIT */
/* Tests of what the supervisor tells tcpd while it runs, and of what ipd tells it
 * about segments that did not arrive. */
#include "tests/support/tcpd_ends.h"

#include "proto/wire/icmp.h"
#include "tcpd/options.h"

#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#define SECOND_ADDRESS 0x0a080002

static void
add_address(struct tcpd_world *w)
{
    w->conf.net.address[w->conf.net.addresses++] = (struct net_address){
        .addr = addr_v4(SECOND_ADDRESS), .prefix_len = 24, .link = 1};
    tcpd_world_configure(w);
}

static struct api_result
bind_to(struct end *e, uint32_t slot, uint32_t address)
{
    struct api_request q = {.op = API_BIND, .slot = slot};

    q.addr = addr_v4(address);
    return end_ask(e, q);
}

static const struct tcp_settings *
settings_of(const struct end *e, uint32_t slot)
{
    const struct tcpd *d = e->w->d;

    return &d->tcp->tcbs[d->clients.client[e->number].slots[slot].ref].settings;
}

/* ---- the supervisor ---- */

static void
new_address_can_be_bound_to_at_once(void **state)
{
    struct tcpd_world *w = *state;
    struct end *e = end_attach(w, 0);

    assert_int_equal(bind_to(e, 1, SECOND_ADDRESS).error, -EADDRNOTAVAIL);
    add_address(w);
    assert_int_equal(bind_to(e, 1, SECOND_ADDRESS).error, 0);
}

static void
source_is_the_address_of_the_link_that_leads_there(void **state)
{
    struct tcpd_world *w = *state;
    struct end *e = end_attach(w, 0);
    struct api_request q = {.op = API_CONNECT, .slot = 1, .port = 80};

    q.addr = addr_v4(SECOND_ADDRESS + 1);
    assert_int_equal(end_ask(e, q).error, -ENETUNREACH);
    add_address(w);
    assert_true(addr_equal(end_ask(e, q).addr, addr_v4(SECOND_ADDRESS)));
}

static void
connections_of_a_removed_address_end(void **state)
{
    struct tcpd_world *w = *state;
    struct end *e = end_attach(w, 0);
    struct sock k = connect_to(e, 1, peer_new(w, 80));

    add_address(w);
    tcpd_world_run(w);
    assert_int_equal(sock_view(&k).state, SLOT_OPEN);
    w->conf.net.address[0] = w->conf.net.address[1];
    w->conf.net.address[1] = (struct net_address){.prefix_len = 0};
    w->conf.net.addresses = 1;
    tcpd_world_configure(w);
    tcpd_world_run(w);
    assert_int_equal(sock_view(&k).state, SLOT_DEAD);
    assert_int_equal(sock_view(&k).error, ECONNABORTED);
}

static void
broken_network_changes_nothing(void **state)
{
    struct tcpd_world *w = *state;
    struct end *e = end_attach(w, 0);
    struct peer *p = peer_new(w, 80);
    struct sock k = connect_to(e, 1, p);
    struct net whole = w->d->network.net;

    w->conf.net.links = UINT32_MAX;
    w->conf.net.addresses = 0;
    tcpd_world_configure(w);
    tcpd_world_run(w);
    assert_memory_equal(&w->d->network.net, &whole, sizeof whole);
    sock_write(&k, 100);
    tcpd_world_run(w);
    assert_int_equal(p->got, 100);
    w->conf.net = whole;
    add_address(w);
    assert_int_equal(bind_to(e, 2, SECOND_ADDRESS).error, 0);
}

static void
buffers_are_those_of_the_configuration_for_new_connections(void **state)
{
    struct tcpd_world *w = *state;
    struct end *e = end_attach(w, 0);
    struct sock old = connect_to(e, 1, peer_new(w, 80)), new;

    assert_int_equal(settings_of(e, 1)->send_buffer, SEND_BUFFER);
    w->conf.tcp.send_buffer = 100000;
    w->conf.tcp.receive_buffer = UINT32_MAX;
    tcpd_world_configure(w);
    new = connect_to(e, 2, peer_new(w, 81));
    assert_int_equal(settings_of(e, 1)->send_buffer, SEND_BUFFER);
    assert_int_equal(settings_of(e, 2)->send_buffer, 100000);
    assert_int_equal(settings_of(e, 2)->receive_buffer, BUFFER_MAX);
    assert_int_equal(sock_view(&old).send_limit, old.write_base + SEND_BUFFER);
    assert_int_equal(sock_view(&new).send_limit, new.write_base + 100000);
}

static void
links_without_offloads_get_large_segments_too(void **state)
{
    struct tcpd_world *w = *state;

    assert_int_equal(w->conf.net.link[0].offloads, 0);
    assert_true(w->d->tcp->config.gso_max > 60000);
}

/* ---- ipd ---- */

static struct notice
notice_of(const struct peer *p, uint8_t type, uint8_t code)
{
    return (struct notice){.local = addr_v4(TCPD_WORLD_LOCAL),
                           .remote = addr_v4(TCPD_WORLD_REMOTE),
                           .local_port = p->local_port,
                           .remote_port = p->port,
                           .seq = p->rcv_nxt - 1, /* the SYN */
                           .type = type,
                           .code = code};
}

/* SYN-SENT, and the peer does not answer. */
static struct sock
connecting(struct end *e, struct peer *p)
{
    assert_int_equal(end_op(e, API_CONNECT, 1, p->port).error, 0);
    tcpd_world_run(e->w);
    assert_true(p->syn);
    return sock_at(e, 1, 0);
}

static void
unreachable_host_ends_an_attempt(void **state)
{
    struct tcpd_world *w = *state;
    struct end *e = end_attach(w, 0);
    struct peer *p = peer_new(w, 80);
    struct sock k = connecting(e, p);
    struct notice n =
        notice_of(p, ICMP_DEST_UNREACHABLE, ICMP_HOST_UNREACHABLE);

    tcpd_world_notice(w, &n);
    tcpd_world_run(w);
    assert_int_equal(sock_view(&k).state, SLOT_DEAD);
    assert_int_equal(sock_view(&k).error, EHOSTUNREACH);
}

static void
unreachable_network_has_an_errno_of_its_own(void **state)
{
    struct tcpd_world *w = *state;
    struct end *e = end_attach(w, 0);
    struct peer *p = peer_new(w, 80);
    struct sock k = connecting(e, p);
    struct notice n = notice_of(p, ICMP_DEST_UNREACHABLE, ICMP_NET_UNREACHABLE);

    tcpd_world_notice(w, &n);
    tcpd_world_run(w);
    assert_int_equal(sock_view(&k).error, ENETUNREACH);
}

static void
notice_about_other_bytes_is_not_believed(void **state)
{
    struct tcpd_world *w = *state;
    struct end *e = end_attach(w, 0);
    struct peer *p = peer_new(w, 80);
    struct sock k = connecting(e, p);
    struct notice n =
        notice_of(p, ICMP_DEST_UNREACHABLE, ICMP_HOST_UNREACHABLE);

    n.seq += 1000;
    tcpd_world_notice(w, &n);
    n.seq -= 1000;
    n.remote_port++;
    tcpd_world_notice(w, &n);
    tcpd_world_run(w);
    assert_int_equal(sock_view(&k).state, SLOT_CONNECTING);
}

static void
live_connection_tells_what_was_in_the_way_when_it_times_out(void **state)
{
    struct tcpd_world *w = *state;
    struct end *e = end_attach(w, 0);
    struct peer *p = peer_new(w, 80);
    struct sock k = connect_to(e, 1, p);
    struct notice n;

    p->silent = true;
    sock_write(&k, 100);
    tcpd_world_run(w);
    n = notice_of(p, ICMP_DEST_UNREACHABLE, ICMP_HOST_UNREACHABLE);
    n.seq = p->rcv_nxt - 100;
    tcpd_world_notice(w, &n);
    tcpd_world_run(w);
    assert_int_equal(sock_view(&k).state, SLOT_OPEN);
    tcpd_world_wait(w, 2000000);
    assert_int_equal(sock_view(&k).state, SLOT_DEAD);
    assert_int_equal(sock_view(&k).error, EHOSTUNREACH);
}

static void
notice_that_is_none_is_dropped_and_counted(void **state)
{
    struct tcpd_world *w = *state;
    struct packet p = {.origin_ring = RINGS, .protocol = 1, .header_len = 3};

    tcpd_world_bring_packet(w, &p);
    tcpd_world_run(w);
    assert_int_equal(tcpd_world_drops(w, DROP_TCP_BAD_DESCRIPTOR), 1);
}

/* ---- where segments lie ---- */

/* The SYN that opens a connection to port 70, in a region of choice. */
static void
bring_syn_in(struct tcpd_world *w, uint32_t region, uint16_t from)
{
    struct tcp_header h = {.src_port = from,
                           .dst_port = 70,
                           .seq = 1,
                           .flags = TCP_SYN,
                           .window = 1000};
    struct packet p = {.origin_ring = RINGS,
                       .protocol = 6,
                       .flags = PACKET_CSUM_VOUCHED,
                       .region = (uint16_t)region,
                       .offset = RING_OFFSET + 300000};

    p.src = addr_v4(TCPD_WORLD_REMOTE);
    p.dst = addr_v4(TCPD_WORLD_LOCAL);
    p.len = (uint32_t)TCP_HEADER_LEN;
    if (w->region[region].base != NULL)
        p.len = (uint32_t)tcp_encode(w->region[region].base + p.offset, &h);
    tcpd_world_bring_packet(w, &p);
    tcpd_world_run(w);
}

static void
segments_of_every_link_and_of_ipd_are_taken(void **state)
{
    struct tcpd_world *w = *state;
    struct end *e = end_attach(w, 0);

    listen_at(e, 1, 70);
    bring_syn_in(w, REGION_LINK_RX, 1000);
    bring_syn_in(w, REGION_LINK_RX + 1, 1001);
    bring_syn_in(w, REGION_IP_RX, 1002);
    assert_int_equal(w->d->tcp->listeners[0].queued, 3);
}

static void
segment_of_a_link_that_is_absent_is_dropped(void **state)
{
    struct tcpd_world *w = *state;
    struct end *e = end_attach(w, 0);

    listen_at(e, 1, 70);
    bring_syn_in(w, REGION_LINK_RX + TCPD_WORLD_LINKS, 1000);
    assert_int_equal(tcpd_world_drops(w, DROP_TCP_BAD_DESCRIPTOR), 1);
    assert_int_equal(w->d->tcp->listeners[0].queued, 0);
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        WITH_WORLD(new_address_can_be_bound_to_at_once),
        WITH_WORLD(source_is_the_address_of_the_link_that_leads_there),
        WITH_WORLD(connections_of_a_removed_address_end),
        WITH_WORLD(broken_network_changes_nothing),
        WITH_WORLD(buffers_are_those_of_the_configuration_for_new_connections),
        WITH_WORLD(links_without_offloads_get_large_segments_too),
        WITH_WORLD(unreachable_host_ends_an_attempt),
        WITH_WORLD(unreachable_network_has_an_errno_of_its_own),
        WITH_WORLD(notice_about_other_bytes_is_not_believed),
        WITH_WORLD(live_connection_tells_what_was_in_the_way_when_it_times_out),
        WITH_WORLD(notice_that_is_none_is_dropped_and_counted),
        WITH_WORLD(segments_of_every_link_and_of_ipd_are_taken),
        WITH_WORLD(segment_of_a_link_that_is_absent_is_dropped),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
