/* SPDX-License-Identifier: MIT */
/* A veth pair for who has a network namespace but no TAP: veth(4), rtnetlink(7),
 * packet(7).
 *
 * The kernel's end is configured like a TAP's kernel side. On the other end sits
 * a packet socket whose frames carry a vnet header of 10 bytes, so segments of
 * 64 KiB and unfinished checksums pass as through a TAP. The kernel's own
 * protocols would meet the same frames on that end: it therefore has another
 * address than the stack, so that IP takes them for somebody else's, and no ARP
 * and no IPv6 of its own. The pair goes with its namespace. */
#define _GNU_SOURCE 1
#include "ctl/device_kinds.h"

#include "base/check.h"
#include "base/os/log.h"

#include <assert.h>
#include <errno.h>
#include <linux/if_link.h>
#include <linux/rtnetlink.h>
#include <linux/veth.h>
#include <net/if.h>
#include <netinet/in.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/socket.h>
#include <unistd.h>

/* ---- requests to the kernel's routing socket ---- */

struct request {
    struct nlmsghdr head;
    struct ifinfomsg info;
    uint8_t attributes[256];
    size_t len; /* of them; not sent */
};
static_assert(offsetof(struct request, attributes) ==
                  NLMSG_LENGTH(sizeof(struct ifinfomsg)),
              "nothing between the parts of a message");

static void
put_bytes(struct request *r, const void *data, size_t len)
{
    CHECK(RTA_ALIGN(len) <= sizeof r->attributes - r->len);
    memcpy(r->attributes + r->len, data, len);
    r->len += RTA_ALIGN(len);
}

static void
put(struct request *r, unsigned type, const void *data, size_t len)
{
    const struct rtattr head = {
        .rta_len = (unsigned short)RTA_LENGTH(len),
        .rta_type = (unsigned short)type,
    };

    put_bytes(r, &head, sizeof head);
    put_bytes(r, data, len);
}

/* Attributes within an attribute, until nest_end. */
static size_t
nest_begin(struct request *r, unsigned type)
{
    size_t at = r->len;

    put(r, type, "", 0);
    return at;
}

static void
nest_end(struct request *r, size_t at)
{
    unsigned short len = (unsigned short)(r->len - at);

    memcpy(r->attributes + at + offsetof(struct rtattr, rta_len), &len,
           sizeof len);
}

/* 0, or what the kernel has against it. */
static int
ask(int rtnl, struct request *r)
{
    struct {
        struct nlmsghdr head;
        struct nlmsgerr body;
    } answer;

    r->head.nlmsg_len =
        (uint32_t)(offsetof(struct request, attributes) + r->len);
    r->head.nlmsg_type = RTM_NEWLINK;
    r->head.nlmsg_flags |= NLM_F_REQUEST | NLM_F_ACK;
    if (send(rtnl, r, r->head.nlmsg_len, 0) < 0)
        return errno;
    if (recv(rtnl, &answer, sizeof answer, 0) < (ssize_t)sizeof answer ||
        answer.head.nlmsg_type != NLMSG_ERROR)
        return EPROTO;
    return -answer.body.error;
}

/* ---- the pair ---- */

static void
put_name(struct request *r, const char *name)
{
    put(r, IFLA_IFNAME, name, strlen(name) + 1);
}

static int
make_pair(int rtnl, const char *kernel_end, const char *own_end, uint32_t mtu)
{
    struct request r = {.head.nlmsg_flags = NLM_F_CREATE | NLM_F_EXCL};
    const struct ifinfomsg peer = {
        .ifi_flags = IFF_NOARP,
        .ifi_change = IFF_NOARP,
    };
    size_t link, data, info;

    put_name(&r, kernel_end);
    link = nest_begin(&r, IFLA_LINKINFO);
    put(&r, IFLA_INFO_KIND, "veth", 4);
    data = nest_begin(&r, IFLA_INFO_DATA);
    info = nest_begin(&r, VETH_INFO_PEER);
    put_bytes(&r, &peer, sizeof peer);
    put_name(&r, own_end);
    put(&r, IFLA_MTU, &mtu, sizeof mtu);
    nest_end(&r, info);
    nest_end(&r, data);
    nest_end(&r, link);
    return ask(rtnl, &r);
}

/* No address of its own, hence no neighbour discovery; a kernel without IPv6
 * refuses, and that is as good. */
static void
silence_ipv6(int rtnl, const char *name)
{
    const uint8_t none = IN6_ADDR_GEN_MODE_NONE;
    struct request r = {.info.ifi_index = (int)if_nametoindex(name)};
    size_t families = nest_begin(&r, IFLA_AF_SPEC);
    size_t inet6 = nest_begin(&r, AF_INET6);

    put(&r, IFLA_INET6_ADDR_GEN_MODE, &none, sizeof none);
    nest_end(&r, inet6);
    nest_end(&r, families);
    (void)ask(rtnl, &r);
}

static _Noreturn void
not_made(const char *name, int why)
{
    log_line("cannot make the veth pair %s: %s", name, strerror(why));
    if (why == EOPNOTSUPP)
        log_hint("load the module: modprobe veth");
    if (why == EEXIST)
        log_hint("choose another name with --link veth:NAME");
    exit((int)(why == EPERM ? EXIT_NOT_PERMITTED : EXIT_FAILED));
}

static void
make_ends(const char *name, const char *own_end, uint32_t mtu)
{
    int rtnl = socket(AF_NETLINK, SOCK_RAW | SOCK_CLOEXEC, NETLINK_ROUTE);
    int why = rtnl < 0 ? errno : make_pair(rtnl, name, own_end, mtu);

    if (why != 0)
        not_made(name, why);
    silence_ipv6(rtnl, name);
    silence_ipv6(rtnl, own_end);
    close(rtnl);
}

static void
raise_end(const char *name)
{
    struct ifreq req = {.ifr_flags = IFF_UP | IFF_NOARP};
    int sock = socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0);

    snprintf(req.ifr_name, sizeof req.ifr_name, "%.15s", name);
    if (sock < 0 || ioctl(sock, SIOCSIFFLAGS, &req) < 0)
        die(EXIT_FAILED, "cannot bring up %s: %s", name, strerror(errno));
    close(sock);
}

/* Up before there is a socket, which would otherwise be told that it is down. */
int
device_veth(const char *name, const char *own_end, uint32_t mtu)
{
    make_ends(name, own_end, mtu);
    raise_end(own_end);
    return device_packet_socket(own_end);
}
