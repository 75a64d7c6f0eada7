/* SPDX-License-Identifier: MIT */
/* fragments: sends one ICMP echo request in pieces, good or bad ones, from the
 * kernel's side, and says whether it was answered: "reply", or "silence" after
 * 300 ms. The kernel adds source address and header checksum. */
#define _GNU_SOURCE 1
#include "base/os/args.h"
#include "base/os/log.h"
#include "proto/wire/checksum.h"
#include "proto/wire/icmp.h"
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
#define PIECE    1000 /* of them a fragment, a multiple of 8 */
#define PATIENCE 300  /* ms */

static uint8_t message[MESSAGE];
static int raw, answers;
static struct sockaddr_in peer = {.sin_family = AF_INET};

static void
fail(const char *what)
{
    die(EXIT_FAILED, "%s: %s", what, strerror(errno));
}

static void
make_message(void)
{
    uint16_t sum;

    message[0] = ICMP_ECHO_REQUEST;
    message[4] = 0x5a;
    for (size_t i = 8; i < MESSAGE; i++)
        message[i] = (uint8_t)(i * 7 + i / 256);
    sum = htons(checksum(message, MESSAGE));
    memcpy(message + 2, &sum, sizeof sum);
}
