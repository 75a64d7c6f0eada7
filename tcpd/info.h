/* SPDX-License-Identifier: MIT */
/* What `ss -tin` shows of a connection, read off its tcb. Pure. */
#ifndef TCPD_INFO_H
#define TCPD_INFO_H

#include "base/time.h"
#include "proto/shm/view.h"
#include "tcpd/core/tcp.h"

/* Times that passed and timers are relative to `now`. */
struct view_info info_of_tcb(const struct tcb *tcb, instant_t now);

/* A listener's: recv_q is what waits for accept, send_q the backlog, as ss has
 * it. */
struct view_info info_of_listener(const struct listener *l);

#endif
