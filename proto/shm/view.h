/* SPDX-License-Identifier: MIT */
/* What a daemon shows people of its inside: tables of rows that it alone writes
 * and any command reads, also while it is dead. A row is whole or not there:
 * it begins with a sequence that is odd while it is being written. */
#ifndef PROTO_SHM_VIEW_H
#define PROTO_SHM_VIEW_H

#include "base/time.h"
#include "proto/shm/layout.h"
#include "proto/shm/region.h"
#include "proto/wire/addr.h"

#include <assert.h>
#include <stdbool.h>
#include <stdint.h>

/* ---- rows ---- */

struct view_table {
    uint8_t *base;
    uint32_t count;
    uint32_t row_size; /* bytes of a row's body, a multiple of 8 */
};

/* Bytes that a table takes in its region. */
uint64_t view_table_size(uint32_t count, uint32_t row_size);

/* At *offset (from the region's first byte, a multiple of 64), which moves
 * behind it. False: it does not fit. */
bool view_table_join(struct view_table *t, const struct region *region,
                     uint64_t *offset, uint32_t count, uint32_t row_size)
    __attribute__((warn_unused_result));

/* Writer only. */
void view_write(struct view_table *t, uint32_t i, const void *body);

/* Anybody. False: never written, or being written for longer than a few tries
 * (by a writer that died there). */
bool view_read(const struct view_table *t, uint32_t i, void *body)
    __attribute__((warn_unused_result));

/* ---- ipd.view ---- */

#define VIEW_NEIGHBOURS 256
#define VIEW_PINGS      64
#define VIEW_PATHS      64

enum view_neigh_state { /* names as `ip neigh` prints them */
                        VIEW_NEIGH_NONE,
                        VIEW_NEIGH_INCOMPLETE,
                        VIEW_NEIGH_REACHABLE,
                        VIEW_NEIGH_STALE,
                        VIEW_NEIGH_PROBE,
                        VIEW_NEIGH_FAILED
};

struct view_neigh {
    struct addr addr; /* any: the row is free */
    struct mac mac;
    uint8_t state; /* enum view_neigh_state */
    uint8_t link;
    uint32_t probes;      /* sent since it last answered */
    uint32_t dropped;     /* packets that waited for it in vain */
    int64_t confirmed_ns; /* instant of its last answer; 0: never */
    int64_t deadline_ns;  /* of the state */
};
static_assert(sizeof(struct view_neigh) == 48, "view ABI v1");

enum view_ping_state {
    VIEW_PING_NONE,
    VIEW_PING_SENT,
    VIEW_PING_REPLIED,
    VIEW_PING_ERROR, /* `type` and `code` of the ICMP error */
    VIEW_PING_FAILED /* no route, no neighbour: `error` */
};

struct view_ping { /* slot serial % VIEW_PINGS */
    uint64_t serial;
    struct addr from; /* who answered */
    int64_t sent_ns, answered_ns;
    uint32_t len;   /* of the answer's ICMP message, bytes */
    uint32_t error; /* errno */
    uint8_t state;  /* enum view_ping_state */
    uint8_t ttl, type, code;
    uint32_t mtu; /* of "fragmentation needed" */
};
static_assert(sizeof(struct view_ping) == 56, "view ABI v1");

struct view_path {   /* what is known of the MTU towards a destination */
    struct addr dst; /* any: the row is free */
    uint32_t mtu;
    uint32_t spare;
    int64_t expires_ns;
};
static_assert(sizeof(struct view_path) == 32, "view ABI v1");

struct ipd_view {
    struct view_table neighbours, pings, paths;
};
#define IPD_VIEW_SIZE (64u << 10)
bool ipd_view_join(struct ipd_view *v, const struct region *region)
    __attribute__((warn_unused_result));

/* ---- tcpd.view ---- */

#define VIEW_CONNS     16384
#define VIEW_LISTENERS 1024

