/* SPDX-License-Identifier: MIT */
/* Names and figures of connections. Rows come from shared memory: any number may
 * stand anywhere. */
#include "ctl/conn_text.h"

#include "base/bits.h"
#include "ctl/line.h"

#include <ctype.h>
#include <inttypes.h>
#include <stdio.h>
#include <string.h>

const char *
conn_state_name(uint8_t state)
{
    static const char *const names[] = {
        [VIEW_CLOSED] = "CLOSED",         [VIEW_LISTEN] = "LISTEN",
        [VIEW_SYN_SENT] = "SYN-SENT",     [VIEW_SYN_RECEIVED] = "SYN-RECV",
        [VIEW_ESTABLISHED] = "ESTAB",     [VIEW_FIN_WAIT_1] = "FIN-WAIT-1",
        [VIEW_FIN_WAIT_2] = "FIN-WAIT-2", [VIEW_CLOSE_WAIT] = "CLOSE-WAIT",
        [VIEW_CLOSING] = "CLOSING",       [VIEW_LAST_ACK] = "LAST-ACK",
        [VIEW_TIME_WAIT] = "TIME-WAIT",
    };

    return state < ARRAY_LEN(names) ? names[state] : "UNKNOWN";
}

const char *
conn_endpoint(char out[CONN_ENDPOINT], struct addr a, uint16_t port)
{
    char addr[ADDR_TEXT];

    addr_format(addr, a);
    if (port == 0)
        snprintf(out, CONN_ENDPOINT, "%s:*", addr);
    else
        snprintf(out, CONN_ENDPOINT, "%s:%u", addr, port);
    return out;
}

static const char *
limit_name(uint8_t limit)
{
    static const char *const names[] = {
        [VIEW_LIMIT_NONE] = "none", [VIEW_LIMIT_APP] = "app",
        [VIEW_LIMIT_CWND] = "cwnd", [VIEW_LIMIT_RWND] = "rwnd",
        [VIEW_LIMIT_RING] = "ring",
    };

    return limit < ARRAY_LEN(names) ? names[limit] : "unknown";
}

static const char *
cc_name(uint8_t cc)
{
    static const char *const names[] = {
        [CONF_CC_RENO] = "reno", [CONF_CC_CUBIC] = "cubic"};

    return cc < ARRAY_LEN(names) ? names[cc] : "unknown";
}

/* ---- text ---- */

/* ss leaves out what is nothing. */
static void
add_some(struct line *l, const char *name, uint64_t value)
{
    if (value != 0)
        line_add(l, " %s:%" PRIu64, name, value);
}

static uint32_t
segments(uint32_t bytes, uint32_t mss)
{
    return mss == 0 ? 0 : bytes / mss;
}

static void
add_window(struct line *l, const struct view_info *i)
{
    line_add(l, " mss:%u pmtu:%u rcvmss:%u cwnd:%u", i->snd_mss, i->pmtu,
             i->rcv_mss, segments(i->cwnd, i->snd_mss));
    if (i->ssthresh != UINT32_MAX)
        line_add(l, " ssthresh:%u", segments(i->ssthresh, i->snd_mss));
}

static void
add_traffic(struct line *l, const struct view_info *i)
{
    add_some(l, "bytes_sent", i->bytes_sent);
    add_some(l, "bytes_retrans", i->bytes_retrans);
    add_some(l, "bytes_acked", i->bytes_acked);
    add_some(l, "bytes_received", i->bytes_received);
    add_some(l, "segs_out", i->segs_out);
    add_some(l, "segs_in", i->segs_in);
    if (i->segs_out != 0)
        line_add(l, " lastsnd:%u", i->last_sent_ms);
    if (i->segs_in != 0)
        line_add(l, " lastrcv:%u", i->last_received_ms);
    add_some(l, "unacked",
             segments(i->unacked + (i->snd_mss != 0 ? i->snd_mss - 1 : 0),
                      i->snd_mss));
    if (i->retrans_total != 0)
        line_add(l, " retrans:%u/%u", i->retransmits, i->retrans_total);
    add_some(l, "notsent", i->notsent);
    add_some(l, "rcv_ooo", i->ooo);
}

