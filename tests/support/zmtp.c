/* SPDX-License-Identifier: MIT */
/* ZMTP 3.0's greeting and handshake as bytes. */
#include "tests/support/zmtp.h"

#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#define GREETING   64 /* bytes */
#define FRAME_MORE 0x01

static const uint8_t ready[] = "\x04\x1c\x05READY\x0bSocket-Type\0\0\0\x06"
                               "DEALER";

int
zmtp_connect(const struct sockaddr_un *at)
{
    uint8_t greeting[GREETING] = {0xff,       [9] = 0x7f, [10] = 3,  [12] = 'N',
                                  [13] = 'U', [14] = 'L', [15] = 'L'};
    int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);

    if (fd < 0)
        return -1;
    if (connect(fd, (const struct sockaddr *)at, sizeof *at) == 0 &&
        send(fd, greeting, sizeof greeting, MSG_NOSIGNAL) == sizeof greeting &&
        send(fd, ready, sizeof ready - 1, MSG_NOSIGNAL) == sizeof ready - 1)
        return fd;
    close(fd);
    return -1;
}

void
zmtp_fill_more(uint8_t *buf, size_t len)
{
    for (size_t i = 0; i + 1 < len; i += 2) {
        buf[i] = FRAME_MORE;
        buf[i + 1] = 0;
    }
}
