/* SPDX-License-Identifier: MIT */
/* Tests of the table of counters. */
#include "tests/proto/shm/fixture.h"

#include "proto/shm/counters.h"

#include <string.h>

static void
every_counter_has_a_distinct_name(void **state)
{
    (void)state;
    for (int i = 0; i < COUNTERS; i++)
        for (int k = 0; k < i; k++)
            assert_string_not_equal(counter_name((enum counter)i),
                                    counter_name((enum counter)k));
}

static void
every_meaning_is_one_sentence(void **state)
{
    (void)state;
    for (int i = 0; i < COUNTERS; i++) {
        const char *help = counter_help((enum counter)i);

        assert_true(strlen(help) > 10);
        assert_int_equal(help[strlen(help) - 1], '.');
    }
}

static void
rows_stand_where_their_names_say(void **state)
{
    (void)state;
    assert_string_equal(counter_name(COUNTER_LINK_RX_FRAMES), "link.rx.frames");
    assert_int_equal(counter_daemon(COUNTER_LINK_RX_FRAMES), DAEMON_LINKD);
    assert_int_equal(counter_daemon(COUNTER_ARP_IN_REQUESTS), DAEMON_IPD);
    assert_int_equal(counter_daemon(COUNTER_TCP_OUT_RSTS), DAEMON_TCPD);
    assert_int_equal(counter_daemon(COUNTER_API_MALFORMED), DAEMON_APID);
}

int
main(void)
{
    static const struct CMUnitTest tests[] = {
        cmocka_unit_test(every_counter_has_a_distinct_name),
        cmocka_unit_test(every_meaning_is_one_sentence),
        cmocka_unit_test(rows_stand_where_their_names_say),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
