/* SPDX-License-Identifier: MIT */
/* Each invariant is noticed when it is broken. */
#include "tests/support/tcp_world.h"

#include <setjmp.h>
#include <stdarg.h>
#include <string.h>

#include <cmocka.h>

static void
spoil_rto(struct tcb *tcb)
{
    tcb->rto.ns = 0;
}

static void
spoil_long_rto(struct tcb *tcb)
{
    tcb->rto.ns = INT64_MAX;
}

static void
spoil_peer_mss(struct tcb *tcb)
{
    tcb->peer_mss = 11; /* less than its options take */
}

static void
spoil_window(struct tcb *tcb)
{
    tcb->snd_wnd = 1u << 31;
}

static void
spoil_large_cwnd(struct tcb *tcb)
{
    tcb->cwnd = UINT32_MAX;
}

static void
spoil_promise(struct tcb *tcb)
{
    tcb->rcv_adv = seq_add(tcb->rcv_nxt, STREAM_SPAN + 1);
}

static void
spoil_unknown_flag(struct tcb *tcb)
{
    tcb->flags |= 1u << 31;
}

/* Breaks one thing of a tcb, which has to be noticed, and mends it again. */
static void
must_notice(struct tcb *tcb, void (*spoil)(struct tcb *tcb))
{
    static uint8_t image[TCB_IMAGE_SIZE];

    memcpy(image, tcb, sizeof image);
    assert_null(tcb_check(tcb));
    spoil(tcb);
    assert_non_null(tcb_check(tcb));
    memcpy(tcb, image, sizeof image);
}

static void
spoil_state(struct tcb *tcb)
{
    tcb->state = TCB_STATES;
}

static void
spoil_error(struct tcb *tcb)
{
    tcb->error = TCP_INVALID + 1;
}

static void
spoil_scale(struct tcb *tcb)
{
    tcb->snd_wscale = 15;
}

static void
spoil_chunk(struct tcb *tcb)
{
    tcb->rx.chunk[5] = POOL_CHUNKS;
}

static void
spoil_read(struct tcb *tcb)
{
    tcb->rx_read = tcb->rx_end + 1;
}

static void
spoil_freed(struct tcb *tcb)
{
    tcb->rx.freed = tcb->rx_read + 1;
}

static void
spoil_time_wait_timer(struct tcb *tcb)
{
    tcb->deadline[TIMER_TIME_WAIT] = (instant_t){1};
}

static void
spoil_owner(struct tcb *tcb)
{
    tcb->owner.client = OWNER_NONE;
}

static void
spoil_spare(struct tcb *tcb)
{
    tcb->owner.spare = 1;
}

static void
spoil_lender(struct tcb *tcb)
{
    tcb->lender.spare = 1;
}

static void
spoil_queued(struct tcb *tcb)
{
    tcb->flags |= TCB_QUEUED;
}

static void
spoil_tx_end(struct tcb *tcb)
{
    tcb->tx_end = tcb->tx_una - 1;
}

static void
spoil_tx_una(struct tcb *tcb)
{
    tcb->tx_una++;
    tcb->tx_end++;
}

static void
spoil_snd_nxt(struct tcb *tcb)
{
    tcb->snd_nxt = seq_add(tcb->snd_max, 1);
}

static void
spoil_snd_max(struct tcb *tcb)
{
    tcb->snd_max = seq_add(tcb->snd_max, 1000);
}

static void
spoil_syn_acked(struct tcb *tcb)
{
    tcb->flags &= ~(uint32_t)TCB_SYN_ACKED;
}

static void
spoil_shut(struct tcb *tcb)
{
    tcb->flags |= TCB_SHUT_WR;
}

static void
spoil_fin_received(struct tcb *tcb)
{
    tcb->flags |= TCB_FIN_RECEIVED;
}

static void
spoil_mss(struct tcb *tcb)
{
    tcb->snd_mss = 0;
}

static void
spoil_rx_end(struct tcb *tcb)
{
    tcb->rx_end++;
}

static void
spoil_rcv_adv(struct tcb *tcb)
{
    tcb->rcv_adv = seq_add(tcb->rcv_nxt, UINT32_MAX);
}

static void
spoil_last_ack(struct tcb *tcb)
{
    tcb->last_ack_sent = seq_add(tcb->rcv_nxt, 1);
}

static void
spoil_ack(struct tcb *tcb)
{
    tcb->last_ack_sent = seq_add(tcb->rcv_nxt, UINT32_MAX);
}

static void
spoil_range_count(struct tcb *tcb)
{
    tcb->ooo_count = OOO_RANGES + 1;
}

static void
spoil_range(struct tcb *tcb)
{
    tcb->ooo[0].left = tcb->rcv_nxt;
}

