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
 * Not here yet: reading and writing without a copy, IPv6, urgent data (which RFC
 * 6093 advises against), ancillary data. */
#ifndef SKINK_CLIENT_H
#define SKINK_CLIENT_H

#include <netinet/in.h>
#include <poll.h>
#include <stdint.h>
#include <sys/socket.h>
#include <sys/types.h>

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
 * for tcpd's answer. -EADDRINUSE, -EADDRNOTAVAIL, -EINVAL (has one already). */
int skink_bind(struct skink *s, int handle, const struct sockaddr *addr,
               socklen_t len);

/* Takes connections from now on; not bound: on a free port. Again: changes the
 * backlog. Waits for tcpd's answer. -EINVAL (connected), -EADDRINUSE. */
int skink_listen(struct skink *s, int handle, int backlog);

/* The handle of the next connection, and where it comes from (addr may be NULL).
 * `flags`: SOCK_NONBLOCK, SOCK_CLOEXEC; nothing but TCP_NODELAY is taken over
 * from the listener. Blocks for one if the listener is blocking, as long as
 * SO_RCVTIMEO says. -EAGAIN, -EINVAL (does not listen), or the error by which
 * the listener was lost, once. */
int skink_accept(struct skink *s, int handle, struct sockaddr *addr,
                 socklen_t *len, int flags);

/* Connects. Blocking: waits for the outcome, or as long as SO_SNDTIMEO says
 * (-EINPROGRESS then). Non-blocking: -EINPROGRESS at once; when the outcome is
 * there the handle polls SKINK_OUT, and SO_ERROR or a second call tells it.
 * -EALREADY (under way), -EISCONN, -ECONNREFUSED, -ETIMEDOUT, -ENETUNREACH,
 * -EADDRNOTAVAIL, -EAFNOSUPPORT. A socket whose attempt failed is of no
 * further use: -ECONNABORTED.
 *
 * A neighbour that does not answer ARP, and an ICMP "unreachable", are not told
 * to TCP in this version: all that shows is -ETIMEDOUT, after 127 s, and
 * SO_SNDTIMEO is how to wait for less. -EHOSTUNREACH is kept for when they are. */
int skink_connect(struct skink *s, int handle, const struct sockaddr *addr,
                  socklen_t len);

/* Own and the peer's address, cut off at *len, which becomes the full length.
 * Local, never block. -ENOTCONN (peer). */
int skink_getsockname(struct skink *s, int handle, struct sockaddr *addr,
                      socklen_t *len);
int skink_getpeername(struct skink *s, int handle, struct sockaddr *addr,
                      socklen_t *len);

/* Linux's levels, names, numbers and types. Local, never block:
 *   SOL_SOCKET   SO_ERROR (get: read once), SO_RCVTIMEO, SO_SNDTIMEO, SO_TYPE,
 *                SO_DOMAIN, SO_PROTOCOL, SO_ACCEPTCONN (get);
 *                SO_LINGER: time 0 makes close send RST, any other time changes
 *                nothing, since close never blocks;
 *                SO_REUSEADDR: kept and given back, no effect: addresses in
 *                TIME-WAIT may be bound at all times
 *   IPPROTO_TCP  TCP_NODELAY: tcpd learns of it on the way
 * -ENOPROTOOPT for others, -EINVAL when *len is too short, -EDOM. */
int skink_setsockopt(struct skink *s, int handle, int level, int name,
                     const void *value, socklen_t len);
int skink_getsockopt(struct skink *s, int handle, int level, int name,
                     void *value, socklen_t *len);

/* O_NONBLOCK: `on` 0 or 1. Local. */
int skink_set_nonblocking(struct skink *s, int handle, int on);

/* How many bytes were taken over for sending. Blocking: all of them, unless
 * SO_SNDTIMEO or the connection ends before; then what was taken over, or if
 * nothing was, -EAGAIN or the error. Otherwise as many as there is room for, or
 * -EAGAIN. `flags`: MSG_DONTWAIT; MSG_NOSIGNAL and MSG_MORE have no effect.
 * -EPIPE after shutdown, or when the connection is over and its error was
 * told; -ECONNRESET, -ETIMEDOUT; -EOPNOTSUPP (flags). */
ssize_t skink_send(struct skink *s, int handle, const void *buf, size_t len,
                   int flags);
ssize_t skink_sendv(struct skink *s, int handle, const struct iovec *iov,
                    int count, int flags);

/* How many bytes were received, 0 after the peer's FIN, or after skink_shutdown
 * (reading). Blocking: waits for the first byte, with MSG_WAITALL for all, as
 * long as SO_RCVTIMEO says. Otherwise -EAGAIN. `flags`: MSG_DONTWAIT; MSG_PEEK
 * leaves them to be read again (MSG_WAITALL then has no effect); MSG_TRUNC
 * throws them away, `buf` may be NULL. What arrived before a reset is
 * given first, then the error, once, then 0. -ENOTCONN, -ECONNRESET,
 * -ETIMEDOUT, -EOPNOTSUPP (flags). */
ssize_t skink_recv(struct skink *s, int handle, void *buf, size_t len,
                   int flags);
ssize_t skink_recvv(struct skink *s, int handle, const struct iovec *iov,
                    int count, int flags);

/* SHUT_WR: FIN behind what was sent. SHUT_RD: recv returns 0 once what is there
 * has been read. Never blocks. -ENOTCONN, -EINVAL. */
int skink_shutdown(struct skink *s, int handle, int how);

/* The handle is gone at once, and what was sent still goes out. Unread data, or
 * SO_LINGER with time 0, means RST. A listener takes those connections along
 * that were not accepted. Never blocks. */
int skink_close(struct skink *s, int handle);

/* ---- readiness ---- */

/* The numbers are those of POLLIN, POLLOUT, ... (and EPOLLIN, EPOLLOUT, ...). */
#define SKINK_IN    0x0001 /* data, FIN, a connection to accept, or an error */
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
