/* SPDX-License-Identifier: MIT */
/* Tests of adopting what the supervisor hands over, and of leaking nothing. */
#include "tests/proto/shm/fixture.h"

#include "proto/shm/handover.h"

#include <fcntl.h>
#include <string.h>
#include <sys/eventfd.h>

static struct tables tables;

static int
empty_tables(void **state)
{
    (void)state;
    tables_init(&tables);
    return 0;
}

static bool
open_still(int fd)
{
    return fcntl(fd, F_GETFD) >= 0;
}

static int
any_fd(void)
{
    int fd = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);

    assert_true(fd >= 0);
    return fd;
}

static bool
adopt(enum handover_kind kind, uint32_t id, uint32_t writable, int fd)
{
    struct handover h = {
        .kind = (uint32_t)kind, .id = id, .writable = writable};

    return handover_adopt(&tables, &h, sizeof h, fd);
}

static void
new_tables_hold_nothing(void **state)
{
    (void)state;
    assert_int_equal(tables.link, -1);
    assert_int_equal(tables.listen, -1);
    for (int i = 0; i < DAEMONS; i++) {
        assert_int_equal(tables.bell_in[i], -1);
        assert_int_equal(tables.bell_out[i], -1);
    }
    for (int i = 0; i < (int)REGION_IDS; i++)
        assert_null(tables.regions[i].base);
}

static void
region_is_mapped_as_told_and_its_descriptor_closed(void **state)
{
    int fd = region_create(REGION_IP_RX, 4096, TEST_EPOCH);
    int ro = region_reopen_readonly(fd);

    (void)state;
    assert_true(adopt(HANDOVER_REGION, REGION_IP_RX, 0, ro));
    assert_false(open_still(ro));
    assert_non_null(tables.regions[REGION_IP_RX].base);
    assert_false(tables.regions[REGION_IP_RX].writable);
    region_unmap(&tables.regions[REGION_IP_RX]);
    assert_true(adopt(HANDOVER_REGION, REGION_IP_RX, 1, fd));
    assert_true(tables.regions[REGION_IP_RX].writable);
    region_unmap(&tables.regions[REGION_IP_RX]);
}

static void
descriptors_are_kept_under_their_names(void **state)
{
    int fd[4] = {any_fd(), any_fd(), any_fd(), any_fd()};

    (void)state;
    assert_true(adopt(HANDOVER_BELL_IN, DAEMON_IPD, 0, fd[0]));
    assert_true(adopt(HANDOVER_BELL_OUT, DAEMON_APID, 0, fd[1]));
    assert_true(adopt(HANDOVER_LINK, 0, 0, fd[2]));
    assert_true(adopt(HANDOVER_LISTEN, 0, 0, fd[3]));
    assert_int_equal(tables.bell_in[DAEMON_IPD], fd[0]);
    assert_int_equal(tables.bell_out[DAEMON_APID], fd[1]);
    assert_int_equal(tables.link, fd[2]);
    assert_int_equal(tables.listen, fd[3]);
    for (int i = 0; i < 4; i++) {
        assert_true(open_still(fd[i]));
        close(fd[i]);
    }
}

static void
link_is_told_which_one_it_is(void **state)
{
    int fd = any_fd();

    (void)state;
    assert_true(adopt(HANDOVER_LINK, LINKS_MAX - 1, 0, fd));
    assert_int_equal(tables.link_index, LINKS_MAX - 1);
    assert_int_equal(tables.link, fd);
    close(fd);
}

static void
refused(enum handover_kind kind, uint32_t id, uint32_t writable)
{
    int fd = region_create(REGION_LINK_RX, 4096, TEST_EPOCH);

    assert_false(adopt(kind, id, writable, fd));
    assert_false(open_still(fd));
}

