/* SPDX-License-Identifier: MIT */
/* One look, as a screen and as JSON. */
#include "ctl/top.h"

#include "base/bits.h"
#include "ctl/conn_text.h"
#include "ctl/page.h"

#include <inttypes.h>
#include <stdio.h>

#define CONNS_SHOWN 200 /* in JSON */
#define BAR         16  /* columns */

/* "1.41 Gb/s" of bytes a second, as links are measured. */
static const char *
bits(char out[24], double bytes)
{
    static const char *const units[] = {"b", "Kb", "Mb", "Gb"};
    double v = bytes * 8;
    size_t unit = 0;

    for (; v >= 1000 && unit + 1 < ARRAY_LEN(units); unit++)
        v /= 1000;
    snprintf(out, 24, "%.3g %s/s", v, units[unit]);
    return out;
}

static void
print_history(const double history[TOP_HISTORY], uint32_t newest)
{
    static const char *const blocks[] = {"\u2581", "\u2582", "\u2583",
                                         "\u2584", "\u2585", "\u2586",
                                         "\u2587", "\u2588"};
    double most = 1;

    for (uint32_t i = 0; i < TOP_HISTORY; i++)
        most = history[i] > most ? history[i] : most;
    for (uint32_t i = 1; i <= TOP_HISTORY; i++)
        fputs(blocks[(int)(history[(newest + i) % TOP_HISTORY] * 7 / most)],
              stdout);
}

static void
print_way(const struct top *t, const char *name, double bytes, double frames,
          const double history[TOP_HISTORY])
{
    char text[24];

    printf(" %s %10s %8.1f kframes/s  ", name, bits(text, bytes), frames / 1e3);
    print_history(history, t->looks);
    putchar('\n');
}

static void
print_traffic(const struct top *t)
{
    const struct top_sample *s = top_now(t), *old = top_before(t);

    print_way(t, "rx", top_rate(t, s->rx_bytes, old->rx_bytes),
              top_rate(t, s->rx_frames, old->rx_frames), t->rx_history);
    print_way(t, "tx", top_rate(t, s->tx_bytes, old->tx_bytes),
              top_rate(t, s->tx_frames, old->tx_frames), t->tx_history);
    printf(" retrans %.1f/s   rto %.1f/s   drops %.1f/s\n",
           top_rate(t, s->retrans, old->retrans),
           top_rate(t, s->timeouts, old->timeouts),
           top_rate(t, s->drops, old->drops));
}

static void
print_daemon(const struct top *t, uint32_t d)
{
    const struct top_sample *s = top_now(t), *old = top_before(t);
    double used = s->cpu_s[d] - old->cpu_s[d];
    double cpu = t->seconds > 0 && used > 0 ? used / t->seconds : 0;
    int filled = cpu >= 1 ? BAR : (int)(cpu * BAR + 0.5);

    printf(" %-8s ", daemon_name(d));
    for (int c = 0; c < BAR; c++)
        fputs(c < filled ? "\u2588" : "\u2591", stdout);
    printf(" %4.0f%% %10.0f %8u\n", cpu * 100,
           top_rate(t, s->turns[d], old->turns[d]),
           (unsigned)t->look.conf->daemons[d].restarts);
}

static void
print_daemons(const struct top *t)
{
    printf(" %-8s %-*s %5s %10s %8s\n", "DAEMON", BAR, "CPU", "", "TURNS/S",
           "RESTARTS");
    for (size_t i = 0; i < DAEMONS; i++) {
        if (daemon_order[i] < t->look.daemons)
            print_daemon(t, daemon_order[i]);
    }
}

static void
print_conn(const struct top *t, const struct top_conn *c)
{
    const struct view_info *info = &c->v.info;
    char local[CONN_ENDPOINT], peer[CONN_ENDPOINT], rx[24], tx[24];
    char both[2 * CONN_ENDPOINT + 4];
    struct conn_owner owner;

    snprintf(both, sizeof both, "%s > %s",
             conn_endpoint(local, c->v.local, c->v.local_port),
             conn_endpoint(peer, c->v.remote, c->v.remote_port));
    conn_owner(&owner, t->look.conf, c->v.client, c->v.slot);
    printf(" %-45s %-10s %11s %11s %7.1fms %6u ", both,
           conn_state_name(info->state), bits(rx, c->rx), bits(tx, c->tx),
           info->rtt / 1e3,
           info->snd_mss != 0 ? info->cwnd / info->snd_mss : 0);
    if (owner.pid != 0)
        printf("%s(%u)\n", owner.comm, owner.pid);
    else
        printf("-\n");
}

static void
print_conns(const struct top *t, uint32_t most)
{
    uint32_t n = min_u32(t->conn_count, most);

    printf(" %-45s %-10s %11s %11s %9s %6s %s\n", "CONNECTION", "STATE", "RX",
           "TX", "RTT", "CWND", "PROGRAM");
    for (uint32_t i = 0; i < n; i++)
        print_conn(t, &t->conns[i]);
    if (t->conn_count > n)
        printf(" ... and %u more\n", t->conn_count - n);
}

void
top_print(const struct top *t, uint32_t conns, bool live)
{
    const struct net *net = &t->look.tables.net;
    char addr[ADDR_TEXT] = "-";

    if (net->addresses > 0)
        addr_format(addr, net->address[0].addr);
    printf(" skink %s   %s   %u connections%s\n", t->cli->instance, addr,
           t->conn_count, live ? "   q quit" : "");
    print_traffic(t);
    print_daemons(t);
    print_conns(t, conns);
}

static void
json_conn(struct json *j, const struct top_conn *c)
{
    char end[CONN_ENDPOINT];

    json_begin(j, NULL, '{');
    json_text(j, "local", conn_endpoint(end, c->v.local, c->v.local_port));
    json_text(j, "peer", conn_endpoint(end, c->v.remote, c->v.remote_port));
    json_text(j, "state", conn_state_name(c->v.info.state));
    json_decimal(j, "rx_bytes_per_s", c->rx);
    json_decimal(j, "tx_bytes_per_s", c->tx);
    json_end(j, '}');
}

void
top_print_json(const struct top *t)
{
    const struct top_sample *s = top_now(t), *old = top_before(t);
    struct json j = page_begin(t->cli, '{');

    json_decimal(&j, "rx_bytes_per_s", top_rate(t, s->rx_bytes, old->rx_bytes));
    json_decimal(&j, "tx_bytes_per_s", top_rate(t, s->tx_bytes, old->tx_bytes));
    json_decimal(&j, "rx_frames_per_s",
                 top_rate(t, s->rx_frames, old->rx_frames));
    json_decimal(&j, "tx_frames_per_s",
                 top_rate(t, s->tx_frames, old->tx_frames));
    json_decimal(&j, "retrans_per_s", top_rate(t, s->retrans, old->retrans));
    json_decimal(&j, "drops_per_s", top_rate(t, s->drops, old->drops));
    json_begin(&j, "connections", '[');
    for (uint32_t i = 0; i < min_u32(t->conn_count, CONNS_SHOWN); i++)
        json_conn(&j, &t->conns[i]);
    json_end(&j, ']');
    page_end(t->cli, &j, '}');
}
