/* SPDX-License-Identifier: MIT */
/* What both opens share. */
#include "tcpd/core/input.h"
#include "tcpd/core/open.h"
#include "tests/support/tcp_world.h"

#include <setjmp.h>
#include <stdarg.h>
#include <string.h>

#include <cmocka.h>

static void
window_scale_covers_the_buffer(void **state)
{
    static const struct {
        uint32_t buffer;
        uint8_t shift;
    } cases[] = {{1, 0},      {65535, 0},  {65536, 1},  {131070, 1},
                 {131071, 2}, {262144, 3}, {4 << 20, 7}};

    (void)state;
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        struct world w;
        struct flow f;

        world_setup(&w, 1, WORLD_BUFFER);
        f = flow_from(&w, 4000);
        f.tcb = tcb_new(w.tcp);
        f.tcb->settings.receive_buffer = cases[i].buffer;
        open_begin(w.tcp, f.tcb, w.now);
        assert_int_equal(f.tcb->rcv_wscale, cases[i].shift);
        world_teardown(&w);
    }
}

static void
peers_syn_begins_our_receive_space(void **state)
{
    struct flow f = flow_connect(*state, 4000);
    struct segment syn = {.seq = seq(UINT32_MAX), .wnd = 300};

    open_take_syn(f.tcb, &syn);
    assert_int_equal(f.tcb->irs.v, UINT32_MAX);
    assert_int_equal(f.tcb->rcv_nxt.v, 0);
    assert_int_equal(f.tcb->rcv_adv.v, 65535); /* as our SYN said */
    assert_int_equal(f.tcb->snd_wnd, 300);
}

static void
no_mss_means_536(void **state)
{
    struct world *w = *state;
    struct flow f = flow_connect(w, 4000);
    struct tcp_options none = {0};

    input_adopt_options(w->tcp, f.tcb, &none, w->now);
    assert_int_equal(f.tcb->snd_mss, 536);
}

static void
syn_lost_twice_makes_the_first_window_small(void **state)
{
    struct world *w = *state;
    struct flow f = flow_connect(w, 4000);

    world_wait(w, 1000);
    flow_drain(&f);
    world_wait(w, 2000);
    flow_drain(&f);
    flow_put(&f, TCP_SYN | TCP_ACK, 0, 1, 0);
    assert_int_equal(f.tcb->cwnd, f.tcb->snd_mss);
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(window_scale_covers_the_buffer,
                                        world_fixture, world_fixture_end),
        cmocka_unit_test_setup_teardown(peers_syn_begins_our_receive_space,
                                        world_fixture, world_fixture_end),
        cmocka_unit_test_setup_teardown(no_mss_means_536, world_fixture,
                                        world_fixture_end),
        cmocka_unit_test_setup_teardown(
            syn_lost_twice_makes_the_first_window_small, world_fixture,
            world_fixture_end),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
