/* SPDX-License-Identifier: MIT */
/* Tests of a TAP's frames and their headers, with a socket pair, which keeps
 * messages apart, in the device's place. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h> /* needs those before it */

#include "linkd/driver.h"
#include "linkd/vnet.h"

#include <errno.h>
#include <linux/virtio_net.h>
#include <signal.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

static int device; /* the kernel's end */
static struct driver driver;
static uint8_t message[70000];
static uint8_t room[PACKET_MAX];
static struct packet packet;
static uint32_t len;
static enum drop why;

static int
open_device(void **state)
{
    int pair[2];
    int size = 1 << 20;

    (void)state;
    assert_int_equal(
        socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_NONBLOCK, 0, pair), 0);
    setsockopt(pair[0], SOL_SOCKET, SO_SNDBUF, &size, sizeof size);
    setsockopt(pair[1], SOL_SOCKET, SO_SNDBUF, &size, sizeof size);
    device = pair[0];
    driver = driver_tap(pair[1]);
    packet = (struct packet){0};
    why = DROP_NONE;
    return 0;
}

static int
close_device(void **state)
{
    (void)state;
    if (device >= 0)
        close(device);
    close(driver.fd);
    return 0;
}

/* ---- in ---- */

/* The device delivers a frame of `n` bytes behind this header; read it. */
static enum driver_result
deliver(uint8_t flags, uint8_t gso_type, uint16_t gso_size, size_t n)
{
    struct virtio_net_hdr v = {
        .flags = flags, .gso_type = gso_type, .gso_size = gso_size};

    memset(message, 0, VNET_HEADER_LONG);
    memcpy(message, &v, sizeof v);
    for (size_t i = 0; i < n; i++)
        message[VNET_HEADER_LONG + i] = (uint8_t)(i * 3);
    assert_int_equal(write(device, message, VNET_HEADER_LONG + n),
                     VNET_HEADER_LONG + n);
    return driver.read(&driver, room, sizeof room, &packet, &len, &why);
}

static void
plain_frame_lies_from_its_first_byte(void **state)
{
    (void)state;
    assert_int_equal(deliver(0, VIRTIO_NET_HDR_GSO_NONE, 0, 60), DRIVER_DONE);
    assert_int_equal(len, 60);
    assert_memory_equal(room, message + VNET_HEADER_LONG, 60);
    assert_int_equal(packet.flags, 0);
    assert_int_equal(packet.gso_size, 0);
}

static void
checksum_left_out_or_checked_is_vouched_for(void **state)
{
    (void)state;
    assert_int_equal(deliver(VIRTIO_NET_HDR_F_NEEDS_CSUM, 0, 0, 60),
                     DRIVER_DONE);
    assert_int_equal(packet.flags, PACKET_CSUM_VOUCHED | PACKET_CSUM_PARTIAL);
    assert_int_equal(deliver(VIRTIO_NET_HDR_F_DATA_VALID, 0, 0, 60),
                     DRIVER_DONE);
    assert_int_equal(packet.flags, PACKET_CSUM_VOUCHED);
}

static void
large_tcp_frame_says_its_segment_size(void **state)
{
    (void)state;
    assert_int_equal(deliver(VIRTIO_NET_HDR_F_NEEDS_CSUM,
                             VIRTIO_NET_HDR_GSO_TCPV4, 1448, 65000),
                     DRIVER_DONE);
    assert_int_equal(packet.flags, PACKET_CSUM_VOUCHED | PACKET_CSUM_PARTIAL |
                                       PACKET_GSO_TCPV4);
    assert_int_equal(packet.gso_size, 1448);
    assert_int_equal(len, 65000);
}

static void
congestion_bit_changes_nothing(void **state)
{
    (void)state;
    assert_int_equal(deliver(VIRTIO_NET_HDR_F_NEEDS_CSUM,
                             VIRTIO_NET_HDR_GSO_TCPV4 | VIRTIO_NET_HDR_GSO_ECN,
                             1448, 9000),
                     DRIVER_DONE);
    assert_int_equal(packet.flags, PACKET_CSUM_VOUCHED | PACKET_CSUM_PARTIAL |
                                       PACKET_GSO_TCPV4);
}

static void
unknown_segmentation_is_dropped(void **state)
{
    static const uint8_t types[] = {VIRTIO_NET_HDR_GSO_UDP,
                                    VIRTIO_NET_HDR_GSO_TCPV6, 2, 0x7f};

    (void)state;
    for (size_t i = 0; i < sizeof types; i++) {
        assert_int_equal(deliver(0, types[i], 1448, 9000), DRIVER_DROPPED);
        assert_int_equal(why, DROP_LINK_BAD_VNET_HEADER);
    }
}

static void
segments_of_no_size_are_dropped(void **state)
{
    (void)state;
    assert_int_equal(
        deliver(VIRTIO_NET_HDR_F_NEEDS_CSUM, VIRTIO_NET_HDR_GSO_TCPV4, 0, 9000),
        DRIVER_DROPPED);
    assert_int_equal(why, DROP_LINK_BAD_VNET_HEADER);
}

static void
frame_without_ethernet_header_is_dropped(void **state)
{
    (void)state;
    assert_int_equal(deliver(0, 0, 0, 13), DRIVER_DROPPED);
    assert_int_equal(why, DROP_LINK_TRUNCATED);
    assert_int_equal(deliver(0, 0, 0, 14), DRIVER_DONE);
}

