/* SPDX-License-Identifier: MIT */
/* One set of socket calls over two stacks, chosen at run time: what is measured
 * differs in nothing else. */
#ifndef BENCH_SOCKETS_H
#define BENCH_SOCKETS_H

#include <netinet/in.h>
#include <stddef.h>
#include <sys/types.h>

/* All of them blocking; all return -errno on failure. */
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
