/* SPDX-License-Identifier: MIT */
/* Tests of finding the supervisor's book. */
#include "tests/proto/shm/fixture.h"

#include "proto/shm/conf.h"

static void
book_is_found_in_its_region(void **state)
{
    struct region r = region_new(REGION_CONF, sizeof(struct conf_shm));
    struct conf_shm *c = conf_of(&r);

    (void)state;
    assert_ptr_equal(c, r.base);
    assert_int_equal(c->header.id, REGION_CONF);
    assert_int_equal(c->daemons[DAEMON_TCPD].state, CONF_DAEMON_DOWN);
    region_unmap(&r);
}

static void
region_too_small_holds_no_book(void **state)
{
    struct region small = {.size = sizeof(struct conf_shm) - 1};
    _Alignas(SHM_LINE) static uint8_t bytes[sizeof(struct conf_shm)];

    (void)state;
    assert_null(conf_of(&small));
    small.base = bytes;
    assert_null(conf_of(&small));
    small.size++;
    assert_non_null(conf_of(&small));
}

int
main(void)
{
    static const struct CMUnitTest tests[] = {
        cmocka_unit_test(book_is_found_in_its_region),
        cmocka_unit_test(region_too_small_holds_no_book),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