const char *
conn_info(char out[CONN_INFO], const struct view_info *i)
{
    struct line l = line_begin(out, CONN_INFO);

    if (i->options & VIEW_OPTION_TIMESTAMPS)
        line_add(&l, "ts ");
    if (i->options & VIEW_OPTION_SACK)
        line_add(&l, "sack ");
    line_add(&l, "%s", cc_name(i->congestion_control));
    if (i->options & VIEW_OPTION_WSCALE)
        line_add(&l, " wscale:%u,%u", i->snd_wscale, i->rcv_wscale);
    line_add(&l, " rto:%u", i->rto / 1000);
    add_some(&l, "backoff", i->backoff);
    if (i->rtt != 0)
        line_add(&l, " rtt:%.3f/%.3f", i->rtt / 1e3, i->rttvar / 1e3);
    add_window(&l, i);
    add_traffic(&l, i);
    if (i->rtt != 0)
        line_add(&l, " minrtt:%.3f", i->min_rtt / 1e3);
    line_add(&l, " snd_wnd:%u rcv_wnd:%u limited:%s", i->snd_wnd, i->rcv_wnd,
             limit_name(i->limit));
    add_some(&l, "survived", i->survived);
    return out;
}

const char *
conn_timer(char out[CONN_INFO], const struct view_info *i, double age_s)
{
    static const char *const names[] = {
        [VIEW_TIMER_NONE] = NULL,
        [VIEW_TIMER_ON] = "on",
        [VIEW_TIMER_KEEPALIVE] = "keepalive",
        [VIEW_TIMER_TIMEWAIT] = "timewait",
        [VIEW_TIMER_PERSIST] = "persist",
        [VIEW_TIMER_ORPHAN] = "orphan",
    };
    double left = i->timer_ms / 1e3 - age_s;
    struct line l = line_begin(out, CONN_INFO);

    if (i->timer < ARRAY_LEN(names) && names[i->timer] != NULL)
        line_add(
            &l, "timer:(%s,%.1fsec,%u)", names[i->timer], left > 0 ? left : 0,
            (unsigned)(i->timer == VIEW_TIMER_ON ? i->retransmits : i->probes));
    return out;
}

/* ---- JSON ---- */

static void
json_times(struct json *j, const struct view_info *i)
{
    json_number(j, "rto_us", i->rto);
    json_number(j, "rtt_us", i->rtt);
    json_number(j, "rttvar_us", i->rttvar);
    json_number(j, "min_rtt_us", i->min_rtt);
    json_number(j, "last_sent_ms", i->last_sent_ms);
    json_number(j, "last_received_ms", i->last_received_ms);
}

static void
json_windows(struct json *j, const struct view_info *i)
{
    json_number(j, "mss", i->snd_mss);
    json_number(j, "rcv_mss", i->rcv_mss);
    json_number(j, "pmtu", i->pmtu);
    json_number(j, "cwnd", segments(i->cwnd, i->snd_mss));
    json_number(j, "cwnd_bytes", i->cwnd);
    if (i->ssthresh != UINT32_MAX)
        json_number(j, "ssthresh_bytes", i->ssthresh);
    json_number(j, "snd_wnd", i->snd_wnd);
    json_number(j, "rcv_wnd", i->rcv_wnd);
    json_number(j, "snd_wscale", i->snd_wscale);
    json_number(j, "rcv_wscale", i->rcv_wscale);
    json_number(j, "send_buffer", i->send_buffer);
    json_number(j, "receive_buffer", i->receive_buffer);
}

void
conn_json(struct json *j, const struct view_info *i)
{
    json_text(j, "cc", cc_name(i->congestion_control));
    json_times(j, i);
    json_windows(j, i);
    json_number(j, "bytes_sent", i->bytes_sent);
    json_number(j, "bytes_retrans", i->bytes_retrans);
    json_number(j, "bytes_acked", i->bytes_acked);
    json_number(j, "bytes_received", i->bytes_received);
    json_number(j, "segs_out", i->segs_out);
    json_number(j, "segs_in", i->segs_in);
    json_number(j, "retrans", i->retrans_total);
    json_number(j, "unacked", i->unacked);
    json_number(j, "notsent", i->notsent);
    json_number(j, "ooo", i->ooo);
    json_number(j, "survived", i->survived);
    json_text(j, "limited", limit_name(i->limit));
}

/* ---- owner ---- */

/* A program names itself; what is no printing character could trick a terminal. */
static void
take_comm(char out[17], const struct conf_client *c)
{
    for (size_t w = 0; w < 2; w++) {
        uint64_t word = c->comm[w];

        memcpy(out + w * sizeof word, &word, sizeof word);
    }
    out[16] = '\0';
    for (char *p = out; *p != '\0'; p++) {
        if (!isprint((unsigned char)*p))
            *p = '?';
    }
}

void
conn_owner(struct conn_owner *o, const struct conf_shm *conf, uint32_t client,
           uint32_t slot)
{
    *o = (struct conn_owner){.handle = slot};
    if (client >= CLIENTS_MAX)
        return;
    const struct conf_client *c = &conf->client[client];

    if (c->serial == 0)
        return;
    o->pid = c->pid;
    take_comm(o->comm, c);
}
