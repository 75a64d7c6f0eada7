/* SPDX-License-Identifier: MIT */
/* Tests of integers in network byte order. */
#include "proto/wire/be.h"

#include "tests/proto/wire/fixture.h"

#include <setjmp.h>
#include <stdarg.h>

#include <cmocka.h>

static void
most_significant_byte_comes_first(void **state)
{
    const be16_t v16 = be16_from(0x0102);
    const be32_t v32 = be32_from(0x01020304);

    (void)state;
    assert_memory_equal(&v16, "\1\2", 2);
    assert_memory_equal(&v32, "\1\2\3\4", 4);
}

static void
from_and_to_are_inverse(void **state)
{
    struct rng r;

    (void)state;
    seed_from_clock(&r);
    for (int i = 0; i < 1000; i++) {
        uint32_t v = random32(&r);

        assert_int_equal(be32_to(be32_from(v)), v);
        assert_int_equal(be16_to(be16_from((uint16_t)v)), (uint16_t)v);
    }
}

static void
loads_and_stores_work_at_any_alignment(void **state)
{
    (void)state;
    for (size_t at = 0; at < 8; at++) {
        uint8_t bytes[16] = {0};

        be32_store(bytes + at, 0xa1b2c3d4);
        assert_memory_equal(bytes + at, "\xa1\xb2\xc3\xd4", 4);
        assert_int_equal(bytes[at + 4], 0);
        assert_int_equal(be32_load(bytes + at), 0xa1b2c3d4);
        assert_int_equal(be16_load(bytes + at), 0xa1b2);
        be16_store(bytes + at, 0x0506);
        assert_memory_equal(bytes + at, "\5\6\xc3\xd4", 4);
    }
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(most_significant_byte_comes_first),
        cmocka_unit_test(from_and_to_are_inverse),
        cmocka_unit_test(loads_and_stores_work_at_any_alignment),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
