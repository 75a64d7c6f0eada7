/* SPDX-License-Identifier: MIT */
/* Tests of tcpd's turn: what goes in comes out once, whatever turn its process
 * was killed in, and who has nothing to do sleeps. */
#include "tests/support/tcpd_ends.h"

#include "base/check.h"

#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

/* ---- a turn ---- */

static void
idle_tcpd_has_nothing_to_do(void **state)
{
    struct tcpd_world *w = *state;

    tcpd_world_run(w);
    assert_int_equal(tcpd_world_turn(w), 0);
    assert_false(tcpd_waiting(w->d));
}

static void
connect_sends_syn_and_opens_with_the_answer(void **state)
{
    struct tcpd_world *w = *state;
    struct end *e = end_attach(w, 3);
    struct peer *p = peer_new(w, 80);
    struct api_result r = end_op(e, API_CONNECT, 5, 80);
    struct sock k = sock_at(e, 5, 0);
    struct sent *s = malloc(sizeof *s);

    assert_int_equal(r.error, 0);
    assert_true(addr_equal(r.addr, addr_v4(TCPD_WORLD_LOCAL)));
    assert_int_equal(sock_view(&k).state, SLOT_CONNECTING);
    tcpd_world_turn(w);
    assert_true(tcpd_world_sent(w, s));
    assert_int_equal(s->h.flags, TCP_SYN);
    assert_int_equal(s->h.src_port, r.port);
    assert_int_equal(s->h.dst_port, 80);
    peer_take(p, s);
    assert_false(tcpd_world_sent(w, s));

    end_events(e, 5);
    client_flag_store(&e->tx->sleeping, 1);
    peer_send(p, TCP_SYN | TCP_ACK, 0);
    tcpd_world_run(w);
    assert_int_equal(sock_view(&k).state, SLOT_OPEN);
    assert_int_equal(end_events(e, 5), 1);
    assert_int_equal(end_rung(e), 1);
    assert_int_equal(e->rx->slot[5].remote_port, 80);
    assert_int_equal(e->rx->slot[5].local_port, r.port);
    free(s);
}

static void
refused_connection_is_dead_with_its_errno(void **state)
{
    struct tcpd_world *w = *state;
    struct end *e = end_attach(w, 0);
    struct peer *p = peer_new(w, 80);
    struct sock k;

    end_op(e, API_CONNECT, 0, 80);
    tcpd_world_run(w);
    p->snd_nxt = 0;
    peer_send(p, TCP_RST | TCP_ACK, 0);
    tcpd_world_run(w);
    k = sock_at(e, 0, 0);
    assert_int_equal(sock_view(&k).state, SLOT_DEAD);
    assert_int_equal(sock_view(&k).error, ECONNREFUSED);
}

static void
bytes_written_leave_as_segments(void **state)
{
    struct tcpd_world *w = *state;
    struct end *e = end_attach(w, 0);
    struct peer *p = peer_new(w, 80);
    struct sock k = connect_to(e, 1, p);

    sock_write(&k, 1);
    tcpd_world_run(w);
    assert_int_equal(p->got, 1);
    for (int i = 0; i < 4; i++) {
        sock_write(&k, 1000000);
        tcpd_world_run(w);
    }
    assert_int_equal(p->got, 4000001);
    assert_int_equal(sock_view(&k).freed, k.write_base + k.written);
}

static void
bytes_received_lie_in_the_chunks_below_read_limit(void **state)
{
    struct tcpd_world *w = *state;
    struct end *e = end_attach(w, 0);
    struct peer *p = peer_new(w, 80);
    struct sock k = connect_to(e, 1, p);
    uint64_t got = 0;

    for (int i = 0; i < 100; i++) {
        peer_send(p, TCP_ACK, 50000);
        tcpd_world_run(w);
        got += sock_read(&k);
    }
    assert_int_equal(got, p->put);
    assert_int_equal(got, 5000000);
}

static void
window_closes_when_the_client_reads_nothing_and_opens_again(void **state)
{
    struct tcpd_world *w = *state;
    struct end *e = end_attach(w, 0);
    struct peer *p = peer_new(w, 80);
    struct sock k = connect_to(e, 1, p);

    for (int i = 0; i < 20; i++) {
        peer_send(p, TCP_ACK, 65000);
        tcpd_world_run(w);
    }
    assert_in_range(sock_view(&k).read_limit, (1 << 20) - 1460, (1 << 20) + 32);
    assert_true(tcpd_world_drops(w, DROP_RCVBUF_FULL) > 0);
    assert_int_equal(p->window, 0);
    assert_true(sock_read(&k) > 0);
    tcpd_world_run(w);
    assert_true(p->window > UINT16_MAX / 4);
}

static void
fin_of_the_peer_is_shown_at_read_limit(void **state)
{
    struct tcpd_world *w = *state;
    struct end *e = end_attach(w, 0);
    struct peer *p = peer_new(w, 80);
    struct sock k = connect_to(e, 1, p);

    peer_send(p, TCP_ACK | TCP_FIN, 10);
    tcpd_world_run(w);
    assert_true(sock_view(&k).flags & SLOT_FIN);
    assert_int_equal(sock_view(&k).state, SLOT_OPEN);
    assert_int_equal(sock_read(&k), 10);
}

