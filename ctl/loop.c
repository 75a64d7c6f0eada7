/* SPDX-License-Identifier: MIT */
/* epoll, one event at a time: the supervisor is idle but for deaths and
 * attaching clients, so batches would save nothing. */
#include "ctl/loop.h"

#include "base/check.h"

#include <stddef.h>
#include <sys/epoll.h>
#include <unistd.h>

bool
loop_open(struct loop *l)
{
    l->epoll = epoll_create1(EPOLL_CLOEXEC);
    return l->epoll >= 0;
}

bool
loop_add(struct loop *l, struct source *source, uint32_t events)
{
    struct epoll_event event = {.events = events, .data.ptr = source};

    return epoll_ctl(l->epoll, EPOLL_CTL_ADD, source->fd, &event) == 0;
}

void
loop_want(struct loop *l, struct source *source, uint32_t events)
{
    struct epoll_event event = {.events = events, .data.ptr = source};

    CHECK(epoll_ctl(l->epoll, EPOLL_CTL_MOD, source->fd, &event) == 0);
}

/* Deleted before it is closed: a duplicate in another process would keep the
 * registration alive. */
void
loop_close(struct loop *l, struct source *source)
{
    if (source->fd < 0)
        return;
    epoll_ctl(l->epoll, EPOLL_CTL_DEL, source->fd, NULL);
    close(source->fd);
    source->fd = -1;
}

void
loop_turn(struct loop *l, int timeout_ms)
{
    struct epoll_event event;

    if (epoll_wait(l->epoll, &event, 1, timeout_ms) == 1) {
        struct source *source = event.data.ptr;

        source->ready(source->owner, event.events);
    }
}
