/* SPDX-License-Identifier: MIT */
/* Waiting and waking: how threads share one attachment.
 *
 * Theory of operation. One mutex guards an instance. It is held for copying and
 * bookkeeping, never while sleeping; copies are made under it too, because tcpd,
 * one thread, copies the same bytes: more threads here would wait for it instead.
 *
 * Three descriptors wake us, and one epoll descriptor stands for all of them
 * (skink_fd): the connection, on which tcpd sends a byte; ZeroMQ's, readable
 * when its state changed; and a timer, for repeating requests and for waking
 * ourselves. Of the threads that wait, one is the leader: it raises the sleeping
 * flag in the region, looks at the event queue once more, lets go of the mutex and
 * sleeps in epoll_wait. The others, the followers, sleep on a condition variable.
 * Whoever takes events or results off, or changes what others wait for, calls
 * instance_news: the timer wakes the leader, the condition the followers, and
 * each looks for itself. A leader that leaves wakes the followers, so that
 * one of them leads.
 *
 * With skink_fd the application may sleep where we do not see it. So whoever
 * leaves the library leaves it either dozing (flag raised, queue looked at, so
 * that a byte will come) or with the timer rung (instance_leave). */
#include "libclient/instance.h"

#include "libclient/stream.h"
#include "proto/shm/doorbell.h"

#include <errno.h>
#include <limits.h>
#include <sys/epoll.h>
#include <sys/socket.h>
#include <sys/timerfd.h>
#include <time.h>
#include <unistd.h>

#define TICK_NS    50000000 /* how often unanswered requests are looked at */
#define BYTES_ONCE 64       /* doorbell bytes taken at once */

instant_t
instance_now(void)
{
    struct timespec ts;

    clock_gettime(CLOCK_MONOTONIC, &ts);
    return (instant_t){(int64_t)ts.tv_sec * 1000000000 + ts.tv_nsec};
}

instant_t
instance_deadline(int ms)
{
    return ms < 0 ? INSTANT_NEVER
                  : instant_add(instance_now(), duration_ms(ms));
}

instant_t
instance_after(duration_t timeout)
{
    return timeout.ns == 0 ? INSTANT_NEVER
                           : instant_add(instance_now(), timeout);
}

void
instance_ring(struct skink *s, enum bell bell)
{
    struct itimerspec t = {.it_value = {0}};

    if (s->bell == bell)
        return;
    if (bell == BELL_NOW)
        t.it_value.tv_nsec = 1;
    if (bell == BELL_TICK)
        t.it_value.tv_nsec = t.it_interval.tv_nsec = TICK_NS;
    timerfd_settime(s->timer, 0, &t, NULL);
    s->bell = bell;
}

/* What the timer is for when nobody is to be woken. */
static enum bell
quiet_bell(const struct skink *s)
{
    return list_empty(&s->requests.outstanding) && list_empty(&s->held)
               ? BELL_OFF
               : BELL_TICK;
}

void
instance_news(struct skink *s)
{
    if (s->polling)
        instance_ring(s, BELL_NOW);
    if (s->followers > 0)
        pthread_cond_broadcast(&s->news);
}

void
instance_work(struct skink *s, struct sock *k)
{
    static const uint8_t byte = 0;
    uint32_t slot = sock_slot(s, k);

    /* Our cursor before their head: either tcpd's second look sees the cursor,
     * or we see that the last entry was taken and add another (client.h). */
    doorbell_barrier();
    if (client_word_load(&s->rx->work_head) < k->last_work)
        return;
    client_queue_add(&s->tx->work, &s->work_tail, slot);
    k->last_work = s->work_tail;
    doorbell_barrier();
    if (client_flag_load(&s->tcpd->sleeping) != 0)
        (void)!send(s->connection, &byte, 1, MSG_DONTWAIT | MSG_NOSIGNAL);
}

/* ---- dozing and waking ---- */

/* Raises the flag. False: an event is there already. */
static bool
doze(struct skink *s)
{
    client_flag_store(&s->tx->sleeping, 1);
    s->dozing = true;
    doorbell_barrier();
    return client_queue_ready(&s->rx->event, s->event_head) == 0;
}

static void
wake_up(struct skink *s)
{
    client_flag_store(&s->tx->sleeping, 0);
    s->dozing = false;
}

