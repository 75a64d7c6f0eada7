/* SPDX-License-Identifier: MIT */
/* Faults that the stack this one grew from had in its TCP, by their numbers in
 * docs/faults.md: each test fails if the fault is here. */
#include "tcpd/core/internal.h"
#include "tests/support/tcp_world.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#define MSS 1448 /* 1460 less timestamps */

/* What is sent next begins like this. */
static void
assert_sends(struct flow *f, const char *start)
{
    const char *sent = flow_get(f);

    if (strncmp(sent, start, strlen(start)) != 0)
        fail_msg("sent \"%s\", not \"%s\"", sent, start);
}

static void
assert_silence(struct flow *f)
{
    assert_string_equal(flow_get(f), "");
}

static void
put(struct flow *f, uint8_t flags, uint32_t seq_, uint32_t ack, uint32_t len)
{
    (void)flow_put(f, flags, seq_, ack, len);
}

/* ---- what one packet could do ---- */

/* A SACK option with a length of 0 hung the receiver, one too long was read
 * beyond its end. Here whatever its length, parsing ends within the header. */
static void
fault_01_sack_option_of_any_length_is_harmless(void **state)
{
    uint8_t bytes[TCP_HEADER_MAX] = {0};
    struct tcp_header h;

    (void)state;
    for (unsigned header = 6; header <= 15; header++) {
        for (unsigned len = 0; len <= UINT8_MAX; len++) {
            unsigned blocks = (len - 2) / 8;
            bool whole = len <= header * 4 - 20 && len > 2 && len % 8 == 2;

            bytes[12] = (uint8_t)(header << 4);
            bytes[13] = TCP_ACK;
            bytes[20] = 5;
            bytes[21] = (uint8_t)len;
            assert_int_equal(tcp_decode(bytes, header * 4, &h), DROP_NONE);
            assert_int_equal(h.opt.sack_count, whole ? blocks : 0);
        }
    }
}

/* The first retransmission timeout ended the process. */
static void
fault_05_first_timeout_sends_again(void **state)
{
    struct world *w = *state;
    struct flow f = flow_in(w, TCB_ESTABLISHED);

    flow_write(&f, 20 * MSS);
    flow_drain(&f);
    world_wait(w, 1000);
    assert_int_equal(f.tcb->cwnd, MSS);
    assert_sends(&f, "A 1:1448 ack 1");
    assert_silence(&f);
}

/* ---- the handshake ---- */

/* The test was inverted: the first thousand SYNs got cookies and lost their
 * options, and the count of them leaked. */
static void
fault_06_cookies_come_last_and_the_count_is_kept(void **state)
{
    struct world *w = *state;
    struct flow a = flow_from(w, 4000), b = flow_from(w, 4001);

    world_listen(w, 1);
    a.syn.sack_permitted = true;
    for (int round = 0; round < 20; round++) {
        put(&a, TCP_SYN, 0, 0, 0);
        assert_sends(&a, "SA 0:0 ack 1 win 65535 mss 1460 ts ws 3 sack");
        assert_int_equal(w->tcp->stats.cookies_sent, round);
        assert_int_equal(w->listener->opening, 1);
        put(&b, TCP_SYN, 0, 0, 0);
        flow_drain(&b);
        assert_int_equal(w->tcp->stats.cookies_sent, round + 1);
        put(&a, TCP_RST, 1, 0, 0);
        assert_int_equal(w->listener->opening, 0);
        a.tcb = NULL;
        world_turn(w);
    }
}

/* The third segment's text was thrown away, and a SYN with ECN's bits was not
 * seen at all. */
static void
fault_10_flags_and_text_beside_the_handshake_count(void **state)
{
    struct world *w = *state;
    struct flow f = flow_from(w, 4000);

    world_listen(w, 2);
    put(&f, TCP_SYN | TCP_ECE | TCP_CWR, 0, 0, 0);
    assert_sends(&f, "SA 0:0 ack 1");
    put(&f, TCP_ACK | TCP_PSH | TCP_FIN, 1, 1, 500);
    assert_int_equal(f.tcb->state, TCB_CLOSE_WAIT);
    assert_int_equal(flow_read(&f), 500);
    assert_sends(&f, "A 1:0 ack 502");
}

