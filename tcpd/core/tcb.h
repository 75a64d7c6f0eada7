/* SPDX-License-Identifier: MIT */
/* The transmission control block: all that TCP knows of one connection (RFC 9293
 * 3.3.1). Its first part, up to `image_end`, is the image: the checkpoint
 * stores these bytes as they are and a successor starts from them. Behind it
 * stands what is rebuilt. */
#ifndef TCPD_CORE_TCB_H
#define TCPD_CORE_TCB_H

#include "base/list.h"
#include "base/time.h"
#include "proto/wire/addr.h"
#include "tcpd/core/seq.h"
#include "tcpd/core/stream.h"

#include <assert.h>
#include <stddef.h>
#include <stdint.h>

struct tcp;
struct listener;

/* RFC 9293 3.3.2. LISTEN is a struct listener, not a tcb. */
enum tcb_state {
    TCB_CLOSED,
    TCB_SYN_SENT,
    TCB_SYN_RECEIVED,
    TCB_ESTABLISHED,
    TCB_FIN_WAIT_1,
    TCB_FIN_WAIT_2,
    TCB_CLOSE_WAIT,
    TCB_CLOSING,
    TCB_LAST_ACK,
    TCB_TIME_WAIT,
    TCB_STATES
};

/* Why a connection ended before its time; 0: it did not. */
enum tcp_error {
    TCP_OK,
    TCP_REFUSED,          /* RST in SYN-SENT: ECONNREFUSED */
    TCP_RESET,            /* RST later: ECONNRESET */
    TCP_TIMED_OUT,        /* retransmissions or probes used up: ETIMEDOUT */
    TCP_UNREACHABLE,      /* no route, here or further on: ENETUNREACH */
    TCP_HOST_UNREACHABLE, /* EHOSTUNREACH */
    TCP_ABORTED,          /* by this side: ECONNABORTED */
    TCP_ADDR_IN_USE,      /* EADDRINUSE */
    TCP_ADDR_NOT_OURS,    /* EADDRNOTAVAIL */
    TCP_NO_PORT,          /* ephemeral ports used up: EADDRNOTAVAIL */
    TCP_NO_MEMORY,        /* no tcb or listener free: ENOBUFS */
    TCP_INVALID           /* EINVAL */
};

enum tcb_timer {
    TIMER_RTO,     /* SYN, data or FIN unacknowledged (RFC 6298) */
    TIMER_PERSIST, /* zero window (RFC 9293 3.8.6.1) */
    TIMER_TIME_WAIT,
    TIMER_ORPHAN, /* closed by its client: FIN-WAIT-2 and give-up */
    TIMER_DELAYED_ACK,
    TIMER_KEEPALIVE,
    TIMER_CORK, /* a short segment has waited long enough */
    TIMER_USER, /* the user timeout (RFC 5482): runs while the peer owes us an
                   answer */
    TIMERS
};

/* What setsockopt() changes; children inherit their listener's. Part of the
 * image. */
enum tcp_setting { /* bits of tcp_settings.flags */
                   TCP_SET_NODELAY = 1,
                   TCP_SET_KEEPALIVE = 2,
                   TCP_SET_CORK = 4
};

struct tcp_settings {
    uint32_t flags;              /* enum tcp_setting */
    uint32_t keep_idle_ms;       /* silence before the first probe */
    uint32_t keep_interval_ms;   /* between probes */
    uint32_t keep_count;         /* unanswered probes that end it */
    uint32_t user_timeout_ms;    /* 0: none (RFC 5482) */
    uint32_t send_buffer;        /* bytes unacknowledged, at most STREAM_SPAN */
    uint32_t receive_buffer;     /* bytes unread, below STREAM_SPAN */
    uint32_t mss_limit;          /* TCP_MAXSEG; 0: none */
    uint32_t fin_timeout_ms;     /* FIN-WAIT-2 of an orphan */
    uint32_t congestion_control; /* 0 */
    uint32_t syn_tries;          /* retransmissions of a SYN */
    uint32_t spare;              /* 0 */
};
static_assert(sizeof(struct tcp_settings) == 48, "part of the image");