static void
spoil_range_order(struct tcb *tcb)
{
    tcb->ooo[0].right = tcb->ooo[0].left;
}

static void
spoil_range_end(struct tcb *tcb)
{
    tcb->ooo[0].right = seq_add(tcb->rcv_adv, 1);
}

static void
spoil_settings_flags(struct tcb *tcb)
{
    tcb->settings.flags = 8;
}

static void
spoil_settings_spare(struct tcb *tcb)
{
    tcb->settings.spare = 1;
}

static void
spoil_receive_buffer(struct tcb *tcb)
{
    tcb->settings.receive_buffer = STREAM_SPAN;
}

static void
spoil_send_buffer(struct tcb *tcb)
{
    tcb->settings.send_buffer = STREAM_SPAN + 1;
}

static void
spoil_keep_count(struct tcb *tcb)
{
    tcb->settings.keep_count = 0;
}

static void
spoil_mss_limit(struct tcb *tcb)
{
    tcb->settings.mss_limit = 1;
}

static void
spoil_soft_error(struct tcb *tcb)
{
    tcb->soft_error = TCP_INVALID + 1;
}

static void
spoil_cwnd(struct tcb *tcb)
{
    tcb->cwnd = tcb->snd_mss - 1;
}

static void
spoil_pmtu(struct tcb *tcb)
{
    tcb->pmtu = tcb->snd_mss;
}

static void
spoil_bytes_acked(struct tcb *tcb)
{
    tcb->bytes_acked++;
}

static void
spoil_bytes_received(struct tcb *tcb)
{
    tcb->bytes_received++;
}

static void
spoil_keep_probe(struct tcb *tcb)
{
    tcb->flags |= TCB_KEEP_PROBE;
}

static void
spoil_dsack(struct tcb *tcb)
{
    tcb->flags |= TCB_DSACK;
}

static void
every_broken_invariant_is_noticed(void **state)
{
    static void (*const spoil[])(struct tcb *) = {
        spoil_state,
        spoil_error,
        spoil_scale,
        spoil_chunk,
        spoil_read,
        spoil_freed,
        spoil_owner,
        spoil_queued,
        spoil_time_wait_timer,
        spoil_tx_end,
        spoil_tx_una,
        spoil_snd_nxt,
        spoil_snd_max,
        spoil_shut,
        spoil_syn_acked,
        spoil_fin_received,
        spoil_mss,
        spoil_rx_end,
        spoil_rcv_adv,
        spoil_range,
        spoil_last_ack,
        spoil_range_count,
        spoil_range_order,
        spoil_range_end,
        spoil_spare,
        spoil_lender,
        spoil_ack,
        spoil_settings_flags,
        spoil_settings_spare,
        spoil_receive_buffer,
        spoil_send_buffer,
        spoil_keep_count,
        spoil_mss_limit,
        spoil_soft_error,
        spoil_cwnd,
        spoil_pmtu,
        spoil_bytes_acked,
        spoil_bytes_received,
        spoil_keep_probe,
        spoil_dsack,
        spoil_rto,
        spoil_long_rto,
        spoil_peer_mss,
        spoil_window,
        spoil_large_cwnd,
        spoil_promise,
        spoil_unknown_flag,
    };
    struct flow f = flow_in(*state, TCB_ESTABLISHED);

    flow_put(&f, TCP_ACK, 101, 1, 100);
    flow_drain(&f);
    for (size_t i = 0; i < sizeof spoil / sizeof spoil[0]; i++)
        must_notice(f.tcb, spoil[i]);
}

static void
running_timer_is_noticed_in_closed(void **state)
{
    struct flow f = flow_in(*state, TCB_CLOSED);

    assert_null(tcb_check(f.tcb));
    f.tcb->deadline[TIMER_RTO] = (instant_t){1};
    assert_non_null(tcb_check(f.tcb));
    f.tcb->deadline[TIMER_RTO] = INSTANT_NEVER;
}

static void
keep_alive_of_an_attempt_is_noticed(void **state)
{
    struct flow f = flow_in(*state, TCB_SYN_SENT);

    f.tcb->deadline[TIMER_KEEPALIVE] = (instant_t){1};
    assert_non_null(tcb_check(f.tcb));
    f.tcb->deadline[TIMER_KEEPALIVE] = INSTANT_NEVER;
}

int
main(void)
{
#define T(claim)                                                               \
    cmocka_unit_test_setup_teardown(claim, world_fixture, world_fixture_end)
    const struct CMUnitTest tests[] = {
        T(every_broken_invariant_is_noticed),
        T(running_timer_is_noticed_in_closed),
        T(keep_alive_of_an_attempt_is_noticed),
    };
#undef T

    return cmocka_run_group_tests(tests, NULL, NULL);
}
