/* SPDX-License-Identifier: MIT */
/* The calls that end connections: shutdown and close. */
#include "libclient/client.h"
#include "libclient/instance.h"
#include "libclient/stream.h"

#include <errno.h>

/* ---- shutdown ---- */

/* What ends early: the attempt to connect, as by RST, or the listener. The
 * handle is then as after socket, or after bind. */
static void
shutdown_early(struct skink *s, struct sock *k)
{
    if (k->phase == PHASE_CONNECTING)
        k->error = ECONNRESET;
    k->phase = PHASE_FRESH;
    if (k->renewal == RENEW_NONE || k->renewal == RENEW_ASKED)
        renew_start(s, k);
    renew_all(s);
}

static void
shutdown_streams(struct skink *s, struct sock *k, int how)
{
    uint32_t flags = 0;

    stream_flush(s, k);
    if (how != SHUT_WR)
        flags |= CLIENT_SHUT_RD;
    if (how != SHUT_RD)
        flags |= CLIENT_SHUT_WR;
    sock_flag(s, k, flags);
}

static int
shutdown_sock(struct skink *s, struct sock *k, int how)
{
    if (how != SHUT_RD && how != SHUT_WR && how != SHUT_RDWR)
        return -EINVAL;
    sock_look(s, k);
    if (k->phase == PHASE_CONNECTED && k->state != SLOT_DEAD)
        shutdown_streams(s, k, how);
    else if (k->phase == PHASE_CONNECTING ||
             (k->phase == PHASE_LISTENING && how != SHUT_WR))
        shutdown_early(s, k);
    else if (k->phase != PHASE_LISTENING)
        return -ENOTCONN;
    sock_wake(s, k);
    instance_news(s);
    return 0;
}

int
skink_shutdown(struct skink *s, int handle, int how)
{
    struct sock *k;
    int rc = instance_enter_sock(s, handle, &k);

    if (rc != 0)
        return rc;
    rc = shutdown_sock(s, k, how);
    instance_leave(s);
    return rc;
}

/* ---- close ---- */

/* SO_LINGER: until the peer has acknowledged everything, tcpd is done with the
 * slot, or the time is over. Blocking or not, as on Linux. */
static void
linger(struct skink *s, const struct sock *k, instant_t deadline)
{
    uint16_t serial = k->serial;

    while (k->phase == PHASE_CLOSING && k->serial == serial)
        if (instance_wait(s, deadline) != 0)
            return;
}

static void
close_sock(struct skink *s, struct sock *k)
{
    int seconds = k->options.linger;

    sock_look(s, k);
    k->abort_on_close |= seconds == 0;
    if (seconds <= 0 || k->phase != PHASE_CONNECTED || k->state == SLOT_DEAD) {
        sock_close(s, k);
        return;
    }
    sock_close(s, k);
    linger(s, k,
           instant_add(instance_now(), duration_ms((int64_t)seconds * 1000)));
}

int
skink_close(struct skink *s, int handle)
{
    struct sock *k;
    int rc = instance_enter_sock(s, handle, &k);

    if (rc != 0)
        return rc;
    close_sock(s, k);
    instance_leave(s);
    return 0;
}
