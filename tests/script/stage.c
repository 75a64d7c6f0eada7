/* SPDX-License-Identifier: MIT */
/* Feeds a TCP core with what scripts say and keeps what it sends. */
#include "tests/script/stage.h"

#include "base/check.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define LOCAL      0x0a000002
#define REMOTE     0x0a000001
#define PEER_ISS   0xffffff00 /* its numbers wrap early */
#define PEER_TSVAL 10000      /* when the script begins */
#define SLOT_BYTES (STAGE_TEXT + 128)

/* ---- the stage ---- */

uint8_t
stage_byte(uint64_t offset)
{
    return (uint8_t)(offset * 31 + (offset >> 8));
}

static void *
allocate(size_t bytes)
{
    void *memory = aligned_alloc(64, (bytes + 63) / 64 * 64);

    CHECK(memory != NULL);
    memset(memory, 0xa5, bytes);
    return memory;
}

static const struct net one_link = {
    .links = 1,
    .addresses = 1,
    .link = {{.name = "link0", .mtu = 1500, .mac = {{2, 0, 0, 0, 0, 2}}}},
    .address = {{.prefix_len = 24}},
};

static const struct tcp_config usual = {
    .tcbs = 8,
    .listeners = 4,
    .send_buffer = 262144,
    .receive_buffer = UINT16_MAX,
    .secret = {{1, 2}},
};

static void
begin(struct stage *s)
{
    s->begin = (instant_t){INT64_C(1000000000000)};
    s->now = s->begin;
    s->config.net = &s->net;
    chunk_pool_init(&s->pool, s->rx, STAGE_CHUNKS);
    s->memory = allocate(tcp_footprint(&s->config));
    s->tcp = tcp_init(s->memory, &s->config);
    tcp_settings_default(s->tcp, &s->settings);
    for (unsigned i = 0; i < STAGE_PEERS; i++)
        s->peers[i] = (struct peer){.local_port = 80,
                                    .remote_port = (uint16_t)(1000 + i),
                                    .text_begin = 1,
                                    .wnd = UINT16_MAX};
}

void
stage_open(struct stage *s, struct script_failure *failure)
{
    const size_t region = (size_t)STAGE_CHUNKS * STREAM_CHUNK;

    *s = (struct stage){.net = one_link, .config = usual, .failure = failure};
    s->net.address[0].addr = addr_v4(LOCAL);
    s->rx = allocate(region);
    s->tx = allocate(region);
    s->bytes = allocate(SLOT_BYTES);
    for (size_t i = 0; i < region; i++)
        s->tx[i] = stage_byte(i);
    begin(s);
}

void
stage_close(struct stage *s)
{
    free(s->memory);
    free(s->bytes);
    free(s->tx);
    free(s->rx);
}

void
stage_reopen(struct stage *s, const struct tcp_config *config)
{
    free(s->memory);
    s->config = *config;
    begin(s);
}

bool
stage_fail(struct stage *s, const char *expected, const char *came, ...)
{
    struct script_failure *f = s->failure;
    va_list args;

    va_start(args, came);
    snprintf(f->expected, sizeof f->expected, "%s", expected);
    vsnprintf(f->came, sizeof f->came, came, args);
    va_end(args);
    return false;
}

/* ---- invariants ---- */

static bool
check_tcb(struct stage *s, const struct tcb *tcb)
{
    const char *broken = tcb_check(tcb);
    struct tcb *found = tcp_find(s->tcp, &tcb->local, tcb->local_port,
                                 &tcb->remote, tcb->remote_port);

    if (broken == NULL && (found == tcb) != (tcb->state != TCB_CLOSED))
        broken = "wrong in demux";
    if (broken == NULL && tcb->state == TCB_CLOSED && !list_empty(&tcb->output))
        broken = "CLOSED and wants to send";
    return broken == NULL || stage_fail(s, "the core's invariants", "%s: %s",
                                        tcb_state_name(tcb->state), broken);
}

static bool
check_all(struct stage *s)
{
    for (uint32_t i = 0; i < s->config.tcbs; i++)
        if (!check_tcb(s, &s->tcp->tcbs[i]))
            return false;
    return true;
}

/* ---- what is sent ---- */