/* A port of an outgoing connection could be bound; without a free port the
 * answer was port 0 and no error. */
static void
fault_19_ports_in_use_are_taken(void **state)
{
    struct world *w = *state;
    struct flow f = flow_connect(w, 80);
    struct owner owner = {.client = WORLD_CLIENT, .slot = 3, .generation = 1};
    struct addr any = addr_any_v4();
    enum tcp_error error;

    assert_null(tcp_call_bind(w->tcp, &owner, &any, f.local_port, &error));
    assert_int_equal(error, TCP_ADDR_IN_USE);
    for (uint32_t port = TCP_PORT_FIRST; port <= TCP_PORT_LAST; port++)
        w->tcp->opened[port] += port != f.local_port;
    assert_null(tcp_call_bind(w->tcp, &owner, &any, 0, &error));
    assert_int_equal(error, TCP_NO_PORT);
    for (uint32_t port = TCP_PORT_FIRST; port <= TCP_PORT_LAST; port++)
        w->tcp->opened[port] -= port != f.local_port;
}

/* A close in SYN-SENT was forgotten: the attempt went on for a minute. */
static void
fault_20_close_in_syn_sent_ends_at_once(void **state)
{
    struct world *w = *state;
    struct flow f = flow_connect(w, 80);

    tcp_call_close(w->tcp, f.tcb, w->now);
    assert_int_equal(f.tcb->state, TCB_CLOSED);
    world_turn(w);
    world_wait(w, 130000);
    assert_silence(&f);
}

/* A full accept queue stopped the listener, for those too who were there. */
static void
fault_21_full_queue_stops_nobody_else(void **state)
{
    struct world *w = *state;
    struct flow a, b, late = flow_from(w, 4009);

    world_listen(w, 1);
    a = flow_accepted(w, 4000);
    b = flow_accepted(w, 4001);
    assert_int_equal(flow_put(&late, TCP_SYN, 0, 0, 0), DROP_LISTEN_QUEUE_FULL);
    put(&a, TCP_ACK, 1, 1, 100);
    assert_sends(&a, "A 1:0 ack 101");
    put(&b, TCP_ACK, 1, 1, 100);
    assert_sends(&b, "A 1:0 ack 101");
    tcp_call_claim(w->tcp, a.tcb);
    assert_int_equal(flow_put(&late, TCP_SYN, 0, 0, 0), DROP_NONE);
}

/* ---- sending ---- */

/* A partial ACK took bytes away and left the number: what was sent again had
 * the wrong bytes. flow_get() compares them. */
static void
fault_07_partial_ack_keeps_sequence_numbers_true(void **state)
{
    struct world *w = *state;
    struct flow f = flow_in(w, TCB_ESTABLISHED);

    flow_write(&f, 1000);
    flow_drain(&f);
    put(&f, TCP_ACK, 1, 338, 0);
    world_wait(w, 1000);
    assert_sends(&f, "PA 338:663 ack 1");
}

/* The window came from any ACK, old ones too, and an ACK for what was never
 * sent was not answered. */
static void
fault_08_old_segments_bring_no_window(void **state)
{
    struct world *w = *state;
    struct flow f = flow_in(w, TCB_ESTABLISHED);

    put(&f, TCP_ACK, 11, 1, 10);
    f.wnd = 0;
    put(&f, TCP_ACK, 1, 1, 10);
    flow_drain(&f);
    flow_write(&f, 100);
    assert_sends(&f, "PA 1:100 ack 21");
    assert_int_equal(flow_put(&f, TCP_ACK, 21, 500, 0), DROP_ACK_BEYOND);
    assert_sends(&f, "A 101:0 ack 21");
}

/* After a timeout duplicate ACKs started a fast retransmit of what was being
 * sent again anyway; FIN was subtracted from a count it was never in. */
