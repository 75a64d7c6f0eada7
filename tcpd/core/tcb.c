/* SPDX-License-Identifier: MIT */
/* The life of tcbs: where they lie, how they change state, how they end.
 *
 * All tcbs are one array that is given once. A tcb is free (on tcp->free), in
 * use, or CLOSED and waiting: for its owner, who may still want to read what
 * had arrived or why it ended, and then for the end of the turn, which commits
 * its last image before the tcb can become another connection.
 *
 * `siblings` puts a tcb on one list at most: free; the children of a listener
 * while nobody has claimed it; or the TIME-WAITs that nobody owns, oldest
 * first, which tcb_new() may give up. */
#include "tcpd/core/tcb.h"

#include "base/bits.h"
#include "base/check.h"
#include "tcpd/core/demux.h"
#include "tcpd/core/internal.h"
#include "tcpd/core/keepalive.h"
#include "tcpd/core/listeners.h"
#include "tcpd/core/release.h"
#include "tcpd/core/starved.h"

#include <string.h>

static const char *const state_names[TCB_STATES] = {
    [TCB_CLOSED] = "CLOSED",         [TCB_SYN_SENT] = "SYN-SENT",
    [TCB_SYN_RECEIVED] = "SYN-RECV", [TCB_ESTABLISHED] = "ESTAB",
    [TCB_FIN_WAIT_1] = "FIN-WAIT-1", [TCB_FIN_WAIT_2] = "FIN-WAIT-2",
    [TCB_CLOSE_WAIT] = "CLOSE-WAIT", [TCB_CLOSING] = "CLOSING",
    [TCB_LAST_ACK] = "LAST-ACK",     [TCB_TIME_WAIT] = "TIME-WAIT",
};

static const struct owner owner_none = {.client = OWNER_NONE,
                                        .slot = SLOT_UNASSIGNED};

const char *
tcb_state_name(enum tcb_state state)
{
    return state < TCB_STATES ? state_names[state] : "unknown";
}

/* ---- memory ---- */

static size_t
lines(size_t bytes)
{
    return bits_round_up(bytes, 64);
}

size_t
tcp_footprint(const struct tcp_config *config)
{
    return lines(sizeof(struct tcp)) +
           lines(config->tcbs * sizeof(struct tcb)) +
           lines(config->listeners * sizeof(struct listener)) +
           lines(demux_buckets(config->tcbs) * sizeof(uint32_t)) +
           lines(demux_buckets(config->listeners) * sizeof(uint32_t)) +
           lines(PORTS * sizeof(uint32_t)) +
           lines(deadlines_footprint(config->tcbs));
}

/* Takes `bytes` from the memory that begins at *at. */
static void *
carve(uint8_t **at, size_t bytes)
{
    void *piece = *at;

    *at += lines(bytes);
    return piece;
}

/* All that is not rebuilt by the caller, as a connection begins with it. Index
 * and lists stay: it may still be on the changed list. */
static void
clear_tcb(const struct tcp *tcp, struct tcb *tcb)
{
    memset(tcb, 0, TCB_IMAGE_SIZE);
    tcb->pool = NULL;
    tcb->hash_next = UINT32_MAX;
    tcb->tx.base = NULL;
    memset(tcb->tx.chunk, 0xff, sizeof tcb->tx.chunk);
    static_assert(STREAM_NONE == UINT16_MAX, "all bits set is no chunk");
    rx_stream_init(&tcb->rx);
    for (int t = 0; t < TIMERS; t++)
        tcb->deadline[t] = INSTANT_NEVER;
    tcb->owner = owner_none;
    tcb->lender = owner_none;
    tcb->listener = LISTENER_NONE;
    tcp_settings_default(tcp, &tcb->settings);
    tcb->snd_mss = TCP_MSS_DEFAULT;
    tcb->rcv_mss = TCP_MSS_DEFAULT;
    tcb->quick_acks = TCP_QUICK_ACKS;
}

static void
init_tcb(struct tcp *tcp, uint32_t index)
{
    struct tcb *tcb = &tcp->tcbs[index];

    clear_tcb(tcp, tcb);
    tcb->index = index;
    list_init(&tcb->output);
    list_init(&tcb->changed);
    list_init(&tcb->starved);
    list_init(&tcb->siblings);
    list_append(&tcp->free, &tcb->siblings);
}

