/* SPDX-License-Identifier: MIT */
/* Tests of settings, options and figures of sockets, asked for by requests. */
#include "tests/support/tcpd_ends.h"

#include "proto/shm/view.h"
#include "tcpd/options.h"
#include "tcpd/requests.h"

#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

static void
nodelay_is_set_and_read_back(void **state)
{
    struct tcpd_world *w = *state;
    struct end *e = end_attach(w, 0);
    struct api_request q = {.op = API_SETOPTION,
                            .slot = 1,
                            .level = API_LEVEL_TCP,
                            .name = API_TCP_NODELAY,
                            .value_len = sizeof(int32_t)};
    struct api_result r;
    int32_t on = 1;

    memcpy(q.value, &on, sizeof on);
    assert_int_equal(end_ask(e, q).error, -ENOTCONN);
    connect_to(e, 1, peer_new(w, 80));
    assert_int_equal(end_ask(e, q).error, 0);
    q.op = API_GETOPTION;
    r = end_ask(e, q);
    assert_int_equal(r.value_len, sizeof on);
    assert_memory_equal(r.value, &on, sizeof on);
    q.op = API_SETOPTION;
    q.value_len = 3;
    assert_int_equal(end_ask(e, q).error, -EINVAL);
    q.name = 99;
    assert_int_equal(end_ask(e, q).error, -ENOPROTOOPT);
}

/* A number set, or asked for. */
static struct api_request
option(enum api_op op, uint32_t slot, int32_t level, int32_t name,
       int32_t value)
{
    struct api_request q = {.op = op,
                            .slot = slot,
                            .level = level,
                            .name = name,
                            .value_len = sizeof value};

    memcpy(q.value, &value, sizeof value);
    return q;
}

static int32_t
number_asked(struct end *e, uint32_t slot, int32_t level, int32_t name)
{
    struct api_result r =
        end_ask(e, option(API_GETOPTION, slot, level, name, 0));
    int32_t value;

    assert_int_equal(r.error, 0);
    assert_int_equal(r.value_len, sizeof value);
    memcpy(&value, r.value, sizeof value);
    return value;
}

static void
every_option_is_set_and_read_back_on_connections_and_listeners(void **state)
{
    static const struct {
        int32_t level, name, value;
    } o[] = {
        {API_LEVEL_SOCKET, API_SO_KEEPALIVE, 1},
        {API_LEVEL_SOCKET, API_SO_SNDBUF, 300000},
        {API_LEVEL_SOCKET, API_SO_RCVBUF, 200000},
        {API_LEVEL_TCP, API_TCP_NODELAY, 1},
        {API_LEVEL_TCP, API_TCP_CORK, 1},
        {API_LEVEL_TCP, API_TCP_KEEPIDLE, 11},
        {API_LEVEL_TCP, API_TCP_KEEPINTVL, 12},
        {API_LEVEL_TCP, API_TCP_KEEPCNT, 13},
        {API_LEVEL_TCP, API_TCP_SYNCNT, 3},
        {API_LEVEL_TCP, API_TCP_LINGER2, 14},
        {API_LEVEL_TCP, API_TCP_QUICKACK, 1},
        {API_LEVEL_TCP, API_TCP_USER_TIMEOUT, 15000},
    };
    struct tcpd_world *w = *state;
    struct end *e = end_attach(w, 0);

    connect_to(e, 1, peer_new(w, 80));
    listen_at(e, 2, 70);
    for (uint32_t slot = 1; slot <= 2; slot++) {
        for (size_t i = 0; i < sizeof o / sizeof *o; i++) {
            struct api_request q =
                option(API_SETOPTION, slot, o[i].level, o[i].name, o[i].value);

            assert_int_equal(end_ask(e, q).error, 0);
            assert_int_equal(number_asked(e, slot, o[i].level, o[i].name),
                             o[i].value);
            q.value_len = 1;
            assert_int_equal(end_ask(e, q).error, -EINVAL);
        }
    }
    tcpd_world_run(w);
}

static void
segment_size_in_use_is_told_not_the_limit_on_it(void **state)
{
    struct tcpd_world *w = *state;
    struct end *e = end_attach(w, 0);

    listen_at(e, 2, 70);
    assert_int_equal(number_asked(e, 2, API_LEVEL_TCP, API_TCP_MAXSEG), 536);
    connect_to(e, 1, peer_new(w, 80));
    assert_int_equal(number_asked(e, 1, API_LEVEL_TCP, API_TCP_MAXSEG),
                     (int32_t)w->d->tcp->tcbs[0].snd_mss);
    assert_int_equal(w->d->tcp->tcbs[0].snd_mss, 1460);
}

/* An operation that brings settings along. */
static struct api_request
with_settings(enum api_op op, uint32_t slot, const struct api_settings *s)
{
    struct api_request q = {.op = op,
                            .slot = slot,
                            .port = 80,
                            .backlog = 4,
                            .value_len = sizeof *s};

    q.addr = addr_v4(TCPD_WORLD_REMOTE);
    memcpy(q.value, s, sizeof *s);
    return q;
}

