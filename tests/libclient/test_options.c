/* SPDX-License-Identifier: MIT */
/* Socket options: what is kept, what tcpd is told and when, what is inherited,
 * and what is refused. */
#include "tests/libclient/apid.h"

#include <netinet/tcp.h>
#include <sys/time.h>

#define GIVEN CLIENT_OWN /* the first slot that tcpd gives */

static int
set(struct fake *f, int h, int level, int name, int value)
{
    return skink_setsockopt(f->s, h, level, name, &value, sizeof value);
}

static int
get(struct fake *f, int h, int level, int name)
{
    int value = -12345;
    socklen_t len = sizeof value;
    int rc = skink_getsockopt(f->s, h, level, name, &value, &len);

    return rc == 0 ? value : rc;
}

/* What each is set to, and what each is afterwards. */
static const struct {
    int level, name, normal, value;
} kept[] = {
    {SOL_SOCKET, SO_KEEPALIVE, 0, 1},
    {SOL_SOCKET, SO_SNDBUF, 2 << 20, 100000},
    {SOL_SOCKET, SO_RCVBUF, 1 << 20, 200000},
    {SOL_SOCKET, SO_RCVLOWAT, 1, 50},
    {SOL_SOCKET, SO_REUSEADDR, 0, 1},
    {SOL_SOCKET, SO_BROADCAST, 0, 1},
    {SOL_SOCKET, SO_DONTROUTE, 0, 1},
    {SOL_SOCKET, SO_OOBINLINE, 0, 1},
    {IPPROTO_TCP, TCP_NODELAY, 0, 1},
    {IPPROTO_TCP, TCP_CORK, 0, 1},
    {IPPROTO_TCP, TCP_MAXSEG, 536, 1000},
    {IPPROTO_TCP, TCP_KEEPIDLE, 7200, 10},
    {IPPROTO_TCP, TCP_KEEPINTVL, 75, 3},
    {IPPROTO_TCP, TCP_KEEPCNT, 9, 4},
    {IPPROTO_TCP, TCP_SYNCNT, 6, 2},
    {IPPROTO_TCP, TCP_LINGER2, 60, 5},
    {IPPROTO_TCP, TCP_WINDOW_CLAMP, 0, 60000},
    {IPPROTO_TCP, TCP_USER_TIMEOUT, 0, 9000},
};
#define KEPT (sizeof kept / sizeof kept[0])

static void
set_all(struct fake *f, int h)
{
    for (size_t i = 0; i < KEPT; i++)
        assert_int_equal(set(f, h, kept[i].level, kept[i].name, kept[i].value),
                         0);
}

static void
check_settings(const Skink__Api__Settings *s)
{
    assert_non_null(s);
    assert_int_equal(s->flags, API_SET_NODELAY | API_SET_KEEPALIVE);
    assert_int_equal(s->keep_idle_ms, 10000);
    assert_int_equal(s->keep_interval_ms, 3000);
    assert_int_equal(s->keep_count, 4);
    assert_int_equal(s->user_timeout_ms, 9000);
    assert_int_equal(s->send_buffer, 100000);
    assert_int_equal(s->receive_buffer, 60000); /* clamped */
    assert_int_equal(s->mss_limit, 1000);
    assert_int_equal(s->fin_timeout_ms, 5000);
    assert_int_equal(s->syn_tries, 2);
}

static void
what_is_set_is_given_back(void **state)
{
    struct fake *f = *state;
    int h = skink_socket(f->s, AF_INET, SOCK_STREAM, 0);

    for (size_t i = 0; i < KEPT; i++)
        assert_int_equal(get(f, h, kept[i].level, kept[i].name),
                         kept[i].normal);
    set_all(f, h);
    for (size_t i = 0; i < KEPT; i++)
        assert_int_equal(get(f, h, kept[i].level, kept[i].name), kept[i].value);
}

static void
what_a_socket_is_can_be_asked_and_not_set(void **state)
{
    static const struct {
        int name, value;
    } facts[] = {{SO_TYPE, SOCK_STREAM},     {SO_DOMAIN, AF_INET},
                 {SO_PROTOCOL, IPPROTO_TCP}, {SO_ACCEPTCONN, 0},
                 {SO_SNDLOWAT, 1},           {SO_ERROR, 0}};
    struct fake *f = *state;
    int listener = fake_listener(f);
    int h = skink_socket(f->s, AF_INET, SOCK_STREAM, 0);

    for (size_t i = 0; i < sizeof facts / sizeof facts[0]; i++) {
        assert_int_equal(get(f, h, SOL_SOCKET, facts[i].name), facts[i].value);
        assert_int_equal(set(f, h, SOL_SOCKET, facts[i].name, 1), -ENOPROTOOPT);
    }
    assert_int_equal(get(f, listener, SOL_SOCKET, SO_ACCEPTCONN), 1);
    assert_int_equal(get(f, h, IPPROTO_TCP, TCP_QUICKACK), 1);
}

