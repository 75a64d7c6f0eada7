/* SPDX-License-Identifier: MIT */
/* The window that we advertise: its edge, its steps, its units. */
#include "tests/support/lone_tcb.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>

#include <cmocka.h>

#define MSS LONE_MSS

/* The peer has sent `len` bytes, which nobody has read yet. */
static void
received(struct lone *l, uint32_t len)
{
    l->tcb->rcv_nxt = seq_add(l->tcb->rcv_nxt, len);
    l->tcb->rx_end += len;
}

static void
unread_text_narrows_the_window(void **state)
{
    struct lone *l = *state;

    l->tcb->settings.receive_buffer = 60000;
    l->tcb->rcv_adv = seq_add(l->tcb->rcv_nxt, 60000);
    received(l, 25000);
    assert_int_equal(output_window(l->tcb), 35000);
}

static void
a_little_room_moves_no_edge(void **state)
{
    struct lone *l = *state;

    l->tcb->settings.receive_buffer = 60000;
    l->tcb->rcv_adv = seq_add(l->tcb->rcv_nxt, 60000);
    received(l, 60000);
    l->tcb->rx_read += MSS - 1;
    assert_int_equal(output_window(l->tcb), 0);
    l->tcb->rx_read += 1;
    assert_int_equal(output_window(l->tcb), MSS);
}

static void
the_right_edge_stays_when_the_pool_runs_dry(void **state)
{
    struct lone *l = *state;

    l->tcb->rcv_wscale = 1;
    received(l, 2000);
    l->tcb->rx_read = l->tcb->rx_end;
    l->pool.free_count = 0;
    assert_int_equal(output_window(l->tcb), LONE_WINDOW - 2000);
    l->pool.free_count = 2;
    assert_int_equal(output_window(l->tcb), LONE_WINDOW);
}

static void
nothing_new_is_offered_without_an_owner(void **state)
{
    struct lone *l = *state;

    l->tcb->pool = NULL;
    l->tcb->owner.client = OWNER_NONE;
    l->tcb->rcv_adv = l->tcb->rcv_nxt;
    assert_int_equal(output_window(l->tcb), 0);
}

/* RFC 7323 2.4: unread bytes one by one, each seen by the peer. */
static void
a_scaled_window_creeps_at_most_one_unit(void **state)
{
    struct lone *l = *state;
    const uint32_t unit = 1u << 4;

    l->tcb->rcv_wscale = 4;
    l->tcb->settings.receive_buffer = 1000;
    l->tcb->rcv_adv = seq_add(l->tcb->rcv_nxt, 992);
    for (uint32_t i = 0; i < 1000; i++) {
        uint32_t window = output_window(l->tcb);

        assert_int_equal(window % unit, 0);
        assert_true(l->tcb->rx_end + window <
                    l->tcb->settings.receive_buffer + unit);
        l->tcb->rcv_adv =
            seq_max(l->tcb->rcv_adv, seq_add(l->tcb->rcv_nxt, window));
        received(l, 1);
    }
}

static void
a_reader_of_a_full_buffer_makes_the_window_known(void **state)
{
    struct lone *l = *state;

    l->tcb->settings.receive_buffer = 60000;
    l->tcb->rcv_adv = seq_add(l->tcb->rcv_nxt, 60000);
    received(l, 60000);
    tcp_call_received(l->tcp, l->tcb, 60000 / 8 - 1, l->now);
    assert_false(lone_send(l));
    tcp_call_received(l->tcp, l->tcb, 60000 / 8, l->now);
    assert_true(lone_send(l));
    assert_int_equal(l->sent.window, 60000 / 8);
}

static void
a_wide_window_is_told_in_large_steps(void **state)
{
    struct lone *l = *state;
    const uint32_t eighth = LONE_WINDOW / 8;

    l->tcb->settings.receive_buffer = LONE_WINDOW;
    l->tcb->rcv_wscale = 1;
    received(l, eighth);
    tcp_call_received(l->tcp, l->tcb, eighth - 2, l->now);
    assert_false(lone_send(l));
    tcp_call_received(l->tcp, l->tcb, eighth, l->now);
    assert_true(lone_send(l));
    assert_int_equal(l->sent.window << 1, LONE_WINDOW);
}

/* Nothing else will come to be told, and the pool may have had no more. */
static void
a_reader_who_is_done_makes_all_room_known(void **state)
{
    struct lone *l = *state;

    l->tcb->settings.receive_buffer = 10 * STREAM_CHUNK;
    l->tcb->rcv_wscale = 4;
    l->tcb->rcv_adv = seq_add(l->tcb->rcv_nxt, 2);
    l->pool.free_count = 1;
    received(l, 2);
    tcp_call_received(l->tcp, l->tcb, 1, l->now);
    assert_false(lone_send(l));
    tcp_call_received(l->tcp, l->tcb, 2, l->now);
    assert_true(lone_send(l));
    assert_int_equal(l->sent.window << 4, STREAM_CHUNK);
}

int
main(void)
{
#define T(claim)                                                               \
    cmocka_unit_test_setup_teardown(claim, lone_setup, lone_teardown)
    const struct CMUnitTest tests[] = {
        T(unread_text_narrows_the_window),
        T(a_little_room_moves_no_edge),
        T(the_right_edge_stays_when_the_pool_runs_dry),
        T(nothing_new_is_offered_without_an_owner),
        T(a_scaled_window_creeps_at_most_one_unit),
        T(a_reader_of_a_full_buffer_makes_the_window_known),
        T(a_wide_window_is_told_in_large_steps),
        T(a_reader_who_is_done_makes_all_room_known),
    };
#undef T

    return cmocka_run_group_tests(tests, NULL, NULL);
}
