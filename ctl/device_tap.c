/* SPDX-License-Identifier: MIT */
/* A TAP device: frames with a vnet header of 12 bytes, so that one read or write
 * carries up to 64 KiB and nobody computes checksums that nobody checks. */
#define _GNU_SOURCE 1
#include "ctl/device_kinds.h"

#include "base/os/log.h"
#include "ctl/device.h"

#include <errno.h>
#include <fcntl.h>
#include <linux/if_tun.h>
#include <net/if.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <time.h>
#include <unistd.h>

#define TUN "/dev/net/tun"

#define VNET_HEADER 12 /* bytes of struct virtio_net_hdr_mrg_rxbuf */

/* How long a killed predecessor's linkd may take to let go of the device. */
#define BUSY_TRIES    25
#define BUSY_PAUSE_NS 20000000

bool
device_has_tap(void)
{
    int fd = open(TUN, O_RDWR | O_CLOEXEC);

    if (fd < 0)
        return false;
    close(fd);
    return true;
}

static int
open_tun(void)
{
    int fd = open(TUN, O_RDWR | O_NONBLOCK | O_CLOEXEC);
    int why = errno;

    if (fd >= 0)
        return fd;
    log_line("cannot open " TUN ": %s", strerror(why));
    if (why != EACCES && why != EPERM) {
        log_hint(
            "load the module: modprobe tun; in a container add --device " TUN);
        exit(EXIT_FAILED);
    }
    log_hint("run 'sudo skink up', or let everyone open it: chmod 666 " TUN);
    exit(EXIT_NOT_PERMITTED);
}

static _Noreturn void
not_attached(const char *name, int why)
{
    if (why == EBUSY) {
        log_line("%s is in use by another program", name);
        log_hint("choose another name with --link tap:NAME");
        exit(EXIT_FAILED);
    }
    if (why == EPERM) {
        log_line("may not attach to %s: %s", name, strerror(why));
        log_hint("run 'sudo skink up', or give yourself a device once: sudo ip "
                 "tuntap add %s mode tap vnet_hdr user $USER",
                 name);
        exit(EXIT_NOT_PERMITTED);
    }
    if (why == EINVAL) {
        log_line("%s is there already and is not a TAP device", name);
        log_hint("choose another name with --link tap:NAME");
        exit(EXIT_FAILED);
    }
    die(EXIT_FAILED, "cannot attach to %s: %s", name, strerror(why));
}

/* Returns whether the device was there before: without the persistent flag it
 * lives only as long as the descriptor that made it. */
static bool
attach(int fd, const char *name, bool offloads)
{
    const struct timespec pause = {.tv_nsec = BUSY_PAUSE_NS};
    struct ifreq req = {.ifr_flags = IFF_TAP | IFF_NO_PI | IFF_VNET_HDR};
    unsigned long accepted = offloads ? TUN_F_CSUM | TUN_F_TSO4 : 0;
    int header = VNET_HEADER;

    snprintf(req.ifr_name, sizeof req.ifr_name, "%.15s", name);
    for (int i = 1; ioctl(fd, TUNSETIFF, &req) < 0; i++) {
        if (errno != EBUSY || i == BUSY_TRIES)
            not_attached(name, errno);
        nanosleep(&pause, NULL);
    }
    if (ioctl(fd, TUNSETVNETHDRSZ, &header) < 0 ||
        ioctl(fd, TUNSETOFFLOAD, accepted) < 0 ||
        ioctl(fd, TUNGETIFF, &req) < 0)
        die(EXIT_FAILED, "%s: cannot set offloads: %s", name, strerror(errno));
    return (req.ifr_flags & IFF_PERSIST) != 0;
}

int
device_tap(const char *name, bool offloads, bool *found)
{
    int fd = open_tun();

    *found = attach(fd, name, offloads);
    return fd;
}