static void
fault_09_duplicates_after_a_timeout_start_no_recovery(void **state)
{
    struct world *w = *state;
    struct flow f = flow_in(w, TCB_ESTABLISHED);

    flow_write(&f, 8 * MSS);
    tcp_call_shutdown(w->tcp, f.tcb, w->now);
    flow_drain(&f);
    assert_int_equal(output_in_flight(f.tcb), 8 * MSS);
    world_wait(w, 1000);
    flow_drain(&f);
    for (int i = 0; i < 4; i++)
        put(&f, TCP_ACK, 1, 1, 0);
    assert_int_equal(w->tcp->stats.retrans_fast, 0);
    put(&f, TCP_ACK, 1, 2 + 8 * MSS, 0);
    assert_int_equal(output_in_flight(f.tcb), 0);
    assert_int_equal(f.tcb->state, TCB_FIN_WAIT_2);
}

/* A window that stayed closed because its update was lost stopped everything. */
static void
fault_14_closed_window_is_probed(void **state)
{
    struct world *w = *state;
    struct flow f = flow_in(w, TCB_ESTABLISHED);

    f.wnd = 0;
    put(&f, TCP_ACK, 1, 1, 0);
    flow_write(&f, 100);
    assert_silence(&f);
    world_wait(w, 1000);
    assert_sends(&f, "A 0:0 ack 1");
    f.wnd = UINT16_MAX;
    put(&f, TCP_ACK, 1, 1, 0);
    assert_sends(&f, "PA 1:100 ack 1");
}

/* Windows of any size were filled and told, small segments not held back, and
 * every segment was pushed. */
static void
fault_15_silly_windows_are_avoided(void **state)
{
    struct world *w = *state;
    struct flow f = flow_in(w, TCB_ESTABLISHED);

    flow_write(&f, 100);
    assert_sends(&f, "PA 1:100 ack 1");
    flow_write(&f, 100);
    assert_silence(&f); /* Nagle */
    flow_write(&f, 2 * MSS);
    assert_sends(&f, "A 101:1448 ack 1"); /* no PSH */
    flow_drain(&f);
    put(&f, TCP_ACK, 1, 101 + 2 * MSS, 0);
    assert_sends(&f, "PA 2997:100 ack 1");
    f.wnd = 1;
    put(&f, TCP_ACK, 1, 201 + 2 * MSS, 0);
    flow_write(&f, 1000);
    assert_silence(&f); /* 128 bytes are no window */
    put(&f, TCP_ACK, 1, 201 + 2 * MSS, MSS);
    flow_drain(&f);
    tcp_call_received(w->tcp, f.tcb, 10, w->now);
    assert_silence(&f); /* 10 bytes are no news */
}

/* "cubic" meant Reno, and windows counted segments, so that tiny ones used
 * them up. */
static void
fault_18_the_congestion_window_counts_bytes(void **state)
{
    struct world *w = *state;
    struct flow f = flow_in(w, TCB_ESTABLISHED);
    struct tcp_settings settings = f.tcb->settings;
    char expected[32];

    settings.flags |= TCP_SET_NODELAY;
    tcp_call_configure(w->tcp, f.tcb, &settings, w->now);
    for (uint32_t i = 0; i < 100; i++) {
        flow_write(&f, 10);
        snprintf(expected, sizeof expected, "PA %u:10 ack 1", 1 + 10 * i);
        assert_sends(&f, expected);
    }
}

/* What ICMP said of the path's MTU was thrown away. */
static void
fault_24_path_mtu_is_followed(void **state)
{
    struct world *w = *state;
    struct flow f = flow_in(w, TCB_ESTABLISHED);
    struct tcp_icmp icmp = {.local = f.local,
                            .remote = f.remote,
                            .local_port = f.local_port,
                            .remote_port = f.remote_port,
                            .type = 3,
                            .code = 4,
                            .mtu = 1000};

    flow_write(&f, MSS);
    flow_drain(&f);
    icmp.seq = f.tcb->snd_una;
    assert_int_equal(tcp_input_icmp(w->tcp, &icmp, w->now), DROP_NONE);
    assert_sends(&f, "A 1:948 ack 1");
}

