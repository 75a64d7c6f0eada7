/* SPDX-License-Identifier: MIT */
/* Tests of the ROUTER on the supervisor's listening socket, with real DEALERs. */
#include "tcpd/api/server.h"

#include "client.pb-c.h"
#include "proto/shm/layout.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>
#include <zmq.h>

#include <cmocka.h>

#define PATIENCE 2000 /* ms, for what must come */

struct desk {
    char dir[64], path[96], endpoint[128];
    int fd;
    struct server *server;
    void *context; /* of the clients */
};

static int
open_desk(void **state)
{
    static struct desk d;
    struct sockaddr_un at = {.sun_family = AF_UNIX};

    d = (struct desk){.dir = "/tmp/test-server-XXXXXX"};
    assert_non_null(mkdtemp(d.dir));
    snprintf(d.path, sizeof d.path, "%s/tcpd", d.dir);
    snprintf(d.endpoint, sizeof d.endpoint, "ipc://%s", d.path);
    memcpy(at.sun_path, d.path, strlen(d.path) + 1);
    d.fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
    assert_true(d.fd >= 0);
    assert_int_equal(bind(d.fd, (struct sockaddr *)&at, sizeof at), 0);
    assert_int_equal(listen(d.fd, 16), 0);
    d.server = server_open(dup(d.fd), 1);
    d.context = zmq_ctx_new();
    *state = &d;
    return 0;
}

/* A server is never closed: its process ends. Here its socket must go. */
static void
kill_server(struct desk *d)
{
    zmq_close(server_socket(d->server));
    free(d->server);
    d->server = NULL;
}

static int
close_desk(void **state)
{
    struct desk *d = *state;

    kill_server(d);
    zmq_ctx_term(d->context);
    close(d->fd);
    unlink(d->path);
    rmdir(d->dir);
    return 0;
}

static void *
dealer(struct desk *d)
{
    void *s = zmq_socket(d->context, ZMQ_DEALER);
    int zero = 0, patience = PATIENCE, often = 1;

    assert_non_null(s);
    zmq_setsockopt(s, ZMQ_LINGER, &zero, sizeof zero);
    zmq_setsockopt(s, ZMQ_RCVTIMEO, &patience, sizeof patience);
    zmq_setsockopt(s, ZMQ_RECONNECT_IVL, &often, sizeof often);
    assert_int_equal(zmq_connect(s, d->endpoint), 0);
    return s;
}

static size_t
hello(uint8_t bytes[256], uint64_t number)
{
    static uint8_t token[TOKEN_SIZE] = {1};
    Skink__Api__Request m;
    Skink__Api__Hello h;

    skink__api__request__init(&m);
    skink__api__hello__init(&h);
    h.abi = SHM_ABI;
    m.token = (ProtobufCBinaryData){sizeof token, token};
    m.number = number;
    m.op_case = SKINK__API__REQUEST__OP_HELLO;
    m.hello = &h;
    return skink__api__request__pack(&m, bytes);
}

static void
say_hello(void *dealer_, uint64_t number)
{
    uint8_t bytes[256];
    size_t len = hello(bytes, number);

    assert_int_equal(zmq_send(dealer_, bytes, len, 0), (int)len);
}

/* The next message, waited for. */
static enum drop
receive(struct desk *d, struct api_request *q)
{
    zmq_pollitem_t item = {.socket = server_socket(d->server),
                           .events = ZMQ_POLLIN};
    enum drop why = DROP_NONE;

    assert_int_equal(zmq_poll(&item, 1, PATIENCE), 1);
    assert_true(server_receive(d->server, q, &why));
    return why;
}

/* As a client does after its server died: what it sends into the old connection
 * is lost, so it sends again until it is heard. */
static void
say_hello_until_heard(struct desk *d, void *dealer_, uint64_t number,
                      struct api_request *q)
{
    zmq_pollitem_t item = {.socket = server_socket(d->server),
                           .events = ZMQ_POLLIN};
    enum drop why;

    for (int waited = 0; waited < PATIENCE; waited += 20) {
        say_hello(dealer_, number);
        if (zmq_poll(&item, 1, 20) == 1 && server_receive(d->server, q, &why) &&
            why == DROP_NONE)
            return;
    }
    fail_msg("the successor hears nothing");
}

static uint64_t
number_of(void *dealer_)
{
    uint8_t bytes[API_MESSAGE_MAX];
    int len = zmq_recv(dealer_, bytes, sizeof bytes, 0);
    Skink__Api__Result *m;
    uint64_t number;

    assert_true(len > 0);
    m = skink__api__result__unpack(NULL, (size_t)len, bytes);
    assert_non_null(m);
    number = m->number;
    skink__api__result__free_unpacked(m, NULL);
    return number;
}

static void
result_goes_the_way_its_request_came(void **state)
{
    struct desk *d = *state;
    void *a = dealer(d), *b = dealer(d);
    struct api_request qa, qb;
    struct api_result r = {.number = 0};

    say_hello(a, 11);
    assert_int_equal(receive(d, &qa), DROP_NONE);
    say_hello(b, 22);
    assert_int_equal(receive(d, &qb), DROP_NONE);
    assert_int_equal(qa.number, 11);
    assert_int_equal(qb.number, 22);
    assert_int_not_equal(qa.route, qb.route);
    r.route = qb.route;
    r.number = 22;
    assert_true(server_send(d->server, &r));
    r.route = qa.route;
    r.number = 11;
    assert_true(server_send(d->server, &r));
    assert_int_equal(number_of(a), 11);
    assert_int_equal(number_of(b), 22);
    zmq_close(a);
    zmq_close(b);
}

