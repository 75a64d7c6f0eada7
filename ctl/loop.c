/* SPDX-License-Identifier: MIT */
/* epoll, one event at a time: the supervisor is idle but for deaths and
 * attaching clients, so batches would save nothing. */
#define _GNU_SOURCE 1
#include "ctl/loop.h"

#include "base/check.h"

#include <errno.h>
#include <fcntl.h>
#include <stddef.h>
#include <sys/epoll.h>
#include <sys/socket.h>
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

/* The descriptor that is given up so that a connection can be accepted and
 * closed. */
static int spare = -1;

static void
take_spare(void)
{
    if (spare < 0)
        spare = open("/dev/null", O_RDONLY | O_CLOEXEC);
}

int
loop_accept(int listener, int flags)
{
    int fd;

    take_spare();
    fd = accept4(listener, NULL, NULL, flags);
    if (fd >= 0 || (errno != EMFILE && errno != ENFILE))
        return fd;
    close(spare);
    spare = -1;
    fd = accept4(listener, NULL, NULL, flags);
    if (fd >= 0)
        close(fd);
    take_spare();
    errno = EMFILE;
    return -1;
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
