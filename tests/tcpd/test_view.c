/* SPDX-License-Identifier: MIT */
/* Tests of what people see of connections and listeners, and when. */
#include "tests/support/tcpd_ends.h"

#include "base/check.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include <cmocka.h>

/* The index of the connection in the slot, which is its row. */
static uint32_t
row_of(const struct end *e, uint32_t slot)
{
    const struct slot *s = &e->w->d->clients.client[e->number].slots[slot];

    CHECK(s->kind == SLOT_KIND_TCB || s->kind == SLOT_KIND_LISTENER);
    return s->ref;
}

static uint32_t
rows_shown(const struct tcpd_world *w)
{
    struct view_conn row;
    uint32_t n = 0;

    for (uint32_t i = 0; i < VIEW_CONNS; i++)
        n += tcpd_world_conn(w, i, &row);
    return n;
}

/* ---- connections ---- */

static void
state_is_shown_in_the_turn_that_changes_it(void **state)
{
    struct tcpd_world *w = *state;
    struct end *e = end_attach(w, 3);
    struct peer *p = peer_new(w, 80);
    struct view_conn row;
    struct sock k;
    uint32_t i;

    assert_int_equal(rows_shown(w), 0);
    assert_int_equal(end_op(e, API_CONNECT, 5, 80).error, 0);
    i = row_of(e, 5);
    assert_true(tcpd_world_conn(w, i, &row));
    assert_int_equal(row.info.state, VIEW_SYN_SENT);
    assert_true(addr_equal(row.local, addr_v4(TCPD_WORLD_LOCAL)));
    assert_true(addr_equal(row.remote, addr_v4(TCPD_WORLD_REMOTE)));
    assert_int_equal(row.remote_port, 80);
    assert_int_equal(row.client, 3);
    assert_int_equal(row.slot, 5);
    assert_int_equal(row.written_ns, w->now.ns);
    tcpd_world_run(w);
    peer_send(p, TCP_SYN | TCP_ACK, 0);
    tcpd_world_turn(w);
    assert_true(tcpd_world_conn(w, i, &row));
    assert_int_equal(row.info.state, VIEW_ESTABLISHED);
    k = sock_at(e, 5, 80);
    sock_tell(&k, CLIENT_CLOSE | CLIENT_ABORT);
    tcpd_world_turn(w);
    assert_false(tcpd_world_conn(w, i, &row));
}

static void
figures_are_a_period_old_at_most(void **state)
{
    struct tcpd_world *w = *state;
    struct end *e = end_attach(w, 0);
    struct sock k = connect_to(e, 1, peer_new(w, 80));
    struct view_conn row;

    tcpd_world_wait(w, VIEW_PERIOD_MS);
    sock_write(&k, 700);
    tcpd_world_turn(w);
    assert_true(tcpd_world_conn(w, row_of(e, 1), &row));
    assert_int_equal(row.info.bytes_sent, 0);
    tcpd_world_run(w);
    tcpd_world_wait(w, VIEW_PERIOD_MS);
    assert_true(tcpd_world_conn(w, row_of(e, 1), &row));
    assert_int_equal(row.info.bytes_sent, 700);
    assert_int_equal(row.info.bytes_acked, 700);
    assert_int_equal(row.info.unacked, 0);
    assert_true(row.info.rtt > 0);
}

static void
busy_connection_is_written_once_a_period(void **state)
{
    struct tcpd_world *w = *state;
    struct end *e = end_attach(w, 0);
    struct sock k = connect_to(e, 1, peer_new(w, 80));
    struct view_conn row;
    int64_t last = 0;
    int writes = 0;
    instant_t start;

    tcpd_world_wait(w, VIEW_PERIOD_MS);
    start = w->now;
    while (instant_before(w->now, instant_add(start, duration_ms(1000)))) {
        sock_write(&k, 1);
        tcpd_world_run(w);
        assert_true(tcpd_world_conn(w, row_of(e, 1), &row));
        writes += row.written_ns != last;
        last = row.written_ns;
    }
    assert_in_range(writes, 9, 11);
}

