/* SPDX-License-Identifier: MIT */
/* Tests of options: Linux's numbers, ranges, units and errors. */
#include "tcpd/options.h"

#include "proto/shm/conf.h"

#include <errno.h>
#include <linux/tcp.h>
#include <netinet/in.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <time.h>

#include <cmocka.h>

static const struct tcp_settings start = {.keep_idle_ms = 7200000,
                                          .keep_interval_ms = 75000,
                                          .keep_count = 9,
                                          .send_buffer = SEND_BUFFER,
                                          .receive_buffer = RECEIVE_BUFFER,
                                          .fin_timeout_ms = 60000,
                                          .syn_tries = 6};

static int
set(struct tcp_settings *s, int32_t level, int32_t name, int32_t value)
{
    struct api_request q = {.op = API_SETOPTION,
                            .level = level,
                            .name = name,
                            .value_len = sizeof value};

    memcpy(q.value, &value, sizeof value);
    return options_set(s, &q);
}

static int
set_tcp(struct tcp_settings *s, int32_t name, int32_t value)
{
    return set(s, API_LEVEL_TCP, name, value);
}

static int32_t
get(const struct tcp_settings *s, int32_t level, int32_t name)
{
    struct api_request q = {.op = API_GETOPTION, .level = level, .name = name};
    struct api_result r = {.error = 0};
    int32_t value;

    assert_int_equal(options_get(s, &q, &r), 0);
    assert_int_equal(r.value_len, sizeof value);
    memcpy(&value, r.value, sizeof value);
    return value;
}

static int32_t
get_tcp(const struct tcp_settings *s, int32_t name)
{
    return get(s, API_LEVEL_TCP, name);
}

static void
numbers_are_those_of_linux(void **state)
{
    (void)state;
    assert_int_equal(API_LEVEL_SOCKET, SOL_SOCKET);
    assert_int_equal(API_LEVEL_TCP, IPPROTO_TCP);
    assert_int_equal(API_SO_SNDBUF, SO_SNDBUF);
    assert_int_equal(API_SO_RCVBUF, SO_RCVBUF);
    assert_int_equal(API_SO_KEEPALIVE, SO_KEEPALIVE);
    assert_int_equal(API_TCP_NODELAY, TCP_NODELAY);
    assert_int_equal(API_TCP_MAXSEG, TCP_MAXSEG);
    assert_int_equal(API_TCP_CORK, TCP_CORK);
    assert_int_equal(API_TCP_KEEPIDLE, TCP_KEEPIDLE);
    assert_int_equal(API_TCP_KEEPINTVL, TCP_KEEPINTVL);
    assert_int_equal(API_TCP_KEEPCNT, TCP_KEEPCNT);
    assert_int_equal(API_TCP_SYNCNT, TCP_SYNCNT);
    assert_int_equal(API_TCP_LINGER2, TCP_LINGER2);
    assert_int_equal(API_TCP_QUICKACK, TCP_QUICKACK);
    assert_int_equal(API_TCP_CONGESTION, TCP_CONGESTION);
    assert_int_equal(API_TCP_USER_TIMEOUT, TCP_USER_TIMEOUT);
}

static void
flags_are_set_and_cleared_one_by_one(void **state)
{
    struct tcp_settings s = start;

    (void)state;
    assert_int_equal(set_tcp(&s, API_TCP_NODELAY, 1), 0);
    assert_int_equal(set_tcp(&s, API_TCP_CORK, -7), 0);
    assert_int_equal(set(&s, API_LEVEL_SOCKET, API_SO_KEEPALIVE, 1), 0);
    assert_int_equal(s.flags,
                     TCP_SET_NODELAY | TCP_SET_KEEPALIVE | TCP_SET_CORK);
    assert_int_equal(get_tcp(&s, API_TCP_CORK), 1);
    assert_int_equal(set_tcp(&s, API_TCP_CORK, 0), 0);
    assert_int_equal(s.flags, TCP_SET_NODELAY | TCP_SET_KEEPALIVE);
    assert_int_equal(get_tcp(&s, API_TCP_CORK), 0);
    assert_int_equal(get_tcp(&s, API_TCP_NODELAY), 1);
}