/* ---- receiving ---- */

/* RSTs were numbered SND.UNA, which nobody takes while text is in flight; any
 * RST in the window was believed, and a SYN there not answered. */
static void
fault_11_resets_are_numbered_and_checked(void **state)
{
    struct world *w = *state;
    struct flow f = flow_in(w, TCB_ESTABLISHED);

    assert_int_equal(flow_put(&f, TCP_RST, 2, 0, 0), DROP_RST_CHALLENGE);
    assert_sends(&f, "A 1:0 ack 1");
    world_wait(w, 1000);
    assert_int_equal(flow_put(&f, TCP_SYN, 1, 0, 0), DROP_SYN_IN_WINDOW);
    assert_sends(&f, "A 1:0 ack 1");
    assert_int_equal(f.tcb->state, TCB_ESTABLISHED);
    flow_write(&f, 100);
    flow_drain(&f);
    tcp_call_abort(w->tcp, f.tcb, w->now);
    assert_sends(&f, "RA 101:0 ack 1");
}

/* There was no TIME-WAIT: a FIN that came again found nobody, and closed ports
 * said nothing. */
static void
fault_12_the_last_fin_is_answered(void **state)
{
    struct world *w = *state;
    struct flow f = flow_in(w, TCB_TIME_WAIT);

    put(&f, TCP_FIN | TCP_ACK, 1, 2, 0);
    assert_sends(&f, "A 2:0 ack 2");
    world_wait(w, TCP_TIME_WAIT);
    assert_int_equal(f.tcb->state, TCB_CLOSED);
    put(&f, TCP_FIN | TCP_ACK, 1, 2, 0);
    assert_sends(&f, "R 2:0");
}

/* Any shutdown sent FIN, with unread text RST, and an abort was told twice. */
static void
fault_13_shutdown_closes_one_direction(void **state)
{
    struct world *w = *state;
    struct flow f = flow_in(w, TCB_ESTABLISHED);

    put(&f, TCP_ACK, 1, 1, 100);
    flow_drain(&f);
    tcp_call_shutdown(w->tcp, f.tcb, w->now);
    assert_sends(&f, "FA 1:0 ack 101");
    put(&f, TCP_ACK, 101, 2, 100);
    assert_int_equal(flow_read(&f), 200);
    flow_drain(&f);
    tcp_call_abort(w->tcp, f.tcb, w->now);
    assert_sends(&f, "RA 2:0 ack 201");
    world_turn(w);
    world_wait(w, 300000);
    assert_silence(&f);
}

/* SACK named what was thrown away, and empty FINs. */
static void
fault_16_only_what_is_stored_is_sacked(void **state)
{
    struct world *w = *state;
    struct flow f = flow_from(w, 4000);
    uint32_t beyond = WORLD_BUFFER + 100;

    world_listen(w, 2);
    f.syn.sack_permitted = true;
    put(&f, TCP_SYN, 0, 0, 0);
    flow_drain(&f);
    put(&f, TCP_ACK, 1, 1, 0);
    put(&f, TCP_FIN | TCP_ACK, 1000, 1, 0);
    assert_int_equal(f.tcb->ooo_count, 0);
    put(&f, TCP_ACK, beyond, 1, 100);
    assert_int_equal(f.tcb->ooo_count, 0);
    put(&f, TCP_ACK, 101, 1, 100);
    assert_int_equal(f.tcb->ooo_count, 1);
    assert_int_equal(seq_sub(f.tcb->ooo[0].left, f.tcb->irs), 101);
    assert_int_equal(seq_sub(f.tcb->ooo[0].right, f.tcb->irs), 201);
}

/* There was no PAWS, and the timestamp clock jumped between the SYN-ACK of a
 * cookie and the connection. */