static void
packet_without_payload_is_dropped_and_counted(void **state)
{
    struct tcpd_world *w = *state;
    struct packet *p = ring_stage(&w->ip_rx, 0);

    CHECK(p != NULL);
    *p = (struct packet){.header_len = 20};
    ring_publish(&w->ip_rx, 1);
    tcpd_world_run(w);
    assert_int_equal(tcpd_world_drops(w, DROP_TCP_BAD_DESCRIPTOR), 1);
}

static void
answers_that_find_no_room_are_counted(void **state)
{
    struct tcpd_world *w = *state;
    struct peer *p = peer_new(w, 80);

    /* Only what comes in a turn queues up; two turns' worth needs a full ring. */
    ring_stage(&w->tcp_tx, 0);
    w->d->tcp->reply_count = TCP_REPLIES;
    p->local_port = 9;
    peer_send(p, TCP_SYN, 0);
    tcpd_world_turn(w);
    assert_int_equal(tcpd_world_drops(w, DROP_TCP_REPLY_FULL), 1);
}

/* ---- full rings ---- */

static void
full_output_ring_lets_tcpd_sleep_and_go_on(void **state)
{
    struct tcpd_world *w = *state;
    struct end *e = end_attach(w, 0);
    struct peer *p = peer_new(w, 80);
    struct sock k = connect_to(e, 1, p);
    int turns = 0;

    /* The area holds fewer full segments than the stream has. */
    peer_send(p, TCP_ACK, 0);
    tcpd_world_run(w);
    p->silent = true;
    sock_write(&k, 2000000);
    w->d->tcp->tcbs[w->d->clients.client[0].slots[1].ref].cwnd = 2000000;
    while (tcpd_world_turn(w) != 0 || tcpd_waiting(w->d))
        assert_true(turns++ < 100);
    assert_true(ring_space_wanted(&w->tcp_tx));
    assert_true(tcp_wants_output(w->d->tcp));
    p->silent = false;
    tcpd_world_run(w);
    assert_int_equal(p->got, 2000000);
}

static void
result_without_room_is_answered_when_asked_again(void **state)
{
    struct tcpd_world *w = *state;
    struct end *e = end_attach(w, 0);
    struct api_request q = {.op = API_HELLO};
    struct api_result r;
    uint32_t answered = 0;

    memcpy(q.token, e->token, sizeof q.token);
    for (uint32_t i = 1; i <= ring_table[RING_API_RES].slots + 8; i++) {
        q.number = i;
        q.acknowledged = i - 1;
        tcpd_world_ask(w, &q);
        tcpd_world_run(w);
    }
    assert_int_equal(tcpd_world_drops(w, DROP_API_RING_FULL), 8);
    while (tcpd_world_answer(w, &r))
        answered++;
    assert_int_equal(answered, ring_table[RING_API_RES].slots);
    tcpd_world_ask(w, &q);
    tcpd_world_run(w);
    assert_true(tcpd_world_answer(w, &r));
    assert_int_equal(r.number, q.number);
    assert_int_equal(r.error, 0);
}

/* ---- a successor ---- */

static void
successor_goes_on_where_its_predecessor_was(void **state)
{
    struct tcpd_world *w = *state;
    struct end *e = end_attach(w, 0);
    struct peer *p = peer_new(w, 80);
    struct hash_key secret = w->d->globals.secret;
    uint64_t in, out;

    connect_to(e, 1, p);
    in = ring_position(&w->d->ip_rx);
    out = ring_position(&w->d->tcp_tx);
    assert_true(in > 0 && out > 0);
    tcpd_world_restart(w);
    assert_int_equal(ring_position(&w->d->ip_rx), in);
    assert_int_equal(ring_position(&w->d->tcp_tx), out);
    assert_memory_equal(&w->d->globals.secret, &secret, sizeof secret);
    tcpd_world_run(w);
}

static void
counters_go_on_where_a_predecessor_left_them(void **state)
{
    struct tcpd_world *w = *state;
    struct end *e = end_attach(w, 0);
    const struct cnc_shm *cnc = w->d->cnc.shm;
    uint64_t sent;

    connect_to(e, 1, peer_new(w, 80));
    assert_int_equal(cnc_counter(cnc, COUNTER_TCP_ACTIVE_OPENS), 1);
    sent = cnc_counter(cnc, COUNTER_TCP_OUT_SEGS);
    tcpd_world_restart(w);
    tcpd_world_run(w);
    assert_int_equal(cnc_counter(cnc, COUNTER_TCP_ACTIVE_OPENS), 1);
    assert_int_equal(cnc_counter(cnc, COUNTER_TCP_CURR_ESTAB), 0);
    assert_true(cnc_counter(cnc, COUNTER_TCP_OUT_SEGS) >= sent);
    connect_to(e, 2, peer_new(w, 81));
    assert_int_equal(cnc_counter(cnc, COUNTER_TCP_ACTIVE_OPENS), 2);
}

