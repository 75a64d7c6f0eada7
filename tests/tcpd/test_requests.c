/* SPDX-License-Identifier: MIT */
/* Tests of requests: executed once and in order, answered as often as asked. */
#include "tests/support/tcpd_ends.h"

#include "tcpd/requests.h"

#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

/* ---- numbers ---- */

static struct api_request
numbered(const struct end *e, uint64_t number)
{
    struct api_request q = {.op = API_HELLO,
                            .number = number,
                            .acknowledged = number - 1,
                            .route = 1000 + number};

    memcpy(q.token, e->token, sizeof q.token);
    return q;
}

static enum drop
serve(struct end *e, const struct api_request *q, struct api_result *r)
{
    return request_serve(&e->w->d->clients, q, r, e->w->now);
}

static void
request_sent_again_is_answered_from_what_is_stored(void **state)
{
    struct tcpd_world *w = *state;
    struct end *e = end_attach(w, 0);
    struct api_request q = numbered(e, 1);
    struct api_result first, again;

    q.op = API_CONNECT;
    q.slot = 3;
    q.port = 80;
    q.addr = addr_v4(TCPD_WORLD_REMOTE);
    tcpd_world_ask(w, &q);
    tcpd_world_run(w);
    assert_true(tcpd_world_answer(w, &first));
    q.route = 5;
    tcpd_world_ask(w, &q);
    tcpd_world_ask(w, &q);
    tcpd_world_run(w);
    assert_true(tcpd_world_answer(w, &again));
    assert_int_equal(again.route, 5);
    assert_int_equal(again.error, first.error);
    assert_int_equal(again.port, first.port);
    assert_true(tcpd_world_answer(w, &again));
    assert_int_equal(w->d->tcp->stats.active_opens, 1);
    assert_int_equal(w->d->clients.client[0].attached, 1);
}

static void
request_sent_twice_in_a_turn_is_executed_once(void **state)
{
    struct tcpd_world *w = *state;
    struct end *e = end_attach(w, 0);
    struct api_request q = numbered(e, 1);
    struct api_result r;

    q.op = API_BIND;
    q.addr = addr_any_v4();
    tcpd_world_ask(w, &q);
    tcpd_world_ask(w, &q);
    tcpd_world_turn(w);
    assert_true(tcpd_world_answer(w, &r));
    assert_int_equal(r.error, 0);
    assert_true(tcpd_world_answer(w, &r));
    assert_int_equal(r.error, 0); /* else EINVAL */
    assert_int_equal(r.next, 2);
}

static void
stored_result_outlives_the_process(void **state)
{
    struct tcpd_world *w = *state;
    struct end *e = end_attach(w, 0);
    struct api_request q = numbered(e, 1);
    struct api_result r;

    q.op = API_LISTEN;
    q.slot = CLIENT_OWN; /* not its own: an error is a result too */
    tcpd_world_ask(w, &q);
    tcpd_world_run(w);
    assert_true(tcpd_world_answer(w, &r));
    assert_int_equal(r.error, -EBADF);
    tcpd_world_restart(w);
    tcpd_world_ask(w, &q);
    tcpd_world_run(w);
    assert_true(tcpd_world_answer(w, &r));
    assert_int_equal(r.number, 1);
    assert_int_equal(r.error, -EBADF);
    e->requests = 1;
    assert_int_equal(end_op(e, API_HELLO, 0, 0).next, 3);
}

static void
gap_is_dropped_and_starts_nothing(void **state)
{
    struct end *e = end_attach(*state, 0);
    struct api_request q = numbered(e, 2);
    struct api_result r;

    assert_int_equal(serve(e, &q, &r), DROP_API_GAP);
    q.number = UINT64_MAX;
    assert_int_equal(serve(e, &q, &r), DROP_API_GAP);
    q = numbered(e, 1);
    assert_int_equal(serve(e, &q, &r), DROP_NONE);
    q = numbered(e, 2);
    assert_int_equal(serve(e, &q, &r), DROP_NONE);
}

static void
number_that_never_was_is_no_duplicate(void **state)
{
    struct end *e = end_attach(*state, 0);
    struct api_request q = numbered(e, 0);
    struct api_result r;

    q.acknowledged = 0;
    assert_int_equal(serve(e, &q, &r), DROP_API_DUPLICATE);
}

static void
result_beyond_the_window_is_forgotten(void **state)
{
    struct tcpd_world *w = *state;
    struct end *e = end_attach(w, 0);
    struct api_request q;
    struct api_result r;

    for (int i = 0; i < REQUEST_WINDOW + 1; i++)
        end_op(e, API_HELLO, 0, 0);
    q = numbered(e, 1);
    assert_int_equal(serve(e, &q, &r), DROP_API_DUPLICATE);
    q = numbered(e, 2);
    assert_int_equal(serve(e, &q, &r), DROP_NONE);
}

