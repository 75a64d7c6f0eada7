/* SPDX-License-Identifier: MIT */
/* One socket of one client: put to use, served as its client asks, free again. */
#ifndef TCPD_SLOTS_H
#define TCPD_SLOTS_H

#include "tcpd/clients.h"

/* Takes what the client says of the slot: cursors, then flags. All of it is
 * hostile; a lie costs the connection. */
void slot_serve(struct clients *cs, struct client *c, uint32_t number,
                instant_t now);

/* Its process is gone: what it said last is taken, then the slot is closed. */
void slot_end(struct clients *cs, struct client *c, uint32_t number,
              instant_t now);

/* Ends the generation; `tcb` (NULL: it was none) is the connection that it was. */
void slot_free(struct clients *cs, struct client *c, struct slot *s,
               const struct tcb *tcb);

/* Behind every byte that either side may have written in the connection. The
 * client's cursor may be ahead of what was taken, by the largest send buffer. */
void slot_set_ends(struct slot *s, const struct tcb *tcb);

/* The stream offset, in the slot's terms, up to which the client may write: a
 * send buffer beyond what the peer has acknowledged. A buffer that was made
 * smaller takes back nothing that the client has seen. */
uint64_t slot_send_limit(const struct slot *s, const struct tcb *tcb);

/* Its record is written, and it is shown, in this turn. */
void slot_touch(struct client *c, struct slot *s);

static inline uint32_t
slot_number(const struct client *c, const struct slot *s)
{
    return (uint32_t)(s - c->slots);
}

#endif
