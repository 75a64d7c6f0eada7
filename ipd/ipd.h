/* SPDX-License-Identifier: MIT */
/* All that ipd holds while it runs. */
#ifndef IPD_IPD_H
#define IPD_IPD_H

#include "ipd/checkpoint.h"
#include "ipd/core/announce.h"
#include "ipd/core/frag.h"
#include "ipd/core/icmp_error.h"
#include "ipd/core/ident.h"
#include "ipd/core/neigh.h"
#include "ipd/core/pending.h"
#include "ipd/core/pmtu.h"
#include "proto/shm/cnc.h"
#include "proto/shm/conf.h"
#include "proto/shm/doorbell.h"
#include "proto/shm/packet.h"
#include "proto/shm/region.h"
#include "proto/shm/ring.h"
#include "proto/shm/view.h"

#include <stdbool.h>
#include <stdint.h>

/* A ring that is taken from. */
struct intake {
    enum ring_id id;
    struct ring ring;
    struct held
        held[LINKS_MAX + 1]; /* our outputs, which may hold its packets */
    uint64_t released;       /* as published */
};

/* A ring that is put into. */
struct outlet {
    struct ring ring;
    struct area made;     /* packets that we write ourselves */
    uint32_t staged;      /* slots beyond the tail, this turn */
    uint64_t released;    /* the consumer's, as of the turn's beginning */
    instant_t full_since; /* nothing found room since; never: there was some */
};

struct ipd_link {
    struct doorbell bell;
    struct intake rx;
    struct outlet tx;
};

struct ipd {
    struct cnc cnc;
    const struct region *regions; /* by id, REGIONS of them at least */
    struct hash_key secret;       /* random, another one in each process */
    uint32_t links;               /* of link[], the instance's */
    struct ipd_link link[LINKS_MAX];
    struct doorbell tcpd;
    struct intake tcp_tx;
    struct outlet ip_rx;
    bool space_wanted; /* what our outlets say */
    bool waits;        /* something waits for room in an ip.tx */
    instant_t retry;   /* who waits for room is looked at again then */

    struct checkpoint checkpoint;
    struct ipd_view view;
    bool paths_changed; /* view.paths lags behind */

    const struct conf_shm *conf;
    uint64_t conf_version; /* of `tables` */
    struct conf_tables tables;
    struct net net;   /* the last good one */
    uint64_t net_sum; /* its checksum: 0: there was none yet */
    bool net_refused; /* people have been told */

    bool ping_due;   /* there may be higher serials: */
    uint64_t pinged; /* the highest one that was sent */
    struct view_ping pings[VIEW_PINGS];

    struct announce announce;
    struct neigh_table neigh;
    struct pending pending;
    struct pmtu_table pmtu;
    struct ident ident;
    struct icmp_limits icmp_limits;
    struct frag_table frags;
    uint8_t scratch[IPV4_PACKET_MAX]; /* for one datagram, within a call */
};

/* A packet that was taken in, and where it stood. */
struct taken {
    struct packet packet; /* the checked copy */
    enum ring_id ring;
    uint64_t at; /* position in its ring */
};

#endif
