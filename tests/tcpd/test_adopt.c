/* SPDX-License-Identifier: MIT */
/* Tests of how clients become known, to the tcpd that they attach to and to its
 * successor. */
#include "tests/support/tcpd_ends.h"

#include "base/check.h"
#include "base/os/sandbox.h"

#include <errno.h>
#include <fcntl.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cmocka.h>

static bool
open_still(int fd)
{
    return fcntl(fd, F_GETFD) >= 0;
}

/* A message with a copy of `fd`, which must not leak when it is refused. */
static bool
give(struct tcpd_world *w, const struct end *e, enum handover_kind kind, int fd)
{
    struct handover h = end_message(e, kind);
    int copy = dup(fd);
    bool ok = clients_adopt(&w->d->clients, &h, copy);

    assert_int_equal(open_still(copy), ok && kind == HANDOVER_CLIENT);
    return ok;
}

/* ---- attaching ---- */

static void
three_messages_make_a_client(void **state)
{
    struct tcpd_world *w = *state;
    struct end *e = end_attach(w, 63);

    assert_true(w->d->clients.client[63].used);
    assert_ptr_equal(clients_find(&w->d->clients, e->token),
                     &w->d->clients.client[63]);
    assert_int_equal(e->rx->epoch, 1);
    assert_false(tcpd_waiting(w->d));
    assert_int_equal(end_op(e, API_HELLO, 0, 0).error, 0);
}

static void
messages_in_another_order_make_none(void **state)
{
    struct tcpd_world *w = *state;
    struct end *e = end_attach(w, 0);
    struct end stranger = *e;

    stranger.number = 1;
    assert_false(give(w, &stranger, HANDOVER_CLIENT, e->kept));
    assert_false(give(w, &stranger, HANDOVER_CLIENT, -1));
    assert_false(w->d->clients.client[1].used);
    tcpd_world_run(w);
}

static void
client_without_both_regions_is_refused(void **state)
{
    struct tcpd_world *w = *state;
    struct end *e = end_attach(w, 0);

    end_die(e);
    tcpd_world_run(w);
    assert_false(w->d->clients.client[0].used);
    assert_true(give(w, e, HANDOVER_CLIENT_TX, e->tx_fd));
    assert_false(give(w, e, HANDOVER_CLIENT, e->kept));
    assert_true(give(w, e, HANDOVER_CLIENT_RX, e->rx_fd));
    assert_true(give(w, e, HANDOVER_CLIENT, e->kept));
}

static void
region_of_another_number_or_kind_is_refused(void **state)
{
    struct tcpd_world *w = *state;
    struct end *e = end_attach(w, 0);
    struct end stranger = *e;

    stranger.number = 1;
    assert_false(give(w, &stranger, HANDOVER_CLIENT_TX, e->tx_fd));
    end_die(e);
    tcpd_world_run(w);
    assert_false(give(w, e, HANDOVER_CLIENT_TX, e->rx_fd));
    assert_false(give(w, e, HANDOVER_REGION, e->tx_fd));
    assert_false(give(w, e, HANDOVER_CLIENT_GONE, e->tx_fd));
}

static void
region_that_is_too_small_is_refused(void **state)
{
    struct tcpd_world *w = *state;
    struct end e = {.w = w, .number = 5};
    int fd = region_create(REGION_CLIENT_TX(5), CLIENT_REGION_SIZE - 4096, 7);

    assert_false(give(w, &e, HANDOVER_CLIENT_TX, fd));
    assert_null(w->d->clients.client[5].tx_region.base);
    close(fd);
}

static void
number_that_is_in_use_or_too_high_is_refused(void **state)
{
    struct tcpd_world *w = *state;
    struct end *e = end_attach(w, 0);
    struct end high = *e;

    assert_false(give(w, e, HANDOVER_CLIENT_TX, e->tx_fd));
    assert_false(give(w, e, HANDOVER_CLIENT, e->kept));
    high.number = CLIENTS_MAX;
    assert_false(give(w, &high, HANDOVER_CLIENT_TX, e->tx_fd));
    high.number = UINT32_MAX;
    assert_false(give(w, &high, HANDOVER_CLIENT_TX, e->tx_fd));
    assert_int_equal(end_op(e, API_HELLO, 0, 0).error, 0);
}