/* Who owns a connection or listener. The core only carries it. */
struct owner {
    uint32_t client;     /* OWNER_NONE: nobody (orphan, TIME-WAIT) */
    uint32_t slot;       /* SLOT_UNASSIGNED: accepted, not yet given a slot */
    uint32_t generation; /* of the slot */
    uint32_t spare;      /* 0 */
};
#define OWNER_NONE      UINT32_MAX
#define SLOT_UNASSIGNED UINT32_MAX

struct range {
    seq_t left, right; /* [left, right) */
};
#define OOO_RANGES   8
#define SACK_RECENTS 4 /* as many blocks as a header can have */

enum tcb_flag {                     /* bits of tcb->flags */
                TCB_ACTIVE = 1,     /* opened by connect */
                TCB_TIMESTAMPS = 2, /* agreed by both SYNs */
                TCB_WSCALE = 4,
                TCB_SACK = 8,
                TCB_SYN_ACKED = 16, /* our SYN is acknowledged */
                TCB_SHUT_WR = 32,   /* FIN follows tx_end */
                TCB_FIN_SENT =
                    64, /* snd_nxt has passed our FIN at least once */
                TCB_FIN_RECEIVED = 128, /* peer's FIN is in rcv_nxt */
                TCB_ACK_NOW = 256,      /* an ACK is owed at once */
                TCB_QUEUED = 512,       /* established, not claimed by accept */
                TCB_INTERACTIVE = 1024, /* text answers text: ACKs can wait */
                TCB_RECOVERY = 2048,    /* fast recovery, until `recover` */
                TCB_RTT_RUNNING = 4096, /* rtt_seq is being timed */
                TCB_CLOSED_BY_OWNER = 8192,
                TCB_DSACK = 16384,     /* `dsack` is to be reported */
                TCB_KEEP_PROBE = 32768 /* a keep-alive probe is to be sent */
};

struct tcb {
    /* ---- the image: fixed widths, no pointers, no padding ---- */
    struct addr local, remote;
    uint16_t local_port, remote_port;
    uint8_t state; /* enum tcb_state; written by tcb_enter() only */
    uint8_t error; /* enum tcp_error */
    uint8_t snd_wscale, rcv_wscale; /* shifts: peer's windows, ours */
    uint32_t flags;                 /* enum tcb_flag */

    /* send sequence space */
    seq_t iss, snd_una, snd_nxt, snd_max; /* snd_max: highest snd_nxt ever */
    seq_t snd_wl1, snd_wl2, recover, rtt_seq;
    seq_t snd_sml;        /* end of the last short segment (Minshall's Nagle) */
    uint32_t snd_wnd;     /* bytes, scaled */
    uint32_t max_snd_wnd; /* largest ever seen (SWS avoidance) */
    uint32_t snd_mss;     /* text bytes a segment, options taken off */
    uint32_t cwnd, ssthresh; /* bytes */
    uint32_t cwnd_credit;    /* bytes acknowledged towards the next increase */
    uint32_t peer_mss; /* what the peer's SYN offered, at least TCP_MSS_MIN */
    uint32_t pmtu;     /* bytes of IP packet: the route's, or less */
    uint64_t tx_una;   /* stream offset of snd_una */
    uint64_t tx_end;   /* stream offset behind what the client has written */

    /* receive sequence space */
    seq_t irs, rcv_nxt, rcv_adv; /* rcv_adv: right edge ever advertised */
    seq_t last_ack_sent;
    uint32_t rcv_mss;    /* estimate of the peer's segment size */
    uint32_t quick_acks; /* so many ACKs more are not delayed */
    uint64_t rx_end;     /* stream offset of rcv_nxt */
    uint64_t rx_read;    /* stream offset up to which the client has consumed */
    uint32_t ooo_count, dup_acks;
    struct range ooo[OOO_RANGES]; /* sorted, disjoint, above rcv_nxt */
    /* In the ranges that were last added to, the latest first; an entry below
     * rcv_nxt means nothing. */
    seq_t sack_recent[SACK_RECENTS];
    struct range dsack; /* received twice, if TCB_DSACK */

    /* timestamps (RFC 7323) */
    uint32_t ts_offset, ts_recent;
    instant_t ts_recent_at;