static void
fault_17_timestamps_protect_and_go_on(void **state)
{
    struct world *w = *state;
    struct flow a = flow_from(w, 4000), f = flow_from(w, 4001);
    uint32_t synack;

    world_listen(w, 1);
    put(&a, TCP_SYN, 0, 0, 0);
    flow_drain(&a);
    put(&f, TCP_SYN, 0, 0, 0); /* gets a cookie */
    assert_sends(&f, "SA");
    assert_null(f.tcb);
    synack = f.tsecr;
    world_wait(w, 100);
    f.tcb = a.tcb; /* that timestamps are agreed on */
    put(&f, TCP_ACK, 1, 1, 0);
    f.tcb = tcp_find(w->tcp, &f.local, 80, &f.remote, 4001);
    assert_non_null(f.tcb);
    put(&f, TCP_ACK, 1, 1, 100);
    assert_sends(&f, "A 1:0 ack 101");
    assert_in_range(f.tsecr - synack, 100, 100 + 64);
    f.tsval--;
    assert_int_equal(flow_put(&f, TCP_ACK, 101, 1, 100), DROP_PAWS);
}

/* Attempts that failed were counted where they had not, and listens as opens. */
static void
fault_22_opens_are_counted_as_what_they_are(void **state)
{
    struct world *w = *state;
    const struct tcp_stats *stats = &w->tcp->stats;
    struct flow f = flow_connect(w, 80);

    world_listen(w, 4);
    assert_int_equal(stats->passive_opens, 0);
    assert_int_equal(stats->attempt_fails, 0);
    put(&f, TCP_RST | TCP_ACK, 0, 1, 0);
    assert_int_equal(stats->attempt_fails, 1);
    flow_accepted(w, 4000);
    assert_int_equal(stats->passive_opens, 1);
    assert_int_equal(stats->active_opens, 1);
    assert_int_equal(stats->attempt_fails, 1);
}

/* No checksum was looked at. */
static void
fault_23_damaged_segments_are_dropped(void **state)
{
    const struct addr src = addr_v4(0x0a070009), dst = addr_v4(0x0a070002);
    const struct tcp_header h = {.src_port = 5, .dst_port = 80, .flags = 0x10};
    uint8_t bytes[TCP_HEADER_MAX];
    struct segment seg;

    (void)state;
    tcp_encode(bytes, &h);
    tcp_checksum_complete(bytes, TCP_HEADER_LEN, src, dst, 0, 0);
    assert_int_equal(segment_parse(&seg, &src, &dst, bytes, 20, false),
                     DROP_NONE);
    bytes[4] ^= 1;
    assert_int_equal(segment_parse(&seg, &src, &dst, bytes, 20, false),
                     DROP_TCP_BAD_CHECKSUM);
}

#define TEST(name)                                                             \
    cmocka_unit_test_setup_teardown(name, world_fixture, world_fixture_end)

int
main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(fault_01_sack_option_of_any_length_is_harmless),
        TEST(fault_05_first_timeout_sends_again),
        TEST(fault_06_cookies_come_last_and_the_count_is_kept),
        TEST(fault_07_partial_ack_keeps_sequence_numbers_true),
        TEST(fault_08_old_segments_bring_no_window),
        TEST(fault_09_duplicates_after_a_timeout_start_no_recovery),
        TEST(fault_10_flags_and_text_beside_the_handshake_count),
        TEST(fault_11_resets_are_numbered_and_checked),
        TEST(fault_12_the_last_fin_is_answered),
        TEST(fault_13_shutdown_closes_one_direction),
        TEST(fault_14_closed_window_is_probed),
        TEST(fault_15_silly_windows_are_avoided),
        TEST(fault_16_only_what_is_stored_is_sacked),
        TEST(fault_17_timestamps_protect_and_go_on),
        TEST(fault_18_the_congestion_window_counts_bytes),
        TEST(fault_19_ports_in_use_are_taken),
        TEST(fault_20_close_in_syn_sent_ends_at_once),
        TEST(fault_21_full_queue_stops_nobody_else),
        TEST(fault_22_opens_are_counted_as_what_they_are),
        TEST(fault_23_damaged_segments_are_dropped),
        TEST(fault_24_path_mtu_is_followed),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