/* The life of a client in a process of its own, which has the system calls of
 * tcpd: memory for the slots comes from brk. */
_Noreturn static void
live_in_the_sandbox(void)
{
    struct handover h = {.id = 9, .serial = 5};
    struct client *c;
    void *state;
    int tx, rx, pair[2];

    CHECK(tcpd_world_setup(&state) == 0); /* regions are not inherited */
    struct tcpd_world *w = state;

    c = &w->d->clients.client[9];
    tx = region_create(REGION_CLIENT_TX(9), CLIENT_REGION_SIZE, 7);
    rx = region_create(REGION_CLIENT_RX(9), CLIENT_REGION_SIZE, 7);
    CHECK(socketpair(AF_UNIX, SOCK_SEQPACKET, 0, pair) == 0);
    sandbox_drop_privileges();
    sandbox_enter(SANDBOX_STREAMS);
    h.kind = HANDOVER_CLIENT_TX;
    CHECK(clients_adopt(&w->d->clients, &h, tx));
    h.kind = HANDOVER_CLIENT_RX;
    CHECK(clients_adopt(&w->d->clients, &h, rx));
    h.kind = HANDOVER_CLIENT;
    CHECK(clients_adopt(&w->d->clients, &h, pair[1]));
    tcpd_world_run(w);
    CHECK(c->used);
    close(pair[0]);
    clients_connection(&w->d->clients, 9);
    tcpd_world_run(w);
    CHECK(!c->used);
    _exit(0);
}

static void
client_attaches_and_leaves_inside_the_sandbox(void **state)
{
    pid_t pid = fork();
    int status;

    (void)state;
    if (pid == 0)
        live_in_the_sandbox();
    assert_int_equal(waitpid(pid, &status, 0), pid);
    assert_int_equal(status, 0);
}

static void
next_client_of_a_number_inherits_nothing(void **state)
{
    struct tcpd_world *w = *state;
    struct end *e = end_attach(w, 2);
    struct peer *p = peer_new(w, 80);
    struct sock k = connect_to(e, 40, p), free = {.slot = 7};

    sock_write(&k, 10);
    tcpd_world_run(w);
    end_die(e);
    tcpd_world_run(w);
    tcpd_world_hear(w);
    e = end_attach(w, 2);
    connect_to(e, 41, peer_new(w, 81));
    tcpd_world_restart(w);
    k = sock_at(e, 41, 0);
    assert_int_equal(sock_view(&k).state, SLOT_DEAD);
    free.e = e;
    for (free.slot = 0; free.slot < 41; free.slot++) {
        assert_int_equal(sock_view(&free).state, SLOT_FREE);
        assert_int_equal(sock_view(&free).generation, 0);
    }
    assert_int_equal(w->d->clients.client[2].next_request, 2);
}

/* ---- a successor ---- */

static void
lost_connection_is_dead_at_once_and_freed_by_close(void **state)
{
    struct tcpd_world *w = *state;
    struct end *e = end_attach(w, 0);
    struct peer *p = peer_new(w, 80), *next = peer_new(w, 81);
    struct sock k = connect_to(e, 1, p), again;

    sock_write(&k, 100000);
    peer_send(p, TCP_ACK, 1000);
    tcpd_world_run(w);
    sock_write(&k, 500000); /* and nobody takes it */
    end_events(e, 1);
    client_flag_store(&e->tx->sleeping, 1);
    tcpd_world_restart(w);
    assert_int_equal(e->rx->epoch, 2);
    assert_int_equal(sock_view(&k).generation, k.generation);
    assert_int_equal(sock_view(&k).state, SLOT_DEAD);
    assert_int_equal(sock_view(&k).error, ECONNRESET);
    assert_int_equal(sock_view(&k).flags, SLOT_RESET | SLOT_NO_SEND);
    assert_int_equal(sock_view(&k).send_limit, sock_view(&k).freed);
    assert_int_equal(sock_view(&k).read_limit, k.read_base + 1000);
    assert_int_equal(end_events(e, 1), 1);
    assert_int_equal(end_rung(e), 1);

    sock_tell(&k, CLIENT_CLOSE);
    tcpd_world_run(w);
    assert_int_equal(sock_view(&k).state, SLOT_FREE);
    assert_int_equal(sock_view(&k).generation, k.generation + 1);
    again = connect_to(e, 1, next);
    assert_true(again.write_base >= k.write_base + k.written);
    assert_true(again.read_base >= k.read_base + 1000);
    end_work(e, 1);
    tcpd_world_run(w);
    assert_int_equal(next->got, 0);
    sock_write(&again, 100);
    tcpd_world_run(w);
    assert_int_equal(next->got, 100);
}

