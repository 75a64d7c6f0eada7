/* SPDX-License-Identifier: MIT */
/* linkd: frames between one network device and ipd. */
#define _GNU_SOURCE 1 /* ppoll */
#include "base/bits.h"
#include "base/os/boot.h"
#include "base/os/clock.h"
#include "base/os/log.h"
#include "base/os/sandbox.h"
#include "base/os/stop.h"
#include "linkd/driver_packet.h"
#include "linkd/driver_pair.h"
#include "linkd/pump.h"
#include "proto/shm/conf.h"
#include "proto/shm/handover.h"

#include <errno.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

/* Turns with work after which the descriptors are looked at all the same. */
#define BUSY_TURNS 64

static struct tables tables; /* large */
static struct pump pump;
static uint32_t own; /* enum daemon_id */

/* What the supervisor says, and how far it was heard. */
static struct {
    const struct conf_shm *shm;
    uint64_t version;
    struct conf_tables tables; /* large */
} conf;

enum { FD_STOP, FD_SUPERVISOR, FD_IPD, FD_DEVICE, FDS };

static struct driver
packet_driver(void)
{
    static struct packet_slots slots;

    if (!packet_slots_map(&slots, tables.link))
        die(EXIT_FAILED, "cannot map the socket's ring: %s", strerror(errno));
    return driver_packet(tables.link, &slots);
}

static struct driver
pair_driver(void)
{
    static struct sockaddr_un peer;

    if (!pair_find_peer(tables.link, &peer))
        die(EXIT_FAILED, "the socket's name is not that of one of a pair");
    return driver_pair(tables.link, &peer);
}

static struct driver
choose_driver(const struct net_link *link)
{
    switch ((enum net_link_kind)link->kind) {
    case NET_TAP:
        return driver_tap(tables.link);
    case NET_VETH:
    case NET_PACKET:
        return packet_driver();
    case NET_PAIR:
        return pair_driver();
    }
    die(EXIT_FAILED, "a link of kind %d is none that is known", link->kind);
}

/* Which link it is shows in every message: "skink: linkd1". */
static void
take_name(void)
{
    static char prefix[32];

    snprintf(prefix, sizeof prefix, "skink: %s", daemon_name(own));
    log_name(prefix);
}

/* Once a turn: only the impairments change while linkd runs. */
static void
heed_conf(void)
{
    if (conf_look(conf.shm, &conf.version, &conf.tables))
        pump_impair(&pump, conf.tables.impair[pump.link]);
}

static const struct net_link *
own_link(void)
{
    conf.shm = conf_of(&tables.regions[REGION_CONF]);
    conf.version = CONF_UNSEEN;
    if (tables.link < 0 || conf.shm == NULL ||
        !conf_look(conf.shm, &conf.version, &conf.tables) ||
        tables.link_index >= min_u32(conf.tables.net.links, LINKS_MAX))
        die(EXIT_FAILED, "the handover lacks the device or what it is");
    return &conf.tables.net.link[tables.link_index];
}

static void
join(instant_t now)
{
    const struct net_link *link = own_link();
    const struct region *cnc = &tables.regions[REGION_CNC(own)];
    const struct cnc_shm *ipd = cnc_of(&tables.regions[REGION_IPD_CNC]);

    if (!cnc->writable || cnc_of(cnc) == NULL || ipd == NULL ||
        tables.bell_out[DAEMON_IPD] < 0)
        die(EXIT_FAILED, "the handover lacks linkd's own region or ipd's");
    cnc_start(&pump.cnc, cnc, (uint32_t)getpid(), now);
    pump.link = tables.link_index;
    pump.offloads = link->offloads != 0;
    pump.regions = tables.regions;
    pump.memory = malloc(PUMP_MEMORY);
    if (pump.memory == NULL)
        die(EXIT_FAILED, "no memory");
    pump.driver = choose_driver(link);
    pump.ipd =
        (struct doorbell){.fd = tables.bell_out[DAEMON_IPD], .peer = ipd};
    if (!pump_join(&pump))
        die(EXIT_FAILED, "a region that was handed over has the wrong shape");
    pump_impair(&pump, conf.tables.impair[pump.link]);
}

/* How linkd idles: it blocks at once, since by default all daemons share a core
 * and the one that has work needs it. */
static void
wait_for_work(struct pollfd fds[FDS], instant_t now)
{
    instant_t until = pump_deadline(&pump);
    struct timespec timeout;

    doorbell_doze(&pump.cnc, until);
    if (!pump_may_sleep(&pump))
        until = now;
    /* A device that nothing is wanted of is left out: it would report errors
     * that nobody is going to look at. */
    fds[FD_DEVICE].events = pump_events(&pump);
    fds[FD_DEVICE].fd = fds[FD_DEVICE].events == 0 ? -1 : pump.driver.fd;
    ppoll(fds, FDS, clock_timeout(until, now, &timeout), NULL);
    doorbell_wake(&pump.cnc);
}

static void
look_around(struct pollfd fds[FDS])
{
    fds[FD_DEVICE].fd = -1;
    poll(fds, FDS, 0);
}

/* False: linkd is to end. It does so quietly when the supervisor is gone, since
 * nobody is left to start a successor or to be told. */
static bool
heed(const struct pollfd fds[FDS])
{
    if (fds[FD_IPD].revents != 0)
        doorbell_drain(fds[FD_IPD].fd);
    if (fds[FD_SUPERVISOR].revents != 0)
        return false;
    return fds[FD_STOP].revents == 0 || !stop_asked(fds[FD_STOP].fd);
}

static void
loop(int stop)
{
    struct pollfd fds[FDS] = {
        [FD_STOP] = {.fd = stop, .events = POLLIN},
        [FD_SUPERVISOR] = {.fd = BOOT_SOCKET}, /* POLLHUP comes unasked */
        [FD_IPD] = {.fd = tables.bell_in[DAEMON_IPD], .events = POLLIN},
        [FD_DEVICE] = {.fd = -1},
    };
    uint32_t busy = 0;
    bool running = true;
    bool broken;

    while (running) {
        instant_t now = clock_now();
        uint32_t work;

        heed_conf();
        work = pump_turn(&pump, now, &broken);
        if (broken)
            die(EXIT_FAILED, "the device is gone: %s", strerror(errno));
        if (work == 0) {
            busy = 0;
            wait_for_work(fds, now);
            running = heed(fds);
        } else if (++busy % BUSY_TURNS == 0) {
            look_around(fds);
            running = heed(fds);
        }
    }
}

int
main(int argc, char **argv)
{
    int stop;

    tables_init(&tables);
    stop = boot("linkd", argc, argv, handover_adopt, &tables);
    own = DAEMON_LINKD + tables.link_index;
    take_name();
    join(clock_now());
    sandbox_drop_privileges();
    sandbox_enter(pump.driver.peer == NULL ? SANDBOX_PUMP : SANDBOX_PAIR);
    cnc_set_state(&pump.cnc, CNC_RUNNING);
    boot_ready();
    loop(stop);
    cnc_set_state(&pump.cnc, CNC_STOPPED);
    return EXIT_OK;
}
