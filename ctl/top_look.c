/* SPDX-License-Identifier: MIT */
/* Looks at all that counts, and compares. */
#include "ctl/top.h"

#include "base/os/clock.h"
#include "ctl/process.h"

#include <stdlib.h>
#include <string.h>

const struct top_sample *
top_now(const struct top *t)
{
    return &t->samples[t->looks % 2];
}

const struct top_sample *
top_before(const struct top *t)
{
    return &t->samples[(t->looks + 1) % 2];
}

double
top_rate(const struct top *t, uint64_t now, uint64_t before)
{
    return t->seconds > 0 && now >= before ? (double)(now - before) / t->seconds
                                           : 0;
}

static void
look_at_links(const struct look *l, struct top_sample *s)
{
    for (uint32_t i = 0; i < l->conf->links; i++) {
        const struct cnc_shm *linkd = l->cnc[DAEMON_LINKD + i];

        s->rx_bytes += cnc_counter(linkd, COUNTER_LINK_RX_BYTES);
        s->rx_frames += cnc_counter(linkd, COUNTER_LINK_RX_FRAMES);
        s->tx_bytes += cnc_counter(linkd, COUNTER_LINK_TX_BYTES);
        s->tx_frames += cnc_counter(linkd, COUNTER_LINK_TX_FRAMES);
    }
}

static void
look_at_daemons(const struct look *l, struct top_sample *s)
{
    for (uint32_t d = 0; d < l->daemons; d++) {
        struct process p;

        for (enum drop why = DROP_NONE + 1; why < DROPS; why++)
            s->drops += cnc_drops(l->cnc[d], why);
        s->turns[d] = cnc_look(l->cnc[d]).turns;
        process_look(&p, l->conf->daemons[d].pid);
        s->cpu_s[d] = p.known ? p.cpu_s : 0;
    }
    s->retrans = cnc_counter(l->cnc[DAEMON_TCPD], COUNTER_TCP_RETRANS_SEGS);
    s->timeouts = cnc_counter(l->cnc[DAEMON_TCPD], COUNTER_TCP_RETRANS_TIMEOUT);
}

static bool
is_same(const struct top_ends *a, const struct top_ends *b)
{
    return addr_equal(a->remote, b->remote) && a->local_port == b->local_port &&
           a->remote_port == b->remote_port;
}

static void
compare_conn(const struct top *t, uint32_t i, struct top_conn *c)
{
    const struct top_sample *old = top_before(t), *s = top_now(t);

    c->index = i;
    c->rx = c->tx = 0;
    if (!is_same(&old->ends[i], &s->ends[i]))
        return;
    c->tx = top_rate(t, s->sent[i], old->sent[i]);
    c->rx = top_rate(t, s->received[i], old->received[i]);
}

static void
look_at_conns(struct top *t, struct top_sample *s)
{
    t->conn_count = 0;
    for (uint32_t i = 0; i < t->look.tcpd.conns.count; i++) {
        struct top_conn *c = &t->conns[t->conn_count];

        if (!view_read(&t->look.tcpd.conns, i, &c->v) ||
            c->v.info.state == VIEW_CLOSED)
            continue;
        s->ends[i] = (struct top_ends){.remote = c->v.remote,
                                       .local_port = c->v.local_port,
                                       .remote_port = c->v.remote_port};
        s->sent[i] = c->v.info.bytes_acked;
        s->received[i] = c->v.info.bytes_received;
        compare_conn(t, i, c);
        t->conn_count++;
    }
}

static int
by_traffic(const void *a, const void *b)
{
    const struct top_conn *x = a, *y = b;
    double dx = x->rx + x->tx, dy = y->rx + y->tx;

    if (dx != dy)
        return dx < dy ? 1 : -1;
    return (x->index > y->index) - (x->index < y->index);
}

void
top_look(struct top *t)
{
    uint32_t at = ++t->looks % TOP_HISTORY;
    struct top_sample *s = &t->samples[t->looks % 2];
    const struct top_sample *old = top_before(t);

    memset(s, 0, sizeof *s);
    s->when = clock_now();
    t->seconds =
        t->looks > 1 ? (double)instant_sub(s->when, old->when).ns / 1e9 : 0;
    look_again(&t->look);
    look_at_links(&t->look, s);
    look_at_daemons(&t->look, s);
    look_at_conns(t, s);
    qsort(t->conns, t->conn_count, sizeof t->conns[0], by_traffic);
    t->rx_history[at] = top_rate(t, s->rx_bytes, old->rx_bytes);
    t->tx_history[at] = top_rate(t, s->tx_bytes, old->tx_bytes);
}
