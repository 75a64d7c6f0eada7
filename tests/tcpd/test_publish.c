/* SPDX-License-Identifier: MIT */
/* Tests of what clients get to see, when, and what wakes them. */
#include "tests/support/tcpd_ends.h"

#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

static void
doorbell_is_rung_only_for_a_sleeper(void **state)
{
    struct tcpd_world *w = *state;
    struct end *e = end_attach(w, 0);
    struct peer *p = peer_new(w, 80);
    struct sock k = connect_to(e, 1, p);

    end_events(e, 1);
    assert_int_equal(end_rung(e), 0);
    peer_send(p, TCP_ACK, 10);
    tcpd_world_run(w);
    assert_int_equal(end_events(e, 1), 1);
    assert_int_equal(end_rung(e), 0);
    client_flag_store(&e->tx->sleeping, 1);
    peer_send(p, TCP_ACK, 10);
    tcpd_world_run(w);
    assert_int_equal(end_events(e, 1), 1);
    assert_int_equal(end_rung(e), 1);
    sock_read(&k); /* of no news to itself */
    tcpd_world_run(w);
    assert_int_equal(end_rung(e), 0);
}

static void
event_of_a_slot_is_outstanding_once(void **state)
{
    struct tcpd_world *w = *state;
    struct end *e = end_attach(w, 0);
    struct peer *p = peer_new(w, 80);

    connect_to(e, 1, p);
    end_events(e, 1);
    for (int i = 0; i < 50; i++) {
        peer_send(p, TCP_ACK, 10);
        tcpd_world_run(w);
    }
    assert_int_equal(end_events(e, 1), 1);
    peer_send(p, TCP_ACK, 10);
    tcpd_world_run(w);
    assert_int_equal(end_events(e, 1), 1);
}

/* A client that takes no events: its queue has room for all that it can have. */
static void
events_of_slots_that_change_hands_are_outstanding_once(void **state)
{
    struct tcpd_world *w = *state;
    struct end *e = end_attach(w, 0);

    for (uint16_t i = 0; i < 30; i++) {
        struct sock l = listen_at(e, 1, 80);

        sock_tell(&l, CLIENT_CLOSE);
        tcpd_world_run(w);
        assert_int_equal(sock_view(&l).state, SLOT_FREE);
    }
    assert_int_equal(end_events(e, 1), 1);
}

static void
two_clients_hear_of_their_own_slots_alone(void **state)
{
    struct tcpd_world *w = *state;
    struct end *a = end_attach(w, 0), *b = end_attach(w, 1);
    struct peer *p = peer_new(w, 80);

    connect_to(a, 1, p);
    client_flag_store(&b->tx->sleeping, 1);
    peer_send(p, TCP_ACK, 10);
    tcpd_world_run(w);
    assert_int_equal(end_events(a, 1), 1);
    assert_int_equal(end_events(b, 1), 0);
    assert_int_equal(end_rung(b), 0);
    assert_int_equal(b->event_head, 0);
}

static void
blocked_sender_is_woken_whatever_the_peer_acknowledges(void **state)
{
    struct tcpd_world *w = *state;
    struct end *e = end_attach(w, 0);
    struct peer *p = peer_new(w, 80);
    struct sock k = connect_to(e, 1, p);
    uint64_t room;

    /* It fills its buffer again and again, and looks only at events. */
    for (int i = 0; i < 12; i++) {
        room = sock_view(&k).send_limit - k.write_base - k.written;
        assert_true(room > 0);
        end_events(e, 1);
        sock_write(&k, room);
        tcpd_world_run(w);
        assert_true(end_events(e, 1) > 0);
    }
    assert_int_equal(p->got, k.written);
}

static void
third_of_the_buffer_is_news_and_less_is_not(void **state)
{
    struct tcpd_world *w = *state;
    struct end *e = end_attach(w, 0);
    struct peer *p = peer_new(w, 80);
    struct sock k = connect_to(e, 1, p);
    uint32_t third = w->d->tcp->config.send_buffer / 3;
    uint32_t iss = p->rcv_nxt, acked = 0;
    unsigned events = 0;

    peer_send(p, TCP_ACK, 0);
    tcpd_world_run(w);
    p->silent = true;
    sock_write(&k, sock_view(&k).send_limit - k.write_base);
    while (acked < third - 10000) {
        tcpd_world_run(w);
        end_events(e, 1);
        acked += 5000;
        p->rcv_nxt = iss + acked;
        peer_send(p, TCP_ACK, 0);
        tcpd_world_run(w);
        assert_int_equal(end_events(e, 1), 0);
    }
    while (events == 0 && acked < third + 10000) {
        acked += 5000;
        p->rcv_nxt = iss + acked;
        peer_send(p, TCP_ACK, 0);
        tcpd_world_run(w);
        events = end_events(e, 1);
    }
    assert_int_equal(events, 1);
    assert_int_equal(sock_view(&k).freed, k.write_base + acked);
}

