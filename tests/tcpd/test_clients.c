/* SPDX-License-Identifier: MIT */
/* Tests of clients as a whole: those that die, and those that lie, whom it costs
 * no more than it must. */
#include "tests/support/tcpd_liar.h"

#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

#include <cmocka.h>

/* ---- liars ---- */

/* It cost the client, and nobody else. */
static void
assert_cost_the_client(struct liar *l)
{
    tcpd_world_run(l->w);
    assert_true(l->w->d->clients.client[0].dead ||
                !l->w->d->clients.client[0].used);
    sock_assert_works(&l->unhurt, l->third);
}

static void
tail_that_jumps_costs_the_client(void **state)
{
    struct liar l = liar_new(*state);

    client_word_store(&l.e->tx->work.tail, l.e->work_tail + CLIENT_QUEUE + 1);
    assert_true(tcpd_waiting(l.w->d));
    assert_cost_the_client(&l);
}

static void
tail_that_moves_back_costs_the_client(void **state)
{
    struct liar l = liar_new(*state);

    client_word_store(&l.e->tx->work.tail, l.e->work_tail - 1);
    assert_cost_the_client(&l);
}

static void
entries_beyond_the_slots_reach_no_memory(void **state)
{
    struct liar l = liar_new(*state);

    for (uint32_t i = 0; i < CLIENT_QUEUE; i++)
        client_queue_add(&l.e->tx->work, &l.e->work_tail, UINT32_MAX - 3 * i);
    tcpd_world_run(l.w);
    sock_assert_works(&l.k, l.p);
    sock_assert_works(&l.unhurt, l.third);
}

static void
event_head_in_the_future_hurts_its_client_alone(void **state)
{
    struct liar l = liar_new(*state);

    client_word_store(&l.e->tx->event_head, UINT64_MAX);
    sock_assert_works(&l.k, l.p);
    client_word_store(&l.e->tx->event_head, 0);
    sock_assert_works(&l.k, l.p);
    sock_assert_works(&l.unhurt, l.third);
}

/* Whatever is in its memory, at any moment. */
static void
scribbling_client_hurts_itself_alone(void **state)
{
    struct liar l = liar_new(*state);
    unsigned seed = (unsigned)time(NULL);

    l.p->credulous = true;
    l.other->credulous = true;
    print_message("seed %u\n", seed);
    srandom(seed);
    for (int i = 0; i < 3000; i++) {
        uint32_t n =
            (uint32_t)random() % 6 + (uint32_t)random() % 2 * CLIENT_OWN;
        struct client_tx_slot *s = &l.e->tx->slot[n];
        uint64_t small = (uint64_t)random() % (CHUNK * 40);

        switch (random() % 6) {
        case 0:
            client_set_write_end(s, small);
            break;
        case 1:
            client_set_read_end(s, small);
            break;
        case 2:
            client_set_flags(s, (uint32_t)random() % 8,
                             (uint32_t)random() % 32);
            break;
        case 3:
            client_chunk_store(s->chunk, small, (uint16_t)random() % 1000);
            break;
        case 4:
            tcpd_world_turn(l.w);
            break;
        default:
            end_op(l.e, (enum api_op)(random() % (API_OPS + 1)), n, 85);
        }
        end_work(l.e, n);
    }
    tcpd_world_run(l.w);
    sock_assert_works(&l.unhurt, l.third);
}

/* ---- the end of a client ---- */

static void
bytes_of_a_dead_client_still_go_out_and_then_fin(void **state)
{
    struct tcpd_world *w = *state;
    struct end *e = end_attach(w, 4);
    struct peer *p = peer_new(w, 80);
    struct sock k = connect_to(e, 1, p);

    p->silent = true;
    sock_write(&k, 20000);
    tcpd_world_run(w);
    sock_write(&k, 300000); /* nobody has taken the entry yet */
    end_die(e);
    tcpd_world_run(w);
    tcpd_world_hear(w);
    assert_int_equal(w->forgotten, 0);
    p->silent = false;
    peer_send(p, TCP_ACK, 0);
    tcpd_world_run(w);
    assert_int_equal(p->got, 320000);
    assert_true(p->fin);
    tcpd_world_hear(w);
    assert_int_equal(w->forgotten, 1);
    assert_false(w->d->clients.client[4].used);
}

static void
dead_client_with_unread_bytes_resets(void **state)
{
    struct tcpd_world *w = *state;
    struct end *e = end_attach(w, 4);
    struct peer *p = peer_new(w, 80);

    connect_to(e, 1, p);
    peer_send(p, TCP_ACK, 10);
    tcpd_world_run(w);
    end_die(e);
    tcpd_world_run(w);
    assert_true(p->rst);
    tcpd_world_hear(w);
    assert_int_equal(w->forgotten, 1);
}

static void
dead_client_that_had_just_read_everything_ends_in_order(void **state)
{
    struct tcpd_world *w = *state;
    struct end *e = end_attach(w, 4);
    struct peer *p = peer_new(w, 80);
    struct sock k = connect_to(e, 1, p);

    peer_send(p, TCP_ACK, 10);
    tcpd_world_run(w);
    sock_read(&k);
    end_die(e);
    tcpd_world_run(w);
    assert_false(p->rst);
    assert_true(p->fin);
}

