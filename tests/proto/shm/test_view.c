/* SPDX-License-Identifier: MIT */
/* Tests of the tables that a daemon shows people. */
#include "tests/proto/shm/fixture.h"

#include "base/bits.h"
#include "proto/shm/view.h"

#include <pthread.h>
#include <stdatomic.h>
#include <string.h>

#define ROWS  8
#define WORDS 5

struct body {
    uint64_t word[WORDS];
};

static struct region region;
static struct view_table table;
static uint64_t offset;

static int
empty_table(void **state)
{
    (void)state;
    region = region_new(REGION_IPD_VIEW, IPD_VIEW_SIZE);
    offset = SHM_LINE;
    assert_true(
        view_table_join(&table, &region, &offset, ROWS, sizeof(struct body)));
    return 0;
}

static int
end(void **state)
{
    (void)state;
    region_unmap(&region);
    return 0;
}

static void
write_row(uint32_t i, uint64_t v)
{
    struct body b;

    for (uint32_t w = 0; w < WORDS; w++)
        b.word[w] = v + w;
    view_write(&table, i, &b);
}

static void
assert_row(uint32_t i, uint64_t v)
{
    struct body b;

    assert_true(view_read(&table, i, &b));
    for (uint32_t w = 0; w < WORDS; w++)
        assert_int_equal(b.word[w], v + w);
}

/* A row's sequence lies before its words. */
static _Atomic uint64_t *
sequence_of(uint32_t i)
{
    size_t stride = sizeof(uint64_t) + sizeof(struct body);

    return (void *)(table.base + i * stride);
}

static void
row_never_written_is_not_there(void **state)
{
    struct body b;

    (void)state;
    for (uint32_t i = 0; i < ROWS; i++)
        assert_false(view_read(&table, i, &b));
}

static void
rows_hold_what_was_written_last(void **state)
{
    struct body b;

    (void)state;
    for (uint32_t round = 0; round < 3; round++) {
        for (uint32_t i = 0; i < ROWS - 1; i++)
            write_row(i, 100 * round + 10 * i);
        for (uint32_t i = 0; i < ROWS - 1; i++)
            assert_row(i, 100 * round + 10 * i);
    }
    assert_false(view_read(&table, ROWS - 1, &b));
}

static void
row_of_a_writer_that_died_in_it_is_not_shown(void **state)
{
    struct body b;

    (void)state;
    write_row(3, 7);
    atomic_fetch_add(sequence_of(3), 1);
    assert_false(view_read(&table, 3, &b));
    write_row(2, 5);
    assert_row(2, 5);
}

static void
successor_mends_the_row(void **state)
{
    (void)state;
    write_row(3, 7);
    atomic_fetch_add(sequence_of(3), 1);
    write_row(3, 8);
    assert_row(3, 8);
    write_row(3, 9);
    assert_row(3, 9);
}

static void
tables_lie_one_behind_the_other(void **state)
{
    struct view_table second;
    uint64_t size = view_table_size(ROWS, sizeof(struct body));
    uint8_t zero[sizeof(struct body)] = {0};

    (void)state;
    assert_true(size >= ROWS * (sizeof(uint64_t) + sizeof(struct body)));
    assert_int_equal(size % 64, 0);
    assert_int_equal(offset, SHM_LINE + size);
    assert_true(
        view_table_join(&second, &region, &offset, 1, sizeof(struct body)));
    assert_ptr_equal(second.base, region.base + SHM_LINE + size);
    view_write(&second, 0, zero);
    for (uint32_t i = 0; i < ROWS; i++)
        write_row(i, 1000 + i);
    assert_true(view_read(&second, 0, zero));
    for (size_t i = 0; i < sizeof zero; i++)
        assert_int_equal(zero[i], 0);
}

static void
table_beyond_its_region_is_refused(void **state)
{
    struct view_table t;
    struct region none = {.size = IPD_VIEW_SIZE};
    uint64_t size = view_table_size(1, 8);
    uint64_t at = region.size - size + 64;

    (void)state;
    assert_false(view_table_join(&t, &region, &at, 1, 8));
    assert_int_equal(at, region.size - size + 64);
    at = region.size + 64;
    assert_false(view_table_join(&t, &region, &at, 0, 8));
    at = 0;
    assert_false(view_table_join(&t, &region, &at, UINT32_MAX, 65536));
    assert_false(view_table_join(&t, &none, &at, 1, 8));
    at = region.size - size;
    assert_true(view_table_join(&t, &region, &at, 1, 8));
    assert_int_equal(at, region.size);
}

static void
daemons_tables_fit_their_regions(void **state)
{
    struct region r = region_new(REGION_TCPD_VIEW, TCPD_VIEW_SIZE);
    struct view_conn conn = {.client = 3};
    struct view_path path = {.mtu = 1400};
    struct tcpd_view tcpd;
    struct ipd_view ipd;

    (void)state;
    assert_true(ipd_view_join(&ipd, &region));
    assert_int_equal(ipd.paths.count, VIEW_PATHS);
    view_write(&ipd.paths, VIEW_PATHS - 1, &path);
    memset(&path, 0, sizeof path);
    assert_true(view_read(&ipd.paths, VIEW_PATHS - 1, &path));
    assert_int_equal(path.mtu, 1400);

    assert_true(tcpd_view_join(&tcpd, &r));
    assert_int_equal(tcpd.conns.count, VIEW_CONNS);
    view_write(&tcpd.conns, VIEW_CONNS - 1, &conn);
    memset(&conn, 0, sizeof conn);
    assert_true(view_read(&tcpd.conns, VIEW_CONNS - 1, &conn));
    assert_int_equal(conn.client, 3);
    assert_false(tcpd_view_join(&tcpd, &region));
    region_unmap(&r);
}

static _Atomic bool stop;

static void *
write_for_ever(void *arg)
{
    uint64_t v = 0;

    (void)arg;
    while (!atomic_load(&stop))
        write_row(1, v += 1000);
    return NULL;
}

static void
reader_sees_whole_rows_only(void **state)
{
    pthread_t writer;
    struct body b;
    uint64_t last = 0;
    uint32_t seen = 0;

    (void)state;
    atomic_store(&stop, false);
    write_row(1, 0);
    assert_int_equal(pthread_create(&writer, NULL, write_for_ever, NULL), 0);
    for (uint32_t i = 0; i < 20000 || seen == 0; i++) {
        if (!view_read(&table, 1, &b))
            continue;
        seen++;
        assert_true(b.word[0] >= last && b.word[0] % 1000 == 0);
        last = b.word[0];
        for (uint32_t w = 1; w < WORDS; w++)
            assert_int_equal(b.word[w], last + w);
    }
    atomic_store(&stop, true);
    pthread_join(writer, NULL);
}

#define JOINED(test) cmocka_unit_test_setup_teardown(test, empty_table, end)

int
main(void)
{
    static const struct CMUnitTest tests[] = {
        JOINED(row_never_written_is_not_there),
        JOINED(rows_hold_what_was_written_last),
        JOINED(row_of_a_writer_that_died_in_it_is_not_shown),
        JOINED(successor_mends_the_row),
        JOINED(tables_lie_one_behind_the_other),
        JOINED(table_beyond_its_region_is_refused),
        JOINED(daemons_tables_fit_their_regions),
        JOINED(reader_sees_whole_rows_only),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