static void
seconds_become_milliseconds_and_come_back(void **state)
{
    struct tcp_settings s = start;

    (void)state;
    assert_int_equal(get_tcp(&s, API_TCP_KEEPIDLE), 7200);
    assert_int_equal(get_tcp(&s, API_TCP_KEEPINTVL), 75);
    assert_int_equal(get_tcp(&s, API_TCP_KEEPCNT), 9);
    assert_int_equal(set_tcp(&s, API_TCP_KEEPIDLE, 10), 0);
    assert_int_equal(s.keep_idle_ms, 10000);
    assert_int_equal(set_tcp(&s, API_TCP_USER_TIMEOUT, 1234), 0);
    assert_int_equal(s.user_timeout_ms, 1234);
    assert_int_equal(get_tcp(&s, API_TCP_USER_TIMEOUT), 1234);
}

static void
number_outside_its_range_is_refused_and_changes_nothing(void **state)
{
    static const struct {
        int32_t name, low, high;
    } range[] = {
        {API_TCP_KEEPIDLE, 1, 32767}, {API_TCP_KEEPINTVL, 1, 32767},
        {API_TCP_KEEPCNT, 1, 127},    {API_TCP_SYNCNT, 1, 127},
        {API_TCP_MAXSEG, 88, 32767},  {API_TCP_USER_TIMEOUT, 0, INT32_MAX},
    };

    (void)state;
    for (size_t i = 0; i < sizeof range / sizeof *range; i++) {
        struct tcp_settings s = start;

        assert_int_equal(set_tcp(&s, range[i].name, range[i].low - 1), EINVAL);
        if (range[i].high != INT32_MAX)
            assert_int_equal(set_tcp(&s, range[i].name, range[i].high + 1),
                             EINVAL);
        assert_int_equal(set_tcp(&s, range[i].name, INT32_MIN), EINVAL);
        assert_memory_equal(&s, &start, sizeof s);
        assert_int_equal(set_tcp(&s, range[i].name, range[i].low), 0);
        assert_int_equal(get_tcp(&s, range[i].name), range[i].low);
        assert_int_equal(set_tcp(&s, range[i].name, range[i].high), 0);
        assert_int_equal(get_tcp(&s, range[i].name), range[i].high);
    }
}

static void
buffers_are_brought_into_their_range_and_not_doubled(void **state)
{
    struct tcp_settings s = start;

    (void)state;
    assert_int_equal(set(&s, API_LEVEL_SOCKET, API_SO_SNDBUF, 100000), 0);
    assert_int_equal(get(&s, API_LEVEL_SOCKET, API_SO_SNDBUF), 100000);
    assert_int_equal(set(&s, API_LEVEL_SOCKET, API_SO_SNDBUF, 0), 0);
    assert_int_equal(s.send_buffer, SEND_BUFFER_MIN);
    assert_int_equal(set(&s, API_LEVEL_SOCKET, API_SO_RCVBUF, 1), 0);
    assert_int_equal(s.receive_buffer, RECEIVE_BUFFER_MIN);
    assert_int_equal(set(&s, API_LEVEL_SOCKET, API_SO_RCVBUF, INT32_MAX), 0);
    assert_int_equal(s.receive_buffer, BUFFER_MAX);
    assert_int_equal(set(&s, API_LEVEL_SOCKET, API_SO_SNDBUF, -1), 0);
    assert_int_equal(s.send_buffer, BUFFER_MAX);
}

static void
segment_limit_can_be_taken_away(void **state)
{
    struct tcp_settings s = start;

    (void)state;
    assert_int_equal(get_tcp(&s, API_TCP_MAXSEG), 536);
    assert_int_equal(set_tcp(&s, API_TCP_MAXSEG, 1000), 0);
    assert_int_equal(s.mss_limit, 1000);
    assert_int_equal(set_tcp(&s, API_TCP_MAXSEG, 0), 0);
    assert_int_equal(s.mss_limit, 0);
}

static void
linger2_is_limited_and_may_be_negative(void **state)
{
    struct tcp_settings s = start;

    (void)state;
    assert_int_equal(get_tcp(&s, API_TCP_LINGER2), 60);
    assert_int_equal(set_tcp(&s, API_TCP_LINGER2, 5), 0);
    assert_int_equal(s.fin_timeout_ms, 5000);
    assert_int_equal(set_tcp(&s, API_TCP_LINGER2, INT32_MAX), 0);
    assert_int_equal(s.fin_timeout_ms, 120000);
    assert_int_equal(set_tcp(&s, API_TCP_LINGER2, -5), 0);
    assert_int_equal(get_tcp(&s, API_TCP_LINGER2), -1);
    assert_int_equal(set_tcp(&s, API_TCP_LINGER2, 0), 0);
    assert_int_equal(s.fin_timeout_ms, 60000);
}

