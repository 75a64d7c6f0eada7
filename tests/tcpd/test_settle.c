/* SPDX-License-Identifier: MIT */
/* Tests of accepted connections and of the slots that they are given. */
#include "tests/support/tcpd_ends.h"

#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

/* ---- accepted connections ---- */

static void
accepted_connection_gets_a_slot_that_names_its_listener(void **state)
{
    struct tcpd_world *w = *state;
    struct end *e = end_attach(w, 0);
    struct peer *p = peer_new(w, 1234);
    struct sock k;

    listen_at(e, 3, 80);
    end_events(e, 0);
    peer_connect(p, 80);
    k = sock_at(e, CLIENT_OWN, p->salt);
    assert_int_equal(sock_view(&k).state, SLOT_QUEUED);
    assert_int_equal(e->rx->slot[CLIENT_OWN].parent, 3);
    assert_int_equal(e->rx->slot[CLIENT_OWN].local_port, 80);
    assert_int_equal(e->rx->slot[CLIENT_OWN].remote_port, 1234);
    assert_int_equal(end_events(e, CLIENT_OWN), 1);
    sock_tell(&k, CLIENT_CLAIMED);
    tcpd_world_run(w);
    assert_int_equal(sock_view(&k).state, SLOT_OPEN);
    sock_write(&k, 100000);
    peer_send(p, TCP_ACK, 60000);
    tcpd_world_run(w);
    assert_int_equal(p->got, 100000);
    assert_int_equal(sock_read(&k), 60000);
}

static void
bytes_that_come_with_the_handshake_are_the_accepted_slots(void **state)
{
    struct tcpd_world *w = *state;
    struct end *e = end_attach(w, 0);
    struct peer *p = peer_new(w, 1234);
    struct sock k;

    listen_at(e, 3, 80);
    p->local_port = 80;
    peer_send(p, TCP_SYN, 0);
    tcpd_world_run(w);
    peer_send(p, TCP_ACK, 1000);
    peer_send(p, TCP_ACK | TCP_FIN, 500);
    tcpd_world_run(w);
    k = sock_at(e, CLIENT_OWN, p->salt);
    assert_int_equal(sock_read(&k), 1500);
    assert_true(sock_view(&k).flags & SLOT_FIN);
}

static void
claim_makes_room_in_the_backlog(void **state)
{
    struct tcpd_world *w = *state;
    struct end *e = end_attach(w, 0);

    listen_at(e, 3, 80);
    for (uint16_t i = 0; i < 5; i++) /* one more than 4, as Linux has it */
        peer_connect(peer_new(w, (uint16_t)(1000 + i)), 80);

    struct peer *p = peer_new(w, 2000);
    struct sock k = sock_at(e, CLIENT_OWN + 2, 0);

    p->local_port = 80;
    peer_send(p, TCP_SYN, 0);
    tcpd_world_run(w);
    assert_false(p->syn);
    sock_tell(&k, CLIENT_CLAIMED);
    tcpd_world_run(w);
    p->snd_nxt = p->iss;
    peer_send(p, TCP_SYN, 0);
    tcpd_world_run(w);
    assert_true(p->syn);
}

static void
listener_that_closes_resets_what_nobody_claimed(void **state)
{
    struct tcpd_world *w = *state;
    struct end *e = end_attach(w, 0);
    struct peer *p = peer_new(w, 1000), *half = peer_new(w, 1001);
    struct sock l = listen_at(e, 3, 80), k;

    peer_connect(p, 80);
    half->local_port = 80;
    peer_send(half, TCP_SYN, 0);
    tcpd_world_run(w);
    k = sock_at(e, CLIENT_OWN, 0);
    sock_tell(&l, CLIENT_CLOSE);
    tcpd_world_run(w);
    assert_true(p->rst);
    assert_true(half->rst);
    sock_assert_freed(&k);
    sock_assert_freed(&l);
    assert_int_equal(w->d->clients.client[0].attached, 0);
}

/* The listener's entry was ahead in the queue. */
static void
claim_before_the_listener_closed_counts(void **state)
{
    struct tcpd_world *w = *state;
    struct end *e = end_attach(w, 0);
    struct peer *p = peer_new(w, 1000);
    struct sock l = listen_at(e, 3, 80), k;

    peer_connect(p, 80);
    k = sock_at(e, CLIENT_OWN, p->salt);
    end_work(e, 3);
    k.flags = CLIENT_CLAIMED;
    client_set_flags(&e->tx->slot[CLIENT_OWN], k.generation, k.flags);
    client_set_flags(&e->tx->slot[3], l.generation, CLIENT_CLOSE);
    end_work(e, CLIENT_OWN);
    tcpd_world_run(w);
    assert_false(p->rst);
    assert_int_equal(sock_view(&k).state, SLOT_OPEN);
    sock_assert_freed(&l);
    sock_write(&k, 100);
    tcpd_world_run(w);
    assert_int_equal(p->got, 100);
}

