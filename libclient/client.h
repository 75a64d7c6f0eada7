/* SPDX-License-Identifier: MIT */
/* libskink: sockets on skink's TCP/IP stack.
 *
 * The socket calls with the socket calls' meaning; what they do on Linux they do
 * here, with these differences: every call takes the instance and a handle of
 * its own kind, and an error comes back as -errno, never in errno. No call
 * raises SIGPIPE or returns -EINTR.
 *
 * Threads. Any call may be made from any thread at any time. A handle may be
 * used by several threads; when one of them closes it, the others' calls on it
 * return -EBADF, waiting ones too. Nothing here may be called from a signal
 * handler.
 *
 * Blocking. A socket is blocking or not, as with O_NONBLOCK. Some calls ask tcpd
 * for something and wait for its answer whatever the socket is: bind, listen
 * and a blocking connect say so below. The answer comes through restarts of
 * any daemon, so this wait has no limit of its own.
 *
 * Errors that every call on a handle may return:
 *   -EBADF     not an open handle; or the instance belongs to a parent process
 *   -ENETDOWN  the instance was taken down; its connections are gone
 *
 * After fork() an instance is the parent's alone: in the child every call on it
 * returns -EBADF, except skink_free, which frees what can be freed. Its
 * connections live and die with the parent.
 *
 * What is not here: IPv6, urgent data (which RFC 6093 advises against), ancillary
 * data. docs/api.md has every call, option and flag of Linux's, and what
 * becomes of it here. */
#ifndef SKINK_CLIENT_H
#define SKINK_CLIENT_H

#include <netinet/in.h>
#include <poll.h>
#include <stdint.h>
#include <sys/socket.h>
#include <sys/types.h>
#include <sys/uio.h>

