/* SPDX-License-Identifier: MIT */
/* A packet socket (packet(7)): on our end of a veth pair, or on an interface that
 * was there. Frames carry a vnet header of 10 bytes, so segments of 64 KiB and
 * unfinished checksums pass as through a TAP.
 *
 * The kernel's own protocols meet the same frames. On a borrowed interface they
 * must not have an address, or they would answer with RST what is the stack's. */
#define _GNU_SOURCE 1
#include "ctl/device_kinds.h"

#include "base/bits.h"
#include "base/os/log.h"

#include <errno.h>
#include <ifaddrs.h>
#include <linux/if_ether.h>
#include <linux/if_packet.h>
#include <net/if.h>
#include <netinet/in.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/socket.h>
#include <unistd.h>

static bool
switch_on(int sock, int option)
{
    const int on = 1;

    return setsockopt(sock, SOL_PACKET, option, &on, sizeof on) == 0;
}

static _Noreturn void
not_opened(const char *name)
{
    bool permission = errno == EPERM || errno == EACCES;

    log_line("cannot open a packet socket on %s: %s", name, strerror(errno));
    if (permission)
        log_hint("run 'sudo skink up', or in a network of its own: "
                 "skink up --netns");
    exit((int)(permission ? EXIT_NOT_PERMITTED : EXIT_FAILED));
}

/* Created for no protocol, so that it hears nothing before it is bound and its
 * frames have their headers. */
int
device_packet_socket(const char *name)
{
    int sock = socket(AF_PACKET, SOCK_RAW | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
    int index = (int)if_nametoindex(name);
    const struct sockaddr_ll address = {
        .sll_family = AF_PACKET,
        .sll_protocol = htons(ETH_P_ALL),
        .sll_ifindex = index,
    };
    const struct packet_mreq all = {
        .mr_ifindex = index,
        .mr_type = PACKET_MR_PROMISC,
    };

    if (sock < 0 || !switch_on(sock, PACKET_VNET_HDR) ||
        !switch_on(sock, PACKET_IGNORE_OUTGOING) ||
        setsockopt(sock, SOL_PACKET, PACKET_ADD_MEMBERSHIP, &all, sizeof all) <
            0 ||
        bind(sock, (const struct sockaddr *)&address, sizeof address) < 0)
        not_opened(name);
    return sock;
}

/* ---- an interface that was there ---- */

static void
require_unused(const char *name)
{
    struct ifaddrs *all;
    bool used = false;

    if (getifaddrs(&all) < 0)
        die(EXIT_FAILED, "cannot list the addresses of this host: %s",
            strerror(errno));
    for (struct ifaddrs *i = all; i != NULL; i = i->ifa_next) {
        used =
            used || (i->ifa_addr != NULL && i->ifa_addr->sa_family == AF_INET &&
                     strcmp(i->ifa_name, name) == 0);
    }
    freeifaddrs(all);
    if (!used)
        return;
    log_line("%s has addresses of this host; its kernel would answer with RST "
             "what is meant for skink",
             name);
    log_hint("take an interface without addresses: ip addr flush dev %s", name);
    exit(EXIT_FAILED);
}

/* One question about an interface, by name. */
static void
inquire(int sock, unsigned long request, struct ifreq *req)
{
    if (ioctl(sock, request, req) == 0)
        return;
    log_line("%s: %s", req->ifr_name, strerror(errno));
    if (errno == ENODEV)
        log_hint("'ip link' lists the interfaces of this host");
    exit(EXIT_FAILED);
}

static void
take_properties(struct net_link *link, const char *name)
{
    struct ifreq req = {.ifr_flags = 0};
    int sock = socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0);

    snprintf(req.ifr_name, sizeof req.ifr_name, "%.15s", name);
    inquire(sock, SIOCGIFFLAGS, &req);
    if ((req.ifr_flags & IFF_UP) == 0)
        log_hint("%s is down, so nothing gets through: ip link set %s up", name,
                 name);
    inquire(sock, SIOCGIFMTU, &req);
    link->mtu = (uint32_t)min_u64(link->mtu, (uint64_t)req.ifr_mtu);
    close(sock);
}

int
device_packet(struct net_link *link, const char *name)
{
    take_properties(link, name);
    require_unused(name);
    return device_packet_socket(name);
}
