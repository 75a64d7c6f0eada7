/* SPDX-License-Identifier: MIT */
/* One turn of tcpd. */
#ifndef TCPD_TURN_H
#define TCPD_TURN_H

#include "base/time.h"
#include "proto/shm/cnc.h"
#include "proto/shm/doorbell.h"
#include "proto/shm/handover.h"
#include "proto/shm/packet.h"
#include "proto/shm/ring.h"
#include "tcpd/checkpoint.h"
#include "tcpd/clients.h"
#include "tcpd/core/tcp.h"
#include "tcpd/network.h"
#include "tcpd/view.h"

#include <stdbool.h>
#include <stdint.h>

#define TCP_TEXT_MAX 65280 /* text of one descriptor: IPv4's limit, rounded */

struct tcpd {
    struct tables tables;
    struct cnc cnc;
    struct ring ip_rx, api_req;  /* taken */
    struct ring tcp_tx, api_res; /* produced */
    struct area area;            /* of tcp.tx: the segments */
    uint32_t staged_segments, staged_results;
    struct tcp_stats counted; /* as of the last turn */
    struct doorbell ipd, apid;
    struct tcp *tcp;
    struct globals_image globals;
    struct checkpoint checkpoint;
    struct clients clients;
    const struct conf_shm *conf;
    struct network network;
    struct views views;
    int epoll;
    int stop; /* signalfd */
};

/* Boot only, after the handover: joins rings, lays out records, starts the core with
 * what a predecessor left. Dies when a region is not what it must be. */
void tcpd_start(struct tcpd *d);

/* Boot only, after the clients of a predecessor were adopted: shows them what they
 * have lost, and then the results that it may have left unpublished. */
void tcpd_resume(struct tcpd *d, instant_t now);

/* Takes, works, commits, publishes. Returns how much there was to do. */
unsigned tcpd_turn(struct tcpd *d, instant_t now);

/* When a turn has something to do, whoever rings. */
instant_t tcpd_next_deadline(const struct tcpd *d);

/* Would a turn find something? The look before sleeping. */
bool tcpd_waiting(struct tcpd *d);

#endif
