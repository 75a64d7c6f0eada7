/* SPDX-License-Identifier: MIT */
/* TCP as a pure function: segments, calls and time go in; segments, changes and
 * the next deadline are pulled out. No system call, clock, allocation, atomic
 * or log below this header: the same core runs in tcpd, in unit tests, in
 * fuzzers and in the simulator.
 *
 * One turn: tcp_input / tcp_call_* / tcp_expire in any order, then tcp_output
 * until it is false or there is no room, then the changed list is committed and
 * published, then tcp_changed_clear. All take the turn's `now`. */
#ifndef TCPD_CORE_TCP_H
#define TCPD_CORE_TCP_H

#include "base/deadlines.h"
#include "base/hash.h"
#include "base/list.h"
#include "base/time.h"
#include "proto/drops.h"
#include "proto/wire/addr.h"
#include "proto/wire/net.h"
#include "tcpd/core/segment.h"
#include "tcpd/core/tcb.h"

#include <stddef.h>
#include <stdint.h>

/* RFC 9293 and Linux's profile. Times in ms. */
#define TCP_RTO_INITIAL   1000
#define TCP_RTO_MIN       200
#define TCP_RTO_MAX       120000
#define TCP_SYN_TRIES     6 /* retransmissions of SYN: 127 s in all */
#define TCP_SYN_TRIES_MAX 127
#define TCP_SYNACK_TRIES  5  /* of SYN-ACK: 63 s */
#define TCP_DATA_TRIES    15 /* of data: RFC 9293's R2 is at least 100 s */
#define TCP_ORPHAN_TRIES  8
#define TCP_TIME_WAIT     60000
#define TCP_FIN_TIMEOUT   60000 /* an orphan in FIN-WAIT-2 */
#define TCP_ORPHAN_TIMEOUT                                                     \
    204000 /* an orphan that does not get on; as long as Linux probes for one */
#define TCP_KEEP_IDLE     7200000
#define TCP_KEEP_INTERVAL 75000
#define TCP_KEEP_COUNT    9
#define TCP_DELAYED_ACK   40    /* longest wait for text that could carry it */
#define TCP_QUICK_ACKS    16    /* ACKs that are not delayed at the beginning */
#define TCP_CORK_WAIT     200   /* longest wait of a short segment */
#define TCP_PMTU_MIN      552   /* no ICMP makes it less (RFC 1191, Linux) */
#define TCP_INITIAL_CWND  10    /* segments (RFC 6928) */
#define TCP_MSS_DEFAULT   536   /* when the peer names none (RFC 9293 3.7.1) */
#define TCP_MSS_MIN       88    /* a smaller offer is taken as this */
#define TCP_BACKLOG_MAX   4096  /* Linux's somaxconn */
#define TCP_PORT_FIRST    32768 /* ephemeral, as Linux */
#define TCP_PORT_LAST     60999

struct tcp_config {
    uint32_t tcbs, listeners; /* most at once */
    uint32_t send_buffer;     /* bytes a client may have unacknowledged */
    uint32_t receive_buffer;  /* bytes it may leave unread; < STREAM_SPAN */
    const struct net *net;    /* not copied; may change between turns, see
                              tcp_net_changed() */
    uint32_t gso_max;         /* text bytes a tcp_output at most; 0: one MSS */
    struct hash_key secret;   /* ISN, ports, timestamp offsets, demux */
};

/* A bound port, listening or not. */
struct listener {
    uint32_t index;
    uint32_t backlog; /* 0: bound only */
    uint32_t
        queued; /* children that accept has not claimed, SYN-RECEIVED included */
    uint32_t opening; /* those in SYN-RECEIVED */
    uint16_t port;
    uint16_t used;    /* 0: free */
    struct addr addr; /* any: every address */
    struct owner owner;
    struct tcp_settings settings; /* children begin with them */
    uint64_t accepted, overflows; /* children claimed; SYNs and ACKs dropped
                                     because accept is too slow */
    instant_t cookies_at;         /* the last SYN cookie; INSTANT_NEVER: none */
    struct chunk_pool *pool;      /* where children's text goes */
    struct list children;         /* tcbs by `siblings` */
    uint32_t port_next;           /* in the chain of its port; LISTENER_NONE */
};