struct tcp *
tcp_init(void *memory, const struct tcp_config *config)
{
    uint32_t buckets = demux_buckets(config->tcbs);
    uint32_t ports = demux_buckets(config->listeners);
    uint8_t *at = memory;
    struct tcp *tcp;

    CHECK(config->receive_buffer < STREAM_SPAN);
    memset(memory, 0, tcp_footprint(config));
    tcp = carve(&at, sizeof *tcp);
    tcp->config = *config;
    tcp->tcbs = carve(&at, config->tcbs * sizeof *tcp->tcbs);
    tcp->listeners = carve(&at, config->listeners * sizeof *tcp->listeners);
    tcp->buckets = carve(&at, buckets * sizeof *tcp->buckets);
    tcp->bucket_mask = buckets - 1;
    tcp->ports = carve(&at, ports * sizeof *tcp->ports);
    tcp->port_mask = ports - 1;
    tcp->opened = carve(&at, PORTS * sizeof *tcp->opened);
    deadlines_init(&tcp->deadlines, at, config->tcbs);

    list_init(&tcp->free);
    list_init(&tcp->time_wait);
    list_init(&tcp->output);
    list_init(&tcp->changed);
    memset(tcp->buckets, 0xff, buckets * sizeof *tcp->buckets);
    memset(tcp->ports, 0xff, ports * sizeof *tcp->ports);
    for (uint32_t i = 0; i < config->tcbs; i++)
        init_tcb(tcp, i);
    for (uint32_t i = 0; i < config->listeners; i++) {
        tcp->listeners[i].index = i;
        list_init(&tcp->listeners[i].children);
    }
    return tcp;
}

/* ---- a tcb begins ---- */

/* The oldest TIME-WAIT that holds nobody's memory any more, ended. */
static struct tcb *
give_up_time_wait(struct tcp *tcp)
{
    struct list *l;

    for (l = tcp->time_wait.next; l != &tcp->time_wait; l = l->next) {
        struct tcb *tcb = list_item(l, struct tcb, siblings);

        if (tcb->lender.client == OWNER_NONE) {
            tcb_end(tcp, tcb, TCP_OK, tcb->deadline[TIMER_TIME_WAIT]);
            return tcb;
        }
    }
    return NULL;
}

struct tcb *
tcb_new(struct tcp *tcp)
{
    struct list *link = list_pop(&tcp->free);
    struct tcb *tcb = link != NULL ? list_item(link, struct tcb, siblings)
                                   : give_up_time_wait(tcp);

    if (tcb == NULL)
        return NULL;
    clear_tcb(tcp, tcb);
    return tcb;
}

/* ---- states ---- */

static bool
counts_as_established(enum tcb_state state)
{
    return state == TCB_ESTABLISHED || state == TCB_CLOSE_WAIT;
}

/* RFC 4022's counters. */
static void
count_transition(struct tcp *tcp, const struct tcb *tcb, enum tcb_state to)
{
    enum tcb_state from = tcb->state;

    if (from == TCB_CLOSED && to == TCB_SYN_SENT)
        tcp->stats.active_opens++;
    if (from == TCB_CLOSED && to == TCB_SYN_RECEIVED)
        tcp->stats.passive_opens++;
    if (to == TCB_CLOSED && (from == TCB_SYN_SENT || from == TCB_SYN_RECEIVED))
        tcp->stats.attempt_fails++;
    if (to == TCB_CLOSED && counts_as_established(from))
        tcp->stats.estab_resets++;
    tcp->stats.curr_estab += counts_as_established(to);
    tcp->stats.curr_estab -= counts_as_established(from);
}

/* Accepted connections share their listener's port, and TIME-WAIT holds only a
 * 4-tuple. */
static bool
holds_port(const struct tcb *tcb, enum tcb_state state)
{
    return (tcb->flags & TCB_ACTIVE) != 0 && state != TCB_CLOSED &&
           state != TCB_TIME_WAIT;
}

static void
stop_timers(struct tcp *tcp, struct tcb *tcb)
{
    for (int t = 0; t < TIMERS; t++)
        timer_stop(tcp, tcb, (enum tcb_timer)t);
}

static void
enter_time_wait(struct tcp *tcp, struct tcb *tcb, instant_t now)
{
    stop_timers(tcp, tcb);
    timer_set(tcp, tcb, TIMER_TIME_WAIT,
              instant_add(now, duration_ms(TCP_TIME_WAIT)));
    if (tcb->owner.client == OWNER_NONE)
        list_append(&tcp->time_wait, &tcb->siblings);
}