static void
more_outstanding_than_are_kept_is_dropped(void **state)
{
    struct tcpd_world *w = *state;
    struct end *e = end_attach(w, 0);
    struct api_request q;
    struct api_result r;

    for (int i = 0; i < REQUEST_WINDOW; i++)
        end_op(e, API_HELLO, 0, 0);
    q = numbered(e, REQUEST_WINDOW + 1);
    q.acknowledged = 0;
    assert_int_equal(serve(e, &q, &r), DROP_API_WINDOW);
    q.acknowledged = 1;
    assert_int_equal(serve(e, &q, &r), DROP_NONE);
}

static void
acknowledging_the_future_is_dropped(void **state)
{
    struct end *e = end_attach(*state, 0);
    struct api_request q = numbered(e, 1);
    struct api_result r;

    q.acknowledged = 1;
    assert_int_equal(serve(e, &q, &r), DROP_API_WINDOW);
    q.acknowledged = UINT64_MAX;
    assert_int_equal(serve(e, &q, &r), DROP_API_WINDOW);
}

static void
token_of_nobody_is_dropped(void **state)
{
    struct tcpd_world *w = *state;
    struct end *e = end_attach(w, 0);
    struct api_request q = numbered(e, 1);
    struct api_result r;

    q.token[15] ^= 1;
    assert_int_equal(serve(e, &q, &r), DROP_API_BAD_TOKEN);
    memset(q.token, 0, sizeof q.token); /* as places without client have */
    assert_int_equal(serve(e, &q, &r), DROP_API_BAD_TOKEN);
    q = numbered(e, 1);
    connect_to(e, 1, peer_new(w, 80));
    end_die(e);
    tcpd_world_turn(w);
    assert_int_equal(serve(e, &q, &r), DROP_API_BAD_TOKEN);
}

static void
clients_have_numbers_and_slots_of_their_own(void **state)
{
    struct tcpd_world *w = *state;
    struct end *a = end_attach(w, 0), *b = end_attach(w, 1);

    for (uint16_t i = 0; i < 5; i++) {
        assert_int_equal(end_op(a, API_BIND, i, (uint16_t)(70 + i)).error, 0);
        assert_int_equal(end_op(b, API_BIND, i, (uint16_t)(70 + i)).error,
                         -EADDRINUSE);
        assert_int_equal(end_op(b, API_BIND, i, (uint16_t)(80 + i)).error, 0);
    }
    assert_int_equal(w->d->clients.client[0].next_request, 6);
    assert_int_equal(w->d->clients.client[1].next_request, 11);
}

/* ---- operations ---- */

static void
bind_and_listen_tell_the_address(void **state)
{
    struct tcpd_world *w = *state;
    struct end *e = end_attach(w, 0);
    struct api_result r = end_op(e, API_BIND, 1, 0);
    struct sock k = {.e = e, .slot = 1};

    assert_int_equal(r.error, 0);
    assert_in_range(r.port, TCP_PORT_FIRST, TCP_PORT_LAST);
    assert_true(addr_is_any(r.addr));
    assert_int_equal(sock_view(&k).state, SLOT_BOUND);
    assert_int_equal(e->rx->slot[1].local_port, r.port);
    assert_int_equal(end_op(e, API_LISTEN, 1, 0).port, r.port);
    assert_int_equal(sock_view(&k).state, SLOT_LISTEN);
    assert_int_equal(end_op(e, API_LISTEN, 1, 0).error, 0);
    assert_int_equal(w->d->clients.client[0].attached, 1);
}

static void
listen_without_bind_chooses_a_port(void **state)
{
    struct end *e = end_attach(*state, 0);
    struct api_result r = end_op(e, API_LISTEN, 1, 0);

    assert_int_equal(r.error, 0);
    assert_in_range(r.port, TCP_PORT_FIRST, TCP_PORT_LAST);
}

static void
connect_from_a_bound_slot_keeps_its_port(void **state)
{
    struct tcpd_world *w = *state;
    struct end *e = end_attach(w, 0);

    assert_int_equal(end_op(e, API_BIND, 1, 4444).error, 0);
    assert_int_equal(end_op(e, API_CONNECT, 1, 80).port, 4444);
    assert_int_equal(w->d->clients.client[0].attached, 1);
    assert_int_equal(end_op(e, API_CONNECT, 1, 80).error, -EISCONN);
    assert_int_equal(end_op(e, API_BIND, 1, 0).error, -EINVAL);
    assert_int_equal(end_op(e, API_LISTEN, 1, 0).error, -EINVAL);
}