static void
tcpd_wakes_once_for_figures_and_then_sleeps(void **state)
{
    struct tcpd_world *w = *state;
    struct end *e = end_attach(w, 0);
    instant_t due;

    connect_to(e, 1, peer_new(w, 80));
    due = tcpd_next_deadline(w->d);
    assert_true(due.ns <= w->now.ns + duration_ms(VIEW_PERIOD_MS).ns);
    tcpd_world_wait(w, 2 * VIEW_PERIOD_MS);
    assert_true(instant_is_never(w->d->views.due));
    assert_int_equal(tcpd_world_turn(w), 0);
    assert_true(instant_is_never(w->d->views.due));
}

/* As many as a listener takes without accept, so that they exist at once. */
static void
open_many(struct tcpd_world *w, struct end *e, uint32_t count)
{
    struct api_request q = {.op = API_CONNECT};

    q.addr = addr_v4(TCPD_WORLD_REMOTE);
    for (uint32_t i = 0; i < count; i++) {
        q.slot = i;
        q.port = (uint16_t)(1000 + i);
        assert_int_equal(end_ask(e, q).error, 0);
    }
    tcpd_world_run(w);
}

static void
figures_of_many_are_written_a_batch_a_turn(void **state)
{
    struct tcpd_world *w = *state;
    const uint32_t count = VIEW_BATCH * 2 + 10;
    uint32_t left;

    open_many(w, end_attach(w, 0), count);
    left = w->d->views.count;
    assert_true(left > 0);
    w->now = w->d->views.due;
    for (uint32_t turns = (left + VIEW_BATCH - 1) / VIEW_BATCH; turns > 0;
         turns--) {
        assert_false(instant_before(w->now, w->d->views.due));
        left = w->d->views.count;
        views_expire(&w->d->views, w->now);
        assert_true(left - w->d->views.count <= VIEW_BATCH);
    }
    assert_int_equal(w->d->views.count, 0);
    assert_int_equal(rows_shown(w), count);
}

/* ---- listeners ---- */

static void
listener_is_shown_from_bind_to_close(void **state)
{
    struct tcpd_world *w = *state;
    struct end *e = end_attach(w, 2);
    struct view_listener row;
    struct sock k;
    uint32_t i;

    assert_int_equal(end_op(e, API_BIND, 7, 8080).error, 0);
    i = row_of(e, 7);
    assert_true(tcpd_world_listener(w, i, &row));
    assert_int_equal(row.port, 8080);
    assert_int_equal(row.backlog, 0);
    assert_int_equal(row.client, 2);
    assert_int_equal(row.slot, 7);
    assert_int_equal(end_op(e, API_LISTEN, 7, 0).error, 0);
    assert_true(tcpd_world_listener(w, i, &row));
    assert_int_equal(row.backlog, 4);
    k = (struct sock){.e = e, .slot = 7};
    sock_tell(&k, CLIENT_CLOSE);
    tcpd_world_turn(w);
    assert_false(tcpd_world_listener(w, i, &row));
    assert_int_equal(w->d->views.listeners, 0);
}

static void
connecting_from_a_bound_slot_frees_the_listeners_row(void **state)
{
    struct tcpd_world *w = *state;
    struct end *e = end_attach(w, 0);
    struct view_listener row;
    uint32_t i;

    assert_int_equal(end_op(e, API_BIND, 1, 4444).error, 0);
    i = row_of(e, 1);
    assert_int_equal(end_op(e, API_CONNECT, 1, 80).error, 0);
    assert_false(tcpd_world_listener(w, i, &row));
}