#ifdef __cplusplus
extern "C" {
#endif
#pragma GCC visibility push(default)

/* One attachment of this process to one running instance of skink. */
struct skink;

/* "0.1.0". Never NULL, never freed. */
const char *skink_version(void);

/* ---- the instance ---- */

/* Attaches to `instance`; NULL: what SKINK_INSTANCE names, or else "default".
 * Blocks until the supervisor has answered, five seconds at most. On success 0
 * and *out is to be freed by skink_free. Else *out is NULL and:
 *   -ENOENT, -ECONNREFUSED  no such instance is running
 *   -EACCES, -EPERM         it is not for this user
 *   -EDQUOT, -EAGAIN        too many clients, of this user or in all
 *   -EPROTO                 it speaks another version
 *   -ETIMEDOUT              the supervisor does not answer
 *   -EINVAL, -ENAMETOOLONG  not a name for an instance
 *   -ENOMEM, -EMFILE, ...   this process lacks something */
int skink_open(struct skink **out, const char *instance);

/* Detaches, and ends all handles as the end of a process would: what was sent
 * still goes out, unread data means RST. No other call may be running or
 * follow. NULL is ignored. */
void skink_free(struct skink *s);

/* One real descriptor for the caller's own poll or epoll loop: readable as long
 * as skink_wait has, or may have, something to report. Only to be polled for
 * reading, then skink_wait with timeout 0; it may be readable without reason.
 * It belongs to the instance: not to be read, nor closed. -errno as above. */
int skink_fd(struct skink *s);

/* ---- sockets ---- */

/* A new handle. `domain` AF_INET; `type` SOCK_STREAM, also with SOCK_NONBLOCK
 * and SOCK_CLOEXEC (which every handle has); `protocol` 0 or IPPROTO_TCP.
 * Local, never blocks. -EAFNOSUPPORT, -EPROTONOSUPPORT, -EMFILE. */
int skink_socket(struct skink *s, int domain, int type, int protocol);

/* Gives the socket an address; port 0: a free one, see skink_getsockname. Waits
 * for tcpd's answer. -EADDRINUSE, -EADDRNOTAVAIL, -EINVAL (has one already),
 * -ENOBUFS (this user has too many). */
int skink_bind(struct skink *s, int handle, const struct sockaddr *addr,
               socklen_t len);

/* Takes connections from now on; not bound: on a free port. Again: changes the
 * backlog. Waits for tcpd's answer. -EINVAL (connected), -EADDRINUSE,
 * -ENOBUFS. */
int skink_listen(struct skink *s, int handle, int backlog);

/* The handle of the next connection, and where it comes from (addr may be NULL).
 * `flags`: SOCK_NONBLOCK, SOCK_CLOEXEC. It begins with the listener's options, as
 * they are now. Blocks for one if the listener is blocking, as long as
 * SO_RCVTIMEO says. -EAGAIN, -EINVAL (does not listen, or not any more), or the
 * error by which the listener was lost, once. */
int skink_accept(struct skink *s, int handle, struct sockaddr *addr,
                 socklen_t *len, int flags);

/* Connects. Blocking: waits for the outcome, or as long as SO_SNDTIMEO says
 * (-EINPROGRESS then). Non-blocking: -EINPROGRESS at once; when the outcome is
 * there the handle polls SKINK_OUT, and SO_ERROR or a second call tells it.
 * -EALREADY (under way), -EISCONN, -ECONNREFUSED, -ETIMEDOUT, -ENETUNREACH,
 * -EHOSTUNREACH, -EADDRNOTAVAIL, -EAFNOSUPPORT, -ENOBUFS. Once a call has told
 * of a failure (-ECONNABORTED when SO_ERROR did so before), the next one is a
 * new attempt, from the address that was bound if there was one. -EOPNOTSUPP:
 * AF_UNSPEC, which would dissolve the association. */
int skink_connect(struct skink *s, int handle, const struct sockaddr *addr,
                  socklen_t len);

/* Own and the peer's address, cut off at *len, which becomes the full length.
 * Local, never block. -ENOTCONN (peer). */
int skink_getsockname(struct skink *s, int handle, struct sockaddr *addr,
                      socklen_t *len);
int skink_getpeername(struct skink *s, int handle, struct sockaddr *addr,
                      socklen_t *len);

/* Linux's levels, names, numbers and types. Set before connect or listen they go
 * along with it; afterwards tcpd learns of them on the way, nobody waits. Those
 * with a star wait for tcpd's answer when a connection is asked.
 *   SOL_SOCKET   SO_ERROR (get: read once), SO_RCVTIMEO, SO_SNDTIMEO, SO_TYPE,
 *                SO_DOMAIN, SO_PROTOCOL, SO_ACCEPTCONN (get), SO_KEEPALIVE,
 *                SO_SNDBUF, SO_RCVBUF* (the bytes that were asked for, within
 *                limits, and not twice as many), SO_RCVLOWAT, SO_SNDLOWAT (get),
 *                SO_LINGER;
 *                SO_REUSEADDR, SO_BROADCAST, SO_DONTROUTE, SO_OOBINLINE: kept and
 *                given back, no effect
 *   IPPROTO_TCP  TCP_NODELAY, TCP_CORK, TCP_MAXSEG*, TCP_KEEPIDLE,
 *                TCP_KEEPINTVL, TCP_KEEPCNT, TCP_SYNCNT, TCP_LINGER2,
 *                TCP_WINDOW_CLAMP, TCP_USER_TIMEOUT, TCP_QUICKACK (set; reads 1),
 *                TCP_CONGESTION* ("reno"; else -ENOENT), TCP_INFO* (get)
 * -ENOPROTOOPT for others, -EINVAL (*len too short, out of range), -EDOM. */
int skink_setsockopt(struct skink *s, int handle, int level, int name,
                     const void *value, socklen_t len);
int skink_getsockopt(struct skink *s, int handle, int level, int name,
                     void *value, socklen_t *len);

/* O_NONBLOCK: `on` 0 or 1. Local. */
int skink_set_nonblocking(struct skink *s, int handle, int on);

/* How many bytes were taken over for sending. Blocking: all of them, unless
 * SO_SNDTIMEO or the connection ends before; then what was taken over, or if
 * nothing was, -EAGAIN or the error. Otherwise as many as there is room for, or
 * -EAGAIN. `flags`: MSG_DONTWAIT; MSG_MORE: what does not fill a segment waits
 * for the next call, as under TCP_CORK, for 200 ms (longer only while no
 * thread calls anything here, waits here, or polls skink_fd); MSG_NOSIGNAL,
 * MSG_EOR and MSG_CONFIRM have no effect. -EPIPE after shutdown, or when the
 * connection is over and its error was told; -ECONNRESET, -ETIMEDOUT;
 * -EOPNOTSUPP (other flags). */
ssize_t skink_send(struct skink *s, int handle, const void *buf, size_t len,
                   int flags);
ssize_t skink_sendv(struct skink *s, int handle, const struct iovec *iov,
                    int count, int flags);

/* How many bytes were received, 0 after the peer's FIN, or after skink_shutdown
 * (reading). Blocking: waits for the first byte (SO_RCVLOWAT: for so many), with
 * MSG_WAITALL for all, as long as SO_RCVTIMEO says. Otherwise -EAGAIN.
 * `flags`: MSG_DONTWAIT; MSG_PEEK leaves them to be read again; MSG_TRUNC
 * throws them away, `buf` may be NULL. What arrived before a reset is given
 * first, then the error, once, then 0. -ENOTCONN, -ECONNRESET, -ETIMEDOUT,
 * -EOPNOTSUPP (other flags, MSG_OOB and MSG_ERRQUEUE among them). */
ssize_t skink_recv(struct skink *s, int handle, void *buf, size_t len,
                   int flags);
ssize_t skink_recvv(struct skink *s, int handle, const struct iovec *iov,
                    int count, int flags);

/* SHUT_WR: FIN behind what was sent. SHUT_RD: recv returns 0 once what is there
 * has been read. Of a listener SHUT_RD and SHUT_RDWR end the listening: accept
 * returns -EINVAL, and it may listen again. Of a socket that connects, any ends
 * the attempt, with -ECONNRESET. Never blocks. -ENOTCONN, -EINVAL. */
int skink_shutdown(struct skink *s, int handle, int how);

/* The handle is gone at once, and what was sent still goes out. Unread data, or
 * SO_LINGER with time 0, means RST. SO_LINGER with another time: blocks, whether
 * the socket does or not (as on Linux), until the peer has acknowledged everything
 * or the time is over; the rest goes on by itself. A listener takes those
 * connections along that were not accepted. */
int skink_close(struct skink *s, int handle);

/* ---- without a copy ---- */

/* Room in the send buffer, which the caller fills and then commits: at most `want`
 * bytes in at most *count pieces, which become *iov and *count; they belong
 * together in this order. How many bytes that is. The room is the caller's until
 * the next call on the handle that sends or reserves (which gives the same room
 * again), or close; to be written, not read. What is never committed is never
 * sent. Never blocks: -EAGAIN (poll for SKINK_OUT). Errors as skink_send;
 * -EINVAL (want or *count is 0). */
ssize_t skink_reserve(struct skink *s, int handle, size_t want,
                      struct iovec *iov, int *count);

/* The first `n` reserved bytes are sent, the others are given back. 0, -EINVAL
 * (more than is reserved), or as skink_send. */
int skink_commit(struct skink *s, int handle, size_t n);

/* The bytes that are there to be read, where they lie: in at most *count pieces,
 * which become *iov and *count. How many, or as skink_recv: 0 at the end, -EAGAIN,
 * an error (*iov and *count are then not set). The memory is mapped for
 * reading; it stays as it is until skink_consume or another call on the handle
 * receives, or close. Never blocks. */
ssize_t skink_peek(struct skink *s, int handle, struct iovec *iov, int *count);

/* The first `n` of these bytes are done with. 0, -EINVAL (more than there are), or
 * -ECONNRESET: the connection was lost together with a crashed tcpd, and what was
 * read since skink_peek is not to be trusted. */
int skink_consume(struct skink *s, int handle, size_t n);

/* ---- how it goes ---- */

enum skink_state { /* RFC 9293's */
                   SKINK_CLOSED,
                   SKINK_LISTEN,
                   SKINK_SYN_SENT,
                   SKINK_SYN_RECEIVED,
                   SKINK_ESTABLISHED,
                   SKINK_FIN_WAIT_1,
                   SKINK_FIN_WAIT_2,
                   SKINK_CLOSE_WAIT,
                   SKINK_CLOSING,
                   SKINK_LAST_ACK,
                   SKINK_TIME_WAIT
};

enum skink_limit { /* what keeps the sender from sending more */
                   SKINK_LIMIT_NONE,
                   SKINK_LIMIT_APP,  /* nothing is there to be sent */
                   SKINK_LIMIT_CWND, /* the network */
                   SKINK_LIMIT_RWND, /* the receiver */
                   SKINK_LIMIT_RING  /* this host */
};

enum skink_timer { /* the next to expire */
                   SKINK_TIMER_NONE,
                   SKINK_TIMER_ON, /* retransmission */
                   SKINK_TIMER_KEEPALIVE,
                   SKINK_TIMER_TIMEWAIT,
                   SKINK_TIMER_PERSIST,
                   SKINK_TIMER_ORPHAN
};

#define SKINK_OPTION_TIMESTAMPS 1
#define SKINK_OPTION_SACK       2
#define SKINK_OPTION_WSCALE     4

/* What `ss -tim` shows. Times in us unless the name says ms, sizes in bytes; 0
 * where unknown. Later versions add fields behind. */
struct skink_info {
    uint8_t local[16], remote[16];    /* IPv4 as ::ffff:a.b.c.d */
    uint16_t local_port, remote_port; /* host order */
    uint32_t backlog, queued;         /* listener: at most, and now */
    uint32_t spare0;

    uint8_t state;       /* enum skink_state */
    uint8_t retransmits; /* of the oldest segment, in a row */
    uint8_t probes;      /* of a closed window, unanswered */
    uint8_t backoff;
    uint8_t options; /* SKINK_OPTION_ of both sides */
    uint8_t snd_wscale, rcv_wscale;
    uint8_t limit;              /* enum skink_limit */
    uint8_t timer;              /* enum skink_timer */
    uint8_t congestion_control; /* 0 reno, 1 cubic */
    uint8_t in_recovery;
    uint8_t spare1;
    uint32_t timer_ms;
    uint32_t rto, rtt, rttvar, min_rtt;
    uint32_t snd_mss, rcv_mss, pmtu;
    uint32_t cwnd, ssthresh; /* UINT32_MAX: not set yet */
    uint32_t snd_wnd, rcv_wnd;
    uint32_t send_buffer, receive_buffer;
    uint32_t unacked;        /* in flight */
    uint32_t notsent;        /* waits to be sent */
    uint32_t recv_q, send_q; /* unread; written and not acknowledged */
    uint32_t ooo;            /* arrived out of order */
    uint32_t dup_acks;
    uint64_t bytes_sent, bytes_retrans, bytes_acked, bytes_received;
    uint32_t segs_out, segs_in, retrans_total;
    uint32_t last_sent_ms, last_received_ms; /* ago */
    uint32_t survived;                       /* restarts of tcpd */
};

/* Fills in `size` bytes of *info: what this library knows, the rest with zeros, so
 * that programs and libraries of different age understand each other. Waits
 * for tcpd's answer. */
int skink_info(struct skink *s, int handle, struct skink_info *info,
               size_t size);

/* ---- readiness ---- */

/* The numbers are those of POLLIN, POLLOUT, ... (and EPOLLIN, EPOLLOUT, ...). */
#define SKINK_IN    0x0001 /* SO_RCVLOWAT of data, FIN, one to accept, an error */
#define SKINK_OUT   0x0004 /* a third of the send buffer is free, or an error */
#define SKINK_ERR   0x0008 /* SO_ERROR has something; always reported */
#define SKINK_HUP   0x0010 /* both directions have ended; always reported */
#define SKINK_NVAL  0x0020 /* skink_poll: not an open handle */
#define SKINK_RDHUP 0x2000 /* the peer's FIN has arrived */

struct skink_pollfd {
    int handle; /* negative: skipped */
    short events;
    short revents;
};

/* poll(2). How many have revents, 0 when timeout_ms have passed (negative: never),
 * -EINVAL (n), -ENETDOWN, -EBADF (fork). */
int skink_poll(struct skink *s, struct skink_pollfd *fds, unsigned n,
               int timeout_ms);

/* Puts the handle under skink_wait: `events` of SKINK_IN, SKINK_OUT, SKINK_RDHUP.
 * Again: replaces both. 0 takes it out; so does close. Local, never blocks. */
int skink_watch(struct skink *s, int handle, unsigned events, uint64_t user);

struct skink_event {
    uint64_t user; /* as given to skink_watch */
    int handle;
    unsigned events;
};

/* epoll_wait(2), level-triggered, over all watched handles: fills at most `max`
 * events, fair among the ready ones, in time that depends on how many are
 * ready and not on how many are watched. How many, 0 when timeout_ms have
 * passed (negative: never), -EINVAL (max), -ENETDOWN, -EBADF (fork). */
int skink_wait(struct skink *s, struct skink_event *events, int max,
               int timeout_ms);

#pragma GCC visibility pop
#ifdef __cplusplus
}
#endif

#endif