static int
peer_of(const struct stage *s, const struct tcp_header *h)
{
    for (int i = 0; i < STAGE_PEERS; i++)
        if (s->peers[i].remote_port == h->dst_port &&
            s->peers[i].local_port == h->src_port)
            return i;
    return -1;
}

/* Of a SYN: a connection of its own begins. */
static void
learn_iss(struct peer *p, struct said *said)
{
    struct tcp_header *h = &said->h;

    if (!(h->flags & TCP_SYN) || (p->iss_known && p->iss == h->seq))
        return;
    if (p->iss_known)
        said->has |= SAID_NEW;
    p->iss = h->seq;
    p->iss_known = true;
}

static void
note_options(struct said *said)
{
    struct tcp_options *opt = &said->h.opt;

    said->has |= (opt->has_mss ? SAID_MSS : 0u) |
                 (opt->has_wscale ? SAID_WS : 0u) |
                 (opt->sack_permitted ? SAID_SACKOK : 0u) |
                 (opt->has_timestamps ? SAID_TS | SAID_TSECR : 0u) |
                 (opt->sack_count > 0 ? SAID_SACK : 0u);
    opt->tsecr -= PEER_TSVAL;
    for (unsigned i = 0; i < opt->sack_count; i++) {
        opt->sack[i].left -= PEER_ISS;
        opt->sack[i].right -= PEER_ISS;
    }
}

/* Makes all numbers relative. */
static void
note_numbers(struct said *said, struct peer *p)
{
    struct tcp_header *h = &said->h;

    learn_iss(p, said);
    h->seq -= p->iss;
    said->has |= h->flags & TCP_ACK ? SAID_ACK : 0u;
    said->has |= h->flags & TCP_RST ? 0u : SAID_WIN;
    if (h->flags & TCP_ACK)
        h->ack -= PEER_ISS;
    if (h->opt.has_timestamps)
        p->echo = h->opt.tsval;
}

static bool
compare_text(struct stage *s, const struct said *said, const uint8_t *text)
{
    for (uint32_t i = 0; i < said->len; i++)
        if (text[i] != stage_byte(said->h.seq - 1 + i))
            return stage_fail(s, "the bytes that the application wrote",
                              "another byte at %u", said->h.seq + i);
    return true;
}

static bool
keep(struct stage *s, const struct tcp_slot *slot)
{
    struct said said = {0};
    int i = -1;

    if (tcp_decode(slot->buf, slot->len, &said.h) == DROP_NONE)
        i = peer_of(s, &said.h);
    if (i < 0)
        return stage_fail(s, "segments to the script's peers",
                          "one from port %u to port %u", said.h.src_port,
                          said.h.dst_port);
    if (s->sent_count == STAGE_SENT)
        return stage_fail(s, "an end of the output", "more and more");
    said.len = slot->len - said.h.header_len;
    note_numbers(&said, &s->peers[i]);
    note_options(&said);
    s->sent[(s->sent_first + s->sent_count++) % STAGE_SENT] =
        (struct sent){.at = s->now, .peer = (unsigned)i, .said = said};
    return compare_text(s, &said, slot->buf + said.h.header_len);
}

static bool
pull(struct stage *s)
{
    struct tcp_slot slot = {.buf = s->bytes, .cap = SLOT_BYTES};

    while (tcp_output(s->tcp, &slot, s->now))
        if (!keep(s, &slot))
            return false;
    return true;
}

const struct sent *
stage_look(const struct stage *s)
{
    return s->sent_count > 0 ? &s->sent[s->sent_first] : NULL;
}

void
stage_next(struct stage *s)
{
    s->sent_first = (s->sent_first + 1) % STAGE_SENT;
    s->sent_count--;
}

/* ---- turns ---- */

/* What the shell does at a turn's end: lent memory whose text is acknowledged
 * is given back. */
static void
settle(struct tcb *tcb)
{
    if (tcb->state == TCB_CLOSED || tcb->tx_una == tcb->tx_end)
        tcb->lender.client = OWNER_NONE;
}

/* Finds the connections of all peers, and forgets those that will be freed. */
static void
meet(struct stage *s)
{
    const struct addr local = addr_v4(LOCAL), remote = addr_v4(REMOTE);

    for (unsigned i = 0; i < STAGE_PEERS; i++) {
        struct peer *p = &s->peers[i];
        struct tcb *found =
            tcp_find(s->tcp, &local, p->local_port, &remote, p->remote_port);

        if (found != NULL)
            p->tcb = found;
        if (p->tcb == NULL)
            continue;
        p->error = p->tcb->error;
        settle(p->tcb);
        if (p->tcb->state == TCB_CLOSED && p->tcb->owner.client == OWNER_NONE)
            p->tcb = NULL;
    }
}