static void
failed_connect_leaves_the_slot_as_it_was(void **state)
{
    struct tcpd_world *w = *state;
    struct end *e = end_attach(w, 0);
    struct sock k = {.e = e, .slot = 1};

    assert_int_equal(end_op(e, API_CONNECT, 1, 0).error, -EINVAL);
    assert_int_equal(sock_view(&k).state, SLOT_FREE);
    assert_int_equal(end_op(e, API_LISTEN, 1, 0).error, 0);
    assert_int_equal(end_op(e, API_CONNECT, 1, 80).error, -EINVAL);
    assert_int_equal(sock_view(&k).state, SLOT_LISTEN);
    assert_int_equal(w->d->clients.client[0].attached, 1);
}

static void
one_uid_leaves_listeners_for_others(void **state)
{
    struct tcpd_world *w = *state;
    struct end *greedy = end_attach(w, 0), *other = end_attach(w, 1);

    w->d->clients.client[1].uid = w->d->clients.client[0].uid + 1;
    for (uint32_t i = 0; i < UID_LISTENERS; i++)
        assert_int_equal(end_op(greedy, API_LISTEN, i, 0).error, 0);
    assert_int_equal(end_op(greedy, API_LISTEN, UID_LISTENERS, 0).error,
                     -ENOBUFS);
    assert_int_equal(end_op(other, API_LISTEN, 1, 0).error, 0);
    end_die(greedy);
    tcpd_world_run(w);
    assert_int_equal(end_op(other, API_LISTEN, 2, 0).error, 0);
}

static void
connecting_from_a_bound_slot_gives_its_share_of_listeners_back(void **state)
{
    struct tcpd_world *w = *state;
    struct end *e = end_attach(w, 0);
    struct api_request q = {.op = API_CONNECT, .slot = 1, .port = 80};

    end_op(e, API_BIND, 1, 0);
    assert_int_equal(w->d->clients.client[0].listeners, 1);
    q.addr = addr_v4(0x0a070001);
    assert_int_equal(end_ask(e, q).error, 0);
    assert_int_equal(w->d->clients.client[0].listeners, 0);
    assert_int_equal(w->d->clients.client[0].attached, 1);
}

static void
slots_that_are_not_its_own_are_refused(void **state)
{
    struct end *e = end_attach(*state, 0);
    static const uint32_t wrong[] = {CLIENT_OWN, CLIENT_SLOTS, UINT32_MAX};

    for (int i = 0; i < 3; i++) {
        assert_int_equal(end_op(e, API_BIND, wrong[i], 0).error, -EBADF);
        assert_int_equal(end_op(e, API_LISTEN, wrong[i], 0).error, -EBADF);
        assert_int_equal(end_op(e, API_CONNECT, wrong[i], 80).error, -EBADF);
    }
    assert_int_equal(end_op(e, API_GETOPTION, CLIENT_SLOTS, 0).error, -EBADF);
    assert_int_equal(end_op(e, API_OPS, 1, 0).error, -EOPNOTSUPP);
    assert_int_equal(end_op(e, (enum api_op)UINT32_MAX, 1, 0).error,
                     -EOPNOTSUPP);
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        WITH_WORLD(request_sent_again_is_answered_from_what_is_stored),
        WITH_WORLD(request_sent_twice_in_a_turn_is_executed_once),
        WITH_WORLD(stored_result_outlives_the_process),
        WITH_WORLD(gap_is_dropped_and_starts_nothing),
        WITH_WORLD(number_that_never_was_is_no_duplicate),
        WITH_WORLD(result_beyond_the_window_is_forgotten),
        WITH_WORLD(more_outstanding_than_are_kept_is_dropped),
        WITH_WORLD(acknowledging_the_future_is_dropped),
        WITH_WORLD(token_of_nobody_is_dropped),
        WITH_WORLD(clients_have_numbers_and_slots_of_their_own),
        WITH_WORLD(bind_and_listen_tell_the_address),
        WITH_WORLD(listen_without_bind_chooses_a_port),
        WITH_WORLD(connect_from_a_bound_slot_keeps_its_port),
        WITH_WORLD(failed_connect_leaves_the_slot_as_it_was),
        WITH_WORLD(one_uid_leaves_listeners_for_others),
        WITH_WORLD(
            connecting_from_a_bound_slot_gives_its_share_of_listeners_back),
        WITH_WORLD(slots_that_are_not_its_own_are_refused),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
