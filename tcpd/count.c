/* SPDX-License-Identifier: MIT */
/* Copies the core's counts to where the others see them. */
#include "tcpd/count.h"

#include "base/bits.h"

#include <string.h>

static const struct {
    enum counter counter;
    size_t at; /* of a uint64_t */
} rows[] = {
    {COUNTER_TCP_ACTIVE_OPENS, offsetof(struct tcp_stats, active_opens)},
    {COUNTER_TCP_PASSIVE_OPENS, offsetof(struct tcp_stats, passive_opens)},
    {COUNTER_TCP_ATTEMPT_FAILS, offsetof(struct tcp_stats, attempt_fails)},
    {COUNTER_TCP_ESTAB_RESETS, offsetof(struct tcp_stats, estab_resets)},
    {COUNTER_TCP_IN_SEGS, offsetof(struct tcp_stats, in_segs)},
    {COUNTER_TCP_OUT_SEGS, offsetof(struct tcp_stats, out_segs)},
    {COUNTER_TCP_IN_BYTES, offsetof(struct tcp_stats, in_bytes)},
    {COUNTER_TCP_OUT_BYTES, offsetof(struct tcp_stats, out_bytes)},
    {COUNTER_TCP_RETRANS_SEGS, offsetof(struct tcp_stats, retrans_segs)},
    {COUNTER_TCP_RETRANS_TIMEOUT, offsetof(struct tcp_stats, retrans_timeout)},
    {COUNTER_TCP_RETRANS_FAST, offsetof(struct tcp_stats, retrans_fast)},
    {COUNTER_TCP_OUT_RSTS, offsetof(struct tcp_stats, out_rsts)},
    {COUNTER_TCP_OOO_QUEUED, offsetof(struct tcp_stats, ooo_queued)},
    {COUNTER_TCP_DELAYED_ACKS, offsetof(struct tcp_stats, delayed_acks)},
    {COUNTER_TCP_KEEP_PROBES, offsetof(struct tcp_stats, keep_probes)},
    {COUNTER_TCP_KEEP_DROPS, offsetof(struct tcp_stats, keep_drops)},
    {COUNTER_TCP_PMTU_LOWERED, offsetof(struct tcp_stats, pmtu_lowered)},
    {COUNTER_TCP_ICMP_ABORTS, offsetof(struct tcp_stats, icmp_aborts)},
    {COUNTER_TCP_COOKIES_SENT, offsetof(struct tcp_stats, cookies_sent)},
    {COUNTER_TCP_COOKIES_TAKEN, offsetof(struct tcp_stats, cookies_taken)},
};

static uint64_t
stat_at(const struct tcp_stats *stats, size_t at)
{
    uint64_t value;

    memcpy(&value, (const uint8_t *)stats + at, sizeof value);
    return value;
}

void
count_turn(struct cnc *cnc, const struct tcp_stats *now,
           struct tcp_stats *counted)
{
    for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
        uint64_t more = stat_at(now, rows[i].at) - stat_at(counted, rows[i].at);

        if (more != 0)
            cnc_count(cnc, rows[i].counter, more);
    }
    cnc_set(cnc, COUNTER_TCP_CURR_ESTAB, now->curr_estab);
    for (uint64_t n = counted->reply_drops; n < now->reply_drops; n++)
        cnc_drop(cnc, DROP_TCP_REPLY_FULL);
    *counted = *now;
}