/* It may wait for the answer to a request. */
static void
client_without_sockets_hears_of_the_successor_too(void **state)
{
    struct tcpd_world *w = *state;
    struct end *e = end_attach(w, 0);

    end_rung(e);
    client_flag_store(&e->tx->sleeping, 1);
    tcpd_world_restart(w);
    assert_int_equal(e->rx->epoch, 2);
    assert_int_equal(end_rung(e), 1);
}

static void
lost_slot_stays_lost_over_many_deaths(void **state)
{
    struct tcpd_world *w = *state;
    struct end *e = end_attach(w, 0);
    struct sock k = connect_to(e, 1, peer_new(w, 80)), l = listen_at(e, 2, 70);

    for (int i = 0; i < 4; i++) {
        tcpd_world_restart(w);
        tcpd_world_run(w);
        connect_to(e, (uint32_t)(3 + i), peer_new(w, (uint16_t)(90 + i)));
        assert_int_equal(sock_view(&k).state, SLOT_DEAD);
        assert_int_equal(sock_view(&l).state, SLOT_DEAD);
    }
    sock_tell(&k, CLIENT_CLOSE);
    sock_tell(&l, CLIENT_CLOSE);
    tcpd_world_run(w);
    assert_int_equal(sock_view(&k).state, SLOT_FREE);
    assert_int_equal(sock_view(&l).state, SLOT_FREE);
}

/* The entry that said so was taken by the predecessor. */
static void
slot_closed_before_the_death_is_freed(void **state)
{
    struct tcpd_world *w = *state;
    struct end *e = end_attach(w, 0);
    struct peer *p = peer_new(w, 80);
    struct sock k = connect_to(e, 1, p);

    p->silent = true;
    sock_write(&k, 1000);
    sock_tell(&k, CLIENT_CLOSE);
    tcpd_world_run(w);
    assert_int_equal(sock_view(&k).state, SLOT_OPEN);
    tcpd_world_restart(w);
    tcpd_world_run(w);
    assert_int_equal(sock_view(&k).state, SLOT_FREE);
    assert_int_equal(sock_view(&k).generation, k.generation + 1);
    assert_int_equal(w->d->clients.client[0].attached, 0);
}

/* Committed as free, and its client not told. */
static void
slot_freed_in_an_unpublished_turn_is_shown_free(void **state)
{
    struct tcpd_world *w = *state;
    struct end *e = end_attach(w, 0);
    struct sock k = connect_to(e, 1, peer_new(w, 80));
    struct sock own = listen_at(e, 2, 70);

    end_events(e, 1);
    sock_tell(&k, CLIENT_CLOSE | CLIENT_ABORT);
    sock_tell(&own, CLIENT_CLOSE);
    tcpd_world_turn_and_kill(w, CUT_BEFORE_PUBLISH);
    assert_int_equal(sock_view(&k).state, SLOT_FREE);
    assert_int_equal(sock_view(&k).generation, k.generation + 1);
    assert_int_equal(sock_view(&own).state, SLOT_FREE);
    assert_int_equal(sock_view(&own).generation, own.generation + 1);
    assert_int_equal(end_events(e, 1), 1);
}

