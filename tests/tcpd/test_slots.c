/* SPDX-License-Identifier: MIT */
/* Tests of one socket: its ends, its generations, and what lies about it cost. */
#include "tests/support/tcpd_liar.h"

#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

/* ---- the send buffer ---- */

static void
set_send_buffer(const struct sock *k, int32_t bytes)
{
    struct api_request q = {.op = API_SETOPTION,
                            .slot = k->slot,
                            .level = API_LEVEL_SOCKET,
                            .name = API_SO_SNDBUF,
                            .value_len = sizeof bytes};

    memcpy(q.value, &bytes, sizeof bytes);
    assert_int_equal(end_ask(k->e, q).error, 0);
}

static void
larger_send_buffer_moves_the_limit_at_once(void **state)
{
    struct tcpd_world *w = *state;
    struct end *e = end_attach(w, 0);
    struct peer *p = peer_new(w, 80);
    struct sock k = connect_to(e, 1, p);

    set_send_buffer(&k, 3000000);
    assert_int_equal(sock_view(&k).send_limit, k.write_base + 3000000);
    sock_write(&k, 3000000);
    tcpd_world_run(w);
    assert_int_equal(p->got, 3000000);
}

/* The client may have written up to what it was shown. */
static void
smaller_send_buffer_takes_nothing_back(void **state)
{
    struct tcpd_world *w = *state;
    struct end *e = end_attach(w, 0);
    struct peer *p = peer_new(w, 80);
    struct sock k = connect_to(e, 1, p);
    uint64_t shown = sock_view(&k).send_limit;

    set_send_buffer(&k, 10000);
    assert_int_equal(sock_view(&k).send_limit, shown);
    sock_write(&k, shown - k.write_base);
    tcpd_world_run(w);
    assert_int_equal(sock_view(&k).state, SLOT_OPEN);
    assert_int_equal(p->got, k.written);
    assert_int_equal(sock_view(&k).send_limit, shown + 10000);
    sock_write(&k, 10001);
    tcpd_world_run(w);
    sock_assert_freed(&k);
}

/* ---- the end of a socket ---- */

static void
shutdown_sends_fin_behind_the_bytes(void **state)
{
    struct tcpd_world *w = *state;
    struct end *e = end_attach(w, 0);
    struct peer *p = peer_new(w, 80);
    struct sock k = connect_to(e, 1, p);

    sock_write(&k, 5000);
    sock_tell(&k, CLIENT_SHUT_WR);
    tcpd_world_run(w);
    assert_int_equal(p->got, 5000);
    assert_true(p->fin);
    assert_int_equal(sock_view(&k).state, SLOT_OPEN);
    assert_true(sock_view(&k).flags & SLOT_NO_SEND);
    peer_send(p, TCP_ACK, 77);
    tcpd_world_run(w);
    assert_int_equal(sock_read(&k), 77);
}

/* The client has not yet seen that its entry was taken, and adds no other. */
static void
bytes_written_while_their_entry_is_taken_are_not_missed(void **state)
{
    struct tcpd_world *w = *state;
    struct end *e = end_attach(w, 0);
    struct peer *p = peer_new(w, 80);
    struct sock k = connect_to(e, 1, p);

    sock_write(&k, 10);
    tcpd_world_turn(w);
    sock_store(&k, 10);
    tcpd_world_run(w);
    assert_int_equal(p->got, 20);
}

static void
close_keeps_the_slot_until_the_peer_has_everything(void **state)
{
    struct tcpd_world *w = *state;
    struct end *e = end_attach(w, 0);
    struct peer *p = peer_new(w, 80);
    struct sock k = connect_to(e, 1, p);

    p->silent = true;
    sock_write(&k, 5000);
    sock_tell(&k, CLIENT_CLOSE);
    tcpd_world_run(w);
    assert_int_equal(sock_view(&k).generation, k.generation);
    assert_int_equal(sock_view(&k).state, SLOT_OPEN);
    assert_non_null(sock_tcb(&k)->tx.base);
    peer_send(p, TCP_ACK, 0);
    tcpd_world_run(w);
    sock_assert_freed(&k);
    assert_int_equal(p->got, 5000);
    assert_true(p->fin);
}

