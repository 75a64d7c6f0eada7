/* SPDX-License-Identifier: MIT */
/* Two instances back to back, over datagrams between two names.
 *
 * A message is a virtio-net header of 12 bytes and a frame, as on a TAP, so
 * that large frames and unfinished checksums pass. While both sockets are
 * connected to each other, the kernel lets nobody else in (unix_may_send), so
 * what arrives is the peer's; it is not trusted for that: it has come through
 * the same checks as a device's frames.
 *
 * There is no state but the socket's own. A frame that finds it unconnected, or
 * connected to one who has died, connects it by name, which never waits for a
 * datagram socket, and is sent again; it is lost when nobody has the name. An
 * end that only listens would stay connected to the dead and so refuse their
 * successor: therefore it looks for the name's owner once in a while. A peer
 * that does not read looks as a device that takes nothing. */
#include "linkd/driver_pair.h"

#include "linkd/vnet.h"

#include <errno.h>
#include <string.h>
#include <sys/socket.h>

/* Is it about the peer, rather than about the socket? EPERM: the other end is
 * connected to a third. */
static bool
is_gone(int error)
{
    return error == ENOTCONN || error == ECONNREFUSED || error == ECONNRESET ||
           error == EPIPE || error == EDESTADDRREQ || error == EPERM;
}

static enum driver_result
pair_read(const struct driver *d, uint8_t *room, uint32_t size,
          struct packet *p, uint32_t *len, enum drop *why)
{
    enum driver_result r = vnet_read(d, room, size, p, len, why);

    if (r == DRIVER_BROKEN && is_gone(errno))
        return DRIVER_NOTHING;
    return r;
}

/* Without effect on a socket that is connected to the name's owner already. */
static bool
find(const struct driver *d)
{
    return connect(d->fd, (const struct sockaddr *)d->peer, sizeof *d->peer) ==
           0;
}

/* Nobody there? The next frame will say so. */
static void
pair_look(const struct driver *d)
{
    (void)find(d);
}

static enum driver_result
pair_write(const struct driver *d, const struct frame *f, enum drop *why)
{
    enum driver_result r = vnet_write(d, VNET_HEADER_LONG, f, why);

    if (r == DRIVER_BROKEN && is_gone(errno) && find(d))
        r = vnet_write(d, VNET_HEADER_LONG, f, why);
    if (r != DRIVER_BROKEN || errno == EBADF)
        return r;
    *why = errno == EMSGSIZE ? DROP_LINK_DEVICE_ERROR : DROP_LINK_NO_PEER;
    return DRIVER_DROPPED;
}

bool
pair_find_peer(int fd, struct sockaddr_un *peer)
{
    socklen_t len = sizeof *peer;
    size_t path;
    char *end;

    *peer = (struct sockaddr_un){.sun_family = AF_UNSPEC};
    if (getsockname(fd, (struct sockaddr *)peer, &len) < 0 ||
        peer->sun_family != AF_UNIX || len > sizeof *peer)
        return false;
    path = strnlen(peer->sun_path, sizeof peer->sun_path);
    if (path < 3 || path == sizeof peer->sun_path)
        return false;
    end = peer->sun_path + path - 2;
    if (strcmp(end, ".0") != 0 && strcmp(end, ".1") != 0)
        return false;
    end[1] = end[1] == '0' ? '1' : '0';
    return true;
}

struct driver
driver_pair(int fd, const struct sockaddr_un *peer)
{
    return (struct driver){
        .fd = fd,
        .peer = peer,
        .read = pair_read,
        .write = pair_write,
        .look = pair_look,
    };
}
