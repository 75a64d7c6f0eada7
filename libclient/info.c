/* SPDX-License-Identifier: MIT */
/* What is known of a connection or listener: skink_info, and as much of it as
 * fits into Linux's struct tcp_info. tcpd answers with a struct view_info; what
 * concerns this process alone is added here. */
#include "libclient/client.h"
#include "libclient/instance.h"
#include "proto/shm/view.h"

#include <errno.h>
#include <linux/tcp.h>
#include <stddef.h>
#include <string.h>

/* skink_info's fields from `state` on are struct view_info, in its order. */
#define SEEN offsetof(struct skink_info, state)
static_assert(offsetof(struct skink_info, survived) - SEEN ==
                  offsetof(struct view_info, survived),
              "the same fields in the same order");
static_assert(offsetof(struct skink_info, bytes_sent) - SEEN ==
                  offsetof(struct view_info, bytes_sent),
              "the same fields in the same order");
static_assert((int)SKINK_TIME_WAIT == (int)VIEW_TIME_WAIT &&
                  (int)SKINK_LIMIT_RING == (int)VIEW_LIMIT_RING &&
                  (int)SKINK_TIMER_ORPHAN == (int)VIEW_TIMER_ORPHAN,
              "the same names for the same numbers");

static uint32_t
queue_length(const struct sock *k)
{
    uint32_t n = 0;

    for (const struct list *l = k->queue.next; l != &k->queue; l = l->next)
        n++;
    return n;
}

/* What this process knows by itself. */
static void
fill_own(const struct sock *k, struct skink_info *info)
{
    memcpy(info->local, k->local.b, sizeof info->local);
    memcpy(info->remote, k->remote.b, sizeof info->remote);
    info->local_port = k->local_port;
    info->remote_port = k->remote_port;
    if (k->phase == PHASE_LISTENING) {
        info->state = SKINK_LISTEN;
        info->backlog = k->backlog;
        info->queued = queue_length(k);
    } else if (k->phase == PHASE_CONNECTING) {
        info->state = SKINK_SYN_SENT;
    }
}

/* What tcpd says, in place of that. An older one says less. */
static void
fill_seen(const struct request *answer, struct skink_info *info)
{
    size_t most = offsetof(struct view_info, survived) + sizeof info->survived;

    memcpy((uint8_t *)info + SEEN, answer->value,
           answer->value_len < most ? answer->value_len : most);
}

/* Of a handle that tcpd does not know the rest stays zero. */
static int
look(struct skink *s, int handle, struct skink_info *info)
{
    const struct request what = {.ask = ASK_INFO, .awaited = true};
    struct sock *k = sock_of(s, handle);
    struct request *r, answer;
    int rc;

    memset(info, 0, sizeof *info);
    if (k == NULL)
        return -EBADF;
    sock_look(s, k);
    if (k->attached && k->renewal == RENEW_NONE) {
        r = request_start(s, k, &what);
        rc = r == NULL ? -ENOMEM : request_wait(s, r, &answer);
        if (rc == 0)
            fill_seen(&answer, info);
        else if (rc == -ENETDOWN || rc == -ENOMEM)
            return rc;
        if ((k = sock_of(s, handle)) == NULL)
            return -EBADF;
        sock_look(s, k);
    }
    fill_own(k, info);
    return 0;
}

int
skink_info(struct skink *s, int handle, struct skink_info *info, size_t size)
{
    struct skink_info known;
    int rc = instance_enter(s);

    if (rc != 0)
        return rc;
    rc = info == NULL ? -EFAULT : look(s, handle, &known);
    instance_leave(s);
    if (rc != 0)
        return rc;
    if (size > sizeof known)
        memset((uint8_t *)info + sizeof known, 0, size - sizeof known);
    memcpy(info, &known, size < sizeof known ? size : sizeof known);
    return 0;
}

/* ---- TCP_INFO ---- */

/* Linux's numbers of RFC 9293's states. */
static uint8_t
linux_state(uint8_t state)
{
    static const uint8_t numbers[] = {
        [SKINK_CLOSED] = 7,      [SKINK_LISTEN] = 10,
        [SKINK_SYN_SENT] = 2,    [SKINK_SYN_RECEIVED] = 3,
        [SKINK_ESTABLISHED] = 1, [SKINK_FIN_WAIT_1] = 4,
        [SKINK_FIN_WAIT_2] = 5,  [SKINK_CLOSE_WAIT] = 8,
        [SKINK_CLOSING] = 11,    [SKINK_LAST_ACK] = 9,
        [SKINK_TIME_WAIT] = 6};

    return state < sizeof numbers ? numbers[state] : 7;
}

static uint32_t
segments(uint32_t bytes, uint32_t mss)
{
    return mss == 0 ? bytes : (bytes + mss - 1) / mss;
}

static void
fill_control(struct tcp_info *t, const struct skink_info *i)
{
    uint32_t mss = i->snd_mss;

    t->tcpi_state = linux_state(i->state);
    t->tcpi_ca_state = i->in_recovery != 0 ? 3 : 0; /* TCP_CA_Recovery */
    t->tcpi_retransmits = i->retransmits;
    t->tcpi_probes = i->probes;
    t->tcpi_backoff = i->backoff;
    t->tcpi_options = i->options; /* the same three bits */
    t->tcpi_snd_wscale = i->snd_wscale & 0xfu;
    t->tcpi_rcv_wscale = i->rcv_wscale & 0xfu;
    t->tcpi_snd_mss = mss;
    t->tcpi_rcv_mss = i->rcv_mss;
    t->tcpi_advmss = i->rcv_mss;
    t->tcpi_pmtu = i->pmtu;
    t->tcpi_snd_cwnd = segments(i->cwnd, mss);
    t->tcpi_snd_ssthresh =
        i->ssthresh == UINT32_MAX ? 0x7fffffff : segments(i->ssthresh, mss);
    t->tcpi_unacked = segments(i->unacked, mss);
    t->tcpi_snd_wnd = i->snd_wnd;
    t->tcpi_rcv_space = i->receive_buffer;
    if (i->state == SKINK_LISTEN) { /* as ss shows a listener's queue */
        t->tcpi_unacked = i->queued;
        t->tcpi_sacked = i->backlog;
    }
}

static void
fill_counts(struct tcp_info *t, const struct skink_info *i)
{
    t->tcpi_rto = i->rto;
    t->tcpi_rtt = i->rtt;
    t->tcpi_rttvar = i->rttvar;
    t->tcpi_min_rtt = i->min_rtt;
    t->tcpi_last_data_sent = i->last_sent_ms;
    t->tcpi_last_data_recv = i->last_received_ms;
    t->tcpi_total_retrans = i->retrans_total;
    t->tcpi_bytes_sent = i->bytes_sent;
    t->tcpi_bytes_retrans = i->bytes_retrans;
    t->tcpi_bytes_acked = i->bytes_acked;
    t->tcpi_bytes_received = i->bytes_received;
    t->tcpi_segs_out = i->segs_out;
    t->tcpi_segs_in = i->segs_in;
    t->tcpi_notsent_bytes = i->notsent;
}

int
info_give_tcp_info(struct skink *s, struct sock *k, void *value, socklen_t *len)
{
    struct skink_info info;
    struct tcp_info t;
    int rc = look(s, sock_handle(s, k), &info);

    if (rc != 0)
        return rc;
    memset(&t, 0, sizeof t);
    fill_control(&t, &info);
    fill_counts(&t, &info);
    if (*len > sizeof t)
        *len = sizeof t;
    memcpy(value, &t, *len);
    return 0;
}