static void
close_with_unread_bytes_resets(void **state)
{
    struct tcpd_world *w = *state;
    struct end *e = end_attach(w, 0);
    struct peer *p = peer_new(w, 80);
    struct sock k = connect_to(e, 1, p);

    peer_send(p, TCP_ACK, 100);
    tcpd_world_run(w);
    sock_tell(&k, CLIENT_CLOSE);
    tcpd_world_run(w);
    assert_true(p->rst);
    sock_assert_freed(&k);
}

static void
close_of_bytes_read_in_the_same_moment_is_orderly(void **state)
{
    struct tcpd_world *w = *state;
    struct end *e = end_attach(w, 0);
    struct peer *p = peer_new(w, 80);
    struct sock k = connect_to(e, 1, p);

    peer_send(p, TCP_ACK, 100);
    tcpd_world_run(w);
    sock_read(&k);
    sock_tell(&k, CLIENT_CLOSE);
    tcpd_world_run(w);
    assert_false(p->rst);
    assert_true(p->fin);
}

static void
abort_resets_and_frees_at_once(void **state)
{
    struct tcpd_world *w = *state;
    struct end *e = end_attach(w, 0);
    struct peer *p = peer_new(w, 80);
    struct sock k = connect_to(e, 1, p);

    p->silent = true;
    sock_write(&k, 100);
    tcpd_world_run(w);
    sock_tell(&k, CLIENT_CLOSE | CLIENT_ABORT);
    tcpd_world_run(w);
    assert_true(p->rst);
    sock_assert_freed(&k);
}

/* Two chunks and a piece in each direction and generation, many times. */
static void
each_generation_has_its_own_bytes(void **state)
{
    struct tcpd_world *w = *state;
    struct end *e = end_attach(w, 0);
    uint64_t read_base = 0, write_base = 0;

    for (uint16_t g = 0; g < 100; g++) {
        struct peer *p = peer_new(w, (uint16_t)(100 + g));
        struct sock k = connect_to(e, 1, p);

        assert_int_equal(k.generation, g);
        assert_true(k.read_base >= read_base);
        assert_true(k.write_base >= write_base);
        sock_write(&k, 150000);
        for (int i = 0; i < 3; i++)
            peer_send(p, TCP_ACK, 50001);
        tcpd_world_run(w);
        assert_int_equal(sock_read(&k), 150003);
        read_base = k.read_base + k.read;
        write_base = k.write_base + k.written;
        sock_tell(&k, CLIENT_CLOSE);
        tcpd_world_run(w);
        assert_int_equal(p->got, 150000);
        assert_true(p->fin);
        sock_assert_freed(&k);
        peer_send(p, TCP_FIN | TCP_ACK, 0);
        tcpd_world_run(w);
        free(w->peer[0]);
        w->peer[0] = NULL;
    }
}

/* The cursor stays where the client left it: ahead of what was taken. */
static void
bytes_written_to_a_dead_connection_are_not_the_next_ones(void **state)
{
    struct tcpd_world *w = *state;
    struct end *e = end_attach(w, 0);
    struct peer *p = peer_new(w, 80), *next = peer_new(w, 81);
    struct sock k = connect_to(e, 1, p);

    peer_send(p, TCP_RST, 0);
    sock_write(&k, 500000);
    tcpd_world_run(w);
    assert_int_equal(sock_view(&k).state, SLOT_DEAD);
    assert_int_equal(sock_view(&k).error, ECONNRESET);
    sock_tell(&k, CLIENT_CLOSE);
    tcpd_world_run(w);
    sock_assert_freed(&k);
    k = connect_to(e, 1, next);
    end_work(e, 1);
    tcpd_world_run(w);
    assert_int_equal(next->got, 0);
    sock_write(&k, 10);
    tcpd_world_run(w);
    assert_int_equal(next->got, 10);
}

/* ---- liars ---- */

/* It cost that connection alone. */
static void
assert_cost_a_connection(struct liar *l)
{
    end_work(l->e, 1);
    tcpd_world_run(l->w);
    assert_true(l->p->rst);
    sock_assert_freed(&l->k);
    sock_assert_works(&l->sibling, l->other);
    sock_assert_works(&l->unhurt, l->third);
}

static void
write_cursor_that_moves_back_costs_the_connection(void **state)
{
    struct liar l = liar_new(*state);

    client_set_write_end(&l.e->tx->slot[1], l.k.write_base + 999);
    assert_cost_a_connection(&l);
}

