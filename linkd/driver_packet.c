/* SPDX-License-Identifier: MIT */
/* A network interface through a packet socket, packet(7).
 *
 * Received frames wait in a ring that is mapped here, for a socket's ordinary
 * queue is too short: an unprivileged user may not make it longer than half a
 * dozen of the largest frames, and a sender on another CPU fills that before
 * linkd has woken up. The ring is the socket's, so it outlives linkd. Its words
 * do not say how far a predecessor read; the slot that was filled first among
 * those still full does.
 *
 * The socket outlives the interface's being down, but not its removal. */
#include "linkd/driver_packet.h"

#include "linkd/vnet.h"

#include <assert.h>
#include <errno.h>
#include <linux/if_packet.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/socket.h>
#include <unistd.h>

/* Blocks are powers of two of pages to the kernel: 15 slots waste 1 in 256. */
#define BLOCK_SLOTS 15
#define VLAN_ID     0x0fff /* of a tag: what is no priority */
static_assert(PACKET_SLOTS % BLOCK_SLOTS == 0, "whole blocks");
static_assert(sizeof(struct virtio_net_hdr) == VNET_HEADER_SHORT,
              "as PACKET_VNET_HDR says");

/* ---- the ring ---- */

static struct tpacket2_hdr *
slot_at(const struct packet_slots *s, uint32_t i)
{
    return (void *)(s->base + (size_t)i * PACKET_SLOT);
}

/* The kernel releases a slot by its status, and so do we. */
static bool
is_full(const struct tpacket2_hdr *slot)
{
    return (__atomic_load_n(&slot->tp_status, __ATOMIC_ACQUIRE) &
            TP_STATUS_USER) != 0;
}

static void
give_back(struct packet_slots *s)
{
    __atomic_store_n(&slot_at(s, s->next)->tp_status, TP_STATUS_KERNEL,
                     __ATOMIC_RELEASE);
    s->next = (s->next + 1) % PACKET_SLOTS;
}

static bool
is_before(const struct tpacket2_hdr *a, const struct tpacket2_hdr *b)
{
    return a->tp_sec != b->tp_sec ? a->tp_sec < b->tp_sec
                                  : a->tp_nsec < b->tp_nsec;
}

/* A successor's first frame. */
static void
find_oldest(struct packet_slots *s)
{
    for (uint32_t i = 0; i < PACKET_SLOTS; i++) {
        const struct tpacket2_hdr *slot = slot_at(s, i);

        if (is_full(slot) && (s->lost || is_before(slot, slot_at(s, s->next))))
            s->next = i;
        if (is_full(slot))
            s->lost = false;
    }
}

bool
packet_slots_map(struct packet_slots *slots, int fd)
{
    const int version = TPACKET_V2;
    const struct tpacket_req ring = {
        .tp_block_size = PACKET_SLOT * BLOCK_SLOTS,
        .tp_block_nr = PACKET_SLOTS / BLOCK_SLOTS,
        .tp_frame_size = PACKET_SLOT,
        .tp_frame_nr = PACKET_SLOTS,
    };

    /* EBUSY: the ring is there already. */
    if ((setsockopt(fd, SOL_PACKET, PACKET_VERSION, &version, sizeof version) <
             0 ||
         setsockopt(fd, SOL_PACKET, PACKET_RX_RING, &ring, sizeof ring) < 0) &&
        errno != EBUSY)
        return false;
    slots->base = mmap(NULL, (size_t)PACKET_SLOT * PACKET_SLOTS,
                       PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);
    slots->lost = true;
    return slots->base != MAP_FAILED;
}

/* ---- in ---- */

/* The kernel has taken the tag out of a frame of a VLAN; one of VLAN 0 has only
 * a priority (IEEE 802.1Q 6.9.1). */
static bool
is_of_vlan(const struct tpacket2_hdr *slot)
{
    return (slot->tp_status & TP_STATUS_VLAN_VALID) != 0 &&
           (slot->tp_vlan_tci & VLAN_ID) != 0;
}

/* The frame in a full slot into the room. */
static enum drop
take(const struct tpacket2_hdr *slot, uint8_t *room, uint32_t size,
     struct packet *p, uint32_t *len)
{
    const uint8_t *bytes = (const void *)slot;
    struct virtio_net_hdr vnet;
    uint32_t at = slot->tp_mac, n = slot->tp_snaplen;

    if (is_of_vlan(slot))
        return DROP_LINK_VLAN;
    if (n < ETHERNET_HEADER || at < sizeof *slot + sizeof vnet)
        return DROP_LINK_TRUNCATED;
    if (slot->tp_len > n || n >= size || n > PACKET_SLOT - at)
        return DROP_LINK_OVERSIZE;
    memcpy(&vnet, bytes + at - sizeof vnet, sizeof vnet);
    if (!vnet_decode(&vnet, n, p))
        return DROP_LINK_BAD_VNET_HEADER;
    memcpy(room, bytes + at, n);
    *len = n;
    return DROP_NONE;
}

/* Nothing is in the ring. Reading the socket all the same is how its errors are
 * found, and taken off it: poll(2) would report them for ever. */
static enum driver_result
look_for_errors(int fd)
{
    char byte;

    if (read(fd, &byte, 1) >= 0 || vnet_error_passes(errno) ||
        errno == ENETDOWN)
        return DRIVER_NOTHING;
    return DRIVER_BROKEN;
}

static enum driver_result
packet_read(const struct driver *d, uint8_t *room, uint32_t size,
            struct packet *p, uint32_t *len, enum drop *why)
{
    struct packet_slots *s = d->slots;

    if (s->lost)
        find_oldest(s);
    if (s->lost || !is_full(slot_at(s, s->next)))
        return look_for_errors(d->fd);
    *why = take(slot_at(s, s->next), room, size, p, len);
    give_back(s);
    return *why == DROP_NONE ? DRIVER_DONE : DRIVER_DROPPED;
}

/* ---- out ---- */

static enum driver_result
packet_write(const struct driver *d, const struct frame *f, enum drop *why)
{
    enum driver_result r = vnet_write(d, VNET_HEADER_SHORT, f, why);

    if (r != DRIVER_BROKEN || errno == ENXIO || errno == ENODEV)
        return r;
    *why = DROP_LINK_DEVICE_ERROR;
    return DRIVER_DROPPED;
}

struct driver
driver_packet(int fd, struct packet_slots *slots)
{
    return (struct driver){
        .fd = fd, .slots = slots, .read = packet_read, .write = packet_write};
}
