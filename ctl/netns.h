/* SPDX-License-Identifier: MIT */
/* A network namespace for an instance that must not meet the host's network. */
#ifndef CTL_NETNS_H
#define CTL_NETNS_H

#include <stdbool.h>

/* Moves this process into a new network namespace with `lo` up; who may not do
 * that gets a user namespace around it, in which it is root. Dies with a hint when
 * the machine refuses. *userns says whether there is one. */
void netns_enter(bool *userns);

/* A descriptor of this process's namespace of `kind`: "net", "user". -1, errno. */
int netns_open(const char *kind);

/* Moves this process into the namespace behind `fd`. False, errno set. */
bool netns_join(int fd) __attribute__((warn_unused_result));

#endif
