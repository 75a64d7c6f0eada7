/* SPDX-License-Identifier: MIT */
/* Tests of a packet socket's driver: the ring is plain memory that the tests
 * fill as the kernel does, the socket one that keeps messages apart. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h> /* needs those before it */

#include "linkd/driver_packet.h"
#include "linkd/vnet.h"

#include <errno.h>
#include <linux/if_packet.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#define FRAME_AT 80 /* in a slot, as tp_mac says */

static int device; /* the kernel's end */
static struct packet_slots slots;
static uint32_t filled; /* slots since the start */
static struct driver driver;
static uint8_t room[PACKET_MAX];
static struct packet packet;
static uint32_t len;
static enum drop why;

static int
open_device(void **state)
{
    int pair[2];

    (void)state;
    assert_int_equal(
        socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_NONBLOCK, 0, pair), 0);
    device = pair[0];
    slots = (struct packet_slots){
        .base = calloc(PACKET_SLOTS, PACKET_SLOT),
        .lost = true,
    };
    assert_non_null(slots.base);
    filled = 0;
    driver = driver_packet(pair[1], &slots);
    packet = (struct packet){0};
    return 0;
}

static int
close_device(void **state)
{
    (void)state;
    if (device >= 0)
        close(device);
    close(driver.fd);
    free(slots.base);
    return 0;
}

/* The next slot that the kernel fills, and what it puts there unless a test
 * says otherwise: a frame of 60 bytes that holds its number. */
static struct tpacket2_hdr *
fill(void)
{
    uint8_t *bytes = slots.base + (size_t)(filled % PACKET_SLOTS) * PACKET_SLOT;
    struct tpacket2_hdr *slot = (void *)bytes;

    assert_false((slot->tp_status & TP_STATUS_USER) != 0);
    *slot = (struct tpacket2_hdr){
        .tp_status = TP_STATUS_USER,
        .tp_mac = FRAME_AT,
        .tp_len = 60,
        .tp_snaplen = 60,
        .tp_sec = 1000 + filled / 100,
        .tp_nsec = filled % 100,
    };
    memset(bytes + FRAME_AT - VNET_HEADER_SHORT, 0, VNET_HEADER_SHORT);
    memset(bytes + FRAME_AT, (int)(filled & 0xff), 60);
    filled++;
    return slot;
}

static enum driver_result
read_frame(void)
{
    why = DROP_NONE;
    return driver.read(&driver, room, sizeof room, &packet, &len, &why);
}

/* ---- in ---- */

static void
frames_come_in_order_lap_after_lap(void **state)
{
    (void)state;
    for (uint32_t i = 0; i < 3 * PACKET_SLOTS; i++) {
        fill();
        assert_int_equal(read_frame(), DRIVER_DONE);
        assert_int_equal(len, 60);
        assert_int_equal(room[0], i & 0xff);
        assert_int_equal(room[59], i & 0xff);
        assert_int_equal(read_frame(), DRIVER_NOTHING);
    }
}

static void
header_before_the_frame_says_how_it_is_cut(void **state)
{
    const struct virtio_net_hdr v = {.flags = VIRTIO_NET_HDR_F_NEEDS_CSUM,
                                     .gso_type = VIRTIO_NET_HDR_GSO_TCPV4,
                                     .gso_size = 1448};
    struct tpacket2_hdr *slot = fill();

    (void)state;
    slot->tp_len = slot->tp_snaplen = 65549;
    memcpy((uint8_t *)slot + FRAME_AT - sizeof v, &v, sizeof v);
    assert_int_equal(read_frame(), DRIVER_DONE);
    assert_int_equal(len, 65549);
    assert_int_equal(packet.flags, PACKET_CSUM_VOUCHED | PACKET_CSUM_PARTIAL |
                                       PACKET_GSO_TCPV4);
    assert_int_equal(packet.gso_size, 1448);
}

static void
assert_dropped(enum drop expected)
{
    assert_int_equal(read_frame(), DRIVER_DROPPED);
    assert_int_equal(why, expected);
    fill();
    assert_int_equal(read_frame(), DRIVER_DONE);
}

/* The kernel takes the tag out of the frame, which then looks like one of the
 * untagged network. */
static void
frame_of_a_vlan_is_dropped(void **state)
{
    struct tpacket2_hdr *slot = fill();

    (void)state;
    slot->tp_status |= TP_STATUS_VLAN_VALID | TP_STATUS_VLAN_TPID_VALID;
    slot->tp_vlan_tci = 0xe005; /* priority 7, VLAN 5 */
    assert_dropped(DROP_LINK_VLAN);
}

static void
priority_alone_is_no_vlan(void **state)
{
    struct tpacket2_hdr *slot = fill();

    (void)state;
    slot->tp_status |= TP_STATUS_VLAN_VALID | TP_STATUS_VLAN_TPID_VALID;
    slot->tp_vlan_tci = 0xe000;
    assert_int_equal(read_frame(), DRIVER_DONE);
}

static void
frame_that_was_cut_off_is_dropped(void **state)
{
    (void)state;
    fill()->tp_len = 61;
    assert_dropped(DROP_LINK_OVERSIZE);
}

