/* SPDX-License-Identifier: MIT */
/* ss's filters: what each word means, what binds how, and what is refused. */
#include "ctl/conn_filter.h"

#include "proto/shm/view.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>

#include <cmocka.h>

#include <stdlib.h>
#include <string.h>

/* 10.7.0.2:44312 > 192.168.1.9:80 */
static struct conn_ends
ends(void)
{
    return (struct conn_ends){
        .state = VIEW_ESTABLISHED,
        .local = addr_v4(0x0a070002),
        .remote = addr_v4(0xc0a80109),
        .local_port = 44312,
        .remote_port = 80,
    };
}

static const struct conn_filter *
parse(const char *text)
{
    const char *wrong;
    const struct conn_filter *f = conn_filter_parse(&text, 1, &wrong);

    if (f == NULL)
        fail_msg("'%s': %s", text, wrong);
    return f;
}

static bool
takes(const char *text)
{
    struct conn_ends e = ends();

    return conn_filter_passes(parse(text), &e);
}

static bool
takes_state(const char *text, uint8_t state)
{
    struct conn_ends e = ends();

    e.state = state;
    return conn_filter_passes(parse(text), &e);
}

static void
assert_refused(const char *text, const char *because)
{
    const char *wrong = NULL;

    assert_null(conn_filter_parse(&text, 1, &wrong));
    assert_non_null(wrong);
    if (strstr(wrong, because) == NULL)
        fail_msg("'%s': %s", text, wrong);
}

/* ---- conditions ---- */

static void
nothing_said_takes_everything(void **state)
{
    const char *wrong;
    struct conn_ends e = ends();

    (void)state;
    assert_true(conn_filter_passes(conn_filter_parse(NULL, 0, &wrong), &e));
    assert_true(takes(" \t "));
}

static void
ports_take_every_relation(void **state)
{
    (void)state;
    assert_true(takes("dport 80"));
    assert_true(takes("dport :80"));
    assert_true(takes("dport = 80"));
    assert_true(takes("dport == 80"));
    assert_true(takes("dport eq 80"));
    assert_false(takes("dport = 81"));
    assert_false(takes("dport != 80"));
    assert_false(takes("dport ne 80"));
    assert_true(takes("dport neq 81"));
    assert_true(takes("dport < 81"));
    assert_false(takes("dport lt 80"));
    assert_true(takes("dport > 79"));
    assert_false(takes("dport gt 80"));
    assert_true(takes("dport <= 80"));
    assert_false(takes("dport le 79"));
    assert_true(takes("dport leq 81"));
    assert_true(takes("dport >= 80"));
    assert_false(takes("dport ge 81"));
    assert_true(takes("dport geq 79"));
}

static void
sport_is_the_local_end_and_dport_the_other(void **state)
{
    (void)state;
    assert_true(takes("sport 44312"));
    assert_false(takes("sport 80"));
    assert_false(takes("dport 44312"));
}

static void
signs_need_no_spaces(void **state)
{
    (void)state;
    assert_true(takes("dport=80"));
    assert_true(takes("dport>=:80"));
    assert_false(takes("dport!=80"));
    assert_false(takes("!dport=80"));
    assert_true(takes("!!dport=80"));
    assert_true(takes("(dport=80)"));
    assert_true(takes("dport=80&&sport=44312"));
    assert_true(takes("dport=81||sport=44312"));
}

static void
src_and_dst_take_addresses_and_networks(void **state)
{
    (void)state;
    assert_true(takes("src 10.7.0.2"));
    assert_false(takes("src 10.7.0.3"));
    assert_true(takes("src = 10.7.0.2"));
    assert_true(takes("dst 192.168.0.0/16"));
    assert_false(takes("dst 192.168.2.0/24"));
    assert_true(takes("dst 0.0.0.0/0"));
    assert_true(takes("dst 192.168.1.9/32"));
    assert_false(takes("dst 10.7.0.2"));
}

static void
src_and_dst_take_ports(void **state)
{
    (void)state;
    assert_true(takes("dst 192.168.1.9:80"));
    assert_false(takes("dst 192.168.1.9:81"));
    assert_true(takes("dst *:80"));
    assert_false(takes("dst *:81"));
    assert_true(takes("dst *"));
    assert_true(takes("dst 192.168.1.0/24:80"));
}

static void
states_have_sss_names(void **state)
{
    static const struct {
        const char *text;
        uint8_t state;
    } names[] = {
        {"state established", VIEW_ESTABLISHED},
        {"state syn-sent", VIEW_SYN_SENT},
        {"state syn-recv", VIEW_SYN_RECEIVED},
        {"state fin-wait-1", VIEW_FIN_WAIT_1},
        {"state fin-wait-2", VIEW_FIN_WAIT_2},
        {"state time-wait", VIEW_TIME_WAIT},
        {"state closed", VIEW_CLOSED},
        {"state close-wait", VIEW_CLOSE_WAIT},
        {"state last-ack", VIEW_LAST_ACK},
        {"state listening", VIEW_LISTEN},
        {"state listen", VIEW_LISTEN},
        {"state closing", VIEW_CLOSING},
    };

    (void)state;
    for (size_t i = 0; i < sizeof names / sizeof names[0]; i++) {
        for (int s = VIEW_CLOSED; s <= VIEW_TIME_WAIT; s++)
            assert_int_equal(takes_state(names[i].text, (uint8_t)s),
                             s == names[i].state);
    }
}

