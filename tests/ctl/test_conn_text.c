/* SPDX-License-Identifier: MIT */
/* Connections in ss's words, also those that a hostile tcpd shows. */
#include "ctl/conn_text.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>

#include <cmocka.h>

#include <stdlib.h>
#include <string.h>

static struct view_info
busy(void)
{
    return (struct view_info){
        .state = VIEW_ESTABLISHED,
        .options =
            VIEW_OPTION_SACK | VIEW_OPTION_WSCALE | VIEW_OPTION_TIMESTAMPS,
        .snd_wscale = 7,
        .rcv_wscale = 8,
        .limit = VIEW_LIMIT_CWND,
        .congestion_control = CONF_CC_CUBIC,
        .rto = 204000,
        .rtt = 3100,
        .rttvar = 900,
        .min_rtt = 2500,
        .snd_mss = 1448,
        .rcv_mss = 1448,
        .pmtu = 1500,
        .cwnd = 24 * 1448,
        .ssthresh = 18 * 1448,
        .snd_wnd = 65536,
        .rcv_wnd = 262144,
        .unacked = 15 * 1448 + 1,
        .bytes_sent = 51200000,
        .bytes_retrans = 17500,
        .bytes_acked = 51100000,
        .segs_out = 40000,
        .retrans_total = 12,
        .last_sent_ms = 4,
        .survived = 2,
    };
}

static void
assert_holds(const char *text, const char *part)
{
    if (strstr(text, part) == NULL)
        fail_msg("'%s' is not in '%s'", part, text);
}

static void
assert_lacks(const char *text, const char *part)
{
    if (strstr(text, part) != NULL)
        fail_msg("'%s' is in '%s'", part, text);
}

/* ---- names ---- */

static void
states_have_sss_names(void **state)
{
    (void)state;
    assert_string_equal(conn_state_name(VIEW_ESTABLISHED), "ESTAB");
    assert_string_equal(conn_state_name(VIEW_SYN_RECEIVED), "SYN-RECV");
    assert_string_equal(conn_state_name(VIEW_TIME_WAIT), "TIME-WAIT");
    for (unsigned s = 0; s <= VIEW_TIME_WAIT; s++)
        assert_non_null(conn_state_name((uint8_t)s));
    for (unsigned s = VIEW_TIME_WAIT + 1; s <= UINT8_MAX; s++)
        assert_string_equal(conn_state_name((uint8_t)s), "UNKNOWN");
}

static void
endpoints_are_at_most_21_columns_of_ipv4(void **state)
{
    char out[CONN_ENDPOINT];

    (void)state;
    conn_endpoint(out, addr_v4(UINT32_MAX), UINT16_MAX);
    assert_string_equal(out, "255.255.255.255:65535");
    assert_int_equal(strlen(out), 21);
    assert_string_equal(conn_endpoint(out, addr_any_v4(), 0), "0.0.0.0:*");
}

static void
longest_ipv6_endpoint_fits(void **state)
{
    char out[CONN_ENDPOINT];
    struct addr a;

    (void)state;
    memset(a.b, 0xee, sizeof a.b);
    assert_string_equal(conn_endpoint(out, a, UINT16_MAX),
                        "eeee:eeee:eeee:eeee:eeee:eeee:eeee:eeee:65535");
}

/* ---- the info line ---- */

static void
busy_connection_is_told_as_by_ss(void **state)
{
    char out[CONN_INFO];
    struct view_info i = busy();

    (void)state;
    assert_string_equal(
        conn_info(out, &i),
        "ts sack cubic wscale:7,8 rto:204 rtt:3.100/0.900 mss:1448 pmtu:1500 "
        "rcvmss:1448 cwnd:24 ssthresh:18 bytes_sent:51200000 "
        "bytes_retrans:17500 bytes_acked:51100000 segs_out:40000 lastsnd:4 "
        "unacked:16 retrans:0/12 minrtt:2.500 snd_wnd:65536 rcv_wnd:262144 "
        "limited:cwnd survived:2");
}

static void
what_is_nothing_is_left_out(void **state)
{
    char out[CONN_INFO];
    struct view_info i = {.ssthresh = UINT32_MAX};

    (void)state;
    assert_string_equal(conn_info(out, &i),
                        "reno rto:0 mss:0 pmtu:0 rcvmss:0 cwnd:0 snd_wnd:0 "
                        "rcv_wnd:0 limited:none");
}

static void
every_limit_has_a_name(void **state)
{
    static const char *const names[] = {"limited:none", "limited:app",
                                        "limited:cwnd", "limited:rwnd",
                                        "limited:ring", "limited:unknown"};
    char out[CONN_INFO];
    struct view_info i = busy();

    (void)state;
    for (uint8_t limit = 0; limit < 6; limit++) {
        i.limit = limit;
        assert_holds(conn_info(out, &i), names[limit]);
    }
}

