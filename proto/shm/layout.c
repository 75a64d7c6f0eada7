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
    [RING_LINK_RX] = {"linkd>ipd", DAEMON_LINKD, DAEMON_IPD,
        REGION_LINK_RX, PACKET_SLOTS, PACKET_SLOT, 512 * KIB},
    [RING_IP_TX] = {"ipd>linkd", DAEMON_IPD, DAEMON_LINKD,
        REGION_IP_TX, PACKET_SLOTS, PACKET_SLOT, 256 * KIB},
    [RING_LINK_RX + 1] = {"linkd1>ipd", DAEMON_LINKD + 1, DAEMON_IPD,
        REGION_LINK_RX + 1, PACKET_SLOTS, PACKET_SLOT, 512 * KIB},
    [RING_IP_TX + 1] = {"ipd>linkd1", DAEMON_IPD, DAEMON_LINKD + 1,
        REGION_IP_TX + 1, PACKET_SLOTS, PACKET_SLOT, 256 * KIB},
    [RING_LINK_RX + 2] = {"linkd2>ipd", DAEMON_LINKD + 2, DAEMON_IPD,
        REGION_LINK_RX + 2, PACKET_SLOTS, PACKET_SLOT, 512 * KIB},
    [RING_IP_TX + 2] = {"ipd>linkd2", DAEMON_IPD, DAEMON_LINKD + 2,
        REGION_IP_TX + 2, PACKET_SLOTS, PACKET_SLOT, 256 * KIB},
    [RING_LINK_RX + 3] = {"linkd3>ipd", DAEMON_LINKD + 3, DAEMON_IPD,
        REGION_LINK_RX + 3, PACKET_SLOTS, PACKET_SLOT, 512 * KIB},
    [RING_IP_TX + 3] = {"ipd>linkd3", DAEMON_IPD, DAEMON_LINKD + 3,
        REGION_IP_TX + 3, PACKET_SLOTS, PACKET_SLOT, 256 * KIB},
    [RING_IP_RX] = {"ipd>tcpd", DAEMON_IPD, DAEMON_TCPD, REGION_IP_RX,
                    PACKET_SLOTS, PACKET_SLOT, 256 * KIB},
    [RING_TCP_TX] = {"tcpd>ipd", DAEMON_TCPD, DAEMON_IPD, REGION_TCP_TX,
                     PACKET_SLOTS, PACKET_SLOT, 512 * KIB},
    [RING_API_REQ] = {"apid>tcpd", DAEMON_APID, DAEMON_TCPD, REGION_API_REQ,
                      API_SLOTS, API_SLOT, 0},
    [RING_API_RES] = {"tcpd>apid", DAEMON_TCPD, DAEMON_APID, REGION_API_RES,
                      API_SLOTS, API_SLOT, 0},
};
/* clang-format on */

const uint8_t daemon_order[DAEMONS] = {
    DAEMON_LINKD, DAEMON_LINKD + 1, DAEMON_LINKD + 2, DAEMON_LINKD + 3,
    DAEMON_IPD,   DAEMON_TCPD,      DAEMON_APID,
};

static const char *const daemon_names[DAEMONS] = {
    [DAEMON_IPD] = "ipd",          [DAEMON_TCPD] = "tcpd",
    [DAEMON_APID] = "apid",        [DAEMON_LINKD] = "linkd",
    [DAEMON_LINKD + 1] = "linkd1", [DAEMON_LINKD + 2] = "linkd2",
    [DAEMON_LINKD + 3] = "linkd3",
};

static const char *const region_names[REGIONS] = {
    [REGION_NONE] = "none",
    [REGION_CONF] = "conf",
    [REGION_IPD_CNC] = "ipd.cnc",
    [REGION_TCPD_CNC] = "tcpd.cnc",
    [REGION_APID_CNC] = "apid.cnc",
    [REGION_LINKD_CNC] = "linkd.cnc",
    [REGION_LINKD_CNC + 1] = "linkd1.cnc",
    [REGION_LINKD_CNC + 2] = "linkd2.cnc",
    [REGION_LINKD_CNC + 3] = "linkd3.cnc",
    [REGION_LINK_RX] = "link.rx",
    [REGION_LINK_RX + 1] = "link1.rx",
    [REGION_LINK_RX + 2] = "link2.rx",
    [REGION_LINK_RX + 3] = "link3.rx",
    [REGION_IP_TX] = "ip.tx",
    [REGION_IP_TX + 1] = "ip.tx1",
    [REGION_IP_TX + 2] = "ip.tx2",
    [REGION_IP_TX + 3] = "ip.tx3",
    [REGION_IP_RX] = "ip.rx",
    [REGION_TCP_TX] = "tcp.tx",
    [REGION_API_REQ] = "api.req",
    [REGION_API_RES] = "api.res",
    [REGION_IPD_STATE] = "ipd.state",
    [REGION_TCPD_STATE] = "tcpd.state",
    [REGION_IPD_VIEW] = "ipd.view",
    [REGION_TCPD_VIEW] = "tcpd.view",
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