static void
congestion_control_goes_by_its_name(void **state)
{
    struct tcp_settings s = start;
    struct api_request q = {.op = API_SETOPTION,
                            .level = API_LEVEL_TCP,
                            .name = API_TCP_CONGESTION};
    struct api_result r = {.error = 0};

    (void)state;
    assert_int_equal(options_set(&s, &q), EINVAL);
    memset(q.value, 'x', sizeof q.value);
    q.value_len = sizeof q.value;
    assert_int_equal(options_set(&s, &q), ENOENT);
    memcpy(q.value, "renoxx", 6);
    q.value_len = 5;
    assert_int_equal(options_set(&s, &q), ENOENT);
    q.value_len = 4;
    assert_int_equal(options_set(&s, &q), 0);
    assert_int_equal(s.congestion_control, CONF_CC_RENO);
    assert_int_equal(options_get(&s, &q, &r), 0);
    assert_int_equal(r.value_len, 16);
    assert_string_equal((char *)r.value, "reno");
}

static void
unknown_and_short_options_are_refused(void **state)
{
    struct tcp_settings s = start;
    struct api_request q = {.op = API_SETOPTION,
                            .level = API_LEVEL_TCP,
                            .name = API_TCP_KEEPIDLE,
                            .value_len = 3};
    struct api_result r = {.error = 0};

    (void)state;
    assert_int_equal(options_set(&s, &q), EINVAL);
    q.value_len = UINT16_MAX;
    assert_int_equal(options_set(&s, &q), EINVAL);
    assert_int_equal(set_tcp(&s, 99, 1), ENOPROTOOPT);
    assert_int_equal(set_tcp(&s, INT32_MIN, 1), ENOPROTOOPT);
    assert_int_equal(set(&s, 0, API_TCP_NODELAY, 1), ENOPROTOOPT);
    assert_int_equal(set(&s, API_LEVEL_SOCKET, API_TCP_NODELAY, 1),
                     ENOPROTOOPT);
    q.name = 99;
    assert_int_equal(options_get(&s, &q, &r), ENOPROTOOPT);
    assert_memory_equal(&s, &start, sizeof s);
}

static void
settings_of_zero_are_the_defaults(void **state)
{
    struct api_settings none = {.flags = 0};
    struct tcp_settings s = options_adopt(&start, &none);

    (void)state;
    assert_memory_equal(&s, &start, sizeof s);
}

static void
settings_out_of_range_are_brought_into_it(void **state)
{
    struct api_settings all;
    struct tcp_settings s;

    (void)state;
    memset(&all, 0xff, sizeof all);
    s = options_adopt(&start, &all);
    assert_int_equal(s.flags,
                     TCP_SET_NODELAY | TCP_SET_KEEPALIVE | TCP_SET_CORK);
    assert_int_equal(s.keep_idle_ms, 32767000);
    assert_int_equal(s.keep_interval_ms, 32767000);
    assert_int_equal(s.keep_count, 127);
    assert_int_equal(s.user_timeout_ms, INT32_MAX);
    assert_int_equal(s.send_buffer, BUFFER_MAX);
    assert_int_equal(s.receive_buffer, BUFFER_MAX);
    assert_int_equal(s.mss_limit, 32767);
    assert_int_equal(s.fin_timeout_ms, 120000);
    assert_int_equal(s.syn_tries, 127);
    assert_int_equal(s.congestion_control, start.congestion_control);
    assert_int_equal(s.spare, 0);

    all = (struct api_settings){.keep_idle_ms = 1,
                                .send_buffer = 1,
                                .receive_buffer = 1,
                                .mss_limit = 1};
    s = options_adopt(&start, &all);
    assert_int_equal(s.keep_idle_ms, 1000);
    assert_int_equal(s.send_buffer, SEND_BUFFER_MIN);
    assert_int_equal(s.receive_buffer, RECEIVE_BUFFER_MIN);
    assert_int_equal(s.mss_limit, 88);
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(numbers_are_those_of_linux),
        cmocka_unit_test(flags_are_set_and_cleared_one_by_one),
        cmocka_unit_test(seconds_become_milliseconds_and_come_back),
        cmocka_unit_test(
            number_outside_its_range_is_refused_and_changes_nothing),
        cmocka_unit_test(buffers_are_brought_into_their_range_and_not_doubled),
        cmocka_unit_test(segment_limit_can_be_taken_away),
        cmocka_unit_test(linger2_is_limited_and_may_be_negative),
        cmocka_unit_test(congestion_control_goes_by_its_name),
        cmocka_unit_test(unknown_and_short_options_are_refused),
        cmocka_unit_test(settings_of_zero_are_the_defaults),
        cmocka_unit_test(settings_out_of_range_are_brought_into_it),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
