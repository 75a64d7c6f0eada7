/* SPDX-License-Identifier: MIT */
/* Takes the supervisor's tables over when they have changed. */
#include "tcpd/network.h"

#include "base/bits.h"
#include "base/os/log.h"
#include "tcpd/options.h"

#include <string.h>

void
network_init(struct network *n)
{
    memset(n, 0, sizeof *n);
    n->version = CONF_UNSEEN;
}

static uint32_t
buffer(uint32_t asked, uint32_t otherwise, uint32_t least)
{
    if (asked == 0)
        return otherwise;
    return min_u32(max_u32(asked, least), BUFFER_MAX);
}

bool
network_look(struct network *n, const struct conf_shm *conf,
             struct tcp_config *config)
{
    const struct conf_tcp *tcp = &n->tables.tcp;
    const char *wrong;

    if (!conf_look(conf, &n->version, &n->tables))
        return false;
    wrong = net_check(&n->tables.net);
    if (wrong != NULL) {
        log_line("the network is not understood: %s", wrong);
        return false;
    }
    config->send_buffer =
        buffer(tcp->send_buffer, SEND_BUFFER, SEND_BUFFER_MIN);
    config->receive_buffer =
        buffer(tcp->receive_buffer, RECEIVE_BUFFER, RECEIVE_BUFFER_MIN);
    if (memcmp(&n->net, &n->tables.net, sizeof n->net) == 0)
        return false;
    n->net = n->tables.net;
    return true;
}
