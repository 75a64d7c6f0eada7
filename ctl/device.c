/* SPDX-License-Identifier: MIT */
/* The device of an instance and the kernel's side of it. A device that was there
 * before is the administrator's: its addresses and flags are left as they are. */
#define _GNU_SOURCE 1
#include "ctl/device.h"

#include "base/os/log.h"
#include "ctl/device_kinds.h"

#include <errno.h>
#include <ifaddrs.h>
#include <net/if.h>
#include <netinet/in.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/random.h>
#include <sys/socket.h>
#include <unistd.h>

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

    if (addr_is_any(a) || !find_owner(a, owner))
        return;
    log_line("%s%s already belongs to interface %s of this host%s", what,
             addr_format(text, a), owner, consequence);
    log_hint("choose another address with --addr, or use 'skink up --netns'");
    exit(EXIT_FAILED);
}

static void
require_own_addresses(const struct net *net, uint32_t link)
{
    for (uint32_t i = 0; i < net->addresses; i++) {
        if (net->address[i].link == link)
            require_free(net->address[i].addr, "",
                         "; the kernel would answer with RST");
    }
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
raise_kernel_side(const struct net *net, uint32_t link,
                  const struct device *device)
{
    const struct net_address *own = net_first(net, link);
    struct ifreq req = {.ifr_mtu = (int)net->link[link].mtu};
    int sock = socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0);

    if (sock < 0)
        die(EXIT_FAILED, "cannot configure interfaces: %s", strerror(errno));
    snprintf(req.ifr_name, sizeof req.ifr_name, "%.15s", device->name);
    configure(sock, SIOCSIFMTU, &req, "MTU");
    if (own != NULL && !addr_is_any(device->peer)) {
        put_address(&req, addr_to_v4(device->peer));
        configure(sock, SIOCSIFADDR, &req, "address");
        put_address(&req,
                    own->prefix_len == 0 ? 0 : ~0U << (32 - own->prefix_len));
        configure(sock, SIOCSIFNETMASK, &req, "netmask");
    }
    req.ifr_flags = IFF_UP;
    configure(sock, SIOCSIFFLAGS, &req, "flags");
    close(sock);
}

static void
advise_if_down(const char *name)
{
    struct ifreq req = {.ifr_flags = 0};
    int sock = socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0);

    snprintf(req.ifr_name, sizeof req.ifr_name, "%.15s", name);
    if (sock >= 0 && ioctl(sock, SIOCGIFFLAGS, &req) == 0 &&
        (req.ifr_flags & IFF_UP) == 0)
        log_hint("%s was there and is down, so nothing gets through: "
                 "ip link set %s up",
                 name, name);
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

/* ---- the kinds ---- */

static void
settle_peer(const struct net *net, uint32_t link, const struct device *device)
{
    require_free(device->peer, "the gateway ", "");
    raise_kernel_side(net, link, device);
}

static int
open_tap(const struct net *net, uint32_t link, const struct device *device)
{
    bool found;
    int fd = device_tap(device->name, net->link[link].offloads != 0, &found);

    if (found)
        advise_if_down(device->name);
    else
        settle_peer(net, link, device);
    return fd;
}

/* Our end of the n-th pair is named after us, unless the kernel's already is. */
static int
open_veth(const struct net *net, uint32_t link, const struct device *device)
{
    char own_end[IFNAMSIZ];
    int fd;

    snprintf(own_end, sizeof own_end, "skink%.*u", link > 0, link);
    if (strcmp(own_end, device->name) == 0)
        snprintf(own_end, sizeof own_end, "skink-%u", link);
    fd = device_veth(device->name, own_end, net->link[link].mtu);
    settle_peer(net, link, device);
    return fd;
}

static int
open_kind(struct net *net, uint32_t link, const struct device *device)
{
    switch ((enum net_link_kind)net->link[link].kind) {
    case NET_TAP:
        return open_tap(net, link, device);
    case NET_VETH:
        return open_veth(net, link, device);
    case NET_PACKET:
        return device_packet(&net->link[link], device->name);
    case NET_PAIR:
        return device_pair(device->name);
    }
    die(EXIT_FAILED, "a link is of no known kind");
}

int
device_open(struct net *net, uint32_t link, const struct device *device)
{
    if (net->link[link].kind != NET_PAIR)
        require_own_addresses(net, link);
    net->link[link].mac = choose_mac();
    return open_kind(net, link, device);
}

void
device_leave(void)
{
    device_pair_leave();
}