static void
write_cursor_beyond_the_limit_costs_the_connection(void **state)
{
    struct liar l = liar_new(*state);

    client_set_write_end(&l.e->tx->slot[1], sock_view(&l.k).send_limit + 1);
    assert_cost_a_connection(&l);
}

static void
write_cursor_at_the_end_of_time_costs_the_connection(void **state)
{
    struct liar l = liar_new(*state);

    client_set_write_end(&l.e->tx->slot[1], UINT64_MAX);
    assert_cost_a_connection(&l);
}

static void
write_cursor_that_moves_after_shutdown_costs_the_connection(void **state)
{
    struct liar l = liar_new(*state);

    sock_tell(&l.k, CLIENT_SHUT_WR);
    tcpd_world_run(l.w);
    client_set_write_end(&l.e->tx->slot[1], l.k.write_base + 1001);
    assert_cost_a_connection(&l);
}

static void
chunk_that_does_not_exist_costs_the_connection(void **state)
{
    struct liar l = liar_new(*state);

    client_chunk_store(l.e->tx->slot[1].chunk, l.k.write_base + 1000,
                       CLIENT_CHUNKS);
    client_set_write_end(&l.e->tx->slot[1], l.k.write_base + 1001);
    assert_cost_a_connection(&l);
}

static void
read_cursor_beyond_what_came_costs_the_connection(void **state)
{
    struct liar l = liar_new(*state);

    client_set_read_end(&l.e->tx->slot[1], l.k.read_base + 1001);
    assert_cost_a_connection(&l);
}

static void
read_cursor_that_moves_back_costs_the_connection(void **state)
{
    struct liar l = liar_new(*state);

    sock_read(&l.k);
    tcpd_world_run(l.w);
    client_set_read_end(&l.e->tx->slot[1], l.k.read_base + 1);
    assert_cost_a_connection(&l);
}

static void
flags_of_another_generation_say_nothing(void **state)
{
    struct liar l = liar_new(*state);

    l.k.generation++;
    sock_tell(&l.k, CLIENT_CLOSE | CLIENT_ABORT | CLIENT_SHUT_WR);
    l.k.generation -= 2;
    tcpd_world_run(l.w);
    sock_tell(&l.k, 0);
    tcpd_world_run(l.w);
    l.k.generation++;
    assert_int_equal(sock_view(&l.k).state, SLOT_OPEN);
    sock_assert_works(&l.k, l.p);
    assert_false(l.p->fin);
}

static void
all_flags_at_once_are_an_abort(void **state)
{
    struct liar l = liar_new(*state);

    l.k.flags = UINT32_MAX;
    sock_tell(&l.k, 0);
    assert_cost_a_connection(&l);
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        WITH_WORLD(shutdown_sends_fin_behind_the_bytes),
        WITH_WORLD(bytes_written_while_their_entry_is_taken_are_not_missed),
        WITH_WORLD(close_keeps_the_slot_until_the_peer_has_everything),
        WITH_WORLD(close_with_unread_bytes_resets),
        WITH_WORLD(close_of_bytes_read_in_the_same_moment_is_orderly),
        WITH_WORLD(abort_resets_and_frees_at_once),
        WITH_WORLD(each_generation_has_its_own_bytes),
        WITH_WORLD(bytes_written_to_a_dead_connection_are_not_the_next_ones),
        WITH_WORLD(write_cursor_that_moves_back_costs_the_connection),
        WITH_WORLD(write_cursor_beyond_the_limit_costs_the_connection),
        WITH_WORLD(write_cursor_at_the_end_of_time_costs_the_connection),
        WITH_WORLD(write_cursor_that_moves_after_shutdown_costs_the_connection),
        WITH_WORLD(chunk_that_does_not_exist_costs_the_connection),
        WITH_WORLD(read_cursor_beyond_what_came_costs_the_connection),
        WITH_WORLD(read_cursor_that_moves_back_costs_the_connection),
        WITH_WORLD(flags_of_another_generation_say_nothing),
        WITH_WORLD(all_flags_at_once_are_an_abort),
        WITH_WORLD(larger_send_buffer_moves_the_limit_at_once),
        WITH_WORLD(smaller_send_buffer_takes_nothing_back),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