static void
settings_of_connect_govern_the_connection(void **state)
{
    struct tcpd_world *w = *state;
    struct end *e = end_attach(w, 0);
    struct api_settings s = {.flags = API_SET_KEEPALIVE | UINT32_C(1) << 31,
                             .keep_idle_ms = 5000,
                             .send_buffer = 50000,
                             .receive_buffer = 60000};
    struct sock k;

    assert_int_equal(end_ask(e, with_settings(API_CONNECT, 1, &s)).error, 0);
    k = sock_at(e, 1, 0);
    assert_int_equal(w->d->tcp->tcbs[0].settings.flags, TCP_SET_KEEPALIVE);
    assert_int_equal(number_asked(e, 1, API_LEVEL_TCP, API_TCP_KEEPIDLE), 5);
    assert_int_equal(number_asked(e, 1, API_LEVEL_TCP, API_TCP_KEEPINTVL), 75);
    assert_int_equal(sock_view(&k).send_limit, k.write_base + 50000);
}

static void
settings_of_listen_are_inherited(void **state)
{
    struct tcpd_world *w = *state;
    struct end *e = end_attach(w, 0);
    struct api_settings s = {.flags = API_SET_NODELAY, .send_buffer = 50000};
    struct api_result r = end_ask(e, with_settings(API_LISTEN, 1, &s));
    struct sock k;

    assert_int_equal(r.error, 0);
    peer_connect(peer_new(w, 1000), r.port);
    k = sock_at(e, CLIENT_OWN, 0);
    assert_int_equal(
        number_asked(e, CLIENT_OWN, API_LEVEL_TCP, API_TCP_NODELAY), 1);
    assert_int_equal(sock_view(&k).send_limit, k.write_base + 50000);
    tcpd_world_run(w);
}

static void
bound_slot_keeps_what_it_was_set_to(void **state)
{
    struct tcpd_world *w = *state;
    struct end *e = end_attach(w, 0);

    assert_int_equal(end_op(e, API_BIND, 1, 4444).error, 0);
    assert_int_equal(
        end_ask(e, option(API_SETOPTION, 1, API_LEVEL_TCP, API_TCP_NODELAY, 1))
            .error,
        0);
    assert_int_equal(end_op(e, API_CONNECT, 1, 80).error, 0);
    assert_int_equal(number_asked(e, 1, API_LEVEL_TCP, API_TCP_NODELAY), 1);
}

static struct view_info
info_asked(struct end *e, uint32_t slot)
{
    struct api_result r = end_op(e, API_INFO, slot, 0);
    struct view_info v;

    assert_int_equal(r.error, 0);
    assert_int_equal(r.value_len, sizeof v);
    memcpy(&v, r.value, sizeof v);
    return v;
}

static void
info_shows_connections_listeners_and_free_slots(void **state)
{
    struct tcpd_world *w = *state;
    struct end *e = end_attach(w, 0);
    struct sock k = connect_to(e, 1, peer_new(w, 80));

    listen_at(e, 2, 70);
    sock_write(&k, 1234);
    tcpd_world_run(w);
    assert_int_equal(info_asked(e, 1).state, VIEW_ESTABLISHED);
    assert_int_equal(info_asked(e, 1).bytes_acked, 1234);
    assert_int_equal(info_asked(e, 2).state, VIEW_LISTEN);
    assert_int_equal(info_asked(e, 2).send_q, 4);
    assert_int_equal(info_asked(e, 3).state, VIEW_CLOSED);
    peer_connect(peer_new(w, 1000), 70);
    assert_int_equal(info_asked(e, CLIENT_OWN).state, VIEW_ESTABLISHED);
    assert_int_equal(info_asked(e, 2).recv_q, 1);
    assert_int_equal(end_op(e, API_INFO, CLIENT_SLOTS, 0).error, -EBADF);
}

static void
option_of_a_dead_connection_wakes_nobody(void **state)
{
    struct tcpd_world *w = *state;
    struct end *e = end_attach(w, 0);
    struct peer *p = peer_new(w, 80);
    struct api_request q = {.op = API_SETOPTION,
                            .slot = 1,
                            .level = API_LEVEL_TCP,
                            .name = API_TCP_NODELAY,
                            .value_len = sizeof(int32_t)};
    struct api_result r;

    connect_to(e, 1, p);
    peer_send(p, TCP_RST, 0);
    tcpd_world_run(w);
    memcpy(q.token, e->token, sizeof q.token);
    q.number = 2;
    q.acknowledged = 1;
    assert_int_equal(request_serve(&w->d->clients, &q, &r, w->now), DROP_NONE);
    assert_int_equal(r.error, 0);
    assert_false(tcp_wants_output(w->d->tcp));
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        WITH_WORLD(nodelay_is_set_and_read_back),
        WITH_WORLD(
            every_option_is_set_and_read_back_on_connections_and_listeners),
        WITH_WORLD(segment_size_in_use_is_told_not_the_limit_on_it),
        WITH_WORLD(settings_of_connect_govern_the_connection),
        WITH_WORLD(settings_of_listen_are_inherited),
        WITH_WORLD(bound_slot_keeps_what_it_was_set_to),
        WITH_WORLD(info_shows_connections_listeners_and_free_slots),
        WITH_WORLD(option_of_a_dead_connection_wakes_nobody),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
