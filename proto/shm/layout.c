/* SPDX-License-Identifier: MIT */
/* The names of daemons and regions, and the table of rings. */
#include "proto/shm/layout.h"

#include "base/bits.h"

#include <stdio.h>

/* A region that carries packets holds what may be in flight: about half a
 * megabyte stays in L2. ipd's own areas hold only answers and what it
 * reassembled. */
#define PACKET_SLOTS 1024
#define PACKET_SLOT  128 /* sizeof(struct packet) */
#define API_SLOTS    256
#define API_SLOT     256 /* sizeof(struct api_request), of api_result too */
#define KIB          1024

/* clang-format off */
const struct ring_row ring_table[RINGS] = {
    [RING_LINK_RX] = {"linkd>ipd", DAEMON_LINKD, DAEMON_IPD, REGION_LINK_RX,
                      PACKET_SLOTS, PACKET_SLOT, 512 * KIB},
    [RING_IP_RX] = {"ipd>tcpd", DAEMON_IPD, DAEMON_TCPD, REGION_IP_RX,
                    PACKET_SLOTS, PACKET_SLOT, 128 * KIB},
    [RING_TCP_TX] = {"tcpd>ipd", DAEMON_TCPD, DAEMON_IPD, REGION_TCP_TX,
                     PACKET_SLOTS, PACKET_SLOT, 512 * KIB},
    [RING_IP_TX] = {"ipd>linkd", DAEMON_IPD, DAEMON_LINKD, REGION_IP_TX,
                    PACKET_SLOTS, PACKET_SLOT, 128 * KIB},
    [RING_API_REQ] = {"apid>tcpd", DAEMON_APID, DAEMON_TCPD, REGION_API_REQ,
                      API_SLOTS, API_SLOT, 0},
    [RING_API_RES] = {"tcpd>apid", DAEMON_TCPD, DAEMON_APID, REGION_API_RES,
                      API_SLOTS, API_SLOT, 0},
};
/* clang-format on */

static const char *const daemon_names[DAEMONS] = {
    [DAEMON_LINKD] = "linkd",
    [DAEMON_IPD] = "ipd",
    [DAEMON_TCPD] = "tcpd",
    [DAEMON_APID] = "apid",
};

static const char *const region_names[REGIONS] = {
    [REGION_NONE] = "none",           [REGION_CONF] = "conf",
    [REGION_LINKD_CNC] = "linkd.cnc", [REGION_IPD_CNC] = "ipd.cnc",
    [REGION_TCPD_CNC] = "tcpd.cnc",   [REGION_APID_CNC] = "apid.cnc",
    [REGION_LINK_RX] = "link.rx",     [REGION_IP_RX] = "ip.rx",
    [REGION_TCP_TX] = "tcp.tx",       [REGION_IP_TX] = "ip.tx",
    [REGION_API_REQ] = "api.req",     [REGION_API_RES] = "api.res",
    [REGION_IPD_STATE] = "ipd.state", [REGION_TCPD_STATE] = "tcpd.state",
};

const char *
daemon_name(uint32_t daemon)
{
    return daemon < ARRAY_LEN(daemon_names) ? daemon_names[daemon] : NULL;
}

const char *
region_name(uint32_t region, char buf[24])
{
    if (region < ARRAY_LEN(region_names))
        return region_names[region];

    uint32_t n = region - (uint32_t)REGIONS;
    const char *side = n % 2 == 0 ? "tx" : "rx";

    if (snprintf(buf, 24, "client.%u.%s", n / 2, side) >= 24)
        return "unknown"; /* never: ten digits fit */
    return buf;
}
