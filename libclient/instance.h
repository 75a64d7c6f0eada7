/* SPDX-License-Identifier: MIT */
/* One attachment to an instance: what its parts share, the one mutex around
 * them, and waiting. */
#ifndef LIBCLIENT_INSTANCE_H
#define LIBCLIENT_INSTANCE_H

#include "base/list.h"
#include "base/time.h"
#include "libclient/requests.h"
#include "libclient/sock.h"
#include "proto/shm/client.h"
#include "proto/shm/cnc.h"

#include <pthread.h>
#include <stdbool.h>
#include <stdint.h>

/* The local timer that is part of skink_fd(). */
enum bell {
    BELL_OFF,
    BELL_TICK, /* rings every 50 ms: answers and held bytes have their time */
    BELL_NOW   /* rings: there is something to look at */
};

struct skink {
    pthread_mutex_t mutex; /* around all below */
    pthread_cond_t news;   /* followers wait for it */
    unsigned followers;
    bool polling;   /* a leader sleeps in epoll_wait, without the mutex */
    bool dozing;    /* tcpd is to send a byte with the next event */
    bool fd_wanted; /* skink_fd was called: the caller polls `epoll` */
    bool down;      /* the instance is gone */
    bool forked;    /* this is a child of the process that attached */
    int connection, epoll, timer;
    enum bell bell;  /* what the timer is set to */
    struct list all; /* every instance of the process, for fork */

    struct region tx_region, rx_region, tcpd_cnc, apid_cnc;
    struct client_tx_shm *tx;
    const struct client_rx_shm *rx;
    const struct cnc_shm *tcpd;
    uint64_t work_tail, event_head;

    uint16_t free_chunk[CLIENT_CHUNKS]; /* a stack: the last is the hottest */
    uint32_t free_chunks;
    struct sock *socks;   /* CLIENT_SLOTS, by slot */
    uint32_t own_free;    /* first of the free own slots that were in use; */
    uint32_t own_high;    /* those from here on never were */
    struct list ready;    /* watched socks that may have something to report */
    struct list starved;  /* socks that found no free chunk */
    struct list renewals; /* socks whose slot begins anew, a step is due */
    struct list consumed; /* socks whose reading tcpd was not yet told about */
    struct list held;     /* socks with written bytes that are not shown */
    struct requests requests;
};

/* An instance around what the supervisor has sent, regions mapped and checked.
 * Owns `connection` and the regions from then on, also when it fails: -errno. */
struct parts {
    int connection;
    struct region tx, rx, tcpd_cnc, apid_cnc;
    uint8_t token[16];
    char endpoint[108]; /* apid's, as ZeroMQ writes it */
};
int instance_new(struct skink **out, const struct parts *parts);

/* The time of CLOCK_MONOTONIC; `ms` from now, never if negative; and `timeout`
 * from now, never if zero. */
instant_t instance_now(void);
instant_t instance_deadline(int ms);
instant_t instance_after(duration_t timeout);

/* Every public call stands between these two. -EBADF after fork, -ENETDOWN:
 * not entered. */
int instance_enter(struct skink *s) __attribute__((warn_unused_result));
void instance_leave(struct skink *s);

/* instance_enter for a call about one socket, which is then *k. -EBADF too for a
 * handle that is not open: not entered. */
int instance_enter_sock(struct skink *s, int handle, struct sock **k)
    __attribute__((warn_unused_result));

/* Takes events and results that are there, without blocking. */
void instance_pump(struct skink *s);

/* Sleeps, without the mutex, until something may have changed. 0, -EAGAIN when
 * `deadline` has passed, -ENETDOWN. Handles may be gone when it returns. */
int instance_wait(struct skink *s, instant_t deadline)
    __attribute__((warn_unused_result));

/* Something changed that a thread in instance_wait may wait for. */
void instance_news(struct skink *s);

/* Sets the timer, if it is set to something else. */
void instance_ring(struct skink *s, enum bell bell);

/* tcpd is to look at this slot: its cursors or flags were stored. */
void instance_work(struct skink *s, struct sock *k);

/* events.c: takes all events that are there; how many. */
unsigned events_take(struct skink *s);

#endif