static void
hostile_figures_stay_in_the_buffer(void **state)
{
    struct {
        char out[CONN_INFO];
        char guard[16];
    } b;
    struct view_info i;

    (void)state;
    memset(&i, 0xff, sizeof i);
    memset(b.guard, 'g', sizeof b.guard);
    conn_info(b.out, &i);
    assert_true(strlen(b.out) < CONN_INFO);
    assert_holds(b.out, "unknown");
    conn_timer(b.out, &i, -1e300);
    assert_true(strlen(b.out) < CONN_INFO);
    for (size_t n = 0; n < sizeof b.guard; n++)
        assert_int_equal(b.guard[n], 'g');
}

/* ---- timers ---- */

static void
timer_counts_down_from_when_it_was_written(void **state)
{
    char out[CONN_INFO];
    struct view_info i = {.timer = VIEW_TIMER_ON,
                          .timer_ms = 1500,
                          .retransmits = 3,
                          .probes = 7};

    (void)state;
    assert_string_equal(conn_timer(out, &i, 0.3), "timer:(on,1.2sec,3)");
    assert_string_equal(conn_timer(out, &i, 9), "timer:(on,0.0sec,3)");
    i.timer = VIEW_TIMER_PERSIST;
    assert_string_equal(conn_timer(out, &i, 0), "timer:(persist,1.5sec,7)");
}

static void
no_timer_is_no_text(void **state)
{
    char out[CONN_INFO] = "old";
    struct view_info i = {.timer = VIEW_TIMER_NONE, .timer_ms = 5};

    (void)state;
    assert_string_equal(conn_timer(out, &i, 0), "");
    i.timer = VIEW_TIMER_ORPHAN + 1;
    assert_string_equal(conn_timer(out, &i, 0), "");
}

/* ---- JSON ---- */

static void
json_has_the_figures_of_the_line(void **state)
{
    char *text = NULL;
    size_t len;
    struct json j = {.out = open_memstream(&text, &len)};
    struct view_info i = busy();

    (void)state;
    assert_non_null(j.out);
    json_begin(&j, NULL, '{');
    conn_json(&j, &i);
    json_end(&j, '}');
    fclose(j.out);
    assert_holds(text, "{\"cc\":\"cubic\",\"rto_us\":204000,\"rtt_us\":3100,");
    assert_holds(text, "\"cwnd\":24,\"cwnd_bytes\":34752,");
    assert_holds(text, "\"limited\":\"cwnd\"}");
    free(text);
}

static void
unset_ssthresh_is_not_told(void **state)
{
    char *text = NULL;
    size_t len;
    struct json j = {.out = open_memstream(&text, &len)};
    struct view_info i = {.ssthresh = UINT32_MAX};

    (void)state;
    assert_non_null(j.out);
    conn_json(&j, &i);
    fclose(j.out);
    assert_lacks(text, "ssthresh");
    free(text);
}

/* ---- owner ---- */

static struct conf_shm conf;

static void
attach(uint32_t client, const char *comm)
{
    uint64_t words[2] = {0};

    memcpy(words, comm, strnlen(comm, sizeof words));
    conf.client[client].comm[0] = words[0];
    conf.client[client].comm[1] = words[1];
    conf.client[client].pid = 4711;
    conf.client[client].serial = 1;
}

static void
owner_is_the_client_by_number(void **state)
{
    struct conn_owner o;

    (void)state;
    attach(5, "nginx");
    conn_owner(&o, &conf, 5, 9);
    assert_int_equal(o.pid, 4711);
    assert_int_equal(o.handle, 9);
    assert_string_equal(o.comm, "nginx");
}

static void
name_without_end_is_cut_and_cannot_trick_a_terminal(void **state)
{
    struct conn_owner o;

    (void)state;
    attach(5, "\033[2J\n\x7f\xff 456789abcdef");
    conn_owner(&o, &conf, 5, 9);
    assert_string_equal(o.comm, "?[2J??? 456789ab");
}

static void
nobodys_connection_has_no_owner(void **state)
{
    struct conn_owner o;

    (void)state;
    conf.client[6].serial = 0;
    conn_owner(&o, &conf, 6, 1);
    assert_int_equal(o.pid, 0);
    conn_owner(&o, &conf, CLIENTS_MAX, 1);
    assert_int_equal(o.pid, 0);
    conn_owner(&o, &conf, UINT32_MAX, 1);
    assert_int_equal(o.pid, 0);
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(states_have_sss_names),
        cmocka_unit_test(endpoints_are_at_most_21_columns_of_ipv4),
        cmocka_unit_test(longest_ipv6_endpoint_fits),
        cmocka_unit_test(busy_connection_is_told_as_by_ss),
        cmocka_unit_test(what_is_nothing_is_left_out),
        cmocka_unit_test(every_limit_has_a_name),
        cmocka_unit_test(hostile_figures_stay_in_the_buffer),
        cmocka_unit_test(timer_counts_down_from_when_it_was_written),
        cmocka_unit_test(no_timer_is_no_text),
        cmocka_unit_test(json_has_the_figures_of_the_line),
        cmocka_unit_test(unset_ssthresh_is_not_told),
        cmocka_unit_test(owner_is_the_client_by_number),
        cmocka_unit_test(name_without_end_is_cut_and_cannot_trick_a_terminal),
        cmocka_unit_test(nobodys_connection_has_no_owner),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
