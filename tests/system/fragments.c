/* SPDX-License-Identifier: MIT */
/* fragments: an ICMP echo request in pieces, good or bad ones, as no kernel would
 * cut it.
 *
 *     fragments ADDR PIECE...
 *
 * A piece is OFFSET+LENGTH, with a + behind it when more follow; "new" begins
 * another datagram. Prints "reply" when all of it came back, or "silence" after
 * 300 ms. */
#define _GNU_SOURCE 1
#include "base/os/args.h"
#include "base/os/log.h"
#include "proto/wire/checksum.h"
#include "proto/wire/ipv4.h"

#include <arpa/inet.h>
#include <errno.h>
#include <netinet/in.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#define MESSAGE  2000 /* bytes of ICMP, header included */
#define LONGEST  1400 /* bytes of a piece */
#define PATIENCE 300  /* ms */

static uint8_t message[MESSAGE];
static struct sockaddr_in peer = {.sin_family = AF_INET};

static int
open_raw(int protocol)
{
    int fd = socket(AF_INET, SOCK_RAW | SOCK_CLOEXEC, protocol);

    if (fd < 0 || connect(fd, (const struct sockaddr *)&peer, sizeof peer) < 0)
        die(EXIT_FAILED, "a raw socket: %s", strerror(errno));
    return fd;
}

static void
make_message(void)
{
    uint16_t sum;

    message[0] = 8; /* echo request */
    message[4] = 0x5a;
    for (size_t i = 8; i < MESSAGE; i++)
        message[i] = (uint8_t)(i * 7 + i / 256);
    sum = htons(checksum_fold(checksum_add(0, message, MESSAGE)));
    memcpy(message + 2, &sum, sizeof sum);
}

/* The kernel fills in its own address and the checksum. */
static void
send_piece(int raw, uint16_t id, uint16_t offset, uint16_t len, bool more)
{
    uint8_t packet[IPV4_HEADER_LEN + LONGEST] = {0};
    const struct ipv4 ip = {
        .src = addr_any_v4(),
        .dst = addr_v4(ntohl(peer.sin_addr.s_addr)),
        .ttl = 64,
        .proto = IP_PROTO_ICMP,
        .total_len = (uint16_t)(IPV4_HEADER_LEN + len),
        .id = id,
        .frag_offset = offset,
        .more = more,
    };

    ipv4_encode(packet, &ip);
    if (offset < MESSAGE)
        memcpy(packet + IPV4_HEADER_LEN, message + offset,
               offset + len <= MESSAGE ? len : MESSAGE - offset);
    if (send(raw, packet, ip.total_len, 0) != ip.total_len)
        die(EXIT_FAILED, "send: %s", strerror(errno));
}

static void
take_piece(int raw, uint16_t id, const char *text)
{
    unsigned offset, len;
    char more = 0;
    int n = sscanf(text, "%u+%u%c", &offset, &len, &more);

    if (n < 2 || (n == 3 && more != '+') || offset > UINT16_MAX ||
        len > LONGEST)
        die(EXIT_USAGE, "'%s' is no OFFSET+LENGTH[+]", text);
    send_piece(raw, id, (uint16_t)offset, (uint16_t)len, n == 3);
}

/* An echo reply differs from its request in type and checksum. */
static bool
is_reply(const uint8_t *packet, size_t len)
{
    return len == IPV4_HEADER_LEN + MESSAGE && packet[IPV4_HEADER_LEN] == 0 &&
           memcmp(packet + IPV4_HEADER_LEN + 4, message + 4, MESSAGE - 4) == 0;
}

static bool
wait_for_reply(int answers)
{
    struct pollfd pollfd = {.fd = answers, .events = POLLIN};
    uint8_t packet[IPV4_PACKET_MAX];

    while (poll(&pollfd, 1, PATIENCE) > 0) {
        ssize_t n = recv(answers, packet, sizeof packet, 0);

        if (n > 0 && is_reply(packet, (size_t)n))
            return true;
    }
    return false;
}

int
main(int argc, char **argv)
{
    uint16_t id = (uint16_t)(getpid() * 64); /* names are not used twice */
    int raw, answers;

    log_name("fragments");
    if (argc < 3 || inet_pton(AF_INET, argv[1], &peer.sin_addr) != 1)
        die(EXIT_USAGE, "usage: fragments ADDR OFFSET+LENGTH[+]...");
    raw = open_raw(IPPROTO_RAW);
    answers = open_raw(IPPROTO_ICMP);
    make_message();
    for (char **piece = argv + 2; *piece != NULL; piece++) {
        if (strcmp(*piece, "new") == 0)
            id++;
        else
            take_piece(raw, id, *piece);
    }
    puts(wait_for_reply(answers) ? "reply" : "silence");
    return EXIT_OK;
}
