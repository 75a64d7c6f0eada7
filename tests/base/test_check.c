/* SPDX-License-Identifier: MIT */
/* CHECK ends the process exactly when its claim is broken. */
#include "base/check.h"
#include "tests/base/os/child.h"

#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

static void
break_claim(void *arg)
{
    (void)arg;
    CHECK(1 + 1 == 3);
}

static void
keep_claim(void *arg)
{
    (void)arg;
    CHECK(1 + 1 == 2);
}

static void
broken_claim_aborts_and_says_where(void **state)
{
    struct child_end end;

    (void)state;
    child_run(&end, break_claim, NULL);
    assert_int_equal(end.status, 128 + SIGABRT);
    assert_non_null(strstr(end.err, "test_check.c:"));
    assert_non_null(strstr(end.err, "broken: 1 + 1 == 3\n"));
}

static void
true_claim_is_silent(void **state)
{
    struct child_end end;

    (void)state;
    child_run(&end, keep_claim, NULL);
    assert_int_equal(end.status, CHILD_RETURNED);
    assert_string_equal(end.err, "");
}

static void
claim_is_evaluated_once(void **state)
{
    int n = 0;

    (void)state;
    CHECK(++n == 1);
    assert_int_equal(n, 1);
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(broken_claim_aborts_and_says_where),
        cmocka_unit_test(true_claim_is_silent),
        cmocka_unit_test(claim_is_evaluated_once),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
