/* SPDX-License-Identifier: MIT */
/* socket, bind, listen. */
#include "libclient/examples/listen.h"

#include <netinet/tcp.h>

int
listen_on(struct skink *s, uint16_t port, int backlog)
{
    struct sockaddr_in addr = {.sin_family = AF_INET, .sin_port = htons(port)};
    int handle = skink_socket(s, AF_INET, SOCK_STREAM | SOCK_NONBLOCK, 0);
    const int on = 1;
    int rc;

    if (handle < 0)
        return handle;
    rc = skink_setsockopt(s, handle, IPPROTO_TCP, TCP_NODELAY, &on, sizeof on);
    if (rc == 0)
        rc = skink_bind(s, handle, (struct sockaddr *)&addr, sizeof addr);
    if (rc == 0)
        rc = skink_listen(s, handle, backlog);
    if (rc == 0)
        rc = skink_watch(s, handle, SKINK_IN, 0);
    if (rc == 0)
        return handle;
    skink_close(s, handle);
    return rc;
}