/* A sender that found no free chunk waits for this. */
static void
everything_acknowledged_is_news(void **state)
{
    struct tcpd_world *w = *state;
    struct end *e = end_attach(w, 0);
    struct sock k = connect_to(e, 1, peer_new(w, 80));

    end_events(e, 1);
    sock_write(&k, 100);
    tcpd_world_run(w);
    assert_int_equal(sock_view(&k).freed, k.write_base + 100);
    assert_int_equal(end_events(e, 1), 1);
}

static void
end_of_a_connection_is_shown_with_its_reason(void **state)
{
    struct tcpd_world *w = *state;
    struct end *e = end_attach(w, 0);
    struct peer *p = peer_new(w, 80), *silent = peer_new(w, 81);
    struct sock k = connect_to(e, 1, p), s = connect_to(e, 2, silent), never;

    peer_send(p, TCP_RST, 0);
    tcpd_world_run(w);
    assert_int_equal(sock_view(&k).state, SLOT_DEAD);
    assert_int_equal(sock_view(&k).error, ECONNRESET);
    assert_true(sock_view(&k).flags & SLOT_RESET);
    assert_int_equal(end_events(e, 1), 1);

    silent->silent = true;
    sock_write(&s, 1);
    end_op(e, API_CONNECT, 3, 99);
    never = sock_at(e, 3, 0);
    tcpd_world_wait(w, 1800000);
    assert_int_equal(sock_view(&s).state, SLOT_DEAD);
    assert_int_equal(sock_view(&s).error, ETIMEDOUT);
    assert_int_equal(sock_view(&never).error, ETIMEDOUT);
}

static void
bytes_that_came_before_the_reset_can_be_read(void **state)
{
    struct tcpd_world *w = *state;
    struct end *e = end_attach(w, 0);
    struct peer *p = peer_new(w, 80);
    struct sock k = connect_to(e, 1, p);

    peer_send(p, TCP_ACK, 3000);
    peer_send(p, TCP_RST, 0);
    tcpd_world_run(w);
    assert_int_equal(sock_view(&k).state, SLOT_DEAD);
    assert_int_equal(sock_read(&k), 3000);
}

/* What a turn that did not become true had received was not shown. */
static void
read_limit_follows_the_commit(void **state)
{
    struct tcpd_world *w = *state;
    struct end *e = end_attach(w, 0);
    struct peer *p = peer_new(w, 80);
    struct sock k = connect_to(e, 1, p);

    peer_send(p, TCP_ACK, 100);
    tcpd_world_run(w);
    peer_send(p, TCP_ACK, 200);
    tcpd_world_turn_and_kill(w, CUT_BEFORE_COMMIT);
    assert_int_equal(sock_view(&k).read_limit, k.read_base + 100);
}

/* The result that names a slot is published after the slot, also by a successor. */
static void
slot_is_shown_before_the_result_that_names_it(void **state)
{
    struct tcpd_world *w = *state;
    struct end *e = end_attach(w, 0);
    struct sock k = {.e = e, .slot = 1};
    struct api_request q = {.op = API_BIND, .slot = 1, .port = 80, .number = 1};

    q.addr = addr_any_v4();
    memcpy(q.token, e->token, sizeof q.token);
    tcpd_world_ask(w, &q);
    tcpd_world_turn_and_kill(w, CUT_BEFORE_PUBLISH);
    assert_int_equal(sock_view(&k).state, SLOT_DEAD);
    assert_int_equal(w->early_results, 0);
    assert_int_equal(ring_ready(&w->api_res), 1);
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        WITH_WORLD(doorbell_is_rung_only_for_a_sleeper),
        WITH_WORLD(event_of_a_slot_is_outstanding_once),
        WITH_WORLD(events_of_slots_that_change_hands_are_outstanding_once),
        WITH_WORLD(two_clients_hear_of_their_own_slots_alone),
        WITH_WORLD(blocked_sender_is_woken_whatever_the_peer_acknowledges),
        WITH_WORLD(third_of_the_buffer_is_news_and_less_is_not),
        WITH_WORLD(everything_acknowledged_is_news),
        WITH_WORLD(end_of_a_connection_is_shown_with_its_reason),
        WITH_WORLD(bytes_that_came_before_the_reset_can_be_read),
        WITH_WORLD(read_limit_follows_the_commit),
        WITH_WORLD(slot_is_shown_before_the_result_that_names_it),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
