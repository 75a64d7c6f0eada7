/* SPDX-License-Identifier: MIT */
/* The small modules that the state machine is made of, and what each promises to the others. */
#ifndef TCPD_CORE_INTERNAL_H
#define TCPD_CORE_INTERNAL_H

#include "tcpd/core/tcp.h"

/* ---- isn.c: numbers that nobody outside can guess ---- */

/* RFC 6528: a 4 us clock plus a keyed hash of the 4-tuple. */
seq_t isn_choose(const struct tcp *tcp, const struct tcb *tcb, instant_t now);
/* RFC 7323: this connection's offset of the timestamp clock. */
uint32_t isn_ts_offset(const struct tcp *tcp, const struct tcb *tcb);
/* The timestamp clock: 1 ms, plus the connection's offset. */
uint32_t isn_ts_now(const struct tcb *tcb, instant_t now);
/* RFC 6056 algorithm 3: a free ephemeral port for this peer, 0: none. */
uint16_t isn_port(struct tcp *tcp, const struct addr *local,
                  const struct addr *remote, uint16_t remote_port);

/* ---- reply.c: answers without a tcb, and owed ACKs ---- */

/* RST for a segment that belongs to nothing (RFC 9293 3.10.7.1's rules for seq and
 * ack). Never for a RST. */
void reply_rst(struct tcp *tcp, const struct segment *seg);
/* Any answer without a tcb; dropped and counted when there are too many. */
void reply_push(struct tcp *tcp, const struct reply *reply);
/* RST for a live tcb. RFC 5961 peers take it only at the number they expect,
 * and that is snd_max: after a rewind snd_nxt lies below. */
void reply_abort(struct tcp *tcp, const struct tcb *tcb);
/* An empty ACK from this tcb in this turn; several in one turn become one. */
void reply_ack(struct tcp *tcp, struct tcb *tcb);

/* ---- rtt.c: RFC 6298, with Linux's minimum and RFC 7323's samples ---- */
void rtt_init(struct tcb *tcb);
void rtt_sample(struct tcb *tcb, duration_t rtt);
void rtt_backoff(struct tcb *tcb); /* doubles rto up to the maximum */

/* ---- cc.c, cc_newreno.c: congestion control, cwnd in bytes (RFC 5681) ---- */
void cc_init(struct tcb *tcb);
/* `acked` new bytes while not in recovery; grows only when cwnd was in use. */
void cc_acked(struct tcb *tcb, uint32_t acked);
void cc_enter_recovery(struct tcb *tcb);
/* Another duplicate ACK in recovery: one segment more has left the network. */
void cc_inflate(struct tcb *tcb);
void cc_leave_recovery(struct tcb *tcb);
void cc_timeout(
    struct tcb
        *tcb); /* first expiry of a flight halves, all set cwnd to 1 MSS */
void cc_idle(
    struct tcb *tcb); /* longer than an RTO: back to the initial window */

/* ---- recovery.c: duplicate ACKs (RFC 5681 3.2, RFC 6582) ---- */
/* A duplicate ACK; the third one starts fast retransmit. */
void recovery_duplicate(struct tcp *tcp, struct tcb *tcb, instant_t now);
/* An ACK that advanced snd_una by `acked`; ends or continues recovery. */
void recovery_advanced(struct tcp *tcp, struct tcb *tcb, uint32_t acked,
                       instant_t now);

/* ---- settings.c ---- */
/* What is `wanted` with every value as it makes sense; NULL: the defaults. */
void settings_take(const struct tcp *tcp, const struct tcp_settings *wanted,
                   struct tcp_settings *out);

/* ---- ooo.c: which ranges above rcv_nxt are stored ---- */
/* Could [left, right) be added? False: too many ranges, nothing is to be stored. */
bool ooo_fits(const struct tcb *tcb, seq_t left, seq_t right);
void ooo_add(struct tcb *tcb, seq_t left, seq_t right);
/* rcv_nxt has moved: takes ranges that it has reached and returns how far
 * beyond rcv_nxt the text is now contiguous, bytes. */
uint32_t ooo_reach(struct tcb *tcb);

/* What is stored of [left, right), or lies below rcv_nxt, has come twice: the next
 * ACK says so (RFC 2883). */
void ooo_note_duplicate(struct tcb *tcb, seq_t left, seq_t right);
/* The blocks of the next ACK (RFC 2018 4): at most `most`. */
void ooo_blocks(const struct tcb *tcb, uint32_t most, struct tcp_options *opt);

/* ---- timeouts.c ---- */
/* Ends it with TCP_TIMED_OUT, or with what ICMP says was in the way. */
void tcb_time_out(struct tcp *tcp, struct tcb *tcb, instant_t now);
void timer_set(struct tcp *tcp, struct tcb *tcb, enum tcb_timer t,
               instant_t when);
void timer_stop(struct tcp *tcp, struct tcb *tcb, enum tcb_timer t);
bool timer_running(const struct tcb *tcb, enum tcb_timer t);

/* ---- output.c ---- */
/* RCV.WND to advertise now: never moves the right edge left, and not by less than
 * min(MSS, half the buffer) to the right (RFC 9293 3.8.6.2.2). */
uint32_t output_window(const struct tcb *tcb);
/* Is there text or FIN that may be sent under window, cwnd and Nagle? */
bool output_ready(const struct tcb *tcb, instant_t now);
/* The text bytes of our stream that are not yet acknowledged by the peer. */
uint32_t output_in_flight(const struct tcb *tcb);
/* Go-back-N: everything from snd_una is to be sent again (RTO). */
void output_rewind(struct tcp *tcp, struct tcb *tcb);

#endif