static void
listener_counts_what_it_queues_accepts_and_refuses(void **state)
{
    struct tcpd_world *w = *state;
    struct end *e = end_attach(w, 0);
    struct sock l = listen_at(e, 1, 70), k;
    struct view_listener row;
    struct peer *p;

    for (uint16_t i = 0; i < 5; i++)
        peer_connect(peer_new(w, (uint16_t)(1000 + i)), 70);
    tcpd_world_wait(w, VIEW_PERIOD_MS);
    assert_true(tcpd_world_listener(w, row_of(e, 1), &row));
    assert_int_equal(row.queued, 5);
    assert_int_equal(row.accepted, 0);
    k = sock_at(e, CLIENT_OWN, 0);
    sock_tell(&k, CLIENT_CLAIMED);
    tcpd_world_run(w);
    tcpd_world_wait(w, VIEW_PERIOD_MS);
    assert_true(tcpd_world_listener(w, row_of(e, 1), &row));
    assert_int_equal(row.accepted, 1);
    peer_connect(peer_new(w, 1005), 70);
    p = peer_new(w, 1006);
    p->local_port = 70;
    peer_send(p, TCP_SYN, 0);
    tcpd_world_run(w);
    tcpd_world_wait(w, VIEW_PERIOD_MS);
    assert_true(tcpd_world_listener(w, row_of(e, 1), &row));
    assert_int_equal(row.overflows, 1);
    sock_tell(&l, CLIENT_CLOSE);
    tcpd_world_run(w);
}

/* ---- a successor ---- */

static void
successor_clears_the_rows_of_its_predecessor(void **state)
{
    struct tcpd_world *w = *state;
    struct end *e = end_attach(w, 0);
    struct view_listener left;

    connect_to(e, 1, peer_new(w, 80));
    listen_at(e, 2, 70);
    listen_at(e, 3, 71);
    tcpd_world_wait(w, VIEW_PERIOD_MS);
    assert_int_equal(rows_shown(w), 1);
    tcpd_world_restart(w);
    for (uint32_t i = 0; i < VIEW_CONNS; i++) {
        struct view_conn row;

        if (tcpd_world_conn(w, i, &row))
            assert_int_not_equal(w->d->tcp->tcbs[i].state, TCB_CLOSED);
    }
    for (uint32_t i = 0; i < VIEW_LISTENERS; i++)
        assert_int_equal(tcpd_world_listener(w, i, &left),
                         w->d->tcp->listeners[i].used);
}

/* It died with the row half written: nobody reads it, and it comes back. */
static void
row_that_a_predecessor_left_half_written_is_written_again(void **state)
{
    struct tcpd_world *w = *state;
    struct end *e = end_attach(w, 0);
    struct view_conn row;
    uint64_t *sequence;
    uint32_t i;

    connect_to(e, 1, peer_new(w, 80));
    i = row_of(e, 1);
    sequence = (void *)(w->d->views.shm.conns.base +
                        i * (sizeof *sequence + sizeof row));
    (*sequence)++;
    assert_false(tcpd_world_conn(w, i, &row));
    tcpd_world_restart(w);
    for (uint32_t slot = 10; slot < 10 + 20; slot++)
        assert_int_equal(end_op(e, API_CONNECT, slot, 81).error, 0);
    tcpd_world_run(w);
    assert_true(w->d->tcp->tcbs[i].state == TCB_CLOSED ||
                tcpd_world_conn(w, i, &row));
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        WITH_WORLD(state_is_shown_in_the_turn_that_changes_it),
        WITH_WORLD(figures_are_a_period_old_at_most),
        WITH_WORLD(busy_connection_is_written_once_a_period),
        WITH_WORLD(tcpd_wakes_once_for_figures_and_then_sleeps),
        WITH_WORLD(figures_of_many_are_written_a_batch_a_turn),
        WITH_WORLD(listener_is_shown_from_bind_to_close),
        WITH_WORLD(connecting_from_a_bound_slot_frees_the_listeners_row),
        WITH_WORLD(listener_counts_what_it_queues_accepts_and_refuses),
        WITH_WORLD(successor_clears_the_rows_of_its_predecessor),
        WITH_WORLD(row_that_a_predecessor_left_half_written_is_written_again),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
