/* SPDX-License-Identifier: MIT */
/* linkd: frames between one network device and ipd. */
#define _GNU_SOURCE 1 /* ppoll */
#include "base/os/boot.h"
#include "base/os/clock.h"
#include "base/os/log.h"
#include "base/os/sandbox.h"
#include "base/os/stop.h"
#include "linkd/driver_packet.h"
#include "linkd/pump.h"
#include "proto/shm/conf.h"
#include "proto/shm/handover.h"

#include <errno.h>
#include <poll.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

/* Turns with work after which the descriptors are looked at all the same. */
#define BUSY_TURNS 64

static struct tables tables; /* large */
static struct pump pump;

enum { FD_STOP, FD_SUPERVISOR, FD_IPD, FD_DEVICE, FDS };

static struct driver
choose_driver(void)
{
    static struct packet_slots slots;
    const struct conf_shm *conf = conf_of(&tables.regions[REGION_CONF]);

    if (conf == NULL || tables.link < 0)
        die(EXIT_FAILED, "the handover lacks the device or what it is");
    if (conf->net.link_kind == CONF_LINK_TAP)
        return driver_tap(tables.link);
    if (!packet_slots_map(&slots, tables.link))
        die(EXIT_FAILED, "cannot map the socket's ring: %s", strerror(errno));
    return driver_packet(tables.link, &slots);
}

static void
join(instant_t now)
{
    const struct region *own = &tables.regions[REGION_LINKD_CNC];
    const struct cnc_shm *ipd = cnc_of(&tables.regions[REGION_IPD_CNC]);

    if (!own->writable || cnc_of(own) == NULL || ipd == NULL ||
        tables.bell_out[DAEMON_IPD] < 0)
        die(EXIT_FAILED, "the handover lacks linkd's own region or ipd's");
    cnc_start(&pump.cnc, own, (uint32_t)getpid(), now);
    pump.regions = tables.regions;
    pump.driver = choose_driver();
    pump.ipd =
        (struct doorbell){.fd = tables.bell_out[DAEMON_IPD], .peer = ipd};
    if (!pump_join(&pump))
        die(EXIT_FAILED, "a region that was handed over has the wrong shape");
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
        uint32_t work = pump_turn(&pump, now, &broken);

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
    join(clock_now());
    sandbox_drop_privileges();
    sandbox_enter(SANDBOX_PUMP);
    cnc_set_state(&pump.cnc, CNC_RUNNING);
    boot_ready();
    loop(stop);
    cnc_set_state(&pump.cnc, CNC_STOPPED);
    return EXIT_OK;
}
