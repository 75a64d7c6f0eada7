/* SPDX-License-Identifier: MIT */
/* Tests of what tcpd's successor finds, wherever in a turn its predecessor died. */
#include "tests/proto/shm/fixture.h"

#include "tcpd/checkpoint.h"

#include <string.h>

static struct region region;
static struct checkpoint cp;

static int
new_state(void **state)
{
    (void)state;
    region = region_new(REGION_TCPD_STATE, TCPD_STATE_SIZE);
    assert_true(checkpoint_open(&cp, &region));
    return 0;
}

static int
drop_state(void **state)
{
    (void)state;
    region_unmap(&region);
    return 0;
}

/* A successor takes over. */
static void
reopen(void)
{
    memset(&cp, 0xee, sizeof cp);
    assert_true(checkpoint_open(&cp, &region));
}

/* The first `n` of the records that one turn writes; `v` is in each of them. */
#define RECORDS 6
static void
write_some(uint32_t n, uint64_t v)
{
    struct tcb tcb = {.index = TCPD_TCBS - 1, .tx_end = v};
    struct tcb first = {.index = 0, .tx_end = v};
    struct client_image client = {.serial = v};
    struct slot_image slot = {.read_end = v}, last = {.read_end = v};
    struct api_result result = {.number = 65, .route = v};

    if (n > 0)
        checkpoint_tcb(&cp, &tcb);
    if (n > 1)
        checkpoint_client(&cp, 63, &client);
    if (n > 2)
        checkpoint_slot(&cp, 0, 8000, &slot);
    if (n > 3)
        checkpoint_result(&cp, 7, &result);
    if (n > 4)
        checkpoint_slot(&cp, CLIENTS_MAX - 1, CLIENT_SLOTS - 1, &last);
    if (n > 5)
        checkpoint_tcb(&cp, &first);
}

static void
commit(uint64_t v)
{
    const struct globals_image g = {.ip_rx_head = v};

    checkpoint_commit(&cp, &g);
}

/* All records hold `v`; 0: there are none. */
static void
assert_all(uint64_t v)
{
    struct globals_image g = {0};
    struct client_image client = {0};
    struct slot_image slot = {0}, last = {0};
    struct api_result result = {0};
    struct tcb tcb = {0}, first = {0};
    bool is = v != 0;

    assert_int_equal(checkpoint_recover(&cp, &g), is);
    assert_int_equal(checkpoint_recover_tcb(&cp, TCPD_TCBS - 1, &tcb), is);
    assert_int_equal(checkpoint_recover_tcb(&cp, 0, &first), is);
    assert_int_equal(checkpoint_recover_client(&cp, 63, &client), is);
    assert_int_equal(checkpoint_recover_slot(&cp, 0, 8000, &slot), is);
    assert_int_equal(
        checkpoint_recover_slot(&cp, CLIENTS_MAX - 1, CLIENT_SLOTS - 1, &last),
        is);
    assert_int_equal(checkpoint_find_result(&cp, 7, 65, &result), is);
    if (!is)
        return;
    assert_int_equal(g.ip_rx_head, v);
    assert_int_equal(tcb.tx_end, v);
    assert_int_equal(first.tx_end, v);
    assert_int_equal(client.serial, v);
    assert_int_equal(slot.read_end, v);
    assert_int_equal(last.read_end, v);
    assert_int_equal(result.route, v);
}

static void
new_region_holds_nothing(void **state)
{
    (void)state;
    assert_all(0);
    reopen();
    assert_all(0);
}

static void
region_that_is_too_small_is_refused(void **state)
{
    struct region small = region;

    (void)state;
    small.size = (size_t)((uint8_t *)(cp.journal + 1) - region.base) - 1;
    assert_false(checkpoint_open(&cp, &small));
    small.size = 64 << 20;
    assert_false(checkpoint_open(&cp, &small));
}

static void
committed_turn_is_found_by_the_successor(void **state)
{
    (void)state;
    for (uint64_t v = 1; v < 5; v++) {
        write_some(RECORDS, v);
        commit(v);
        reopen();
        assert_all(v);
    }
}

/* The successor then does other things, and its turn happens: nothing of the
 * one that did not may become true with it. */
static void
uncommitted_records_never_come_true(void **state)
{
    uint64_t v = 1;

    (void)state;
    write_some(RECORDS, v);
    commit(v);
    for (uint32_t n = 0; n <= RECORDS; n++) {
        struct globals_image g;

        write_some(n, 1000 + n);
        reopen();
        commit(v);
        reopen();
        assert_all(v);
        assert_true(checkpoint_recover(&cp, &g));
    }
}

static void
uncommitted_first_turn_never_comes_true(void **state)
{
    struct slot_image slot;

    (void)state;
    write_some(RECORDS, 1000);
    reopen();
    commit(1);
    reopen();
    assert_false(checkpoint_recover_slot(&cp, 0, 8000, &slot));
    assert_false(
        checkpoint_recover_slot(&cp, CLIENTS_MAX - 1, CLIENT_SLOTS - 1, &slot));
}

/* It writes the very records that its predecessor had written in vain. */
static void
successor_writes_what_its_predecessor_wrote(void **state)
{
    (void)state;
    for (uint64_t v = 1; v < 4; v++)
        for (uint32_t n = 0; n <= RECORDS; n++) {
            write_some(n, 1000 + v);
            reopen();
            write_some(n, 2000 + v);
            reopen();
            write_some(RECORDS, v);
            commit(v);
            reopen();
            assert_all(v);
        }
}

static void
result_of_this_turn_is_found_before_the_commit(void **state)
{
    struct api_result r = {.number = 9, .error = -5}, found;

    (void)state;
    checkpoint_result(&cp, 3, &r);
    assert_true(checkpoint_find_result(&cp, 3, 9, &found));
    assert_int_equal(found.error, -5);
    assert_false(checkpoint_find_result(&cp, 2, 9, &found));
    assert_false(checkpoint_find_result(&cp, 3, 9 + REQUEST_WINDOW, &found));
}

static void
result_is_kept_for_a_window_of_requests(void **state)
{
    struct api_result r = {.number = 0}, found;

    (void)state;
    for (r.number = 1; r.number <= 2 * REQUEST_WINDOW; r.number++) {
        checkpoint_result(&cp, 3, &r);
        commit(r.number);
    }
    for (uint64_t n = 1; n <= 2 * REQUEST_WINDOW; n++)
        assert_int_equal(checkpoint_find_result(&cp, 3, n, &found),
                         n > REQUEST_WINDOW);
}

/* No kill leaves such a one; it must not lead out of the region. */
static void
scribbled_journal_reaches_no_memory(void **state)
{
    (void)state;
    write_some(RECORDS, 1);
    commit(1);
    cp.journal->count = UINT64_MAX;
    memset(cp.journal->entry, 0xff, 4096);
    reopen();
    assert_all(1);
}

#define WITH_STATE(test)                                                       \
    cmocka_unit_test_setup_teardown(test, new_state, drop_state)

int
main(void)
{
    const struct CMUnitTest tests[] = {
        WITH_STATE(new_region_holds_nothing),
        WITH_STATE(region_that_is_too_small_is_refused),
        WITH_STATE(committed_turn_is_found_by_the_successor),
        WITH_STATE(uncommitted_records_never_come_true),
        WITH_STATE(uncommitted_first_turn_never_comes_true),
        WITH_STATE(successor_writes_what_its_predecessor_wrote),
        WITH_STATE(result_of_this_turn_is_found_before_the_commit),
        WITH_STATE(result_is_kept_for_a_window_of_requests),
        WITH_STATE(scribbled_journal_reaches_no_memory),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
