/* SPDX-License-Identifier: MIT */
/* Segments are as large as the path, the peer and the options allow. */
#include "tests/support/tcp_world.h"

#include "tcpd/core/internal.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>

#include <cmocka.h>

#include "tcpd/core/path.h"

static void
mss_follows_the_route_to_the_peer(void **state)
{
    struct world *w = *state;
    struct flow f = flow_from(w, 4000);

    w->net.route[0].dst = f.remote;
    w->net.route[0].prefix_len = 32;
    w->net.route[0].mtu = 1200;
    world_listen(w, 4);
    flow_put(&f, TCP_SYN, 0, 0, 0);
    assert_string_equal(flow_get(&f),
                        "SA 0:0 ack 1 win 65535 mss 1160 ts ws 3");
    assert_int_equal(f.tcb->pmtu, 1200);
    assert_int_equal(f.tcb->snd_mss, 1148);
}

static void
a_peer_without_route_gets_what_every_host_takes(void **state)
{
    struct world *w = *state;
    struct flow f = flow_from(w, 4000);

    w->net.routes = 0;
    f.remote = addr_v4(0x08080808);
    world_listen(w, 4);
    flow_put(&f, TCP_SYN, 0, 0, 0);
    assert_string_equal(flow_get(&f), "SA 0:0 ack 1 win 65535 mss 536 ts ws 3");
}

static void
a_larger_segment_widens_a_window_that_held_a_smaller_one(void **state)
{
    struct world *w = *state;
    struct flow f = flow_in(w, TCB_ESTABLISHED);
    struct tcp_settings s = f.tcb->settings;

    s.mss_limit = 300;
    tcp_call_configure(w->tcp, f.tcb, &s, w->now);
    f.tcb->cwnd = f.tcb->snd_mss;
    s.mss_limit = 0;
    tcp_call_configure(w->tcp, f.tcb, &s, w->now);
    assert_true(f.tcb->cwnd >= f.tcb->snd_mss);
    flow_write(&f, 2000);
    assert_string_equal(flow_get(&f), "A 1:1448 ack 1 win 32768");
}

static void
path_source_is_the_routes(void **state)
{
    struct world *w = *state;
    struct addr local;

    assert_true(path_source(w->tcp, addr_v4(0x0a070009), &local));
    assert_true(addr_equal(local, w->local));
    assert_true(path_source(w->tcp, w->local, &local)); /* to ourselves */
    w->net.routes = 0;
    assert_false(path_source(w->tcp, addr_v4(0x08080808), &local));
}

int
main(void)
{
#define T(claim)                                                               \
    cmocka_unit_test_setup_teardown(claim, world_fixture, world_fixture_end)
    const struct CMUnitTest tests[] = {
        T(mss_follows_the_route_to_the_peer),
        T(a_peer_without_route_gets_what_every_host_takes),
        T(a_larger_segment_widens_a_window_that_held_a_smaller_one),
        T(path_source_is_the_routes),
    };
#undef T

    return cmocka_run_group_tests(tests, NULL, NULL);
}
