/* SPDX-License-Identifier: MIT */
/* SYN cookies (RFC 4987 3.6), made as Linux makes them.
 *
 * The sequence number of the SYN-ACK is the peer's own, plus a keyed hash of the
 * 4-tuple, plus in its upper byte the COOKIE_PERIOD that it was made in and in
 * the lower three another hash, which depends on that period, with the index of
 * the peer's MSS added. An ACK that is one above such a number of this period or
 * the one before can only come from who has received it, but for one guess in
 * 2^28.
 *
 * What does not fit there goes into the timestamp, which the peer echoes: the
 * lowest bits of ours tell its window scale and whether it does SACK. A peer
 * without timestamps gets neither. The text that the third ACK may carry is
 * taken; if the ACK is lost, the peer's first text is as good. */
#include "tcpd/core/input_cookie.h"

#include "base/bits.h"
#include "tcpd/core/demux.h"
#include "tcpd/core/internal.h"
#include "tcpd/core/open.h"
#include "tcpd/core/path.h"

#define COOKIE_PERIOD_MS 64000
#define PERIODS          2 /* a cookie holds for */
#define RECENT_MS        120000

#define INDEX_BITS 24
#define INDEX_MASK ((1u << INDEX_BITS) - 1)

/* In the lowest bits of our timestamp. */
#define OPTION_BITS   6
#define OPTION_MASK   ((1u << OPTION_BITS) - 1)
#define OPTION_SACK   0x10u
#define WSCALE_MASK   0x0fu
#define WSCALE_ABSENT 0x0fu /* above TCP_WSCALE_MAX */

/* From below, so that no peer gets more than it offered. */
static const uint16_t mss_table[8] = {TCP_MSS_MIN, 536,  1220, 1360,
                                      1400,        1440, 1460, 8960};

static uint32_t
period_at(instant_t now)
{
    return (uint32_t)(now.ns / duration_ms(COOKIE_PERIOD_MS).ns);
}

/* Period 0 stands for the hash that no period changes; periods count from 1. */
static uint32_t
hash_of(const struct tcp *tcp, const struct segment *seg, uint32_t period)
{
    return (uint32_t)flow_hash_in(tcp, FLOW_COOKIE, period, &seg->dst,
                                  seg->dst_port, &seg->src, seg->src_port);
}

static uint32_t
index_of_mss(const struct tcp_options *opt)
{
    uint32_t mss = opt->has_mss ? opt->mss : TCP_MSS_DEFAULT;
    uint32_t i = ARRAY_LEN(mss_table) - 1;

    while (i > 0 && mss_table[i] > mss)
        i--;
    return i;
}

static seq_t
make(const struct tcp *tcp, const struct segment *syn, instant_t now)
{
    uint32_t period = period_at(now) + 1;
    uint32_t low = hash_of(tcp, syn, period) + index_of_mss(&syn->opt);

    return seq(syn->seq.v + hash_of(tcp, syn, 0) + (period << INDEX_BITS) +
               (low & INDEX_MASK));
}

/* ---- options in the timestamp ---- */

static uint32_t
ts_offset_of(const struct tcp *tcp, const struct segment *seg)
{
    return (uint32_t)flow_hash(tcp, FLOW_TIMESTAMP, &seg->dst, seg->dst_port,
                               &seg->src, seg->src_port);
}

/* The latest moment whose lowest bits are these, so that the clock does not go
 * backwards for the segments that follow. */
static uint32_t
timestamp_with(uint32_t clock, const struct tcp_options *opt)
{
    uint32_t bits = opt->has_wscale ? opt->wscale : WSCALE_ABSENT;
    uint32_t ts;

    bits |= opt->sack_permitted ? OPTION_SACK : 0;
    ts = (clock & ~OPTION_MASK) | bits;
    return ts > clock ? ts - (OPTION_MASK + 1) : ts;
}

static void
read_timestamp(uint32_t ts, struct tcp_options *opt)
{
    opt->has_wscale = (ts & WSCALE_MASK) != WSCALE_ABSENT;
    opt->wscale = opt->has_wscale ? ts & WSCALE_MASK : 0;
    opt->sack_permitted = (ts & OPTION_SACK) != 0;
}

/* ---- both ends of it ---- */

void
cookie_answer(struct tcp *tcp, struct listener *l, const struct segment *syn,
              instant_t now)
{
    uint32_t clock = (uint32_t)(now.ns / 1000000);
    struct reply r = {
        .src = syn->dst,
        .dst = syn->src,
        .src_port = syn->dst_port,
        .dst_port = syn->src_port,
        .seq = make(tcp, syn, now),
        .ack = seq_add(syn->seq, 1),
        .flags = TCP_SYN | TCP_ACK,
        .window = (uint16_t)min_u32(l->settings.receive_buffer, UINT16_MAX),
    };

    open_offer(tcp, &l->settings, syn->src, &r.opt);
    if (syn->opt.has_timestamps) {
        r.opt.has_timestamps = true;
        r.opt.tsval = timestamp_with(clock, &syn->opt) + ts_offset_of(tcp, syn);
        r.opt.tsecr = syn->opt.tsval;
    }
    r.opt.sack_permitted = r.opt.has_timestamps && syn->opt.sack_permitted;
    r.opt.has_wscale = r.opt.has_timestamps && syn->opt.has_wscale;
    l->cookies_at = now;
    tcp->stats.cookies_sent++;
    reply_push(tcp, &r);
}

bool
cookie_is_recent(const struct listener *l, instant_t now)
{
    return !instant_is_never(l->cookies_at) &&
           instant_sub(now, l->cookies_at).ns < duration_ms(RECENT_MS).ns;
}

bool
cookie_recover(const struct tcp *tcp, const struct segment *ack, instant_t now,
               struct segment *syn)
{
    uint32_t period = period_at(now) + 1;
    uint32_t rest = ack->ack.v - 1 - (ack->seq.v - 1) - hash_of(tcp, ack, 0);
    uint32_t age = (period - (rest >> INDEX_BITS)) & UINT8_MAX;
    uint32_t index;

    if (age >= PERIODS)
        return false;
    index = (rest - hash_of(tcp, ack, period - age)) & INDEX_MASK;
    if (index >= ARRAY_LEN(mss_table))
        return false;
    *syn = *ack;
    syn->flags = TCP_SYN;
    syn->seq = seq_add(ack->seq, UINT32_MAX);
    syn->len = 0;
    syn->opt = (struct tcp_options){.has_mss = true,
                                    .mss = mss_table[index],
                                    .has_timestamps = ack->opt.has_timestamps,
                                    .tsval = ack->opt.tsval};
    if (syn->opt.has_timestamps)
        read_timestamp(ack->opt.tsecr - ts_offset_of(tcp, ack), &syn->opt);
    return true;
}
