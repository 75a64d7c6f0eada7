/* SPDX-License-Identifier: MIT */
/* ipd: Ethernet, ARP, IPv4 and ICMP between the linkds and tcpd. */
#define _GNU_SOURCE 1 /* ppoll */
#include "base/os/boot.h"
#include "base/os/clock.h"
#include "base/os/log.h"
#include "base/os/sandbox.h"
#include "base/os/stop.h"
#include "ipd/join.h"
#include "ipd/turn.h"
#include "proto/shm/handover.h"

#include <poll.h>
#include <sys/random.h>
#include <time.h>
#include <unistd.h>

/* Turns with work after which the descriptors are looked at all the same. */
#define BUSY_TURNS 64

/* Large, and there is one of each. */
static struct tables tables;
static struct ipd ipd;

enum { FD_STOP, FD_SUPERVISOR, FD_TCPD, FD_LINKD, FDS = FD_LINKD + LINKS_MAX };

static struct doorbell
doorbell_to(enum daemon_id peer)
{
    const struct cnc_shm *cnc = cnc_of(&tables.regions[REGION_CNC(peer)]);

    if (cnc == NULL || tables.bell_out[peer] < 0)
        die(EXIT_FAILED, "the handover lacks the way to %s", daemon_name(peer));
    return (struct doorbell){.fd = tables.bell_out[peer], .peer = cnc};
}

/* The links that this instance has. */
static uint32_t
links(void)
{
    const struct conf_shm *conf = conf_of(&tables.regions[REGION_CONF]);

    if (conf == NULL || conf->links == 0 || conf->links > LINKS_MAX)
        die(EXIT_FAILED, "the handover lacks a configuration");
    return conf->links;
}

static void
join(instant_t now)
{
    if (!tables.regions[REGION_IPD_CNC].writable ||
        cnc_of(&tables.regions[REGION_IPD_CNC]) == NULL)
        die(EXIT_FAILED, "the handover lacks ipd's own region");
    cnc_start(&ipd.cnc, &tables.regions[REGION_IPD_CNC], (uint32_t)getpid(),
              now);
    if (getrandom(&ipd.secret, sizeof ipd.secret, 0) !=
        (ssize_t)sizeof ipd.secret)
        die(EXIT_FAILED, "cannot get random numbers");
    ipd.regions = tables.regions;
    ipd.links = links();
    for (uint32_t k = 0; k < ipd.links; k++)
        ipd.link[k].bell = doorbell_to(DAEMON_LINKD + k);
    ipd.tcpd = doorbell_to(DAEMON_TCPD);
    if (!join_all(&ipd, now))
        die(EXIT_FAILED, "a region that was handed over has the wrong shape");
}

/* How ipd idles: it blocks at once, since by default all daemons share a core
 * and the one that has work needs it. */
static void
wait_for_work(struct pollfd fds[FDS], instant_t now)
{
    instant_t until = turn_deadline(&ipd);
    struct timespec timeout;

    doorbell_doze(&ipd.cnc, until);
    if (!turn_may_sleep(&ipd))
        until = now;
    ppoll(fds, FDS, clock_timeout(until, now, &timeout), NULL);
    doorbell_wake(&ipd.cnc);
}

static void
look_around(struct pollfd fds[FDS])
{
    poll(fds, FDS, 0);
}

/* False: ipd is to end. It does so quietly when the supervisor is gone, since
 * nobody is left to start a successor or to be told. */
static bool
heed(const struct pollfd fds[FDS])
{
    for (uint32_t i = FD_TCPD; i < FDS; i++) {
        if (fds[i].revents != 0)
            doorbell_drain(fds[i].fd);
    }
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
        [FD_TCPD] = {.fd = tables.bell_in[DAEMON_TCPD], .events = POLLIN},
    };
    uint32_t busy = 0;
    bool running = true;

    for (uint32_t k = 0; k < LINKS_MAX; k++) /* -1, which poll passes over */
        fds[FD_LINKD + k] = (struct pollfd){
            .fd = tables.bell_in[DAEMON_LINKD + k], .events = POLLIN};

    while (running) {
        instant_t now = clock_now();

        if (turn_run(&ipd, now) == 0) {
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
    stop = boot("ipd", argc, argv, handover_adopt, &tables);
    join(clock_now());
    sandbox_drop_privileges();
    sandbox_enter(SANDBOX_PUMP);
    cnc_set_state(&ipd.cnc, CNC_RUNNING);
    boot_ready();
    loop(stop);
    cnc_set_state(&ipd.cnc, CNC_STOPPED);
    return EXIT_OK;
}