static void
options_that_are_not_here_say_so(void **state)
{
    static const int absent[][2] = {
        {SOL_SOCKET, SO_REUSEPORT},      {SOL_SOCKET, SO_PRIORITY},
        {SOL_SOCKET, SO_BINDTODEVICE},   {SOL_SOCKET, SO_MARK},
        {SOL_SOCKET, SO_TIMESTAMP},      {SOL_SOCKET, SO_ZEROCOPY},
        {SOL_SOCKET, SO_SNDBUFFORCE},    {SOL_SOCKET, SO_BUSY_POLL},
        {IPPROTO_TCP, TCP_DEFER_ACCEPT}, {IPPROTO_TCP, TCP_FASTOPEN},
        {IPPROTO_TCP, TCP_MD5SIG},       {IPPROTO_TCP, TCP_REPAIR},
        {IPPROTO_TCP, TCP_ULP},          {IPPROTO_IP, 1 /* IP_TOS */},
        {IPPROTO_IP, 2 /* IP_TTL */},    {12345, 1}};
    struct fake *f = *state;
    int h = skink_socket(f->s, AF_INET, SOCK_STREAM, 0);

    for (size_t i = 0; i < sizeof absent / sizeof absent[0]; i++) {
        assert_int_equal(set(f, h, absent[i][0], absent[i][1], 1),
                         -ENOPROTOOPT);
        assert_int_equal(get(f, h, absent[i][0], absent[i][1]), -ENOPROTOOPT);
    }
}

static void
values_out_of_range_are_refused_or_brought_into_it(void **state)
{
    static const int refused[][2] = {
        {TCP_KEEPIDLE, 0},     {TCP_KEEPIDLE, 32768}, {TCP_KEEPINTVL, -1},
        {TCP_KEEPCNT, 128},    {TCP_SYNCNT, 0},       {TCP_SYNCNT, 128},
        {TCP_MAXSEG, 87},      {TCP_MAXSEG, 32768},   {TCP_USER_TIMEOUT, -1},
        {TCP_WINDOW_CLAMP, -1}};
    struct fake *f = *state;
    int h = skink_socket(f->s, AF_INET, SOCK_STREAM, 0);

    for (size_t i = 0; i < sizeof refused / sizeof refused[0]; i++)
        assert_int_equal(set(f, h, IPPROTO_TCP, refused[i][0], refused[i][1]),
                         -EINVAL);
    assert_int_equal(
        skink_setsockopt(f->s, h, IPPROTO_TCP, TCP_NODELAY, "abc", 3), -EINVAL);
    assert_int_equal(set(f, h, SOL_SOCKET, SO_SNDBUF, 1), 0);
    assert_int_equal(get(f, h, SOL_SOCKET, SO_SNDBUF), 4096);
    assert_int_equal(set(f, h, SOL_SOCKET, SO_RCVBUF, INT32_MAX), 0);
    assert_int_equal(get(f, h, SOL_SOCKET, SO_RCVBUF), 62 * CHUNK);
    assert_int_equal(set(f, h, IPPROTO_TCP, TCP_LINGER2, -5), 0);
    assert_int_equal(get(f, h, IPPROTO_TCP, TCP_LINGER2), -1);
    assert_int_equal(set(f, h, IPPROTO_TCP, TCP_LINGER2, 1000), 0);
    assert_int_equal(get(f, h, IPPROTO_TCP, TCP_LINGER2), 120);
}

static void
times_and_linger_have_their_types(void **state)
{
    struct fake *f = *state;
    const struct timeval in = {.tv_sec = 3, .tv_usec = 250000};
    const struct timeval bad = {.tv_usec = 1000000};
    const struct linger on = {.l_onoff = 1, .l_linger = 7};
    struct linger l;
    struct timeval tv;
    socklen_t len = sizeof tv;
    int h = skink_socket(f->s, AF_INET, SOCK_STREAM, 0);

    assert_int_equal(
        skink_setsockopt(f->s, h, SOL_SOCKET, SO_RCVTIMEO, &in, sizeof in), 0);
    assert_int_equal(
        skink_getsockopt(f->s, h, SOL_SOCKET, SO_RCVTIMEO, &tv, &len), 0);
    assert_memory_equal(&tv, &in, sizeof tv);
    assert_int_equal(
        skink_setsockopt(f->s, h, SOL_SOCKET, SO_SNDTIMEO, &bad, sizeof bad),
        -EDOM);
    assert_int_equal(
        skink_setsockopt(f->s, h, SOL_SOCKET, SO_LINGER, &on, sizeof on), 0);
    len = sizeof l;
    assert_int_equal(skink_getsockopt(f->s, h, SOL_SOCKET, SO_LINGER, &l, &len),
                     0);
    assert_memory_equal(&l, &on, sizeof l);
}

