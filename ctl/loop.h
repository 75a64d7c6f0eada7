/* SPDX-License-Identifier: MIT */
/* The supervisor's wait for everything: descriptors and what to do about them. */
#ifndef CTL_LOOP_H
#define CTL_LOOP_H

#include <stdbool.h>
#include <stdint.h>

struct source {
    int fd;                                      /* -1: not in the loop */
    void (*ready)(void *owner, uint32_t events); /* EPOLLIN and the like */
    void *owner;
};

struct loop {
    int epoll;
};

bool loop_open(struct loop *l) __attribute__((warn_unused_result));

/* The source stays where it is until it is removed. False, errno set. */
bool loop_add(struct loop *l, struct source *source, uint32_t events)
    __attribute__((warn_unused_result));
void loop_want(struct loop *l, struct source *source, uint32_t events);

/* Takes it out and closes its descriptor; harmless when it is not in. */
void loop_close(struct loop *l, struct source *source);

/* The next connection of a listening socket. -1: there is none, or no descriptor
 * was left for it: then it was closed, for one that stays in the queue would
 * keep the loop spinning. */
int loop_accept(int listener, int flags);

/* Waits at most `timeout_ms` and serves one source: so a handler may remove any
 * source, its own too, and no event for a removed one is left over. */
void loop_turn(struct loop *l, int timeout_ms);

#endif
