/* SPDX-License-Identifier: MIT */
/* Tests of two instances back to back, over sockets in a directory of their
 * own. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h> /* needs those before it */

#include "linkd/driver_pair.h"
#include "linkd/vnet.h"
#include "tests/linkd/segment.h"

#include <errno.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

static char directory[] = "/tmp/skink-pair-XXXXXX";

struct end {
    struct driver driver;
    struct sockaddr_un peer;
    char path[64];
};

static struct end left, right;
static uint8_t bytes[PACKET_MAX], room[PACKET_MAX];
static struct packet packet;
static uint32_t len;
static enum drop why;

static void
open_end(struct end *e, int suffix)
{
    struct sockaddr_un own = {.sun_family = AF_UNIX};
    int fd = socket(AF_UNIX, SOCK_DGRAM | SOCK_NONBLOCK, 0);

    snprintf(e->path, sizeof e->path, "%s/p.%d", directory, suffix);
    memcpy(own.sun_path, e->path, sizeof e->path);
    unlink(e->path);
    assert_int_equal(bind(fd, (struct sockaddr *)&own, sizeof own), 0);
    assert_true(pair_find_peer(fd, &e->peer));
    e->driver = driver_pair(fd, &e->peer);
}

static void
close_end(struct end *e)
{
    close(e->driver.fd);
    unlink(e->path);
}

static int
open_pair(void **state)
{
    (void)state;
    open_end(&left, 0);
    open_end(&right, 1);
    why = DROP_NONE;
    return 0;
}

static int
close_pair(void **state)
{
    (void)state;
    close_end(&left);
    close_end(&right);
    return 0;
}

static enum driver_result
send_plain(const struct end *from, uint8_t mark)
{
    struct frame f = frame_plain(bytes, 60);

    memset(bytes, mark, 60);
    return from->driver.write(&from->driver, &f, &why);
}

static enum driver_result
receive(const struct end *at)
{
    packet = (struct packet){0};
    return at->driver.read(&at->driver, room, sizeof room, &packet, &len, &why);
}

static void
peers_name_has_the_other_suffix(void **state)
{
    (void)state;
    assert_string_equal(left.peer.sun_path, right.path);
    assert_string_equal(right.peer.sun_path, left.path);
}

static void
other_names_are_refused(void **state)
{
    struct sockaddr_un own = {.sun_family = AF_UNIX}, peer;
    int fd = socket(AF_UNIX, SOCK_DGRAM, 0);

    (void)state;
    assert_false(pair_find_peer(fd, &peer));
    assert_false(pair_find_peer(-1, &peer));
    snprintf(own.sun_path, sizeof own.sun_path, "%s/p.2", directory);
    assert_int_equal(bind(fd, (struct sockaddr *)&own, sizeof own), 0);
    assert_false(pair_find_peer(fd, &peer));
    unlink(own.sun_path);
    close(fd);
}

static void
frames_go_both_ways(void **state)
{
    (void)state;
    assert_int_equal(send_plain(&left, 1), DRIVER_DONE);
    assert_int_equal(send_plain(&right, 2), DRIVER_DONE);
    assert_int_equal(receive(&left), DRIVER_DONE);
    assert_int_equal(room[0], 2);
    assert_int_equal(receive(&right), DRIVER_DONE);
    assert_int_equal(room[0], 1);
    assert_int_equal(len, 60);
    assert_int_equal(packet.flags, 0);
    assert_int_equal(receive(&right), DRIVER_NOTHING);
}

static void
large_segment_arrives_as_it_was_sent(void **state)
{
    struct segment s = segment_of(1, 60000);
    uint32_t n = segment_encode(&s, bytes);
    struct packet p = {0};
    struct frame f;

    (void)state;
    segment_offload(bytes, n, 1448, &p);
    p.header_len = SEGMENT_TCP;
    p.len = n - SEGMENT_TCP;
    memcpy(p.header, bytes, SEGMENT_TCP);
    f = frame_of(&p, bytes + SEGMENT_TCP);
    assert_int_equal(left.driver.write(&left.driver, &f, &why), DRIVER_DONE);
    assert_int_equal(receive(&right), DRIVER_DONE);
    assert_int_equal(len, n);
    assert_memory_equal(room, bytes, n);
    assert_int_equal(packet.flags, p.flags);
    assert_int_equal(packet.gso_size, 1448);
    assert_int_equal(packet.csum_start, SEGMENT_TCP);
    assert_int_equal(packet.csum_offset, TCP_CHECKSUM_OFFSET);
}

static void
frame_for_nobody_is_lost_and_says_so(void **state)
{
    (void)state;
    close_end(&right);
    assert_int_equal(send_plain(&left, 1), DRIVER_DROPPED);
    assert_int_equal(why, DROP_LINK_NO_PEER);
    assert_int_equal(receive(&left), DRIVER_NOTHING);
    open_end(&right, 1);
}

