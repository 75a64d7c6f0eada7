/* SPDX-License-Identifier: MIT */
/* Tests of the accesses to a client's regions. */
#include "proto/shm/client.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

static void
slot_is_seen_as_it_was_published(void **state)
{
    static struct client_rx_slot s;
    const struct slot_view v = {.generation = UINT32_MAX,
                                .state = SLOT_DEAD,
                                .flags = SLOT_FIN | SLOT_RESET | SLOT_NO_SEND,
                                .read_limit = UINT64_MAX,
                                .freed = 5,
                                .send_limit = 6,
                                .error = 111};
    struct slot_view seen;

    (void)state;
    client_slot_publish(&s, &v);
    client_slot_look(&s, &seen);
    assert_int_equal(seen.generation, v.generation);
    assert_int_equal(seen.state, v.state);
    assert_int_equal(seen.flags, v.flags);
    assert_int_equal(seen.read_limit, v.read_limit);
    assert_int_equal(seen.freed, v.freed);
    assert_int_equal(seen.send_limit, v.send_limit);
    assert_int_equal(seen.error, v.error);
}

static void
new_slot_is_free_in_generation_0(void **state)
{
    static const struct client_rx_slot s;
    struct slot_view seen;

    (void)state;
    client_slot_look(&s, &seen);
    assert_int_equal(seen.generation, 0);
    assert_int_equal(seen.state, SLOT_FREE);
}

static void
work_is_seen_as_it_was_stored(void **state)
{
    static struct client_tx_slot s;
    struct work_view seen;

    (void)state;
    client_set_write_end(&s, 1000);
    client_set_read_end(&s, UINT64_MAX);
    client_set_flags(&s, 77, CLIENT_CLOSE | CLIENT_CLAIMED);
    client_work_look(&s, &seen);
    assert_int_equal(seen.generation, 77);
    assert_int_equal(seen.flags, CLIENT_CLOSE | CLIENT_CLAIMED);
    assert_int_equal(seen.write_end, 1000);
    assert_int_equal(seen.read_end, UINT64_MAX);
}

static void
chunk_is_found_by_any_offset_in_it_and_comes_round(void **state)
{
    static _Atomic uint16_t chunk[SLOT_CHUNKS];
    const uint64_t span = (uint64_t)SLOT_CHUNKS * CHUNK;

    (void)state;
    client_chunk_store(chunk, 5 * CHUNK + 1, 42);
    assert_int_equal(client_chunk_load(chunk, 5 * CHUNK), 42);
    assert_int_equal(client_chunk_load(chunk, 6 * CHUNK - 1), 42);
    assert_int_equal(client_chunk_load(chunk, 6 * CHUNK), 0);
    assert_int_equal(client_chunk_load(chunk, 5 * CHUNK + 1000 * span), 42);
}

static void
queue_brings_entries_in_order(void **state)
{
    static struct client_queue q;
    uint64_t tail = 0, head = 0;

    (void)state;
    for (uint32_t i = 0; i < 3 * CLIENT_QUEUE; i++) {
        assert_int_equal(client_queue_ready(&q, head), 0);
        client_queue_add(&q, &tail, i);
        assert_int_equal(client_queue_ready(&q, head), 1);
        assert_int_equal(client_queue_entry(&q, head++), i);
    }
}

static void
queue_may_be_full_but_not_more(void **state)
{
    static struct client_queue q;
    uint64_t tail = 0;

    (void)state;
    for (uint32_t i = 0; i < CLIENT_QUEUE; i++)
        client_queue_add(&q, &tail, i);
    assert_int_equal(client_queue_ready(&q, 0), CLIENT_QUEUE);
    assert_int_equal(client_queue_entry(&q, 0), 0);
    client_queue_add(&q, &tail, 0);
    assert_int_equal(client_queue_ready(&q, 0), -1);
    assert_int_equal(client_queue_ready(&q, 1), CLIENT_QUEUE);
}

static void
queue_that_runs_backwards_is_hostile(void **state)
{
    static struct client_queue q;

    (void)state;
    assert_int_equal(client_queue_ready(&q, 1), -1);
    client_word_store(&q.tail, UINT64_MAX);
    assert_int_equal(client_queue_ready(&q, 0), -1);
    assert_int_equal(client_queue_ready(&q, UINT64_MAX), 0);
}

static void
words_of_the_headers_lie_apart_by_writer(void **state)
{
    (void)state;
    assert_true(offsetof(struct client_tx_shm, work) % SHM_LINE == 0);
    assert_true(offsetof(struct client_rx_shm, event) % SHM_LINE == 0);
    assert_true(offsetof(struct client_tx_shm, slot) % SHM_LINE == 0);
    assert_int_equal(CLIENT_CHUNK_OFFSET % CHUNK, 0);
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(slot_is_seen_as_it_was_published),
        cmocka_unit_test(new_slot_is_free_in_generation_0),
        cmocka_unit_test(work_is_seen_as_it_was_stored),
        cmocka_unit_test(chunk_is_found_by_any_offset_in_it_and_comes_round),
        cmocka_unit_test(queue_brings_entries_in_order),
        cmocka_unit_test(queue_may_be_full_but_not_more),
        cmocka_unit_test(queue_that_runs_backwards_is_hostile),
        cmocka_unit_test(words_of_the_headers_lie_apart_by_writer),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
