/* SPDX-License-Identifier: MIT */
/* All that ipd holds while it runs. */
#ifndef IPD_IPD_H
#define IPD_IPD_H

#include "ipd/checkpoint.h"
#include "ipd/core/config.h"
#include "ipd/core/neigh.h"
#include "ipd/core/pending.h"
#include "proto/shm/cnc.h"
#include "proto/shm/doorbell.h"
#include "proto/shm/packet.h"
#include "proto/shm/region.h"
#include "proto/shm/ring.h"

#include <stdbool.h>
#include <stdint.h>

/* A ring that is taken from. */
struct intake {
    enum ring_id id;
    struct ring ring;
    struct held held[2]; /* our outputs, which may hold its packets */
    uint64_t released;   /* as published */
};

/* A ring that is put into. */
struct outlet {
    struct ring ring;
    uint32_t staged;   /* slots beyond the tail, this turn */
    uint64_t released; /* the consumer's, as of the last publishing */
};

struct ipd {
    struct ip_config cfg;
    struct cnc cnc;
    const struct region *regions; /* by id, REGIONS of them at least */
    struct doorbell linkd, tcpd;
    struct intake link_rx, tcp_tx;
    struct outlet ip_rx, ip_tx;
    struct area made; /* packets that we make ourselves, in ip.tx */
    struct checkpoint checkpoint;
    struct neigh_table neigh;
    struct pending pending;
    uint16_t next_id;  /* IPv4 identification */
    bool announce;     /* nobody on the link has heard of us yet */
    bool waits;        /* something waits for room in ip.tx */
    bool space_wanted; /* what our outlets say */
};

#endif