static void
what_is_set_before_goes_along_with_connect(void **state)
{
    const struct sockaddr_in to = {.sin_family = AF_INET, .sin_port = 80};
    struct fake *f = *state;
    struct apid a;
    Skink__Api__Request *q;
    int h = skink_socket(f->s, AF_INET, SOCK_STREAM | SOCK_NONBLOCK, 0);

    apid_open(&a, f);
    set_all(f, h);
    assert_int_equal(
        skink_setsockopt(f->s, h, IPPROTO_TCP, TCP_CONGESTION, "reno", 4), 0);
    assert_int_equal(
        skink_connect(f->s, h, (const struct sockaddr *)&to, sizeof to),
        -EINPROGRESS);
    q = apid_next(&a);
    assert_int_equal(q->op_case, SKINK__API__REQUEST__OP_CONNECT);
    check_settings(q->connect->settings);
    skink__api__request__free_unpacked(q, NULL);
    q = apid_next(&a);
    assert_int_equal(q->op_case, SKINK__API__REQUEST__OP_SET_OPTION);
    assert_int_equal(q->set_option->name, TCP_CONGESTION);
    assert_int_equal(q->set_option->value.len, 4);
    assert_memory_equal(q->set_option->value.data, "reno", 4);
    skink__api__request__free_unpacked(q, NULL);
    apid_close(&a);
}

static void
what_is_set_afterwards_is_told_and_not_waited_for(void **state)
{
    static const struct {
        int level, name, value;
    } told[] = {
        {IPPROTO_TCP, TCP_NODELAY, 1},      {SOL_SOCKET, SO_KEEPALIVE, 1},
        {IPPROTO_TCP, TCP_KEEPIDLE, 9},     {SOL_SOCKET, SO_SNDBUF, 70000},
        {SOL_SOCKET, SO_RCVBUF, 70000},     {IPPROTO_TCP, TCP_QUICKACK, 0},
        {IPPROTO_TCP, TCP_LINGER2, -1},     {IPPROTO_TCP, TCP_MAXSEG, 900},
        {IPPROTO_TCP, TCP_NODELAY, 0},      {IPPROTO_TCP, TCP_SYNCNT, 3},
        {IPPROTO_TCP, TCP_USER_TIMEOUT, 5},
    };
    struct fake *f = *state;
    struct slot_view v;
    struct apid a;
    int h = fake_connected(f, &v, 0), value;

    apid_open(&a, f);
    for (size_t i = 0; i < sizeof told / sizeof told[0]; i++) {
        Skink__Api__Request *q;

        assert_int_equal(set(f, h, told[i].level, told[i].name, told[i].value),
                         0);
        q = apid_next(&a);
        assert_int_equal(q->op_case, SKINK__API__REQUEST__OP_SET_OPTION);
        assert_int_equal(q->set_option->slot, 0);
        assert_int_equal(q->set_option->level, told[i].level);
        assert_int_equal(q->set_option->name, told[i].name);
        assert_int_equal(q->set_option->value.len, sizeof value);
        memcpy(&value, q->set_option->value.data, sizeof value);
        assert_int_equal(value, told[i].value);
        skink__api__request__free_unpacked(q, NULL);
    }
    apid_close(&a);
}

static void
an_accepted_socket_has_its_listeners_options_without_a_request(void **state)
{
    struct fake *f = *state;
    const struct timeval in = {.tv_sec = 3};
    struct timeval tv;
    socklen_t len = sizeof tv;
    int listener = skink_socket(f->s, AF_INET, SOCK_STREAM | SOCK_NONBLOCK, 0);
    uint64_t asked;
    int h;

    set_all(f, listener);
    assert_int_equal(skink_setsockopt(f->s, listener, SOL_SOCKET, SO_RCVTIMEO,
                                      &in, sizeof in),
                     0);
    sock_of(f->s, listener)->phase = PHASE_LISTENING;
    fake_show(f, 0, (struct slot_view){.state = SLOT_LISTEN});
    fake_open(f, GIVEN, SLOT_QUEUED, 0);
    f->shm->slot[GIVEN].parent = 0;
    asked = f->s->requests.next;
    h = skink_accept(f->s, listener, NULL, NULL, 0);
    assert_true(h >= 0);
    for (size_t i = 0; i < KEPT; i++)
        if (kept[i].name != TCP_MAXSEG && kept[i].name != SO_SNDBUF)
            assert_int_equal(get(f, h, kept[i].level, kept[i].name),
                             kept[i].value);
    assert_int_equal(
        skink_getsockopt(f->s, h, SOL_SOCKET, SO_RCVTIMEO, &tv, &len), 0);
    assert_memory_equal(&tv, &in, sizeof tv);
    assert_int_equal(f->s->requests.next, asked);
}