    /* round trip (RFC 6298) and timers, absolute */
    duration_t srtt, rttvar, rto; /* srtt 0: no sample yet */
    duration_t min_rtt;           /* 0: no sample yet */
    instant_t rtt_started;
    uint32_t backoff; /* expiries in a row */
    uint32_t persist_backoff;
    uint32_t probes;     /* unanswered: keep-alive, or of a zero window */
    uint32_t soft_error; /* enum tcp_error: what ICMP says is in the way */
    instant_t deadline[TIMERS]; /* INSTANT_NEVER when off */
    instant_t established_at;
    instant_t last_sent_at;     /* SYN, text or FIN */
    instant_t last_received_at; /* anything acceptable */
    instant_t text_received_at;

    /* for people; the core does not look at these */
    uint64_t bytes_sent, bytes_retrans; /* text */
    uint64_t bytes_acked, bytes_received;
    uint32_t segs_out, segs_in, retrans_total; /* as on the wire */
    uint32_t survived; /* restarts of tcpd; the shell counts */

    struct tcp_settings settings;

    struct owner owner;
    /* After the owner has let go: whose memory holds the text that is still to be
     * sent or acknowledged. The shell sets it back to OWNER_NONE. */
    struct owner lender;
    uint32_t listener; /* index, while SYN-RECEIVED or queued; LISTENER_NONE */
    uint32_t challenged_ms; /* time of the last challenge ACK; 0: none yet */
    /* stream offsets 0 of this connection lie here in its slot's streams */
    uint64_t rx_base, tx_base;
    struct rx_stream rx;

    /* ---- rebuilt ---- */
    uint32_t index; /* in the table; also what a file calls this connection */
    uint32_t hash_next;
    struct chunk_pool *pool; /* of the owner's rx region; NULL: discard text */
    struct tx_stream tx;
    struct list output;  /* on tcp->output: has something to send */
    struct list changed; /* on tcp->changed: to be committed and published */
    struct list starved; /* on pool->starved: the pool limits its window */
    struct list
        siblings; /* on listener->children, or tcp->free / ->time_wait */
};
#define TCB_IMAGE_SIZE offsetof(struct tcb, index)
#define LISTENER_NONE  UINT32_MAX
static_assert(TCB_IMAGE_SIZE % 8 == 0, "a record's body is whole words");
/* Padding could only be where wider fields follow narrower ones. */
static_assert(offsetof(struct tcb, tx_una) ==
                  offsetof(struct tcb, pmtu) + sizeof(uint32_t),
              "no padding");
static_assert(offsetof(struct tcb, rx_end) ==
                  offsetof(struct tcb, quick_acks) + sizeof(uint32_t),
              "no padding");
static_assert(offsetof(struct tcb, ts_recent_at) ==
                  offsetof(struct tcb, ts_recent) + sizeof(uint32_t),
              "no padding");
static_assert(offsetof(struct tcb, deadline) ==
                  offsetof(struct tcb, soft_error) + sizeof(uint32_t),
              "no padding");
static_assert(offsetof(struct tcb, settings) ==
                  offsetof(struct tcb, survived) + sizeof(uint32_t),
              "no padding");
static_assert(offsetof(struct tcb, rx_base) ==
                  offsetof(struct tcb, challenged_ms) + sizeof(uint32_t),
              "no padding");

/* The only writer of `state`: counts, moves lists, starts and stops the timers that
 * belong to the state, marks the tcb changed. */
void tcb_enter(struct tcp *tcp, struct tcb *tcb, enum tcb_state state,
               instant_t now);

/* Ends it with an error, or TCP_OK: out of demux, no timer, no output, state
 * CLOSED. The tcb itself stays until its owner has let go. */
void tcb_end(struct tcp *tcp, struct tcb *tcb, enum tcp_error error,
             instant_t now);

/* The image is no longer what was committed. */
void tcb_touch(struct tcp *tcp, struct tcb *tcb);

/* tcp_output() will visit it. */
void tcb_want_output(struct tcp *tcp, struct tcb *tcb);

/* A zeroed tcb, not in demux; a TIME-WAIT that is oldest is given up for it when
 * all are in use. NULL: none. */
struct tcb *tcb_new(struct tcp *tcp);

/* Puts it into demux under its 4-tuple. */
void tcb_hash(struct tcp *tcp, struct tcb *tcb);

/* Broken invariants as a sentence, or NULL. Tests run it after every event; recovery
 * before it trusts an image. */
const char *tcb_check(const struct tcb *tcb);

const char *tcb_state_name(enum tcb_state state); /* as ss prints: "ESTAB" */

#endif
