/* SPDX-License-Identifier: MIT */
/* Every segment in every state: whatever comes, the state goes only where RFC
 * 9293 3.3.2 lets it go, nothing is broken, and the answer is at most one
 * segment. */
#include "tests/support/tcp_world.h"

#include "tcpd/core/internal.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>

#include <cmocka.h>

#define SET(state) (1u << (state))

/* CLOSED is reached by RST from everywhere but TIME-WAIT. */
static const unsigned reachable[TCB_STATES] = {
    [TCB_SYN_SENT] = SET(TCB_SYN_SENT) | SET(TCB_SYN_RECEIVED) |
                     SET(TCB_ESTABLISHED) | SET(TCB_CLOSE_WAIT) |
                     SET(TCB_CLOSED),
    [TCB_SYN_RECEIVED] = SET(TCB_SYN_RECEIVED) | SET(TCB_ESTABLISHED) |
                         SET(TCB_CLOSE_WAIT) | SET(TCB_CLOSED),
    [TCB_ESTABLISHED] =
        SET(TCB_ESTABLISHED) | SET(TCB_CLOSE_WAIT) | SET(TCB_CLOSED),
    [TCB_FIN_WAIT_1] = SET(TCB_FIN_WAIT_1) | SET(TCB_FIN_WAIT_2) |
                       SET(TCB_CLOSING) | SET(TCB_TIME_WAIT) | SET(TCB_CLOSED),
    [TCB_FIN_WAIT_2] =
        SET(TCB_FIN_WAIT_2) | SET(TCB_TIME_WAIT) | SET(TCB_CLOSED),
    [TCB_CLOSE_WAIT] = SET(TCB_CLOSE_WAIT) | SET(TCB_CLOSED),
    [TCB_CLOSING] = SET(TCB_CLOSING) | SET(TCB_TIME_WAIT) | SET(TCB_CLOSED),
    [TCB_LAST_ACK] = SET(TCB_LAST_ACK) | SET(TCB_CLOSED),
    [TCB_TIME_WAIT] = SET(TCB_TIME_WAIT),
};

struct fate {
    uint8_t state, error;
    enum drop why;
    int answers;
};

struct shape {
    enum tcb_state state;
    uint8_t flags;
    int32_t seq, ack; /* from what the peer would send next */
    uint32_t len;
};

static int
count_answers(struct world *w)
{
    struct tcp_slot slot = {.buf = w->slot, .cap = 65536 + 128};
    int n = 0;

    while (tcp_output(w->tcp, &slot, w->now))
        n++;
    return n;
}

static struct fate
meet(struct world *w, const struct shape *s, uint8_t more_flags)
{
    struct flow f = flow_in(w, s->state);
    uint32_t next = s->state == TCB_SYN_SENT ? 0 : f.tcb->rcv_nxt.v - f.irs;
    uint32_t una = f.tcb->snd_una.v - f.iss;
    struct fate fate;

    f.tsval++;
    fate.why = flow_put(&f, s->flags | more_flags, next + (uint32_t)s->seq,
                        una + (uint32_t)s->ack, s->len);
    fate.state = f.tcb->state;
    fate.error = f.tcb->error;
    fate.answers = count_answers(w);
    world_check(w);
    tcp_call_abort(w->tcp, f.tcb, w->now);
    world_drain(w);
    world_turn(w);
    return fate;
}

static bool
is_fine(const struct shape *s, const struct fate *fate)
{
    bool ended = fate->state == TCB_CLOSED && s->state != TCB_CLOSED;

    if (!(reachable[s->state] >> fate->state & 1))
        return false;
    if (ended && !(s->flags & TCP_RST) && s->state != TCB_LAST_ACK)
        return false;
    return fate->answers <= 1;
}

static void
try_shape(struct world *w, const struct shape *s)
{
    struct fate fate = meet(w, s, 0);
    struct fate urgent = meet(w, s, TCP_URG | TCP_PSH);

    if (!is_fine(s, &fate))
        fail_msg("in %s flags %02x seq %+d ack %+d len %u: %s, %d answers",
                 tcb_state_name(s->state), s->flags, s->seq, s->ack, s->len,
                 tcb_state_name((enum tcb_state)fate.state), fate.answers);
    /* Urgent text is text, and PSH means nothing (RFC 6093, RFC 9293 3.9.1). */
    assert_int_equal(fate.state, urgent.state);
    assert_int_equal(fate.why, urgent.why);
    assert_int_equal(fate.answers, urgent.answers);
}

static void
try_numbers(struct world *w, struct shape s)
{
    static const int32_t offsets[] = {-1, 0, 1, 300000};

    for (size_t i = 0; i < 4; i++)
        for (size_t j = 0; j < 4; j++)
            for (s.len = 0; s.len < 2; s.len++) {
                s.seq = offsets[i];
                s.ack = offsets[j];
                try_shape(w, &s);
            }
}

static void
every_segment_in_every_state_leads_where_the_rfc_says(void **state)
{
    static const uint8_t bits[] = {TCP_FIN, TCP_SYN, TCP_RST, TCP_ACK};

    for (unsigned from = TCB_SYN_SENT; from < TCB_STATES; from++)
        for (unsigned set = 0; set < 16; set++) {
            struct shape s = {.state = (enum tcb_state)from};

            for (unsigned b = 0; b < 4; b++)
                s.flags |= set >> b & 1 ? bits[b] : 0;
            try_numbers(*state, s);
        }
}

/* With the window closed: ACK, RST and FIN count, text does not (RFC 9293 3.10.7.4). */
static struct flow
with_closed_window(struct world *w)
{
    struct flow f = flow_in(w, TCB_ESTABLISHED);
    uint32_t at = 1;

    while (seq_lt(f.tcb->rcv_nxt, f.tcb->rcv_adv)) {
        flow_put(&f, TCP_ACK, at, 1,
                 seq_sub(f.tcb->rcv_adv, f.tcb->rcv_nxt) < 32768
                     ? seq_sub(f.tcb->rcv_adv, f.tcb->rcv_nxt)
                     : 32768);
        at = f.tcb->rcv_nxt.v - f.irs;
        flow_drain(&f);
    }
    return f;
}

static void
rst_counts_while_the_window_is_closed(void **state)
{
    struct flow f = with_closed_window(*state);
    uint32_t next = f.tcb->rcv_nxt.v - f.irs;

    flow_put(&f, TCP_RST, next, 0, 0);
    assert_int_equal(f.tcb->state, TCB_CLOSED);
    assert_int_equal(f.tcb->error, TCP_RESET);
}

static void
ack_counts_while_the_window_is_closed_and_text_does_not(void **state)
{
    struct flow f = with_closed_window(*state);
    uint32_t next = f.tcb->rcv_nxt.v - f.irs;

    flow_write(&f, 100);
    flow_drain(&f);
    assert_int_equal(flow_put(&f, TCP_ACK | TCP_URG, next, 101, 50),
                     DROP_RCVBUF_FULL);
    assert_int_equal(f.tcb->tx_una, 100);
    assert_int_equal(f.tcb->rcv_nxt.v - f.irs, next);
    assert_int_equal(flow_get(&f)[0], 'A');
}

int
main(void)
{
#define T(claim)                                                               \
    cmocka_unit_test_setup_teardown(claim, world_fixture, world_fixture_end)
    const struct CMUnitTest tests[] = {
        T(every_segment_in_every_state_leads_where_the_rfc_says),
        T(rst_counts_while_the_window_is_closed),
        T(ack_counts_while_the_window_is_closed_and_text_does_not),
    };
#undef T

    return cmocka_run_group_tests(tests, NULL, NULL);
}