static void
a_listener_takes_its_settings_along(void **state)
{
    struct fake *f = *state;
    struct apid a;
    Skink__Api__Request *q;
    int h = skink_socket(f->s, AF_INET, SOCK_STREAM, 0);
    struct sock *k = sock_of(f->s, h);
    const struct request listen = {.ask = ASK_LISTEN, .backlog = 7};
    struct request what = listen;

    set_all(f, h);
    what.settings = k->options.tcpd;
    apid_open(&a, f);
    assert_non_null(request_start(f->s, k, &what));
    q = apid_next(&a);
    assert_int_equal(q->op_case, SKINK__API__REQUEST__OP_LISTEN);
    assert_int_equal(q->listen->backlog, 7);
    check_settings(q->listen->settings);
    skink__api__request__free_unpacked(q, NULL);
    apid_close(&a);
}

static void
what_only_tcpd_knows_is_asked_for(void **state)
{
    struct fake *f = *state;
    struct slot_view v;
    const int32_t mss = 1448;
    struct desk d = {.value_len = sizeof mss};
    int h = fake_connected(f, &v, 0);

    memcpy(d.value, &mss, sizeof mss);
    desk_open(&d, f);
    assert_int_equal(get(f, h, IPPROTO_TCP, TCP_MAXSEG), 1448);
    assert_int_equal(get(f, h, SOL_SOCKET, SO_RCVBUF), 1448);
    assert_int_equal(get(f, h, SOL_SOCKET, SO_SNDBUF), SEND_BUFFER);
    desk_close(&d);
}

static void
congestion_control_has_a_name(void **state)
{
    struct fake *f = *state;
    int h = skink_socket(f->s, AF_INET, SOCK_STREAM, 0);
    char name[32] = "";
    socklen_t len = sizeof name;

    assert_int_equal(
        skink_getsockopt(f->s, h, IPPROTO_TCP, TCP_CONGESTION, name, &len), 0);
    assert_string_equal(name, "reno");
    assert_int_equal(len, 16);
    assert_int_equal(skink_setsockopt(f->s, h, IPPROTO_TCP, TCP_CONGESTION,
                                      "reno", sizeof "reno"),
                     0);
    len = sizeof name;
    assert_int_equal(
        skink_getsockopt(f->s, h, IPPROTO_TCP, TCP_CONGESTION, name, &len), 0);
    assert_string_equal(name, "reno");
    assert_int_equal(
        skink_setsockopt(f->s, h, IPPROTO_TCP, TCP_CONGESTION, "cubic", 5),
        -ENOENT);
}

static void
an_answer_may_be_cut_off_and_pointers_are_looked_at(void **state)
{
    struct fake *f = *state;
    int h = skink_socket(f->s, AF_INET, SOCK_STREAM, 0);
    uint8_t byte = 99;
    socklen_t len = 1;

    assert_int_equal(set(f, h, IPPROTO_TCP, TCP_NODELAY, 1), 0);
    assert_int_equal(
        skink_getsockopt(f->s, h, IPPROTO_TCP, TCP_NODELAY, &byte, &len), 0);
    assert_int_equal(byte, 1);
    assert_int_equal(len, 1);
    assert_int_equal(
        skink_getsockopt(f->s, h, IPPROTO_TCP, TCP_NODELAY, NULL, &len),
        -EFAULT);
    assert_int_equal(
        skink_setsockopt(f->s, h, IPPROTO_TCP, TCP_NODELAY, NULL, 4), -EFAULT);
}

int
main(void)
{
#define TEST(claim)                                                            \
    cmocka_unit_test_setup_teardown(claim, fake_setup, fake_teardown)
    const struct CMUnitTest tests[] = {
        TEST(what_is_set_is_given_back),
        TEST(what_a_socket_is_can_be_asked_and_not_set),
        TEST(options_that_are_not_here_say_so),
        TEST(values_out_of_range_are_refused_or_brought_into_it),
        TEST(times_and_linger_have_their_types),
        TEST(what_is_set_before_goes_along_with_connect),
        TEST(what_is_set_afterwards_is_told_and_not_waited_for),
        TEST(an_accepted_socket_has_its_listeners_options_without_a_request),
        TEST(a_listener_takes_its_settings_along),
        TEST(what_only_tcpd_knows_is_asked_for),
        TEST(congestion_control_has_a_name),
        TEST(an_answer_may_be_cut_off_and_pointers_are_looked_at),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
