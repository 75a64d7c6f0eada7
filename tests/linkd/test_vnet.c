/* SPDX-License-Identifier: MIT */
/* Tests of virtio-net headers, both sizes, through a socket that keeps messages
 * apart. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h> /* needs those before it */

#include "linkd/vnet.h"

#include <errno.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

static const size_t sizes[] = {VNET_HEADER_SHORT, VNET_HEADER_LONG};

static const uint8_t payload[100] = {[0] = 1, [12] = 5 << 4, [99] = 9};

static int device; /* the kernel's end */
static struct driver driver;
static uint8_t message[300];
static enum drop why;

static int
open_device(void **state)
{
    int pair[2];

    (void)state;
    assert_int_equal(
        socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_NONBLOCK, 0, pair), 0);
    device = pair[0];
    driver = (struct driver){.fd = pair[1]};
    return 0;
}

static int
close_device(void **state)
{
    (void)state;
    close(device);
    close(driver.fd);
    return 0;
}

/* ---- in ---- */

static void
flags_and_size_come_from_the_header_alone(void **state)
{
    struct packet p = {.flags = 0xff, .gso_size = 99};
    struct virtio_net_hdr v = {.flags = 0};

    (void)state;
    assert_true(vnet_decode(&v, 60, &p));
    assert_int_equal(p.flags, 0);
    assert_int_equal(p.gso_size, 0);

    v = (struct virtio_net_hdr){.flags = VIRTIO_NET_HDR_F_DATA_VALID,
                                .gso_type = VIRTIO_NET_HDR_GSO_TCPV4,
                                .gso_size = 1448};
    assert_true(vnet_decode(&v, 60, &p));
    assert_int_equal(p.flags, PACKET_CSUM_VOUCHED | PACKET_GSO_TCPV4);
    assert_int_equal(p.gso_size, 1448);
}

static void
unfinished_checksum_is_vouched_for_and_said_where(void **state)
{
    struct packet p = {.csum_start = 9};
    struct virtio_net_hdr v = {.flags = VIRTIO_NET_HDR_F_NEEDS_CSUM,
                               .csum_start = 34,
                               .csum_offset = 16};

    (void)state;
    assert_true(vnet_decode(&v, 52, &p));
    assert_int_equal(p.flags, PACKET_CSUM_VOUCHED | PACKET_CSUM_PARTIAL);
    assert_int_equal(p.csum_start, 34);
    assert_int_equal(p.csum_offset, 16);
    assert_false(vnet_decode(&v, 51, &p));
    v.csum_start = UINT16_MAX;
    v.csum_offset = UINT16_MAX;
    assert_false(vnet_decode(&v, PACKET_MAX, &p));
    v.flags = VIRTIO_NET_HDR_F_DATA_VALID;
    assert_true(vnet_decode(&v, 60, &p));
    assert_int_equal(p.flags, PACKET_CSUM_VOUCHED);
    assert_int_equal(p.csum_start, 0);
}

static void
flags_that_say_nothing_of_sums_vouch_for_nothing(void **state)
{
    struct virtio_net_hdr v = {.flags = VIRTIO_NET_HDR_F_RSC_INFO};
    struct packet p;

    (void)state;
    assert_true(vnet_decode(&v, 60, &p));
    assert_int_equal(p.flags, 0);
}

static void
segmentation_without_size_or_name_is_refused(void **state)
{
    struct virtio_net_hdr v = {.gso_type = VIRTIO_NET_HDR_GSO_TCPV4};
    struct packet p;

    (void)state;
    assert_false(vnet_decode(&v, 60, &p));
    v = (struct virtio_net_hdr){.gso_type = VIRTIO_NET_HDR_GSO_TCPV6,
                                .gso_size = 1448};
    assert_false(vnet_decode(&v, 60, &p));
}

/* ---- out ---- */

static void
frame_follows_a_header_of_either_size(void **state)
{
    const struct packet p = {
        .header = {0xab, 0xcd},
        .header_len = 34,
        .flags = PACKET_CSUM_PARTIAL | PACKET_GSO_TCPV4,
        .len = sizeof payload,
        .gso_size = 60,
        .csum_start = 34,
        .csum_offset = 16,
    };

    const struct frame f = frame_of(&p, payload);

    (void)state;
    for (size_t i = 0; i < 2; i++) {
        struct virtio_net_hdr v;
        size_t header = sizes[i];

        assert_int_equal(vnet_write(&driver, header, &f, &why), DRIVER_DONE);
        assert_int_equal(read(device, message, sizeof message),
                         header + 34 + sizeof payload);
        memcpy(&v, message, sizeof v);
        assert_int_equal(v.flags, VIRTIO_NET_HDR_F_NEEDS_CSUM);
        assert_int_equal(v.gso_type, VIRTIO_NET_HDR_GSO_TCPV4);
        assert_int_equal(v.gso_size, 60);
        assert_int_equal(v.hdr_len, 34 + 20);
        assert_int_equal(v.csum_start, 34);
        assert_int_equal(v.csum_offset, 16);
        assert_memory_equal(message + header, p.header, 34);
        assert_memory_equal(message + header + 34, payload, sizeof payload);
    }
}

static void
only_errors_that_pass_are_waited_for(void **state)
{
    const struct packet p = {.header_len = 42};
    const struct frame f = frame_of(&p, NULL);

    (void)state;
    assert_true(vnet_error_passes(EAGAIN));
    assert_true(vnet_error_passes(ENOBUFS));
    assert_false(vnet_error_passes(ENXIO));
    driver.fd = -1;
    assert_int_equal(vnet_write(&driver, VNET_HEADER_SHORT, &f, &why),
                     DRIVER_BROKEN);
    assert_int_equal(errno, EBADF);
}

int
main(void)
{
#define CASE(f) cmocka_unit_test_setup_teardown(f, open_device, close_device)
    static const struct CMUnitTest tests[] = {
        CASE(flags_and_size_come_from_the_header_alone),
        CASE(unfinished_checksum_is_vouched_for_and_said_where),
        CASE(flags_that_say_nothing_of_sums_vouch_for_nothing),
        CASE(segmentation_without_size_or_name_is_refused),
        CASE(frame_follows_a_header_of_either_size),
        CASE(only_errors_that_pass_are_waited_for),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
