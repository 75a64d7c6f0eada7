/* SPDX-License-Identifier: MIT */
/* Tests of the supervisor's book: finding it, and the tables it shows. */
#include "tests/proto/shm/fixture.h"

#include "proto/shm/conf.h"

#include <pthread.h>
#include <stdatomic.h>
#include <string.h>

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

/* ---- tables ---- */

static struct region region;
static struct conf_shm *conf;
static struct conf_tables seen;
static uint64_t version;

static int
nothing_shown(void **state)
{
    (void)state;
    region = region_new(REGION_CONF, sizeof(struct conf_shm));
    conf = conf_of(&region);
    version = CONF_UNSEEN;
    memset(&seen, 0xcc, sizeof seen);
    return 0;
}

static int
end(void **state)
{
    (void)state;
    region_unmap(&region);
    return 0;
}

/* Tables that differ by `n` in their first and last bytes. */
static void
show(uint32_t n)
{
    static struct conf_tables t;

    memset(&t, 0, sizeof t);
    t.net.links = n;
    t.ping[CONF_PINGS - 1].seq = (uint16_t)n;
    conf_show(conf, &t);
}

static void
assert_seen(uint32_t n)
{
    assert_int_equal(seen.net.links, n);
    assert_int_equal(seen.ping[CONF_PINGS - 1].seq, n);
}

static void
first_look_finds_what_is_there(void **state)
{
    (void)state;
    assert_true(conf_look(conf, &version, &seen));
    assert_seen(0);
    assert_false(conf_look(conf, &version, &seen));
}

static void
each_version_is_seen_once(void **state)
{
    (void)state;
    for (uint32_t n = 1; n < 6; n++) {
        show(n);
        assert_true(conf_look(conf, &version, &seen));
        assert_seen(n);
        memset(&seen, 0xcc, sizeof seen);
        assert_false(conf_look(conf, &version, &seen));
        assert_int_equal(seen.net.links, 0xcccccccc);
    }
}

static void
only_the_newest_version_is_seen(void **state)
{
    (void)state;
    assert_true(conf_look(conf, &version, &seen));
    for (uint32_t n = 1; n <= 4; n++)
        show(n);
    assert_true(conf_look(conf, &version, &seen));
    assert_seen(4);
    assert_false(conf_look(conf, &version, &seen));
}

/* While the next version is written, the last one holds. */
static void
half_written_tables_are_not_seen(void **state)
{
    (void)state;
    show(1);
    memset(conf->tables[(conf->version + 1) % 2], 0xee, sizeof seen);
    assert_true(conf_look(conf, &version, &seen));
    assert_seen(1);
    show(2);
    assert_true(conf_look(conf, &version, &seen));
    assert_seen(2);
}

static _Atomic bool stop;

static void *
show_for_ever(void *arg)
{
    (void)arg;
    for (uint32_t n = 1; !atomic_load(&stop); n++)
        show(n % 60000);
    return NULL;
}

static void
tables_are_seen_whole(void **state)
{
    pthread_t supervisor;
    uint32_t looks = 0;

    (void)state;
    atomic_store(&stop, false);
    assert_int_equal(pthread_create(&supervisor, NULL, show_for_ever, NULL), 0);
    while (looks < 2000)
        if (conf_look(conf, &version, &seen)) {
            assert_seen(seen.net.links);
            looks++;
        }
    atomic_store(&stop, true);
    pthread_join(supervisor, NULL);
}

#define SHOWN(test) cmocka_unit_test_setup_teardown(test, nothing_shown, end)

int
main(void)
{
    static const struct CMUnitTest tests[] = {
        cmocka_unit_test(book_is_found_in_its_region),
        cmocka_unit_test(region_too_small_holds_no_book),
        SHOWN(first_look_finds_what_is_there),
        SHOWN(each_version_is_seen_once),
        SHOWN(only_the_newest_version_is_seen),
        SHOWN(half_written_tables_are_not_seen),
        SHOWN(tables_are_seen_whole),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