/* The peer's instance is started again: the next frame finds it. */
static void
successor_of_the_peer_is_found_by_a_frame(void **state)
{
    (void)state;
    assert_int_equal(send_plain(&left, 1), DRIVER_DONE);
    close_end(&right);
    assert_int_equal(send_plain(&left, 2), DRIVER_DROPPED);
    open_end(&right, 1);
    assert_int_equal(send_plain(&left, 3), DRIVER_DONE);
    assert_int_equal(receive(&right), DRIVER_DONE);
    assert_int_equal(room[0], 3);
}

/* Who only listens lets the successor in once it has looked around. */
static void
successor_of_the_peer_is_heard_after_a_look(void **state)
{
    (void)state;
    left.driver.look(&left.driver);
    right.driver.look(&right.driver);
    close_end(&right);
    open_end(&right, 1);
    assert_int_equal(send_plain(&right, 1), DRIVER_DROPPED);
    assert_int_equal(why, DROP_LINK_NO_PEER);
    left.driver.look(&left.driver);
    assert_int_equal(send_plain(&right, 2), DRIVER_DONE);
    assert_int_equal(receive(&left), DRIVER_DONE);
    assert_int_equal(room[0], 2);
}

static void
strangers_are_kept_out_of_a_connected_pair(void **state)
{
    int stranger = socket(AF_UNIX, SOCK_DGRAM, 0);

    (void)state;
    left.driver.look(&left.driver);
    assert_int_equal(
        connect(stranger, (struct sockaddr *)&right.peer, sizeof right.peer),
        -1);
    assert_int_equal(errno, EPERM);
    close(stranger);
}

/* Does the device say that it can be written to? */
static bool
writable(const struct end *e)
{
    struct pollfd p = {.fd = e->driver.fd, .events = POLLOUT};

    return poll(&p, 1, 0) == 1 && (p.revents & POLLOUT) != 0;
}

static void
peer_that_does_not_read_takes_nothing(void **state)
{
    enum driver_result r = DRIVER_DONE;

    (void)state;
    for (int i = 0; i < 100000 && r == DRIVER_DONE; i++)
        r = send_plain(&left, 1);
    assert_int_equal(r, DRIVER_NOTHING);
    assert_false(writable(&left));
    while (receive(&right) == DRIVER_DONE)
        ;
    assert_true(writable(&left));
    assert_int_equal(send_plain(&left, 1), DRIVER_DONE);
}

static void
hostile_messages_are_dropped(void **state)
{
    struct virtio_net_hdr v = {.flags = VIRTIO_NET_HDR_F_NEEDS_CSUM,
                               .csum_start = 100};
    uint8_t message[100] = {0};

    (void)state;
    right.driver.look(&right.driver);
    assert_int_equal(send(right.driver.fd, message, 0, 0), 0);
    assert_int_equal(receive(&left), DRIVER_DROPPED);
    assert_int_equal(why, DROP_LINK_TRUNCATED);
    assert_int_equal(send(right.driver.fd, message, 25, 0), 25);
    assert_int_equal(receive(&left), DRIVER_DROPPED);
    assert_int_equal(why, DROP_LINK_TRUNCATED);
    memcpy(message, &v, sizeof v);
    assert_int_equal(send(right.driver.fd, message, 100, 0), 100);
    assert_int_equal(receive(&left), DRIVER_DROPPED);
    assert_int_equal(why, DROP_LINK_BAD_VNET_HEADER);
    assert_int_equal(receive(&left), DRIVER_NOTHING);
}

static void
lost_device_is_broken(void **state)
{
    struct end none = left;

    (void)state;
    none.driver.fd = -1;
    assert_int_equal(receive(&none), DRIVER_BROKEN);
    assert_int_equal(send_plain(&none, 1), DRIVER_BROKEN);
}

static int
make_directory(void **state)
{
    (void)state;
    return mkdtemp(directory) == NULL ? -1 : 0;
}

static int
remove_directory(void **state)
{
    (void)state;
    return rmdir(directory);
}

int
main(void)
{
#define CASE(f) cmocka_unit_test_setup_teardown(f, open_pair, close_pair)
    static const struct CMUnitTest tests[] = {
        CASE(peers_name_has_the_other_suffix),
        CASE(other_names_are_refused),
        CASE(frames_go_both_ways),
        CASE(large_segment_arrives_as_it_was_sent),
        CASE(frame_for_nobody_is_lost_and_says_so),
        CASE(successor_of_the_peer_is_found_by_a_frame),
        CASE(successor_of_the_peer_is_heard_after_a_look),
        CASE(strangers_are_kept_out_of_a_connected_pair),
        CASE(peer_that_does_not_read_takes_nothing),
        CASE(hostile_messages_are_dropped),
        CASE(lost_device_is_broken),
    };

    return cmocka_run_group_tests(tests, make_directory, remove_directory);
}
