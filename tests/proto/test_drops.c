/* SPDX-License-Identifier: MIT */
/* Tests of the table of drop reasons. */
#include "proto/drops.h"

#include "base/bits.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

static bool
all_in(const char *text, size_t len, const char *alphabet)
{
    return strspn(text, alphabet) >= len;
}

static void
names_are_area_drop_reason(void **state)
{
    static const char *const areas[] = {"link", "eth", "ip", "arp",
                                        "icmp", "tcp", "api"};

    (void)state;
    for (unsigned why = DROP_NONE + 1; why < DROPS; why++) {
        const char *name = drop_name((enum drop)why);
        bool known = false;

        for (size_t i = 0; i < ARRAY_LEN(areas); i++) {
            size_t len = strlen(areas[i]);

            if (strncmp(name, areas[i], len) == 0 &&
                strncmp(name + len, ".drop.", 6) == 0)
                known = all_in(name + len + 6, strlen(name + len + 6),
                               "abcdefghijklmnopqrstuvwxyz_0123456789");
        }
        if (!known)
            fail_msg("%s is not AREA.drop.REASON", name);
    }
}

static void
no_two_reasons_share_a_name(void **state)
{
    (void)state;
    for (unsigned a = 0; a < DROPS; a++) {
        for (unsigned b = 0; b < a; b++)
            assert_string_not_equal(drop_name((enum drop)a),
                                    drop_name((enum drop)b));
    }
}

static void
help_is_one_sentence(void **state)
{
    (void)state;
    for (unsigned why = 0; why < DROPS; why++) {
        const char *help = drop_help((enum drop)why);
        size_t len = strlen(help);

        assert_true(len > 10);
        if (help[len - 1] != '.' || strstr(help, ". ") != NULL)
            fail_msg("%s: not one sentence: %s", drop_name((enum drop)why),
                     help);
    }
}

static void
counters_named_elsewhere_keep_their_names(void **state)
{
    (void)state;
    assert_string_equal(drop_name(DROP_IP_NO_ROUTE), "ip.drop.no_route");
    assert_string_equal(drop_name(DROP_IP_BAD_CHECKSUM),
                        "ip.drop.bad_checksum");
    assert_string_equal(drop_name(DROP_NO_LISTENER), "tcp.drop.no_listener");
    assert_string_equal(drop_name(DROP_RCVBUF_FULL), "tcp.drop.rcvbuf_full");
}

static void
numbers_that_are_no_reason_have_texts_too(void **state)
{
    static const int numbers[] = {DROPS, DROPS + 1, INT32_MAX, -1, INT32_MIN};

    (void)state;
    assert_string_equal(drop_name(DROP_NONE), "none");
    for (size_t i = 0; i < ARRAY_LEN(numbers); i++) {
        assert_string_equal(drop_name((enum drop)numbers[i]), "unknown");
        assert_non_null(drop_help((enum drop)numbers[i]));
    }
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(names_are_area_drop_reason),
        cmocka_unit_test(no_two_reasons_share_a_name),
        cmocka_unit_test(help_is_one_sentence),
        cmocka_unit_test(counters_named_elsewhere_keep_their_names),
        cmocka_unit_test(numbers_that_are_no_reason_have_texts_too),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