void
tcb_enter(struct tcp *tcp, struct tcb *tcb, enum tcb_state state, instant_t now)
{
    bool orphan = tcb->owner.client == OWNER_NONE;

    count_transition(tcp, tcb, state);
    listener_state(tcp, tcb, state);
    tcp->opened[tcb->local_port] += holds_port(tcb, state);
    tcp->opened[tcb->local_port] -= holds_port(tcb, tcb->state);
    if (tcb->state == TCB_TIME_WAIT && orphan)
        list_remove(&tcb->siblings);
    tcb->state = (uint8_t)state;
    tcb_touch(tcp, tcb);

    switch (state) {
    case TCB_CLOSED:
        stop_timers(tcp, tcb);
        break;
    case TCB_ESTABLISHED:
        tcb->established_at = now;
        tcb->last_received_at = now;
        keepalive_changed(tcp, tcb, now);
        break;
    case TCB_FIN_WAIT_2:
        if (orphan)
            timer_set(
                tcp, tcb, TIMER_ORPHAN,
                instant_add(now, duration_ms(tcb->settings.fin_timeout_ms)));
        break;
    case TCB_TIME_WAIT:
        enter_time_wait(tcp, tcb, now);
        break;
    case TCB_SYN_SENT:
    case TCB_SYN_RECEIVED:
    case TCB_FIN_WAIT_1:
    case TCB_CLOSE_WAIT:
    case TCB_CLOSING:
    case TCB_LAST_ACK:
    case TCB_STATES:
        break;
    }
}

void
tcb_touch(struct tcp *tcp, struct tcb *tcb)
{
    if (list_empty(&tcb->changed))
        list_append(&tcp->changed, &tcb->changed);
}

void
tcb_want_output(struct tcp *tcp, struct tcb *tcb)
{
    if (list_empty(&tcb->output))
        list_append(&tcp->output, &tcb->output);
}

/* ---- a tcb ends ---- */

void
tcb_end(struct tcp *tcp, struct tcb *tcb, enum tcp_error error, instant_t now)
{
    if (tcb->state == TCB_CLOSED)
        return;
    demux_remove(tcp, tcb);
    list_remove(&tcb->output);
    list_remove(&tcb->starved);
    tcb->error = (uint8_t)error;
    tcb->flags &= ~(uint32_t)(TCB_ACK_NOW | TCB_RECOVERY | TCB_RTT_RUNNING |
                              TCB_KEEP_PROBE | TCB_DSACK);
    tcb_enter(tcp, tcb, TCB_CLOSED, now);
    /* A child that never got a slot is known to nobody who could let go. */
    if (tcb->owner.slot == SLOT_UNASSIGNED && tcb->listener != LISTENER_NONE)
        tcb_release(tcp, tcb);
}

void
tcb_release(struct tcp *tcp, struct tcb *tcb)
{
    if (tcb->owner.client == OWNER_NONE)
        return;
    listener_release(tcp, tcb);
    list_remove(&tcb->starved);
    if (tcb->pool != NULL)
        rx_stream_close(&tcb->rx, tcb->pool);
    starved_wake(tcp, tcb->pool);
    tcb->pool = NULL;
    if (tcb->owner.slot != SLOT_UNASSIGNED)
        tcb->lender = tcb->owner;
    tcb->owner = owner_none;
    tcb->flags |= TCB_CLOSED_BY_OWNER;
    tcb->rx_read = tcb->rx_end;
    tcb->ooo_count = 0;
    if (tcb->state == TCB_TIME_WAIT)
        list_append(&tcp->time_wait, &tcb->siblings);
    tcb_touch(tcp, tcb);
}

/* RFC 9293 3.10.5: in these states the peer still believes in the connection. It
 * enters CLOSING and LAST-ACK with the FIN, we do so before the text that the
 * FIN follows: until it is sent, they are FIN-WAIT-1 and CLOSE-WAIT to the peer. */
static bool
abort_sends_rst(const struct tcb *tcb)
{
    switch ((enum tcb_state)tcb->state) {
    case TCB_SYN_RECEIVED:
    case TCB_ESTABLISHED:
    case TCB_FIN_WAIT_1:
    case TCB_FIN_WAIT_2:
    case TCB_CLOSE_WAIT:
        return true;
    case TCB_CLOSING:
    case TCB_LAST_ACK:
        return !(tcb->flags & TCB_FIN_SENT);
    case TCB_CLOSED:
    case TCB_SYN_SENT:
    case TCB_TIME_WAIT:
    case TCB_STATES:
        break;
    }
    return false;
}

void
tcb_abandon(struct tcp *tcp, struct tcb *tcb, instant_t now)
{
    if (abort_sends_rst(tcb))
        reply_abort(tcp, tcb);
    /* TIME-WAIT protects the next connection, whatever its owner wants. */
    if (tcb->state != TCB_TIME_WAIT)
        tcb_end(tcp, tcb, TCP_ABORTED, now);
    tcb_release(tcp, tcb);
}

void
tcp_changed_clear(struct tcp *tcp)
{
    struct list *link;

    while ((link = list_pop(&tcp->changed)) != NULL) {
        struct tcb *tcb = list_item(link, struct tcb, changed);

        if (tcb->state == TCB_CLOSED && tcb->owner.client == OWNER_NONE &&
            tcb->lender.client == OWNER_NONE && list_empty(&tcb->siblings))
            list_append(&tcp->free, &tcb->siblings);
    }
}