static void
hear_connection(struct skink *s)
{
    uint8_t bytes[8];
    ssize_t n = 1;

    for (int i = 0; i < BYTES_ONCE && n > 0; i++)
        n = recv(s->connection, bytes, sizeof bytes, MSG_DONTWAIT);
    if (n == 0 || (n < 0 && errno != EAGAIN && errno != EINTR))
        s->down = true;
}

static void
hear_timer(struct skink *s)
{
    uint64_t rings;

    (void)!read(s->timer, &rings, sizeof rings);
    if (s->bell == BELL_NOW)
        s->bell = BELL_OFF; /* that one rings once */
}

/* Listens to the descriptors for at most `timeout` ms. */
static int
hear(struct skink *s, struct epoll_event ev[3], int timeout)
{
    return epoll_wait(s->epoll, ev, 3, timeout);
}

static void
act_on(struct skink *s, const struct epoll_event *ev, int n)
{
    for (int i = 0; i < n; i++) {
        if (ev[i].data.fd == s->connection)
            hear_connection(s);
        else if (ev[i].data.fd == s->timer)
            hear_timer(s);
        else
            s->requests.signalled = true;
    }
}

/* Events and results, after the descriptors were heard. */
static void
take_all(struct skink *s)
{
    bool news = events_take(s) > 0;

    if (requests_receive(s))
        news = true;
    renew_all(s);
    stream_flush_due(s);
    if (news || s->down)
        instance_news(s);
}

void
instance_pump(struct skink *s)
{
    struct epoll_event ev[3] = {{.events = 0}};

    /* While a leader sleeps the descriptors and the flag are its own. */
    if (s->dozing && !s->polling) {
        wake_up(s);
        act_on(s, ev, hear(s, ev, 0));
    }
    take_all(s);
}

static int
milliseconds(instant_t deadline, instant_t now)
{
    int64_t ms;

    if (instant_is_never(deadline))
        return -1;
    ms = (instant_sub(deadline, now).ns + 999999) / 1000000;
    return ms > INT_MAX ? INT_MAX : (int)ms;
}

static void
follow(struct skink *s, instant_t deadline)
{
    struct timespec ts = {.tv_sec = (time_t)(deadline.ns / 1000000000),
                          .tv_nsec = deadline.ns % 1000000000};

    s->followers++;
    pthread_cond_timedwait(&s->news, &s->mutex, &ts);
    s->followers--;
}

static void
lead(struct skink *s, int timeout)
{
    struct epoll_event ev[3];
    int n;

    if (!doze(s)) {
        instance_pump(s);
        return;
    }
    instance_ring(s, quiet_bell(s));
    s->polling = true;
    pthread_mutex_unlock(&s->mutex);
    n = hear(s, ev, timeout);
    pthread_mutex_lock(&s->mutex);
    s->polling = false;
    wake_up(s);
    act_on(s, ev, n);
    take_all(s);
    if (s->followers > 0)
        pthread_cond_broadcast(&s->news); /* one of them leads now */
}

int
instance_wait(struct skink *s, instant_t deadline)
{
    instant_t now = instance_now();

    if (instant_due(deadline, now))
        return -EAGAIN;
    stream_tell_all_read(s);
    if (s->polling)
        follow(s, deadline);
    else
        lead(s, milliseconds(deadline, now));
    return s->down ? -ENETDOWN : 0;
}

/* ---- entering and leaving ---- */

int
instance_enter(struct skink *s)
{
    if (s->forked)
        return -EBADF;
    pthread_mutex_lock(&s->mutex);
    if (!s->down)
        return 0;
    pthread_mutex_unlock(&s->mutex);
    return -ENETDOWN;
}

/* Leaves `epoll` such that it becomes readable when there is something. */
static void
rest(struct skink *s)
{
    while (list_empty(&s->ready) && !s->down) {
        instance_ring(s, quiet_bell(s));
        if (s->dozing || doze(s))
            return;
        instance_pump(s);
    }
    instance_ring(s, BELL_NOW);
}

void
instance_leave(struct skink *s)
{
    stream_flush_due(s);
    if (s->fd_wanted && !s->polling)
        rest(s);
    pthread_mutex_unlock(&s->mutex);
}

int
instance_enter_sock(struct skink *s, int handle, struct sock **k)
{
    int rc = instance_enter(s);

    if (rc != 0)
        return rc;
    *k = sock_of(s, handle);
    if (*k != NULL)
        return 0;
    instance_leave(s);
    return -EBADF;
}