static void
frame_beyond_the_room_is_dropped(void **state)
{
    (void)state;
    assert_int_equal(deliver(0, 0, 0, PACKET_MAX - 1), DRIVER_DONE);
    assert_int_equal(deliver(0, 0, 0, PACKET_MAX), DRIVER_DROPPED);
    assert_int_equal(why, DROP_LINK_OVERSIZE);
    assert_int_equal(deliver(0, 0, 0, PACKET_MAX + 100), DRIVER_DROPPED);
    assert_int_equal(why, DROP_LINK_OVERSIZE);
}

static void
quiet_device_has_nothing(void **state)
{
    (void)state;
    assert_int_equal(
        driver.read(&driver, room, sizeof room, &packet, &len, &why),
        DRIVER_NOTHING);
}

static void
lost_device_is_broken(void **state)
{
    struct driver none = driver_tap(-1);

    (void)state;
    assert_int_equal(none.read(&none, room, sizeof room, &packet, &len, &why),
                     DRIVER_BROKEN);
    assert_int_equal(errno, EBADF);
}

/* ---- out ---- */

static const uint8_t payload[2000] = {[0] = 1, [12] = 8 << 4, [1999] = 9};

static enum driver_result
send_packet(void)
{
    const struct frame f = frame_of(&packet, payload);

    return driver.write(&driver, &f, &why);
}

/* As ipd stages a segment: 34 bytes of headers, TCP's checksum unfinished. */
static void
make_segment(uint8_t flags, uint16_t gso_size)
{
    packet = (struct packet){
        .header_len = 34,
        .flags = flags,
        .len = sizeof payload,
        .gso_size = gso_size,
        .csum_start = 34,
        .csum_offset = 16,
    };
    memset(packet.header, 0xab, 34);
}

/* What arrived at the device: its header, and the frame in `message`. */
static struct virtio_net_hdr
receive(size_t expected)
{
    struct virtio_net_hdr v;

    assert_int_equal(read(device, message, sizeof message),
                     VNET_HEADER_LONG + expected);
    memcpy(&v, message, sizeof v);
    return v;
}

static void
segment_is_gathered_from_header_and_payload(void **state)
{
    struct virtio_net_hdr v;

    (void)state;
    make_segment(PACKET_CSUM_PARTIAL, 0);
    assert_int_equal(send_packet(), DRIVER_DONE);
    v = receive(2034);
    assert_int_equal(v.flags, VIRTIO_NET_HDR_F_NEEDS_CSUM);
    assert_int_equal(v.csum_start, 34);
    assert_int_equal(v.csum_offset, 16);
    assert_int_equal(v.gso_type, VIRTIO_NET_HDR_GSO_NONE);
    assert_memory_equal(message + VNET_HEADER_LONG, packet.header, 34);
    assert_memory_equal(message + VNET_HEADER_LONG + 34, payload, 2000);
}

static void
large_segment_says_how_to_cut_it(void **state)
{
    struct virtio_net_hdr v;

    (void)state;
    make_segment(PACKET_CSUM_PARTIAL | PACKET_GSO_TCPV4, 1448);
    assert_int_equal(send_packet(), DRIVER_DONE);
    v = receive(2034);
    assert_int_equal(v.flags, VIRTIO_NET_HDR_F_NEEDS_CSUM);
    assert_int_equal(v.gso_type, VIRTIO_NET_HDR_GSO_TCPV4);
    assert_int_equal(v.gso_size, 1448);
    assert_int_equal(v.hdr_len, 34 + 32);
}

static void
inline_frame_needs_no_payload(void **state)
{
    struct virtio_net_hdr v;

    (void)state;
    packet = (struct packet){.header_len = 42};
    memset(packet.header, 0xcd, 42);
    assert_int_equal(send_packet(), DRIVER_DONE);
    v = receive(42);
    assert_int_equal(v.flags, 0);
    assert_int_equal(v.csum_start, 0);
    assert_memory_equal(message + VNET_HEADER_LONG, packet.header, 42);
}

static void
cutting_without_checksums_is_a_contradiction(void **state)
{
    (void)state;
    make_segment(PACKET_GSO_TCPV4, 1448);
    assert_int_equal(send_packet(), DRIVER_DROPPED);
    assert_int_equal(why, DROP_LINK_BAD_DESCRIPTOR);
    assert_int_equal(read(device, message, sizeof message), -1);
}

static void
full_device_takes_nothing(void **state)
{
    (void)state;
    make_segment(0, 0);
    for (int i = 0; i < 100000; i++) {
        enum driver_result r = send_packet();

        if (r == DRIVER_NOTHING)
            return;
        assert_int_equal(r, DRIVER_DONE);
    }
    fail_msg("the device never filled up");
}

static void
error_of_the_device_drops_the_frame(void **state)
{
    (void)state;
    make_segment(0, 0);
    close(device);
    device = -1;
    assert_int_equal(send_packet(), DRIVER_DROPPED);
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
        CASE(plain_frame_lies_from_its_first_byte),
        CASE(checksum_left_out_or_checked_is_vouched_for),
        CASE(large_tcp_frame_says_its_segment_size),
        CASE(congestion_bit_changes_nothing),
        CASE(unknown_segmentation_is_dropped),
        CASE(segments_of_no_size_are_dropped),
        CASE(frame_without_ethernet_header_is_dropped),
        CASE(frame_beyond_the_room_is_dropped),
        CASE(quiet_device_has_nothing),
        CASE(lost_device_is_broken),
        CASE(segment_is_gathered_from_header_and_payload),
        CASE(large_segment_says_how_to_cut_it),
        CASE(inline_frame_needs_no_payload),
        CASE(cutting_without_checksums_is_a_contradiction),
        CASE(full_device_takes_nothing),
        CASE(error_of_the_device_drops_the_frame),
    };

    return cmocka_run_group_tests(tests, ignore_sigpipe, NULL);
}
