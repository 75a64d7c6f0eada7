/* SPDX-License-Identifier: MIT */
/* LISTEN: which segments become a child, and what it answers. */
#include "tests/support/tcp_world.h"

#include <setjmp.h>
#include <stdarg.h>
#include <string.h>

#include <cmocka.h>

static void
listen_answers_syn_with_synack(void **state)
{
    struct world *w = *state;
    struct flow f = flow_from(w, 4000);

    world_listen(w, 2);
    assert_int_equal(flow_put(&f, TCP_SYN, 0, 0, 0), DROP_NONE);
    assert_int_equal(f.tcb->state, TCB_SYN_RECEIVED);
    assert_string_equal(flow_get(&f),
                        "SA 0:0 ack 1 win 65535 mss 1460 ts ws 3");
    assert_string_equal(flow_get(&f), "");
    assert_int_equal(w->listener->queued, 1);
}

static void
child_belongs_to_the_listeners_client_and_has_no_slot(void **state)
{
    struct world *w = *state;
    struct flow f = flow_from(w, 4000);

    world_listen(w, 2);
    flow_put(&f, TCP_SYN, 0, 0, 0);
    assert_int_equal(f.tcb->owner.client, WORLD_CLIENT);
    assert_int_equal(f.tcb->owner.slot, SLOT_UNASSIGNED);
    assert_ptr_equal(f.tcb->pool, &w->pool);
    assert_int_equal(f.tcb->listener, w->listener->index);
}

static void
synack_offers_only_what_the_syn_offered(void **state)
{
    struct world *w = *state;
    struct flow f = flow_from(w, 4000);

    world_listen(w, 2);
    f.syn = (struct tcp_options){0};
    flow_put(&f, TCP_SYN, 0, 0, 0);
    assert_string_equal(flow_get(&f), "SA 0:0 ack 1 win 65535 mss 1460");
    assert_int_equal(f.tcb->snd_mss, TCP_MSS_DEFAULT);
    assert_int_equal(f.tcb->rcv_wscale, 0);
}

static void
rst_to_a_listener_is_not_answered(void **state)
{
    struct world *w = *state;
    struct flow f = flow_from(w, 4000);

    world_listen(w, 2);
    assert_int_equal(flow_put(&f, TCP_RST, 0, 0, 0), DROP_LISTEN_RST);
    assert_int_equal(flow_put(&f, TCP_RST | TCP_SYN, 0, 0, 0), DROP_LISTEN_RST);
    assert_string_equal(flow_get(&f), "");
}

static void
ack_to_a_listener_is_answered_with_rst(void **state)
{
    struct world *w = *state;
    struct flow f = flow_from(w, 4000);

    world_listen(w, 2);
    assert_int_equal(flow_put(&f, TCP_ACK, 1, 77, 0), DROP_LISTEN_ACK);
    assert_string_equal(flow_get(&f), "R 77:0");
    assert_int_equal(flow_put(&f, TCP_SYN | TCP_ACK, 1, 78, 0),
                     DROP_LISTEN_ACK);
    assert_string_equal(flow_get(&f), "R 78:0");
}

static void
segment_without_control_bits_is_dropped(void **state)
{
    struct world *w = *state;
    struct flow f = flow_from(w, 4000);

    world_listen(w, 2);
    assert_int_equal(flow_put(&f, TCP_PSH, 0, 0, 10), DROP_LISTEN_NO_SYN);
    assert_int_equal(flow_put(&f, TCP_FIN, 0, 0, 0), DROP_LISTEN_NO_SYN);
    assert_string_equal(flow_get(&f), "");
}

static void
ecn_bits_do_not_hide_a_syn(void **state)
{
    struct world *w = *state;
    struct flow f = flow_from(w, 4000);

    world_listen(w, 2);
    assert_int_equal(flow_put(&f, TCP_SYN | TCP_ECE | TCP_CWR, 0, 0, 0),
                     DROP_NONE);
    assert_int_equal(flow_get(&f)[0], 'S');
}