/* Answers that no tcb owns (RST, the SYN-ACK of a SYN cookie): few, bounded, dropped
 * when full. */
struct reply {
    struct addr src, dst;
    uint16_t src_port, dst_port;
    seq_t seq, ack;
    uint8_t flags;
    uint16_t window;        /* of a SYN cookie's SYN-ACK, as are */
    struct tcp_options opt; /* its options */
};
#define TCP_REPLIES 64

/* What the core counts; tcpd copies them to its cnc. */
struct tcp_stats {
    uint64_t active_opens, passive_opens, attempt_fails, estab_resets;
    uint64_t curr_estab;
    uint64_t in_segs, out_segs, in_bytes, out_bytes;
    uint64_t retrans_segs, retrans_timeout, retrans_fast;
    uint64_t out_rsts, ooo_queued;
    uint64_t delayed_acks; /* that the timer sent */
    uint64_t keep_probes, keep_drops;
    uint64_t pmtu_lowered, icmp_aborts;
    uint64_t cookies_sent, cookies_taken;
    uint64_t reply_drops; /* counted as DROP_TCP_REPLY_FULL by the shell */
};

struct tcp {
    struct tcp_config config;
    struct tcb *tcbs;
    struct listener *listeners;
    uint32_t *buckets; /* heads of demux chains, by hash; UINT32_MAX: empty */
    uint32_t bucket_mask;
    uint32_t *ports; /* heads of listener chains, by port; LISTENER_NONE */
    uint32_t port_mask;
    uint32_t opening; /* children in SYN-RECEIVED, of all listeners */
    uint32_t *opened; /* connections that hold their port; tcb_enter() counts */
    struct list free, time_wait; /* tcbs by `siblings` */
    struct list output, changed;
    struct deadlines deadlines; /* one a tcb: its earliest timer */
    struct reply replies[TCP_REPLIES];
    uint32_t reply_first, reply_count;
    uint32_t port_hint;
    struct tcp_stats stats;
};

/* Memory is given once, aligned to 64, and outlives the core. */
size_t tcp_footprint(const struct tcp_config *config);
struct tcp *tcp_init(void *memory, const struct tcp_config *config);

/* ---- in ---- */

/* One segment, as segment_parse() checked it. Every reason not to use it, or not all
 * of it, comes back once. `seg->text` is read before the call returns. */
enum drop tcp_input(struct tcp *tcp, const struct segment *seg, instant_t now);

/* An ICMP error about a segment of ours, or ipd's word that a neighbour does not
 * answer (as HOST_UNREACHABLE): whose segment it was. `seq` is the one quoted. */
struct tcp_icmp {
    struct addr local, remote;
    uint16_t local_port, remote_port;
    seq_t seq;
    uint8_t type, code; /* of wire/icmp.h */
    uint32_t mtu;       /* of FRAG_NEEDED's next hop; 0: it did not say */
};
/* Believed only when `seq` is in flight (RFC 5927). It ends a connection that is
 * being opened; later it is remembered for when the connection times out. */
enum drop tcp_input_icmp(struct tcp *tcp, const struct tcp_icmp *icmp,
                         instant_t now);

/* config.net has been overwritten: connections whose local address is gone end
 * with TCP_ABORTED (a RST could not be sent). */
void tcp_net_changed(struct tcp *tcp, instant_t now);

/* All timers that are due. */
void tcp_expire(struct tcp *tcp, instant_t now);

/* Linux's defaults, and the buffers of the configuration. */
void tcp_settings_default(const struct tcp *tcp, struct tcp_settings *out);

/* Binds `port` (0: an ephemeral one) for `owner`. NULL: *error says why. */
struct listener *tcp_call_bind(struct tcp *tcp, const struct owner *owner,
                               const struct addr *addr, uint16_t port,
                               enum tcp_error *error);
/* From now on SYNs are answered; again: changes the backlog. It is taken as at
 * least 1, as Linux takes listen(fd, 0), and at most TCP_BACKLOG_MAX. `settings`
 * NULL: those that it has, at first the defaults. */