/* RFC 9293's states. */
enum view_state {
    VIEW_CLOSED,
    VIEW_LISTEN,
    VIEW_SYN_SENT,
    VIEW_SYN_RECEIVED,
    VIEW_ESTABLISHED,
    VIEW_FIN_WAIT_1,
    VIEW_FIN_WAIT_2,
    VIEW_CLOSE_WAIT,
    VIEW_CLOSING,
    VIEW_LAST_ACK,
    VIEW_TIME_WAIT
};

/* What limits the sender just now, in one word. */
enum view_limit {
    VIEW_LIMIT_NONE, /* nothing in flight, nothing to send */
    VIEW_LIMIT_APP,
    VIEW_LIMIT_CWND,
    VIEW_LIMIT_RWND,
    VIEW_LIMIT_RING
};

/* What `ss -tin` shows of a connection. Also the value of API_INFO, from which
 * skink_info() is made: fields are added behind, never changed. Times in us,
 * sizes in bytes; 0 where unknown. */
struct view_info {
    uint8_t state;       /* enum view_state */
    uint8_t retransmits; /* of the oldest segment, in a row */
    uint8_t probes;      /* of a closed window, unanswered */
    uint8_t backoff;
    uint8_t options; /* enum view_option */
    uint8_t snd_wscale, rcv_wscale;
    uint8_t limit;              /* enum view_limit */
    uint8_t timer;              /* enum view_timer, the next to expire */
    uint8_t congestion_control; /* enum conf_cc */
    uint8_t in_recovery;
    uint8_t spare;
    uint32_t timer_ms; /* until then, from when the row was written */
    uint32_t rto, rtt, rttvar, min_rtt;
    uint32_t snd_mss, rcv_mss, pmtu;
    uint32_t cwnd, ssthresh; /* UINT32_MAX: not set yet */
    uint32_t snd_wnd, rcv_wnd;
    uint32_t send_buffer, receive_buffer;
    uint32_t unacked;        /* in flight */
    uint32_t notsent;        /* waits to be sent */
    uint32_t recv_q, send_q; /* unread; written and not acknowledged */
    uint32_t ooo;            /* bytes stored out of order */
    uint32_t dup_acks;
    uint64_t bytes_sent, bytes_retrans, bytes_acked, bytes_received;
    uint32_t segs_out, segs_in, retrans_total;
    uint32_t last_sent_ms, last_received_ms; /* ago, when the row was written */
    uint32_t survived;                       /* restarts of tcpd */
};
enum view_option {
    VIEW_OPTION_TIMESTAMPS = 1,
    VIEW_OPTION_SACK = 2,
    VIEW_OPTION_WSCALE = 4
};
enum view_timer { /* as ss names them */
                  VIEW_TIMER_NONE,
                  VIEW_TIMER_ON, /* retransmission */
                  VIEW_TIMER_KEEPALIVE,
                  VIEW_TIMER_TIMEWAIT,
                  VIEW_TIMER_PERSIST,
                  VIEW_TIMER_ORPHAN
};
static_assert(sizeof(struct view_info) <= 184, "fits a result's value");

struct view_conn { /* row: the connection's index */
    struct addr local, remote;
    uint16_t local_port, remote_port;
    uint32_t client; /* number; UINT32_MAX: nobody's */
    uint32_t slot;   /* of the client: its handle's low bits */
    uint32_t spare;
    int64_t written_ns;
    struct view_info info; /* state VIEW_CLOSED: the row is free */
};

struct view_listener { /* row: the listener's index */
    struct addr addr;
    uint32_t client, slot;
    uint16_t port;
    uint16_t used; /* 0: the row is free */
    uint32_t backlog, queued;
    uint32_t spare;
    uint64_t accepted, overflows;
};
static_assert(sizeof(struct view_listener) == 56, "view ABI v1");

struct tcpd_view {
    struct view_table conns, listeners;
};
#define TCPD_VIEW_SIZE (8u << 20) /* sparse */
bool tcpd_view_join(struct tcpd_view *v, const struct region *region)
    __attribute__((warn_unused_result));

#endif
