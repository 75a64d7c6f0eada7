/* SPDX-License-Identifier: MIT */
/* What ICMP may do to a connection, and what a changed network does. */
#include "tests/support/tcp_world.h"

#include "tcpd/core/internal.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>

#include <cmocka.h>

#include "proto/wire/icmp.h"

static enum drop
icmp(struct flow *f, uint8_t type, uint8_t code, uint32_t seq_, uint32_t mtu)
{
    struct tcp_icmp m = {.local = f->local,
                         .remote = f->remote,
                         .local_port = f->local_port,
                         .remote_port = f->remote_port,
                         .seq = seq(f->iss + seq_),
                         .type = type,
                         .code = code,
                         .mtu = mtu};
    enum drop why = tcp_input_icmp(f->w->tcp, &m, f->w->now);

    world_check(f->w);
    return why;
}

static enum drop
unreachable(struct flow *f, uint8_t code, uint32_t seq_)
{
    return icmp(f, ICMP_DEST_UNREACHABLE, code, seq_, 0);
}

static enum drop
frag_needed(struct flow *f, uint32_t seq_, uint32_t mtu)
{
    return icmp(f, ICMP_DEST_UNREACHABLE, ICMP_FRAG_NEEDED, seq_, mtu);
}

/* ---- while opening ---- */

static void
an_attempt_ends_with_what_icmp_says(void **state)
{
    static const struct {
        uint8_t code;
        enum tcp_error error;
    } cases[] = {{ICMP_NET_UNREACHABLE, TCP_UNREACHABLE},
                 {ICMP_HOST_UNREACHABLE, TCP_HOST_UNREACHABLE},
                 {ICMP_ADMIN_PROHIBITED, TCP_HOST_UNREACHABLE},
                 {ICMP_PROTOCOL_UNREACHABLE, TCP_REFUSED},
                 {ICMP_PORT_UNREACHABLE, TCP_REFUSED}};
    struct world *w = *state;

    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        struct flow f = flow_connect(w, (uint16_t)(80 + i));

        assert_int_equal(unreachable(&f, cases[i].code, 0), DROP_NONE);
        assert_int_equal(f.tcb->state, TCB_CLOSED);
        assert_int_equal(f.tcb->error, cases[i].error);
    }
}

static void
an_attempt_is_not_ended_by_another_number(void **state)
{
    struct world *w = *state;
    struct flow f = flow_in(w, TCB_SYN_SENT);

    assert_int_equal(unreachable(&f, ICMP_HOST_UNREACHABLE, 1),
                     DROP_TCP_ICMP_NOT_IN_FLIGHT);
    assert_int_equal(unreachable(&f, ICMP_HOST_UNREACHABLE, UINT32_MAX),
                     DROP_TCP_ICMP_NOT_IN_FLIGHT);
    assert_int_equal(f.tcb->state, TCB_SYN_SENT);
}

static void
a_child_that_cannot_be_reached_leaves_the_backlog(void **state)
{
    struct world *w = *state;
    struct flow f = flow_from(w, 4000);

    world_listen(w, 1);
    flow_put(&f, TCP_SYN, 0, 0, 0);
    flow_drain(&f);
    assert_int_equal(unreachable(&f, ICMP_HOST_UNREACHABLE, 0), DROP_NONE);
    assert_int_equal(w->listener->queued, 0);
    assert_int_equal(w->listener->opening, 0);
}

/* ---- later ---- */

static void
no_icmp_ends_what_is_established(void **state)
{
    struct world *w = *state;
    struct flow f = flow_in(w, TCB_ESTABLISHED);

    flow_write(&f, 100);
    flow_drain(&f);
    for (uint8_t type = 0; type < 20; type++)
        for (uint8_t code = 0; code < 20; code++)
            (void)icmp(&f, type, code, 1, 0);
    assert_int_equal(f.tcb->state, TCB_ESTABLISHED);
}

static void
what_icmp_said_is_the_reason_when_it_times_out(void **state)
{
    struct world *w = *state;
    struct flow f = flow_in(w, TCB_ESTABLISHED);

    flow_write(&f, 100);
    flow_drain(&f);
    assert_int_equal(unreachable(&f, ICMP_HOST_UNREACHABLE, 1), DROP_NONE);
    for (int s = 0; s < 3000 && f.tcb->state != TCB_CLOSED; s++) {
        flow_drain(&f);
        world_wait(w, 1000);
    }
    assert_int_equal(f.tcb->error, TCP_HOST_UNREACHABLE);
}

static void
an_ack_makes_it_forgotten(void **state)
{
    struct world *w = *state;
    struct flow f = flow_in(w, TCB_ESTABLISHED);

    flow_write(&f, 100);
    flow_drain(&f);
    (void)unreachable(&f, ICMP_HOST_UNREACHABLE, 1);
    assert_int_equal(f.tcb->soft_error, TCP_HOST_UNREACHABLE);
    flow_put(&f, TCP_ACK, 1, 101, 0);
    assert_int_equal(f.tcb->soft_error, TCP_OK);
}

static void
nobodys_icmp_changes_nothing(void **state)
{
    struct world *w = *state;
    struct flow f = flow_in(w, TCB_ESTABLISHED), other = f;

    other.remote_port++;
    assert_int_equal(unreachable(&other, ICMP_HOST_UNREACHABLE, 1),
                     DROP_TCP_ICMP_NO_CONNECTION);
}