void tcp_call_listen(struct tcp *tcp, struct listener *l, uint32_t backlog,
                     const struct tcp_settings *settings,
                     struct chunk_pool *pool);
/* What future children begin with. */
void tcp_call_configure_listener(struct tcp *tcp, struct listener *l,
                                 const struct tcp_settings *settings);
/* Frees the port; children that nobody claimed are reset. */
void tcp_call_unbind(struct tcp *tcp, struct listener *l, instant_t now);

/* Active open: SYN-SENT at once. `bound` (may be NULL) gives its port to the
 * connection and is freed. `settings` NULL: the defaults. `pool` and `tx_base` as
 * the tcb's fields. */
struct tcb *tcp_call_connect(struct tcp *tcp, const struct owner *owner,
                             struct listener *bound,
                             const struct tcp_settings *settings,
                             const struct addr *remote, uint16_t port,
                             struct chunk_pool *pool, const uint8_t *tx_base,
                             instant_t now, enum tcp_error *error);

/* Takes effect at once; values that make no sense are taken as the nearest that
 * do. */
void tcp_call_configure(struct tcp *tcp, struct tcb *tcb,
                        const struct tcp_settings *settings, instant_t now);
/* TCP_QUICKACK: no ACK is delayed for a while, one that waits goes now; off: they
 * may be. As Linux's it does not stick: what the peer does decides again. */
void tcp_call_quick_ack(struct tcp *tcp, struct tcb *tcb, bool on,
                        instant_t now);

/* accept() has returned it: it no longer counts towards the backlog. */
void tcp_call_claim(struct tcp *tcp, struct tcb *tcb);

/* The client has written up to stream offset `end` (>= tx_end, within the send
 * buffer: the shell checked) and its chunks are in tcb->tx. */
void tcp_call_send(struct tcp *tcp, struct tcb *tcb, uint64_t end,
                   instant_t now);
/* The client has consumed up to `read` (rx_read <= read <= rx_end). */
void tcp_call_received(struct tcp *tcp, struct tcb *tcb, uint64_t read,
                       instant_t now);
/* FIN behind tx_end. */
void tcp_call_shutdown(struct tcp *tcp, struct tcb *tcb, instant_t now);
/* The owner lets go: unread text means RST (RFC 2525 2.17), else FIN behind tx_end
 * and an orphan with a deadline. The tcb may be gone when this returns. */
void tcp_call_close(struct tcp *tcp, struct tcb *tcb, instant_t now);
/* RST at once; the owner lets go. */
void tcp_call_abort(struct tcp *tcp, struct tcb *tcb, instant_t now);

/* ---- out ---- */

/* Room for one segment and what it turned out to be. */
struct tcp_slot {
    uint8_t *buf; /* in: at least 60 + max(MSS, gso_max) bytes */
    uint32_t cap;
    uint32_t len; /* out: header and text */
    struct addr src, dst;
    uint16_t gso_size; /* text bytes a wire segment, 0: one segment */
    uint32_t tcb;      /* index, or UINT32_MAX for a reply */
};

/* Is there anything to send? Then tcp_output will (almost always) send. */
bool tcp_wants_output(const struct tcp *tcp);

/* Writes one segment: header with the pseudo-header's sum in the checksum field
 * (wire/tcp.h: to be completed by the device or in software), options, text. False: nothing
 * to send. Connections take turns. */
bool tcp_output(struct tcp *tcp, struct tcp_slot *slot, instant_t now);

/* The earliest moment at which tcp_expire has something to do. */
instant_t tcp_next_deadline(const struct tcp *tcp);

/* tcbs whose image changed are on tcp->changed (list_item by `changed`).
 * Clears it, and frees the tcbs that are CLOSED and without owner. */
void tcp_changed_clear(struct tcp *tcp);

/* ---- looking ---- */

/* The tcb of a 4-tuple, or NULL. */
struct tcb *tcp_find(struct tcp *tcp, const struct addr *local,
                     uint16_t local_port, const struct addr *remote,
                     uint16_t remote_port);
/* The listener for a destination: exact address first, then any. */
struct listener *tcp_find_listener(struct tcp *tcp, const struct addr *local,
                                   uint16_t port);

#endif