static void
text_in_a_syn_is_left_for_the_peer_to_send_again(void **state)
{
    struct world *w = *state;
    struct flow f = flow_from(w, 4000);

    world_listen(w, 2);
    assert_int_equal(flow_put(&f, TCP_SYN, 0, 0, 100), DROP_NONE);
    assert_string_equal(flow_get(&f),
                        "SA 0:0 ack 1 win 65535 mss 1460 ts ws 3");
}

static void
syn_beyond_the_backlog_is_answered_with_a_cookie(void **state)
{
    struct world *w = *state;
    struct flow a = flow_from(w, 4000);
    struct flow b = flow_from(w, 4001);

    world_listen(w, 1);
    flow_put(&a, TCP_SYN, 0, 0, 0);
    flow_drain(&a);
    assert_int_equal(flow_put(&b, TCP_SYN, 0, 0, 0), DROP_NONE);
    assert_null(b.tcb);
    assert_string_equal(flow_get(&b),
                        "SA 0:0 ack 1 win 65535 mss 1460 ts ws 3");
}

/* As Linux, which lets in one more than listen() said. */
static void
syn_is_dropped_silently_while_accept_lags_behind(void **state)
{
    struct world *w = *state;
    struct flow f, late = flow_from(w, 4009);

    world_listen(w, 1);
    flow_accepted(w, 4000);
    f = flow_accepted(w, 4001);
    assert_int_equal(flow_put(&late, TCP_SYN, 0, 0, 0), DROP_LISTEN_QUEUE_FULL);
    assert_string_equal(flow_get(&late), "");
    assert_int_equal(w->listener->overflows, 1);
    tcp_call_claim(w->tcp, f.tcb);
    assert_int_equal(w->listener->accepted, 1);
    assert_false((f.tcb->flags & TCB_QUEUED) != 0);
    assert_int_equal(flow_put(&late, TCP_SYN, 0, 0, 0), DROP_NONE);
}

static void
third_ack_waits_until_accept_has_room(void **state)
{
    struct world *w = *state;
    struct flow a, f = flow_from(w, 4009);

    world_listen(w, 1);
    flow_put(&f, TCP_SYN, 0, 0, 0);
    flow_drain(&f);
    w->listener->backlog = 2; /* the other two shall not need cookies */
    a = flow_accepted(w, 4000);
    flow_accepted(w, 4001);
    w->listener->backlog = 1;
    assert_int_equal(flow_put(&f, TCP_ACK, 1, 1, 10), DROP_LISTEN_QUEUE_FULL);
    assert_int_equal(f.tcb->state, TCB_SYN_RECEIVED);
    tcp_call_claim(w->tcp, a.tcb);
    assert_int_equal(flow_put(&f, TCP_ACK, 1, 1, 10), DROP_NONE);
    assert_int_equal(f.tcb->state, TCB_ESTABLISHED);
    assert_int_equal(f.tcb->rx_end, 10);
}

static void
syn_without_a_free_tcb_is_answered_with_a_cookie(void **state)
{
    struct world *w = *state;

    world_listen(w, 20);
    for (uint16_t i = 0; i < 8; i++)
        flow_accepted(w, (uint16_t)(4000 + i));
    assert_true(list_empty(&w->tcp->free));
    struct flow f = flow_from(w, 5000);
    assert_int_equal(flow_put(&f, TCP_SYN, 0, 0, 0), DROP_NONE);
    assert_int_equal(w->tcp->stats.cookies_sent, 1);
}

static void
embryo_gives_up_after_its_retransmissions(void **state)
{
    struct world *w = *state;
    struct flow f = flow_from(w, 4000);
    int synacks = 0;

    world_listen(w, 1);
    flow_put(&f, TCP_SYN, 0, 0, 0);
    for (int s = 0; s < 200 && f.tcb->state != TCB_CLOSED; s++) {
        while (flow_get(&f)[0] == 'S')
            synacks++;
        world_wait(w, 1000);
    }
    assert_int_equal(synacks, 1 + TCP_SYNACK_TRIES);
    assert_int_equal(w->listener->queued, 0);
    world_turn(w);
    assert_int_equal(w->tcp->stats.attempt_fails, 1);
}