bool
stage_end_turn(struct stage *s)
{
    if (s->in_turn)
        return true;
    if (!pull(s))
        return false;
    meet(s);
    if (!check_all(s))
        return false;
    tcp_changed_clear(s->tcp);
    return check_all(s);
}

bool
stage_advance(struct stage *s, duration_t by)
{
    instant_t until = instant_add(s->now, by);
    instant_t next;
    int turns = 0;

    while (instant_due(next = tcp_next_deadline(s->tcp), until)) {
        s->now = instant_before(s->now, next) ? next : s->now;
        tcp_expire(s->tcp, s->now);
        if (!stage_end_turn(s))
            return false;
        if (++turns > 10000)
            return stage_fail(s, "timers that rest", "one that never does");
    }
    s->now = until;
    return true;
}

/* ---- what the peer sends ---- */

static uint32_t
peer_clock(const struct stage *s)
{
    return PEER_TSVAL + (uint32_t)(instant_sub(s->now, s->begin).ns / 1000000);
}

/* After SYNs timestamps are in every segment when they were agreed on. */
static void
fill_options(const struct stage *s, const struct peer *p,
             const struct said *said, struct tcp_options *opt)
{
    bool agreed = p->tcb != NULL && (p->tcb->flags & TCB_TIMESTAMPS) &&
                  !(said->h.flags & (TCP_SYN | TCP_RST)) &&
                  !(said->lacks & SAID_TS);

    *opt = said->h.opt;
    opt->has_mss = said->has & SAID_MSS;
    opt->has_wscale = said->has & SAID_WS;
    opt->sack_permitted = said->has & SAID_SACKOK;
    opt->has_timestamps = said->has & SAID_TS || agreed;
    opt->tsval =
        said->has & SAID_TSVAL ? PEER_TSVAL + opt->tsval : peer_clock(s);
    opt->tsecr = said->has & SAID_TSECR ? opt->tsecr : p->echo;
    for (unsigned i = 0; i < opt->sack_count; i++) {
        opt->sack[i].left += p->iss;
        opt->sack[i].right += p->iss;
    }
}

static uint32_t
write_header(const struct stage *s, const struct peer *p,
             const struct said *said, uint8_t *out)
{
    struct tcp_header h = said->h;
    uint32_t len;

    h.src_port = p->remote_port;
    h.dst_port = p->local_port;
    h.seq += PEER_ISS;
    h.ack = said->has & SAID_ACK ? h.ack + p->iss : 0;
    h.window = p->wnd;
    fill_options(s, p, said, &h.opt);
    if (said->raw_len > 0)
        h.opt = (struct tcp_options){0};
    len = (uint32_t)tcp_encode(out, &h);
    memcpy(out + len, said->raw, said->raw_len);
    len += said->raw_len;
    out[12] = (uint8_t)(len / 4 << 4); /* the data offset */
    return len;
}

bool
stage_put(struct stage *s, const struct said *said)
{
    const struct addr local = addr_v4(LOCAL), remote = addr_v4(REMOTE);
    struct peer *p = stage_peer(s);
    bool syn = (said->h.flags & TCP_SYN) != 0;
    struct segment seg;
    uint32_t header;

    if (said->len > STAGE_TEXT)
        return stage_fail(s, "at most 65536 bytes of text", "%u", said->len);
    if (said->has & SAID_WIN)
        p->wnd = said->h.window;
    if (syn)
        p->text_begin = said->h.seq + 1;
    header = write_header(s, p, said, s->bytes);
    for (uint32_t i = 0; i < said->len; i++)
        s->bytes[header + i] =
            stage_byte((uint64_t)said->h.seq + syn + i - p->text_begin);
    s->drop = segment_parse(&seg, &remote, &local, s->bytes, header + said->len,
                            !(said->has & SAID_BADSUM));
    if (s->drop == DROP_NONE)
        s->drop = tcp_input(s->tcp, &seg, s->now);
    memset(s->bytes, 0xee, header + said->len); /* it was read by now */
    return stage_end_turn(s);
}