static void
nothing_there_is_no_message(void **state)
{
    struct desk *d = *state;
    struct api_request q;
    enum drop why;

    assert_false(server_receive(d->server, &q, &why));
}

static void
message_that_is_no_request_is_refused(void **state)
{
    struct desk *d = *state;
    void *a = dealer(d);
    struct api_request q;

    zmq_send(a, "\xff\xff\xff", 3, 0);
    assert_int_equal(receive(d, &q), DROP_API_BAD_REQUEST);
    zmq_send(a, "", 0, 0);
    assert_int_equal(receive(d, &q), DROP_API_BAD_REQUEST);
    say_hello(a, 1);
    assert_int_equal(receive(d, &q), DROP_NONE);
    zmq_close(a);
}

static void
message_of_many_parts_is_read_to_its_end_and_refused(void **state)
{
    struct desk *d = *state;
    void *a = dealer(d);
    struct api_request q;
    uint8_t bytes[256];
    size_t len = hello(bytes, 1);

    zmq_send(a, bytes, len, ZMQ_SNDMORE);
    for (int i = 0; i < 50; i++)
        zmq_send(a, bytes, len, ZMQ_SNDMORE);
    zmq_send(a, bytes, len, 0);
    assert_int_equal(receive(d, &q), DROP_API_BAD_REQUEST);
    say_hello(a, 2);
    assert_int_equal(receive(d, &q), DROP_NONE);
    assert_int_equal(q.number, 2);
    zmq_close(a);
}

static void
oversized_message_costs_its_sender_the_connection(void **state)
{
    static uint8_t big[API_MESSAGE_MAX + 1];
    struct desk *d = *state;
    void *a = dealer(d), *b = dealer(d);
    struct api_request q;

    zmq_send(a, big, sizeof big, 0);
    say_hello(b, 3);
    assert_int_equal(receive(d, &q), DROP_NONE);
    assert_int_equal(q.number, 3);
    zmq_close(a);
    zmq_close(b);
}

static void
result_for_one_that_is_gone_is_told(void **state)
{
    struct desk *d = *state;
    void *a = dealer(d), *b;
    struct api_request q;
    struct api_result r = {.number = 1};

    say_hello(a, 1);
    assert_int_equal(receive(d, &q), DROP_NONE);
    r.route = q.route;
    zmq_close(a);
    /* libzmq hears of it in its own time: before it hears of who comes now,
     * or a little later. */
    for (uint64_t n = 2; server_send(d->server, &r); n++) {
        assert_true(n < 1000);
        b = dealer(d);
        say_hello(b, n);
        assert_int_equal(receive(d, &q), DROP_NONE);
        zmq_close(b);
    }
}

static void
route_that_never_was_leads_nowhere(void **state)
{
    struct desk *d = *state;
    void *a = dealer(d);
    struct api_request q;
    struct api_result r = {.route = 0};

    assert_false(server_send(d->server, &r));
    say_hello(a, 1);
    assert_int_equal(receive(d, &q), DROP_NONE);
    for (uint64_t wrong = 0; wrong < 3; wrong++) {
        static const uint64_t off[] = {4096, UINT64_C(1) << 40, 1};

        r.route = q.route + off[wrong];
        assert_false(server_send(d->server, &r));
        r.route = q.route - off[wrong];
        assert_false(server_send(d->server, &r));
    }
    zmq_close(a);
}

static void
oldest_route_is_forgotten_after_4096_requests(void **state)
{
    struct desk *d = *state;
    void *a = dealer(d), *b = dealer(d);
    struct api_request first, q;
    struct api_result r = {.number = 1};

    say_hello(a, 1);
    assert_int_equal(receive(d, &first), DROP_NONE);
    for (uint64_t i = 2; i <= 4096; i++) {
        say_hello(a, i);
        assert_int_equal(receive(d, &q), DROP_NONE);
    }
    r.route = first.route;
    assert_true(server_send(d->server, &r));
    zmq_send(b, "?", 1, 0); /* no request, but its sender's name was read */
    assert_int_equal(receive(d, &q), DROP_API_BAD_REQUEST);
    assert_false(server_send(d->server, &r));
    zmq_close(a);
    zmq_close(b);
}

/* The next apid serves the same listening socket, and takes no route of its
 * predecessor for its own. */
static void
successor_hears_the_same_clients(void **state)
{
    struct desk *d = *state;
    void *a = dealer(d);
    struct api_request q;
    struct api_result r = {.number = 1};

    say_hello(a, 1);
    assert_int_equal(receive(d, &q), DROP_NONE);
    r.route = q.route;
    kill_server(d);
    d->server = server_open(dup(d->fd), 2);
    assert_false(server_send(d->server, &r));
    say_hello_until_heard(d, a, 2, &q);
    assert_false(server_send(d->server, &r));
    r.route = q.route;
    assert_true(server_send(d->server, &r));
    assert_int_equal(number_of(a), 1);
    zmq_close(a);
}

#define WITH_DESK(test)                                                        \
    cmocka_unit_test_setup_teardown(test, open_desk, close_desk)

int
main(void)
{
    const struct CMUnitTest tests[] = {
        WITH_DESK(result_goes_the_way_its_request_came),
        WITH_DESK(nothing_there_is_no_message),
        WITH_DESK(message_that_is_no_request_is_refused),
        WITH_DESK(message_of_many_parts_is_read_to_its_end_and_refused),
        WITH_DESK(oversized_message_costs_its_sender_the_connection),
        WITH_DESK(result_for_one_that_is_gone_is_told),
        WITH_DESK(route_that_never_was_leads_nowhere),
        WITH_DESK(oldest_route_is_forgotten_after_4096_requests),
        WITH_DESK(successor_hears_the_same_clients),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
