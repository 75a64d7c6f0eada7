/* SPDX-License-Identifier: MIT */
/* One set of socket calls over two stacks, chosen at run time: what is measured
 * differs in nothing else. */
#ifndef BENCH_SOCKETS_H
#define BENCH_SOCKETS_H

#include <netinet/in.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

/* The numbers of poll(2), epoll(7) and skink are the same. */
#define SOCKET_IN  0x1u
#define SOCKET_OUT 0x4u

struct socket_event {
    uint64_t user; /* as given to watch */
    unsigned events;
};

/* Blocking unless set_nonblocking says otherwise; all return -errno on failure. */
struct sockets {
    int (*socket)(void);
    int (*bind)(int s, const struct sockaddr_in *at);
    int (*listen)(int s, int backlog);
    int (*accept)(int s);
    int (*connect)(int s, const struct sockaddr_in *to);
    ssize_t (*send)(int s, const void *buf, size_t len);
    ssize_t (*recv)(int s, void *buf, size_t len);
    int (*shut_write)(int s);
    int (*close)(int s);
    int (*set_nonblocking)(int s);
    int (*set_nodelay)(int s);
    int (*set_abort)(int s); /* close sends RST (linger 0) */
    /* In seconds; `count` unanswered probes end the connection. */
    int (*set_keepalive)(int s, int idle, int interval, int count);
    int (*error)(int s); /* SO_ERROR: 0 or -errno */
    /* Level-triggered; `events` replaces what was watched, 0 ends it. */
    int (*watch)(int s, unsigned events, uint64_t user);
    int (*wait)(struct socket_event *events, int max, int timeout_ms);
};

/* The kernel's TCP, with CUBIC on each socket, whatever the host's default. */
const struct sockets *sockets_of_kernel(void);

/* skink's, by libskink; NULL: the default instance. Dies when it is not up. */
const struct sockets *sockets_of_skink(const char *instance);

/* All `len` bytes. 0, or -errno; -ECONNRESET too when the peer ends early. */
int send_all(const struct sockets *net, int s, const void *buf, size_t len);
int recv_all(const struct sockets *net, int s, void *buf, size_t len);

/* Dies unless both are numeric. */
struct sockaddr_in parse_endpoint(const char *addr, const char *port);

#endif
