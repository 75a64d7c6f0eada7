/* SPDX-License-Identifier: MIT */
/* Connections whose window is small because their client's pool is short. */
#ifndef TCPD_CORE_STARVED_H
#define TCPD_CORE_STARVED_H

#include "tcpd/core/tcp.h"

/* Output has looked at it: it waits for chunks from now on, or no longer. */
void starved_note(struct tcp *tcp, struct tcb *tcb, bool starved);

/* Chunks may have come back to the pool. */
void starved_wake(struct tcp *tcp, struct chunk_pool *pool);

#endif