static void
third_ack_makes_the_child_claimable(void **state)
{
    struct world *w = *state;
    struct flow f;

    world_listen(w, 1);
    f = flow_accepted(w, 4000);
    assert_int_equal(f.tcb->state, TCB_ESTABLISHED);
    assert_true((f.tcb->flags & TCB_QUEUED) != 0);
    assert_false(list_empty(&f.tcb->changed));
    assert_string_equal(flow_get(&f), "");
    assert_int_equal(w->tcp->stats.passive_opens, 1);
}

static void
third_ack_may_carry_text_and_fin(void **state)
{
    struct world *w = *state;
    struct flow f = flow_from(w, 4000);

    world_listen(w, 1);
    flow_put(&f, TCP_SYN, 0, 0, 0);
    flow_drain(&f);
    assert_int_equal(flow_put(&f, TCP_ACK | TCP_PSH | TCP_FIN, 1, 1, 500),
                     DROP_NONE);
    assert_int_equal(f.tcb->state, TCB_CLOSE_WAIT);
    assert_string_equal(flow_get(&f), "A 1:0 ack 502 win 32706");
    assert_int_equal(flow_read(&f), 500);
    assert_true((f.tcb->flags & TCB_QUEUED) != 0);
}

/* A peer with PAWS drops what is older than our SYN-ACK. */
static void
timestamps_go_on_from_those_of_the_synack(void **state)
{
    struct world *w = *state;
    struct flow f = flow_from(w, 4000);
    uint32_t synack;

    world_listen(w, 1);
    flow_put(&f, TCP_SYN, 0, 0, 0);
    flow_drain(&f);
    synack = f.tsecr; /* what the peer will echo */
    assert_int_not_equal(synack, 0);
    world_wait(w, 25);
    flow_put(&f, TCP_ACK, 1, 1, 100);
    assert_int_equal(flow_get(&f)[0], 'A');
    assert_int_equal(f.tsecr - synack, 25);
}

static void
bound_port_that_does_not_listen_answers_rst(void **state)
{
    struct world *w = *state;
    struct flow f = flow_from(w, 4000);

    world_listen(w, 1);
    w->listener->backlog = 0;
    assert_int_equal(flow_put(&f, TCP_SYN, 0, 0, 0), DROP_NO_LISTENER);
    assert_string_equal(flow_get(&f), "RA 0:0 ack 1");
}

int
main(void)
{
#define T(claim)                                                               \
    cmocka_unit_test_setup_teardown(claim, world_fixture, world_fixture_end)
    const struct CMUnitTest tests[] = {
        T(listen_answers_syn_with_synack),
        T(child_belongs_to_the_listeners_client_and_has_no_slot),
        T(synack_offers_only_what_the_syn_offered),
        T(rst_to_a_listener_is_not_answered),
        T(ack_to_a_listener_is_answered_with_rst),
        T(segment_without_control_bits_is_dropped),
        T(ecn_bits_do_not_hide_a_syn),
        T(text_in_a_syn_is_left_for_the_peer_to_send_again),
        T(syn_beyond_the_backlog_is_answered_with_a_cookie),
        T(syn_is_dropped_silently_while_accept_lags_behind),
        T(third_ack_waits_until_accept_has_room),
        T(syn_without_a_free_tcb_is_answered_with_a_cookie),
        T(embryo_gives_up_after_its_retransmissions),
        T(third_ack_makes_the_child_claimable),
        T(third_ack_may_carry_text_and_fin),
        T(timestamps_go_on_from_those_of_the_synack),
        T(bound_port_that_does_not_listen_answers_rst),
    };
#undef T

    return cmocka_run_group_tests(tests, NULL, NULL);
}