static void
groups_of_states_are_sss(void **state)
{
    (void)state;
    assert_true(takes_state("state all", VIEW_CLOSED));
    assert_false(takes_state("state connected", VIEW_LISTEN));
    assert_false(takes_state("state connected", VIEW_CLOSED));
    assert_true(takes_state("state connected", VIEW_SYN_SENT));
    assert_false(takes_state("state synchronized", VIEW_SYN_SENT));
    assert_true(takes_state("state synchronized", VIEW_LAST_ACK));
    assert_true(takes_state("state bucket", VIEW_TIME_WAIT));
    assert_true(takes_state("state bucket", VIEW_SYN_RECEIVED));
    assert_false(takes_state("state bucket", VIEW_ESTABLISHED));
    assert_false(takes_state("state big", VIEW_TIME_WAIT));
    assert_true(takes_state("state big", VIEW_ESTABLISHED));
}

static void
hostile_states_are_no_state(void **state)
{
    (void)state;
    for (unsigned s = VIEW_TIME_WAIT + 1; s <= UINT8_MAX; s++)
        assert_false(takes_state("state all", (uint8_t)s));
    assert_true(takes_state("not state all", UINT8_MAX));
}

static void
only_a_state_names_states(void **state)
{
    (void)state;
    assert_false(conn_filter_names_states(parse("dport 80")));
    assert_true(conn_filter_names_states(parse("dport 80 or state all")));
}

/* ---- what binds how ---- */

static void
and_binds_before_or(void **state)
{
    (void)state;
    assert_true(takes("dport 80 or dport 81 and dport 82"));
    assert_true(takes("dport 82 and dport 81 or dport 80"));
    assert_false(takes("(dport 80 or dport 81) and dport 82"));
}

static void
not_binds_before_and(void **state)
{
    (void)state;
    assert_false(takes("not dport 81 and dport 82"));
    assert_true(takes("not (dport 81 and dport 82)"));
    assert_true(takes("not not dport 80"));
}

static void
conditions_side_by_side_are_both_meant(void **state)
{
    (void)state;
    assert_true(takes("dport 80 sport 44312"));
    assert_false(takes("dport 80 sport 44313"));
    assert_true(takes("dport 80 & sport 44312 | dport 81"));
}

static void
words_of_any_case_and_any_cut_are_read(void **state)
{
    const char *words[] = {"STATE", "Established", "and", "( dport =", "80 )"};
    const char *wrong;
    struct conn_ends e = ends();

    (void)state;
    assert_true(conn_filter_passes(conn_filter_parse(words, 5, &wrong), &e));
}

/* ---- errors ---- */

static void
what_is_no_filter_is_refused(void **state)
{
    (void)state;
    assert_refused("tcp", "begins with");
    assert_refused("and", "begins with");
    assert_refused("not", "begins with");
    assert_refused("dport 80 or", "begins with");
    assert_refused("state", "after 'state'");
    assert_refused("state open", "after 'state'");
    assert_refused("dport", "port");
    assert_refused("dport 65536", "port");
    assert_refused("dport -1", "port");
    assert_refused("dport 80x", "port");
    assert_refused("dport =! 80", "port");
    assert_refused("dport 18446744073709551617", "port");
    assert_refused("src", "'src'");
    assert_refused("src ten", "'src'");
    assert_refused("src 10.7.0.2/33", "'src'");
    assert_refused("src 10.7.0.2/", "'src'");
    assert_refused("src 10.7.0.2/4294967296", "'src'");
    assert_refused("src 10.7.0.2/-1", "'src'");
    assert_refused("src 10.7.0.2:", "'src'");
    assert_refused("src */8", "'src'");
    assert_refused("dst != 10.7.0.2", "'src'");
    assert_refused("(dport 80", "not closed");
    assert_refused("dport 80)", "behind its end");
    assert_refused("()", "begins with");
}

static void
too_much_is_refused(void **state)
{
    char text[4096];
    const char *words[200], *wrong;

    (void)state;
    memset(text, '(', 40);
    text[40] = '\0';
    assert_refused(text, "too deep");
    memset(text, '(', 300);
    text[300] = '\0';
    assert_refused(text, "too many words");
    memset(text, 'x', sizeof text - 1);
    text[sizeof text - 1] = '\0';
    assert_refused(text, "too long");
    for (size_t i = 0; i < 200; i++)
        words[i] = "!";
    assert_null(conn_filter_parse(words, 200, &wrong));
    for (size_t i = 0; i < 200; i++)
        words[i] = "";
    assert_non_null(conn_filter_parse(words, 200, &wrong));
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(nothing_said_takes_everything),
        cmocka_unit_test(ports_take_every_relation),
        cmocka_unit_test(sport_is_the_local_end_and_dport_the_other),
        cmocka_unit_test(signs_need_no_spaces),
        cmocka_unit_test(src_and_dst_take_addresses_and_networks),
        cmocka_unit_test(src_and_dst_take_ports),
        cmocka_unit_test(states_have_sss_names),
        cmocka_unit_test(groups_of_states_are_sss),
        cmocka_unit_test(hostile_states_are_no_state),
        cmocka_unit_test(only_a_state_names_states),
        cmocka_unit_test(and_binds_before_or),
        cmocka_unit_test(not_binds_before_and),
        cmocka_unit_test(conditions_side_by_side_are_both_meant),
        cmocka_unit_test(words_of_any_case_and_any_cut_are_read),
        cmocka_unit_test(what_is_no_filter_is_refused),
        cmocka_unit_test(too_much_is_refused),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