/* A request and a segment come in one turn, and its process dies there. */
static void
die_at(struct tcpd_world *w, enum cut cut)
{
    struct end *e = end_attach(w, 0);
    struct peer *p = peer_new(w, 80), *stranger = peer_new(w, 90);
    struct api_request q = {.op = API_BIND, .slot = 7, .port = 4000};
    struct api_result r;
    struct sock k = connect_to(e, 1, p);
    uint64_t in = ring_position(&w->d->ip_rx);
    uint64_t out = ring_position(&w->d->tcp_tx);
    uint64_t turn = w->d->checkpoint.turn;
    bool happened = cut != CUT_BEFORE_COMMIT;

    sock_write(&k, 3000);
    stranger->local_port = 99;
    peer_send(stranger, TCP_SYN, 0);
    memcpy(q.token, e->token, sizeof q.token);
    q.addr = addr_any_v4();
    q.number = ++e->requests;
    q.acknowledged = q.number - 1;
    tcpd_world_ask(w, &q);
    tcpd_world_turn_and_kill(w, cut);
    assert_int_equal(w->d->checkpoint.turn, turn + 1 + happened);

    assert_int_equal(ring_position(&w->d->ip_rx), in + happened);
    assert_int_equal(ring_position(&w->d->tcp_tx), out + 2 * happened);
    assert_int_equal(ring_position(&w->d->api_req), q.number - !happened);
    assert_int_equal(ring_position(&w->d->api_res), q.number - !happened);
    assert_int_equal(w->d->clients.client[0].next_request, q.number + happened);
    assert_int_equal(sock_view(&k).state, SLOT_DEAD);
    tcpd_world_run(w);
    /* Taken once and answered once, by the one or by the other. */
    assert_int_equal(ring_position(&w->d->ip_rx) >= in + 1, 1);
    assert_true(stranger->rst);
    assert_true(tcpd_world_answer(w, &r));
    assert_int_equal(r.number, q.number);
    assert_int_equal(r.error, 0);
    assert_false(tcpd_world_answer(w, &r));
    assert_int_equal(p->got, happened ? 3000 : 0);
}

static void
killed_before_the_commit_nothing_has_happened(void **state)
{
    die_at(*state, CUT_BEFORE_COMMIT);
}

static void
killed_before_publishing_all_has_happened(void **state)
{
    die_at(*state, CUT_BEFORE_PUBLISH);
}

static void
killed_after_the_turn_all_has_happened(void **state)
{
    die_at(*state, CUT_NONE);
}

/* Each successor dies in its first turn with work; one lives. */
static void
crash_loop_costs_nothing_but_time(void **state)
{
    struct tcpd_world *w = *state;
    struct end *e = end_attach(w, 0);
    struct api_request q = {.op = API_BIND, .port = 4000};
    struct api_result r;

    q.addr = addr_any_v4();
    memcpy(q.token, e->token, sizeof q.token);
    for (uint32_t i = 1; i <= 12; i++) {
        q.number = ++e->requests;
        q.acknowledged = q.number - 1;
        q.slot = i;
        q.port++;
        tcpd_world_ask(w, &q);
        tcpd_world_turn_and_kill(w, CUT_BEFORE_COMMIT);
        tcpd_world_turn_and_kill(w, CUT_BEFORE_COMMIT);
        tcpd_world_turn_and_kill(w, i % 2 == 0 ? CUT_BEFORE_PUBLISH : CUT_NONE);
        assert_true(tcpd_world_answer(w, &r));
        assert_int_equal(r.number, i);
        assert_int_equal(r.error, 0);
        assert_false(tcpd_world_answer(w, &r));
    }
    tcpd_world_run(w);
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        WITH_WORLD(idle_tcpd_has_nothing_to_do),
        WITH_WORLD(connect_sends_syn_and_opens_with_the_answer),
        WITH_WORLD(refused_connection_is_dead_with_its_errno),
        WITH_WORLD(bytes_written_leave_as_segments),
        WITH_WORLD(bytes_received_lie_in_the_chunks_below_read_limit),
        WITH_WORLD(window_closes_when_the_client_reads_nothing_and_opens_again),
        WITH_WORLD(fin_of_the_peer_is_shown_at_read_limit),
        WITH_WORLD(packet_without_payload_is_dropped_and_counted),
        WITH_WORLD(answers_that_find_no_room_are_counted),
        WITH_WORLD(full_output_ring_lets_tcpd_sleep_and_go_on),
        WITH_WORLD(result_without_room_is_answered_when_asked_again),
        WITH_WORLD(successor_goes_on_where_its_predecessor_was),
        WITH_WORLD(counters_go_on_where_a_predecessor_left_them),
        WITH_WORLD(killed_before_the_commit_nothing_has_happened),
        WITH_WORLD(killed_before_publishing_all_has_happened),
        WITH_WORLD(killed_after_the_turn_all_has_happened),
        WITH_WORLD(crash_loop_costs_nothing_but_time),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
