/* SPDX-License-Identifier: MIT */
/* What supervisor and daemon say to each other over the daemon's boot socket. */
#ifndef CTL_WORDS_H
#define CTL_WORDS_H

#include <stdint.h>

struct child;

/* Sends what is still to be handed over, clients too; what the socket does not
 * take is sent later. */
void child_feed(struct child *c);

/* Takes everything that the daemon has said. */
void child_listen(struct child *c);

/* The boot socket's event in the loop; `owner` is the child. */
void child_boot_event(void *owner, uint32_t events);

#endif