static void
frame_beyond_the_room_or_its_slot_is_dropped(void **state)
{
    struct tpacket2_hdr *slot = fill();

    (void)state;
    slot->tp_len = slot->tp_snaplen = PACKET_MAX;
    assert_dropped(DROP_LINK_OVERSIZE);
    slot = fill();
    slot->tp_mac = 60000;
    slot->tp_len = slot->tp_snaplen = PACKET_SLOT - 60000 + 1;
    assert_dropped(DROP_LINK_OVERSIZE);
    fill()->tp_mac = UINT16_MAX;
    assert_int_equal(read_frame(), DRIVER_DONE); /* still within its slot */
}

static void
frame_without_its_headers_is_dropped(void **state)
{
    struct tpacket2_hdr *slot = fill();

    (void)state;
    slot->tp_len = slot->tp_snaplen = 13;
    assert_dropped(DROP_LINK_TRUNCATED);
    fill()->tp_mac = 0;
    assert_dropped(DROP_LINK_TRUNCATED);
}

static void
unknown_segmentation_is_dropped(void **state)
{
    const struct virtio_net_hdr v = {.gso_type = VIRTIO_NET_HDR_GSO_UDP,
                                     .gso_size = 1448};

    (void)state;
    memcpy((uint8_t *)fill() + FRAME_AT - sizeof v, &v, sizeof v);
    assert_dropped(DROP_LINK_BAD_VNET_HEADER);
}

/* ---- a successor ---- */

/* linkd dies having read `done` of `total` frames; its successor goes on. */
static void
succeed_after(uint32_t done, uint32_t total)
{
    for (uint32_t i = 0; i < total; i++) {
        fill();
        if (i < done)
            assert_int_equal(read_frame(), DRIVER_DONE);
    }
    slots = (struct packet_slots){.base = slots.base, .lost = true};
    for (uint32_t i = done; i < total; i++) {
        assert_int_equal(read_frame(), DRIVER_DONE);
        assert_int_equal(room[0], i & 0xff);
    }
    assert_int_equal(read_frame(), DRIVER_NOTHING);
    fill();
    assert_int_equal(read_frame(), DRIVER_DONE);
    assert_int_equal(room[0], total & 0xff);
}

static void
successor_goes_on_with_the_oldest_frame(void **state)
{
    (void)state;
    succeed_after(5, 9);
}

static void
successor_goes_on_across_the_end_of_the_ring(void **state)
{
    (void)state;
    succeed_after(PACKET_SLOTS - 2, PACKET_SLOTS + 3);
}

static void
successor_goes_on_in_a_full_ring(void **state)
{
    (void)state;
    succeed_after(7, PACKET_SLOTS + 7);
}

static void
successor_finds_an_empty_ring_in_its_middle(void **state)
{
    (void)state;
    succeed_after(33, 33);
}

/* ---- the socket ---- */

static void
lost_device_is_broken(void **state)
{
    struct driver none = driver_packet(-1, &slots);

    (void)state;
    assert_int_equal(none.read(&none, room, sizeof room, &packet, &len, &why),
                     DRIVER_BROKEN);
    assert_int_equal(errno, EBADF);
}

static void
frame_is_written_behind_a_short_header(void **state)
{
    static const uint8_t payload[20] = {7};
    uint8_t message[100];
    struct frame frame;

    (void)state;
    packet = (struct packet){.header_len = 34, .len = sizeof payload};
    frame = frame_of(&packet, payload);
    assert_int_equal(driver.write(&driver, &frame, &why), DRIVER_DONE);
    assert_int_equal(read(device, message, sizeof message),
                     VNET_HEADER_SHORT + 34 + sizeof payload);
    assert_memory_equal(message + VNET_HEADER_SHORT + 34, payload,
                        sizeof payload);
}

static void
error_of_the_device_drops_the_frame(void **state)
{
    struct frame frame;

    (void)state;
    packet = (struct packet){.header_len = 34};
    close(device);
    device = -1;
    frame = frame_of(&packet, NULL);
    assert_int_equal(driver.write(&driver, &frame, &why), DRIVER_DROPPED);
    assert_int_equal(why, DROP_LINK_DEVICE_ERROR);
}

static int
ignore_sigpipe(void **state)
{
    (void)state;
    return signal(SIGPIPE, SIG_IGN) == SIG_ERR ? -1 : 0;
}

int
main(void)
{
#define CASE(f) cmocka_unit_test_setup_teardown(f, open_device, close_device)
    static const struct CMUnitTest tests[] = {
        CASE(frames_come_in_order_lap_after_lap),
        CASE(header_before_the_frame_says_how_it_is_cut),
        CASE(frame_of_a_vlan_is_dropped),
        CASE(priority_alone_is_no_vlan),
        CASE(frame_that_was_cut_off_is_dropped),
        CASE(frame_beyond_the_room_or_its_slot_is_dropped),
        CASE(frame_without_its_headers_is_dropped),
        CASE(unknown_segmentation_is_dropped),
        CASE(successor_goes_on_with_the_oldest_frame),
        CASE(successor_goes_on_across_the_end_of_the_ring),
        CASE(successor_goes_on_in_a_full_ring),
        CASE(successor_finds_an_empty_ring_in_its_middle),
        CASE(lost_device_is_broken),
        CASE(frame_is_written_behind_a_short_header),
        CASE(error_of_the_device_drops_the_frame),
    };

    return cmocka_run_group_tests(tests, ignore_sigpipe, NULL);
}