static void
what_cannot_be_is_refused_and_closed(void **state)
{
    (void)state;
    refused(HANDOVER_REGION, REGION_NONE, 0);
    refused(HANDOVER_REGION, REGIONS, 0);
    refused(HANDOVER_REGION, UINT32_MAX, 0);
    refused(HANDOVER_REGION, REGION_IP_RX, 0); /* another region's id */
    refused(HANDOVER_REGION, REGION_LINK_RX, 2);
    refused(HANDOVER_BELL_IN, DAEMONS, 0);
    refused(HANDOVER_BELL_OUT, UINT32_MAX, 0);
    refused(HANDOVER_LINK, LINKS_MAX, 0);
    refused(HANDOVER_LINK, UINT32_MAX, 0);
    assert_int_equal(tables.link_index, 0);
    refused(HANDOVER_DONE, 0, 0);
    refused(HANDOVER_CLIENT_TX, 0, 0);
    refused(HANDOVER_CLIENT_RX, 0, 1);
    refused(HANDOVER_CLIENT, 0, 0);
    refused(HANDOVER_CLIENT_GONE, 0, 0);
    refused((enum handover_kind)99, 0, 0);
}

static void
writable_region_from_a_readonly_descriptor_is_refused(void **state)
{
    int fd = region_create(REGION_LINK_RX, 4096, TEST_EPOCH);
    int ro = region_reopen_readonly(fd);

    (void)state;
    assert_false(adopt(HANDOVER_REGION, REGION_LINK_RX, 1, ro));
    assert_false(open_still(ro));
    assert_null(tables.regions[REGION_LINK_RX].base);
    close(fd);
}

static void
second_one_under_a_name_is_refused_and_the_first_stays(void **state)
{
    int first = any_fd(), second = any_fd();
    int region = region_create(REGION_LINK_RX, 4096, TEST_EPOCH);
    int again = dup(region);
    uint8_t *base;

    (void)state;
    assert_true(adopt(HANDOVER_LINK, 1, 0, first));
    assert_false(adopt(HANDOVER_LINK, 2, 0, second));
    assert_int_equal(tables.link, first);
    assert_int_equal(tables.link_index, 1);
    assert_true(open_still(first));
    assert_false(open_still(second));
    close(first);

    assert_true(adopt(HANDOVER_REGION, REGION_LINK_RX, 1, region));
    base = tables.regions[REGION_LINK_RX].base;
    assert_false(adopt(HANDOVER_REGION, REGION_LINK_RX, 1, again));
    assert_false(open_still(again));
    assert_ptr_equal(tables.regions[REGION_LINK_RX].base, base);
    region_unmap(&tables.regions[REGION_LINK_RX]);
}

static void
message_of_another_length_is_refused_and_its_descriptor_closed(void **state)
{
    struct handover h = {.kind = HANDOVER_LINK};
    int fd = any_fd();

    (void)state;
    assert_false(handover_adopt(&tables, &h, sizeof h - 1, fd));
    assert_false(open_still(fd));
    assert_false(handover_adopt(&tables, NULL, 0, -1));
    assert_int_equal(tables.link, -1);
}

static void
message_without_descriptor_is_refused(void **state)
{
    (void)state;
    assert_false(adopt(HANDOVER_LINK, 0, 0, -1));
    assert_false(adopt(HANDOVER_REGION, REGION_LINK_RX, 0, -1));
}

#define WITH_TABLES(test)                                                      \
    cmocka_unit_test_setup_teardown(test, empty_tables, NULL)

int
main(void)
{
    static const struct CMUnitTest tests[] = {
        WITH_TABLES(new_tables_hold_nothing),
        WITH_TABLES(region_is_mapped_as_told_and_its_descriptor_closed),
        WITH_TABLES(descriptors_are_kept_under_their_names),
        WITH_TABLES(link_is_told_which_one_it_is),
        WITH_TABLES(what_cannot_be_is_refused_and_closed),
        WITH_TABLES(writable_region_from_a_readonly_descriptor_is_refused),
        WITH_TABLES(second_one_under_a_name_is_refused_and_the_first_stays),
        WITH_TABLES(
            message_of_another_length_is_refused_and_its_descriptor_closed),
        WITH_TABLES(message_without_descriptor_is_refused),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
