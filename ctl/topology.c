/* SPDX-License-Identifier: MIT */
/* The table of regions and bells.
 *
 * Every region has one writer, so it stands under `writes` in one row. Whoever
 * consumes a ring reads its region; whoever touches payload reads the region it
 * lies in (linkd gathers tcpd's segments, tcpd copies out of linkd's frames);
 * whoever produces into a ring reads the consumer's cnc, where the cursor and
 * the sleeping flag are. */
#include "ctl/topology.h"

#define ROW_MAX 8

/* Of what there is once a link, a row names the region of link 0. */
enum which {
    ONLY,  /* that region */
    OWN,   /* the linkd's own link's */
    EVERY, /* all links' */
};

struct grant {
    uint8_t region; /* REGION_NONE ends a list */
    uint8_t which;
};

/* All linkds have one row. */
static const struct row {
    struct grant writes[ROW_MAX];
    struct grant reads[ROW_MAX]; /* what it does not write */
    bool link;                   /* gets the device of its link */
    bool listen;                 /* gets the ROUTER's listening socket */
} rows[DAEMON_LINKD + 1] = {
    [DAEMON_LINKD] =
        {
            .writes = {{REGION_LINKD_CNC, OWN}, {REGION_LINK_RX, OWN}},
            .reads = {{REGION_CONF, ONLY},
                      {REGION_IPD_CNC, ONLY},
                      {REGION_LINK_RX, EVERY},
                      {REGION_IP_TX, OWN},
                      {REGION_TCP_TX, ONLY}},
            .link = true,
        },
    [DAEMON_IPD] =
        {
            .writes = {{REGION_IPD_CNC, ONLY},
                       {REGION_IP_TX, EVERY},
                       {REGION_IP_RX, ONLY},
                       {REGION_IPD_STATE, ONLY},
                       {REGION_IPD_VIEW, ONLY}},
            .reads = {{REGION_CONF, ONLY},
                      {REGION_LINK_RX, EVERY},
                      {REGION_TCP_TX, ONLY},
                      {REGION_LINKD_CNC, EVERY},
                      {REGION_TCPD_CNC, ONLY}},
        },
    [DAEMON_TCPD] =
        {
            .writes = {{REGION_TCPD_CNC, ONLY},
                       {REGION_TCP_TX, ONLY},
                       {REGION_API_RES, ONLY},
                       {REGION_TCPD_STATE, ONLY},
                       {REGION_TCPD_VIEW, ONLY}},
            .reads = {{REGION_CONF, ONLY},
                      {REGION_LINK_RX, EVERY},
                      {REGION_IP_RX, ONLY},
                      {REGION_IPD_CNC, ONLY},
                      {REGION_APID_CNC, ONLY},
                      {REGION_API_REQ, ONLY}},
        },
    [DAEMON_APID] =
        {
            .writes = {{REGION_APID_CNC, ONLY}, {REGION_API_REQ, ONLY}},
            .reads = {{REGION_CONF, ONLY},
                      {REGION_API_RES, ONLY},
                      {REGION_TCPD_CNC, ONLY}},
            .listen = true,
        },
};

static const struct row *
row_of(enum daemon_id daemon)
{
    return &rows[daemon < DAEMON_LINKD ? daemon : DAEMON_LINKD];
}

static bool
covers(struct grant grant, enum daemon_id daemon, enum region_id region)
{
    switch ((enum which)grant.which) {
    case ONLY:
        return region == (enum region_id)grant.region;
    case OWN:
        return region == grant.region + (daemon - DAEMON_LINKD);
    case EVERY:
        return region >= (enum region_id)grant.region &&
               region < (enum region_id)(grant.region + LINKS_MAX);
    }
    return false;
}

static bool
listed(const struct grant list[ROW_MAX], enum daemon_id daemon,
       enum region_id region)
{
    for (size_t i = 0; i < ROW_MAX && list[i].region != REGION_NONE; i++) {
        if (covers(list[i], daemon, region))
            return true;
    }
    return false;
}

bool
topology_writes(enum daemon_id daemon, enum region_id region)
{
    return listed(row_of(daemon)->writes, daemon, region);
}

bool
topology_reads(enum daemon_id daemon, enum region_id region)
{
    return listed(row_of(daemon)->reads, daemon, region) &&
           !topology_writes(daemon, region);
}

bool
topology_adjacent(enum daemon_id a, enum daemon_id b)
{
    for (size_t i = 0; i < RINGS; i++) {
        const struct ring_row *r = &ring_table[i];

        if ((r->producer == (uint8_t)a && r->consumer == (uint8_t)b) ||
            (r->producer == (uint8_t)b && r->consumer == (uint8_t)a))
            return true;
    }
    return false;
}

/* Counts down to the wanted message while the candidates pass by. */
struct search {
    size_t left;
    struct handover *msg;
    int *fd;
};

static bool
offer(struct search *s, enum handover_kind kind, uint32_t id, bool writable,
      int fd)
{
    if (fd < 0 || s->left-- > 0)
        return false;
    *s->msg =
        (struct handover){.kind = kind, .id = id, .writable = writable ? 1 : 0};
    *s->fd = fd;
    return true;
}

static bool
offer_regions(struct search *s, const struct store *store,
              enum daemon_id daemon)
{
    for (uint32_t id = REGION_NONE + 1; id < REGIONS; id++) {
        const struct stored *region = &store->regions[id];

        if (topology_writes(daemon, id) &&
            offer(s, HANDOVER_REGION, id, true, region->writable))
            return true;
        if (topology_reads(daemon, id) &&
            offer(s, HANDOVER_REGION, id, false, region->readonly))
            return true;
    }
    return false;
}

static bool
offer_bells(struct search *s, const struct store *store, enum daemon_id daemon)
{
    for (uint32_t peer = 0; peer < DAEMONS; peer++) {
        if (!topology_adjacent(daemon, peer))
            continue;
        if (offer(s, HANDOVER_BELL_IN, peer, false,
                  store->bells[peer][daemon]) ||
            offer(s, HANDOVER_BELL_OUT, peer, false,
                  store->bells[daemon][peer]))
            return true;
    }
    return false;
}

bool
topology_message(const struct store *store, enum daemon_id daemon, size_t n,
                 struct handover *msg, int *fd)
{
    struct search s = {.left = n, .msg = msg, .fd = fd};
    uint32_t link = (uint32_t)daemon - DAEMON_LINKD;

    return offer_regions(&s, store, daemon) || offer_bells(&s, store, daemon) ||
           (row_of(daemon)->link &&
            offer(&s, HANDOVER_LINK, link, false, store->link[link])) ||
           (row_of(daemon)->listen &&
            offer(&s, HANDOVER_LISTEN, 0, false, store->listen));
}
