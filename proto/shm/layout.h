/* SPDX-License-Identifier: MIT */
/* Who is who: the daemons, the regions they share, and the numbers by which a
 * descriptor, a handover message and a status line name them. */
#ifndef PROTO_SHM_LAYOUT_H
#define PROTO_SHM_LAYOUT_H

#include <stddef.h>
#include <stdint.h>

/* Fields with different writers lie this far apart: two cache lines, because
 * the adjacent-line prefetcher fetches pairs. */
#define SHM_LINE 128

#define SHM_ABI 1 /* raised when any layout under proto/shm changes */

/* Links of one instance, each with a linkd of its own. What there is once a
 * link is numbered from its first on: the linkd of link k is DAEMON_LINKD + k,
 * its received frames are in REGION_LINK_RX + k, and so on. An instance has only
 * those of the links that it was started with (conf.h). */
#define LINKS_MAX 4

enum daemon_id {
    DAEMON_IPD,
    DAEMON_TCPD,
    DAEMON_APID,
    DAEMON_LINKD,
    DAEMONS = DAEMON_LINKD + LINKS_MAX
};

/* Region numbers of the daemon set. The regions of client n (from 0) are
 * numbered REGION_CLIENT_TX(n) and REGION_CLIENT_RX(n). */
enum region_id {
    REGION_NONE,
    REGION_CONF,    /* written by the supervisor */
    REGION_IPD_CNC, /* written by ipd; REGION_CNC(daemon) likewise */
    REGION_TCPD_CNC,
    REGION_APID_CNC,
    REGION_LINKD_CNC, /* + link */
    /* linkd: received frames and their ring to ipd; + link */
    REGION_LINK_RX = REGION_LINKD_CNC + LINKS_MAX,
    /* ipd: ring to linkd, packets that ipd makes; + link */
    REGION_IP_TX = REGION_LINK_RX + LINKS_MAX,
    /* ipd: ring to tcpd, packets that ipd keeps */
    REGION_IP_RX = REGION_IP_TX + LINKS_MAX,
    REGION_TCP_TX,     /* tcpd: segments and their ring to ipd */
    REGION_API_REQ,    /* apid: ring of checked requests to tcpd */
    REGION_API_RES,    /* tcpd: ring of results to apid */
    REGION_IPD_STATE,  /* ipd, for its successor */
    REGION_TCPD_STATE, /* tcpd, for its successor; holds secrets */
    REGION_IPD_VIEW,   /* ipd, for people: view.h */
    REGION_TCPD_VIEW,  /* tcpd, for people */
    REGIONS
};

#define CLIENTS_MAX         64 /* attached at once to one instance */
#define REGION_CLIENT_TX(n) (REGIONS + 2 * (uint32_t)(n))
#define REGION_CLIENT_RX(n) (REGIONS + 2 * (uint32_t)(n) + 1)
#define REGION_IDS          REGION_CLIENT_TX(CLIENTS_MAX)

#define REGION_CNC(daemon) (REGION_IPD_CNC + (uint32_t)(daemon))

/* Bytes of the two state regions: sparse, only what is used is touched. */
#define IPD_STATE_SIZE  (64u << 10)
#define TCPD_STATE_SIZE (160u << 20)

/* Rings, by the daemon that produces and the one that consumes. */
enum ring_id {
    RING_LINK_RX,                          /* linkd -> ipd, packets; + link */
    RING_IP_TX = RING_LINK_RX + LINKS_MAX, /* ipd -> linkd, packets; + link */
    RING_IP_RX = RING_IP_TX + LINKS_MAX,   /* ipd -> tcpd, packets */
    RING_TCP_TX,                           /* tcpd -> ipd, packets */
    RING_API_REQ, /* apid -> tcpd, struct api_request */
    RING_API_RES, /* tcpd -> apid, struct api_result */
    RINGS
};

/* The order in which people are shown them: linkd first. */
extern const uint8_t daemon_order[DAEMONS];

/* "ipd", "linkd", "linkd1" (of link 1) ...; NULL outside 0..DAEMONS-1. */
const char *daemon_name(uint32_t daemon);

/* "link.rx", "tcpd.cnc", "client.3.tx" ... as status and errors print it; the
 * text lies in `buf` when it has to be composed. */
const char *region_name(uint32_t region, char buf[24]);

/* One row a ring: who produces, who consumes, in which region, and of what
 * shape. The supervisor lays the regions out from this table, the daemons join
 * from it, and status prints it. */
struct ring_row {
    const char *name;           /* "linkd>ipd" */
    uint8_t producer, consumer; /* enum daemon_id */
    uint8_t region;             /* enum region_id of the producer's half */
    uint32_t slots;             /* power of two */
    uint32_t slot_size;         /* bytes, multiple of 64 */
    uint32_t area;              /* bytes of the data area behind the slots */
};

extern const struct ring_row ring_table[RINGS];

#endif
