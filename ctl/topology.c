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

/* Lists end with REGION_NONE. */
static const struct row {
    uint8_t writes[ROW_MAX];
    uint8_t reads[ROW_MAX];
    bool link;   /* gets the device */
    bool listen; /* gets the ROUTER's listening socket */
} rows[DAEMONS] = {
    [DAEMON_LINKD] =
        {
            .writes = {REGION_LINKD_CNC, REGION_LINK_RX},
            .reads = {REGION_CONF, REGION_IPD_CNC, REGION_IP_TX, REGION_TCP_TX},
            .link = true,
        },
    [DAEMON_IPD] =
        {
            .writes = {REGION_IPD_CNC, REGION_IP_RX, REGION_IP_TX,
                       REGION_IPD_STATE},
            .reads = {REGION_CONF, REGION_LINK_RX, REGION_TCP_TX,
                      REGION_LINKD_CNC, REGION_TCPD_CNC},
        },
    [DAEMON_TCPD] =
        {
            .writes = {REGION_TCPD_CNC, REGION_TCP_TX, REGION_API_RES,
                       REGION_TCPD_STATE},
            .reads = {REGION_CONF, REGION_LINK_RX, REGION_IP_RX, REGION_IPD_CNC,
                      REGION_APID_CNC, REGION_API_REQ},
        },
    [DAEMON_APID] =
        {
            .writes = {REGION_APID_CNC, REGION_API_REQ},
            .reads = {REGION_CONF, REGION_API_RES, REGION_TCPD_CNC},
            .listen = true,
        },
};

static bool
listed(const uint8_t list[ROW_MAX], enum region_id region)
{
    for (size_t i = 0; i < ROW_MAX && list[i] != REGION_NONE; i++) {
        if (list[i] == (uint8_t)region)
            return true;
    }
    return false;
}

bool
topology_writes(enum daemon_id daemon, enum region_id region)
{
    return listed(rows[daemon].writes, region);
}

bool
topology_reads(enum daemon_id daemon, enum region_id region)
{
    return listed(rows[daemon].reads, region);
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

    return offer_regions(&s, store, daemon) || offer_bells(&s, store, daemon) ||
           (rows[daemon].link &&
            offer(&s, HANDOVER_LINK, 0, false, store->link)) ||
           (rows[daemon].listen &&
            offer(&s, HANDOVER_LISTEN, 0, false, store->listen));
}
