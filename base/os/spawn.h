/* SPDX-License-Identifier: MIT */
/* Start a child with chosen descriptors and nothing else, without fork: fork
 * of a process with 1 GiB mapped costs 20 ms. */
#ifndef BASE_OS_SPAWN_H
#define BASE_OS_SPAWN_H

#include <stdbool.h>
#include <sys/types.h>

struct spawn_fd {
    int from; /* descriptor in this process */
    int to;   /* its number in the child */
};

struct spawned {
    pid_t pid;
    int pidfd; /* readable when the child has ended; waitid(P_PIDFD) reaps it */
};

/* The child gets 0, 1, 2 and the listed descriptors; every signal at its
 * default and unblocked. `fds` ends with a row whose from is -1. False, errno set. */
bool spawn(struct spawned *child, const char *path, char *const argv[],
           const struct spawn_fd *fds) __attribute__((warn_unused_result));

/* Directory of the running executable (from /proc/self/exe), so that a build
 * tree and an installation both find their own daemons. */
const char *spawn_self_dir(void);

#endif
