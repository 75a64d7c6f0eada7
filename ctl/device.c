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

    if (!find_owner(a, owner))
        return;
    log_line("%s%s already belongs to interface %s of this host%s", what,
             addr_format(text, a), owner, consequence);
    log_hint("choose another address with --addr, or use 'skink up --netns'");
    exit(EXIT_FAILED);
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
    bool found = false;
    int fd;

    require_free(net->address, "", "; the kernel would answer with RST");
    if (net->link_kind == CONF_LINK_VETH)
        fd = device_veth(net);
    else
        fd = device_tap(net, &found);
    if (!found) {
        require_free(net->gateway, "the gateway ", "");
        raise_kernel_side(net);
    }
    net->mac = choose_mac();
    net->offloads = 1;
    return fd;
}