static void
listeners_of_a_dead_client_are_gone(void **state)
{
    struct tcpd_world *w = *state;
    struct end *e = end_attach(w, 4);
    struct peer *p = peer_new(w, 1000), *claimed = peer_new(w, 1001);
    struct sock k;

    listen_at(e, 1, 80);
    peer_connect(p, 80);
    peer_connect(claimed, 80);
    k = sock_at(e, CLIENT_OWN + 1, claimed->salt);
    sock_tell(&k, CLIENT_CLAIMED);
    end_die(e);
    tcpd_world_run(w);
    assert_true(p->rst);
    assert_false(claimed->rst);
    assert_true(claimed->fin);
    tcpd_world_hear(w);
    assert_int_equal(w->forgotten, 1);
    e = end_attach(w, 4);
    listen_at(e, 0, 80);
}

static void
orphan_of_a_dead_client_is_given_up_when_the_peer_is_silent(void **state)
{
    struct tcpd_world *w = *state;
    struct end *e = end_attach(w, 4);
    struct peer *p = peer_new(w, 80);
    struct sock k = connect_to(e, 1, p);

    p->silent = true;
    sock_write(&k, 1000);
    end_die(e);
    tcpd_world_wait(w, 300000);
    tcpd_world_hear(w);
    assert_int_equal(w->forgotten, 1);
}

/* tcpd may have slept for long: the time it woke at counts, not the last turn's. */
static void
client_that_dies_after_a_long_silence_says_fin(void **state)
{
    struct tcpd_world *w = *state;
    struct end *e = end_attach(w, 0);
    struct peer *p = peer_new(w, 80);

    connect_to(e, 1, p);
    end_die(e);
    w->now = instant_add(w->now, duration_ms(3600000));
    assert_true(tcpd_waiting(w->d));
    tcpd_world_run(w);
    assert_true(p->fin);
    assert_false(p->rst);
}

static void
full_supervisor_socket_is_tried_again_without_spinning(void **state)
{
    struct tcpd_world *w = *state;
    struct end *e = end_attach(w, 4);
    struct handover filler = {.kind = HANDOVER_CLIENT_GONE};
    uint8_t bytes[sizeof filler];

    while (send(w->supervisor[0], &filler, sizeof filler, MSG_DONTWAIT) > 0)
        continue;
    end_die(e);
    tcpd_world_run(w); /* fails when tcpd never sleeps */
    assert_true(w->d->clients.client[4].used);
    assert_false(instant_is_never(w->d->clients.retry));
    while (recv(w->supervisor[1], bytes, sizeof bytes, MSG_DONTWAIT) > 0)
        continue;
    w->now = w->d->clients.retry;
    tcpd_world_run(w);
    assert_false(w->d->clients.client[4].used);
    tcpd_world_hear(w);
    assert_int_equal(w->forgotten, 1);
    assert_true(instant_is_never(w->d->clients.retry));
}

static void
doorbell_bytes_are_taken_and_harmless(void **state)
{
    struct tcpd_world *w = *state;
    struct end *e = end_attach(w, 4);

    for (int i = 0; i < 40; i++)
        assert_int_equal(send(e->connection, "x", 1, MSG_DONTWAIT), 1);
    for (int i = 0; i < 3; i++)
        clients_connection(&w->d->clients, 4);
    assert_false(w->d->clients.client[4].dead);
    assert_int_equal(recv(e->kept, &(char){0}, 1, MSG_DONTWAIT), -1);
}

/* ---- shares ---- */

/* It has work ready for all of its slots, again and again. */
static void
client_that_floods_its_queue_delays_others_by_a_batch(void **state)
{
    struct tcpd_world *w = *state;
    struct end *greedy = end_attach(w, 0), *other = end_attach(w, 1);
    struct peer *p = peer_new(w, 80);
    struct sock k = connect_to(other, 1, p);
    uint64_t before;

    for (int turn = 0; turn < 20; turn++) {
        while (greedy->work_tail - greedy->rx->work_head < CLIENT_QUEUE)
            end_work(greedy, (uint32_t)(greedy->work_tail % CLIENT_SLOTS));
        before = greedy->rx->work_head;
        sock_write(&k, 10);
        tcpd_world_turn(w);
        assert_int_equal(other->rx->work_head, other->work_tail);
        assert_in_range(greedy->rx->work_head - before, 1, 64);
    }
    tcpd_world_run(w);
    assert_int_equal(p->got, 200);
}

static void
another_client_is_first_in_each_turn(void **state)
{
    struct tcpd_world *w = *state;
    uint32_t first = w->d->clients.first;

    for (uint32_t i = 1; i <= CLIENTS_MAX; i++) {
        tcpd_world_turn(w);
        assert_int_equal(w->d->clients.first, (first + i) % CLIENTS_MAX);
    }
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        WITH_WORLD(tail_that_jumps_costs_the_client),
        WITH_WORLD(tail_that_moves_back_costs_the_client),
        WITH_WORLD(entries_beyond_the_slots_reach_no_memory),
        WITH_WORLD(event_head_in_the_future_hurts_its_client_alone),
        WITH_WORLD(scribbling_client_hurts_itself_alone),
        WITH_WORLD(bytes_of_a_dead_client_still_go_out_and_then_fin),
        WITH_WORLD(dead_client_with_unread_bytes_resets),
        WITH_WORLD(dead_client_that_had_just_read_everything_ends_in_order),
        WITH_WORLD(listeners_of_a_dead_client_are_gone),
        WITH_WORLD(orphan_of_a_dead_client_is_given_up_when_the_peer_is_silent),
        WITH_WORLD(client_that_dies_after_a_long_silence_says_fin),
        WITH_WORLD(full_supervisor_socket_is_tried_again_without_spinning),
        WITH_WORLD(doorbell_bytes_are_taken_and_harmless),
        WITH_WORLD(client_that_floods_its_queue_delays_others_by_a_batch),
        WITH_WORLD(another_client_is_first_in_each_turn),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