static void
connection_that_comes_as_its_listener_closes_is_reset(void **state)
{
    struct tcpd_world *w = *state;
    struct end *e = end_attach(w, 0);
    struct peer *p = peer_new(w, 1000);
    struct sock l = listen_at(e, 3, 80);

    p->local_port = 80;
    peer_send(p, TCP_SYN, 0);
    tcpd_world_run(w);
    peer_send(p, TCP_ACK, 10);
    sock_tell(&l, CLIENT_CLOSE);
    tcpd_world_run(w);
    assert_true(p->rst);
    assert_int_equal(w->d->clients.client[0].attached, 0);
}

/* One connection ends and another one comes, in one turn: the slot is given
 * again without having been seen free. */
static void
slot_given_again_within_a_turn_shows_the_new_connection(void **state)
{
    struct tcpd_world *w = *state;
    struct end *e = end_attach(w, 0);
    struct peer *p = peer_new(w, 1000), *q = peer_new(w, 1001);
    struct sock k, again;

    listen_at(e, 3, 80);
    peer_connect(p, 80);
    k = sock_at(e, CLIENT_OWN, p->salt);
    sock_tell(&k, CLIENT_CLAIMED);
    q->local_port = 80;
    peer_send(q, TCP_SYN, 0);
    tcpd_world_run(w);
    sock_write(&k, 70000);
    tcpd_world_run(w);
    sock_tell(&k, CLIENT_CLOSE | CLIENT_ABORT);
    tcb_touch(w->d->tcp, sock_tcb(&k)); /* settled first */
    peer_send(q, TCP_ACK, 100);
    tcpd_world_turn(w);
    again = sock_at(e, CLIENT_OWN, q->salt);
    assert_int_equal(again.generation, k.generation + 1);
    assert_int_equal(sock_view(&again).state, SLOT_QUEUED);
    assert_int_equal(e->rx->slot[CLIENT_OWN].remote_port, 1001);
    assert_true(again.write_base >= k.write_base + 70000);
    tcpd_world_run(w);
    sock_read(&again);
    sock_tell(&again, CLIENT_CLAIMED);
    sock_write(&again, 100);
    tcpd_world_run(w);
    assert_false(q->rst);
    assert_int_equal(q->got, 100);
}

/* The owner lets go in TIME-WAIT in the turn in which all tcbs are in use. */
static void
slot_of_a_time_wait_that_is_wanted_is_not_lost(void **state)
{
    struct tcpd_world *w = *state;
    struct end *e = end_attach(w, 0);
    struct peer *p = peer_new(w, 80);
    struct sock k = connect_to(e, 1, p);
    struct api_request q = {.op = API_CONNECT, .slot = 2, .port = 90};
    struct list rest = w->d->tcp->free;

    sock_tell(&k, CLIENT_SHUT_WR);
    tcpd_world_run(w);
    peer_send(p, TCP_FIN | TCP_ACK, 0);
    tcpd_world_run(w);
    assert_int_equal(sock_tcb(&k)->state, TCB_TIME_WAIT);
    list_init(&w->d->tcp->free);
    q.addr = addr_v4(TCPD_WORLD_REMOTE);
    sock_tell(&k, CLIENT_CLOSE);
    assert_int_equal(end_ask(e, q).error, -ENOBUFS);
    sock_assert_freed(&k);
    assert_int_equal(end_ask(e, q).error, 0);
    assert_int_equal(w->d->clients.client[0].attached, 1);
    (void)rest;
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        WITH_WORLD(accepted_connection_gets_a_slot_that_names_its_listener),
        WITH_WORLD(bytes_that_come_with_the_handshake_are_the_accepted_slots),
        WITH_WORLD(claim_makes_room_in_the_backlog),
        WITH_WORLD(listener_that_closes_resets_what_nobody_claimed),
        WITH_WORLD(claim_before_the_listener_closed_counts),
        WITH_WORLD(connection_that_comes_as_its_listener_closes_is_reset),
        WITH_WORLD(slot_given_again_within_a_turn_shows_the_new_connection),
        WITH_WORLD(slot_of_a_time_wait_that_is_wanted_is_not_lost),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
