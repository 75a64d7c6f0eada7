/* SPDX-License-Identifier: MIT */
/* A TAP device: frames with a vnet header of 12 bytes, so that one read or write
 * carries up to 64 KiB and nobody computes checksums that nobody checks. A device
 * that was there before is the administrator's: only its offloads are set. */
#define _GNU_SOURCE 1
#include "ctl/device.h"

#include "base/os/log.h"

#include <errno.h>
#include <fcntl.h>
#include <ifaddrs.h>
#include <linux/if_tun.h>
#include <net/if.h>
#include <netinet/in.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/random.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

#define VNET_HEADER 12 /* bytes of struct virtio_net_hdr_mrg_rxbuf */

/* How long a killed predecessor's linkd may take to let go of the device. */
#define BUSY_TRIES    25
#define BUSY_PAUSE_NS 20000000

/* ---- addresses of the host ---- */

static bool
same_address(const struct sockaddr *sa, struct addr a)
{
    struct sockaddr_in in;

    if (sa == NULL || sa->sa_family != AF_INET)
        return false;
    memcpy(&in, sa, sizeof in);
    return ntohl(in.sin_addr.s_addr) == addr_to_v4(a);
}

/* The interface that has `a`; false: none. */
static bool
find_owner(struct addr a, char name[IFNAMSIZ])
{
    struct ifaddrs *all;
    bool found = false;

    if (getifaddrs(&all) < 0)
        die(EXIT_FAILED, "cannot list the addresses of this host: %s",
            strerror(errno));
    for (struct ifaddrs *i = all; i != NULL && !found; i = i->ifa_next) {
        found = same_address(i->ifa_addr, a);
        if (found)
            snprintf(name, IFNAMSIZ, "%.15s", i->ifa_name);
    }
    freeifaddrs(all);
    return found;
}

static void
require_free(struct addr a, const char *what, const char *consequence)
{
    char owner[IFNAMSIZ], text[ADDR_TEXT];

    if (!find_owner(a, owner))
        return;
    log_line("%s%s already belongs to interface %s of this host%s", what,
             addr_format(text, a), owner, consequence);
    log_hint("choose another address with --addr, or use 'skink up --netns'");
    exit(EXIT_FAILED);
}

/* ---- the device ---- */

static int
open_tun(void)
{
    int fd = open("/dev/net/tun", O_RDWR | O_NONBLOCK | O_CLOEXEC);
    int why = errno;

    if (fd >= 0)
        return fd;
    log_line("cannot open /dev/net/tun: %s", strerror(why));
    if (why != EACCES && why != EPERM) {
        log_hint("load the module: modprobe tun; in a container add --device "
                 "/dev/net/tun");
        exit(EXIT_FAILED);
    }
    log_hint("run 'sudo skink up', or let everyone open it: chmod 666 "
             "/dev/net/tun");
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
attach(int fd, const char *name)
{
    const struct timespec pause = {.tv_nsec = BUSY_PAUSE_NS};
    struct ifreq req = {.ifr_flags = IFF_TAP | IFF_NO_PI | IFF_VNET_HDR};
    int header = VNET_HEADER;

    snprintf(req.ifr_name, sizeof req.ifr_name, "%.15s", name);
    for (int i = 1; ioctl(fd, TUNSETIFF, &req) < 0; i++) {
        if (errno != EBUSY || i == BUSY_TRIES)
            not_attached(name, errno);
        nanosleep(&pause, NULL);
    }
    if (ioctl(fd, TUNSETVNETHDRSZ, &header) < 0 ||
        ioctl(fd, TUNSETOFFLOAD, TUN_F_CSUM | TUN_F_TSO4) < 0 ||
        ioctl(fd, TUNGETIFF, &req) < 0)
        die(EXIT_FAILED, "%s: cannot set offloads: %s", name, strerror(errno));
    return (req.ifr_flags & IFF_PERSIST) != 0;
}

/* ---- its kernel side ---- */

static void
put_address(struct ifreq *req, uint32_t host_order)
{
    struct sockaddr_in in = {.sin_family = AF_INET,
                             .sin_addr.s_addr = htonl(host_order)};

    memcpy(&req->ifr_addr, &in, sizeof in);
}

/* One interface request, by name. */
static void
configure(int sock, unsigned long request, struct ifreq *req, const char *what)
{
    if (ioctl(sock, request, req) < 0)
        die(EXIT_FAILED, "%s: cannot set its %s: %s", req->ifr_name, what,
            strerror(errno));
}

static void
raise_kernel_side(const struct conf_net *net)
{
    struct ifreq req = {.ifr_mtu = (int)net->mtu};
    int sock = socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0);
    uint32_t mask = net->prefix_len == 0 ? 0 : ~0U << (32 - net->prefix_len);

    if (sock < 0)
        die(EXIT_FAILED, "cannot configure interfaces: %s", strerror(errno));
    snprintf(req.ifr_name, sizeof req.ifr_name, "%.15s", net->link_name);
    configure(sock, SIOCSIFMTU, &req, "MTU");
    if (!addr_is_any(net->gateway)) {
        put_address(&req, addr_to_v4(net->gateway));
        configure(sock, SIOCSIFADDR, &req, "address");
        put_address(&req, mask);
        configure(sock, SIOCSIFNETMASK, &req, "netmask");
    }
    req.ifr_flags = IFF_UP;
    configure(sock, SIOCSIFFLAGS, &req, "flags");
    close(sock);
}

/* Locally administered, not a group's. */
static struct mac
choose_mac(void)
{
    struct mac mac;

    if (getrandom(mac.b, sizeof mac.b, 0) != (ssize_t)sizeof mac.b)
        die(EXIT_FAILED, "no random numbers: %s", strerror(errno));
    mac.b[0] = 0x02;
    return mac;
}

int
device_open(struct conf_net *net)
{
    int fd;

    require_free(net->address, "", "; the kernel would answer with RST");
    fd = open_tun();
    if (!attach(fd, net->link_name)) {
        require_free(net->gateway, "the gateway ", "");
        raise_kernel_side(net);
    }
    net->mac = choose_mac();
    net->offloads = 1;
    return fd;
}