static void
work_of_an_uncommitted_turn_is_done_by_the_successor(void **state)
{
    struct tcpd_world *w = *state;
    struct end *e = end_attach(w, 0);
    struct sock l = listen_at(e, 2, 70);

    sock_tell(&l, CLIENT_CLOSE);
    tcpd_world_turn_and_kill(w, CUT_BEFORE_COMMIT);
    assert_int_equal(sock_view(&l).state, SLOT_DEAD);
    tcpd_world_run(w);
    assert_int_equal(sock_view(&l).state, SLOT_FREE);
    assert_int_equal(e->rx->work_head, e->work_tail);
}

static void
given_slots_are_given_again_by_the_successor(void **state)
{
    struct tcpd_world *w = *state;
    struct end *e = end_attach(w, 0);
    struct sock k, l = listen_at(e, 2, 70);

    peer_connect(peer_new(w, 1000), 70);
    peer_connect(peer_new(w, 1001), 70);
    k = sock_at(e, CLIENT_OWN, 0);
    sock_tell(&k, CLIENT_CLOSE | CLIENT_ABORT);
    tcpd_world_run(w);
    tcpd_world_restart(w);
    sock_tell(&l, CLIENT_CLOSE);
    tcpd_world_run(w);
    listen_at(e, 3, 70);
    peer_connect(peer_new(w, 1002), 70);
    peer_connect(peer_new(w, 1003), 70);
    k = sock_at(e, CLIENT_OWN, 0);
    assert_int_equal(sock_view(&k).state, SLOT_QUEUED);
    assert_int_equal(k.generation, 1);
    k = sock_at(e, CLIENT_OWN + 1, 0);
    assert_int_equal(sock_view(&k).state, SLOT_DEAD);
    k = sock_at(e, CLIENT_OWN + 2, 0);
    assert_int_equal(sock_view(&k).state, SLOT_QUEUED);
}

static void
client_that_died_while_nobody_ran_is_forgotten(void **state)
{
    struct tcpd_world *w = *state;
    struct end *e = end_attach(w, 0);

    connect_to(e, 1, peer_new(w, 80));
    listen_at(e, 2, 70);
    close(e->connection);
    e->connection = -1;
    tcpd_world_restart(w);
    clients_connection(&w->d->clients, 0);
    tcpd_world_run(w);
    tcpd_world_hear(w);
    assert_int_equal(w->forgotten, 1);
    assert_false(w->d->clients.client[0].used);
}

static void
forgotten_client_stays_forgotten(void **state)
{
    struct tcpd_world *w = *state;
    struct end *e = end_attach(w, 0);

    connect_to(e, 1, peer_new(w, 80));
    end_die(e);
    tcpd_world_run(w);
    tcpd_world_hear(w);
    tcpd_world_restart(w);
    tcpd_world_run(w);
    assert_false(w->d->clients.client[0].used);
    e = end_attach(w, 0);
    assert_int_equal(e->rx->slot[1].status, 0);
    assert_int_equal(end_op(e, API_HELLO, 0, 0).error, 0);
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        WITH_WORLD(three_messages_make_a_client),
        WITH_WORLD(messages_in_another_order_make_none),
        WITH_WORLD(client_without_both_regions_is_refused),
        WITH_WORLD(region_of_another_number_or_kind_is_refused),
        WITH_WORLD(region_that_is_too_small_is_refused),
        WITH_WORLD(number_that_is_in_use_or_too_high_is_refused),
        WITH_WORLD(client_attaches_and_leaves_inside_the_sandbox),
        WITH_WORLD(next_client_of_a_number_inherits_nothing),
        WITH_WORLD(lost_connection_is_dead_at_once_and_freed_by_close),
        WITH_WORLD(client_without_sockets_hears_of_the_successor_too),
        WITH_WORLD(lost_slot_stays_lost_over_many_deaths),
        WITH_WORLD(slot_closed_before_the_death_is_freed),
        WITH_WORLD(slot_freed_in_an_unpublished_turn_is_shown_free),
        WITH_WORLD(work_of_an_uncommitted_turn_is_done_by_the_successor),
        WITH_WORLD(given_slots_are_given_again_by_the_successor),
        WITH_WORLD(client_that_died_while_nobody_ran_is_forgotten),
        WITH_WORLD(forgotten_client_stays_forgotten),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
