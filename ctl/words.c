/* SPDX-License-Identifier: MIT */
/* Over a daemon's boot socket it gets, message by message, all that the topology
 * grants it, and then a zero byte: that is all, start. tcpd gets its clients
 * the same way, before that byte and ever after. Nothing here blocks: how
 * far the handover has got is remembered, and it goes on when there is room. */
#include "ctl/words.h"

#include "base/os/fdpass.h"
#include "base/os/log.h"
#include "ctl/supervisor.h"
#include "ctl/topology.h"
#include "proto/shm/handover.h"

#include <errno.h>
#include <sys/epoll.h>
#include <sys/socket.h>

/* More than the socket holds, so the last words of a dead daemon are all heard
 * in one go, and a living one that floods does not get more than its share. */
#define WORDS_AT_ONCE 512

/* Sends as much as the socket takes. False: something is left. */
static bool
feed(struct child *c)
{
    struct supervisor *s = c->supervisor;
    struct handover msg;
    int fd;

    while (topology_message(&s->store, c->id, c->handed, &msg, &fd)) {
        if (!fdpass_send(c->boot.fd, &msg, sizeof msg, &fd, 1))
            return false;
        c->handed++;
    }
    if (c->id == DAEMON_TCPD && !clients_hand_over(s, c->boot.fd))
        return false;
    if (!c->handed_all)
        c->handed_all = fdpass_send(c->boot.fd, "", 1, NULL, 0);
    return c->handed_all;
}

/* Other errors than a full socket (too many descriptors on their way, memory) are
 * tried again by the watch. A daemon that is gone shows by its pidfd. */
void
child_feed(struct child *c)
{
    if (c->boot.fd < 0)
        return;
    c->hungry = !feed(c);

    bool full = c->hungry && errno == EAGAIN;

    loop_want(&c->supervisor->loop, &c->boot,
              full ? EPOLLIN | EPOLLOUT : EPOLLIN);
}

static void
take_word(struct child *c, const struct handover *word, size_t len)
{
    if (len == 1 && *(const char *)word == '\n')
        child_ready(c);
    else if (len == sizeof *word && c->id == DAEMON_TCPD &&
             word->kind == HANDOVER_CLIENT_GONE)
        clients_gone(c->supervisor, word->id);
    else
        log_line("%s says what nobody understands (%zu bytes)",
                 daemon_name(c->id), len);
}

void
child_listen(struct child *c)
{
    for (int i = 0; i < WORDS_AT_ONCE && c->boot.fd >= 0; i++) {
        struct handover word;
        size_t no_fds = 0;
        ssize_t len = fdpass_receive(c->boot.fd, &word, sizeof word, NULL,
                                     &no_fds, MSG_DONTWAIT);

        if (len > 0)
            take_word(c, &word, (size_t)len);
        else if (len < 0 && errno == EAGAIN)
            return;
        else if (len == 0 || errno != EMSGSIZE)
            loop_close(&c->supervisor->loop, &c->boot);
    }
}

void
child_boot_event(void *owner, uint32_t events)
{
    struct child *c = owner;

    if (events & (EPOLLIN | EPOLLHUP | EPOLLERR))
        child_listen(c);
    if (events & EPOLLOUT)
        child_feed(c);
}