/* ---- path MTU ---- */

static struct flow
sending(struct world *w, uint32_t len)
{
    struct flow f = flow_in(w, TCB_ESTABLISHED);

    flow_write(&f, len);
    flow_drain(&f);
    return f;
}

static void
a_smaller_path_is_used_at_once(void **state)
{
    struct world *w = *state;
    struct flow f = sending(w, 2896);
    uint32_t cwnd = f.tcb->cwnd;

    assert_int_equal(f.tcb->snd_mss, 1448);
    assert_int_equal(frag_needed(&f, 1, 1000), DROP_NONE);
    assert_string_equal(flow_get(&f), "A 1:948 ack 1 win 32768");
    assert_string_equal(flow_get(&f), "A 949:948 ack 1 win 32768");
    assert_string_equal(flow_get(&f), "A 1897:948 ack 1 win 32768");
    assert_string_equal(flow_get(&f), "PA 2845:52 ack 1 win 32768");
    assert_int_equal(f.tcb->cwnd, cwnd);
    assert_int_equal(f.tcb->pmtu, 1000);
}

static void
duplicates_after_it_start_no_recovery(void **state)
{
    struct world *w = *state;
    struct flow f = sending(w, 2896);

    assert_int_equal(frag_needed(&f, 1, 1000), DROP_NONE);
    flow_drain(&f);
    for (int i = 0; i < 5; i++)
        flow_put(&f, TCP_ACK, 1, 1, 0);
    assert_false((f.tcb->flags & TCB_RECOVERY) != 0);
}

static void
a_path_never_becomes_larger_or_tiny(void **state)
{
    struct world *w = *state;
    struct flow f = sending(w, 2896);

    assert_int_equal(frag_needed(&f, 1, 1500), DROP_ICMP_IGNORED);
    assert_int_equal(frag_needed(&f, 1, 9000), DROP_ICMP_IGNORED);
    assert_int_equal(frag_needed(&f, 1, 68), DROP_NONE);
    assert_int_equal(f.tcb->pmtu, TCP_PMTU_MIN);
    flow_drain(&f);
    assert_int_equal(frag_needed(&f, 1, 68), DROP_ICMP_IGNORED);
}

static void
a_router_that_does_not_say_means_the_next_plateau(void **state)
{
    static const uint32_t plateaus[] = {1492, 1006, TCP_PMTU_MIN};
    struct world *w = *state;
    struct flow f = sending(w, 2896);

    for (size_t i = 0; i < sizeof plateaus / sizeof *plateaus; i++) {
        assert_int_equal(frag_needed(&f, 1, 0), DROP_NONE);
        assert_int_equal(f.tcb->pmtu, plateaus[i]);
        flow_drain(&f);
    }
}

static void
a_number_that_is_not_in_flight_changes_no_path(void **state)
{
    struct world *w = *state;
    struct flow f = sending(w, 2896);

    assert_int_equal(frag_needed(&f, 0, 1000), DROP_TCP_ICMP_NOT_IN_FLIGHT);
    assert_int_equal(frag_needed(&f, 2897, 1000), DROP_TCP_ICMP_NOT_IN_FLIGHT);
    assert_int_equal(f.tcb->pmtu, WORLD_MTU);
    assert_string_equal(flow_get(&f), "");
}

/* ---- the network ---- */

static void
connections_of_an_address_that_is_gone_end(void **state)
{
    struct world *w = *state;
    struct flow f = flow_in(w, TCB_ESTABLISHED);

    w->net.address[0].addr = addr_v4(0x0a070063);
    tcp_net_changed(w->tcp, w->now);
    assert_int_equal(f.tcb->state, TCB_CLOSED);
    assert_int_equal(f.tcb->error, TCP_ABORTED);
    assert_string_equal(flow_get(&f), "");
}

static void
a_route_with_a_smaller_mtu_is_followed(void **state)
{
    struct world *w = *state;
    struct flow f = flow_in(w, TCB_ESTABLISHED);

    w->net.link[0].mtu = 800;
    tcp_net_changed(w->tcp, w->now);
    assert_int_equal(f.tcb->pmtu, 800);
    w->net.link[0].mtu = WORLD_MTU;
    tcp_net_changed(w->tcp, w->now);
    assert_int_equal(f.tcb->pmtu, 800);
}

int
main(void)
{
#define T(claim)                                                               \
    cmocka_unit_test_setup_teardown(claim, world_fixture, world_fixture_end)
    const struct CMUnitTest tests[] = {
        T(an_attempt_ends_with_what_icmp_says),
        T(an_attempt_is_not_ended_by_another_number),
        T(a_child_that_cannot_be_reached_leaves_the_backlog),
        T(no_icmp_ends_what_is_established),
        T(what_icmp_said_is_the_reason_when_it_times_out),
        T(an_ack_makes_it_forgotten),
        T(nobodys_icmp_changes_nothing),
        T(a_smaller_path_is_used_at_once),
        T(duplicates_after_it_start_no_recovery),
        T(a_path_never_becomes_larger_or_tiny),
        T(a_router_that_does_not_say_means_the_next_plateau),
        T(a_number_that_is_not_in_flight_changes_no_path),
        T(connections_of_an_address_that_is_gone_end),
        T(a_route_with_a_smaller_mtu_is_followed),
    };
#undef T

    return cmocka_run_group_tests(tests, NULL, NULL);
}
