/* SPDX-License-Identifier: MIT */
/* Before the first turn: joins what was handed over, starts the core, and takes
 * over what a predecessor left. */
#include "tcpd/turn.h"

#include "base/bits.h"
#include "base/os/boot.h"
#include "base/os/log.h"
#include "tcpd/options.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/random.h>

static void
join_rings(struct tcpd *d)
{
    struct region *r = d->tables.regions;
    struct cnc_shm *ipd = cnc_of(&r[REGION_IPD_CNC]);
    struct cnc_shm *apid = cnc_of(&r[REGION_APID_CNC]);
    struct cnc_shm *own = d->cnc.shm;

    if (ipd == NULL || apid == NULL ||
        !ring_join_consumer(&d->ip_rx, &r[REGION_IP_RX],
                            &own->cursors[RING_IP_RX],
                            &ring_table[RING_IP_RX]) ||
        !ring_join_consumer(&d->api_req, &r[REGION_API_REQ],
                            &own->cursors[RING_API_REQ],
                            &ring_table[RING_API_REQ]) ||
        !ring_join_producer(&d->tcp_tx, &r[REGION_TCP_TX],
                            &ipd->cursors[RING_TCP_TX],
                            &ring_table[RING_TCP_TX]) ||
        !ring_join_producer(&d->api_res, &r[REGION_API_RES],
                            &apid->cursors[RING_API_RES],
                            &ring_table[RING_API_RES]))
        die(EXIT_FAILED, "a ring is missing or of another version");
    d->ipd =
        (struct doorbell){.fd = d->tables.bell_out[DAEMON_IPD], .peer = ipd};
    d->apid =
        (struct doorbell){.fd = d->tables.bell_out[DAEMON_APID], .peer = apid};
}

/* What the last true turn says was taken and published is shown again: a
 * predecessor may have died between commit and publish. */
static void
recover(struct tcpd *d)
{
    struct globals_image *g = &d->globals;

    if (!checkpoint_open(&d->checkpoint, &d->tables.regions[REGION_TCPD_STATE]))
        die(EXIT_FAILED, "tcpd.state is too small");
    if (checkpoint_recover(&d->checkpoint, g)) {
        ring_restore(&d->ip_rx, g->ip_rx_head);
        ring_restore(&d->api_req, g->api_req_head);
        ring_restore(&d->tcp_tx, g->tcp_tx_tail);
        ring_publish_cursor(&d->ip_rx, g->ip_rx_head);
        ring_publish_cursor(&d->api_req, g->api_req_head);
    } else if (getrandom(&g->secret, sizeof g->secret, 0) !=
               (ssize_t)sizeof g->secret) {
        die(EXIT_FAILED, "no random bytes: %s", strerror(errno));
    }
    area_join(&d->area, &d->tables.regions[REGION_TCP_TX], &d->tcp_tx,
              &ring_table[RING_TCP_TX]);
}

/* Segments are as large as a descriptor takes: a link whose device cannot cut
 * them has them cut in software. */
static void
start_core(struct tcpd *d)
{
    struct tcp_config config = {.tcbs = TCPD_TCBS,
                                .listeners = TCPD_LISTENERS,
                                .send_buffer = SEND_BUFFER,
                                .receive_buffer = RECEIVE_BUFFER,
                                .net = &d->network.net,
                                .gso_max = TCP_TEXT_MAX,
                                .secret = d->globals.secret};
    void *memory;

    d->conf = conf_of(&d->tables.regions[REGION_CONF]);
    if (d->conf == NULL)
        die(EXIT_FAILED, "conf is missing");
    network_init(&d->network);
    (void)!network_look(&d->network, d->conf, &config);
    memory = aligned_alloc(64, bits_round_up(tcp_footprint(&config), 64));
    if (memory == NULL)
        die(EXIT_FAILED, "not enough memory for %u connections", config.tcbs);
    d->tcp = tcp_init(memory, &config);
    if (!views_join(&d->views, &d->tables.regions[REGION_TCPD_VIEW], d->tcp))
        die(EXIT_FAILED, "tcpd.view is missing");
}

void
tcpd_start(struct tcpd *d)
{
    join_rings(d);
    recover(d);
    start_core(d);
    d->epoll = epoll_create1(EPOLL_CLOEXEC);
    if (d->epoll < 0)
        die(EXIT_FAILED, "epoll: %s", strerror(errno));
    clients_init(&d->clients, d->tcp, &d->checkpoint, d->epoll, BOOT_SOCKET,
                 cnc_look(d->cnc.shm).epoch);
}

/* A turn without input, so that the globals stay what they were. Results come
 * last: a slot is shown before the result that names it. */
void
tcpd_resume(struct tcpd *d, instant_t now)
{
    views_start(&d->views, now);
    clients_settle(&d->clients);
    checkpoint_commit(&d->checkpoint, &d->globals);
    clients_publish(&d->clients);
    ring_restore(&d->api_res, d->globals.api_res_tail);
}
